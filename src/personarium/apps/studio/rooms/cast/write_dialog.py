"""A new persona in a few sentences."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from personarium.apps.studio.parts import guarded, in_thread, tag
from personarium.apps.studio.rooms.cast.addresses import sheet_url
from personarium.apps.studio.rooms.cast.cards import shortened
from personarium.apps.workspace.persona_shelf import PersonaShelf
from personarium.core.errors import InvalidInput
from personarium.core.persona import Persona
from personarium.core.views import show_value
from personarium.judges.extraction import extract_by_rules

MOST_CHARACTERS = 20_000
EXAMPLE = "I keep eleven hives on the roof of a hotel. I am afraid of the sea. I have a dog called Moll."


class WriteDialog:
    """The dialog; what it makes is kept at once, and its page opens.

    Args:
        shelf: Where it goes.
    """

    def __init__(self, shelf: PersonaShelf) -> None:
        self.shelf = shelf
        with ui.dialog() as self.dialog, ui.card().classes("cast-dialog"):
            self.dialog.props["aria-label"] = "New persona"
            ui.label("New persona").classes("panel-title").props("role=heading aria-level=2")
            self.name = ui.input("Name").props("outlined dense maxlength=120 autofocus").classes("full")
            self.text = ui.textarea("Who is it? A few sentences", placeholder=EXAMPLE, on_change=self._preview)
            self.text.props(f"outlined debounce=250 maxlength={MOST_CHARACTERS}").classes("full")
            self.text.on("keydown.ctrl.enter", self._make)
            self.facts = ui.switch("Read age, work, home and the like out of the sentences", on_change=self._preview)
            self.preview = ui.element("div").classes("write-preview").props("role=status")
            with ui.element("div").classes("line dialog-actions"):
                ui.button("Cancel", on_click=self.dialog.close).props("flat")
                ui.button("Make persona", on_click=self._make).props("unelevated")

    def open(self) -> None:
        """Show it."""
        self.dialog.open()

    def _persona(self) -> Persona:
        name, text = (self.name.value or "").strip(), (self.text.value or "").strip()
        if not text:
            raise InvalidInput("new persona", "at least one sentence about who it is")
        if len(text) > MOST_CHARACTERS:
            raise InvalidInput("new persona", f"at most {MOST_CHARACTERS:,} characters", f"{len(text):,}")
        if self.facts.value:
            return extract_by_rules(text, where="sentences").persona(name=name)
        return Persona.from_text(text, name=name)

    @guarded
    async def _preview(self) -> None:
        """What the persona would consist of."""
        written = (self.text.value or "").strip()
        persona = await in_thread(self._persona) if written else None
        self.preview.clear()
        with self.preview:
            for facet in persona.facets[:12] if persona else ():
                with ui.element("div").classes("line write-facet"):
                    tag(facet.path, "accent")
                    ui.label(shortened(show_value(facet.value), 90)).classes("small grow clip")
            if persona and len(persona.facets) > 12:
                ui.label(f"and {len(persona.facets) - 12:,} more").classes("soft small")

    @guarded
    async def _make(self, _: Any = None) -> None:
        persona = self.shelf.with_free_id(await in_thread(self._persona))
        await in_thread(self.shelf.put, persona)
        ui.navigate.to(sheet_url(persona.id))
