"""Several finished runs on one page: for each thing that more than one of them measured, their values with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from personarium.core.errors import UsageError
from personarium.report.document import Document, Dots, Row, Section, Table, ValueRange
from personarium.runs import RunRecord

MOST = 12  # runs
CAUTION = (
    "Intervals of two runs that overlap do not show that they are equal, and two that do not overlap were not tested as a pair. "
    "Where the same items were asked, `personarium compare` tests the paired differences."
)


def side_by_side(runs: Mapping[str, RunRecord]) -> Document:
    """The document that sets runs side by side.

    Args:
        runs: Name for people -> the run.

    Raises:
        UsageError: When there are fewer than two or more than twelve, or nothing that two of them measured.
    """
    if not 2 <= len(runs) <= MOST:
        raise UsageError(f"from 2 to {MOST} runs can stand side by side, found {len(runs)}")
    estimates = {name: dict((run.summary or {}).get("estimates") or {}) for name, run in runs.items()}
    labels = dict.fromkeys(label for found in estimates.values() for label in found)
    shared = [label for label in labels if sum(label in found for found in estimates.values()) > 1]
    if not shared:
        raise UsageError("these runs have measured nothing in common; choose runs of one kind")
    notices = dict.fromkeys(str(n) for run in runs.values() for n in (run.summary or {}).get("notices") or ())
    return Document(
        title="Runs side by side",
        subtitle=", ".join(runs),
        notices=(*notices, CAUTION),
        sections=(*(_measured(label, estimates, runs) for label in shared), _about(runs)),
        kind="comparison",
    )


def _measured(label: str, estimates: Mapping[str, Mapping[str, Any]], runs: Mapping[str, RunRecord]) -> Section:
    rows = tuple(
        Row(label=name, value=one["value"], lo=one["lo"], hi=one["hi"], n=one["n"])
        for name, found in estimates.items()
        if (one := found.get(label)) is not None
    )
    return Dots(title=label, rows=rows, scale=_scale([runs[row.label] for row in rows], label))


def _scale(runs: Sequence[RunRecord], label: str) -> ValueRange | None:
    """The range of the headline where all these runs state the same one."""
    found = [(run.summary or {}) for run in runs]
    if any(not one.get("scale") for one in found) or any(one["scale"] != found[0]["scale"] for one in found):
        return None
    lo, hi = found[0]["scale"]["lo"], found[0]["scale"]["hi"]
    values = [v for one in found for v in (one["estimates"][label][name] for name in ("value", "lo", "hi"))]
    inside = all(v is None or lo <= v <= hi for v in values)
    return ValueRange(**found[0]["scale"]) if inside else None


def _about(runs: Mapping[str, RunRecord]) -> Section:
    rows = tuple(
        (name, run.status, ", ".join(dict.fromkeys(m["name"] for m in run.models)), run.seed, run.started)
        for name, run in runs.items()
    )
    return Table(title="The runs", columns=("run", "status", "models", "seed", "started"), rows=rows)
