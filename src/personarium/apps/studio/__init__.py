"""The studio: a local web app in which people make characters, talk to them, and see what they remember and how true they stay.

It shows a workspace and holds no logic of its own. Rooms: cast, stage, memory, populations, measures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.apps.studio.application import create_studio as create_studio

__all__, __getattr__, __dir__ = lazy_exports(__name__, {"create_studio": "personarium.apps.studio.application"})
