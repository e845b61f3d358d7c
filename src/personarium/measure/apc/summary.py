"""What an APC run hands to the report: estimates and sections of the schema of docs/report.md.

Source: arXiv 2405.07726, page apc, Traps: compare within one persona, show gain beside raw APC, list contradictions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from personarium.core.results import Score, count_failures
from personarium.measure.apc.instrument import GAIN

WORST = 20


def summarise(scores: Sequence[Score], names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The part of ``summary.json`` that says what was measured.

    Args:
        scores: What :meth:`APCInstrument.measure` returned.
        names: Persona id -> what the report calls it; the id where left out.

    Returns:
        ``kind``, ``headline``, ``estimates``, ``scale`` and ``sections``.
    """
    from dataclasses import replace

    from personarium.stats import mean_interval

    failures = count_failures(failure for score in scores for failure in score.failures)
    gain = replace(mean_interval([score.value for score in scores], "persona"), failures=failures)
    shares = mean_interval([_mean(_rows(score, "apc_per_statement")) for score in scores], "persona")
    estimates = {"Gain for each relevant fact": gain, "Satisfied share of all statements (APC / n)": shares}
    return {
        "kind": "apc",
        "headline": "Gain for each relevant fact",
        "estimates": {name: estimate.as_dict() for name, estimate in estimates.items()},
        "scale": asdict(GAIN),
        "sections": [_personas(scores, names or {}), _facts(scores, names or {}), _worst(scores, names or {})],
    }


def _questions(score: Score) -> list[Mapping[str, Any]]:
    return list(score.detail.get("questions", []))


def _rows(score: Score, name: str) -> list[float]:
    return [row[name] for row in _questions(score) if row[name] is not None]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _personas(scores: Sequence[Score], names: Mapping[str, str]) -> dict[str, Any]:
    rows = [
        {
            "label": names.get(score.id, score.id),
            "value": score.value,
            "n": sum(value is not None for value in score.parts.values()),
            "points": list(score.parts.values()),
        }
        for score in scores
    ]
    note = "1: everything asked for is said and nothing contradicted; 0: a reply that is neutral to every fact."
    return {"kind": "dots", "title": "Gain by persona", "note": note, "rows": rows, "scale": asdict(GAIN)}


def _facts(scores: Sequence[Score], names: Mapping[str, str]) -> dict[str, Any]:
    """Which facts were asked for and missed, and which were contradicted, most often first."""
    counts: dict[tuple[str, str], list[int]] = {}
    for score in scores:
        for row in _questions(score):
            for place, name in enumerate(("missed", "contradicted")):
                for fact in row[name]:
                    counts.setdefault((score.id, fact), [0, 0])[place] += 1
    worst = sorted(counts.items(), key=lambda item: (-sum(item[1]), item[0]))
    return {
        "kind": "table",
        "title": "Facts that were missed or contradicted",
        "note": "APC scores an evasive and a wrong answer to the same question alike; this table tells them apart.",
        "columns": ["persona", "fact", "asked for and missed", "contradicted"],
        "rows": [[names.get(who, who), fact, *found] for (who, fact), found in worst],
    }


def _worst(scores: Sequence[Score], names: Mapping[str, str]) -> dict[str, Any]:
    rows = [
        (score.parts[row["id"]], names.get(score.id, score.id), row)
        for score in scores
        for row in _questions(score)
        if score.parts.get(row["id"]) is not None
    ]
    rows.sort(key=lambda row: row[0] if row[0] is not None else 0.0)
    items = [
        {
            "persona": who,
            "question": row["query"],
            "answer": row["response"],
            "score": value,
            "reasons": {"apc": _why(row)},
        }
        for value, who, row in rows[:WORST]
    ]
    return {
        "kind": "worst_answers",
        "title": "Worst answers",
        "items": items,
        "scale": asdict(GAIN),
        "total": len(rows),
    }


def _why(row: Mapping[str, Any]) -> str:
    told = [f"{name}: {' '.join(row[name])}" for name in ("missed", "contradicted") if row[name]]
    return "; ".join(told) or "nothing missed, nothing contradicted"
