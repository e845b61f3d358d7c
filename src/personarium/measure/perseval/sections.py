"""PerSEval's result as the data of a report (docs/report.md).

Source: page perseval (arXiv 2407.00453), tables and traps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personarium.measure.perseval.published import published_correlations
from personarium.measure.perseval.scores import ModelScores
from personarium.measure.perseval.subsamples import Stability, rank_stability

CAUTIONS = (
    "PerSEval compares models under one distance; scores under two distances are not comparable.",
    "Outputs that differ between users score only where the users' own texts differ likewise; it does not say that "
    "anybody likes them.",
    "A distance with a narrow range (BERTScore) hides the penalty for inaccurate outputs.",
)


def perseval_summary(
    scores: Mapping[str, ModelScores],
    distance: str,
    *,
    rows: Sequence[Stability] = (),
    human: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """The summary of one comparison.

    Args:
        scores: Model -> its scores.
        distance: The distance's name.
        rows: Stability of each model, if it was computed.
        human: Correlations with a human column, by name, if there is one.
        seed: Of the bootstrap.
    """
    estimates = {model: one.estimates(seed) for model, one in scores.items()}
    best = max(scores, key=lambda model: scores[model].perseval or 0.0)
    shown = {f"PerSEval, {model}": found["PerSEval"].as_dict() for model, found in estimates.items()}
    return {
        "kind": "perseval",
        "title": f"PerSEval: {len(scores)} models under {distance}",
        "subtitle": "How far outputs differ between users as the users' own texts do, and no less well for any.",
        "headline": f"PerSEval, {best}",
        "estimates": shown,
        "scale": {"lo": 0, "hi": 1, "higher_is_better": True, "unit": "share"},
        "meaning": "1 means as different between users as their own texts are, and accurate for all; intervals resample "
        "documents.",
        "cautions": list(CAUTIONS),
        "notices": notices(scores),
        "sections": [_models(estimates), *_stability(rows), *_human(human), _published()],
    }


def notices(scores: Mapping[str, ModelScores]) -> list[str]:
    """What was left out or had no weight, one sentence a model."""
    found = []
    for model, one in scores.items():
        lost = ", ".join(f"{count} {_KINDS[kind]}" for kind, count in sorted(one.missing.items()))
        if lost:
            found.append(f"{model}: {lost}.")
        if one.zero_document:
            found.append(f"{model}: {one.zero_document} texts at distance 0 from their document have weight 0.")
    return found


_KINDS = {
    "document": "documents with fewer than two users who can be compared were skipped",
    "filled": "missing distances were taken as 1, as published",
    "user": "users without gold, output or distance were left out",
}


def _models(estimates: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    names = list(next(iter(estimates.values())))
    rows = [[model, *(found[name].as_dict() for name in names)] for model, found in estimates.items()]
    note = "EGISES and the distance from the golds: lower is better. Means over documents."
    return {"kind": "table", "title": "Models", "note": note, "columns": ["model", *names], "rows": rows}


def _stability(rows: Sequence[Stability]) -> list[dict[str, Any]]:
    if not rows:
        return []
    shares = list(rows[0].columns)
    table = {
        "kind": "table",
        "title": "Stability when only a share of the comparisons is drawn",
        "note": "PerSEval at each share in percent, mean of samples; spread is the standard deviation of the columns.",
        "columns": ["model", *(str(share) for share in shares), "spread"],
        "rows": [[row.model, *row.columns.values(), row.spread] for row in rows],
    }
    if len(rows) < 2:
        return [table]
    agreement = [
        [str(share), found["spearman"].as_dict(), found["kendall"].as_dict()]
        for share, found in rank_stability(rows).items()
    ]
    ranks = {
        "kind": "table",
        "title": "The ranking at each share against the whole",
        "columns": ["share", "Spearman", "Kendall"],
        "rows": agreement,
    }
    return [table, ranks]


def _human(human: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if human is None:
        return []
    rows = [[name, estimate.as_dict()] for name, estimate in human.items()]
    return [
        {"kind": "table", "title": "Agreement with people", "columns": ["correlation", "with the human column"]}
        | {"rows": rows}
    ]


def _published() -> dict[str, Any]:
    rows = [[name, *(e.as_dict() for e in found.values())] for name, found in published_correlations().items()]
    return {
        "kind": "table",
        "title": "Published: which distances rank ten systems as people do",
        "note": "Recomputed from the printed scores on PENS headlines; ten systems leave wide intervals.",
        "columns": ["distance", "Pearson", "Spearman", "Kendall"],
        "rows": rows,
    }
