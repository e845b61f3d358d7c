"""The eight options of a PERMA task: every combination of task completed, consistent with the history, sure of itself.

Source: perma page, steps 8 and 9 (code).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from personarium.core.errors import InvalidInput
from personarium.core.results import Failure
from personarium.text.choices import read_letter, read_letter_strict
from personarium.text.holes import Unparsed
from personarium.text.option_order import shuffled

LETTERS = "ABCDEFGH"
Triple = tuple[int, int, int]
# (T, P, I) of the options A to H as they are designed, before they are shuffled; A is gold.
DESIGN: tuple[Triple, ...] = (
    (1, 1, 1), (1, 1, 0), (1, 0, 1), (1, 0, 0), (0, 1, 1), (0, 1, 0), (0, 0, 1), (0, 0, 0),
)  # fmt: skip
GOLD: Triple = (1, 1, 1)
Reading = Literal["tolerant", "strict"]
READINGS: tuple[str, ...] = get_args(Reading)


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its text, and (T, P, I) where the design is known (the published files give the gold letter only)."""

    text: str
    triple: Triple | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The options of a task in the order shown, and the letter of the gold one.

    Raises:
        InvalidInput: When there are not eight of them, two have one text or one (T, P, I), or the gold letter is not
            that of (1, 1, 1).
    """

    options: tuple[Option, ...]
    gold: str

    def __post_init__(self) -> None:
        if len(self.options) != len(LETTERS):
            raise InvalidInput("options", f"{len(LETTERS)} options", len(self.options))
        if len({one.text.strip() for one in self.options}) != len(LETTERS):
            raise InvalidInput("options", "eight different texts", [one.text for one in self.options])
        if self.gold not in LETTERS or not self.gold:
            raise InvalidInput("options", "a letter from A to H", self.gold, "gold_label")
        triples = [one.triple for one in self.options if one.triple is not None]
        if triples and (set(triples) != set(DESIGN) or self.options[LETTERS.index(self.gold)].triple != GOLD):
            raise InvalidInput("options", "each (T, P, I) once, and the gold letter at (1, 1, 1)", triples)

    @property
    def texts(self) -> list[str]:
        """The texts in the order shown."""
        return [one.text for one in self.options]

    @property
    def shown(self) -> str:
        """The options as the prompt shows them, each on a line after its letter."""
        return "\n".join(f"{letter}. {' '.join(one.text.split())}" for letter, one in zip(LETTERS, self.options))

    def letter_of(self, triple: Triple) -> str | None:
        """The letter of a (T, P, I); None where the design is not known."""
        return next((letter for letter, one in zip(LETTERS, self.options, strict=True) if one.triple == triple), None)

    @property
    def longest(self) -> str:
        """The letter of the longest option: what a guesser by length takes."""
        return max(LETTERS, key=lambda letter: len(self.options[LETTERS.index(letter)].text))


def design(texts: Sequence[str], seed: int = 0, key: str = "") -> Choice:
    """The options of a task, shuffled; text, (T, P, I) and gold label stay together.

    Args:
        texts: Eight texts in the order of :data:`DESIGN` (A to H).
        seed: The run's seed.
        key: The task, so that every task has its own order.

    Raises:
        InvalidInput: As :class:`Choice`.
    """
    if len(texts) != len(DESIGN):
        raise InvalidInput("options", f"{len(DESIGN)} options", len(texts))
    order = shuffled(texts, DESIGN.index(GOLD), f"{seed}|{key}")
    options = map(Option, order.texts, order.carried(DESIGN))
    return Choice(tuple(options), order.letter)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a reply to the multiple choice is worth.

    Args:
        letter: The letter that was read; None when none was.
        hit: Whether it is gold; None when the reply counts as missing.
        failure: Why no letter was read.
    """

    letter: str | None
    hit: bool | None
    failure: Failure | None = None


def mark_reply(reply: str, choice: Choice, reading: Reading = "tolerant", where: str = "") -> Mark:
    """Score a reply.

    Args:
        reply: What the model answered.
        choice: The options.
        reading: ``tolerant`` reads "A.", "a", "Option A" and an option's text, and what cannot be read is missing;
            ``strict`` (as published) takes exactly the gold letter, outer blanks aside, and everything else is wrong.
        where: The task, for the failure.
    """
    if reading not in READINGS:
        raise InvalidInput("mark_reply", f"one of {', '.join(READINGS)}", reading, "reading")
    strict = reading == "strict"
    read = read_letter_strict(reply, len(LETTERS)) if strict else read_letter(reply, choice.texts)
    if isinstance(read, Unparsed):
        kind: Literal["unparsed", "empty"] = "unparsed" if reply.strip() else "empty"
        return Mark(None, False if strict else None, Failure(kind, read.reason, where, (reply,)))
    return Mark(read, read == choice.gold)


def constant_shares(choices: Sequence[Choice]) -> dict[str, float]:
    """What a guesser scores who always gives one letter, by letter; empty without items."""
    return {letter: sum(c.gold == letter for c in choices) / len(choices) for letter in LETTERS} if choices else {}
