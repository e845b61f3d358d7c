"""The numbers of a text, words read as numbers, and what two texts differ in.

Source: personamath page, step 1b and "Works when" 4 ([design]: a rewrite keeps its parent's numbers). "One" is often no
number ("one day"): the word may stand for a 1 of the other text, but need not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from personarium.make.personamath.numbers import show

_UP_TO_NINETEEN = """
    zero one two three four five six seven eight nine ten
    eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
"""
_SMALL = _UP_TO_NINETEEN.split()
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_UNITS = {word: k for k, word in enumerate(_SMALL)} | {word: 10 * k for k, word in enumerate(_TENS, 2)}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_WORD = "|".join(sorted((*_UNITS, *_SCALES), key=len, reverse=True))
# A minus sign belongs to the number when nothing stands right before it.
_MINUS = r"(?:(?<![^\s({\[$=:,;])[-\u2212])?"
_GROUPED = r"\d{1,3}(?:,\d{3}){1,12}(?![\d,]\d)"
_DIGITS = rf"{_MINUS}(?<![\d.])(?:{_GROUPED}|\d{{1,40}})(?:\.\d{{1,40}})?|(?<![\w.])\.\d{{1,40}}"
_SPELLED = rf"(?:{_WORD})s?(?:(?:[ -]|[ ]and[ ])(?:{_WORD})){{0,12}}"
_TOKEN = re.compile(rf"(?P<digits>{_DIGITS})|\b(?P<words>{_SPELLED})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a text.

    Args:
        counts: Value -> how often.
        ones: How often the word "one" stands alone.
    """

    counts: Counter[Fraction]
    ones: int = 0


@dataclass(frozen=True, slots=True)
class NumberDifference:
    """What a rewrite lost and what it added, as texts, each as often as it is wrong."""

    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.added)

    def __str__(self) -> str:
        parts = [
            f"{name} {', '.join(some)}" for name, some in (("missing", self.missing), ("added", self.added)) if some
        ]
        return "; ".join(parts) or "the same numbers"


def numbers_of(text: str) -> Numbers:
    """Every number of a text: digits (``1,200``, ``.5``, ``-3``) and words (``twenty-five``, ``two dozen``)."""
    values: Counter[Fraction] = Counter()
    ones = 0
    for match in _TOKEN.finditer(text):
        if match["digits"]:
            values[_digits(match["digits"])] += 1
            continue
        for words in _spans(re.split(r"[ -]", match["words"].lower())):
            if words == ["one"]:
                ones += 1
            else:
                values[Fraction(_spelled(words))] += 1
    return Numbers(values, ones)


def _digits(text: str) -> Fraction:
    plain = text.replace(",", "").replace("\u2212", "-")
    return Fraction(plain if plain[:1] != "." else "0" + plain)


def _spans(words: list[str]) -> Iterator[list[str]]:
    """Cut a run of number words where a new number begins: "five three" is two, "twenty five" one."""
    span: list[str] = []
    for word in (w for w in words if w != "and"):
        word = word if word in _UNITS or word in _SCALES else word.removesuffix("s")
        if span and not _goes_on(span[-1], word):
            yield span
            span = []
        span.append(word)
    yield span


def _goes_on(before: str, word: str) -> bool:
    if word in _SCALES:
        return before not in _SCALES or _SCALES[word] > _SCALES[before]
    if before in _SCALES:
        return before != "dozen"
    return before in _TENS and 0 < _UNITS[word] < 10


def _spelled(words: list[str]) -> int:
    total, current = 0, 0
    for word in words:
        if word in _UNITS:
            current += _UNITS[word]
        elif _SCALES[word] <= 100:
            current = max(current, 1) * _SCALES[word]
        else:
            total, current = total + max(current, 1) * _SCALES[word], 0
    return total + current


def number_difference(parent: str, child: str) -> NumberDifference:
    """What ``child`` lost and added against ``parent``; false when both have the same numbers equally often."""
    before, after = numbers_of(parent), numbers_of(child)
    missing, added = before.counts - after.counts, after.counts - before.counts
    one = Fraction(1)
    missing[one] -= min(missing[one], after.ones)
    added[one] -= min(added[one], before.ones)
    return NumberDifference(_listed(missing), _listed(added))


def _listed(counts: Counter[Fraction]) -> tuple[str, ...]:
    return tuple(show(value) for value in sorted(counts.elements()))
