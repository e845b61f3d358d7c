"""The drift curve as a small drawing, made of numbers only; its colours are the page's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from personarium.report.plots import Axis, make_axis

WIDTH, HEIGHT, LEFT, BELOW, ABOVE = 320.0, 132.0, 34.0, 20.0, 6.0
MARKS = 40  # with more replies than that a line has no marks


def drift_curve(lines: Sequence[Sequence[float | None]]) -> str:
    """An SVG element with one line a speaker: the distance of each reply; a gap where there is none.

    Args:
        lines: Distances in the order of the replies, at most two lines.
    """
    values = [value for line in lines for value in line if value is not None]
    longest = max((len(line) for line in lines), default=0)
    y_axis = make_axis(values, (min(values, default=0.0), max(values, default=1.0)), count=4)
    parts = [_grid(y_axis), _replies(longest)]
    parts += [_line(line, f"s{index}", y_axis, longest) for index, line in enumerate(lines)]
    return (
        f'<svg class="curve" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="100%" aria-hidden="true">{"".join(parts)}</svg>'
    )


def _y(axis: Axis, value: float) -> float:
    return ABOVE + (HEIGHT - ABOVE - BELOW) * (1 - axis.at(value) / 100)


def _x(index: int, longest: int) -> float:
    return LEFT + (WIDTH - LEFT - 6) * (index / (longest - 1) if longest > 1 else 0.5)


def _grid(axis: Axis) -> str:
    found = []
    for tick in axis.ticks:
        y = _y(axis, tick)
        found.append(f'<line class="grid" x1="{LEFT:g}" y1="{y:.1f}" x2="{WIDTH:g}" y2="{y:.1f}"/>')
        found.append(f'<text class="tick" x="{LEFT - 6:g}" y="{y + 4:.1f}" text-anchor="end">{axis.text(tick)}</text>')
    return "".join(found)


def _replies(longest: int) -> str:
    ends = {0: "start", longest - 1: "end"} if longest > 1 else {0: "middle"}
    return "".join(
        f'<text class="tick" x="{_x(index, longest):.1f}" y="{HEIGHT - 5:g}" text-anchor="{anchor}">{index + 1}</text>'
        for index, anchor in ends.items()
    )


def _line(line: Sequence[float | None], css: str, axis: Axis, longest: int) -> str:
    points = [(i, None if v is None else (_x(i, longest), _y(axis, v))) for i, v in enumerate(line)]
    runs = [[p for _, p in run if p] for there, run in groupby(points, lambda p: p[1] is not None) if there]
    found = [f'<polyline class="path {css}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in run)}"/>' for run in runs]
    if len(line) <= MARKS:
        found += [f'<circle class="mark {css}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for run in runs for x, y in run]
    return "".join(found)
