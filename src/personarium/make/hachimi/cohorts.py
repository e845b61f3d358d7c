"""The cohorts of HACHIMI's survey: 16 cells of level, gender and psychological risk, whose means are correlated with people's.

The survey itself, and the correlation for whole questionnaires, are :mod:`personarium.play.survey`; here is which cell a student
is in, and the correlation item by item where the answers are at hand.

Source: hachimi page, step 11 and "Works when" 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from personarium.make.hachimi.grades import dimension_grades
from personarium.make.hachimi.schema import LEVELS, Student, StudentSchema
from personarium.play.survey.cohorts import Cell, CohortCorrelation, cohort_means, correlate_cohorts

RISKS = ("low", "high")


@dataclass(frozen=True, slots=True)
class Respondent:
    """Who answered, human or agent.

    Args:
        cell: The cohort; None when it is not known, and then the answers count nowhere.
        answers: Item -> its number; None or left out where there is no answer.
        weight: Sampling weight.
    """

    cell: Cell | None
    answers: Mapping[str, float | None]
    weight: float = 1.0


def student_cells(schema: StudentSchema) -> tuple[Cell, ...]:
    """The 16 cohorts: level x gender x risk group."""
    return tuple((level, gender, risk) for level in LEVELS for gender in schema.genders for risk in RISKS)


def risk_group(student: Student, schema: StudentSchema) -> str | None:
    """``high`` when the health text calls the risk of depression or of anxiety anything but low; None when it names neither.

    The paper does not say how its two groups are cut.
    """
    grades = dimension_grades(str(student.get("health", "")), "health", schema)
    risks = [grades[name] for name in ("depression", "anxiety") if name in grades]
    if not risks:
        return None
    return "low" if all(risk in schema.low_risk for risk in risks) else "high"


def cell_of(student: Student, schema: StudentSchema) -> Cell | None:
    """The cohort of a student; None when level, gender or risk cannot be read."""
    level, gender = schema.level_names.get(str(student.get("level"))), student.get("gender")
    risk = risk_group(student, schema)
    return (level, str(gender), risk) if level and gender in schema.genders and risk else None


def cohort_agreement(
    agents: Sequence[Respondent],
    people: Sequence[Respondent],
    cells: Iterable[Cell],
    items: Iterable[str] | None = None,
) -> dict[str, CohortCorrelation]:
    """Per item Pearson and Spearman between the two vectors of cell means.

    Args:
        agents: Who answered for the population that was made.
        people: Who answered in the survey.
        cells: The cohorts; one in which either side has no answer is listed as left out, never taken as 0.
        items: Which items; all that an agent answered by default, in order.
    """
    every = tuple(cells)
    named = dict.fromkeys(name for agent in agents for name in agent.answers) if items is None else items
    return {item: correlate_cohorts(_means(agents, item, every), _means(people, item, every)) for item in named}


def _means(respondents: Sequence[Respondent], item: str, cells: Sequence[Cell]) -> dict[Cell, float | None]:
    values = [one.answers.get(item) for one in respondents]
    found = cohort_means(values, [one.cell for one in respondents], [one.weight for one in respondents])
    return {cell: found.get(cell) for cell in cells}
