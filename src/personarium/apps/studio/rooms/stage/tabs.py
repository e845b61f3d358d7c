"""The talks that are open on the page: branches, talks that were taken up, and others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from personarium.apps.studio.parts import guarded, icon_button
from personarium.apps.studio.rooms.stage.talks import Talk


class Tabs:
    """The row of tabs; there is none while one talk is open.

    Args:
        on_show: Called with the talk that is to be shown.
        on_close: Called with the talk that is to be closed.
    """

    def __init__(self, on_show: Callable[[Talk], Awaitable[None]], on_close: Callable[[Talk], Awaitable[None]]) -> None:
        self._on_show, self._on_close = guarded(on_show), guarded(on_close)
        self._row = ui.element("div").classes("talk-tabs").props('role=group aria-label="Open talks"')

    def show(self, talks: list[Talk], active: Talk | None, *, busy: bool) -> None:
        """Show which talks are open."""
        self._row.clear()
        self._row.visible = len(talks) > 1
        if len(talks) < 2:
            return
        with self._row:
            for talk in talks:
                with ui.element("div").classes("talk-tab active" if talk is active else "talk-tab"):
                    with ui.element("button").props("type=button") as button:
                        ui.label(talk.title).classes("clip")
                    button.props["aria-current"] = "true" if talk is active else "false"
                    button.on("click", partial(self._on_show, talk))
                    if talk is active and not busy:
                        icon_button("close", "Close this talk", partial(self._on_close, talk)).props("size=xs")
