"""The holes of a reply form: what a value may be, how it is written, and how a model's wording of it is read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from personarium.core.errors import InvalidInput, shorten

HoleKind = Literal["text", "choice", "yesno", "number", "path"]

_NAMED = re.compile(r"([A-Za-z_]\w*(?: \w+){0,3}):[ \t]+(.*)", re.DOTALL)
_NUMBER = r"-?\d{1,15}(?:\.\d{1,15})?"
_RANGE = re.compile(rf"({_NUMBER})[ \t]?-[ \t]?({_NUMBER})")
_PLAIN_NUMBER = re.compile(r"[-+]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})")
_NUMBER_TAIL = re.compile(rf"\s*+(?:(?:/|out\s++of)\s*+({_NUMBER})|(%))")
_YES = frozenset({"yes", "true", "y"})
_NO = frozenset({"no", "false", "n"})
_EDGES = " \t\r\n*_`\"'“”‘’[](){}"


@dataclass(frozen=True, slots=True)
class Unparsed:
    """What a reader returns instead of a value: why the reply could not be read, and the reply.

    Args:
        reason: One sentence for a person.
        text: The reply as it came.
    """

    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Hole:
    """One value that a reply form asks for.

    Args:
        kind: ``text``, ``choice``, ``yesno`` (read as bool), ``number`` or ``path``.
        name: Its label, lower-case, unique in the form; a JSON key keeps its spelling, nested keys are dotted.
        choices: The alternatives of a choice hole, in the order shown (``("yes", "no")`` for yesno).
        lo: Lowest allowed number, or None.
        hi: Highest allowed number, or None.
        integer: Whether only whole numbers are wanted (no decimal point stands in the range).
        quoted: Whether a text or path stands in double quotes.
        many: None for a single value; in JSON lists the wanted number of values, 0 for any number.
    """

    kind: HoleKind
    name: str = ""
    choices: tuple[str, ...] = ()
    lo: float | None = None
    hi: float | None = None
    integer: bool = False
    quoted: bool = False
    many: int | None = None

    @property
    def free(self) -> bool:
        """Whether the value's end can only be known from what follows it (text that is not in quotes)."""
        return self.kind == "text" and not self.quoted

    def describe(self) -> str:
        """What is wanted here, in words."""
        if self.kind == "number":
            whole = "whole number" if self.integer else "number"
            return f"a {whole} from {number_text(self.lo or 0)} to {number_text(self.hi or 0)}"
        if self.kind in ("choice", "yesno"):
            return "one of " + ", ".join(self.choices)
        return f"a {self.kind}"

    def accept(self, value: Any, strict: bool = False) -> Any:
        """Check a value that came as data (JSON) or words; the value to use, or :class:`Unparsed`.

        Args:
            value: Anything.
            strict: Demand the right type and spelling; otherwise ``"4"``, ``"4/5"``, ``"B."`` and ``"Yes"`` will do.
        """
        readers = {"number": _accept_number, "choice": _accept_choice, "yesno": _accept_yes_no}
        reader = readers.get(self.kind)
        found = _accept_text(value) if reader is None else reader(self, value, strict)
        if found is None:
            return Unparsed(f"'{self.name}' should be {self.describe()}, found {shorten(value, 60)}", str(value))
        return found

    def write(self, value: Any) -> str:
        """The value as a perfect subject would write it (without quotes).

        Raises:
            InvalidInput: The value does not fit the hole.
        """
        if isinstance(value, (Mapping, list, tuple)):
            raise InvalidInput("reply form", self.describe(), value, self.name)
        kept = self.accept(value)
        if isinstance(kept, Unparsed):
            raise InvalidInput("reply form", self.describe(), value, self.name)
        if isinstance(kept, bool):
            return "yes" if kept else "no"
        return number_text(kept) if isinstance(kept, (int, float)) else str(kept)


