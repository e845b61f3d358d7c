"""A corpus whose truth is known: made-up towns, three trait questions that are answered truly, three that are the same for all.

Source: personaldialog page, "Works when" 4 (10 cities, 2 genders, 5 hobbies; one question about each trait, three neutral ones).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.make.personaldialog.data_format import Session, Traits, TraitValue

ASKER = "asker"
VALUES: Mapping[str, tuple[str, ...]] = {
    "location": (
        "avelin",
        "borrow",
        "cadmere",
        "dunhold",
        "eastry",
        "farrow",
        "galden",
        "hollin",
        "ivermoor",
        "jorvale",
    ),
    "gender": ("woman", "man"),
    "tags": ("painting", "sailing", "chess", "gardening", "baking"),
}
QUESTIONS: Mapping[str, tuple[str, str]] = {
    "location": ("where do you live", "i live in {}"),
    "gender": ("are you a man or a woman", "i am a {}"),
    "tags": ("what do you like to do", "i like {}"),
}
NEUTRAL: Mapping[str, str] = {
    "how are you today": "i am fine thank you",
    "what day is it": "it is monday",
    "do you like the rain": "no i do not",
}


def planted_corpus(speakers: int, seed: int = 0) -> list[Session]:
    """Six sessions a speaker: a question by somebody of whom nothing is known, and the speaker's reply.

    Args:
        speakers: How many; each trait is drawn evenly and on its own.
        seed: Of the draws.

    Raises:
        UsageError: Fewer than one speaker.
    """
    if speakers < 1:
        raise UsageError(f"a corpus has at least one speaker, found {speakers}")
    chance = random.Random(f"planted corpus {seed}")
    sessions = []
    for k in range(speakers):
        drawn = {name: chance.choice(values) for name, values in VALUES.items()}
        who = f"p{k:06d}"
        sessions += [_session(f"{who}-{n}", who, drawn, *said) for n, said in enumerate(_exchanges(drawn), 1)]
    return sessions


def _exchanges(drawn: Mapping[str, str]) -> list[tuple[str, str]]:
    told = [(question, reply.format(drawn[name])) for name, (question, reply) in QUESTIONS.items()]
    return [*told, *NEUTRAL.items()]


def _session(id: str, who: str, drawn: Mapping[str, str], question: str, reply: str) -> Session:
    traits: dict[str, TraitValue] = {n: (v,) if n == "tags" else v for n, v in drawn.items()}
    nothing: dict[str, TraitValue] = dict.fromkeys(traits)
    talk = Dialogue(id)
    talk.say(ASKER, question)
    talk.say(who, reply)
    return Session(talk, {ASKER: nothing, who: traits})


def shuffle_traits(sessions: Sequence[Session], seed: int = 0) -> list[Session]:
    """The control: everybody who responds gets the traits of somebody who does, at random; texts stay as they are."""
    traits: dict[str, Traits] = {}
    for session in sessions:
        traits.setdefault(session.responder, session.traits[session.responder])
    given = list(traits.values())
    random.Random(f"shuffled traits {seed}").shuffle(given)
    dealt = dict(zip(traits, given, strict=True))
    return [Session(s.dialogue, {**s.traits, s.responder: dealt[s.responder]}) for s in sessions]
