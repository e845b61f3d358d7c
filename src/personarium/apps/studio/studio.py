"""What all rooms of the studio share: the workspace, and where its address leads."""

from __future__ import annotations

from dataclasses import dataclass

from personarium.apps.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Studio:
    """The studio of one process.

    Args:
        workspace: What it shows.
        user: Whose memory the stage writes to: the person who sits in front of it.
    """

    workspace: Workspace
    user: str = "me"
