"""Memories of people for other programs. Times are seconds since 1970 in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from personarium.remember.diff import Diff
from personarium.remember.erasing import Plan, Receipt
from personarium.remember.recollection import Recollection
from personarium.remember.records import Fact, Observation
from personarium.remember.replay import Batch
from personarium.remember.strategy import Recalled
from personarium.remember.user_memory import UserMemory
from personarium.runs.erasing import Erased


class SayingRecord(BaseModel):
    """Something that was said, word by word."""

    id: str = Field(examples=["o1"])
    speaker: str = Field(description="user is the person whom the memory is about.", examples=["user"])
    text: str = Field(examples=["My favourite drink is tea."])
    at: float = Field(examples=[1767434400.0])
    session: str = Field(examples=["monday"])

    @classmethod
    def of(cls, said: Observation) -> SayingRecord:
        """The record of an observation."""
        return cls(id=said.id, speaker=said.speaker, text=said.text, at=said.at, session=said.session)


class FactRecord(BaseModel):
    """Something that is believed, with its times and reasons."""

    id: str = Field(examples=["f2_0"])
    kind: str = Field(examples=["fact"])
    key: str = Field(
        description="What it is about: a path; empty when there is no such thing.", examples=["tastes.drink"]
    )
    text: str = Field(examples=["tea"])
    holder: str = Field(description="Whom it is about; user, or somebody else.", examples=["user"])
    valid_from: float | None = Field(description="Since when it holds in the world.")
    valid_to: float | None = Field(description="Since when it holds no more.")
    recorded_at: float = Field(description="When the memory came to know it.")
    evidence: list[str] = Field(description="Ids of what it was concluded from.", examples=[["o1"]])
    confidence: float = Field(description="From 0 to 1.")
    importance: float = Field(description="From 0 to 1.")
    strategy: str = Field(description="Which strategy keeps it; empty for a stated fact.")
    replaces: str = Field(description="Id of the fact whose place it took.")
    sources: list[SayingRecord] = Field([], description="The utterances behind it, where they were asked for.")

    @classmethod
    def of(cls, fact: Fact, sources: Sequence[Observation] = ()) -> FactRecord:
        """The record of a fact."""
        plain = {name: getattr(fact, name) for name in cls.model_fields if name not in ("evidence", "sources")}
        return cls(**plain, evidence=list(fact.evidence), sources=[SayingRecord.of(one) for one in sources])


class FactPage(BaseModel):
    """A part of what is believed, in the order of recording."""

    total: int
    offset: int
    facts: list[FactRecord]

    @classmethod
    def of(cls, memory: UserMemory, ended: bool, offset: int, limit: int) -> FactPage:
        """The part that begins at an offset, each fact with the utterances behind it."""
        facts = memory.facts(ended=ended)
        shown = [FactRecord.of(fact, memory.sources(fact)) for fact in facts[offset : offset + limit]]
        return cls(total=len(facts), offset=offset, facts=shown)


class SayingPage(BaseModel):
    """A part of what was said, oldest first."""

    total: int
    offset: int
    said: list[SayingRecord]

    @classmethod
    def of(cls, memory: UserMemory, offset: int, limit: int) -> SayingPage:
        """The part that begins at an offset."""
        said = memory.observations()
        return cls(total=len(said), offset=offset, said=[SayingRecord.of(one) for one in said[offset : offset + limit]])


class RecalledRecord(BaseModel):
    """One entry that was recalled, and why."""

    text: str
    reason: str = Field(description="Why it was recalled, in words.")
    score: float = Field(description="Comparable inside one recall only.")
    kind: str
    at: float | None
    ids: list[str]
    sources: list[str] = Field(description="Ids of the utterances behind it.")
    parts: dict[str, float] = Field(description="Part of the score -> value.")

    @classmethod
    def of(cls, item: Recalled) -> RecalledRecord:
        """The record of an entry."""
        plain = {name: getattr(item, name) for name in ("text", "reason", "score", "kind", "at")}
        return cls(**plain, ids=list(item.ids), sources=list(item.sources), parts=dict(item.parts))


class RecollectionRecord(BaseModel):
    """What a recall gives, best first, and what a prompt would show of it."""

    query: str = Field(description="Empty for what always stands in the prompt.")
    items: list[RecalledRecord]
    left_out: int = Field(description="How many more did not fit the budget.")
    tokens: int
    text: str = Field(description="One line an entry, as a prompt shows it.")

    @classmethod
    def of(cls, found: Recollection) -> RecollectionRecord:
        """The record of a recollection."""
        items = [RecalledRecord.of(item) for item in found.items]
        return cls(query=found.query, items=items, left_out=found.left_out, tokens=found.tokens, text=found.text)


class FailureRecord(BaseModel):
    """Something that could not be had, and why."""

    kind: str
    reason: str
    where: str


class ProposalRecord(BaseModel):
    """What a consolidation would change; nothing is changed yet."""

    lines: list[str] = Field(description="One an edit: + new, ~ changed, ! corrected, - ended, * marked.")
    operations: list[dict[str, Any]] = Field(description="The edits, in order.")
    before: dict[str, FactRecord] = Field(description="Id -> the fact that an edit is about, as it is now.")
    quarantined: list[FailureRecord] = Field(description="What was read and could not be used.")
    failures: list[FailureRecord]
    empty: bool = Field(description="Whether there is nothing to apply.")
    proposal: str = Field("", description="Names the proposal until it is applied or refused.")

    @classmethod
    def of(cls, diff: Diff, proposal: str = "") -> ProposalRecord:
        """The record of a diff."""
        told = diff.as_dict()
        quarantined, failures = (
            [FailureRecord(kind=f.kind, reason=f.reason, where=f.where) for f in found]
            for found in (diff.quarantined, diff.failures)
        )
        return cls(
            lines=diff.lines(),
            operations=told["operations"],
            before={id: FactRecord.of(fact) for id, fact in diff.before.items()},
            quarantined=quarantined,
            failures=failures,
            empty=diff.empty,
            proposal=proposal,
        )


class BatchRecord(BaseModel):
    """One batch of edits."""

    seq: int
    at: float
    strategy: str
    edits: int = Field(description="How many there were.")

    @classmethod
    def of(cls, batch: Batch) -> BatchRecord:
        """The record of a batch."""
        return cls(seq=batch.seq, at=batch.at, strategy=batch.strategy, edits=len(batch.operations))


class ForgetPlan(BaseModel):
    """What forgetting would take; nothing is taken yet."""

    observations: list[str] = Field(description="Ids of utterances.")
    facts: list[str] = Field(description="Ids of facts.")
    also: dict[str, str] = Field(description="Id -> text of entries that would stay: perhaps they should go too.")

    @classmethod
    def of(cls, plan: Plan) -> ForgetPlan:
        """The record of a plan."""
        return cls(observations=list(plan.observations), facts=list(plan.facts), also=dict(plan.also))


class SweptRecord(BaseModel):
    """What was taken out of the folder of a run; files have their names only."""

    folder: str
    calls: int = Field(description="Records of calls that were emptied.")
    replies: int = Field(description="Cached replies that were deleted.")
    files: list[str] = Field(description="Other files in which words were struck out.")
    searched: int = Field(description="Files that were looked through.")

    @classmethod
    def of(cls, folder: str, erased: Erased) -> SweptRecord:
        """The record of what was done in a folder."""
        files = [_last(name) for name in erased.files]
        return cls(
            folder=_last(folder), calls=erased.calls, replies=erased.replies, files=files, searched=erased.searched
        )


class ReceiptRecord(BaseModel):
    """What forgetting took; it holds no word of it."""

    mode: Literal["archive", "erase"]
    at: float
    observations: list[str] = Field(description="Ids of the utterances.")
    facts: list[str] = Field(description="Ids of the facts.")
    seq: int = Field(description="Number of the receipt in the log; 0 for an archive.")
    events: int = Field(description="How many events were rewritten.")
    derived: int = Field(description="How many indexes and snapshots were dropped.")
    reread: int = Field(description="How many utterances are read again by the next consolidation.")
    searched: int = Field(description="How many files were looked through.")
    folders: list[SweptRecord]
    found: list[str] = Field(description="Files in which some of it still stands: delete them by hand.")
    unsearched: list[str] = Field(description="Files and folders that could not be looked into.")

    @classmethod
    def of(cls, receipt: Receipt) -> ReceiptRecord:
        """The record of a receipt; of files and folders it has the names only."""
        told = receipt.as_dict()
        swept = [SweptRecord.of(name, erased) for name, erased in receipt.folders.items()]
        plain = {name: told[name] for name in cls.model_fields if name not in ("folders", "found", "unsearched")}
        found, unsearched = ([_last(name) for name in told[field]] for field in ("found", "unsearched"))
        return cls(**plain, folders=swept, found=found, unsearched=unsearched)


def _last(path: str) -> str:
    """The last part of a path: where things lie on this machine is nobody else's business."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]
