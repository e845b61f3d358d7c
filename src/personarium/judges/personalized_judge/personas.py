"""What a judge is told of a user: sentences in the third person, one for each known field, in several selections.

Source: personalized-judge page, step 3, "Works when" 6 and Traps (arXiv 2406.11657).
Differs: a missing field drops its sentence in every selection; published OpinionQA runs kept "nan" in the smaller ones
(``kept-nan``). A refusal to say ("Refused", "Prefer not to say") is missing too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.judges.personalized_judge.items import ALL, NO_PERSONA

KEPT_NAN = "kept-nan"
KEY, LEAST = "key", "least"
VARIANTS = (ALL, KEY, LEAST, NO_PERSONA)
LONGEST_VALUE = 500  # characters of one field
_MISSING = frozenset({"", "nan", "none", "null", "n/a", "na", "refused", "unknown"})
_WITHHELD = "prefer not to say"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a persona.

    Args:
        fields: Dotted paths of the fields it needs.
        words: With one ``{}`` for each.
        lower: Whether values are put in lower case.
        special: Value in lower case -> the whole sentence, of a sentence with one field.
    """

    fields: tuple[str, ...]
    words: str
    lower: bool = True
    special: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldSet:
    """The sentences of one data set and which of them each selection has.

    Args:
        sentences: By name, in the order of the persona.
        key: Those that say most.
        least: The one that says least.
    """

    sentences: Mapping[str, Sentence]
    key: tuple[str, ...]
    least: tuple[str, ...]

    def names(self, variant: str) -> tuple[str, ...]:
        """The sentences of a selection; raises InvalidInput for one that does not exist."""
        chosen = {ALL: tuple(self.sentences), KEY: self.key, LEAST: self.least, NO_PERSONA: ()}
        if variant not in chosen:
            raise InvalidInput("persona variant", f"one of {', '.join(VARIANTS)}", variant)
        return chosen[variant]


def describe_user(row: Mapping[str, Any], fields: FieldSet, variant: str = ALL, *, keep_missing: bool = False) -> str:
    """The persona of one user.

    Args:
        row: A row of the survey; dotted fields are looked up in nested objects.
        fields: The sentences of the data set.
        variant: ``all``, ``key``, ``least`` or ``none`` (empty).
        keep_missing: As published for the smaller selections of OpinionQA: a missing value is written as "nan".
    """
    sentences = (_sentence(row, fields.sentences[name], keep_missing) for name in fields.names(variant))
    return " ".join(sentence for sentence in sentences if sentence)


def personas_of(
    row: Mapping[str, Any], fields: FieldSet, variants: Sequence[str] = VARIANTS, *, kept_nan: bool = False
) -> dict[str, str]:
    """All selections of one user; with ``kept_nan`` the smaller ones keep what is missing."""
    return {v: describe_user(row, fields, v, keep_missing=kept_nan and v in (KEY, LEAST)) for v in variants}


def _sentence(row: Mapping[str, Any], sentence: Sentence, keep_missing: bool) -> str:
    values = [_value(row, path) for path in sentence.fields]
    if keep_missing:
        values = ["nan" if value is None else value for value in values]
    if any(value is None for value in values):
        return ""
    plain = [str(value).lower() if sentence.lower else str(value) for value in values]
    if len(plain) == 1 and str(values[0]).lower() in sentence.special:
        return sentence.special[str(values[0]).lower()]
    return sentence.words.format(*plain)


def _value(row: Mapping[str, Any], path: str) -> str | None:
    """The value of a field as one line of text; None where it is missing, empty or withheld."""
    found: Any = row
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, float) and math.isnan(found):
        return None
    if found is None or isinstance(found, (bool, Mapping, list)):
        return None
    text = " ".join(str(found).split())[:LONGEST_VALUE]
    return None if text.lower() in _MISSING or _WITHHELD in text.lower() else text


def _set(key: str, least: str, **sentences: Sentence) -> FieldSet:
    return FieldSet(MappingProxyType(sentences), tuple(key.split()), tuple(least.split()))


