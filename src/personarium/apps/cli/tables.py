"""Tables of estimates for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.core.results import Estimate


def estimates_table(estimates: Mapping[str, Estimate], title: str, caption: str = "") -> Any:
    """One row for each estimate: value, interval, n with its unit, failures."""
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title, caption=caption or None, title_justify="left", caption_justify="left", box=None, pad_edge=False
    )
    for name, justify in (
        ("", "left"),
        ("value", "right"),
        ("95 % interval", "right"),
        ("n", "right"),
        ("missing", "right"),
    ):
        table.add_column(name, justify=justify, header_style="bold")  # type: ignore[arg-type]
    for k, (name, estimate) in enumerate(estimates.items()):
        missing = sum(estimate.failures.values())
        table.add_row(
            Text(name, style="bold" if k == 0 else ""),
            number(estimate.value),
            interval(estimate),
            f"{estimate.n} {estimate.unit}",
            str(missing) if missing else "",
        )
    return table


def number(value: float | None, digits: int = 2) -> str:
    """A value, or that there is none."""
    return "not measured" if value is None else f"{value:.{digits}f}"


def interval(estimate: Estimate, digits: int = 2) -> str:
    """Its interval, or nothing."""
    if estimate.lo is None or estimate.hi is None:
        return ""
    return f"{estimate.lo:.{digits}f} to {estimate.hi:.{digits}f}"
