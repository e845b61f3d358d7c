"""Memories to change: state a fact, consolidate and look before it is applied, undo, forget with a receipt."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from personarium.apps.server.errors import documented
from personarium.apps.server.native.asking import Wanted
from personarium.apps.server.native.proposals import Proposals, proposals_of
from personarium.apps.server.native.whose import Both, Writable
from personarium.apps.wire.memories import BatchRecord, FactRecord, ForgetPlan, ProposalRecord, ReceiptRecord
from personarium.remember.records import LONGEST_NAME
from personarium.runs import run_sync

router = APIRouter(prefix="/api/memories", tags=["memories"])
Waiting = Annotated[Proposals, Depends(proposals_of)]
_Word = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class Stated(Wanted):
    """A fact that somebody states."""

    text: str = Field(min_length=1, max_length=20_000, examples=["tea"])
    key: str = Field("", max_length=LONGEST_NAME, description="What it is about, as a path.", examples=["tastes.drink"])
    replaces: bool = Field(False, description="Whether it takes the place of everything that its key held.")


class Undone(Wanted):
    """How far to go back."""

    batches: int = Field(1, ge=1, le=1000)


class Named(Wanted):
    """What to forget: everything that any of these names."""

    ids: list[_Word] = Field([], max_length=1000, description="Facts and utterances.", examples=[["f2_0"]])
    session: str = Field("", max_length=LONGEST_NAME, description="Everything said in a session.")
    key: str = Field("", max_length=LONGEST_NAME, description="Every fact about a matter.")
    words: list[_Word] = Field([], max_length=100, description="Every entry in which one of these stands.")


class Forgotten(Named):
    """What to forget, and how."""

    mode: Literal["archive", "erase"] = Field(description="archive keeps it and recalls it no more; erase destroys it.")


class Decided(Wanted):
    """Which proposal."""

    proposal: str = Field(min_length=1, max_length=64, description="Its name, as consolidate gave it.")


@router.post("/facts", status_code=201)
def state_fact(memory: Writable, stated: Stated) -> FactRecord:
    """Keep a fact; the same words about the same matter are kept once."""
    return FactRecord.of(memory.remember(stated.text, key=stated.key, replaces=stated.replaces))


@router.post("/consolidate")
def propose(memory: Both, waiting: Waiting) -> ProposalRecord:
    """What would be believed after what was said since the last time; nothing is changed until it is applied."""
    diff = run_sync(memory.consolidate())
    return ProposalRecord.of(diff, "" if diff.empty else waiting.keep(diff))


@router.post("/apply", responses=documented(404, 409))
def apply_proposal(memory: Writable, waiting: Waiting, decided: Decided) -> list[FactRecord]:
    """Make the edits of a proposal, as one batch; refused when the memory has changed meanwhile."""
    return [FactRecord.of(fact) for fact in memory.apply(waiting.take(decided.proposal, memory.id))]


@router.post("/refuse", status_code=204, response_class=Response, responses=documented(404, 409))
def refuse_proposal(memory: Writable, waiting: Waiting, decided: Decided) -> None:
    """Turn a proposal down: what it came from is not read again."""
    memory.refuse(waiting.take(decided.proposal, memory.id))


@router.post("/undo")
def undo(memory: Writable, undone: Undone) -> list[BatchRecord]:
    """Take the latest batches of edits back; fewer when there are no more."""
    return [BatchRecord.of(batch) for batch in memory.undo(undone.batches)]


@router.post("/forget/plan", responses=documented(404))
def plan_forgetting(memory: Both, named: Named) -> ForgetPlan:
    """What forgetting would take; nothing is taken yet."""
    return ForgetPlan.of(memory.plan_forget(named.ids, session=named.session, key=named.key, words=named.words))


@router.post("/forget", responses=documented(404, 409))
def forget(memory: Writable, forgotten: Forgotten) -> ReceiptRecord:
    """Archive or erase, and a receipt of everything that was removed."""
    receipt = memory.forget(
        forgotten.ids, session=forgotten.session, key=forgotten.key, words=forgotten.words, mode=forgotten.mode
    )
    return ReceiptRecord.of(receipt)
