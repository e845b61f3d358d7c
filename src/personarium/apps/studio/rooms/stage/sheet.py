"""A dialog that shows one thing after another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui


class Sheet:
    """The dialog.

    Args:
        classes: Of its card.
    """

    def __init__(self, classes: str = "wide-card") -> None:
        with ui.dialog() as self._dialog:
            self._card = ui.card().classes(classes)

    @contextmanager
    def filled(self, title: str) -> Iterator[ui.dialog]:
        """Fill it anew and show it.

        Args:
            title: Its heading and its name.
        """
        self._card.clear()
        name_dialog(self._dialog, title)
        with self._card:
            ui.label(title).classes("panel-title").props("role=heading aria-level=2")
            yield self._dialog
        self._dialog.open()


def name_dialog(dialog: ui.dialog, title: str) -> None:
    """Give a dialog its name, for those who do not see it."""
    dialog.props["aria-label"] = title