PRISM = _set(
    "education ethnicity location",
    "age",
    gender=Sentence(("gender",), "The person is {}."),
    age=Sentence(("age",), "The person is {}."),
    employment=Sentence(("employment_status",), "The person is {}."),
    education=Sentence(("education",), "The person's highest education is {}."),
    marital=Sentence(("marital_status",), "The person's marital status: {}."),
    ethnicity=Sentence(("ethnicity.simplified",), "The person's ethnicity: {}.", lower=False),
    religion=Sentence(
        ("religion.simplified",),
        "The person's religion: {}.",
        False,
        {"no affiliation": "The person belongs to no religion."},
    ),
    location=Sentence(
        ("location.birth_country", "location.reside_country"), "The person was born in {} and lives in {}.", False
    ),
)
OPINION_QA = _set(
    "age education politics",
    "marital",
    race=Sentence(("RACE",), "The person's race: {}.", lower=False),
    region=Sentence(("CREGION",), "The person lives in the region {}.", lower=False),
    age=Sentence(("AGE",), "The person is in the age group {}."),
    sex=Sentence(("SEX",), "The person is {}."),
    education=Sentence(("EDUCATION",), "The person's highest education is {}."),
    citizen=Sentence(
        ("CITIZEN",),
        "The person's citizenship of the United States: {}.",
        True,
        {
            "yes": "The person is a citizen of the United States.",
            "no": "The person is no citizen of the United States.",
        },
    ),
    marital=Sentence(("MARITAL",), "The person is {}."),
    religion=Sentence(("RELIG", "RELIGATTEND"), "The person's religion: {}; attends services: {}."),
    politics=Sentence(("POLPARTY", "POLIDEOLOGY"), "In politics the person is {} and {}."),
    income=Sentence(("INCOME",), "The person earns {} a year."),
)
AUTHORS = _set(
    "",
    "",
    age=Sentence(("personality.age",), "The person is {} years old."),
    sex=Sentence(("personality.sex",), "The person is {}."),
    home=Sentence(("personality.city_country",), "The person lives in {}.", lower=False),
    birth=Sentence(("personality.birth_city_country",), "The person was born in {}.", lower=False),
    education=Sentence(("personality.education",), "The person's highest education is {}.", lower=False),
    occupation=Sentence(("personality.occupation",), "The person's occupation is {}.", lower=False),
    income=Sentence(("personality.income",), "The person's income is {}.", lower=False),
    relationship=Sentence(("personality.relationship_status",), "The person is {}."),
)
_BIG_FIVE = ("openess", "conscientiousness", "extraversion", "agreeableness", "stability")  # as the file spells them
ESSAYS = _set(
    "",
    "",
    gender=Sentence(("gender",), "The person is {}."),
    race=Sentence(("race",), "The person's race: {}.", lower=False),
    age=Sentence(("age",), "The person is {} years old."),
    education=Sentence(("education",), "The person's education: {}.", lower=False),
    income=Sentence(("income",), "The person earns {} dollars a year."),
    traits=Sentence(
        tuple(f"personality_{name}" for name in _BIG_FIVE),
        "On Big Five scales from 0 to 10 the person has {} in openness, {} in conscientiousness, {} in extraversion, "
        "{} in agreeableness and {} in stability.",
    ),
)
# What the numbers of the essay writers' survey mean (official code).
ESSAY_CODES: Mapping[str, Mapping[str, str]] = {
    "gender": {"1": "male", "2": "female", "5": "of another gender"},
    "race": {
        "1": "White",
        "2": "Hispanic or Latino",
        "3": "Black or African American",
        "4": "Native American",
        "5": "Asian or Pacific Islander",
        "6": "other",
    },
    "education": {
        "1": "less than high school",
        "2": "high school",
        "3": "technical or vocational school",
        "4": "college without a degree",
        "5": "two-year associate degree",
        "6": "college or university degree",
        "7": "postgraduate or professional degree",
    },
}
