"""A survey held against people: distances question by question, beside what trivial answerers reach.

Source: deeppersona page, step 13 (distances, mean over questions) and traps (full samples, recoded scales, raw answers).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.results import Estimate
from personarium.play.survey.asking import Given
from personarium.play.survey.human import HumanTable
from personarium.play.survey.measures import (
    Measure,
    blind_values,
    comparable,
    compared_values,
    measures_of,
)
from personarium.play.survey.questions import Question, key_of
from personarium.play.survey.result import SurveyResult, columns_of

# Who is compared with all of the people: the survey, and what it has to beat (or, for the halves, can at best reach).
SURVEY, NOBODY, BLIND, HALVES = "survey", "no persona", "all answers alike", "two halves of the people"


@dataclass(frozen=True, slots=True)
class Compared:
    """One quantity of one question.

    Args:
        name: The quantity (see :class:`Measure`).
        question: The question's id.
        kind: ``numeric`` or ``nominal``.
        survey: Persons with an answer.
        people: People with an answer.
        distances: Who is compared -> distance -> estimate.
    """

    name: str
    question: str
    kind: str
    survey: int
    people: int
    distances: Mapping[str, Mapping[str, Estimate]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All quantities, and their means over questions.

    Args:
        rows: One for each quantity of each question that people were asked too.
        table: The people.
        row_aligned: Whether only as many rows as the shorter side has were compared (the published fault).
    """

    rows: tuple[Compared, ...]
    table: HumanTable
    row_aligned: bool = False

    def mean(self, distance: str, who: str = SURVEY) -> Estimate:
        """Mean of a distance over questions (of several quantities of one question their mean first).

        The interval is over questions: how much it hangs on which were asked; each question has its own over persons.
        """
        from personarium.stats import bootstrap_mean

        found: dict[str, list[float]] = {}
        for row in self.rows:
            estimate = row.distances.get(who, {}).get(distance)
            if estimate is not None and estimate.value is not None:
                found.setdefault(row.question, []).append(estimate.value)
        return bootstrap_mean([sum(values) / len(values) for values in found.values()], "question", draws=2_000)

    def subjects(self) -> tuple[str, ...]:
        """Who is compared, the survey first."""
        return tuple(dict.fromkeys(who for row in self.rows for who in row.distances))


def compare_with_people(
    result: SurveyResult, table: HumanTable, *, row_aligned: bool = False, draws: int = 500, seed: int = 0
) -> Comparison:
    """Distances of a survey's raw answers from people's, each question apart.

    Args:
        result: The survey.
        table: The people; both sides are taken whole, whatever their sizes.
        row_aligned: The published fault (only the first rows of both sides are compared).
        draws: Bootstrap samples of each distance.
        seed: Of the bootstrap and of the halves.
    """
    rows = [
        _row(result, table, question, measure, row_aligned, draws, seed)
        for question in result.questionnaire.questions
        if question.id in table.columns
        for measure in measures_of(question)
    ]
    return Comparison(tuple(rows), table, row_aligned)


def _row(
    result: SurveyResult,
    table: HumanTable,
    question: Question,
    measure: Measure,
    row_aligned: bool,
    draws: int,
    seed: int,
) -> Compared:
    from personarium.stats.two_samples import Sample

    people = people_of(table, measure)
    survey = survey_of(result, question, measure)
    sides: dict[str, tuple[Any, Any, int]] = {SURVEY: (survey, people, draws)}
    if result.baseline:
        values = [_value(question, measure, one) for one in result.of(question.id, baseline=True)]
        sides[NOBODY] = (Sample([value for value in values if value is not None]), people, draws)
    sides[BLIND] = (Sample(blind_values(question, measure)), people, 0)
    sides[HALVES] = (*_halves(people, seed), 0)
    distances = {who: _distances(measure, x, y, row_aligned, n, seed) for who, (x, y, n) in sides.items()}
    persons = {one.person for one in result.of(question.id) if one.status == "answered"}
    return Compared(measure.name, question.id, measure.kind, len(persons), len(people.values), distances)


