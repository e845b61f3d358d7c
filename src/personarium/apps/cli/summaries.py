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
            _task_section(result, estimates),
            _persona_section(result),
            *([_baseline_section(result, others)] if others else []),
            _judge_section(result),
            _worst_section(result),
        ],
    }


_SCALE = {"lo": 1, "hi": 5, "higher_is_better": True, "unit": "points"}


def _task_section(result: Any, estimates: Mapping[str, Any]) -> dict[str, Any]:
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
            "label": shown_persona(named[p], 90),
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


def shown_persona(words: str, most: int | None = None) -> str:
    """A persona on one line: the lines of its view, without the title, cut where there is a limit."""
    lines = [line for line in words.splitlines() if line.strip() and line != "Character card"]
    line = " · ".join(lines)
    return line if most is None or len(line) < most else line[: most - 2] + "…"


BASELINES = {
    "none": "no persona given",
    "shuffled": "another persona given",
    "stranger": "the same answers, judged as another persona's",
}


def _baseline_section(result: Any, others: Mapping[str, Any]) -> dict[str, Any]:
    rows = [estimate_row("this player", result.estimates()["PersonaScore"])]
    rows += [estimate_row(BASELINES[k], other.estimates()["PersonaScore"]) for k, other in others.items()]
    return {
        "kind": "bars",
        "title": "Trivial baselines",
        "note": "The same player and judges, without the persona or with somebody else's. A score that does not beat these says nothing about the persona.",
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
                sum(q.scores.get(judge) is None for q in result.questions if q.answer is not None),
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
                "persona": shown_persona(q.persona),
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


def drift_summary(
    scores: Sequence[Any], told: str, notices: Sequence[str] = (), unit: str = "personas"
) -> dict[str, Any]:
    """Drift: mean over personas (or talks), the curve over turns, the talks that drifted most."""
    from personarium.core import Dialogue
    from personarium.stats import bootstrap_mean

    overall = bootstrap_mean([s.value for s in scores], unit.removesuffix("s"))
    drifted = sorted((s for s in scores if s.value is not None), key=lambda s: -s.value)[:3]
    talks = [(f"drift {s.value:.3f}", Dialogue.from_dict(s.detail["dialogue"])) for s in drifted]
    return {
        "kind": "drift",
        "title": f"Drift: {len(scores)} {unit if len(scores) != 1 else unit.removesuffix('s')}",
        "subtitle": told,
        "headline": "Drift",
        "estimates": {"Drift": overall.as_dict()},
        "notices": list(notices),
        "sections": [
            _drift_curve(scores),
            transcripts_section([d for _, d in talks], {d.id: {"drift": t} for t, d in talks}),
        ],
    }


def _drift_curve(scores: Sequence[Any]) -> dict[str, Any]:
    from personarium.stats import bootstrap_mean

    longest = max((len(s.parts) for s in scores), default=0)
    points = []
    for k in range(longest):
        values = [list(s.parts.values())[k] for s in scores if len(s.parts) > k]
        mean = bootstrap_mean(values, "persona")
        points.append({"x": k + 1, "y": mean.value, "lo": mean.lo, "hi": mean.hi, "n": mean.n})
    return {
        "kind": "curve",
        "title": "Distance from the persona, turn by turn",
        "x_label": "own turn",
        "y_label": "1 - cosine with the persona text",
        "series": [{"label": "mean over personas", "points": points}],
    }


def transcripts_section(
    dialogues: Sequence[Any], facts: Mapping[str, Mapping[str, str]] | None = None, total: int | None = None
) -> dict[str, Any]:
    """Dialogues to read."""
    return {
        "kind": "transcripts",
        "title": "Dialogues",
        "total": len(dialogues) if total is None else total,
        "dialogues": [
            {
                "id": d.id,
                "turns": [{"speaker": u.speaker, "text": u.text} for u in d.utterances],
                "facts": {k: str(v) for k, v in (facts or {}).get(d.id, {}).items()},
            }
            for d in dialogues
        ],
    }


def dialogues_summary(
    castings: Sequence[Any], played: Sequence[Any], measures: Sequence[Mapping[str, Any]], notices: Sequence[str] = ()
) -> dict[str, Any]:
    """Played dialogues: drift and echo where defined, transcripts."""
    from personarium.stats import bootstrap_mean

    estimates = {"Turns of a dialogue": bootstrap_mean([len(p.dialogue) for p in played], "dialogue").as_dict()}
    for name, label in (("drift", "Drift"), ("echo", "Echo")):
        values = [row[name] for row in measures]
        if any(v is not None for v in values):
            estimates[label] = bootstrap_mean(
                values, "speaker in a dialogue", [row["dialogue"] for row in measures]
            ).as_dict()
    facts = {p.id: {"ended": p.termination_reason.replace("_", " "), "failures": str(len(p.failures))} for p in played}
    return {
        "kind": "dialogues",
        "title": f"{len(played)} dialogues",
        "subtitle": " and ".join(
            f"{s.id} ({getattr(getattr(s, 'model', None), 'name', 'own agent')})" for s in castings[0].speakers
        ),
        "headline": "Turns of a dialogue",
        "estimates": estimates,
        "notices": list(notices),
        "sections": [transcripts_section([p.dialogue for p in played], facts)],
    }


def calibration_summary(found: Mapping[str, Any]) -> dict[str, Any]:
    """Calibrations of one or more instruments."""
    estimates = {}
    for c in found.values():
        for name, estimate in c.estimates().items():
            estimates[f"{c.instrument}: {name[0].lower()}{name[1:]}" if len(found) > 1 else name] = estimate
    first = next(iter(estimates))
    return {
        "kind": "calibration",
        "title": "Calibration of " + ", ".join(c.instrument for c in found.values()),
        "subtitle": "Instruments held against simulated subjects whose behaviour is known.",
        "headline": first,
        "estimates": estimates,
        "notices": [next(iter(found.values())).sentence],
        "sections": [{**s, "title": _titled(c, s, len(found))} for c in found.values() for s in c.sections()],
    }


def _titled(calibration: Any, section: Mapping[str, Any], instruments: int) -> str:
    title = str(section.get("title", ""))
    return (
        title
        if instruments == 1 or calibration.instrument in title
        else f"{calibration.instrument}: {title[0].lower()}{title[1:]}"
    )
