"""Addresses of personas: an id is data, whatever it is."""

from __future__ import annotations

from urllib.parse import quote

from personarium.apps.studio.parts import address, portrait_url
from personarium.core.persona import Persona


def sheet_url(id: str) -> str:
    """The page of a persona."""
    return address("/cast", id)


def stage_url(id: str) -> str:
    """The stage with this persona on it."""
    return f"/stage?persona={quote(id, safe='')}"


def picture_url(persona: Persona) -> str:
    """The portrait of this version of a persona: another version may look different, and browsers keep what they have."""
    url = portrait_url(persona.id)
    return f"{url}{'&' if '?' in url else '?'}v={persona.version}"
