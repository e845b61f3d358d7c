"""A calibration as report sections, plain dicts of the schema of docs/report.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from personarium.measure.calibrate.result import Calibration


def sections_of(c: Calibration) -> list[dict[str, Any]]:
    """Curve, what can be detected, what fools the instrument, and what was found."""
    out = [_findings(c), _curve(c), _detection(c), _alarms(c)]
    return [*out, _controls(c)] if c.controls else out


def _findings(c: Calibration) -> dict[str, Any]:
    judge = f" Judge: {c.judge}." if c.judge else ""
    read = "" if c.read is None else f" {c.read:.0%} of the requests had a fact to read."
    known = [f"{c.claim}{read}{judge}", *([c.note] if c.note else [])]
    text = "\n\n".join([c.sentence, *known, *c.findings])
    fine = c.passed and not c.fooled_by
    return {
        "kind": "note",
        "title": f"Calibration of {c.instrument}",
        "text": text,
        "tone": "info" if fine else "warning",
    }


def _curve(c: Calibration) -> dict[str, Any]:
    points = [
        {
            "x": p.truth.value,
            "y": p.measured.value,
            "lo": p.measured.lo,
            "hi": p.measured.hi,
            "n": p.measured.n,
        }
        for p in c.points
        if p.truth.value is not None
    ]
    ticks = [{"at": p.truth.value, "label": _tick(p.values)} for p in c.points if p.truth.value is not None]
    return {
        "kind": "curve",
        "title": "Measured value against realised truth",
        "note": f"Rank correlation {c.rank} over personas. The axis on top is the subject's setting.",
        "x_label": f"realised truth: {c.truth_name}",
        "y_label": f"{c.instrument} ({c.scale.unit})",
        "series": [{"label": "mean over personas", "points": points}],
        "second_axis": {"label": c.knob, "ticks": ticks},
        "references": [{"label": "honest subject", "value": c.honest.value}] if c.honest.value is not None else [],
    }


def _tick(values: Any) -> str:
    return ", ".join(f"{value:g}" if isinstance(value, (int, float)) else str(value) for value in values.values())


def _detection(c: Calibration) -> dict[str, Any]:
    return {
        "kind": "table",
        "title": "Smallest difference found with 80 % power",
        "note": "Two-sided t tests at level .05, from the spread that was measured.",
        "columns": ["personas", "design", "on the instrument's scale", "as realised truth"],
        "rows": [[d.n, d.design.replace("_", " "), _short(d.difference), _short(d.truth)] for d in c.detectable],
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")


def _alarms(c: Calibration) -> dict[str, Any]:
    return {
        "kind": "table",
        "title": "False alarms",
        "note": "All pairs of subjects that differ in their seed only; a right test at level .05 errs in 5 % of them.",
        "columns": ["share of pairs called different", "expected"],
        "rows": [[c.false_alarms.as_dict(), 0.05]],
    }


def _controls(c: Calibration) -> dict[str, Any]:
    honest = [c.honest_name, "the honest subject", c.honest.as_dict(), None, None, None]
    rows = [
        [x.control, x.what, x.score.as_dict(), x.difference.as_dict(), x.verdict, _counts(x.failures)]
        for x in c.controls
    ]
    return {
        "kind": "table",
        "title": "What fools this instrument",
        "note": "A control at or above the honest subject is a finding; the insider above chance fails the instrument.",
        "columns": ["subject", "what it does", "score", "minus honest", "verdict", "failures"],
        "rows": [honest, *rows],
    }


def _counts(failures: Any) -> str | None:
    return ", ".join(f"{n} {kind}" for kind, n in failures.items()) or None
