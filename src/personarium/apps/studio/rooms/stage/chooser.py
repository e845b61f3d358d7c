"""Choose a persona: a search over the whole cast, in a dialog."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from personarium.apps.studio.parts import guarded, in_thread, open_filled, portrait_url
from personarium.apps.studio.rooms.stage.sheet import name_dialog
from personarium.apps.studio.studio import Studio
from personarium.apps.workspace import PersonaRow

SHOWN = 40  # personas in the list at once


class Chooser:
    """The dialog.

    Args:
        studio: Whose cast.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._found: list[PersonaRow] = []
        self._on_choice: Callable[[str], Awaitable[None]] | None = None
        with ui.dialog() as self._dialog, ui.card().classes("chooser"):
            self._title = ui.label("").classes("panel-title").props("role=heading aria-level=2")
            self._search = ui.input("Search the cast", on_change=self._fill).props(
                "outlined dense autofocus debounce=150"
            )
            self._search.on("keydown.enter", self._first)
            self._list = ui.element("div").classes("picks")

    async def ask(self, title: str, on_choice: Callable[[str], Awaitable[None]]) -> None:
        """Let the person choose; the choice is the id of a persona.

        Args:
            title: What is chosen.
            on_choice: Called with the id.
        """
        self._on_choice = on_choice
        self._title.set_text(title)
        name_dialog(self._dialog, title)
        self._search.value = ""
        await self._fill()
        open_filled(self._dialog)

    async def _fill(self) -> None:
        self._found = await in_thread(self._studio.workspace.personas.find, self._search.value or "")
        self._list.clear()
        with self._list:
            for row in self._found[:SHOWN]:
                self._row(row)
            if not self._found:
                ui.label("Nobody in the cast has these words.").classes("soft")
            elif len(self._found) > SHOWN:
                ui.label(f"and {len(self._found) - SHOWN:,} more; type to narrow the search").classes("soft small")

    def _row(self, row: PersonaRow) -> None:
        with ui.element("button").props("type=button").classes("pick") as button:
            image = ui.element("img").props('width=40 height=40 loading=lazy alt=""').classes("portrait")
            image.props["src"] = portrait_url(row.id)
            with ui.element("span").classes("pick-text"):
                ui.label(row.name or row.id).classes("pick-name clip")
                ui.label(row.line).classes("tiny soft clip")
        button.on("click", partial(guarded(self._take), row.id))

    async def _first(self) -> None:
        if self._found:
            await guarded(self._take)(self._found[0].id)

    async def _take(self, id: str) -> None:
        self._dialog.close()
        if self._on_choice is not None:
            await self._on_choice(id)
