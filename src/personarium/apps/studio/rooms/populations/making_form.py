"""Making a population: a schema is chosen or pasted, looked at, and made while the quotas fill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from nicegui import ui

from personarium.apps.studio.parts import guarded, in_thread, notice, panel, tell
from personarium.apps.studio.rooms.populations.asked import whole
from personarium.apps.studio.rooms.populations.charts import Bars
from personarium.apps.studio.rooms.populations.figures import target_bars
from personarium.apps.studio.rooms.populations.pasted import Pasted
from personarium.apps.studio.rooms.populations.schema_view import show_schema
from personarium.apps.studio.studio import Studio
from personarium.apps.workspace.names import check_title
from personarium.core.errors import UsageError
from personarium.core.population import Population, QuotaRow
from personarium.make.population import Schema, example_schema, schema_from_data
from personarium.make.population.making import Making

OWN = "own"
SHIPPED = {
    "students": "Students: school students of grades 1 to 12",
    "citizens": "Citizens: grown-ups with work, home and views",
    "characters": "Characters: people of a fantasy game",
    "example": "Example: three plain margins",
    OWN: "My own schema, pasted as YAML",
}
MOST_MEMBERS = 200_000  # in memory; more is work for `personarium make`
LOOK_S = 0.1


class MakingForm:
    """The form as one person sees it.

    Args:
        studio: Where the population goes.
        address: Where the page of a population is.
    """

    def __init__(self, studio: Studio, address: Callable[[str], str]) -> None:
        self.shelf, self.address = studio.workspace.populations, address
        self.schema: Schema | None = None
        self.making: Making | None = None
        self.charts: dict[str, Bars] = {}

    async def show(self) -> None:
        """Put it together."""
        first = await in_thread(example_schema, "students")
        with ui.element("div").classes("columns side"):
            with ui.element("div").classes("stack"), panel("Schema"):
                self.choice = ui.select(SHIPPED, value="students", label="Schema", on_change=self._chose)
                self.choice.props("outlined dense options-dense").classes("pop-wide")
                self.pasted = Pasted("Schema text", schema_from_data, self._take)
                self.pasted.whole.set_visibility(False)
                self.preview = ui.element("div")
            with ui.element("div").classes("stack"):
                self._start_panel(self._name_for(first))
                self._live_panel()
        self._show(first)

    def _start_panel(self, name: str) -> None:
        with panel("Make"), ui.element("div").classes("pop-form"):
            self.name = ui.input("Name", value=name).props("outlined dense maxlength=80")
            self.count = ui.input("Members", value="1000").props("outlined dense inputmode=numeric")
            self.seed = ui.input("Seed", value="1").props("outlined dense inputmode=numeric")
            self.distinct = ui.switch("Draw near duplicates again")
            self.go = ui.button("Make", icon="auto_awesome_motion", on_click=self._make).props("unelevated")
            for field in (self.name, self.count, self.seed):
                field.on("keydown.enter", self._make)
            ui.label("The same schema, number and seed make the same members.").classes("soft small")

    def _live_panel(self) -> None:
        with panel("Quotas") as self.live:
            with ui.element("div").classes("line"):
                self.words = ui.label().classes("grow number").props('role=status aria-live="polite"')
                self.cancel = ui.button("Cancel", icon="close", on_click=self._cancel).props("outline dense no-caps")
            self.bar = ui.linear_progress(0.0, show_value=False).classes("pop-progress")
            self.bar.props('aria-label="Members made"')
            self.after = ui.element("div").classes("stack")
            self.bars = ui.element("div").classes("stack")
        self.live.set_visibility(False)
        self.timer = ui.timer(LOOK_S, self._look, active=False)

    # -- the schema ----------------------------------------------------------------------------------------------------

    @guarded
    async def _chose(self) -> None:
        own = self.choice.value == OWN
        self.pasted.whole.set_visibility(own)
        if own:
            await self._take(await in_thread(self.pasted.read) if self.pasted.text.strip() else None)
        else:
            await self._take(await in_thread(example_schema, self.choice.value))

    async def _take(self, schema: Schema | None) -> None:
        self._show(schema)
        if schema is not None:
            self.name.set_value(self._name_for(schema))

    def _show(self, schema: Schema | None) -> None:
        self.schema = schema
        self.go.set_enabled(schema is not None and not schema.by_model)
        self.preview.clear()
        if schema is None:
            return
        with self.preview:
            if schema.by_model:
                names = ", ".join(field.path for field in schema.by_model)[:400]
                notice(
                    f"A model writes {names}; make this one in a terminal: personarium make FILE --model MODEL."
                ).classes("wrap")
            show_schema(schema)

    def _name_for(self, schema: Schema) -> str:
        """A name that is free, after the schema's."""
        title = "".join(c if c.isascii() and (c.isalnum() or c in "-_ ") else "-" for c in schema.name[:70])
        return self._free_name(title.strip(" -_") or "population")

    def _free_name(self, stem: str) -> str:
        taken = set(self.shelf.names())
        return stem if stem not in taken else next(n for k in range(2, 10**6) if (n := f"{stem}-{k}") not in taken)

    # -- making --------------------------------------------------------------------------------------------------------

    @guarded
    async def _make(self, _: Any = None) -> None:
        if self.schema is None or self.making is not None:
            return
        name = check_title((self.name.value or "").strip(), "population")
        count = whole(self.count.value, "Members", 1, MOST_MEMBERS)
        seed = whole(self.seed.value, "Seed", 0, 2**53)
        if name in self.shelf.names():
            raise UsageError(f"there is a population '{name}' already; choose another name")
        self.go.disable()
        try:
            self.making = making = await in_thread(Making, self.schema, count, seed, distinct=bool(self.distinct.value))
            self._begin(making)
            made = await in_thread(self._run, making, name)
        finally:
            self.making = None
            if not self.go.is_deleted:
                self.timer.deactivate()
                self.go.enable()
        if not self.go.is_deleted:
            self._end(making, made, name)

    def _run(self, making: Making, name: str) -> Population | None:
        """In a thread: make it, and keep it."""
        made = making.run()
        if made is not None:
            self.shelf.put(name, made)
        return made

    def _begin(self, making: Making) -> None:
        self.live.set_visibility(True)
        self.cancel.set_visibility(True)
        self.after.clear()
        self.bars.clear()
        self.charts = {}
        with self.bars:
            for title, rows in target_bars(making.quotas).items():
                with ui.element("div"):
                    ui.label(title).classes("pop-chart-title wrap").props("role=heading aria-level=3")
                    self.charts[title] = Bars(title, rows)
            if not self.charts:
                ui.label("This schema has no quotas; every column is drawn freely.").classes("soft small")
        self._look(making)
        self.timer.activate()

    def _look(self, making: Making | None = None) -> None:
        making = making or self.making
        if making is None:
            return
        quotas: tuple[QuotaRow, ...] = making.quotas
        self.words.set_text(f"{making.done:,} of {making.count:,} members")
        self.bar.set_value(making.done / making.count)
        for title, rows in target_bars(quotas).items():
            self.charts[title].show(rows)

    def _cancel(self) -> None:
        if self.making is not None:
            self.making.stop()

    def _end(self, making: Making, made: Population | None, name: str) -> None:
        self._look(making)
        self.cancel.set_visibility(False)
        if made is None:
            self.words.set_text("Cancelled; nothing was kept.")
        elif making.unfilled:
            self._say_gaps(making, name)
        else:
            tell(f"{len(made):,} members are made.")
            ui.navigate.to(self.address(name))

    def _say_gaps(self, making: Making, name: str) -> None:
        why = Counter(gap.reason for gap in making.unfilled).most_common(3)
        told = ", ".join(f"{number:,} by {reason}" for reason, number in why)
        with self.after:
            notice(f"{len(making.unfilled):,} of {making.count:,} places stayed empty: {told}.").classes("wrap")
            ui.link("To the population", self.address(name))
