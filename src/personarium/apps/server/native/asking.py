"""What the native routes ask of a request: the workspace behind it, parts of lists, and a persona's or user's name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict

from personarium.apps.workspace import Workspace

LONGEST_ID = 512  # characters of an id or name in an address
MOST = 500  # entries of one part of a list


class Wanted(BaseModel):
    """The body of a request: nothing that it does not know, and no value of another type than it says."""

    model_config = ConfigDict(strict=True, extra="forbid")


def workspace_of(request: Request) -> Workspace:
    """The workspace that the server shows."""
    workspace: Workspace = request.app.state.workspace
    return workspace


Place = Annotated[Workspace, Depends(workspace_of)]
Offset = Annotated[int, Query(ge=0, le=10**9, description="How many entries to pass over.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many entries to show.")]
PersonaId = Annotated[
    str,
    Path(min_length=1, max_length=LONGEST_ID, description="Id of a persona; may hold anything.", examples=["torill"]),
]
Name = Annotated[str, Path(min_length=1, max_length=LONGEST_ID, description="As the list shows it.")]
