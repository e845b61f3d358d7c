"""What is sent: the exact messages of a turn, in a dialog."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from personarium.apps.studio.rooms.stage.sheet import Sheet
from personarium.core.chat import Message


def show_sent(sheet: Sheet, messages: Sequence[Message], model: str, *, exact: bool) -> None:
    """Show messages as they are.

    Args:
        sheet: Where.
        messages: In order.
        model: Who gets them.
        exact: Whether they are those that were sent, and not made anew from the talk as it stands.
    """
    with sheet.filled("What is sent" if exact else "What would be sent") as dialog:
        ui.label(f"{len(messages)} messages to {model}").classes("soft small")
        if not exact:
            ui.label("Made anew from the talk; a memory is shown as it stands now.").classes("soft small")
        with ui.element("div").classes("sent").props('tabindex=0 role=region aria-label="Messages"'):
            for message in messages:
                with ui.element("div").classes("message"):
                    ui.label(message["role"]).classes("tag")
                    ui.label(message["content"]).classes("mono wrap")
        with ui.element("div").classes("line end"):
            ui.button("Copy", icon="content_copy", on_click=lambda: ui.clipboard.write(_as_text(messages))).props(
                "flat"
            )
            ui.button("Close", on_click=dialog.close).props("flat")


def _as_text(messages: Sequence[Message]) -> str:
    return "\n\n".join(f"[{one['role']}]\n{one['content']}" for one in messages)
