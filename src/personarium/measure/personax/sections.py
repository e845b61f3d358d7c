"""The dependency audit as sections of a report, and as a run's summary (schema: docs/report.md).

Source: personax page, "Takes and gives" (matrices) and "Traps" (correction, effect sizes, failures listed).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from personarium.measure.personax.result import Audit, Cell, Shown

TERMS = (
    "For synthetic personas and audits of models only: a score describes what a model takes for typical, not a person. "
    "Do not use it to profile people."
)
_NAMES = {"chi_square": "chi-square", "g": "G", "hsic": "HSIC", "kci": "KCI", "rcit": "RCIT"}
_SHOWN: Mapping[Shown, str] = {"p": "p-values as tested", "corrected": "p-values corrected", "effect": "Effect sizes"}
_LARGEST = 20  # effects drawn as bars


def audit_sections(audit: Audit) -> list[dict[str, Any]]:
    """Findings, a matrix of p-values, corrected ones and effects for each test, and what has no p-value."""
    sections = [{"kind": "note", "title": "How to read this", "text": _reading(audit), "tone": "info"}]
    if audit.findings:
        sections.append(_bars(audit))
    for test in audit.tests:
        sections += [_matrix(audit, test, shown, title) for shown, title in _SHOWN.items()]
    gaps = [c for c in audit.cells if c.status in ("failed", "not testable", "not applicable")]
    if gaps:
        sections.append(_gaps(gaps))
    return sections


def audit_summary(audit: Audit, source: str = "") -> dict[str, Any]:
    """What ``run.write_summary`` takes.

    Args:
        audit: The audit.
        source: Where the table came from, for the title.
    """
    return {
        "kind": "personax",
        "title": f"Dependency audit{f' of {source}' if source else ''}",
        "subtitle": f"{len(audit.traits)} traits against {len(audit.variables)} variables, {audit.rows} subjects.",
        "headline": "tests with a finding",
        "estimates": {"tests with a finding": audit.estimate.as_dict()},
        "meaning": "How many tests found a trait to depend on a variable, after correction for all that were made.",
        "cautions": [
            "Dependence is no cause, and no dependence found is no proof of independence.",
            "With many rows very small effects are found; read the effect sizes.",
            *audit.notes,
        ],
        "notices": [TERMS],
        "sections": audit_sections(audit),
    }


def smallest_found(audit: Audit) -> float | None:
    """The V of a 2 x 2 table that would just be found without correction at this number of rows."""
    from scipy import special

    n = max((c.n for c in audit.cells if c.status == "tested"), default=0)
    return math.sqrt(float(special.chdtri(1, audit.alpha)) / n) if n else None


def _reading(audit: Audit) -> str:
    least = smallest_found(audit)
    tried = sum(c.p is not None for c in audit.cells)
    text = (
        f"{tried} tests; p-values {audit.correction}; a finding has a corrected p of at most {audit.alpha:g}. "
        f"By chance alone about {tried * audit.alpha:.0f} uncorrected p-values would be that small. "
    )
    if least is not None:
        text += f"With these rows a single test finds effects from about V = {least:.2f}, which may be too small to matter. "
    if audit.published:
        text += f"Published faults switched on: {', '.join(sorted(audit.published))}. "
    return text + TERMS


def _bars(audit: Audit) -> dict[str, Any]:
    rows = [_bar(cell) for cell in audit.findings[:_LARGEST]]
    left = len(audit.findings) - len(rows)
    note = "Cramer's V for tables of counts, normalised kernel dependence else; the two are not the same measure."
    return {
        "kind": "bars",
        "title": "Findings, largest effects first",
        "rows": rows,
        "scale": {"lo": 0, "hi": 1, "higher_is_better": None, "unit": "effect"},
        "note": note + (f" {left} smaller ones are not drawn." if left else ""),
    }


def _bar(cell: Cell) -> dict[str, Any]:
    assert cell.corrected is not None  # a finding
    label = f"{cell.trait} x {cell.variable} ({_NAMES.get(cell.test, cell.test)}, p {cell.corrected:.2g})"
    effect = None if cell.association is None else cell.association.effect
    ends = {} if effect is None or effect.lo is None else {"lo": effect.lo, "hi": effect.hi}
    return {"label": label, "value": cell.effect, "n": cell.n, **ends}


def _matrix(audit: Audit, test: str, shown: Shown, title: str) -> dict[str, Any]:
    rows = [[trait, *cells] for trait, cells in zip(audit.traits, audit.matrix(test, shown))]
    return {
        "kind": "table",
        "title": f"{title}: {_NAMES.get(test, test)}",
        "columns": ["trait", *audit.variables],
        "rows": rows,
        "note": "A dash: not tested, or failed; see the last table." if any(None in row for row in rows) else "",
    }


def _gaps(cells: list[Cell]) -> dict[str, Any]:
    return {
        "kind": "table",
        "title": "Without a p-value",
        "columns": ["trait", "variable", "test", "what", "why"],
        "rows": [[c.trait, c.variable, _NAMES.get(c.test, c.test), c.status, c.reason] for c in cells],
        "note": "None of these counts as dependent or as independent.",
    }
