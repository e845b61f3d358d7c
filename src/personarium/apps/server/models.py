"""``/v1/models``: every persona of the workspace is a model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from personarium.apps.server.errors import documented
from personarium.apps.server.json_reply import JsonReply
from personarium.apps.server.keys import Key, require
from personarium.apps.server.turns import find_persona

if TYPE_CHECKING:
    from personarium.apps.workspace import PersonaRow

router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])


class PersonaModel(BaseModel):
    """A persona as a model; `name`, `description` and `kinds` are additions to OpenAI's fields."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0  # a persona's age is not known
    owned_by: str = "personarium"
    name: str
    description: str
    kinds: list[str]


class ModelList(BaseModel):
    """All personas."""

    object: Literal["list"] = "list"
    data: list[PersonaModel]


@router.get("/models", response_model=ModelList)
async def list_models(request: Request, key: Annotated[Key, Depends(require("chat"))]) -> Response:
    """List the personas that can be talked to."""
    rows = await asyncio.to_thread(request.app.state.workspace.personas.rows)
    return JsonReply({"object": "list", "data": [as_model(row) for row in rows]})


@router.get("/models/{model:path}", response_model=PersonaModel, responses=documented(404))
async def retrieve_model(model: str, request: Request, key: Annotated[Key, Depends(require("chat"))]) -> Response:
    """Look one persona up by its id."""
    from personarium.apps.workspace.persona_shelf import persona_row

    return JsonReply(as_model(persona_row(await find_persona(request.app.state.workspace, model))))


def as_model(row: PersonaRow) -> dict[str, object]:
    """A persona in the form of OpenAI's list."""
    return {
        "id": row.id,
        "object": "model",
        "created": 0,
        "owned_by": "personarium",
        "name": row.name,
        "description": row.line,
        "kinds": list(row.kinds),
    }
