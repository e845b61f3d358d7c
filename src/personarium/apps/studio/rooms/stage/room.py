"""Where the room's page is."""

from __future__ import annotations

from nicegui import ui

from personarium.apps.studio.frame import frame
from personarium.apps.studio.parts import empty, guarded, in_thread
from personarium.apps.studio.rooms.stage.stage import Stage
from personarium.apps.studio.studio import Studio
from personarium.core.errors import NotFound
from personarium.core.persona import Persona

LEAD = "Talk to a persona, or let two talk; every reply is read against the persona's facts."


def register(studio: Studio) -> None:
    """Put the room under its address."""

    @ui.page("/stage", response_timeout=20)
    async def show(persona: str = "") -> None:
        with frame("/stage", LEAD, style="stage"):
            try:
                who = await _first(studio, persona)
            except NotFound as error:
                _nobody(str(error))
                return
            if who is None:
                empty("Nobody is on stage", "The cast is empty: make a persona or import a card in the room Cast.")
                ui.link("To the cast", "/cast").classes("stage-link")
                return
            await _play(studio, who)


async def _play(studio: Studio, who: Persona) -> None:
    stage = Stage(studio)
    ui.context.client.on_delete(stage.end)
    await guarded(stage.begin)(who)


def _nobody(message: str) -> None:
    empty("Nobody of that id is in the cast", message)
    ui.link("To everybody who can be on stage", "/stage").classes("stage-link")


async def _first(studio: Studio, id: str) -> Persona | None:
    """The persona of the address, or the first of the cast; None when it is empty."""
    shelf = studio.workspace.personas
    if id:
        return await in_thread(shelf.get, id)
    rows = await in_thread(shelf.rows)
    return await in_thread(shelf.get, rows[0].id) if rows else None
