"""Numbers and estimates as text: as many digits as the interval supports, never a number where nothing was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from personarium.core.results import Estimate

MISSING = "–"
MOST_DECIMALS = 4


def decimals(value: float | None, lo: float | None = None, hi: float | None = None) -> int:
    """How many decimals a number deserves: one or two digits of the interval's half width, else three of the number.

    Two where the first digit is small (0.178 -> 0.18, 0.06 -> 0.06, 0.024 -> 0.024), the rule of the Particle Data Group.
    """
    if lo is not None and hi is not None and hi > lo:
        power = math.floor(math.log10((hi - lo) / 2))
        return _clamp((1 if (hi - lo) / 2 / 10.0**power < 3.55 else 0) - power)
    if value is None or value == 0 or float(value).is_integer():
        return 0
    return _clamp(2 - math.floor(math.log10(abs(value))))


def _clamp(wanted: int) -> int:
    return min(MOST_DECIMALS, max(0, wanted))


def number(value: float | None, places: int | None = None) -> str:
    """A number with grouped thousands and a true minus sign; a dash where there is none."""
    if value is None:
        return MISSING
    if abs(value) >= 1e12:
        return f"{value:.3g}"
    text = f"{value:,.{decimals(value) if places is None else places}f}"
    if float(text.replace(",", "")) == 0:
        return text.lstrip("-")
    return text.replace("-", "\N{MINUS SIGN}")


def interval(lo: float | None, hi: float | None, places: int | None = None) -> str:
    """An interval in brackets, or nothing when it is not defined."""
    if lo is None or hi is None:
        return ""
    digits = decimals(None, lo, hi) if places is None else places
    return f"[{number(lo, digits)}, {number(hi, digits)}]"


def common_decimals(rows: Iterable[Any]) -> int:
    """The decimals that a column of rows or points (value or y, lo, hi) shares."""
    wanted = [
        decimals(value, row.lo, row.hi)
        for row in rows
        if (value := row.value if hasattr(row, "value") else row.y) is not None
    ]
    return min(3, max(wanted, default=0))


def estimate_text(estimate: Estimate) -> str:
    """An estimate on one line: value, interval, n."""
    if estimate.value is None:
        return f"not measured (n = {estimate.n:,})"
    places = decimals(estimate.value, estimate.lo, estimate.hi)
    parts = [number(estimate.value, places), interval(estimate.lo, estimate.hi, places)]
    return " ".join([*filter(None, parts), f"(n = {estimate.n:,})"])


def count_text(counts: Mapping[str, int]) -> str:
    """Counts by kind as one phrase: ``3 unparsed, 1 refused``."""
    return ", ".join(f"{int(count):,} {kind}" for kind, count in sorted(counts.items()) if count)


def duration(seconds: float | None) -> str:
    """A time span as people say it."""
    if seconds is None:
        return MISSING
    if seconds < 60:
        return f"{number(seconds, 1 if seconds < 10 else 0)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def dollars(usd: float | None) -> str:
    """An amount of money; says so when no price is known."""
    if usd is None:
        return "no price known"
    return f"${usd:,.4f}" if 0 < usd < 0.1 else f"${usd:,.2f}"
