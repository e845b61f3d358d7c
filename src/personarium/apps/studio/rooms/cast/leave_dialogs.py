"""How a persona leaves the cast: as a file for others, or for good."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from nicegui import ui

from personarium.apps.studio.parts import guarded, in_thread, open_filled
from personarium.apps.studio.rooms.cast.cards import shortened
from personarium.apps.workspace.names import file_stem
from personarium.apps.workspace.persona_shelf import PersonaShelf
from personarium.core.persona import Persona

RECORD = "record"
FORMS = {
    ".png": "Character card, PNG with a picture",
    ".json": "Character card, JSON",
    ".charx": "Character card, CHARX archive",
    RECORD: "Persona record, JSON with everything",
}
_TYPES = {".png": "image/png", ".charx": "application/zip"}


class ExportDialog:
    """The dialog for a file of the stored persona.

    Args:
        shelf: Where it is stored.
        persona: Gives the persona as it is stored.
    """

    def __init__(self, shelf: PersonaShelf, persona: Callable[[], Persona]) -> None:
        self.shelf, self.persona = shelf, persona
        with ui.dialog() as self.dialog, ui.card().classes("cast-dialog"):
            self.dialog.props["aria-label"] = "Export"
            ui.label("Export").classes("panel-title").props("role=heading aria-level=2")
            self.form = ui.radio(FORMS, value=".png", on_change=self._weigh)
            self.whole = ui.switch(
                "With what no card has a field for: sources, confidence, layers, secrets", value=True
            )
            self.warning = ui.label().classes("notice")
            self.whole.on_value_change(self._weigh)
            with ui.element("div").classes("line dialog-actions"):
                ui.button("Cancel", on_click=self.dialog.close).props("flat")
                ui.button("Download", on_click=self._send).props("unelevated")

    def open(self) -> None:
        """Show it; a persona with secrets leaves without them unless people say otherwise."""
        self.whole.set_value(not self._secrets())
        self._weigh()
        open_filled(self.dialog)

    def _secrets(self) -> int:
        persona = self.persona()
        return len(persona.secrets) + len(persona.knowledge.never_disclose)

    def _weigh(self) -> None:
        """Say what the file will give away."""
        secrets = self._secrets()
        whole = self.form.value == RECORD or self.whole.value
        self.whole.set_visibility(self.form.value != RECORD)
        self.warning.set_visibility(bool(secrets and whole))
        what = (
            "statement that must never be disclosed is"
            if secrets == 1
            else "statements that must never be disclosed are"
        )
        self.warning.set_text(f"{secrets:,} {what} in this file, and whoever gets it can read it.")

    @guarded
    async def _send(self) -> None:
        persona, form = self.persona(), self.form.value
        if form == RECORD:
            data = json.dumps(persona.to_dict(), ensure_ascii=False, indent=2).encode()
            ui.download.content(data, f"{file_stem(persona.id)}.json", "application/json")
        else:
            data = await in_thread(partial(self.shelf.card, persona.id, form, record=bool(self.whole.value)))
            ending = ".card.json" if form == ".json" else form
            ui.download.content(data, f"{file_stem(persona.id)}{ending}", _TYPES.get(form, "application/json"))
        self.dialog.close()


class DeleteDialog:
    """The dialog that asks before a persona goes.

    Args:
        shelf: Where it is stored.
        persona: Gives the persona as it is stored.
    """

    def __init__(self, shelf: PersonaShelf, persona: Callable[[], Persona]) -> None:
        self.shelf, self.persona = shelf, persona
        with ui.dialog() as self.dialog, ui.card().classes("cast-dialog"):
            self.dialog.props["aria-label"] = "Delete"
            self.title = ui.label().classes("panel-title").props("role=heading aria-level=2")
            self.text = ui.label().classes("wrap")
            with ui.element("div").classes("line dialog-actions"):
                ui.button("Keep", on_click=self.dialog.close).props("flat autofocus")
                ui.button("Delete", on_click=self._delete, color="negative").props("unelevated")

    def open(self) -> None:
        """Show it."""
        persona = self.persona()
        row = next((row for row in self.shelf.rows() if row.id == persona.id), None)
        self.title.set_text(f"Delete {shortened(persona.name or persona.id)}?")
        self.text.set_text(
            f"It is taken out of the cast, and out of {row.file if row else 'its file'} on the disk. This cannot be undone. "
            "What people told it stays in the memory."
        )
        self.dialog.open()

    @guarded
    async def _delete(self) -> None:
        await in_thread(self.shelf.remove, self.persona().id)
        ui.run_javascript("window.onbeforeunload = null")
        ui.navigate.to("/cast")
