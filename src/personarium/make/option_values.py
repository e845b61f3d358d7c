"""Options of generators as the command brings them (``--set name=value``): texts, read into values or refused in one sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from personarium.core.errors import UsageError, shorten

Name = TypeVar("Name", bound=str)

MOST = 1_000_000  # of a whole number, where an option has no limit of its own
_LONGEST = 20  # characters of a number, before anything is converted
_SHOWN = 40  # characters of a wrong value in its message
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def whole(name: str, text: str, least: int = 0, most: int = MOST) -> int:
    """A whole number.

    Args:
        name: The option, for the message.
        text: What was given: digits 0 to 9, at most 20 of them, with blanks around.
        least: The smallest that counts.
        most: The largest.

    Raises:
        UsageError: It is anything else.
    """
    digits = text.strip()
    if not digits.isascii() or not digits.isdecimal() or len(digits) > _LONGEST or not least <= int(digits) <= most:
        raise _refused(name, f"a whole number from {least:,} to {most:,}", text)
    return int(digits)


def whole_numbers(options: Mapping[str, str], least: Mapping[str, int]) -> dict[str, int]:
    """Those options among ``least`` that were given, as whole numbers from the least that stands there.

    Raises:
        UsageError: One of them is none.
    """
    return {name: whole(name, options[name], lowest) for name, lowest in least.items() if name in options}


def number(name: str, text: str) -> float:
    """A finite number, with a decimal point and an exponent where it has them; at most 20 characters.

    Raises:
        UsageError: It is anything else: NaN, infinity, digits of other scripts.
    """
    digits = text.strip()
    if len(digits) > _LONGEST or not _NUMBER.fullmatch(digits) or not math.isfinite(float(digits)):
        raise _refused(name, "a number", text)
    return float(digits)


def one_of(name: str, text: str, allowed: Iterable[Name]) -> Name:
    """One of some words, as the words are typed.

    Raises:
        UsageError: It is none of them.
    """
    words = tuple(allowed)
    given = text.strip()
    for word in words:
        if word == given:
            return word
    raise _refused(name, f"one of {', '.join(words)}", text)


def yes_no(name: str, text: str) -> bool:
    """Yes or no.

    Raises:
        UsageError: It is neither.
    """
    given = text.strip()
    if given not in ("yes", "no"):
        raise _refused(name, "yes or no", text)
    return given == "yes"


def listed(text: str) -> tuple[str, ...]:
    """What stands between commas, without blanks around and without empty places."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def published(text: str) -> bool | frozenset[str]:
    """Which published faults are switched on: yes for all, no for none, or ids of errata with commas between.

    The system knows its errata and refuses others (:func:`personarium.core.errata.published_faults`).
    """
    given = text.strip()
    return given == "yes" if given in ("yes", "no") else frozenset(listed(given))


def _refused(name: str, expected: str, found: str) -> UsageError:
    return UsageError(f"{name} must be {expected}, found {shorten(found, _SHOWN)}")
