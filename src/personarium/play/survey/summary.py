"""A survey as a report: layout only, in the schema of ``docs/report.md``; the numbers come from the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from personarium.core.results import Estimate
from personarium.play.survey.cohorts import CohortRow
from personarium.play.survey.comparison import NOBODY, SURVEY, Comparison, shares_beside_people
from personarium.play.survey.questions import Question
from personarium.play.survey.result import SurveyResult

NAMES = {
    "ks": "KS",
    "wasserstein": "Wasserstein-1",
    "js_binned": "Jensen-Shannon",
    "mean_difference": "mean difference",
    "total_variation": "total variation",
    "js": "Jensen-Shannon",
}
MEANS = ("js_binned", "ks", "wasserstein", "mean_difference", "js", "total_variation")
SHARES = {"lo": 0, "hi": 1, "higher_is_better": None, "unit": "share"}
SHOWN_QUESTIONS = 80  # with bars of their own; a report holds 100 sections


def estimates_of(result: SurveyResult, comparison: Comparison | None = None) -> dict[str, Estimate]:
    """The headline figures: with people the mean distances over questions, then means of the answers, then answered."""
    found: dict[str, Estimate] = {}
    for distance in MEANS if comparison is not None else ():
        mean = comparison.mean(distance)  # type: ignore[union-attr]
        kind = "choices" if distance in ("js", "total_variation") else "numbers"
        if mean.n:
            found[f"{NAMES[distance]}, mean over questions ({kind})"] = mean
    for question in result.questionnaire.questions:
        mean_answer = result.mean(question.id)
        if mean_answer is not None:
            found[f"Mean of {question.id}"] = mean_answer
    if not found:
        for question in result.questionnaire.questions:
            for label, estimate in result.distribution(question.id).items():
                found[f"{question.id}: {label}"] = estimate
    return found


def survey_summary(
    result: SurveyResult,
    comparison: Comparison | None = None,
    cohorts: Sequence[CohortRow] = (),
    notices: Sequence[str] = (),
) -> dict[str, Any]:
    """The whole summary for ``run.write_summary``."""
    answered = result.answered()
    estimates = {**estimates_of(result, comparison), "Questions answered": answered}
    who = "the model itself, without any persona" if result.config.style == "none" else result.model
    return {
        "kind": "survey",
        "title": f"{result.questionnaire.title}: {len(result.people)} persons",
        "subtitle": f"{len(result.questionnaire.questions)} questions, answered by {who}.",
        "headline": next(iter(estimates)),
        "estimates": {name: estimate.as_dict() for name, estimate in estimates.items()},
        "meaning": _meaning(comparison),
        "cautions": _cautions(result, comparison),
        "notices": list(notices),
        "sections": [
            *([_distance_table(comparison), _baselines(comparison)] if comparison is not None else []),
            *([_cohort_table(cohorts)] if cohorts else []),
            *_bars(result, comparison),
            _status_table(result),
            *([_people_table(comparison)] if comparison is not None else []),
        ],
    }


def _meaning(comparison: Comparison | None) -> str:
    if comparison is None:
        return "What the personas answered, as shares and means with 95 % intervals over persons."
    return "How far the answers of the personas are from people's; 0 is no difference in the whole distribution."


def _cautions(result: SurveyResult, comparison: Comparison | None) -> list[str]:
    cautions = ["Shares of personas say something about people only as far as they were held against people's answers."]
    if comparison is not None:
        cautions.append("A distance is never below 0: compare it with that of two halves of the people.")
        cautions.append("A close mean can hide a wrong spread: look at the distances beside the mean difference.")
    if comparison is not None and comparison.row_aligned:
        cautions.insert(0, "As published: only as many rows as the shorter table has were compared.")
    if result.config.repeats > 1:
        cautions.append("Several answers of one persona are kept apart and counted as one cluster.")
    return cautions


# --- answers ---


def _bars(result: SurveyResult, comparison: Comparison | None) -> list[dict[str, Any]]:
    return [_bar(result, comparison, question) for question in result.questionnaire.questions[:SHOWN_QUESTIONS]]


def _bar(result: SurveyResult, comparison: Comparison | None, question: Question) -> dict[str, Any]:
    counts = result.counts(question.id)
    note = f"{counts['answered']} answers"
    if question.type == "ranking":
        note += "; share that puts it first"
    mean = result.mean(question.id)
    if mean is not None and mean.value is not None:
        note += f"; mean {mean.value:.2f}" + ("" if mean.lo is None else f" ({mean.lo:.2f} to {mean.hi:.2f})")
    return {
        "kind": "bars",
        "title": question.id,
        "note": f"{question.text} {note}.",
        "scale": SHARES,
        "rows": _bar_rows(result, comparison, question),
    }


def _bar_rows(result: SurveyResult, comparison: Comparison | None, question: Question) -> list[dict[str, Any]]:
    if comparison is not None and question.id in comparison.table.columns:
        sides = shares_beside_people(result, comparison.table, question)
    else:
        sides = {label: {"personas": share} for label, share in result.distribution(question.id).items()}
        for label, share in result.distribution(question.id, baseline=True).items() if result.baseline else ():
            sides[label][NOBODY] = share
    if all(len(by) == 1 for by in sides.values()):
        return [_bar_of(label, by["personas"]) for label, by in sides.items()]
    return [_bar_of(who, share, group=label) for label, by in sides.items() for who, share in by.items()]


def _bar_of(label: str, share: Estimate, **more: Any) -> dict[str, Any]:
    return {"label": label, "value": share.value, "lo": share.lo, "hi": share.hi, "n": share.n, **more}


def _status_table(result: SurveyResult) -> dict[str, Any]:
    columns = ["asked", "answered", "invalid", "unparsed", "refused", "empty", "error", "skipped", "blocked"]
    rows = []
    for question in result.questionnaire.questions:
        counts = result.counts(question.id)
        asked = sum(counts.values()) - counts["skipped"] - counts["blocked"]
        lost = None if not asked else round((asked - counts["answered"]) / asked, 4)
        rows.append([question.id, asked, *(counts[name] for name in columns[1:]), lost])
    return {
        "kind": "table",
        "title": "What became of each question",
        "note": "Invalid: a short reply that the question does not allow (out of range, not a number, an option that was not "
        "offered). Unparsed: no answer could be found. Skipped: its condition does not hold. Blocked: the answer that its "
        "condition needs failed. None of these is counted as an answer.",
        "columns": ["question", *columns, "share lost"],
        "rows": rows,
    }


# --- beside people ---


def _distance_table(comparison: Comparison) -> dict[str, Any]:
    columns = ["ks", "wasserstein", "js_binned", "mean_difference", "total_variation"]
    rows = []
    for row in comparison.rows:
        found = dict(row.distances[SURVEY])
        found.setdefault("js_binned", found.get("js"))  # type: ignore[arg-type]
        cells = [None if found.get(name) is None else found[name].as_dict() for name in columns]
        rows.append([row.name, row.survey, row.people, *cells])
    return {
        "kind": "table",
        "title": "Distances from people's answers",
        "note": "Full samples on both sides, raw answers. KS and total variation go from 0 to 1, Jensen-Shannon (a distance, "
        "natural logarithm; numbers in 19 equal bins) to 0.83; Wasserstein-1 and mean difference are in the units of the "
        "answers.",
        "columns": ["question", "persons", "people", *(NAMES[name] for name in columns)],
        "rows": rows,
    }


def _baselines(comparison: Comparison) -> dict[str, Any]:
    columns = [name for name in MEANS if comparison.mean(name).n]
    kinds = {name: "choices" if name in ("js", "total_variation") else "numbers" for name in columns}
    rows = [
        [who, *(comparison.mean(name, who).as_dict() if name in columns else None for name in columns)]
        for who in comparison.subjects()
    ]
    return {
        "kind": "table",
        "title": "Mean distance over questions, beside trivial answerers",
        "note": "Personas that are no closer to people than a model without a persona, or than answers drawn blindly, say "
        "nothing. Two halves of the people: what another sample of people would reach.",
        "columns": ["", *(f"{NAMES[name]} ({kinds[name]})" for name in columns)],
        "rows": rows,
    }


def _cohort_table(cohorts: Sequence[CohortRow]) -> dict[str, Any]:
    left_out = sorted({" / ".join(cell) for row in cohorts for cell in row.found.left_out})
    note = "Means of the same groups of personas and people, correlated over groups. By chance: 95 of 100 random dealings of "
    note += "the personas to the groups stay under this r."
    if left_out:
        note += f" Left out for want of answers on one side: {', '.join(left_out)[:1000]}."
    return {
        "kind": "table",
        "title": "Do groups of personas differ as groups of people do?",
        "note": note,
        "columns": ["question", "groups", "Pearson r", "Spearman rho", "by chance"],
        "rows": [
            [row.name, len(row.found.cells), _cell(row.found.pearson), _cell(row.found.spearman), row.by_chance]
            for row in cohorts
        ],
    }


def _cell(estimate: Estimate) -> Mapping[str, Any]:
    return replace(estimate, failures={}).as_dict()


def _people_table(comparison: Comparison) -> dict[str, Any]:
    table = comparison.table
    return {
        "kind": "table",
        "title": "People's table",
        "note": f"{table.rows} people from {table.where}"
        + (f"; {table.dropped} more have no weight." if table.dropped else ".")
        + " What is on another scale is left out and counted: recode it in the questionnaire (human: recode).",
        "columns": ["question", "answers", "missing", "not an answer", "such values"],
        "rows": [
            [id, len(c.answers) - c.missing - c.invalid, c.missing, c.invalid, ", ".join(c.strange)[:200]]
            for id, c in table.columns.items()
        ],
    }
