"""A set with a known rule: people prefer the reply that takes up more of their facts. It needs no data and no judge.

Source: personafeedback page, "Works when" 3 and 7. Personas are plainly made up, and no two share a fact.
"""

from __future__ import annotations

import random

from personarium.benchmarks.personafeedback.items import QUESTION_TYPES, FeedbackItem, balanced
from personarium.core.errors import UsageError

# What a persona knows of itself, and how a reply takes it up; {} is a value that only this persona has.
_FACTS = (
    ("favourite drink", "{} tea", "Have some {0} tea with it."),
    ("hometown", "Port {}", "They do it so in Port {0}, too."),
    ("hobby", "{} weaving", "It goes well with {0} weaving."),
    ("favourite music", "{} jazz", "Put on a little {0} jazz."),
    ("favourite food", "{} soup", "A bowl of {0} soup helps."),
    ("favourite animal", "the {} heron", "Watch the {0} heron for a while."),
)
# They name what the facts are about, so that a search finds them.
_QUESTIONS = (
    "Plan me an evening: favourite drink, favourite food, favourite music, favourite animal, hobby, hometown, all count.",
    "Which weekend suits my hobby, my hometown, my favourite music, favourite animal, favourite drink and favourite food?",
    "I had a long week. With my favourite food, favourite drink, favourite animal, favourite music, hobby and hometown: what now?",
)
# About as long as the sentences above, so that length does not tell the better reply.
_PLAIN = (
    "Take it slowly and without hurry.",
    "Make a short list before you start.",
    "Ask somebody to come along with you.",
    "Start early and stop in good time.",
)
_SOUNDS = ("ba", "ro", "ki", "lu", "ne", "vo", "sa", "ti", "mu", "de")
GAPS = {"easy": 3, "medium": 2, "hard": 1}


def planted_items(personas: int = 10, each: int = 6, seed: int = 0) -> list[FeedbackItem]:
    """Items with a known rule, tiers by how many facts more the right reply takes up (3, 2, 1).

    Args:
        personas: How many users, 2 to 10,000.
        each: Items of each.
        seed: Of everything drawn.

    Raises:
        UsageError: A number out of its range.
    """
    if not (2 <= personas <= 10_000 and each >= 1):
        raise UsageError(f"2 to 10,000 personas with at least one item are wanted, found {personas} and {each}")
    chance = random.Random(f"personafeedback|planted|{seed}")
    found: list[FeedbackItem] = []
    for p in range(personas):
        names = [_name(len(_FACTS) * p + k) for k in range(len(_FACTS))]
        facts = zip(_FACTS, names, strict=True)
        persona = "\n".join(f"{key}: {value.format(name)}" for (key, value, _), name in facts)
        found += [_item(f"user {p + 1}/{k + 1}", persona, names, k, chance) for k in range(each)]
    return balanced(found)


def _item(id: str, persona: str, names: list[str], k: int, chance: random.Random) -> FeedbackItem:
    tier = list(GAPS)[k % len(GAPS)]
    gap = GAPS[tier]
    few = chance.randint(0, 1)
    better, worse = (_reply(names, count, chance) for count in (few + gap, few))
    question = _QUESTIONS[chance.randrange(len(_QUESTIONS))]
    return FeedbackItem(id, persona, question, (better, worse), 0, tier, QUESTION_TYPES[k // len(GAPS) % 2])


def _reply(names: list[str], facts: int, chance: random.Random) -> str:
    """A reply of five sentences, so many of them about the user."""
    taken = chance.sample(range(len(_FACTS)), facts)
    said = [_FACTS[k][2].format(names[k]) for k in taken]
    said += [chance.choice(_PLAIN) for _ in range(5 - facts)]
    chance.shuffle(said)
    return " ".join(said)


def _name(number: int) -> str:
    """A made-up word, another one for each number below 100,000."""
    digits = f"{number * 38_737 % 100_000:05d}"  # no two alike, for the factor shares no divisor with 100,000
    return "".join(_SOUNDS[int(digit)] for digit in digits).capitalize()


def facts_taken_up(persona: str, question: str, reply: str) -> float:
    """The rule of these sets: how many of the persona's made-up words the reply holds. A score for a chooser that reads."""
    words = {word for line in persona.split("\n") for word in line.partition(": ")[2].split() if len(word) == 10}
    return float(sum(word in reply for word in words))
