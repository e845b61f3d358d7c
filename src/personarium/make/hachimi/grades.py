"""Grade words in a text: the grade of a dimension, and how positive the words are as a whole.

Source: hachimi page, step 3 (the first grade word within 12 characters after the name) and step 12 (polarity).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from personarium.make.hachimi.published import MIDDLE_ANYWHERE, SUBSTRING_POLARITY
from personarium.make.hachimi.schema import MIDDLE, WEIGHTS, StudentSchema

MOST_PLACES = 50  # of one dimension's name in a text that are looked at


def dimension_grades(text: str, area: str, schema: StudentSchema) -> dict[str, str]:
    """Dimension -> its grade, for the dimensions of values, creativity or health that have one.

    The longest grade word counts (``中上`` is not ``中``), and a word in which a grade stands by chance (``其中``) is none.
    A risk (depression, anxiety) may also be mild, moderate or severe.
    """
    found = {}
    for name, word in schema.dimensions[area].items():
        risk = name in ("depression", "anxiety")
        grade = _grade_after(text, word, schema.risk_pattern if risk else schema.grade_pattern, schema)
        if grade is not None:
            found[name] = grade
    return found


def _grade_after(text: str, word: str, pattern: re.Pattern[str], schema: StudentSchema) -> str | None:
    for number, place in enumerate(re.finditer(re.escape(word), text, re.IGNORECASE)):
        if number == MOST_PLACES:
            return None
        for match in pattern.finditer(text, place.end(), place.end() + schema.reach + _longest(schema)):
            if match.start() - place.end() > schema.reach or "\n" in text[place.end() : match.start()]:
                break
            if (grade := match[0].lower()) not in schema.not_grades:
                return grade
    return None


def _longest(schema: StudentSchema) -> int:
    return max(map(len, (*schema.grade_words, *schema.not_grades, *schema.mild_words)))


def middle_or_lower(grade: str | None, schema: StudentSchema) -> bool:
    """Whether a grade is middle, rather low or low."""
    return grade in schema.grade_words[MIDDLE:]


def count_middle_or_lower(text: str, area: str, schema: StudentSchema, faults: Collection[str] = ()) -> int:
    """How many dimensions of a text are graded middle or lower.

    Differs: the published count of the text on values takes every such word wherever it stands (``middle-anywhere``), the
    one character for "middle" in "among" included; its count of the text on creativity goes by dimensions.
    """
    if area == "values" and MIDDLE_ANYWHERE in faults:
        return sum(middle_or_lower(word, schema) for word in _words_anywhere(text, schema))
    return sum(middle_or_lower(grade, schema) for grade in dimension_grades(text, area, schema).values())


def _words_anywhere(text: str, schema: StudentSchema) -> Iterator[str]:
    longest_first = sorted(schema.grade_words, key=len, reverse=True)
    for match in re.finditer("|".join(map(re.escape, longest_first)), text.lower()):
        yield match[0]


def polarity(text: str, schema: StudentSchema, faults: Collection[str] = ()) -> float:
    """Mean weight of the grade words in a text: high 1, rather high 0.8, upper-middle 0.5, middle 0, rather low -0.5, low -1;
    without any word 0.

    Differs: the published score counts substrings, so that every "rather high" is also a "high" (``polarity-substrings``).
    """
    weights = dict(zip(schema.grade_words, WEIGHTS, strict=True))
    if SUBSTRING_POLARITY in faults:
        found = [weight for word, weight in weights.items() for _ in range(text.lower().count(word))]
    else:
        words = (match[0].lower() for match in schema.grade_pattern.finditer(text))
        found = [weights[word] for word in words if word in weights]
    return sum(found) / len(found) if found else 0.0
