"""The student schema as data: keys, grades, levels, subjects, stages and dimensions of one language; another file, another school.

Source: hachimi page, "How it works" 1 to 4 and "Data formats". The published code has them as Chinese constants.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import existing, read_text

LEVELS = ("high", "mid", "low", "poor")
FIELDS = (
    "name", "age", "gender", "grade", "stages", "agent_name", "strong", "weak", "level", "personality", "values", "social",
    "creativity", "health",
)  # fmt: skip
# Writer -> the fields it owns, in the order in which they write (hachimi page, step 2).
WRITERS: Mapping[str, tuple[str, ...]] = {
    "enrolment": ("name", "age", "gender", "grade", "stages", "agent_name"),
    "academic": ("strong", "weak", "level"),
    "personality": ("personality", "values"),
    "social": ("social", "creativity"),
    "health": ("health",),
}
OWNER: Mapping[str, str] = {field: owner for owner, fields in WRITERS.items() for field in fields}
PARAGRAPHS = ("values", "creativity", "health")
WEIGHTS = (1.0, 0.8, 0.5, 0.0, -0.5, -1.0)  # of the six grade words, best first (step 12)
MIDDLE = 3  # place of the word "middle": this one and those after it are middle or lower
_DIMENSIONS = {"values": 7, "creativity": 8, "health": 4}
_LISTS = (
    "grades", "genders", "grade_words", "not_grades", "mild_words", "low_risk", "closing", "severe", "negations", "health_words",
)  # fmt: skip
_TEXTS = ("language", "language_name", "unit", "separator", "agent_name", "agent_name_strict", "agent_name_told")

Record = Mapping[str, Any]
Student = Mapping[str, Any]  # by the fields' own names (FIELDS)


@dataclass(frozen=True)
class Stage:
    """One theory of development.

    Args:
        key: Its key inside the stages.
        words: Word -> the youngest and the oldest age at which it is not wrong.
    """

    key: str
    words: Mapping[str, tuple[int, int]]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds its words, the longest first: ``conventional`` is not found in ``pre-conventional``."""
        return words_pattern(tuple(self.words))


