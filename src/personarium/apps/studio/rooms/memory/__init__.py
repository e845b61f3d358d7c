"""The room memory: what is believed of people, why and since when; what would be believed next; undo, forget, recall, take along."""

from __future__ import annotations

from personarium.apps.studio.rooms.memory.room import register as register

__all__ = ["register"]
