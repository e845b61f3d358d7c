"""A judge's calibration as report sections, plain dicts of the schema of docs/report.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from personarium.measure.calibrate.judge_result import JudgeCalibration


def sections_of(c: JudgeCalibration) -> list[dict[str, Any]]:
    """Findings, gaps, knobs, certainty, limits, and what fools the instrument."""
    found = [_findings(c), _gaps(c), _knobs(c), _limits(c)]
    found += [_certainty(c)] if c.certainty else []
    return [*found, _broken(c), _tricks(c)] if c.broken or c.tricks else found


def _findings(c: JudgeCalibration) -> dict[str, Any]:
    silent = [f"Not varied: {name}, for {why}." for name, why in c.not_varied.items()]
    text = "\n\n".join([c.sentence, f"{c.claim} Judge: {c.judge}. {c.note}", *c.findings, *silent])
    tone = "warning" if c.fooled_by else "info"
    return {"kind": "note", "title": f"Calibration of the judge of {c.instrument}", "text": text, "tone": tone}


def _gaps(c: JudgeCalibration) -> dict[str, Any]:
    what = "facts that the words carry" if c.reads == "voice" else "facts that the better reply carries more"
    return {
        "kind": "table",
        "title": "Accuracy against the planted truth",
        "note": f"The honest judge. Chance is {c.chance:.2f}; a tie counts one half.",
        "columns": [what, "accuracy"],
        "rows": [[gap, estimate.as_dict()] for gap, estimate in c.by_gap.items()],
    }


def _knobs(c: JudgeCalibration) -> dict[str, Any]:
    return {
        "kind": "table",
        "title": "What the judge was given, and what is measured",
        "note": "Planted is what the judge's parameters make of these trials before anything is rounded or clipped.",
        "columns": ["parameter", "setting", "figure", "planted", "measured"],
        "rows": [[p.knob, p.value, p.figure, _short(p.planted), p.measured.as_dict()] for p in c.knobs],
    }


def _certainty(c: JudgeCalibration) -> dict[str, Any]:
    return {
        "kind": "table",
        "title": "Stated certainty",
        "note": "A judge of noise 1 on pairs (of voices: the honest judge). ECE: ten bins, 0 is best. AUROC: .5 tells nothing.",
        "columns": ["overconfidence", "mean stated", "share right", "ECE", "AUROC"],
        "rows": [
            [p.overconfidence, *(e.as_dict() for e in (p.stated, p.right, p.error, p.auroc))] for p in c.certainty
        ],
    }


def _limits(c: JudgeCalibration) -> dict[str, Any]:
    return {
        "kind": "table",
        "title": "Smallest true difference found with 80 % power",
        "note": f"Two-sided paired t test at level .05. False alarms between equals: {c.false_alarms}; .05 is right.",
        "columns": ["pairs", c.limit_unit],
        "rows": [[limit.n, _short(limit.difference)] for limit in c.limits],
    }


def _broken(c: JudgeCalibration) -> dict[str, Any]:
    rows = [
        [b.judge, b.what, b.accuracy.as_dict(), "; ".join(b.signs) or None, b.verdict, _counts(b.failures)]
        for b in c.broken
    ]
    return {
        "kind": "table",
        "title": "What fools this instrument: judges",
        "note": "Signs are what shows in the verdicts without knowing which of them are right.",
        "columns": ["judge", "what it does", "accuracy", "signs", "verdict", "failures"],
        "rows": [["honest judge", "", c.accuracy.as_dict(), "; ".join(c.honest_signs) or None, None, None], *rows],
    }


def _tricks(c: JudgeCalibration) -> dict[str, Any]:
    judges = list(c.tricks[0].shares) if c.tricks else []
    rows = [
        [t.trick, t.what, *(cell for judge in judges for cell in (t.shares[judge].as_dict(), t.verdicts[judge]))]
        for t in c.tricks
    ]
    what = "share recovered" if c.reads == "voice" else "share won against an honest reply with half of the facts"
    return {
        "kind": "table",
        "title": "What fools this instrument: players",
        "note": f"{what}; {c.chance:.2f} is a draw.",
        "columns": ["player", "what it does", *(cell for judge in judges for cell in (judge, "verdict"))],
        "rows": rows,
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}")


def _counts(failures: Any) -> str | None:
    return ", ".join(f"{n} {kind}" for kind, n in failures.items()) or None