def parse_hole(inner: str) -> Hole:
    """Read the inside of a hole: ``text``, ``path``, ``A|B``, ``yes|no``, ``1-5`` or one of them behind ``name: ``.

    Raises:
        InvalidInput: It is none of these.
    """
    named = _NAMED.fullmatch(inner.strip())
    name, body = (named[1].lower(), named[2].strip()) if named else ("", inner.strip())
    if body == "text":
        return Hole("text", name)
    if body == "path":
        return Hole("path", name)
    if body == "yes|no":
        return Hole("yesno", name, choices=("yes", "no"))
    span = _RANGE.fullmatch(body)
    if span:
        return _number_hole(name, span[1], span[2])
    choices = tuple(part.strip() for part in body.split("|"))
    if len(choices) < 2 or not all(choices) or len(set(choices)) < len(choices):
        raise InvalidInput("reply form", "a hole like <text>, <path>, <A|B>, <yes|no> or <1-5>", f"<{inner}>")
    return Hole("choice", name, choices=choices)


def _number_hole(name: str, lo: str, hi: str) -> Hole:
    if float(lo) >= float(hi):
        raise InvalidInput("reply form", "a range that rises, like <1-5>", f"<{lo}-{hi}>")
    return Hole("number", name, lo=float(lo), hi=float(hi), integer="." not in lo + hi)


def number_text(value: float) -> str:
    """A number as people write it: no ``.0`` behind a whole number."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _accept_text(value: Any) -> str | None:
    if isinstance(value, bool) or value is None or isinstance(value, (Mapping, list, tuple)):
        return None
    return str(value).strip()


def _accept_number(hole: Hole, value: Any, strict: bool) -> float | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return None if strict else read_number(hole, value)
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return in_range(hole, value)


def in_range(hole: Hole, value: float | int) -> float | int | None:
    """The value if the hole allows it (whole where a whole number is wanted), else None."""
    if hole.integer:
        if isinstance(value, float):
            return None
    elif isinstance(value, int):
        value = float(value)
    if (hole.lo is not None and value < hole.lo) or (hole.hi is not None and value > hole.hi):
        return None
    return value


def read_number(hole: Hole, text: str) -> float | int | None:
    """Read ``4``, ``**4**``, ``(4)``, ``4/5``, ``4 out of 5``, ``80%`` (range up to 100) or ``4.``; else None."""
    inner = text[:200].strip(_EDGES + ".!") if len(text) <= 200 else ""
    match = _PLAIN_NUMBER.match(inner)
    if not match:
        return None
    tail = inner[match.end() :]
    if tail and not denominator_fits(hole, tail):
        return None
    return number_value(hole, match[0])


def denominator_fits(hole: Hole, tail: str) -> bool:
    """Whether ``/5``, ``out of 5`` or ``%`` behind a number speaks of the hole's own upper end."""
    match = _NUMBER_TAIL.fullmatch(tail.strip(_EDGES))
    if not match:
        return False
    return hole.hi == (100 if match[2] else float(match[1]))


def number_value(hole: Hole, digits: str) -> float | int | None:
    """The number if the hole allows it; a decimal where a whole number is wanted is None."""
    digits = digits.removesuffix(".")
    return in_range(hole, float(digits) if "." in digits else int(digits))


def _accept_choice(hole: Hole, value: Any, strict: bool) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = number_text(value) if math.isfinite(value) else ""
    if not isinstance(value, str):
        return None
    if strict:
        return value if value in hole.choices else None
    return match_choice(hole.choices, value)


def match_choice(choices: tuple[str, ...], text: str) -> str | None:
    """The alternative that ``text`` names: exactly, else but for case, blanks, brackets, emphasis and a final stop."""
    if text in choices:
        return text
    wanted = fold(text)
    found = [choice for choice in choices if fold(choice) == wanted]
    return found[0] if len(found) == 1 else None


def fold(text: str) -> str:
    """Case-folded, blanks collapsed, without brackets, quotes, emphasis and end punctuation at the edges."""
    return " ".join(text.casefold().split()).strip(_EDGES + ".,;:!")


def _accept_yes_no(hole: Hole, value: Any, strict: bool) -> bool | None:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    word = value if strict else fold(value)
    return True if word in _YES else False if word in _NO else None
