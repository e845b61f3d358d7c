"""Layers: what a persona was stacked from and where they disagree, and a new stack before it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from personarium.apps.studio.parts import guarded, icon_button, in_thread, panel, portrait, tag
from personarium.apps.studio.rooms.cast.addresses import sheet_url
from personarium.apps.studio.rooms.cast.cards import shortened
from personarium.apps.workspace.persona_shelf import PersonaShelf
from personarium.core.layers import LAYER_KINDS, Conflict
from personarium.core.persona import Persona
from personarium.core.persona_draft import Draft
from personarium.core.persona_stack import Part, stack_personas
from personarium.core.views import show_value

MOST_PARTS, MOST_FOUND, MOST_LISTED = 12, 6, 200
RULE = (
    "Layers go from general to specific: demographic, character, individualized, session. A later layer wins where it is "
    "declared, or where the earlier one is neither declared nor more certain. What any layer keeps secret stays secret."
)


class StackView:
    """The panel.

    Args:
        shelf: Who can be a layer, and where a stack is saved.
        draft: The persona that the stack begins with.
    """

    def __init__(self, shelf: PersonaShelf, draft: Draft) -> None:
        self.shelf, self.draft = shelf, draft
        persona = draft.persona
        self.parts = [Part(persona, persona.as_layer().kind)]
        self.stacked: Persona | None = None
        if persona.layers:
            with panel("Stacked from"):
                self._own_layers(persona)
        with panel("Stack with others"):
            ui.label(RULE).classes("soft small stack-rule")
            self.list = ui.element("div").classes("stack-parts")
            self.search = ui.input("Add a persona as a layer", on_change=self._find)
            self.search.props("outlined dense clearable debounce=150").classes("stack-search")
            self.choices = ui.element("div").classes("stack-choices")
            self.result = ui.element("div").classes("stack")
        self._show_parts()

    def _own_layers(self, persona: Persona) -> None:
        with ui.element("div").classes("line"):
            for layer in persona.layers:
                tag(f"{shortened(layer.name, 40)}: {layer.kind}, {len(layer.facets):,} facets")
        show_conflicts(persona.conflicts)

    # -- the parts -----------------------------------------------------------------------------------------------------

    def _show_parts(self) -> None:
        self.list.clear()
        with self.list:
            for index, part in enumerate(self.parts):
                self._part(index, part)

    def _part(self, index: int, part: Part) -> None:
        name = part.persona.name or part.persona.id
        with ui.element("div").classes("stack-part"):
            portrait(part.persona.id, name, 36)
            with ui.element("div").classes("grow"):
                ui.label(shortened(name)).classes("clip")
                ui.label(f"{len(part.persona.facets):,} facets").classes("soft tiny")
            kind = ui.select(
                list(LAYER_KINDS), value=part.kind, on_change=lambda event: self._set_kind(index, event.value)
            )
            kind.props("outlined dense options-dense").classes("stack-kind")
            kind.props["aria-label"] = f"Kind of layer of {shortened(name)}"
            if index:
                icon_button("close", f"Take {shortened(name)} out", lambda: self._take_out(index))

    async def _set_kind(self, index: int, kind: Any) -> None:
        self.parts[index] = Part(self.parts[index].persona, kind)
        await self.show()

    async def _take_out(self, index: int) -> None:
        del self.parts[index]
        self._show_parts()
        await self.show()

    @guarded
    async def _find(self, event: Any) -> None:
        """Who can be added."""
        words = (event.value or "").strip()[:200]
        found = await in_thread(self.shelf.find, words) if words else []
        here = {part.persona.id for part in self.parts}
        self.choices.clear()
        with self.choices:
            for row in [row for row in found if row.id not in here][:MOST_FOUND]:
                with ui.button(on_click=lambda id=row.id: self._add(id)).props("flat no-caps").classes("stack-choice"):
                    portrait(row.id, row.name or row.id, 28)
                    ui.label(shortened(row.name or row.id)).classes("clip grow")
            if words and not found:
                ui.label("Nobody like that.").classes("soft small")

    @guarded
    async def _add(self, id: str) -> None:
        if len(self.parts) < MOST_PARTS:
            persona = await in_thread(self.shelf.get, id)
            self.parts.append(Part(persona, persona.as_layer().kind))
        self.search.set_value("")
        self._show_parts()
        await self.show()

    # -- what comes of it ----------------------------------------------------------------------------------------------

    @guarded
    async def show(self) -> None:
        """The stack as it would be saved."""
        self.parts[0] = Part(self.draft.persona, self.parts[0].kind)
        self.stacked = await in_thread(stack_personas, self.parts) if len(self.parts) > 1 else None
        self.result.clear()
        if self.stacked is None:
            return
        conflicts = self.stacked.conflicts
        with self.result:
            with ui.element("div").classes("line").props("role=status"):
                tag(f"{len(self.stacked.facets):,} facets hold", "good")
                tag(f"{len(conflicts):,} conflicts", "warn" if conflicts else "")
            show_conflicts(conflicts)
            self._show_facets(self.stacked)
            with ui.element("div").classes("line"):
                self.name = ui.input("Name of the new persona", value=self.stacked.name)
                self.name.props("outlined dense maxlength=120").classes("grow").on("keydown.enter", self._save)
                ui.button("Save as a new persona", on_click=self._save).props("unelevated")

    def _show_facets(self, stacked: Persona) -> None:
        with ui.expansion(f"All that holds ({len(stacked.facets):,})").classes("stack-holds"):
            for facet in stacked.facets[:MOST_LISTED]:
                with ui.element("div").classes("line claim"):
                    ui.label(facet.path).classes("mono claim-path")
                    ui.label(shortened(show_value(facet.value), 200)).classes("grow wrap")
            if len(stacked.facets) > MOST_LISTED:
                ui.label(f"and {len(stacked.facets) - MOST_LISTED:,} more").classes("soft small")

    @guarded
    async def _save(self, _: Any = None) -> None:
        made = self.shelf.with_free_id(stack_personas(self.parts, (self.name.value or "").strip()))
        await in_thread(self.shelf.put, made)
        ui.navigate.to(sheet_url(made.id))


def show_conflicts(conflicts: Sequence[Conflict]) -> None:
    """Each path that layers disagree on: what each says, and which of them holds."""
    for conflict in conflicts[:MOST_LISTED]:
        with ui.element("div").classes("conflict"):
            ui.label(conflict.path).classes("mono")
            for claim in conflict.claims:
                wins = claim is conflict.winner or claim == conflict.winner
                with ui.element("div").classes("claim wins" if wins else "claim"):
                    ui.icon("check" if wins else "remove").props('aria-hidden="true"')
                    ui.label(shortened(show_value(claim.value), 200)).classes("claim-value wrap grow")
                    said = f"{shortened(claim.layer, 40)} ({claim.kind}), {claim.source} {claim.confidence:.2f}"
                    ui.label(f"{said}{', holds' if wins else ''}").classes("soft small")
    if len(conflicts) > MOST_LISTED:
        ui.label(f"and {len(conflicts) - MOST_LISTED:,} more conflicts").classes("soft small")
