"""Cohorts: do groups of personas differ as the same groups of people do? Means by cell, correlated item by item.

Source: hachimi page, step 11 (cells of level, gender and risk group; Pearson and Spearman between the two vectors of means).
Units: cells; a cell that either side lacks is left out and named, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.errors import UsageError
from personarium.core.results import Estimate
from personarium.play.survey.human import HumanTable
from personarium.play.survey.measures import Measure, comparable, measures_of
from personarium.play.survey.questions import Question
from personarium.play.survey.result import SurveyResult

SHUFFLES = 200  # draws of the baseline in which persons are dealt to the cells at random
Cell = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CohortCorrelation:
    """Two vectors of means over the same cells.

    Args:
        pearson: r with its interval; ``n`` is the number of cells.
        spearman: rho.
        cells: The cells that both sides have, sorted.
        left_out: Cells that one side lacks.
    """

    pearson: Estimate
    spearman: Estimate
    cells: tuple[Cell, ...]
    left_out: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class CohortRow:
    """The correlation of one quantity of a question.

    Args:
        name: The quantity.
        question: The question's id.
        found: The correlation.
        by_chance: The Pearson r that 95 of 100 random dealings of the persons to the cells stay under; None if undefined.
    """

    name: str
    question: str
    found: CohortCorrelation
    by_chance: float | None


def correlate_cohorts(
    personas: Mapping[Cell, float | None], people: Mapping[Cell, float | None], confidence: float = 0.95
) -> CohortCorrelation:
    """Pearson and Spearman between the means of the same cells.

    Args:
        personas: Cell -> mean of the personas in it; None where nobody is.
        people: Cell -> mean of the people.
        confidence: Coverage of the intervals.
    """
    from personarium.stats import pearson, spearman

    every = sorted(set(personas) | set(people))
    both = [cell for cell in every if personas.get(cell) is not None and people.get(cell) is not None]
    x, y = [personas[cell] for cell in both], [people[cell] for cell in both]
    return CohortCorrelation(
        pearson(x, y, "cohort", confidence),
        spearman(x, y, "cohort", confidence),
        tuple(both),
        tuple(cell for cell in every if cell not in set(both)),
    )


def cohort_means(
    values: Sequence[float | None], cells: Sequence[Cell | None], weights: Sequence[float] | None = None
) -> dict[Cell, float]:
    """The weighted mean of each cell; values and cells that are missing are left out."""
    sums: dict[Cell, float] = {}
    totals: dict[Cell, float] = {}
    for k, (value, cell) in enumerate(zip(values, cells, strict=True)):
        if value is None or cell is None:
            continue
        weight = 1.0 if weights is None else weights[k]
        sums[cell] = sums.get(cell, 0.0) + weight * value
        totals[cell] = totals.get(cell, 0.0) + weight
    return {cell: sums[cell] / total for cell, total in totals.items()}


def compare_cohorts(
    result: SurveyResult,
    table: HumanTable,
    cohorts: Mapping[str, Sequence[str | None]],
    *,
    shuffles: int = SHUFFLES,
    seed: int = 0,
) -> tuple[CohortRow, ...]:
    """The cohort correlation of every quantity that both sides have.

    Args:
        result: The survey.
        table: The people, loaded with the same grouping columns.
        cohorts: Name of a grouping column -> its value for each person of the survey, in order.
        shuffles: Random dealings for the baseline.
        seed: Of the baseline.

    Raises:
        UsageError: When a grouping column was not loaded for the people, or is not one value for each person.
    """
    for name, values in cohorts.items():
        if name not in table.cohorts or len(values) != len(result.people):
            raise UsageError(f"cohort column '{name}' must be loaded for the people and have a value for each person")
    ours = _cells([cohorts[name] for name in cohorts], len(result.people))
    theirs = _cells([table.cohorts[name] for name in cohorts], table.rows)
    return tuple(
        _row(result, table, question, measure, ours, theirs, shuffles, seed)
        for question in result.questionnaire.questions
        if question.id in table.columns
        for measure in measures_of(question, numeric_only=True)
    )


def _cells(columns: Sequence[Sequence[str | None]], rows: int) -> list[Cell | None]:
    cells = [tuple(column[k] for column in columns) for k in range(rows)]
    return [None if None in cell else tuple(str(part) for part in cell) for cell in cells]


def _row(
    result: SurveyResult,
    table: HumanTable,
    question: Question,
    measure: Measure,
    ours: Sequence[Cell | None],
    theirs: Sequence[Cell | None],
    shuffles: int,
    seed: int,
) -> CohortRow:
    answers = table.columns[question.id].answers
    their_values = [None if answer is None else measure.of(answer) for answer in answers]
    people = cohort_means(their_values, theirs, table.weights)
    cell_of = dict(zip(result.people, ours, strict=True))
    answered = [one for one in result.of(question.id) if one.status == "answered"]
    values = [measure.of(comparable(question, one.value)) for one in answered]  # type: ignore[arg-type]
    weights = [result.weight_of[one.person] for one in answered]
    found = correlate_cohorts(cohort_means(values, [cell_of[one.person] for one in answered], weights), people)
    persons = [one.person for one in answered]
    drawn = shuffles if found.pearson.value is not None else 0
    chance = _by_chance(values, persons, weights, cell_of, people, found.cells, drawn, seed)
    return CohortRow(measure.name, question.id, found, chance)


def _by_chance(
    values: Sequence[float],
    persons: Sequence[str],
    weights: Sequence[float],
    cell_of: Mapping[str, Cell | None],
    people: Mapping[Cell, float],
    cells: Sequence[Cell],
    shuffles: int,
    seed: int,
) -> float | None:
    """The 95th percentile of r when the persons are dealt to the cells at random, as many to each as before."""
    import numpy as np

    place = {cell: k for k, cell in enumerate(cells)}
    ids = list(dict.fromkeys(person for person in persons if cell_of[person] in place))
    if len(cells) < 3 or not shuffles:
        return None
    at = {person: k for k, person in enumerate(ids)}
    kept = [k for k, person in enumerate(persons) if person in at]
    who = np.array([at[persons[k]] for k in kept])
    value, weight = (np.array([column[k] for k in kept], dtype=float) for column in (values, weights))
    dealt: Any = np.array([place[cell_of[person]] for person in ids])  # type: ignore[index]
    target = np.array([people[cell] for cell in cells])
    rng, found = np.random.default_rng(seed), []
    for _ in range(shuffles):
        cell = rng.permutation(dealt)[who]
        sums = np.bincount(cell, weights=value * weight, minlength=len(cells))
        totals = np.bincount(cell, weights=weight, minlength=len(cells))
        if (totals > 0).all() and np.ptp(sums / totals) > 0 and np.ptp(target) > 0:
            found.append(float(np.corrcoef(sums / totals, target)[0, 1]))
    return float(np.quantile(found, 0.95)) if found else None
