"""The list of what was said: of any length, of which the browser holds the turns near the screen only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from personarium.apps.studio.parts import guarded
from personarium.apps.studio.rooms.stage.talks import Entry, Talk

ACTS = ("reading", "sent", "compare", "branch")


class TalkView(Element, component="talk_view.js"):
    """Shows one talk at a time.

    Args:
        on_act: Called with what is wanted (one of :data:`ACTS`) and the entry it is wanted of.
    """

    def __init__(self, on_act: Callable[[str, Entry], Awaitable[None]]) -> None:
        super().__init__()
        self._on_act = guarded(on_act)
        self._talk: Talk | None = None
        self.props["rows"], self.props["label"] = [], "What was said"
        self.on("act", self._act)

    def show(self, talk: Talk | None) -> None:
        """Show another talk, from its end."""
        self._talk = talk
        rows = [] if talk is None else [talk.row(entry) for entry in talk.entries]
        if self.client.has_socket_connection:
            self.run_method("reset", rows)
        else:
            self.props["rows"] = rows

    def add(self, talk: Talk, entry: Entry) -> None:
        """A new entry at the end."""
        if talk is self._talk:
            self.run_method("add", talk.row(entry))

    def grow(self, talk: Talk, entry: Entry, piece: str) -> None:
        """A further piece of what is being said."""
        if talk is self._talk:
            self.run_method("grow", entry.key, piece)

    def put(self, talk: Talk, entry: Entry) -> None:
        """An entry has changed."""
        if talk is self._talk:
            self.run_method("put", talk.row(entry))

    def drop(self, talk: Talk, entry: Entry) -> None:
        """An entry is gone."""
        if talk is self._talk:
            self.run_method("drop", entry.key)

    async def _act(self, event: GenericEventArguments) -> None:
        asked: Any = event.args
        what, key = asked.get("what"), asked.get("key")
        entry = next((one for one in self._talk.entries if one.key == key), None) if self._talk else None
        if entry is not None and what in ACTS:
            await self._on_act(what, entry)
