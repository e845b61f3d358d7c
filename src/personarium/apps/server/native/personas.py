"""Personas: list, read, write, remove, look at in words, and hand over as card files.

An id may hold anything, a slash too: it is looked up and never joined to a path.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from personarium.apps.server.errors import ApiError, documented
from personarium.apps.server.keys import require
from personarium.apps.server.native.asking import LONGEST_ID, Limit, Offset, PersonaId, Place
from personarium.apps.wire.personas import PersonaLine, PersonaPage, PersonaRecord, ValueCount, ViewRecord
from personarium.apps.workspace.names import file_stem
from personarium.core.views import Secrets, Style

router = APIRouter(prefix="/api", tags=["personas"])
_READ, _WRITE = Depends(require("personas:read")), Depends(require("personas:write"))
_CARDS = {"png": "image/png", "json": "application/json", "charx": "application/octet-stream"}
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_CARD_FORMS = {**dict.fromkeys(_CARDS.values(), _BINARY), "application/json": {"schema": {"type": "object"}}}


@router.get("/personas", dependencies=[_READ])
def list_personas(
    place: Place,
    text: Annotated[str, Query(max_length=1000, description="Words that must all stand in it.")] = "",
    where: Annotated[
        list[str] | None,
        Query(
            max_length=20, description="PATH=VALUE: a facet that it must have.", examples=[["social.occupation=nurse"]]
        ),
    ] = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> PersonaPage:
    """The personas that fit, in the order of their files."""
    return PersonaPage.of(place.personas.find(text, _conditions(where or [])), offset, limit)


@router.get("/facets", dependencies=[_READ])
def list_facet_values(
    place: Place, most: Annotated[int, Query(ge=1, le=1000, description="Paths with more values are left out.")] = 40
) -> dict[str, list[ValueCount]]:
    """What personas can be filtered by: path -> its values with their numbers, commonest first."""
    found = place.personas.values(most)
    return {path: [ValueCount(value=value, count=count) for value, count in values] for path, values in found.items()}


@router.get("/personas/{id:path}", dependencies=[_READ], response_model_exclude_unset=True, responses=documented(404))
def get_persona(place: Place, id: PersonaId) -> PersonaRecord:
    """A whole persona, with everything that it must never disclose."""
    return PersonaRecord.of(place.personas.get(id))


@router.put("/personas/{id:path}", dependencies=[_WRITE], response_model_exclude_unset=True, responses=documented(404))
def put_persona(place: Place, id: PersonaId, record: PersonaRecord) -> PersonaRecord:
    """Keep a persona, in place of the one of the same id; a card keeps its picture."""
    persona = record.persona()
    if persona.id != id:
        raise ApiError(400, "the id in the record is not the one in the address", code="id_differs", param="id")
    place.personas.put(persona)
    return PersonaRecord.of(persona)


@router.delete(
    "/personas/{id:path}", dependencies=[_WRITE], status_code=204, response_class=Response, responses=documented(404)
)
def remove_persona(place: Place, id: PersonaId) -> None:
    """Take a persona out; its memories stay until they are forgotten."""
    place.personas.remove(id)


@router.get("/views/{id:path}", dependencies=[_READ], responses=documented(404))
def view_persona(
    place: Place,
    id: PersonaId,
    style: Annotated[Style, Query(description="How it is put into words.")] = "system",
    secrets: Annotated[
        Secrets | None, Query(description="What becomes of what it must not tell; the style's own way without.")
    ] = None,
) -> ViewRecord:
    """A persona in words, with what every character comes from."""
    persona = place.personas.get(id)
    return ViewRecord.of(persona, style, persona.view(style, secrets))


@router.get(
    "/cards/{id:path}",
    dependencies=[_READ],
    response_class=Response,
    responses={200: {"content": _CARD_FORMS}, **documented(404)},
)
def export_card(
    place: Place,
    id: PersonaId,
    format: Annotated[Literal["png", "json", "charx"], Query(description="The kind of card file.")] = "png",
) -> Response:
    """A persona as a character card of version 3; a PNG without a picture of its own gets a drawn one."""
    from personarium.core.cards.files import card_bytes
    from personarium.core.cards.written import card_from_persona

    persona = place.personas.get(id)
    data = card_bytes(card_from_persona(persona), f".{format}", "card")
    return Response(data, media_type=_CARDS[format], headers=attachment(f"{file_stem(id)}.{format}"))


@router.post(
    "/cards",
    dependencies=[_WRITE],
    status_code=201,
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}},
)
async def import_file(
    place: Place,
    request: Request,
    file: Annotated[
        str,
        Query(
            min_length=2,
            max_length=LONGEST_ID,
            description="The file's name; only its ending counts.",
            examples=["torill.png"],
        ),
    ],
) -> list[PersonaLine]:
    """Take in a file of personas, the file itself being the body: a card (PNG, CHARX, JSON), JSON, JSON Lines, YAML, CSV.

    A persona of an id that is there already takes its place.
    """
    from personarium.apps.workspace.persona_shelf import persona_row

    data = await request.body()
    taken = await run_in_threadpool(place.personas.take_in, file, data)
    return [PersonaLine.of(persona_row(persona)) for persona in taken]


def attachment(name: str) -> dict[str, str]:
    """The header that makes a browser save what it gets under a plain name, and never show it."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _conditions(where: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in where:
        path, equals, value = one.partition("=")
        if not equals or not path:
            raise ApiError(400, "where is PATH=VALUE", code="invalid_value", param="where")
        found[path] = value
    return found
