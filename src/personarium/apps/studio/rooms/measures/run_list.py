"""The runs of the workspace, the latest first, and a choice of those to set side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from nicegui import ui

from personarium.apps.studio.parts import empty, guarded, panel, tag
from personarium.apps.studio.studio import Studio
from personarium.apps.workspace.run_shelf import RunRow
from personarium.core.errors import UsageError

KINDS_OF_STATUS = {"complete": "good", "running": "accent", "interrupted": "warn", "failed": "bad", "unreadable": "bad"}
SHOWN = 200  # runs in the list; older ones lie in the folder
LOOK_S = 2.0


def status_tag(status: str) -> ui.label:
    """A run's status in a lozenge of its colour."""
    return tag(status, KINDS_OF_STATUS.get(status, ""))


class RunList:
    """The list; it looks at the folder again while something runs."""

    def __init__(self, studio: Studio, rows: Sequence[RunRow]) -> None:
        self.studio, self.rows = studio, list(rows)
        self.chosen: set[str] = set()
        with panel("Runs"):
            self.compare = ui.button("Side by side", icon="compare_arrows", on_click=guarded(self._compare))
            self.compare.props("outline no-caps dense").classes("compare")
            self.compare.set_visibility(len(self.rows) > 1)
            self._list()
        ui.timer(LOOK_S, self._look)

    @ui.refreshable_method
    def _list(self) -> None:
        if not self.rows:
            empty(
                "Nothing was run yet",
                "Choose a benchmark or an instrument; each run keeps its folder, report and cost.",
            )
        with ui.element("ul").classes("runs"):
            for row in self.rows[:SHOWN]:
                self._row(row)
        if len(self.rows) > SHOWN:
            ui.label(f"{len(self.rows) - SHOWN:,} older runs lie in the workspace's folder.").classes("soft small")

    def _row(self, row: RunRow) -> None:
        with ui.element("li").classes("run"):
            box = ui.checkbox(
                value=row.name in self.chosen, on_change=lambda event, name=row.name: self._choose(name, event.value)
            )
            box.props("dense").props["aria-label"] = f"Set {row.name} side by side"
            with ui.link(target=f"/measures/run/{quote(row.name, safe='')}").classes("run-link grow"):
                ui.label(row.name).classes("clip run-name")
                ui.label(_about(row)).classes("soft small number clip")
            status_tag(row.status)

    def _choose(self, name: str, wanted: bool) -> None:
        (self.chosen.add if wanted else self.chosen.discard)(name)

    def _compare(self) -> None:
        names = [row.name for row in self.rows if row.name in self.chosen]
        if len(names) < 2:
            raise UsageError("choose two runs or more, by the boxes in front of their names")
        ui.navigate.to(f"/measures/side-by-side?runs={quote('|'.join(names), safe='')}")

    async def _look(self) -> None:
        rows = await asyncio.to_thread(self.studio.workspace.runs.rows)
        if rows != self.rows:
            self.rows = rows
            self.compare.set_visibility(len(rows) > 1)
            self._list.refresh()


def _about(row: RunRow) -> str:
    if row.problem and row.status == "unreadable":
        return row.problem
    cost = "" if row.cost is None else f", ${row.cost:,.2f}"
    return f"{row.kind or 'run'}, {row.started[:16].replace('T', ' ')}, {row.calls:,} calls{cost}"
