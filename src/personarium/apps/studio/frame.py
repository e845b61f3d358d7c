"""What every room of the studio has around it: the rail of rooms, the title, the theme, and the bar of rooms on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from nicegui import ui

THEME_COOKIE = "personarium-theme"
MARK = (
    '<svg width="22" height="22" viewBox="0 0 20 20" aria-hidden="true"><circle cx="7.5" cy="10" r="6.2" fill="none" '
    'stroke="var(--accent)" stroke-width="2"/><circle cx="12.5" cy="10" r="6.2" fill="none" stroke="var(--s1)" '
    'stroke-width="2"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Room:
    """A room of the studio: where it is, what it is called, its icon."""

    path: str
    title: str
    icon: str


ROOMS = (
    Room("/cast", "Cast", "groups"),
    Room("/stage", "Stage", "forum"),
    Room("/memory", "Memory", "psychology"),
    Room("/populations", "Populations", "grid_view"),
    Room("/measures", "Measures", "straighten"),
)


@contextmanager
def frame(path: str, lead: str = "", *, title: str = "", style: str = "") -> Iterator[None]:
    """Put a room's content into the frame.

    Args:
        path: The room, as in :data:`ROOMS`.
        lead: One sentence below the title.
        title: What stands above the content in place of the room's name.
        style: A style sheet of its own, by name, from ``static/rooms``.
    """
    room = next(room for room in ROOMS if room.path == path)
    ui.page_title(f"{title or room.title} · Personarium")
    ui.add_head_html(f"<style>{style_sheet('studio')}{style_sheet(f'rooms/{style}') if style else ''}</style>")
    dark = ui.dark_mode(_chosen_theme())
    _rail(room, dark)
    _bar(room)
    with ui.element("div").classes("room"):
        with ui.element("header").classes("room-head"):
            with ui.element("div").classes("line"):
                ui.label(title or room.title).props("role=heading aria-level=1").classes("room-title grow")
                _theme_button(dark, "phone-only")
            if lead:
                ui.label(lead).classes("room-lead")
        yield


@lru_cache
def style_sheet(name: str) -> str:
    """A style sheet of the studio, by its path in ``static`` without ending."""
    return files("personarium.apps.studio").joinpath(f"static/{name}.css").read_text(encoding="utf-8")


def _chosen_theme() -> bool | None:
    """Dark, light, or None: as the system says."""
    request = ui.context.client.request
    return {"dark": True, "light": False}.get(request.cookies.get(THEME_COOKIE, ""))


def _rail(active: Room, dark: ui.dark_mode) -> None:
    # Open by Quasar's own rule; NiceGUI's (value=None) asks each page and logs a traceback for one that was left at once.
    rail = ui.left_drawer(value=False, fixed=True).classes("rail")
    with rail.props("width=212 breakpoint=800 no-swipe-open show-if-above"):
        with ui.link(target="/cast").classes("brand").props('aria-label="Personarium, to the cast"'):
            ui.html(MARK, sanitize=False, tag="span")
            ui.label("Personarium")
        with ui.element("nav").props('aria-label="Rooms"'):
            _links(active)
        ui.space()
        _theme_button(dark, "theme")


def _bar(active: Room) -> None:
    with ui.footer(fixed=True).classes("bar"), ui.element("nav").props('aria-label="Rooms"'):
        _links(active)


def _links(active: Room) -> None:
    for room in ROOMS:
        link = ui.link(target=room.path).classes("room-link")
        if room is active:
            link.classes("active").props('aria-current="page"')
        with link:
            ui.icon(room.icon).props('aria-hidden="true"')
            ui.label(room.title)


def _theme_button(dark: ui.dark_mode, classes: str) -> None:
    async def turn() -> None:
        now_dark = await ui.run_javascript("document.body.classList.contains('body--dark')")
        dark.value = not now_dark
        kept = "dark" if dark.value else "light"
        ui.run_javascript(f"document.cookie = '{THEME_COOKIE}={kept}; path=/; max-age=31536000; SameSite=Strict'")

    button = ui.button("Light or dark" if classes == "theme" else "", icon="contrast", on_click=turn)
    button.props("flat no-caps dense").classes(classes).props["aria-label"] = "Light or dark"
