"""The light filter: cheap executable checks that accept or refuse a finished draft, and the quotas against optimism.

Source: hachimi page, steps 3, 4 and 7.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from personarium.make.hachimi.grades import count_middle_or_lower, dimension_grades, middle_or_lower
from personarium.make.hachimi.published import ANY_DIMENSION, LOOSE_AGENT_NAME
from personarium.make.hachimi.rules import (
    RULES,
    agent_name_fits,
    feasibility_issues,
    issue,
    paragraph_issues,
)
from personarium.make.hachimi.schema import Student, StudentSchema
from personarium.make.hachimi.slots import StudentSlot
from personarium.make.population.drafting import Issue


@dataclass(frozen=True, slots=True)
class OptimismQuota:
    """How much of a student of one level must not be good.

    Args:
        values: Grades that are middle or lower in the text on values, at least.
        creativity: Dimensions of creativity that are middle or lower, at least.
        health: Whether overall state or happiness must be middle or lower, and the two risks may not both be low.
    """

    values: int
    creativity: int
    health: bool


OPTIMISM: Mapping[str, OptimismQuota] = {
    "high": OptimismQuota(0, 0, False),
    "mid": OptimismQuota(1, 2, False),
    "low": OptimismQuota(2, 3, True),
    "poor": OptimismQuota(3, 4, True),
}


def light_filter(
    student: Student, slot: StudentSlot, schema: StudentSchema, faults: Collection[str] = ()
) -> list[Issue]:
    """Everything for which the filter refuses a student: required keys, exact level string, agent name, single paragraphs,
    presence of what the texts must name, quotas of the slot's level, feasibility.

    Args:
        student: By the fields' own names.
        slot: What was wanted.
        schema: The school.
        faults: Erratum ids of the filter: ``any-dimension``, ``middle-anywhere``, ``first-list-marker-only``,
            ``loose-agent-name``.
    """
    found = [*RULES["R7"](student, schema), *RULES["R15"](student, schema)]
    if not agent_name_fits(student.get("agent_name"), schema, strict=LOOSE_AGENT_NAME not in faults):
        found.append(issue(schema, "R6", ("agent_name",), f"the agent name must be {schema.agent_name_told}"))
    found += paragraph_issues(student, schema, faults)
    found += presence_issues(student, schema, faults)
    found += quota_issues(student, slot, schema, faults)
    grades = dimension_grades(str(student.get("creativity", "")), "creativity", schema)
    return [*found, *feasibility_issues(grades, schema)]


def presence_issues(student: Student, schema: StudentSchema, faults: Collection[str] = ()) -> Iterator[Issue]:
    """R8 to R10 as far as code can see: every dimension with a grade, and the closing summary.

    Differs: as published one dimension and one grade word anywhere are enough (``any-dimension``).
    """
    codes = {"values": "R8", "creativity": "R9", "health": "R10"}
    for area, code in codes.items():
        text = str(student.get(area, ""))
        missing = _not_named(text, area, schema, faults)
        if missing:
            yield issue(
                schema, code, (area,), f"'{schema.keys[area]}' does not name with a grade: {', '.join(missing)}"
            )
    if not any(word in str(student.get("creativity", "")).lower() for word in schema.closing):
        told = f"'{schema.keys['creativity']}' has no closing {' or '.join(schema.closing)}"
        yield issue(schema, "R9", ("creativity",), told)


def _not_named(text: str, area: str, schema: StudentSchema, faults: Collection[str]) -> list[str]:
    names = schema.dimensions[area]
    if ANY_DIMENSION not in faults:
        graded = dimension_grades(text, area, schema)
        return [word for name, word in names.items() if name not in graded]
    low = text.lower()
    named = any(word.lower() in low for word in names.values())
    if area == "health":
        named = named or any(word.lower() in low for word in schema.health_words)
    graded_at_all = area != "values" or any(word in low for word in schema.grade_words)
    return [] if named and graded_at_all else list(names.values())


def quota_issues(
    student: Student, slot: StudentSlot, schema: StudentSchema, faults: Collection[str] = ()
) -> Iterator[Issue]:
    """What is too good for the slot's level (step 3)."""
    quota = OPTIMISM[slot.level]
    for area, least in (("values", quota.values), ("creativity", quota.creativity)):
        count = count_middle_or_lower(str(student.get(area, "")), area, schema, faults)
        if count < least:
            worst = f"'{schema.grade_words[3]}' or lower"
            yield issue(
                schema, "QUOTA", (area,), f"{count} grades are {worst} in '{schema.keys[area]}', {least} needed"
            )
    if quota.health:
        yield from _health_quota(student, schema)


def _health_quota(student: Student, schema: StudentSchema) -> Iterator[Issue]:
    grades = dimension_grades(str(student.get("health", "")), "health", schema)
    names = schema.dimensions["health"]
    if not any(middle_or_lower(grades.get(name), schema) for name in ("overall", "happiness")):
        told = f"{names['overall']} or {names['happiness']} must be '{schema.grade_words[3]}' or lower"
        yield issue(schema, "QUOTA", ("health",), told)
    if all(grades.get(name) in schema.low_risk for name in ("depression", "anxiety")):
        yield issue(schema, "QUOTA", ("health",), f"{names['depression']} and {names['anxiety']} may not both be low")
