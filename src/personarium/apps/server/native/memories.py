"""Memories to look at: what is believed of a user, why, since when, what was said, and what would be recalled."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from personarium.apps.server.errors import documented
from personarium.apps.server.keys import Key, check_user, require
from personarium.apps.server.memories import memory_name
from personarium.apps.server.native.asking import Limit, Offset, Place, Wanted
from personarium.apps.server.native.personas import attachment
from personarium.apps.server.native.whose import Readable, User
from personarium.apps.wire.memories import BatchRecord, FactPage, FactRecord, RecollectionRecord, SayingPage
from personarium.core.errors import NotFound
from personarium.remember.records import EARLIEST, LATEST

router = APIRouter(prefix="/api/memories", tags=["memories"])
_MEDIA = {"jsonl": "application/x-ndjson", "md": "text/markdown"}
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


class Remembered(BaseModel):
    """Who remembers a user."""

    shared: bool = Field(description="Whether all personas of this server share one memory of the user.")
    personas: list[str] = Field(description="Personas that have one of their own.", examples=[["torill"]])


class Asked(Wanted):
    """A test of what would be recalled."""

    query: str = Field(min_length=1, max_length=10_000, examples=["what does she drink?"])
    k: int = Field(5, ge=1, le=100, description="How many entries at most.")
    budget_tokens: int | None = Field(
        None, ge=0, le=10**6, description="The longest text that the prompt may be given."
    )
    as_of: float | None = Field(None, ge=EARLIEST, le=LATEST, description="Only what was known then.")
    kinds: list[str] = Field([], max_length=20, description="Only these kinds of entries; said are utterances.")


@router.get("")
def who_remembers(
    request: Request, place: Place, user: User, key: Annotated[Key, Depends(require("memory:read"))]
) -> Remembered:
    """Which personas of this workspace have a memory of a user."""
    known, mode = check_user(key, user), request.app.state.settings.memory
    names = set(place.memory.users())
    shared = mode == "shared"
    ids = [] if shared else [row.id for row in place.personas.rows()]
    return Remembered(shared=shared, personas=[id for id in ids if memory_name(key, known, id, mode) in names])


@router.get("/profile")
def get_profile(
    memory: Readable, budget_tokens: Annotated[int | None, Query(ge=0, le=10**6)] = None
) -> RecollectionRecord:
    """What always stands in the persona's prompt."""
    return RecollectionRecord.of(memory.profile(budget_tokens))


@router.get("/facts")
def list_facts(
    memory: Readable,
    ended: Annotated[bool, Query(description="Also what holds no more, or is archived.")] = False,
    offset: Offset = 0,
    limit: Limit = 100,
) -> FactPage:
    """What is believed, with sources, times and confidence."""
    return FactPage.of(memory, ended, offset, limit)


@router.get("/said")
def list_said(memory: Readable, offset: Offset = 0, limit: Limit = 100) -> SayingPage:
    """What was said, word by word."""
    return SayingPage.of(memory, offset, limit)


@router.get("/history", responses=documented(404))
def get_history(
    memory: Readable,
    what: Annotated[
        str, Query(min_length=1, max_length=512, description="Id of a fact, or a key.", examples=["tastes.drink"])
    ],
) -> list[FactRecord]:
    """Every version of a fact or of a matter, oldest first."""
    return [FactRecord.of(fact, memory.sources(fact)) for fact in memory.history(what)]


@router.get("/batches")
def list_batches(memory: Readable) -> list[BatchRecord]:
    """The batches of edits, oldest first; undone ones are left out."""
    return [BatchRecord.of(batch) for batch in memory.batches()]


@router.post("/recall")
def test_recall(memory: Readable, asked: Asked) -> RecollectionRecord:
    """What would be recalled for a query, with reasons. Only a look: nothing counts as recalled."""
    found = memory.recall(
        asked.query, asked.k, asked.kinds, as_of=asked.as_of, budget_tokens=asked.budget_tokens, preview=True
    )
    return RecollectionRecord.of(found)


@router.get(
    "/export",
    response_class=Response,
    responses={200: {"content": dict.fromkeys(_MEDIA.values(), _BINARY)}, **documented(404)},
)
def export(
    place: Place,
    memory: Readable,
    format: Annotated[
        Literal["jsonl", "md"], Query(description="Every event without loss, or what is believed.")
    ] = "jsonl",
) -> Response:
    """The memory as a file: the user's data, for the user."""
    from personarium.remember.transfer import export_memory

    if memory.id not in place.memory.users():
        raise NotFound("there is no memory of this user")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"memory.{format}"
        export_memory(place.memory, path, [memory.id])
        data = path.read_bytes()
    return Response(data, media_type=_MEDIA[format], headers=attachment(f"memory.{format}"))
