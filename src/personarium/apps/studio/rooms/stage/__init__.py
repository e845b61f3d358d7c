"""The room stage: talk to a persona or let two talk, see how true each reply is, branch, compare two models blind and vote."""

from __future__ import annotations

from personarium.apps.studio.rooms.stage.room import register

__all__ = ["register"]
