"""The entries of a log as an erasure sees them: every utterance and every edit, with all the words that it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.remember.events import Event
from personarium.remember.records import Observation, Operation
from personarium.remember.replay import Batch, batch_in, fact_id, observation_in, target_id
from personarium.runs.traces import Named

LARGE = 10_000  # a number from here on may be somebody's (of a telephone, of an account)
_ROLES = ("user", "assistant")


@dataclass(frozen=True, slots=True)
class Entry:
    """One utterance or edit of the log, undone ones included: they hold words too.

    Args:
        id: Of the utterance, of the fact that an edit makes, or else of the fact that it is about.
        text: What it says: its text, its further fields, and whose they are if not the user's.
        key: Of a fact.
        evidence: What a fact was concluded from.
        session: Of an utterance.
        strategy: Whose edit.
        event: Number of its event.
        number: Place in its batch; -1 for an utterance.
        supports: What an edit that makes no fact rests on: it ends a fact because of it, or found the fact in it again.
    """

    id: str
    text: str
    key: str
    evidence: tuple[str, ...]
    session: str
    strategy: str
    event: int
    number: int
    supports: tuple[str, ...] = ()

    def is_named(self, named: Named) -> bool:
        """Whether one of some words stands in it."""
        return named.in_text(f"{self.text}\n{self.key}")

    def drops(self, gone: set[str]) -> bool:
        """Whether it goes when some entries go: with its own, or with what it rests on."""
        return self.id in gone or not gone.isdisjoint(self.supports)


def entries_in(event: Event) -> Iterable[Entry]:
    """The utterance of an event, or its edits."""
    if event.kind == "observe":
        said = observation_in(event)
        yield Entry(said.id, _said(said), "", (), said.session, "", event.seq, -1)
    elif event.kind == "operations":
        batch = batch_in(event)
        for number, operation in batch.operations:
            yield _edit(batch, number, operation)


def _said(said: Observation) -> str:
    return _joined(said.text, "" if said.speaker in _ROLES else said.speaker, said.meta)


def _edit(batch: Batch, number: int, operation: Operation) -> Entry:
    makes = operation.makes
    id = fact_id(batch.seq, number) if makes else target_id(batch.seq, operation.target)
    text = _joined(operation.text, "" if operation.holder in _ROLES else operation.holder, operation.attributes)
    evidence, supports = (operation.evidence, ()) if makes else ((), operation.evidence)
    return Entry(id, text, operation.key, evidence, "", batch.strategy, batch.seq, number, supports)


def _joined(text: str, whose: str, further: Mapping[str, Any]) -> str:
    parts = [text, whose, *(part for value in further.values() for part in _texts_in(value))]
    return "\n".join(part for part in parts if part)


def _texts_in(value: Any) -> Iterable[str]:
    """The texts and large numbers in a further field; the names of fields inside it count, its own is the program's."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield name
            yield from _texts_in(one)
    elif isinstance(value, Sequence):
        for one in value:
            yield from _texts_in(one)
    elif isinstance(value, (int, float)) and abs(value) >= LARGE:
        yield str(value)
