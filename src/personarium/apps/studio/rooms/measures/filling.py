"""A command's form: filled in, priced, and started; the command line that it means is always in sight."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

from nicegui import ui

from personarium.apps.studio.parts import guarded, notice, panel
from personarium.apps.studio.studio import Studio
from personarium.apps.workspace.commands import CommandForm, Entry
from personarium.apps.workspace.names import check_title
from personarium.apps.workspace.plans import price
from personarium.core.errors import PersonariumError, UsageError

OWN, MODELS = "What", "Models"
LATER = "Run"  # the panel that is folded away: limits and seeds
AGENT_NOTE = (
    "An own agent that is a Python file is run on this machine with your rights; name only code that you trust."
)


class Filling:
    """The form of one command."""

    def __init__(self, studio: Studio, form: CommandForm) -> None:
        self.studio, self.form = studio, form
        self.values: dict[str, Any] = {entry.name: entry.default for entry in form.entries}
        if "model" in self.values and studio.workspace.model != "simulated":
            self.values["model"] = studio.workspace.model
            self.values["base_url"] = studio.workspace.base_url
        with ui.element("div").classes("columns side"):
            with ui.element("div").classes("stack"):
                self._panels()
            with ui.element("div").classes("stack"):
                self._start()
        self._changed()

    # -- what is asked for ---------------------------------------------------------------------------------------------

    def _panels(self) -> None:
        titles = dict.fromkeys((entry.panel or OWN) for entry in self.form.entries)
        order = [OWN, MODELS, *(t for t in titles if t not in (OWN, MODELS, LATER)), LATER]
        for title in order:
            entries = [entry for entry in self.form.entries if (entry.panel or OWN) == title]
            if not entries:
                continue
            if title == LATER:
                with ui.expansion("Limits and seed").classes("panel later"):
                    self._entries(entries)
            else:
                with panel(title):
                    self._entries(entries)

    def _entries(self, entries: list[Entry]) -> None:
        with ui.element("div").classes("entries"):
            for entry in entries:
                self._entry(entry)

    def _entry(self, entry: Entry) -> None:
        value = self.values[entry.name]
        if entry.kind == "switch":
            with ui.element("div").classes("entry wide switch"):
                ui.switch(entry.label, value=bool(value), on_change=lambda event: self._set(entry, event.value))
                ui.label(entry.help).classes("soft small")
            return
        with ui.element("div").classes("entry wide" if entry.kind == "list" else "entry"):
            if entry.kind == "list":
                text = "\n".join(map(str, value or ()))
                field: Any = ui.textarea(entry.label, value=text, on_change=lambda event: self._set(entry, event.value))
                field.props("outlined autogrow dense rows=1")
            else:
                field = ui.input(entry.label, value="" if value is None else str(value))
                field.on_value_change(lambda event: self._set(entry, event.value)).props("outlined dense")
                if entry.kind in ("whole", "number"):
                    field.props("inputmode=decimal")
            ui.label(_hint(entry)).classes("soft small")

    def _set(self, entry: Entry, value: Any) -> None:
        self.values[entry.name] = value
        self._changed()

    # -- what comes of it ----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        with panel("Start"):
            self.name = ui.input("Name of the run", value=self._free_name()).props("outlined dense")
            self.command = ui.label().classes("command mono wrap").props('aria-label="The command line"')
            with ui.element("div").classes("line"):
                ui.button("Run", icon="play_arrow", on_click=guarded(self._run)).props("unelevated no-caps")
                if self.form.plans:
                    self.asking = ui.button("What would it cost?", on_click=guarded(self._price)).props(
                        "outline no-caps"
                    )
            self.plan = ui.element("div").classes("plan")
        if any(entry.name == "agent" for entry in self.form.entries):
            notice(AGENT_NOTE, info=True)
        if self.form.example:
            with panel("In a terminal"):
                ui.label(self.form.example).classes("mono wrap")

    def _changed(self) -> None:
        try:
            self.command.set_text(self.form.command_line(self.values))
            self.command.classes(remove="refused")
        except PersonariumError as error:
            self.command.set_text(str(error))
            self.command.classes("refused")

    def _free_name(self) -> str:
        stem = self.form.title
        taken = set(self.studio.workspace.runs.names())
        return next(name for k in range(1, 10**6) if (name := f"{stem}-{k}") not in taken)

    def _run(self) -> None:
        name = check_title(self.name.value.strip(), "run")
        if name in self.studio.workspace.runs.names():
            raise UsageError(
                f"there is a run '{name}' already; choose another name, or go on with it from its own page"
            )
        self.studio.workspace.jobs.start(self.form.arguments(self.values), name)
        ui.navigate.to(f"/measures/run/{quote(name, safe='')}")

    async def _price(self) -> None:
        arguments = self.form.arguments(self.values)
        self.asking.disable()
        try:
            plan = await asyncio.to_thread(price, arguments, self.studio.workspace.folder)
        finally:
            self.asking.enable()
        self.plan.clear()
        with self.plan:
            for label, text in plan.facts():
                with ui.element("div").classes("fact"):
                    ui.label(label).classes("soft small")
                    ui.label(text).classes("number")
            for step, messages in plan.prompts:
                with ui.expansion(f"First prompt of {step}").classes("prompt"):
                    ui.label(json.dumps(messages, ensure_ascii=False, indent=1)).classes("mono wrap tiny")


def _hint(entry: Entry) -> str:
    if entry.kind == "list":
        return f"{entry.help} One a line."
    if entry.least is not None and entry.most is not None:
        return f"{entry.help} From {entry.least:g} to {entry.most:g}."
    if entry.kind == "file":
        return f"{entry.help} A path, from the workspace's folder."
    return entry.help
