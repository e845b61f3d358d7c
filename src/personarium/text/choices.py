"""Parsers of short answers: choice letters, yes and no, numbers in a range, entailment labels, stop or continue."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from personarium.core.errors import InvalidInput
from personarium.text.holes import Hole, Unparsed, fold
from personarium.text.line_form import SHADOW, Line
from personarium.text.line_reading import read_loose

T = TypeVar("T")

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTER_AND_TEXT = re.compile(r"\A[\s(\"'\[]*+([A-Z])[\s)\].:\"'-]++(?=\S)", re.IGNORECASE)
_LABEL_CUE = re.compile(r"\A\s*+(?:label|answer|relation|relationship|verdict|decision|status|result)\s*+(?:is\b|[:=])")


class Entailment(StrEnum):
    """How a statement stands to a reply; one spelling for all of the house.

    Source: APC (arXiv 2405.07726), Traps: the published code mixes "contradict" and "contradicted".
    """

    ENTAILED = "entailed"
    NEUTRAL = "neutral"
    CONTRADICTED = "contradicted"


_ENTAILMENT: Mapping[str, Entailment] = {
    **dict.fromkeys(("entailed", "entailment", "entails", "entail"), Entailment.ENTAILED),
    "neutral": Entailment.NEUTRAL,
    **dict.fromkeys(
        ("contradict", "contradicted", "contradicts", "contradiction", "contradictory"), Entailment.CONTRADICTED
    ),
}
_STOP: Mapping[str, bool] = {
    **dict.fromkeys(
        ("stop", "end", "ended", "end conversation", "terminate", "finished", "finish", "stop conversation"), True
    ),
    **dict.fromkeys(("continue", "go on", "proceed", "keep going", "continue conversation", "do not stop"), False),
}


def read_letter(text: str, options: Sequence[str] | int) -> str | Unparsed:
    """Which option a reply chooses, as its letter: "B", "(B)", "**B**", "Answer: B", "B. text", or the option's text.

    Args:
        text: The reply.
        options: The option texts in the order shown (A, B, ...), or their number (2 to 26).

    Returns:
        The upper-case letter. Unparsed when nothing, two different letters, a letter that is not offered, or a
        letter with another option's text was given.
    """
    texts = () if isinstance(options, int) else tuple(options)
    letters = _LETTERS[: options if isinstance(options, int) else len(texts)]
    if len(letters) < 2:
        raise InvalidInput("read_letter", "2 to 26 options", options)
    if not text.strip():
        return Unparsed("the reply is empty", text)
    named = _named_option(text, letters, texts)
    if named:
        return named
    read = read_loose(_choice_line(tuple(letters)), text)
    if isinstance(read, Unparsed):
        return _text_after_cue(text, letters, texts) or Unparsed(read.reason, text)
    letter = str(read["choice"])
    rest = _LETTER_AND_TEXT.match(text.translate(SHADOW))
    other = _option_of(text[rest.end() :], letters, texts) if rest else None
    if rest and other and other != letter:
        return Unparsed(f"the letter {letter} stands with the text of option {other}", text)
    return letter


def read_letter_strict(text: str, count: int) -> str | Unparsed:
    """The reply if it is exactly one upper-case letter of the first ``count`` (outer blanks aside)."""
    letter = text.strip()
    if len(letter) == 1 and letter in _LETTERS[:count]:
        return letter
    return Unparsed(f"the reply is not exactly one letter from A to {_LETTERS[count - 1]}", text)


def _named_option(text: str, letters: str, texts: tuple[str, ...]) -> str | None:
    """The letter of the option whose text the whole reply is (a reply that is itself a letter is no text)."""
    return None if fold(text).upper() in letters else _option_of(text, letters, texts)


def _option_of(text: str, letters: str, texts: tuple[str, ...]) -> str | None:
    folded = fold(text)
    same = [letter for letter, option in zip(letters, texts, strict=False) if folded and fold(option) == folded]
    return same[0] if len(same) == 1 else None


def _text_after_cue(text: str, letters: str, texts: tuple[str, ...]) -> str | None:
    usable = tuple(option.strip() for option in texts if option.strip())
    if len({fold(option) for option in usable}) < max(2, len(texts)):
        return None
    read = read_loose(_choice_line(usable), text)
    return None if isinstance(read, Unparsed) else _option_of(str(read["choice"]), letters, texts)


@lru_cache(maxsize=512)
def _choice_line(choices: tuple[str, ...]) -> Line:
    return Line((0,), (Hole("choice", "choice", choices=choices),))


_YES_NO = Line((0,), (Hole("yesno", "answer", choices=("yes", "no")),))


def read_yes_no(text: str) -> bool | Unparsed:
    """Whether a reply says yes: "Yes.", "**no**", "Answer: yes", "No, because ..."; "maybe", "No idea" are unparsed."""
    read = read_loose(_YES_NO, text)
    return Unparsed(read.reason, text) if isinstance(read, Unparsed) else bool(read["answer"])


def read_number(text: str, lo: float, hi: float, integer: bool = True) -> float | int | Unparsed:
    """The number that a reply gives: "4", "4/5", "**4**", "Score: 4 out of 5", "4 - agree".

    Args:
        text: The reply.
        lo: Lowest allowed value.
        hi: Highest allowed value; "/5" and "out of 5" must name it.
        integer: Whether a decimal is unparsed.
    """
    read = read_loose(_number_line(float(lo), float(hi), integer), text)
    if isinstance(read, Unparsed):
        return Unparsed(read.reason, text)
    number: float | int = read["number"]
    return number


@lru_cache(maxsize=512)
def _number_line(lo: float, hi: float, integer: bool) -> Line:
    return Line((0,), (Hole("number", "number", lo=lo, hi=hi, integer=integer),))


def read_entailment(text: str) -> Entailment | Unparsed:
    """An entailment label; case, blanks, emphasis and end punctuation do not matter, everything else is unparsed.

    Source: APC, "Works when" 2.
    """
    return _look_up(text, _ENTAILMENT, "entailed, neutral or contradicted")


def read_stop(text: str) -> bool | Unparsed:
    """Whether a detector says that the dialogue should stop (True) or continue (False). Source: SPASM, step 6."""
    return _look_up(text, _STOP, "stop or continue")


def _look_up(text: str, table: Mapping[str, T], wanted: str) -> T | Unparsed:
    word = fold(text[:200]) if len(text.strip()) <= 100 else ""
    found = table.get(word)
    if found is None:
        found = table.get(fold(_LABEL_CUE.sub("", fold(text[:200])))) if word else None
    return Unparsed(f"the reply is not {wanted}", text) if found is None else found
