"""Small SVG plots that keep their text size on every screen: places are percentages, sizes are pixels.

Nothing here fixes a colour; classes take theirs from the page, so one drawing serves light, dark and print. Every text is
escaped when it is put in (markupsafe).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from personarium.report import bounds
from personarium.report.document import Bin, Curve, Histogram, Point, Reference, Row, Series, ValueRange
from personarium.report.wording import MISSING, common_decimals, decimals, interval, number

PLOT_HEIGHT = 280
MIN_TICK_GAP = 13.0  # percent of the width: a tick's text needs about 40 px, and a phone's plot has 310
COLOURS = 8
SHAPES = ("circle", "square", "triangle", "diamond", "cross")
_PATHS = {
    "circle": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    "square": "M-3.6 -3.6h7.2v7.2h-7.2z",
    "triangle": "M0 -4.8L4.6 3.6H-4.6z",
    "diamond": "M0 -5.6L5.6 0L0 5.6L-5.6 0z",
    "cross": "M-4.4 -2.2L-2.2 -4.4L0 -2.2L2.2 -4.4L4.4 -2.2L2.2 0L4.4 2.2L2.2 4.4L0 2.2L-2.2 4.4L-4.4 2.2L-2.2 0z",
}


@dataclass(frozen=True, slots=True)
class Axis:
    """A range with its ticks.

    Args:
        lo: Left or lower end.
        hi: The other end, larger than ``lo``.
        ticks: Values that are written.
        places: Decimals of the ticks.
    """

    lo: float
    hi: float
    ticks: tuple[float, ...]
    places: int

    def at(self, value: float) -> float:
        """Where a value lies, in percent of the length, kept inside."""
        return min(100.0, max(0.0, 100.0 * (value - self.lo) / (self.hi - self.lo)))

    @property
    def base(self) -> float:
        """Where bars start: at zero if it is on the axis, else at the lower end."""
        return self.at(0.0) if self.lo < 0 < self.hi else 0.0

    def text(self, value: float) -> str:
        """A tick's text."""
        return number(value, self.places)


def make_axis(values: Iterable[float | None], scale: tuple[float, float] | None = None, count: int = 5) -> Axis:
    """The axis that holds a scale and all values; without a scale it starts at zero or below and ends on a tick."""
    found = [float(value) for value in values if value is not None]
    if scale is not None and scale[1] > scale[0]:
        lo, hi = min([scale[0], *found]), max([scale[1], *found])
        step = _nice((hi - lo) / count)
        first, last = math.ceil(lo / step - 1e-9), math.floor(hi / step + 1e-9)
    else:
        lo, hi = min([0.0, *found]), max([0.0, *found])
        hi = hi if hi > lo else lo + 1.0
        step = _nice((hi - lo) / count)
        first, last = math.floor(lo / step + 1e-9), math.ceil(hi / step - 1e-9)
        lo, hi = first * step, last * step
    ticks = tuple(step * i for i in range(first, min(last, first + 20) + 1))
    return Axis(lo, hi, ticks, max(0, -math.floor(math.log10(step) + 1e-9)))


def _nice(step: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * m for m in (1.0, 2.0, 5.0, 10.0) if power * m >= step * (1 - 1e-9))


def _pc(value: float) -> str:
    return f"{value:.2f}%"


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _line(css: str, x1: float, y1: float | str, x2: float, y2: float | str) -> Markup:
    # Numbers and our own class names only, so nothing needs escaping; format() would take ten times as long.
    return Markup(f'<line class="{css}" x1="{_pc(x1)}" y1="{y1}" x2="{_pc(x2)}" y2="{y2}"/>')


def _mark(shape: str, css: str, x: float, y: float | str, title: str = "") -> Markup:
    inner = Markup("<title>{}</title>").format(title) if title else Markup("")
    return Markup('<svg x="{}" y="{}" overflow="visible"><path class="{}" d="{}">{}</path></svg>').format(
        _pc(x), y, css, Markup(_PATHS[shape]), inner
    )


# --- bars and dots: one small drawing for each row, so that labels stay text of the page ---


def row_axis(rows: Sequence[Row], scale: ValueRange | None, references: Sequence[Reference] = ()) -> Axis:
    """The axis that all rows of a plot share."""
    values = [v for row in rows for v in (row.value, row.lo, row.hi, row.truth, *row.points)]
    values += [reference.value for reference in references]
    return make_axis(values, (scale.lo, scale.hi) if scale else None)


