r"""Reading a number from the end of a solution: as the published evaluation does, and strictly.

Source: personamath page, step 6 and "Works when" 1 (official evaluation code). The published reader takes the first number
behind the last ``\boxed{`` (erratum ``empty-box``), knows one separator (``one-separator``) and rounds to a whole number
(``integer-rounding``); the strict one wants a closed box that holds one number and nothing else, and reads it exactly.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from fractions import Fraction

from personarium.make.personamath.boxed import after_last_box, last_boxed

NUMBER_ERRATA = ("integer-rounding", "one-separator", "empty-box")

LONGEST_BOX = 400  # characters; no number is longer
# Optional sign, digits, at most one separator, digits (code). The digits are bounded: a float has no more.
_PUBLISHED = re.compile(r"[-+]?\d{0,400}[.,/]?\d{1,400}")
_DIGITS = r"(?:\d{1,3}(?:,\d{3}){1,12}|\d{1,40})"
_DECIMAL = rf"(?:{_DIGITS}(?:\.\d{{0,40}})?|\.\d{{1,40}})"
_BRACED = r"\{{\s{{0,3}}(?P<{}>\d{{1,40}})\s{{0,3}}\}}"
_TEX_FRACTION = rf"\\[dt]?frac\s{{0,3}}(?:{_BRACED.format('tn')}\s{{0,3}}{_BRACED.format('td')}|(?P<tns>\d)(?P<tds>\d))"
_PLAIN_FRACTION = rf"(?:(?P<mixed>\d{{1,40}})\s{{1,3}})?(?P<n>{_DECIMAL})\s{{0,3}}/\s{{0,3}}(?P<d>{_DECIMAL})"
_VALUE = (
    r"(?P<sign>[-+\u2212]?)\s{0,3}"
    rf"(?:(?P<whole>\d{{1,40}})?\s{{0,3}}{_TEX_FRACTION}|{_PLAIN_FRACTION}|(?P<decimal>{_DECIMAL}))"
)
_WORDS = r"\s{1,3}(?!(?:or|and|to)\b)[A-Za-z][A-Za-z .^/-]{0,40}[23]?"
_UNIT = rf"(?:\s{{0,3}}(?:\\?%|\^\\circ|\^\{{\\circ\}}|°|\\text\s?\{{[^{{}}]{{0,40}}\}})|{_WORDS})?"
_ONE_NUMBER = re.compile(rf"(?:\\?\$|[€£¥])?\s{{0,3}}{_VALUE}{_UNIT}")
_ANYWHERE = re.compile(rf"(?<![\w.]){_VALUE}")
_SPACES = re.compile(r"\\[!,;: ]|~|\$(?=\s*$)|^\s*\$(?!\d)")


def published_number(text: str) -> Fraction | None:
    """The first number of a text as the published pattern reads it: ``1,234,567`` is 1234, ``3/4`` is three quarters."""
    match = _PUBLISHED.search(text)
    if match is None:
        return None
    over, slash, under = match[0].replace(",", "").partition("/")
    if not over.strip("+-"):
        return None  # "/4": the published code stops with an error here
    if not slash:
        return Fraction(over)
    # A denominator of 0 gives the numerator (code).
    return Fraction(over) / (Fraction(under) if int(under) else 1)


def strict_number(text: str) -> Fraction | None:
    r"""The exact value of a text that is one number: ``1,234,567``, ``-0.5``, ``3/4``, ``\frac{3}{4}``, ``1 1/2``, ``x = 3``.

    A currency sign before it, and a per cent sign or a unit behind it, are allowed and do not change the value. Anything
    else gives None, and so does a denominator of 0.
    """
    if len(text) > LONGEST_BOX:
        return None
    match = _ONE_NUMBER.fullmatch(_plain(text).rpartition("=")[2].strip())
    return None if match is None else _value(match)


def read_number(response: str, faults: Collection[str] = ()) -> Fraction | None:
    r"""The number that a solution ends in, or None.

    Args:
        response: The whole solution.
        faults: Ids of :data:`NUMBER_ERRATA` that are switched on.
    """
    inside = after_last_box(response) if "empty-box" in faults else last_boxed(response)
    if inside is None:
        return None
    if "one-separator" in faults:
        value = published_number(inside)
    elif "empty-box" in faults:
        value = _first_number(inside[:LONGEST_BOX])
    else:
        value = strict_number(inside)
    if value is None or "integer-rounding" not in faults:
        return value
    return Fraction(round(value))  # halves to even, as the code's round() does


def _first_number(text: str) -> Fraction | None:
    match = _ANYWHERE.search(text)
    return None if match is None else _value(match)


def _plain(text: str) -> str:
    return _SPACES.sub(" ", text.replace("\u2212", "-").replace("\\left", "").replace("\\right", "")).strip()


def _value(match: re.Match[str]) -> Fraction | None:
    over = match["tn"] or match["tns"] or match["n"] or match["decimal"]
    under = match["td"] or match["tds"] or match["d"] or "1"
    bottom = _fraction(under)
    if not bottom:
        return None
    value = _fraction(match["whole"] or match["mixed"] or "0") + _fraction(over) / bottom
    return -value if match["sign"] == "-" else value


def _fraction(digits: str) -> Fraction:
    plain = digits.replace(",", "")
    return Fraction(f"0{plain}" if plain.startswith(".") else plain.removesuffix("."))


def show(value: Fraction) -> str:
    """A value as text that :func:`strict_number` reads back: ``5``, ``0.75``, ``1/3``."""
    if value.denominator == 1:
        return str(value.numerator)
    as_float = float(value)
    return repr(as_float) if math.isfinite(as_float) and Fraction(repr(as_float)) == value else str(value)
