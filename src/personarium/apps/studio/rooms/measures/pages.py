"""The pages of the room: what there is to run and what was run, one form a command, one page a run, runs side by side."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from urllib.parse import quote

from nicegui import ui

from personarium.apps.studio.frame import frame
from personarium.apps.studio.parts import empty, panel, refuse, report_frame
from personarium.apps.studio.rooms.measures.filling import Filling
from personarium.apps.studio.rooms.measures.run_list import RunList
from personarium.apps.studio.rooms.measures.watching import Watching
from personarium.apps.studio.studio import Studio
from personarium.apps.workspace.commands import CommandForm, command_forms, form_of
from personarium.core.errors import NotFound

LEAD = "Run a benchmark, an instrument or a calibration; a stopped run goes on where it was and pays for nothing twice."


def register(studio: Studio) -> None:
    """Put the room's pages under their addresses."""

    @ui.page("/measures")
    async def overview() -> None:
        forms = await asyncio.to_thread(command_forms)
        rows = await asyncio.to_thread(studio.workspace.runs.rows)
        with frame("/measures", LEAD, style="measures"), ui.element("div").classes("columns side"):
            RunList(studio, rows)
            _choices(forms)

    @ui.page("/measures/new/{words:path}")
    async def new(words: str) -> None:
        try:
            form = await asyncio.to_thread(form_of, words)
        except NotFound as error:
            _not_here(str(error))
            return
        with frame("/measures", form.does, title=form.called, style="measures"):
            Filling(studio, form)

    @ui.page("/measures/run/{name}")
    async def one(name: str) -> None:
        if name not in await asyncio.to_thread(studio.workspace.runs.names) and studio.workspace.jobs.get(name) is None:
            _not_here(f"There is no run '{name}' here.")
            return
        with frame("/measures", title=name, style="measures"):
            Watching(studio, name)

    @ui.page("/measures/side-by-side")
    async def compared(runs: str = "") -> None:
        with frame("/measures", "What several runs measured, with intervals.", title="Side by side", style="measures"):
            ui.link("All runs", "/measures").classes("back")
            report_frame(f"/reports/side-by-side?runs={quote(runs, safe='')}", "Runs side by side")


def _choices(forms: tuple[CommandForm, ...]) -> None:
    """Everything that can be run, by section."""
    sections: dict[str, list[CommandForm]] = defaultdict(list)
    for form in forms:
        sections[form.section].append(form)
    with panel("Run something new"), ui.element("div").classes("stack"):
        for title, found in sections.items():
            with ui.element("div"):
                ui.label(title).props("role=heading aria-level=3").classes("choices-title")
                for form in found:
                    with ui.link(target=f"/measures/new/{quote(form.words)}").classes("choice"):
                        ui.label(form.called).classes("choice-name")
                        ui.label(form.does).classes("two-lines soft small")


def _not_here(message: str) -> None:
    with frame("/measures", style="measures"):
        empty("Not here", message)
        ui.link("All measures", "/measures").classes("back")
    refuse(message)
