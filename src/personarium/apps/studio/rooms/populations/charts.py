"""Charts of counts as plain elements: a table with a bar a row and its target as a tick, and a histogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui.element import Element

MOST_BARS = 10  # rows before "Show all"


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart.

    Args:
        label: The value, as text of anybody.
        count: Members that have it.
        target: Members that should have it; None where nobody said.
    """

    label: str
    count: int
    target: int | None = None


class Bars(Element, component="bars.js"):
    """A table of values with a bar each.

    Args:
        label: What the values are of.
        rows: The values.
        limit: Rows that are shown at first.
    """

    def __init__(self, label: str, rows: Sequence[Bar], limit: int = MOST_BARS) -> None:
        super().__init__()
        self.props["label"], self.props["limit"] = label, limit
        self.show(rows)

    def show(self, rows: Sequence[Bar]) -> None:
        """Show these rows."""
        self.props["rows"] = [{"label": row.label, "count": row.count, "target": row.target} for row in rows]
        self.update()


class Histogram(Element, component="histogram.js"):
    """Counts of a number in bins of equal width.

    Args:
        label: What the number is.
        bins: Lower end, upper end and members of each bin.
    """

    def __init__(self, label: str, bins: Sequence[tuple[float, float, int]]) -> None:
        super().__init__()
        self.props["label"] = label
        self.props["bins"] = [{"lo": lo, "hi": hi, "count": count} for lo, hi, count in bins]
