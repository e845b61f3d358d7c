"""PersoBench's result as the data of a report (docs/report.md): both views of failures, aspect by aspect, baselines beside them.

Source: page persobench, traps and "Works when" 6 (arXiv 2410.03198).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personarium.benchmarks.persobench.ranking import published_inputs, rank_models
from personarium.benchmarks.persobench.results import ASPECTS, STAND_IN, PersoBenchResult

CAUTIONS = (
    "Counting failed replies as worst mixes obedience to a format with personalisation: read both columns.",
    "Reciting the persona maximises the C score and the IDF overlap: see the baselines.",
    "IDF overlap cannot see a contradiction: a denial of the persona overlaps more than a harmless sentence.",
    "Reference overlap compares with one reply of many that would do; persona distance is a similarity, higher is closer.",
)
HEADLINES = ("C score", "IDF overlap")


def persobench_summary(
    result: PersoBenchResult, baselines: Mapping[str, PersoBenchResult] | None = None, dataset: str = ""
) -> dict[str, Any]:
    """The summary of one run.

    Args:
        result: What was found.
        baselines: Trivial replies, scored with the same scorers.
        dataset: Its name, for the title.
    """
    both = {view: result.estimates(view) for view in ("worst", "valid")}
    head = next((name for name in HEADLINES if name in result.metrics), "")
    estimates = {"failure ratio": result.failure_estimate().as_dict()}
    if head:
        head, name = result.label(head), head
        estimates = {f"{head}, valid replies": both["valid"][name].as_dict()} | estimates
        estimates |= {f"{head}, failures as worst": both["worst"][name].as_dict()}
    how = "with a reasoning field" if result.reasoning else "without a reasoning field"
    return {
        "kind": "persobench",
        "title": f"PersoBench{f', {dataset}' if dataset else ''}: {len(result.rows)} replies",
        "subtitle": f"{result.model or 'Given replies'}, {how}, {result.parser} cleaning.",
        "headline": next(iter(estimates)),
        "estimates": estimates,
        "meaning": "Whether what a model says next fits the persona it was given; intervals resample rows.",
        "cautions": list(CAUTIONS),
        "notices": notices(result),
        "sections": [
            *_aspects(result, both["worst"], both["valid"]),
            *_baselines(result, baselines or {}),
            _cells(result),
            _scorers(result),
            _ranking(),
        ],
    }


def notices(result: PersoBenchResult) -> list[str]:
    """What a reader must know first."""
    found = []
    stand_ins = sorted(group for group, name in result.scorers.items() if name.startswith(STAND_IN))
    if stand_ins:
        found.append(
            f"{'; '.join(stand_ins)}: measured by embedded stand-ins, not by the published models; "
            "not comparable with published figures."
        )
    if result.rescued:
        found.append(f"{result.rescued} replies were rescued by the better parser; the published cleaning loses them.")
    return found


def _aspects(result: PersoBenchResult, worst: Mapping[str, Any], valid: Mapping[str, Any]) -> list[dict[str, Any]]:
    tables = []
    for aspect, metrics in ASPECTS.items():
        rows = [[result.label(m), valid[m].as_dict(), worst[m].as_dict()] for m in metrics if m in valid]
        if rows:
            tables.append(
                {
                    "kind": "table",
                    "title": aspect.capitalize(),
                    "columns": ["metric", "valid replies only", "failures as worst (published)"],
                    "rows": rows,
                }
            )
    return tables


def _baselines(result: PersoBenchResult, baselines: Mapping[str, PersoBenchResult]) -> list[dict[str, Any]]:
    if not baselines:
        return []
    found = {"this model": result, **baselines}
    estimates = {name: one.estimates("valid") for name, one in found.items()}
    shown = [metric for metric in result.metrics if all(metric in one for one in estimates.values())]
    rows = [[result.label(metric), *(one[metric].as_dict() for one in estimates.values())] for metric in shown]
    return [
        {
            "kind": "table",
            "title": "Trivial replies beside it",
            "note": "Valid replies only. A metric that a trivial reply wins cannot carry a claim alone.",
            "columns": ["metric", *found],
            "rows": rows,
        }
    ]


def _cells(result: PersoBenchResult) -> dict[str, Any]:
    rows: list[list[Any]] = [[result.label(metric), cell] for metric, cell in result.table().items()]
    rows.append(["failure ratio", result.failure_ratio])
    return {
        "kind": "table",
        "title": "In the published form",
        "note": "Mean and population standard deviation over rows, failures as worst.",
        "columns": ["metric", "mean ± std"],
        "rows": rows,
    }


def _scorers(result: PersoBenchResult) -> dict[str, Any]:
    rows = [[group, name] for group, name in result.scorers.items()]
    return {"kind": "table", "title": "What measured", "columns": ["metric", "by"], "rows": rows}


def _ranking() -> dict[str, Any]:
    rows: list[Sequence[Any]] = []
    for setup, label in (("vanilla", "without reasoning"), ("cot", "with reasoning")):
        inputs = published_inputs(setup)  # type: ignore[arg-type]
        published = rank_models(inputs, as_published=True)
        rows += [[label, name, score, published[name]] for name, score in rank_models(inputs).items()]
    return {
        "kind": "table",
        "title": "Published on FoCus: the ranking, corrected and as printed",
        "note": "As printed, obedience to the format counts a hundredth of the other four numbers.",
        "columns": ["setup", "model", "corrected", "as printed"],
        "rows": [list(row) for row in rows],
    }