def _distances(measure: Measure, x: Any, y: Any, row_aligned: bool, draws: int, seed: int) -> Mapping[str, Estimate]:
    from personarium.stats.two_samples import nominal_distances, numeric_distances

    if measure.kind == "nominal":
        return nominal_distances(x, y, draws=draws, seed=seed)
    return numeric_distances(x, y, row_aligned=row_aligned, draws=draws, seed=seed)


def survey_of(result: SurveyResult, question: Question, measure: Measure) -> Any:
    """The survey's answers as a sample: weights and persons only where they matter."""
    from personarium.stats.two_samples import Sample

    answered = [one for one in result.of(question.id) if one.status == "answered"]
    values = [_value(question, measure, one) for one in answered]
    weights = [result.weight_of[one.person] for one in answered] if result.weighted else None
    return Sample(values, weights, [one.person for one in answered] if result.config.repeats > 1 else None)


def people_of(table: HumanTable, measure: Measure) -> Any:
    """People's answers as a sample; who gave none is left out."""
    from personarium.stats.two_samples import Sample

    answers = table.columns[measure.question].answers
    there = [k for k, answer in enumerate(answers) if answer is not None]
    weights = None if table.weights is None else [table.weights[k] for k in there]
    return Sample([measure.of(answers[k]) for k in there], weights)


def _value(question: Question, measure: Measure, one: Given) -> Any:
    return None if one.value is None else measure.of(comparable(question, one.value))


def _halves(people: Any, seed: int) -> tuple[Any, Any]:
    """The people in two random halves: what another such sample of people would reach."""
    import numpy as np

    from personarium.stats.two_samples import Sample

    order = np.random.default_rng(seed).permutation(len(people.values)).tolist()
    half = (len(order) + 1) // 2
    parts = []
    for at in (order[:half], order[half:]):
        weights = None if people.weights is None else [people.weights[k] for k in at]
        parts.append(Sample([people.values[k] for k in at], weights))
    return parts[0], parts[1]


def shares_beside_people(result: SurveyResult, table: HumanTable, question: Question) -> dict[str, dict[str, Estimate]]:
    """For each answer on the common scale: its share among the personas, the people, and without a persona."""
    from personarium.stats.weighted import weighted_share

    answered = [one for one in result.of(question.id) if one.status == "answered"]
    answers = table.columns[question.id].answers
    there = [k for k, answer in enumerate(answers) if answer is not None]
    weights = [result.weight_of[one.person] for one in answered] if result.weighted else None
    persons = [one.person for one in answered] if result.config.repeats > 1 else None
    theirs = None if table.weights is None else [table.weights[k] for k in there]
    sides: dict[str, tuple[dict[str, list[float]], list[float] | None, list[str] | None]] = {
        "personas": (_own_columns(question, answered), weights, persons),
        "people": (_columns(question, [answers[k] for k in there]), theirs, None),
    }
    if result.baseline:
        sides[NOBODY] = (_own_columns(question, result.of(question.id, baseline=True)), None, None)
    found: dict[str, dict[str, Estimate]] = {}
    for who, (columns, shares, groups) in sides.items():
        for label, hits in columns.items():
            found.setdefault(label, {})[who] = weighted_share(hits, shares, groups)
    return found


def _own_columns(question: Question, given: Sequence[Given]) -> dict[str, list[float]]:
    return _columns(question, [comparable(question, one.value) for one in given if one.value is not None])


def _columns(question: Question, values: Sequence[Any]) -> dict[str, list[float]]:
    recoded = question.human is not None and question.human.recode_answers
    if not recoded or question.type == "number":
        return columns_of(question, values)
    labels = dict.fromkeys(key_of(value) for value in compared_values(question))
    return {label: [float(key_of(value) == label) for value in values] for label in labels}