def row_text(row: Row, places: int | None = None) -> str:
    """A row in words, for readers who do not see it and for those who point at it."""
    if row.value is None:
        return f"{row.label}: not measured"
    digits = decimals(row.value, row.lo, row.hi) if places is None else places
    text = f"{row.label}: {number(row.value, digits)}"
    text += f", interval {number(row.lo, digits)} to {number(row.hi, digits)}" if interval(row.lo, row.hi) else ""
    text += f", realised truth {number(row.truth, digits)}" if row.truth is not None else ""
    return text + (f", n = {row.n:,}" if row.n is not None else "")


def row_svg(row: Row, axis: Axis, style: str, references: Sequence[Reference] = ()) -> Markup:
    """One row, ``bars`` or ``dots``; as high as its cell, the marks in the middle."""
    parts = [_line("grid", axis.at(tick), 0, axis.at(tick), "100%") for tick in axis.ticks]
    parts += [_line("ref", axis.at(r.value), 0, axis.at(r.value), "100%") for r in references]
    if row.value is not None:
        marks = _bar(row, axis) if style == "bars" else _dot(row, axis)
    else:
        marks = [Markup('<text class="none" x="0" y="4">not measured</text>')]
    if row.truth is not None:
        marks.append(_mark("diamond", "truth", axis.at(row.truth), 0))
    parts.append(Markup('<svg y="50%" width="100%" height="1" overflow="visible">{}</svg>').format(_join(marks)))
    page = Markup('<svg class="strip" role="img" width="100%" height="100%"><title>{}</title>{}</svg>')
    return page.format(row_text(row), _join(parts))


def _bar(row: Row, axis: Axis) -> list[Markup]:
    assert row.value is not None
    start, end = sorted((axis.base, axis.at(row.value)))
    parts = [
        Markup('<rect class="bar" x="{}" y="-7" width="{}" height="14" rx="2"/>').format(_pc(start), _pc(end - start))
    ]
    if row.lo is not None and row.hi is not None:
        lo, hi = axis.at(row.lo), axis.at(row.hi)
        for css in ("halo", "whisker"):
            parts.append(_line(css, lo, 0, hi, 0))
            parts += [_line(css, x, -4, x, 4) for x in (lo, hi)]
    return parts


def _dot(row: Row, axis: Axis) -> list[Markup]:
    assert row.value is not None
    shown = [point for point in row.points[: bounds.UNITS] if point is not None]
    # Spread by the golden ratio: the same picture every time, and no two neighbours on one height.
    units = (
        f'<circle class="unit" cx="{_pc(axis.at(point))}" cy="{18 * (i * 0.618034 % 1) - 9:.1f}" r="3"/>'
        for i, point in enumerate(shown)
    )
    parts = [Markup("".join(units))]
    if row.lo is not None and row.hi is not None:
        parts.append(_line("span", axis.at(row.lo), 0, axis.at(row.hi), 0))
    parts.append(Markup('<circle class="dot" cx="{}" cy="0" r="5.5"/>').format(_pc(axis.at(row.value))))
    return parts


def axis_svg(axis: Axis) -> Markup:
    """The ticks below the rows; hidden from screen readers, since every row says its numbers."""
    parts = [
        Markup('<text class="tick" x="{}" y="12" text-anchor="{}">{}</text>').format(
            _pc(axis.at(t)), _anchor(axis.at(t)), axis.text(t)
        )
        for t in axis.ticks
    ]
    return Markup('<svg class="ticks" aria-hidden="true" width="100%" height="16">{}</svg>').format(_join(parts))


def _anchor(place: float) -> str:
    return "start" if place < 3 else "end" if place > 97 else "middle"


# --- curves and histograms: a column of ticks beside a drawing that stretches ---


def curve_svg(curve: Curve) -> Markup:
    """Lines with error bands, markers of different shapes, ticks, second axis, references and the diagonal."""
    lines = [Series(label=s.label, points=s.points[: bounds.POINTS]) for s in curve.series[: bounds.LINES]]
    points = [point for line in lines for point in line.points]
    places = [p.x for p in points]
    x_axis = make_axis(places, curve.x_range or ((min(places), max(places)) if places else None))
    heights = [v for p in points for v in (p.y, p.lo, p.hi)] + [r.value for r in curve.references]
    y_axis = make_axis(heights, curve.y_range)
    top = 24 if curve.second_axis else 8
    parts = [_frame(x_axis, y_axis, curve.references)]
    if curve.diagonal:
        parts.append(_diagonal(x_axis, y_axis))
    parts += [_series(line, i, x_axis, y_axis, common_decimals(points)) for i, line in enumerate(lines)]
    parts.append(_reference_texts(y_axis, curve.references))
    above = _second_axis(curve, x_axis, top) if curve.second_axis else Markup("")
    desc = f"{curve.y_label} against {curve.x_label}: {len(lines)} lines ({', '.join(line.label for line in lines)})"
    return _plot(curve.title or curve.y_label, desc, x_axis, y_axis, top, _join(parts), above)


