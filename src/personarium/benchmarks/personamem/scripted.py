"""A small file set in the real format, with users whose preferences change and whose true state is known at every day.

It lets the benchmark run on a machine without the real files, and shows which faults of a memory it can see.

Source: personamem page, "Works when" 4: drink tea, coffee (day 7), cocoa (day 37), music jazz throughout, "latest" questions at
days 3, 10 and 40. A preference that came back to its first value would hide the error of a memory that never looks again.
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any, Literal

from personarium.benchmarks.personamem.data_format import COLUMNS
from personarium.benchmarks.personamem.letters import LETTERS
from personarium.core.chat import Message, assistant, system, user
from personarium.core.errors import UsageError
from personarium.core.files import write_json_lines
from personarium.core.tables import write_csv
from personarium.core.tokens import estimate_tokens

Kind = Literal["latest", "evolution", "reasons"]
KINDS: tuple[Kind, ...] = ("latest", "evolution", "reasons")
DAYS = (0, 7, 37)  # of the sessions with a statement
ASKED = (3, 10, 40)
LAST_DAY = 60  # a session without any preference, so that no cut is the end of its file
NAMES = ("Marit Fjordby", "Oskar Lindqvale", "Perpetua Stone", "Tobias Ashgrove", "Wilma Rainfort", "Yorick Dune")
VALUES: Mapping[str, tuple[str, ...]] = {
    "drink": ("tea", "coffee", "cocoa", "water", "lemonade", "cider", "kefir", "juice"),
    "music": ("jazz", "rock", "folk", "pop", "opera", "blues", "disco", "swing"),
}
REASONS = (
    "the old one kept me awake at night",
    "a neighbour gave me some as a present",
    "my doctor advised me to change",
    "I tried it on a trip and never went back",
)
_LABELS: Mapping[Kind, str] = {
    "latest": "acknowledge_latest_user_preferences",
    "evolution": "track_full_preference_evolution",
    "reasons": "recalling_the_reasons_behind_previous_updates",
}
_SMALL_TALK = (
    ("How many minutes does an egg take until it is hard?", "About ten minutes."),
    ("Can you help me plan my week?", "Of course. Begin with what must be done on a fixed day."),
    ("What is the capital of Iceland?", "The capital is Reykjavik."),
    ("Which tyre pressure is right for a bicycle?", "It stands on the side of the tyre."),
)


@dataclass(frozen=True)
class Timeline:
    """One user's true preferences.

    Args:
        name: Plainly fictional.
        drinks: The drink from each of the days 0, 7 and 37 on, and one that was never preferred.
        music: The music throughout, and three kinds that were never preferred.
        reasons: Why the drink changed, at days 7 and 37.
    """

    name: str = NAMES[0]
    drinks: tuple[str, str, str, str] = ("tea", "coffee", "cocoa", "water")
    music: tuple[str, str, str, str] = ("jazz", "rock", "folk", "pop")
    reasons: tuple[str, str] = (REASONS[0], REASONS[1])

    def value_at(self, key: str, day: int) -> str:
        """What the user prefers at a day: ``drink`` or ``music``."""
        if key == "music":
            return self.music[0]
        return self.drinks[sum(day >= start for start in DAYS) - 1]

    def options(self, key: str) -> tuple[str, str, str, str]:
        """The four values that are offered."""
        return self.music if key == "music" else self.drinks


def timelines(count: int, seed: int = 0) -> list[Timeline]:
    """So many users; the first one is that of the page, the others are drawn."""
    if not 1 <= count <= 10_000:
        raise UsageError(f"a scripted set has 1 to 10,000 users, found {count}")
    chance = random.Random(seed)
    out = [Timeline()]
    for k in range(1, count):
        drinks, music = (chance.sample(VALUES[key], 4) for key in ("drink", "music"))
        number = "" if k < len(NAMES) else f" {k // len(NAMES) + 1}"
        reasons = chance.sample(REASONS, 2)
        out.append(Timeline(NAMES[k % len(NAMES)] + number, tuple(drinks), tuple(music), tuple(reasons)))  # type: ignore[arg-type]
    return out


def write_scripted(
    folder: str | Path, users: Sequence[Timeline] = (Timeline(),), kinds: Sequence[Kind] = ("latest",), seed: int = 0
) -> tuple[Path, Path]:
    """Write ``questions.csv`` and ``shared_contexts.jsonl``.

    Args:
        folder: An existing folder.
        users: Whose histories.
        kinds: Which questions: ``latest`` six a user, ``evolution`` one, ``reasons`` two.
        seed: Of the order of the options.

    Raises:
        StorageError: When the disk refuses.
    """
    chance = random.Random(seed)
    rows: list[dict[str, Any]] = []
    contexts: list[dict[str, Any]] = []
    for number, one in enumerate(users):
        blocks = list(_blocks(one))
        messages = [message for _, block in blocks for message in block]
        context_id = hashlib.sha256(json.dumps(messages).encode()).hexdigest()
        contexts.append({context_id: messages})
        rows += [_row(one, number, context_id, blocks, question, chance) for question in _questions(one, kinds)]
    target = Path(folder)
    return (
        write_csv(target / "questions.csv", COLUMNS, rows),
        write_json_lines(contexts, target / "shared_contexts.jsonl"),
    )


def _blocks(one: Timeline) -> Iterator[tuple[int, list[Message]]]:
    """The sessions with their days; each opens with the persona, as in the real files."""
    first, second, third, _ = one.drinks
    talks = (
        (0, f"My favourite drink is {first}. My favourite music is {one.music[0]}."),
        (7, f"My favourite drink is now {second}, because {one.reasons[0]}."),
        (37, f"My favourite drink is now {third}, because {one.reasons[1]}."),
        (LAST_DAY, "Thank you for your help so far."),
    )
    for k, (day, said) in enumerate(talks):
        asked, answered = _SMALL_TALK[k]
        persona = system(f"Current user persona: {one.name} is a librarian in a small town by the sea.")
        yield day, [persona, user(said), assistant("I will keep that in mind."), user(asked), assistant(answered)]


@dataclass(frozen=True, slots=True)
class _Question:
    kind: Kind
    key: str
    day: int
    text: str
    right: str
    options: tuple[str, ...]
    evidence_day: int


def _questions(one: Timeline, kinds: Sequence[Kind]) -> Iterator[_Question]:
    if "latest" in kinds:
        for day in ASKED:
            for key in ("drink", "music"):
                text = f"What is my favourite {key} now?"
                told = max(start for start in DAYS if start <= day) if key == "drink" else 0
                yield _Question("latest", key, day, text, one.value_at(key, day), one.options(key), told)
    if "evolution" in kinds:
        orders = [", then ".join(order) for order in permutations(one.drinks[:3])]
        text = "How has my favourite drink changed since we began to talk?"
        yield _Question("evolution", "drink", ASKED[-1], text, orders[0], tuple(orders[:4]), DAYS[-1])
    if "reasons" in kinds:
        for day, drink, reason in zip(DAYS[1:], one.drinks[1:3], one.reasons, strict=True):
            text = f"Why did my favourite drink become {drink}?"
            yield _Question("reasons", "drink", day + 3, text, reason, REASONS, day)


def _row(
    one: Timeline,
    number: int,
    context_id: str,
    blocks: Sequence[tuple[int, list[Message]]],
    question: _Question,
    chance: random.Random,
) -> dict[str, Any]:
    options = chance.sample(question.options, len(LETTERS))
    before = [(day, block) for day, block in blocks if day <= question.day]
    since = [block for day, block in before if day >= question.evidence_day]
    said = [message["content"] for _, block in before for message in block]
    tokens = sum(map(estimate_tokens, said))
    behind = sum(estimate_tokens(message["content"]) for block in since for message in block)
    name = f"{number}|{one.name}|{question.kind}|{question.key}|{question.day}"
    return {
        "persona_id": number,
        "question_id": str(uuid.UUID(bytes=hashlib.blake2b(name.encode(), digest_size=16).digest())),
        "question_type": _LABELS[question.kind],
        "topic": question.key,
        "context_length_in_tokens": tokens,
        "context_length_in_letters": sum(map(len, said)),
        "distance_to_ref_in_blocks": len(since),
        "distance_to_ref_in_tokens": behind,
        "num_irrelevant_tokens": 0,
        "distance_to_ref_proportion_in_context": f"{behind / tokens:.2%}",
        "user_question_or_message": question.text,
        "correct_answer": f"({LETTERS[options.index(question.right)]})",
        "all_options": repr([f"({letter}) {text}" for letter, text in zip(LETTERS, options, strict=True)]),
        "shared_context_id": context_id,
        "end_index_in_shared_context": sum(len(block) for _, block in before),
    }
