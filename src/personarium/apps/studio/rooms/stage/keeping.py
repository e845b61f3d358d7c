"""Talks are kept in the workspace on request, and taken up again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from personarium.apps.studio.parts import guarded, in_thread, open_filled, tell
from personarium.apps.studio.rooms.stage.sheet import name_dialog
from personarium.apps.studio.rooms.stage.talks import Talk
from personarium.apps.studio.studio import Studio
from personarium.apps.workspace.dialogue_shelf import DialogueRow
from personarium.apps.workspace.names import file_stem
from personarium.core.dialogue import Dialogue

SHOWN = 100  # talks in the list


class Keeping:
    """The two dialogs.

    Args:
        studio: Whose workspace.
        on_open: Called with a talk's name and dialogue when it is taken up.
        on_kept: Called when a talk was kept.
    """

    def __init__(
        self, studio: Studio, on_open: Callable[[str, Dialogue], Awaitable[None]], on_kept: Callable[[], None]
    ) -> None:
        self._shelf = studio.workspace.dialogues
        self._on_open, self._on_kept = on_open, on_kept
        self._talk: Talk | None = None
        with ui.dialog() as self._keep, ui.card().classes("chooser"):
            name_dialog(self._keep, "Keep this talk")
            ui.label("Keep this talk").classes("panel-title").props("role=heading aria-level=2")
            self._name = ui.input("Name").props("outlined dense autofocus").on("keydown.enter", guarded(self._put))
            self._told = ui.label("").classes("small soft")
            with ui.element("div").classes("line end"):
                ui.button("Cancel", on_click=self._keep.close).props("flat")
                self._button = ui.button("Keep", on_click=guarded(self._put)).props("unelevated")
        with ui.dialog() as self._open, ui.card().classes("chooser"):
            name_dialog(self._open, "Take up a talk")
            ui.label("Take up a talk").classes("panel-title").props("role=heading aria-level=2")
            self._list = ui.element("div").classes("picks")
            with ui.element("div").classes("line end"):
                ui.button("Close", on_click=self._open.close).props("flat")
        self._name.on_value_change(self._warn)

    async def keep(self, talk: Talk) -> None:
        """Ask for a name and keep the talk."""
        self._talk = talk
        wanted = (
            file_stem(talk.actors[0].persona.id)
            if talk.with_you
            else "-".join(file_stem(actor.persona.id)[:35] for actor in talk.actors)
        )
        self._name.value = talk.kept_as or await in_thread(self._shelf.free_name, wanted)
        await self._warn()
        open_filled(self._keep)

    async def choose(self) -> None:
        """Show the talks that are kept."""
        rows = await in_thread(self._shelf.rows)
        self._list.clear()
        with self._list:
            for row in rows[:SHOWN]:
                self._row(row)
            if not rows:
                ui.label("No talk is kept yet. Keep one with the button beside this one.").classes("soft")
        self._open.open()

    async def _warn(self) -> None:
        """Say that a file will be replaced, before it is."""
        name = (self._name.value or "").strip()
        taken = name in await in_thread(self._shelf.names)
        own = self._talk is not None and name == self._talk.kept_as
        self._told.set_text(
            "What was kept of this talk before is brought up to date."
            if taken and own
            else "There is another talk of this name; it will be lost."
            if taken
            else "It goes into the workspace's folder dialogues."
        )
        self._button.set_text("Replace" if taken and not own else "Keep")

    async def _put(self) -> None:
        assert self._talk is not None
        name = (self._name.value or "").strip()
        path = await in_thread(self._shelf.put, name, self._talk.dialogue)
        self._talk.kept_as, self._talk.changed = name, False
        self._keep.close()
        tell(f"Kept as dialogues/{path.name}")
        self._on_kept()

    def _row(self, row: DialogueRow) -> None:
        with ui.element("button").props("type=button").classes("pick") as button:
            ui.icon("forum").props("aria-hidden=true").classes("pick-icon")
            with ui.element("span").classes("pick-text"):
                ui.label(row.name).classes("pick-name clip")
                about = row.problem or f"{row.turns} turns · {', '.join(row.speakers)}"
                ui.label(about).classes("tiny soft clip")
        button.on("click", partial(guarded(self._take), row.name))

    async def _take(self, name: str) -> None:
        dialogue = await in_thread(self._shelf.get, name)
        self._open.close()
        await self._on_open(name, dialogue)
