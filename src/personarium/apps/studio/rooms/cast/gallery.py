"""The gallery: any number of personas as cards, of which the browser holds those near the screen only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from personarium.apps.studio.parts import in_thread

Card = dict[str, Any]
PAGE = 60  # cards that are sent at once
CARD_HEIGHT = 132  # pixels; the same for all, so that the browser knows where a card stands before it has it


class Gallery(Element, component="gallery.js"):
    """A grid of cards.

    Args:
        label: What it is called for those who do not see it.
        read: Gives the cards from a place on; called in a thread.
        on_drag: Called when somebody drags a file over the page.
    """

    def __init__(self, label: str, read: Callable[[int, int], list[Card]], on_drag: Callable[[], None]) -> None:
        super().__init__()
        self._read, self._version = read, 0
        self.props["label"], self.props["page"], self.props["height"] = label, PAGE, CARD_HEIGHT
        self.fill(0, [])
        self.on("need", self._send)
        self.on("dragged", lambda: on_drag(), throttle=0.5)

    def fill(self, total: int, cards: list[Card]) -> None:
        """Show other cards: how many there are, and the first of them."""
        self._version += 1
        self.props["total"], self.props["cards"], self.props["version"] = total, cards, self._version
        self.update()

    async def _send(self, event: GenericEventArguments) -> None:
        version, start = event.args["version"], event.args["start"]
        if version == self._version and isinstance(start, int) and 0 <= start < self.props["total"]:
            cards = await in_thread(self._read, start, PAGE)
            self.run_method("put", version, start, cards)
