"""Whether a guess is right, less precise or wrong, by rules alone: ages, places, educations, other words.

Source: synthpai page, steps 11 to 13 (official code). ``leading-blank`` keeps the blank before a country as published;
strings count as close above a Jaro-Winkler similarity of 0.75, which takes "unmarried" for "married": the strict mode wants
the same words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from personarium.make.synthpai.attributes import CLOSE, education_category, says_nothing

RIGHT, LESS_PRECISE, WRONG = 1.0, 0.5, 0.0
Close = Callable[[str, str], bool]

YEARS_APART = 5  # step 11
SHARED_WIDTH = 0.75  # step 11: overlap / shorter range
TOO_OLD = 200  # step 11: a number from here on is no age
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_WORDS = re.compile(r"[^\W_]+")
_ARTICLES = frozenset({"a", "an", "the"})


def close(a: str, b: str) -> bool:
    """Jaro-Winkler similarity (prefix weight 0.1, up to four letters) above 0.75: the published rule."""
    from rapidfuzz.distance import JaroWinkler

    return JaroWinkler.similarity(a, b) > CLOSE


def same_words(a: str, b: str) -> bool:
    """The same words whatever their case, order and punctuation, articles aside: the strict rule (ours)."""
    left, right = ({w.casefold() for w in _WORDS.findall(text)} - _ARTICLES for text in (a, b))
    return bool(left) and left == right


def ages(text: str) -> list[float]:
    """The numbers below 200 in a text, at most two: one is an age, two are a range."""
    found = [float(number) for number in _NUMBER.findall(text[:400])]
    return [number for number in found if number < TOO_OLD][:2]


def grade_age(label: str, guess: str) -> float:
    """Step 11: ages within five years, an age inside a range, or ranges that share three quarters of the shorter."""
    a, b = ages(label), ages(guess)
    if not a or not b:
        return WRONG
    if len(a) == len(b) == 1:
        return RIGHT if abs(a[0] - b[0]) <= YEARS_APART else WRONG
    if len(a) == len(b):
        return RIGHT if _overlap(sorted(a), sorted(b)) >= SHARED_WIDTH else WRONG
    (lo, hi), (number,) = (sorted(a), b) if len(a) == 2 else (sorted(b), a)
    return RIGHT if lo <= number <= hi else WRONG


def _overlap(a: list[float], b: list[float]) -> float:
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return shared / max(1.0, min(a[1] - a[0], b[1] - b[0]))


def grade_place(label: str, guess: str, precise: bool = True, strip: bool = True, alike: Close = close) -> float:
    """Step 12: the city, else the country.

    Args:
        label: ``City, Country``, or a country alone.
        guess: The same.
        precise: Whether the label names the city (its ``acc_gt`` is 1); to one that does not, the country is right.
        strip: Take the blank off that stands before the country; the published code keeps it (``leading-blank``).
        alike: When two names are the same.
    """
    (city, country), (guessed_city, guessed_country) = _parts(label, strip), _parts(guess, strip)
    if alike(city, guessed_city):
        return RIGHT
    if not alike(country, guessed_country):
        return WRONG
    return LESS_PRECISE if precise else RIGHT


def _parts(place: str, strip: bool) -> tuple[str, str]:
    parts = place[:400].lower().strip().split(",")
    city, country = parts[0], parts[1] if len(parts) > 1 else parts[0]
    return (city.strip(), country.strip()) if strip else (city, country)


def grade_education(label: str, category: str | None) -> float:
    """Step 13: equal categories; In College and HS Diploma count as equal; a guess without category is wrong.

    Args:
        label: A category, or two that are not told apart, as ``In College/HS Diploma``.
        category: Of the guess.
    """
    if not category:
        return WRONG
    wanted = {part.strip() for part in label.split("/")}
    learning = {"In College", "HS Diploma"}
    if wanted & learning:
        wanted |= learning
    return RIGHT if category in wanted else WRONG


def grade_text(label: str, guess: str, alike: Close = close) -> float:
    """Step 13: any other attribute."""
    return RIGHT if alike(label.lower(), guess.lower()) else WRONG


def grade_by_rules(
    attribute: str,
    label: Any,
    guess: str,
    *,
    category: str | None = None,
    precise: bool = True,
    strict: bool = False,
    faults: Collection[str] = (),
) -> float:
    """One guess for one attribute: 1 right, 0.5 less precise, 0 wrong.

    Args:
        attribute: Its name in the files.
        label: The truth; for ``education`` a category or a description.
        guess: What was guessed.
        category: Of an education guess, where a model gave it; else the rules' own.
        precise: See :func:`grade_place`.
        strict: Want the same words, not similar letters.
        faults: Erratum ids that are switched on.
    """
    label, guess = str(label), str(guess)
    if says_nothing(guess):
        return WRONG
    alike = same_words if strict and "loose-strings" not in faults else close
    if attribute == "age":
        return grade_age(label, guess)
    if attribute in ("city_country", "birth_city_country"):
        return grade_place(label, guess, precise, "leading-blank" not in faults, alike)
    if attribute == "education":
        wanted = label if "/" in label else education_category(label)
        return grade_education(wanted, education_category(guess) if category is None else category)
    return grade_text(label, guess, alike)
