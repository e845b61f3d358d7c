"""Where the room's pages are: the gallery, and one page a persona."""

from __future__ import annotations

from nicegui import app, ui

from personarium.apps.studio.parts import in_thread
from personarium.apps.studio.rooms.cast.browse import Browse
from personarium.apps.studio.rooms.cast.sheet import show_sheet
from personarium.apps.studio.studio import Studio


def register(studio: Studio) -> None:
    """Put the room under its addresses, and read the cast when the studio starts."""

    @ui.page("/cast")
    async def gallery(q: str = "", id: str = "") -> None:
        if id:  # an id that no path can hold
            await show_sheet(studio, id)
        else:
            await Browse(studio, q).show()

    @ui.page("/cast/{id:path}")
    async def sheet(id: str) -> None:
        await show_sheet(studio, id)

    async def read() -> None:
        await in_thread(studio.workspace.personas.values)

    app.on_startup(read)
