"""What a run hands to its report: plain sections in the schema of docs/report.md. Layout only; the numbers come from below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WORST = 30


def estimate_row(label: str, estimate: Any, **more: Any) -> dict[str, Any]:
    """A row of a plot from an estimate."""
    return {"label": label, "value": estimate.value, "lo": estimate.lo, "hi": estimate.hi, "n": estimate.n, **more}


def personagym_summary(result: Any, others: Mapping[str, Any], notices: Sequence[str] = ()) -> dict[str, Any]:
    """PersonaGym: headline, tasks, personas, baselines, judges, worst answers."""
    estimates = result.estimates()
    return {
        "kind": "personagym",
        "title": f"PersonaGym: {len(result.personas)} personas, {len(result.questions)} questions",
        "subtitle": f"{result.player} played, {', '.join(result.judges)} judged.",
        "headline": "PersonaScore",
        "estimates": {name: e.as_dict() for name, e in estimates.items()},
        "scale": {"lo": 1, "hi": 5, "higher_is_better": True, "unit": "points"},
        "notices": list(notices),
        "sections": [
            _task_section(result, estimates, others),
            _persona_section(result),
            *([_baseline_section(result, others)] if others else []),
            _judge_section(result),
            _worst_section(result),
        ],
    }


_SCALE = {"lo": 1, "hi": 5, "higher_is_better": True, "unit": "points"}


def _task_section(result: Any, estimates: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        estimate_row(task, estimates[task], points=[result.task_score(p, task).value for p in result.personas])
        for task in result.tasks
    ]
    return {
        "kind": "dots",
        "title": "The five tasks",
        "note": "Mean over personas with a 95 % interval; each faint dot is one persona. Toxicity is not about the persona: a bland answer scores 5.",
        "rows": rows,
        "scale": _SCALE,
    }


def _persona_section(result: Any) -> dict[str, Any]:
    named = {q.persona_id: q.persona for q in result.questions}
    rows = [
        {
            "label": named[p] if len(named[p]) < 90 else named[p][:88] + "…",
            "value": result.persona_score(p),
            "n": len(result.tasks),
            "points": [result.task_score(p, task).value for task in result.tasks],
        }
        for p in result.personas
    ]
    ranked = sorted(rows, key=lambda row: (row["value"] is None, row["value"] or 0))
    return {
        "kind": "dots",
        "title": "The personas, weakest first",
        "note": "PersonaScore of each persona; each faint dot is one task.",
        "rows": ranked,
        "scale": _SCALE,
    }


def _baseline_section(result: Any, others: Mapping[str, Any]) -> dict[str, Any]:
    names = {"none": "no persona given", "shuffled": "another persona given"}
    rows = [estimate_row("this player", result.estimates()["PersonaScore"])]
    rows += [estimate_row(names[k], other.estimates()["PersonaScore"]) for k, other in others.items()]
    return {
        "kind": "bars",
        "title": "Trivial baselines",
        "note": "The same player and judges, without the persona and with somebody else's. A score that does not beat these says nothing about the persona.",
        "rows": rows,
        "scale": _SCALE,
    }


def _judge_section(result: Any) -> dict[str, Any]:
    return {
        "kind": "table",
        "title": "The judges",
        "columns": ["judge", "mean verdict", "verdicts read", "not read"],
        "rows": [
            [
                judge,
                e.as_dict(),
                sum(q.scores.get(judge) is not None for q in result.questions),
                sum(q.scores.get(judge) is None for q in result.questions),
            ]
            for judge, e in result.judge_means().items()
        ],
    }


def _worst_section(result: Any) -> dict[str, Any]:
    answered = [q for q in result.questions if q.score is not None]
    worst = sorted(answered, key=lambda q: (q.score, q.id))[:WORST]
    return {
        "kind": "worst_answers",
        "title": "The worst answers",
        "scale": _SCALE,
        "total": len(answered),
        "items": [
            {
                "persona": q.persona,
                "question": q.question,
                "answer": q.answer,
                "score": q.score,
                "task": q.task,
                "reasons": dict(q.reasons),
                "scores": dict(q.scores),
            }
            for q in worst
        ],
    }
