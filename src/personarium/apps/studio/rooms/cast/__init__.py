"""The room cast: everybody who can be played, found, taken in, written, edited and stacked."""

from __future__ import annotations

from personarium.apps.studio.rooms.cast.room import register

__all__ = ["register"]