@dataclass(frozen=True)
class StudentSchema:
    """Everything about students that belongs to a language or a school system.

    Args:
        language: ISO 639-1.
        language_name: In English, for prompts.
        unit: What distinct-n, self-BLEU and overlap count: ``character`` or ``word``.
        reach: Characters after a dimension's name in which its grade stands.
        length: Fewest and most characters of a paragraph, blanks removed, before a report warns.
        social_length: About how many characters the social relations have.
        separator: Between the parts of an outline.
        keys: Field -> key of a record.
        slot_keys: grade, gender, subjects, level -> key of a slot.
        grades: In order of age.
        genders: Two or more.
        levels: high, mid, low, poor -> the exact string.
        clusters: Cluster -> its subjects.
        stages: Theory -> its words.
        grade_words: Six, best first.
        not_grades: Words in which a grade word stands without being one.
        mild_words: Further words for a risk.
        low_risk: The words that call a risk low.
        dimensions: values, creativity, health -> name of the dimension -> its word.
        closing: Words that close the text on creativity.
        severe: Words of severe impairment.
        negations: Words that take a severe word back.
        health_words: What the published presence check of the health text accepts as well.
        agent_name: The published expression of the agent name.
        agent_name_strict: The same with what prompts and report forbid beyond it.
        agent_name_told: The rule in words.
        names: Surnames and given names with their parts of the agent name, for outlines.
        where: File, for messages.
    """

    language: str
    language_name: str
    unit: str
    reach: int
    length: tuple[int, int]
    social_length: tuple[int, int]
    separator: str
    keys: Mapping[str, str]
    slot_keys: Mapping[str, str]
    grades: tuple[str, ...]
    genders: tuple[str, ...]
    levels: Mapping[str, str]
    clusters: Mapping[str, tuple[str, ...]]
    stages: Mapping[str, Stage]
    grade_words: tuple[str, ...]
    not_grades: tuple[str, ...]
    mild_words: tuple[str, ...]
    low_risk: tuple[str, ...]
    dimensions: Mapping[str, Mapping[str, str]]
    closing: tuple[str, ...]
    severe: tuple[str, ...]
    negations: tuple[str, ...]
    health_words: tuple[str, ...]
    agent_name: str
    agent_name_strict: str
    agent_name_told: str
    names: Mapping[str, tuple[tuple[str, str], ...]]
    where: str = "student schema"

    @cached_property
    def fields_by_key(self) -> dict[str, str]:
        """Key of a record -> field."""
        return {self.keys[field]: field for field in FIELDS}

    @cached_property
    def level_names(self) -> dict[str, str]:
        """Exact string -> high, mid, low or poor."""
        return {text: name for name, text in self.levels.items()}

    @cached_property
    def grade_pattern(self) -> re.Pattern[str]:
        """Finds grade words, and the words that only look like one."""
        return words_pattern((*self.not_grades, *self.grade_words))

    @cached_property
    def risk_pattern(self) -> re.Pattern[str]:
        """As ``grade_pattern``, with the further words for a risk."""
        return words_pattern((*self.not_grades, *self.grade_words, *self.mild_words))

    @property
    def subjects(self) -> tuple[str, ...]:
        """All subjects, each once."""
        return tuple(dict.fromkeys(subject for cluster in self.clusters.values() for subject in cluster))

    def writer_keys(self, owner: str) -> tuple[str, ...]:
        """The record keys that a writer owns, in order."""
        return tuple(self.keys[field] for field in WRITERS[owner])

    def student(self, record: Record) -> dict[str, Any]:
        """A record or draft by the fields' own names; what is missing is missing."""
        return {field: record[key] for key, field in self.fields_by_key.items() if key in record}

    def record(self, id: int, draft: Record, slot: Mapping[str, Any]) -> dict[str, Any]:
        """The published record: keys in order, ``id`` first and the slot last."""
        body = {self.keys[field]: draft[self.keys[field]] for field in FIELDS if self.keys[field] in draft}
        return {self.keys["id"]: id, **body, self.keys["slot"]: dict(slot)}

    def age_norm(self, grade: str) -> tuple[int, int] | None:
        """R1: the usual ages of a grade (grade 1: 6 and 7); None for a grade that there is not."""
        if grade not in self.grades:
            return None
        place = self.grades.index(grade)
        return place + 6, place + 7

    def stage_words(self, theory: str, ages: tuple[int, int]) -> list[str]:
        """The words of a theory that are not wrong at any of these ages."""
        limits = self.stages[theory].words.items()
        return [word for word, (youngest, oldest) in limits if youngest <= ages[0] and ages[1] <= oldest]


@lru_cache(maxsize=256)
def words_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Finds any of these words, the longest first; words in Latin letters stand alone, in any case."""
    parts = (_bounded(word) for word in sorted(dict.fromkeys(words), key=len, reverse=True))
    return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)


def _bounded(word: str) -> str:
    before = r"(?<![\w-])" if word[:1].isascii() and word[:1].isalnum() else ""
    after = r"(?![\w-])" if word[-1:].isascii() and word[-1:].isalnum() else ""
    return f"{before}{re.escape(word)}{after}"


@lru_cache(maxsize=8)
def student_schema(language: str = "zh") -> StudentSchema:
    """The bundled schema of a language: ``zh`` as published, ``en``.

    Raises:
        InvalidInput: No schema is bundled in this language.
    """
    if language not in ("zh", "en"):
        raise InvalidInput("student schema", "language zh or en (or a schema file of your own)", language, "language")
    name = f"{language}.toml"
    return schema_from_toml((files("personarium.make.hachimi") / "data" / name).read_text(encoding="utf-8"), name)


def load_student_schema(path: str | Path) -> StudentSchema:
    """A schema of the user's own, in the form of the bundled ``en.toml``.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming the file and the field that is wrong.
    """
    path = existing(path)
    return schema_from_toml(read_text(path, "a student schema in TOML"), str(path))


def schema_from_toml(text: str, where: str) -> StudentSchema:
    """Read a schema.

    Raises:
        InvalidInput: Naming ``where`` and the field that is wrong.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(where, "a student schema in TOML", str(error)) from None
    reader = _Reader(data, where)
    lists: dict[str, Any] = {name: reader.texts(name, data.get(name)) for name in _LISTS}
    tables: dict[str, Any] = {
        "keys": reader.table("keys", ("id", *FIELDS, "slot")),
        "slot_keys": reader.table("slot_keys", ("grade", "gender", "subjects", "level")),
        "levels": reader.table("levels", LEVELS),
        "clusters": {k: reader.texts("clusters", v) for k, v in reader.mapping("clusters").items()},
        "stages": {name: reader.stage(name) for name in reader.mapping("stages")},
        "dimensions": {name: reader.dimensions(name, count) for name, count in _DIMENSIONS.items()},
        "names": {part: reader.pairs(part) for part in ("surnames", "given")},
    }
    spans: dict[str, Any] = {name: reader.span(name) for name in ("length", "social_length")}
    single: dict[str, Any] = {name: reader.text(name) for name in _TEXTS}
    reader.need(len(lists["grade_words"]) == len(WEIGHTS), "six words, best first", "grade_words")
    reader.need(single["unit"] in ("character", "word"), "character or word", "unit")
    for name in ("agent_name", "agent_name_strict"):
        reader.expression(name)
    return StudentSchema(**single, **lists, **tables, **spans, reach=reader.whole("reach"), where=where)


