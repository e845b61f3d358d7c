"""Pieces that several rooms are made of.

Text of personas, people and models goes into labels and single properties (``element.props["alt"] = text``) only: never into
HTML, Markdown, or a string that ``props`` or ``style`` would take apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote

from nicegui import background_tasks, run, ui

from personarium.core.errors import PersonariumError

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What a call that blocks gives back, made in a thread while the studio goes on; cancelled when the studio ends."""
    found = await run.io_bound(lambda: (call(*args, **options),))
    if found is None:
        raise asyncio.CancelledError
    return found[0]


def guarded(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler whose refusals are told to the person: what was expected, and what to do."""
    if inspect.iscoroutinefunction(handler):

        @functools.wraps(handler)
        async def waiting(*args: Any, **options: Any) -> Any:
            try:
                return await handler(*args, **options)
            except PersonariumError as error:
                refuse(str(error))

        return waiting

    @functools.wraps(handler)
    def at_once(*args: Any, **options: Any) -> Any:
        try:
            return handler(*args, **options)
        except PersonariumError as error:
            refuse(str(error))

    return at_once


def refuse(message: str) -> None:
    """Say why something was not done; at the top, for what is to be done next stands below."""
    ui.notify(
        message, type="negative", position="top", multi_line=True, timeout=8000, close_button="Close", classes="wrap"
    )


def tell(message: str) -> None:
    """Say that something was done."""
    ui.notify(message, type="positive", position="top", timeout=3000)


def open_filled(dialog: ui.dialog) -> None:
    """Open a dialog when its fields hold what was put into them.

    NiceGUI sends the values of fields after everything else; a dialog that opened with them would take back what a quick
    person types in the first moment.
    """

    async def when_there() -> None:
        with contextlib.suppress(TimeoutError):  # a page that answers late gets its dialog late
            await dialog.client.run_javascript("return true", timeout=10)
        dialog.open()

    background_tasks.create(when_there(), name="open a dialog")


@contextmanager
def panel(title: str = "", *, level: int = 2) -> Iterator[ui.element]:
    """A card with a heading."""
    with ui.element("section").classes("panel") as section:
        if title:
            ui.label(title).classes("panel-title").props(f"role=heading aria-level={level}")
            section.props["aria-label"] = title
        yield section


def empty(title: str, text: str) -> None:
    """What a room shows where there is nothing yet, and what to do about it."""
    with ui.element("div").classes("empty"):
        ui.label(title).classes("empty-title")
        ui.label(text)


def tag(text: str, kind: str = "") -> ui.label:
    """A short word in a lozenge; ``kind`` is ``accent``, ``good``, ``bad``, ``warn`` or nothing."""
    return ui.label(text).classes(f"tag {kind}")


def notice(text: str, *, info: bool = False) -> ui.label:
    """A sentence that must be seen."""
    return ui.label(text).classes("notice info" if info else "notice")


# A browser takes dots for steps, and a route ends at a line break.
_PLAIN = re.compile(r"(?!\.{1,2}\Z)[^\x00-\x1f\x7f/\\]+")


def address(place: str, id: str) -> str:
    """Where something of this id is: in the path, or, for an id that no path can hold, in the query."""
    quoted = quote(id, safe="")
    return f"{place}/{quoted}" if _PLAIN.fullmatch(id) else f"{place}?id={quoted}"


def portrait_url(id: str) -> str:
    """Where the portrait of a persona is."""
    return address("/portraits", id)


def portrait(id: str, name: str, size: int = 48) -> ui.element:
    """The portrait of a persona of the cast."""
    image = ui.element("img").props(f"width={size} height={size} loading=lazy").classes("portrait")
    image.props["src"], image.props["alt"] = portrait_url(id), f"Portrait of {name}"
    return image


def report_frame(address: str, title: str) -> ui.element:
    """A report in a frame of its own, where it can do nothing to the studio."""
    shown = ui.element("iframe").props('sandbox="allow-scripts"').classes("report")
    shown.props["src"], shown.props["title"] = address, title
    return shown


def icon_button(icon: str, name: str, on_click: Callable[..., Any]) -> ui.button:
    """A button that shows an icon only, with a name for those who do not see it."""
    with ui.button(icon=icon, on_click=on_click).props("flat round dense") as button:
        ui.tooltip(name)
    button.props["aria-label"] = name
    return button


SIMULATED = "Spoken by a simulated subject: a rule-based measuring standard, no language model."