def _frame(x_axis: Axis | None, y_axis: Axis, references: Sequence[Reference]) -> Markup:
    parts = [_level("grid", y_axis.at(tick)) for tick in y_axis.ticks]
    for reference in references:
        parts.append(_level("ref", y_axis.at(reference.value)))
    if x_axis is not None:
        parts += [_line("grid", x_axis.at(tick), 0, x_axis.at(tick), "100%") for tick in x_axis.ticks]
    return _join(parts)


def _reference_texts(y_axis: Axis, references: Sequence[Reference]) -> Markup:
    """Drawn last, so that no line runs through them."""
    text = Markup('<text class="reftext" x="100%" y="{}" dy="-5" text-anchor="end">{}</text>')
    return _join(text.format(_pc(100 - y_axis.at(r.value)), r.label[: bounds.LABEL]) for r in references)


def _level(css: str, height: float) -> Markup:
    return _line(css, 0, _pc(100 - height), 100, _pc(100 - height))


def _diagonal(x_axis: Axis, y_axis: Axis) -> Markup:
    lo, hi = max(x_axis.lo, y_axis.lo), min(x_axis.hi, y_axis.hi)
    if hi <= lo:
        return Markup("")
    ends = [(x_axis.at(v), _pc(100 - y_axis.at(v))) for v in (lo, hi)]
    return _line("diagonal", ends[0][0], ends[0][1], ends[1][0], ends[1][1])


def _series(line: Series, index: int, x_axis: Axis, y_axis: Axis, places: int) -> Markup:
    css = f"s{index % COLOURS}"
    stretched = Markup('<svg class="{}{}" width="100%" height="100%" viewBox="0 0 100 100" preserveAspectRatio="none">')
    parts = [stretched.format(css, " second" if index >= COLOURS else "")]
    for run in _runs(line.points):
        parts.append(_band(run, x_axis, y_axis))
        path = " ".join(_place(p.x, p.y, x_axis, y_axis) for p in run if p.y is not None)
        parts.append(Markup('<polyline class="path" points="{}"/>').format(path))
    parts.append(Markup("</svg>"))
    parts += [_point(line.label, p, index, x_axis, y_axis, places) for p in line.points if p.y is not None]
    return _join(parts)


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """The stretches of a line between missing values."""
    runs: list[list[Point]] = [[]]
    for point in sorted(points, key=lambda p: p.x):
        if point.y is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _place(x: float, y: float | None, x_axis: Axis, y_axis: Axis) -> str:
    return f"{x_axis.at(x):.2f},{100 - y_axis.at(y or 0.0):.2f}"


def _band(run: Sequence[Point], x_axis: Axis, y_axis: Axis) -> Markup:
    there = [p for p in run if p.lo is not None and p.hi is not None]
    if len(there) < 2:
        return Markup("")
    path = [_place(p.x, p.hi, x_axis, y_axis) for p in there] + [
        _place(p.x, p.lo, x_axis, y_axis) for p in reversed(there)
    ]
    return Markup('<polygon class="band" points="{}"/>').format(" ".join(path))


def _point(label: str, point: Point, index: int, x_axis: Axis, y_axis: Axis, places: int) -> Markup:
    assert point.y is not None
    x, css = x_axis.at(point.x), f"s{index % COLOURS}"
    parts = []
    if point.lo is not None and point.hi is not None:
        ends = [_pc(100 - y_axis.at(v)) for v in (point.lo, point.hi)]
        parts.append(_line(f"error {css}", x, ends[0], x, ends[1]))
    title = f"{label}: {number(point.y, places)} {interval(point.lo, point.hi, places)} at {number(point.x)}"
    title += f" (n = {point.n:,})" if point.n is not None else ""
    shape = SHAPES[index % len(SHAPES)]
    parts.append(_mark(shape, f"mark {css}", x, _pc(100 - y_axis.at(point.y)), title[: 2 * bounds.LABEL]))
    return _join(parts)