@dataclass(frozen=True)
class _Reader:
    """Takes fields out of the file, each checked to be what it should."""

    data: Mapping[str, Any]
    where: str

    def need(self, holds: bool, expected: str, field: str, found: object = None) -> None:
        if not holds:
            raise InvalidInput(self.where, expected, self.data.get(field) if found is None else found, field)

    def text(self, name: str) -> str:
        found = self.data.get(name)
        self.need(isinstance(found, str) and bool(found) and len(found) <= 500, "a text", name)
        return str(found)

    def whole(self, name: str) -> int:
        found = self.data.get(name)
        self.need(type(found) is int and 1 <= found <= 200, "a whole number from 1 to 200", name)
        return int(self.data[name])

    def span(self, name: str) -> tuple[int, int]:
        found = self.data.get(name)
        fits = (
            isinstance(found, list) and len(found) == 2 and all(type(n) is int for n in found) and found[0] <= found[1]
        )
        self.need(fits, "two whole numbers, the smaller one first", name)
        return int(self.data[name][0]), int(self.data[name][1])

    def texts(self, name: str, found: object) -> tuple[str, ...]:
        fits = isinstance(found, list) and found and all(isinstance(t, str) and 0 < len(t) <= 200 for t in found)
        self.need(bool(fits), "a list of texts", name, found)
        return tuple(found) if isinstance(found, list) else ()

    def mapping(self, name: str, inside: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        found = (self.data if inside is None else inside).get(name)
        self.need(isinstance(found, dict) and bool(found), "a table", name, found)
        return found if isinstance(found, dict) else {}

    def table(self, name: str, keys: Sequence[str]) -> dict[str, str]:
        found = self.mapping(name)
        missing = [key for key in keys if not isinstance(found.get(key), str) or not found[key]]
        self.need(not missing, f"a text under each of {', '.join(keys)}", name, dict(found))
        return {key: found[key] for key in keys}

    def stage(self, name: str) -> Stage:
        found = self.mapping(name, self.mapping("stages"))
        words = found.get("words")
        fits = isinstance(words, list) and all(
            isinstance(w, list) and len(w) == 3 and isinstance(w[0], str) and type(w[1]) is type(w[2]) is int
            for w in words
        )
        self.need(
            fits and isinstance(found.get("key"), str), "key, and words of [word, youngest, oldest]", f"stages.{name}"
        )
        return Stage(str(found["key"]), {w[0]: (w[1], w[2]) for w in words or ()})

    def dimensions(self, name: str, count: int) -> dict[str, str]:
        found = self.mapping(name, self.mapping("dimensions"))
        needed = {"creativity": {"feasibility", "proposing"}, "values": {"body_and_mind"}}.get(
            name, {"overall", "happiness", "depression", "anxiety"}
        )
        fits = all(isinstance(word, str) and word for word in found.values()) and needed <= set(found)
        expected = f"words of dimensions ({count} as published), among them {', '.join(sorted(needed))}"
        self.need(fits, expected, f"dimensions.{name}", dict(found))
        return dict(found)

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        found = self.mapping("names").get(name)
        fits = (
            isinstance(found, list)
            and found
            and all(isinstance(p, list) and len(p) == 2 and all(isinstance(t, str) and t for t in p) for p in found)
        )
        self.need(bool(fits), "pairs of a name and its part of the agent name", f"names.{name}", found)
        return tuple((p[0], p[1]) for p in found or ())

    def expression(self, name: str) -> None:
        try:
            re.compile(self.text(name))
        except re.error as error:
            raise InvalidInput(self.where, f"a regular expression ({error})", self.data[name], name) from None
