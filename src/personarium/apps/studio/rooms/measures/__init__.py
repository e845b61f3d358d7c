"""The room measures: run any benchmark or instrument, watch it, stop it and go on, read its report, set runs side by side."""

from __future__ import annotations

from personarium.apps.studio.rooms.measures.pages import register as register

__all__ = ["register"]
