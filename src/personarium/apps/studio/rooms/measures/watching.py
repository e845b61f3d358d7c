"""One run: how far it is, what it has cost, stop and go on, its numbers with intervals, its report."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from nicegui import ui

from personarium.apps.studio.parts import guarded, panel, report_frame, tell
from personarium.apps.studio.rooms.measures.run_list import status_tag
from personarium.apps.studio.studio import Studio
from personarium.apps.workspace.jobs import Job, arguments_of
from personarium.core.errors import NotFound, PersonariumError
from personarium.runs.read import RunRecord

LOOK_S = 0.5


class Watching:
    """The page of one run; it looks again while the run is at work."""

    def __init__(self, studio: Studio, name: str) -> None:
        self.studio, self.name = studio, name
        self.shown: tuple[Any, ...] = ()
        ui.link("All runs", "/measures").classes("back")
        with panel():
            with ui.element("div").classes("line"):
                self.status = ui.element("div")
                self.words = ui.label().classes("grow number").props('role=status aria-live="polite"')
                self.stop = ui.button("Stop", icon="stop", on_click=guarded(self._stop)).props("outline no-caps")
                self.go_on = ui.button("Go on", icon="play_arrow", on_click=guarded(self._go_on)).props(
                    "unelevated no-caps"
                )
            self.bar = ui.linear_progress(0.0, show_value=False).classes("progress").props('aria-label="Progress"')
            self.facts = ui.element("div").classes("facts")
            self.lines = ui.element("div")
        self.result = ui.element("div").classes("stack result")
        self.timer = ui.timer(LOOK_S, self._look, immediate=True)

    # -- what is shown -------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        job = self.studio.workspace.jobs.get(self.name)
        try:
            run = await asyncio.to_thread(self.studio.workspace.runs.get, self.name)
        except NotFound:
            run = None
        except PersonariumError as error:
            self.words.set_text(str(error))
            self.timer.deactivate()
            return
        busy = job is not None and job.running
        self._show_state(job, run, busy)
        if not busy and not (run is not None and run.status == "running"):
            self.timer.deactivate()

    def _show_state(self, job: Job | None, run: RunRecord | None, busy: bool) -> None:
        status = "running" if busy else run.status if run is not None else "failed"
        state = dict(job.state) if job is not None and busy else {}
        self.words.set_text(str(state.get("text", "")) if busy else _ending(run, job))
        total = state.get("total")
        self.bar.set_visibility(busy)
        self.bar.set_value(state["done"] / total if total else 0.0)
        self.stop.set_visibility(busy)
        self.go_on.set_visibility(not busy and status in ("interrupted", "failed"))
        seen = (status, None if run is None else run.totals, tuple(job.lines) if job is not None else ())
        if seen == self.shown:
            return
        before, self.shown = self.shown, seen
        self.status.clear()
        with self.status:
            status_tag(status)
        self._show_facts(run)
        self._show_lines(job, status)
        if not busy and (not before or before[0] != status):
            self._show_result(run)

    def _show_facts(self, run: RunRecord | None) -> None:
        self.facts.clear()
        if run is None:
            return
        total = run.totals
        cost = "no price known" if total.cost_usd is None else f"${total.cost_usd:,.4f}"
        tokens = total.prompt_tokens + total.completion_tokens
        told = [
            ("Calls", f"{total.calls:,}"),
            ("Tokens", f"{tokens:,}"),
            ("Cost", cost),
            ("Failed calls", f"{sum(total.failed.values()):,}"),
            ("Models", ", ".join(dict.fromkeys(model["name"] for model in run.models)) or "none yet"),
            ("Seed", str(run.seed)),
            ("Started", run.started[:19].replace("T", " ")),
        ]
        with self.facts:
            for label, text in told:
                with ui.element("div").classes("fact"):
                    ui.label(label).classes("soft small")
                    ui.label(text).classes("number wrap")

    def _show_lines(self, job: Job | None, status: str) -> None:
        self.lines.clear()
        if job is None or not job.lines:
            return
        with self.lines, ui.expansion("What it said", value=status == "failed").classes("said"):
            ui.label("\n".join(job.lines)).classes("mono wrap tiny")

    def _show_result(self, run: RunRecord | None) -> None:
        self.result.clear()
        if run is None or run.summary is None:
            return
        address = f"/reports/one/{quote(self.name, safe='')}"
        with self.result:
            with ui.element("div").classes("line"):
                ui.label("Report").classes("panel-title grow").props("role=heading aria-level=2")
                ui.link("Open it alone", address, new_tab=True)
            report_frame(address, f"Report of {self.name}")

    # -- what can be done ----------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        self.studio.workspace.jobs.stop(self.name)
        tell("It stops as soon as the replies that are under way have come in; all of them are kept.")

    def _go_on(self) -> None:
        command = self.studio.workspace.runs.get(self.name).command
        arguments = arguments_of(command)
        with ui.dialog() as dialog, ui.card():
            ui.label("Go on with this run?").classes("panel-title").props("role=heading aria-level=2")
            ui.label("The same command is run again; replies that are there already are not paid for again.")
            ui.label(command).classes("mono wrap command")
            with ui.element("div").classes("line"):
                ui.button("Go on", on_click=guarded(lambda: self._started(arguments, dialog))).props(
                    "unelevated no-caps"
                )
                ui.button("Leave it", on_click=dialog.close).props("flat no-caps")
        dialog.open()

    def _started(self, arguments: list[str], dialog: ui.dialog) -> None:
        dialog.close()
        self.studio.workspace.jobs.start(arguments, self.name)
        self.result.clear()
        self.timer.activate()


def _ending(run: RunRecord | None, job: Job | None) -> str:
    """How a run that is not at work stands, in words."""
    if run is None:
        return "" if job is None else f"It did not start: {job.lines[-1] if job.lines else f'exit code {job.code}'}"
    return run.reason or {"complete": "Everything is done.", "interrupted": "It was stopped; it can go on."}.get(
        run.status, ""
    )
