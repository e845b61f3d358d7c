"""What has to be known of the persona as a whole: its name, its kinds, its warnings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nicegui import ui

from personarium.apps.studio.parts import guarded, open_filled
from personarium.core.persona import KINDS
from personarium.core.persona_draft import Draft

FLAGS = {
    "real_person": "Shows a real person",
    "minor": "Is a minor",
    "deceased": "Is deceased",
    "consent": "The person agreed",
}
SAID = {"": "not said", "yes": "yes", "no": "no"}
_WORD = {None: "", True: "yes", False: "no"}


class AboutDialog:
    """The dialog.

    Args:
        draft: What is edited.
        changed: Called when something was taken over.
    """

    def __init__(self, draft: Draft, changed: Callable[[], None]) -> None:
        self.draft, self.changed = draft, changed
        with ui.dialog() as self.dialog, ui.card().classes("cast-dialog"):
            self.dialog.props["aria-label"] = "About the persona"
            ui.label("About the persona").classes("panel-title").props("role=heading aria-level=2")
            with ui.element("div").classes("facet-form"):
                self.name = ui.input("Name").props("outlined dense maxlength=200 autofocus").classes("wide")
                self.name.on("keydown.enter", self._finish)
                self.kinds = (
                    ui.select(list(KINDS), label="Kinds", multiple=True).props("outlined dense").classes("wide")
                )
                self.language = ui.input("Language").props("outlined dense maxlength=35")
                self.licence = ui.input("Licence").props("outlined dense maxlength=200")
                self.flags = {
                    name: ui.select(SAID, label=label).props("outlined dense") for name, label in FLAGS.items()
                }
            with ui.element("div").classes("line dialog-actions"):
                ui.button("Cancel", on_click=self.dialog.close).props("flat")
                ui.button("Apply", on_click=self._finish).props("unelevated")

    def open(self) -> None:
        """Show it, filled with what the draft says."""
        persona = self.draft.persona
        self.name.set_value(persona.name)
        self.kinds.set_value(list(persona.kinds))
        self.language.set_value(persona.language)
        self.licence.set_value(persona.licence)
        for name, field in self.flags.items():
            field.set_value(_WORD[getattr(persona.flags, name)])
        open_filled(self.dialog)

    @guarded
    def _finish(self, _: Any = None) -> None:
        said: dict[str, Any] = {name: {"yes": True, "no": False}.get(f.value) for name, f in self.flags.items()}
        self.draft.about(
            name=(self.name.value or "").strip(),
            kinds=tuple(self.kinds.value or ()),
            language=(self.language.value or "").strip() or "en",
            licence=(self.licence.value or "").strip(),
            flags=replace(self.draft.persona.flags, **said),
        )
        self.changed()
        self.dialog.close()
