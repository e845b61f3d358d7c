"""Numbers as text, axes and drawings."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.report import Curve, Point, Reference, Row, Series
from personarium.report.plots import curve_svg, make_axis, row_axis, row_svg
from personarium.report.wording import count_text, decimals, dollars, duration, interval, number


@pytest.mark.parametrize(
    ("value", "lo", "hi", "text"),
    [
        (4.2137, 4.036, 4.392, "4.21"),
        (0.42, 0.36, 0.48, "0.42"),
        (0.0213, 0.0205, 0.0221, "0.0213"),
        (131.4, 98.0, 166.0, "131"),
        (-0.12, -0.2, -0.05, "−0.12"),
        (7.0, None, None, "7"),
        (0.33712, None, None, "0.337"),
        (1234567.0, None, None, "1,234,567"),
        (None, None, None, "–"),
        (-0.00001, -0.5, 0.5, "0.0"),
        (1e20, None, None, "1e+20"),
    ],
)
def test_numbers_have_the_digits_their_interval_supports(
    value: float | None, lo: float | None, hi: float | None, text: str
) -> None:
    assert number(value, decimals(value, lo, hi)) == text


def test_words_for_counts_times_and_money() -> None:
    assert interval(0.36, 0.48) == "[0.36, 0.48]"
    assert interval(None, 1) == ""
    assert count_text({"unparsed": 3, "refused": 0, "empty": 1}) == "1 empty, 3 unparsed"
    assert [duration(s) for s in (None, 3.2, 42, 421, 7200)] == ["–", "3.2 s", "42 s", "7 min 01 s", "2 h 00 min"]
    assert [dollars(d) for d in (None, 0, 0.0123, 12.5)] == ["no price known", "$0.00", "$0.0123", "$12.50"]


def test_an_axis_keeps_its_scale_and_grows_for_what_lies_outside() -> None:
    inside = make_axis([2, 3.3], (1, 5))
    assert (inside.lo, inside.hi, inside.ticks) == (1, 5, (1, 2, 3, 4, 5))
    assert make_axis([0.5], (1, 5)).lo == 0.5
    assert inside.at(3) == 50.0


def test_an_axis_without_a_scale_starts_at_zero_and_ends_on_a_tick() -> None:
    axis = make_axis([0.42, -0.12])
    assert axis.lo <= -0.12
    assert axis.hi >= 0.42
    assert 0 in [round(t, 9) for t in axis.ticks]


@given(st.lists(st.floats(-1e9, 1e9, allow_nan=False), max_size=6))
def test_any_values_fit_their_axis(values: list[float]) -> None:
    axis = make_axis(values)
    assert axis.lo < axis.hi
    assert len(axis.ticks) <= 21
    assert all(axis.lo - 1e-6 * (axis.hi - axis.lo) <= v <= axis.hi + 1e-6 * (axis.hi - axis.lo) for v in values)


def test_a_bar_goes_from_zero_to_its_value_with_its_interval() -> None:
    rows = [Row(label="a", value=-5, lo=-6, hi=-4), Row(label="b", value=10)]
    axis = row_axis(rows, None, ())
    svg = str(row_svg(rows[0], axis, "bars"))
    [(x, width)] = re.findall(r'class="bar" x="([\d.]+)%" y="-7" width="([\d.]+)%"', svg)
    assert float(x) == pytest.approx(axis.at(-5), abs=0.01)
    assert float(x) + float(width) == pytest.approx(axis.at(0), abs=0.02)
    assert svg.count('class="whisker"') == 3
    assert "<title>a: −5.0, interval −6.0 to −4.0</title>" in svg


def test_a_row_without_a_value_has_no_mark() -> None:
    row = Row(label="a", value=None)
    svg = str(row_svg(row, row_axis([row], None), "dots"))
    assert "not measured" in svg
    assert 'class="dot"' not in svg


def test_a_missing_point_breaks_the_line() -> None:
    points = [
        Point(x=i, y=None if i == 2 else i, lo=None if i == 2 else i - 1, hi=None if i == 2 else i + 1)
        for i in range(5)
    ]
    svg = str(curve_svg(Curve(x_label="x", y_label="y", series=(Series(label="l", points=tuple(points)),))))
    assert svg.count("<polyline") == 2
    assert svg.count("<polygon") == 2
    assert svg.count("mark s0") == 4


def test_the_diagonal_is_where_measured_equals_true() -> None:
    curve = Curve(
        x_label="x", y_label="y", series=(), x_range=(0, 1), y_range=(0, 2), diagonal=True,
        references=(Reference(label="chance", value=0.5),),
    )  # fmt: skip
    svg = str(curve_svg(curve))
    assert '<line class="diagonal" x1="0.00%" y1="100.00%" x2="100.00%" y2="50.00%"/>' in svg
    assert '<line class="ref" x1="0.00%" y1="75.00%"' in svg
