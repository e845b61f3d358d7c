"""The tree of facts: any number of them, folded by path; what stands behind one is sent when it is opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from personarium.apps.studio.parts import in_thread
from personarium.apps.studio.rooms.memory.rows import Row
from personarium.core.errors import NotFound


class FactTree(Element, component="fact_tree.js"):
    """The tree.

    Args:
        detail: Gives what stands behind a fact; called in a thread.
        act: Called with what is wanted (``correct``, ``forget``) and the fact's id.
    """

    def __init__(self, detail: Callable[[str], Row], act: Callable[[str, str], Awaitable[None]]) -> None:
        super().__init__()
        self._detail, self._act, self._version = detail, act, 0
        self.props["label"] = "What is believed"
        self.fill([], True)
        self.on("detail", self._send)
        self.on("act", self._done)

    def fill(self, rows: list[Row], writable: bool) -> None:
        """Show these facts; ``writable`` says whether they can be corrected and forgotten."""
        self._version += 1
        self.props["rows"], self.props["version"], self.props["writable"] = rows, self._version, writable
        self.update()

    async def _send(self, event: GenericEventArguments) -> None:
        if isinstance(event.args, str):
            try:
                found = await in_thread(self._detail, event.args)
            except NotFound:  # it is gone since the list was sent; the next list shows it
                return
            self.run_method("put", event.args, found)

    async def _done(self, event: GenericEventArguments) -> None:
        what, id = event.args
        await self._act(str(what), str(id))
