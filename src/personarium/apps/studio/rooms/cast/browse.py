"""The gallery's page: search, filters, how many were found, and the cards."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from nicegui import ui

from personarium.apps.studio.frame import frame
from personarium.apps.studio.parts import empty, guarded, in_thread, notice
from personarium.apps.studio.rooms.cast.cards import card_of, shortened
from personarium.apps.studio.rooms.cast.gallery import PAGE, Card, Gallery
from personarium.apps.studio.rooms.cast.import_dialog import ImportDialog
from personarium.apps.studio.rooms.cast.write_dialog import WriteDialog
from personarium.apps.studio.studio import Studio
from personarium.apps.workspace.persona_shelf import PersonaRow

PATIENCE_S = 0.4  # how long the page waits for the cast before it is sent without it
LEAD = "Everybody who can be played, remembered and measured."


class Browse:
    """The gallery as one person sees it.

    Args:
        studio: What it shows.
        text: What is searched for at first.
    """

    def __init__(self, studio: Studio, text: str) -> None:
        self.shelf = studio.workspace.personas
        self.text = text
        self.where: dict[str, str] = {}
        self.found: list[PersonaRow] = []
        self.everybody = 0
        self.values: dict[str, list[tuple[str, int]]] = {}
        self._asked = 0

    async def show(self) -> None:
        """Put the page together; with a cast that is not read yet, the page comes first and the cards follow."""
        reading = asyncio.ensure_future(in_thread(self._look))
        await asyncio.wait([reading], timeout=PATIENCE_S)
        with frame("/cast", LEAD, style="cast"):
            self.writing = WriteDialog(self.shelf)
            self.importing = ImportDialog(self.shelf, self.refresh)
            self._tools()
            self.notes = ui.element("div").classes("stack")
            self.gallery = Gallery("Personas", self._read, self.importing.open)
            if not reading.done():
                self._show_reading()
                await ui.context.client.connected()
            self._fill(await reading)

    # -- what is looked up, in a thread --------------------------------------------------------------------------------

    def _look(self) -> tuple[list[PersonaRow], list[Card]]:
        """Everybody that fits, by name, and the first cards."""
        found = sorted(self.shelf.find(self.text, self.where), key=lambda row: (row.name or row.id).casefold())
        self.everybody, self.values = len(self.shelf), self.shelf.values()
        return found, [card_of(row, self.shelf) for row in found[:PAGE]]

    def _read(self, start: int, count: int) -> list[Card]:
        return [card_of(row, self.shelf) for row in self.found[start : start + count]]

    # -- what is shown -------------------------------------------------------------------------------------------------

    def _tools(self) -> None:
        with ui.element("div").classes("cast-tools"):
            self.search = ui.input(placeholder="Search names and statements", value=self.text, on_change=self._typed)
            self.search.props('outlined dense clearable debounce=150 type=search aria-label="Search the cast"')
            self.search.classes("cast-search")
            with self.search.add_slot("prepend"):
                ui.icon("search").props('aria-hidden="true"')
            ui.button("Import", icon="upload_file", on_click=self.importing.open).props("outline")
            ui.button("New persona", icon="add", on_click=self.writing.open).props("unelevated")
        with ui.element("div").classes("cast-filters"):
            self.path = ui.select({}, label="Filter by", with_input=True, clearable=True, on_change=self._chose_path)
            self.value = ui.select({}, label="Value", with_input=True, on_change=self._chose_value)
            for element in (self.path, self.value):
                element.props("outlined dense options-dense").classes("cast-filter")
            self.value.disable()
            self.chips = ui.element("div").classes("line")
            self.number = ui.label().classes("cast-number number").props("role=status")

    def _fill(self, looked: tuple[list[PersonaRow], list[Card]]) -> None:
        """The cards, or what to do when there are none."""
        self.found, cards = looked
        self._show_filters()
        self.notes.clear()
        with self.notes:
            self._show_problems()
            if not self.found:
                self._show_nobody()
        self.gallery.fill(len(self.found), cards)
        self.gallery.set_visibility(bool(self.found))

    def _show_reading(self) -> None:
        with self.notes, ui.element("div").classes("empty").props("role=status"):
            ui.spinner(size="2rem")
            ui.label("Reading the cast").classes("empty-title")

    def _show_filters(self) -> None:
        shown = f"{len(self.found):,} of {self.everybody:,}" if self.text or self.where else f"{self.everybody:,}"
        self.number.set_text(f"{shown} {'persona' if self.everybody == 1 else 'personas'}")
        self.path.set_options({path: path for path in self.values if path not in self.where})
        self.chips.clear()
        with self.chips:
            for path, value in self.where.items():
                chip = ui.button(f"{path}: {shortened(value)}", icon="close", on_click=lambda p=path: self._without(p))
                chip.props("dense outline no-wrap").classes("cast-chip")
                chip.props["aria-label"] = f"Remove the filter {path}: {value}"

    def _show_problems(self) -> None:
        problems = self.shelf.problems
        if problems:
            files = "1 file" if len(problems) == 1 else f"{len(problems):,} files"
            with ui.expansion(f"{files} in the folder cannot be read").classes("cast-problems"):
                for path, why in list(problems.items())[:20]:
                    notice(why.replace(str(path), path.name))

    def _show_nobody(self) -> None:
        if self.text or self.where:
            empty("Nobody like that", "No persona holds all these words and values.")
            with ui.element("div").classes("cast-centre"):
                ui.button("Show everybody", on_click=self._everybody).props("outline")
        else:
            empty(
                "Nobody here yet", "Import a character card (PNG, JSON, CHARX), or write a persona in a few sentences."
            )

    # -- what people do ------------------------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Look again; of several looks that overlap the last one counts."""
        self._asked += 1
        mine = self._asked
        looked = await in_thread(self._look)
        if mine == self._asked and not self.notes.is_deleted:
            self._fill(looked)

    async def _typed(self, event: Any) -> None:
        self.text = (event.value or "")[:500]
        ui.navigate.history.replace(f"/cast?q={quote(self.text)}" if self.text else "/cast")
        await self.refresh()

    def _chose_path(self, event: Any) -> None:
        options = dict(self.values.get(event.value, ()))
        self.value.set_options({value: f"{shortened(value)} · {n:,}" for value, n in options.items()}, value=None)
        self.value.set_enabled(bool(options))

    @guarded
    async def _chose_value(self, event: Any) -> None:
        if event.value is None or not self.path.value:
            return
        self.where[self.path.value] = event.value
        self.path.set_value(None)
        await self.refresh()

    async def _without(self, path: str) -> None:
        self.where.pop(path, None)
        await self.refresh()

    async def _everybody(self) -> None:
        self.where.clear()
        if self.search.value:
            self.search.set_value("")
        else:
            await self.refresh()
