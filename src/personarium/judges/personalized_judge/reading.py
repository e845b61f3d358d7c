"""Read a verdict with its certainty: by the letter that stands alone, or as the published code read it.

Source: personalized-judge page, step 6, "Works when" 1 and Traps (arXiv 2406.11657).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from personarium.judges.personalized_judge.items import Letter
from personarium.text.holes import Unparsed

FIRST_CHARACTER, FIRST_INTEGER = "first-character", "first-integer"
SCALE = (1, 100)
LONGEST = 20_000  # characters of a reply that are read

_AT_START = re.compile(r"\s*+(?:Answer\s*+:)?[\s(\[*_`\"']*+(?P<letter>[ABC])(?=\Z|[\]).,:\s*])")
_BRACKETED_LETTER = re.compile(r"\[\[\s*+(?P<letter>[ABC])\s*+\]\]")
_BRACKETED_NUMBER = re.compile(r"\[\[\s*+(?P<n>-?\d+)\s*+(?:%|/\s*+\d+)?\s*+\]\]")
# No part of a decimal, of "70/100" or of a range.
_NUMBER = re.compile(r"(?<![\d./-])(?P<n>-?\d++)(?!\.\d)")
_FIRST_NUMBER = re.compile(r"\d++")


@dataclass(frozen=True, slots=True)
class Choice:
    """What was read of one reply.

    Args:
        letter: ``A``, ``B`` or, where ties are allowed, ``C``.
        certainty: On the scale that was asked for; None when none was stated within it.
    """

    letter: Letter
    certainty: int | None = None


def read_choice(
    text: str,
    *,
    ties: bool = False,
    scale: tuple[int, int] = SCALE,
    faults: Collection[str] = (),
    parenthesis: bool = True,
) -> Choice | Unparsed:
    """Read "A]] [[85]]", "(A) [[60]]", "Answer: B", "[[A]] [[85]]".

    The letter stands alone at the start; where it does not, the only letter in double brackets counts, and two different
    ones are no verdict. The certainty is the last whole number in double brackets, else the last one after the verdict.

    Args:
        text: The reply.
        ties: Whether ``C`` is a verdict.
        scale: Lowest and highest certainty.
        faults: ``first-character`` takes the first character whatever follows ("As an AI" is A), ``first-integer`` the first
            whole number of the reply, in range or not.
        parenthesis: Whether the published reader removes "(" first; it did so but for PRISM.
    """
    shown = text[:LONGEST]
    found = _first_character(shown, parenthesis) if FIRST_CHARACTER in faults else _letter(shown)
    if found is None or found[0] not in ("ABC" if ties else "AB"):
        return Unparsed("no verdict letter stands alone at the start", text)
    letter, end = found
    if FIRST_INTEGER in faults:
        number = _FIRST_NUMBER.search(shown)
        certainty = int(number[0][:9]) if number else None
    else:
        certainty = _certainty(shown[end:], scale)
    return Choice(letter, certainty)  # type: ignore[arg-type]  # one of ABC, see above


def _letter(text: str) -> tuple[str, int] | None:
    marked = list(_BRACKETED_LETTER.finditer(text))
    letters = {one["letter"] for one in marked}
    match = _AT_START.match(text)
    if len(letters) > 1:
        return None
    if match:
        return match["letter"], match.end()
    return (marked[-1]["letter"], marked[-1].end()) if marked else None


def _first_character(text: str, parenthesis: bool) -> tuple[str, int] | None:
    plain = text.replace("(", "") if parenthesis else text
    plain = plain.replace("[[", "").replace("Answer:", "").strip()
    return (plain[0], text.find(plain[0]) + 1) if plain else None


def _certainty(text: str, scale: tuple[int, int]) -> int | None:
    numbers = [one["n"] for one in _BRACKETED_NUMBER.finditer(text)] or [one["n"] for one in _NUMBER.finditer(text)]
    if not numbers or len(numbers[-1]) > 9:
        return None
    stated = int(numbers[-1])
    return stated if scale[0] <= stated <= scale[1] else None
