"""The page of one persona: who it is, its facets, its words, its layers; edited here and saved as a new version."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from personarium.apps.studio.frame import frame
from personarium.apps.studio.parts import empty, guarded, in_thread, tag, tell
from personarium.apps.studio.rooms.cast.about_dialog import AboutDialog
from personarium.apps.studio.rooms.cast.addresses import picture_url, stage_url
from personarium.apps.studio.rooms.cast.cards import flag_words, shortened
from personarium.apps.studio.rooms.cast.facet_form import FacetForm
from personarium.apps.studio.rooms.cast.facet_table import FacetTable
from personarium.apps.studio.rooms.cast.leave_dialogs import DeleteDialog, ExportDialog
from personarium.apps.studio.rooms.cast.prompt_view import PromptView
from personarium.apps.studio.rooms.cast.stack_view import StackView
from personarium.apps.studio.studio import Studio
from personarium.core.cards.cast import tags_of
from personarium.core.errors import NotFound, UsageError
from personarium.core.facets import Facet
from personarium.core.persona_draft import Draft

FACETS, PROMPT, LAYERS = "Facets", "Prompt", "Layers"
# Whoever leaves with unsaved edits is asked by the browser.
_STAY = "window.onbeforeunload = (event) => event.preventDefault()"
_GO = "window.onbeforeunload = null"


async def show_sheet(studio: Studio, id: str) -> None:
    """The page of the persona of this id, or that there is none."""
    try:
        persona = await in_thread(studio.workspace.personas.get, id)
    except NotFound:
        ui.status_code(404)
        with frame("/cast", style="cast"):
            empty("Nobody has this id", "The persona may have been deleted, or its file renamed.")
            with ui.element("div").classes("cast-centre"):
                ui.link("To the cast", "/cast")
        return
    with frame("/cast", title=shortened(persona.name or persona.id, 80), style="cast"):
        await Sheet(studio, Draft(persona)).show()


class Sheet:
    """The page as one person sees it.

    Args:
        studio: What it shows.
        draft: The persona with the edits that are not saved yet.
    """

    def __init__(self, studio: Studio, draft: Draft) -> None:
        self.shelf = studio.workspace.personas
        self.draft = draft

    async def show(self) -> None:
        """Put the page together."""
        self.form = FacetForm(self._take_over)
        self.about = AboutDialog(self.draft, self._changed)
        self.exporting = ExportDialog(self.shelf, lambda: self.draft.stored)
        self.deleting = DeleteDialog(self.shelf, lambda: self.draft.stored)
        with ui.link(target="/cast").classes("sheet-back"):
            ui.icon("arrow_back").props('aria-hidden="true"')
            ui.label("The whole cast")
        self._head()
        with ui.tabs(on_change=self._turned).props("align=left inline-label no-caps") as self.tabs:
            ui.tab(FACETS)
            ui.tab(PROMPT)
            ui.tab(LAYERS)
        with ui.tab_panels(self.tabs, value=FACETS, animated=False, keep_alive=True).classes("sheet-panels"):
            with ui.tab_panel(FACETS):
                self._facets()
            with ui.tab_panel(PROMPT):
                self.prompt = PromptView(self.draft)
            with ui.tab_panel(LAYERS):
                self.stack = StackView(self.shelf, self.draft)
        self._bar()
        self._changed()

    # -- what is shown -------------------------------------------------------------------------------------------------

    def _head(self) -> None:
        persona = self.draft.persona
        with ui.element("section").classes("panel sheet-head") as head:
            head.props["aria-label"] = "Who it is"
            picture = ui.element("img").props("width=104 height=104").classes("portrait")
            picture.props["src"] = picture_url(persona)
            picture.props["alt"] = f"Portrait of {shortened(persona.name or persona.id)}"
            with ui.element("div").classes("grow"):
                self.tags = ui.element("div").classes("line")
                self.facts = ui.element("div").classes("sheet-facts soft small")
            self._actions(persona.id)

    def _actions(self, id: str) -> None:
        with ui.element("div").classes("sheet-actions"):
            talk = ui.button("Talk", icon="forum").props("unelevated")
            talk.props["href"] = stage_url(id)
            ui.button("About", icon="tune", on_click=self.about.open).props("outline")
            ui.button("Export", icon="download", on_click=self.exporting.open).props("outline")
            ui.button("Delete", icon="delete", on_click=self.deleting.open, color="negative").props("flat")

    def _facets(self) -> None:
        with ui.element("div").classes("line facet-tools"):
            self.conflicts = ui.button(on_click=lambda: self.tabs.set_value(LAYERS)).props("flat dense no-caps")
            ui.button("Add facet", icon="add", on_click=lambda: self.form.open()).props("outline").classes("facet-add")
        self.table = FacetTable(self.draft, self.form.open, self._drop)

    def _bar(self) -> None:
        with ui.element("section").classes("save-bar") as self.bar:
            self.bar.props["aria-label"] = "Unsaved changes"
            self.unsaved = ui.label().classes("grow").props("role=status")
            ui.button("Undo", icon="undo", on_click=self._undo).props("flat")
            self.save = ui.button("Save", icon="check", on_click=self._save).props("unelevated")

    def _show_who(self) -> None:
        persona = self.draft.persona
        self.tags.clear()
        with self.tags:
            for word in flag_words(persona.flags):
                tag(word, "warn")
            for kind in persona.kinds:
                tag(kind, "accent")
            for word in tags_of(persona)[:12]:
                tag(shortened(word, 40))
        parts = [
            f"version {self.draft.stored.version}",
            "1 facet" if len(persona.facets) == 1 else f"{len(persona.facets):,} facets",
            *([f"language {shortened(persona.language, 20)}"] if persona.language != "en" else []),
            *([f"licence {shortened(persona.licence, 40)}"] if persona.licence else []),
        ]
        self.facts.clear()
        with self.facts:
            ui.label(" · ".join(parts)).classes("number")
            ui.label(shortened(persona.id, 120)).classes("mono clip")

    # -- edits ---------------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        """Show the draft as it is now, and what there is to save."""
        draft = self.draft
        self._show_who()
        self.table.show()
        conflicts = len(draft.persona.conflicts)
        self.conflicts.set_text(
            f"{conflicts:,} conflicts between its layers" if conflicts != 1 else "1 conflict between its layers"
        )
        self.conflicts.set_visibility(bool(conflicts))
        self.bar.set_visibility(len(draft) > 0)
        edits = "1 unsaved edit" if len(draft) == 1 else f"{len(draft):,} unsaved edits"
        self.unsaved.set_text(edits)
        self.save.set_text(f"Save version {draft.stored.version + 1}")
        self.save.set_enabled(draft.changed)
        if ui.context.client.has_socket_connection:
            ui.run_javascript(_STAY if draft.changed else _GO)

    def _take_over(self, old: Facet | None, new: Facet) -> None:
        if old is None:
            self.draft.add(new)
        else:
            self.draft.change(old.id, new)
        self._changed()

    @guarded
    def _drop(self, facet: Facet) -> None:
        self.draft.remove(facet.id)
        self._changed()

    def _undo(self) -> None:
        self.draft.undo()
        self._changed()

    @guarded
    async def _save(self) -> None:
        """Keep the draft as a new version, unless the stored one has become another meanwhile."""
        draft = self.draft
        if await in_thread(self.shelf.get, draft.stored.id) != draft.stored:
            raise UsageError(
                "Somebody else has saved this persona since you opened it. Open it again in another tab to see what changed; "
                "nothing of yours is lost here as long as this page is open."
            )
        done = draft.finished()
        await in_thread(self.shelf.put, done)
        draft.stored_as(await in_thread(self.shelf.get, done.id))  # as its file gives it back
        self._changed()
        tell(f"Saved as version {done.version}")

    async def _turned(self, event: Any) -> None:
        if event.value == PROMPT:
            await self.prompt.show()
        elif event.value == LAYERS:
            await self.stack.show()
