"""The room populations: made from a schema with exact quotas, looked into, held against their targets, surveyed, handed on."""

from __future__ import annotations

from personarium.apps.studio.rooms.populations.pages import register as register

__all__ = ["register"]
