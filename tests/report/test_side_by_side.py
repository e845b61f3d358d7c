"""Runs side by side: what several of them measured, with intervals, on the scale that they share."""

from __future__ import annotations

from pathlib import Path

import pytest

from personarium.core.errors import UsageError
from personarium.core.results import Estimate
from personarium.report import Dots, Table, render
from personarium.report.builders.side_by_side import side_by_side
from personarium.runs import Run, RunRecord, read_run

SCALE = {"lo": 1, "hi": 5, "higher_is_better": True, "unit": "points"}


def made(folder: Path, estimates: dict[str, float], scale: dict[str, object] | None = None) -> RunRecord:
    with Run.open(folder, {"kind": "personagym", "folder": folder.name}) as run:
        found = {
            label: Estimate(value, value - 0.5, value + 0.5, 9, "persona", "mean").as_dict()
            for label, value in estimates.items()
        }
        run.write_summary({"kind": "personagym", "estimates": found, **({"scale": scale} if scale else {})})
    return read_run(folder)


def test_what_two_runs_measured_stands_side_by_side_and_the_rest_is_left_out(tmp_path: Path) -> None:
    first = made(tmp_path / "a", {"Persona Consistency": 4.0, "Only here": 2.0}, SCALE)
    second = made(tmp_path / "b", {"Persona Consistency": 3.0}, SCALE)
    page = side_by_side({"a": first, "b": second})
    dots = [section for section in page.sections if isinstance(section, Dots)]
    assert [section.title for section in dots] == ["Persona Consistency"]
    assert [(row.label, row.value, row.lo, row.hi, row.n) for row in dots[0].rows] == [
        ("a", 4.0, 3.5, 4.5, 9),
        ("b", 3.0, 2.5, 3.5, 9),
    ]
    assert dots[0].scale is not None
    assert (dots[0].scale.lo, dots[0].scale.hi) == (1, 5)
    assert isinstance(page.sections[-1], Table)
    assert "Persona Consistency" in render(page)


def test_runs_on_different_scales_are_drawn_without_one(tmp_path: Path) -> None:
    first = made(tmp_path / "a", {"x": 4.0}, SCALE)
    second = made(tmp_path / "b", {"x": 0.4})
    [dots] = [s for s in side_by_side({"a": first, "b": second}).sections if isinstance(s, Dots)]
    assert dots.scale is None


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    first, second = made(tmp_path / "a", {"x": 1.0}), made(tmp_path / "b", {"y": 1.0})
    with pytest.raises(UsageError, match="nothing in common"):
        side_by_side({"a": first, "b": second})
    with pytest.raises(UsageError, match="from 2 to 12"):
        side_by_side({"a": first})