def _second_axis(curve: Curve, x_axis: Axis, top: int) -> Markup:
    assert curve.second_axis is not None
    parts, last = [], -math.inf
    for tick in sorted(curve.second_axis.ticks[: bounds.SMALL], key=lambda t: t.at):
        place = x_axis.at(tick.at)
        parts.append(
            Markup('<line class="tickline" x1="{0}" y1="{1}" x2="{0}" y2="{2}"/>').format(_pc(place), top - 6, top)
        )
        if place - last >= MIN_TICK_GAP:  # the rest keep their line: texts over each other help nobody
            last = place
            text = Markup('<text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>')
            parts.append(text.format(_pc(place), top - 10, _anchor(place), tick.label[: bounds.LABEL]))
    return _join(parts)


def _plot(title: str, desc: str, x_axis: Axis, y_axis: Axis, top: int, inside: Markup, above: Markup) -> Markup:
    """The frame of both kinds of plot: ticks to the left, the drawing, ticks below."""
    height = top + PLOT_HEIGHT + 24
    left = [
        Markup('<text class="tick" x="100%" dx="-6" y="{:.1f}" text-anchor="end">{}</text>').format(
            top + PLOT_HEIGHT * (1 - y_axis.at(tick) / 100) + 4, y_axis.text(tick)
        )
        for tick in y_axis.ticks
    ]
    below = [
        Markup('<text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>').format(
            _pc(x_axis.at(tick)), top + PLOT_HEIGHT + 18, _anchor(x_axis.at(tick)), x_axis.text(tick)
        )
        for tick in x_axis.ticks
    ]
    page = Markup(
        '<svg class="yticks" aria-hidden="true" width="48" height="{h}">{left}</svg>'
        '<svg class="plot" role="img" width="100%" height="{h}"><title>{title}</title><desc>{desc}</desc>{above}'
        '<svg y="{top}" width="100%" height="{plot}" overflow="visible">{inside}</svg>{below}</svg>'
    )
    return page.format(
        h=height, left=_join(left), title=title, desc=desc, above=above, top=top, plot=PLOT_HEIGHT,
        inside=inside, below=_join(below),
    )  # fmt: skip


def histogram_svg(histogram: Histogram) -> Markup:
    """Counts by bin, with vertical references."""
    bins = histogram.bins[: bounds.BINS]
    ends = [v for b in bins for v in (b.lo, b.hi)]
    x_axis = make_axis([], (min(ends), max(ends)) if ends and max(ends) > min(ends) else None)
    y_axis = make_axis([float(b.count) for b in bins])
    parts = [_frame(None, y_axis, ())]
    parts += [_bin(b, x_axis, y_axis) for b in bins]
    for reference in histogram.references:
        place = x_axis.at(reference.value)
        parts.append(_line("ref", place, 0, place, "100%"))
        text = Markup('<text class="reftext" x="{}" y="12" dx="{}" text-anchor="{}">{}</text>')
        after = place < 60
        label = reference.label[: bounds.LABEL]
        parts.append(text.format(_pc(place), 5 if after else -5, "start" if after else "end", label))
    desc = f"{histogram.x_label}: {sum(b.count for b in bins):,} values in {len(bins)} bins"
    return _plot(histogram.title or histogram.x_label, desc, x_axis, y_axis, 8, _join(parts), Markup(""))


def _bin(b: Bin, x_axis: Axis, y_axis: Axis) -> Markup:
    left, right, height = x_axis.at(b.lo), x_axis.at(b.hi), y_axis.at(b.count)
    gap = min(0.3, (right - left) * 0.1)
    title = f"{number(b.lo)} to {number(b.hi)}: {b.count:,}"
    return Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
        _pc(left + gap), _pc(100 - height), _pc(max(0.0, right - left - 2 * gap)), _pc(height), title
    )


def swatch(index: int) -> Markup:
    """A line's sign in the legend: its colour, dash and marker."""
    css, second = f"s{index % COLOURS}", " second" if index >= COLOURS else ""
    return Markup(
        '<svg class="swatch {c}{d}" width="30" height="14" aria-hidden="true"><line class="path" x1="1" y1="7" x2="29" y2="7"/>'
        '<svg x="15" y="7" overflow="visible"><path class="mark {c}" d="{p}"/></svg></svg>'
    ).format(c=css, d=second, p=Markup(_PATHS[SHAPES[index % len(SHAPES)]]))


def truth_swatch() -> Markup:
    """The diamond of realised truth in a legend."""
    return Markup(
        '<svg class="swatch" width="16" height="14" aria-hidden="true"><svg x="8" y="7" overflow="visible">'
        '<path class="truth" d="{}"/></svg></svg>'
    ).format(Markup(_PATHS["diamond"]))


def point_text(point: Point, places: int) -> str:
    """A point's value as it stands in the table of numbers."""
    return MISSING if point.y is None else f"{number(point.y, places)} {interval(point.lo, point.hi, places)}".strip()
