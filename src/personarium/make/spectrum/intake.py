"""The intake of a real person: answers to the four instruments, from a file.

Source: spectrum page, "Takes and gives" and steps 1 to 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import existing, iter_json_lines, parse_json, parse_yaml, read_text
from personarium.make.spectrum.questionnaires import Questionnaire
from personarium.make.spectrum.social import SocialField, social_fields, social_questions

LISTED = 5  # loves and hates
LONGEST_ESSAY = 5_000  # characters; the page asks for up to five lines
_KEYS = ("id", "name", "social", "personality", "values", "weekday", "weekend", "loves", "hates")


@dataclass(frozen=True)
class Intake:
    """What one person answered.

    Args:
        id: Stable id.
        name: How the person wants to be called; prompts do not show it.
        social: Lines of the social identity.
        personality: Answers by item code.
        values: Answers by item code.
        weekday: "A typical weekday for me starts off by ...".
        weekend: "A typical weekend for me starts off by ...".
        loves: Five things.
        hates: Five things.
    """

    id: str
    name: str
    social: tuple[SocialField, ...]
    personality: Mapping[str, int]
    values: Mapping[str, int]
    weekday: str
    weekend: str
    loves: tuple[str, ...]
    hates: tuple[str, ...]


def read_intake(
    data: object,
    personality: Questionnaire,
    values: Questionnaire,
    where: str = "intake",
    faults: frozenset[str] = frozenset(),
) -> Intake:
    """Check the answers of one person.

    Args:
        data: An object with ``id``, ``social`` (field -> answer), ``personality`` and ``values`` (code or number ->
            1 to 7), ``weekday``, ``weekend``, ``loves``, ``hates``; ``name`` may be left out.
        personality: The questionnaire that was answered.
        values: The questionnaire that was answered.
        where: File and place, for messages.
        faults: Errata that are switched on.

    Raises:
        InvalidInput: Naming the field or item.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput(where, "an object with the answers of one person", data)
    unknown = [key for key in data if key not in _KEYS]
    if unknown:
        raise InvalidInput(where, f"fields among {', '.join(_KEYS)}", unknown[0], str(unknown[0]))
    id = data.get("id")
    if isinstance(id, bool) or not isinstance(id, (str, int)) or not str(id).strip():
        raise InvalidInput(where, "an id", id, "id")
    social, answers, importance = (_object(data, key, where) for key in ("social", "personality", "values"))
    return Intake(
        id=str(id),
        name=str(data.get("name") or ""),
        social=social_fields(social, (), where, faults),
        personality=personality.check(answers, where),
        values=values.check(importance, where),
        weekday=_essay(data, "weekday", where),
        weekend=_essay(data, "weekend", where),
        loves=_five(data, "loves", where),
        hates=_five(data, "hates", where),
    )


def load_intakes(path: str | Path, personality: Questionnaire, values: Questionnaire) -> list[Intake]:
    """Read the answers of people from a file: JSON Lines, or one person or a list of people in JSON or YAML.

    Raises:
        NotFound: No such file.
        InvalidInput: Naming file, place and field; also when an id occurs twice.
    """
    path = existing(path)
    found = [read_intake(data, personality, values, where) for where, data in _records(path)]
    seen: set[str] = set()
    for intake in found:
        if intake.id in seen:
            raise InvalidInput(str(path), "an id of its own for each person", intake.id, "id")
        seen.add(intake.id)
    return found


def _records(path: Path) -> list[tuple[str, Any]]:
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return list(iter_json_lines(path, "person"))
    text = read_text(path, "the answers of one person or more")
    data = parse_json(text, str(path)) if suffix == ".json" else parse_yaml(text, str(path))
    people = data if isinstance(data, list) else [data]
    return [(f"{path}: person {n}" if len(people) > 1 else str(path), one) for n, one in enumerate(people, 1)]


def _object(data: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = data.get(key)
    if not isinstance(value, Mapping):
        raise InvalidInput(where, "an object with answers", value, key)
    return value


def _essay(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_ESSAY:
        raise InvalidInput(where, f"a text of at most {LONGEST_ESSAY:,} characters", value, key)
    return value.strip()


def _five(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = data.get(key)
    right = isinstance(value, Sequence) and not isinstance(value, str) and len(value) == LISTED
    if not right or not all(isinstance(one, str) and one.strip() for one in value or ()):
        raise InvalidInput(where, f"a list of {LISTED} things", value, key)
    return tuple(" ".join(str(one).split())[:LONGEST_ESSAY] for one in value or ())


def intake_questions(personality: Questionnaire, values: Questionnaire) -> list[dict[str, Any]]:
    """Everything a person is asked, one JSON-ready row a question, in order; a form can be made of it.

    Raises:
        UsageError: The wordings of a questionnaire are not here.
    """
    rows: list[dict[str, Any]] = []
    for q in social_questions():
        options = [*q.options, *([q.withhold] if q.withhold else [])]
        only = f"{q.asked_if}: {' or '.join(q.if_answers)}" if q.asked_if else ""
        rows.append(
            {"part": "social", "code": q.field, "ask": q.ask, "options": options, "several": q.several, "only_if": only}
        )
    for part, form in (("personality", personality), ("values", values)):
        scale = [f"1 = {form.labels[0]}", f"4 = {form.labels[1]}", f"7 = {form.labels[2]}"]
        rows += [_row(part, code, text, scale) for code, text in form.asked()]
    for day in ("weekday", "weekend"):
        rows.append(_row(day, day, f"A typical {day} for me starts off by ... (up to five lines)", []))
    rows.append(_row("loves", "loves", "Name the five things you love most.", []))
    rows.append(_row("hates", "hates", "Name the five things you hate most.", []))
    return rows


def _row(part: str, code: str, ask: str, options: list[str]) -> dict[str, Any]:
    return {"part": part, "code": code, "ask": ask, "options": options, "several": False, "only_if": ""}
