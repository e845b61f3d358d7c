"""The members of a population as a table, of which the browser holds those near the window only, and one member in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from personarium.apps.studio.parts import address, guarded, in_thread
from personarium.apps.workspace.persona_shelf import PersonaShelf
from personarium.core.persona import Persona
from personarium.core.population import RECORD, Population
from personarium.core.views import show_value

PAGE = 100  # rows that are sent at once
MOST_COLUMNS, MOST_SHOWN = 60, 120  # columns of the table, characters of a cell
MOST_FACTS = 200
_NARROW, _WIDE, _LETTER = 88, 260, 8.2  # pixels


class MemberTable(Element, component="members.js"):
    """The table.

    Args:
        population: Whose members.
        on_open: Called with the place of a member that somebody wants to see.
    """

    def __init__(self, population: Population, on_open: Callable[[int], Any]) -> None:
        super().__init__()
        self.population = population
        self._paths = shown_columns(population)
        first = self._read(0)
        self.props["label"], self.props["page"], self.props["total"] = "Members", PAGE, len(population)
        self.props["columns"], self.props["rows"] = self._columns(first), first
        self.on("need", self._send)
        self.on("open", lambda event: on_open(event.args))

    def _columns(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = [{"label": "Member", "width": 150, "number": False}]
        for at, path in enumerate(self._paths, 1):
            number = self.population.frame.schema[path].is_numeric()
            longest = max([len(path), *(len(row["cells"][at]) for row in rows[:40])])
            width = min(_WIDE, max(_NARROW, int(longest * _LETTER) + 26))
            found.append({"label": path, "width": width, "number": number})
        return found

    def _read(self, start: int) -> list[dict[str, Any]]:
        part = self.population.frame.slice(start, PAGE)
        titles = [title_of(row, start + place) for place, row in enumerate(part.iter_rows(named=True))]
        rows = part.select(self._paths).iter_rows() if self._paths else [()] * part.height
        return [
            {"cells": [title, *(cell_text(value) for value in row)]} for title, row in zip(titles, rows, strict=True)
        ]

    async def _send(self, event: GenericEventArguments) -> None:
        start = event.args
        if isinstance(start, int) and 0 <= start < len(self.population):
            self.run_method("put", start, await in_thread(self._read, start))


def shown_columns(population: Population) -> list[str]:
    """The columns of the table."""
    return [path for path in population.frame.columns if path not in (RECORD, "id", "name")][:MOST_COLUMNS]


def title_of(row: dict[str, Any], place: int) -> str:
    """What a member is called: its name, else its id, else its number."""
    said = next((str(row[key]) for key in ("name", "id") if row.get(key)), "")
    return (" ".join(said.split()) or f"Member {place + 1:,}")[:MOST_SHOWN]


def member_title(population: Population, place: int) -> str:
    """The same for the member at a place."""
    return title_of(population.frame.row(place, named=True), place)


def cell_text(value: Any) -> str:
    """A cell as text."""
    text = f"{value:g}" if isinstance(value, float) else " ".join(show_value(value).split())
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"


class MemberDialog:
    """One member with all its facts, and the way into the cast.

    Args:
        population: Whose member.
        cast: Where it may go.
    """

    def __init__(self, population: Population, cast: PersonaShelf) -> None:
        self.population, self.cast = population, cast
        self.persona: Persona | None = None
        with ui.dialog() as self.dialog, ui.card().classes("pop-dialog"):
            self.dialog.props["aria-label"] = "Member"
            self.title = ui.label().classes("panel-title").props("role=heading aria-level=2")
            self.facts = ui.element("dl").classes("pop-facts").props('tabindex=0 aria-label="Facts"')
            self.done = ui.element("div").props("role=status")
            with ui.element("div").classes("line pop-end"):
                ui.button("Close", on_click=self.dialog.close).props("flat")
                self.take = ui.button("Take into the cast", icon="person_add", on_click=self._take)
                self.take.props("unelevated")

    @guarded
    async def open(self, place: object) -> None:
        """Show the member at this place (from 0)."""
        if not isinstance(place, int) or not 0 <= place < len(self.population):
            return
        self.persona = persona = await in_thread(self.population.__getitem__, place)
        self.title.set_text(member_title(self.population, place))
        self.done.clear()
        self.take.enable()
        self.facts.clear()
        with self.facts:
            for facet in persona.facets[:MOST_FACTS]:
                with ui.element("div").classes("pop-fact"):
                    with ui.element("dt"):
                        ui.label(facet.path).classes("soft small wrap")
                    with ui.element("dd"):
                        ui.label(show_value(facet.value)[:600]).classes("wrap")
        self.dialog.open()

    @guarded
    async def _take(self) -> None:
        if self.persona is None:
            return
        self.take.disable()
        persona = await in_thread(self._put, self.persona)
        with self.done, ui.element("div").classes("line"):
            ui.label("It is in the cast now.").classes("grow")
            ui.link("To its page", address("/cast", persona.id))

    def _put(self, persona: Persona) -> Persona:
        free = self.cast.with_free_id(persona)
        self.cast.put(free)
        return free
