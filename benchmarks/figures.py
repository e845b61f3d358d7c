"""What every benchmark gives back: figures with targets, the state of the machine beside them, one command line."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Args:
        what: What was measured, in words.
        measured: The figure; None when it could not be measured, and ``note`` says why.
        unit: ``/s``, ``s``, ``ms``, ``MB`` or ``x`` (a ratio of two figures of the same run).
        target: What an issue demands; None for a figure that stands beside another to show the machine.
        at_most: Whether the target is an upper bound.
        per_cpu_s: The same work for each second of processor time: what the machine would do if it did nothing else.
        note: How it was measured, or why not.
    """

    what: str
    measured: float | None
    unit: str
    target: float | None = None
    at_most: bool = False
    per_cpu_s: float | None = None
    note: str = ""

    @property
    def met(self) -> str:
        """``yes``, ``no``, ``not measured``, or nothing where there is no target."""
        if self.target is None:
            return ""
        if self.measured is None:
            return "not measured"
        return "yes" if (self.measured <= self.target if self.at_most else self.measured >= self.target) else "no"


def shown(value: float | None, unit: str) -> str:
    """A value with its unit."""
    if value is None:
        return ""
    if unit in ("x", "s"):
        return f"{value:,.2f} {unit}" if value < 20 else f"{value:,.0f} {unit}"
    return f"{value:,.0f} {unit}"


def goal(figure: Figure) -> str:
    """The target as a bound."""
    return "" if figure.target is None else ("≤ " if figure.at_most else "≥ ") + shown(figure.target, figure.unit)


def machine() -> dict[str, Any]:
    """Where and under what load the figures were taken."""
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or "unknown"


def rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """The table: heading first."""
    head = ("what", "measured", "target", "met", "per CPU second", "note")
    body = [
        (f.what, shown(f.measured, f.unit) or "-", goal(f), f.met, shown(f.per_cpu_s, f.unit), f.note) for f in figures
    ]
    return [head, *body]


def plain_table(figures: Sequence[Figure]) -> str:
    """The table for a terminal."""
    table = rows(figures)
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def middle(values: Sequence[float]) -> float:
    """The median."""
    return float(median(values))


def run_alone(measure: Callable[[bool], list[Figure]], description: str) -> None:
    """The command line of one benchmark: ``[--quick] [--json]``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer samples and rounds, to see that it works")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    figures = measure(options.quick)
    if options.json:
        print(json.dumps([asdict(figure) for figure in figures]))
        return
    print(plain_table(figures))
    print(f"\nload {' '.join(map(str, machine()['load']))}; {sys.executable}")
