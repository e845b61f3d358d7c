"""Forgetting: what goes with what, the tombstones that take its place, and the receipt that lists everything removed.

What was concluded from an erased utterance is erased too, through any number of steps; the utterances that such a conclusion
rested on besides are read again by the strategy, so that what they said on their own comes back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from personarium.core.errors import NotFound, UsageError
from personarium.remember.events import Draft, Event, encode
from personarium.remember.records import Operation
from personarium.remember.replay import ARCHIVED, Batch, batch_in, fact_id, observation_in, target_id
from personarium.remember.store import EventStore
from personarium.runs.erasing import Erased, Traces, erase_from_folder
from personarium.text.bm25 import words as words_of


@dataclass(frozen=True, slots=True)
class Plan:
    """What forgetting would take.

    Args:
        user: Whose memory.
        observations: Ids of utterances.
        facts: Ids of facts, their earlier and later versions as far as these rest on the same utterances.
        texts: The words of all of these; never stored.
        words: Words that were named.
        kept: The words of what stays.
        reread: Strategy -> utterances that stay and are read again.
        folders: Run folders that the log names.
        seq: The last event that the plan has seen.
        also: Id -> text of entries that stay and share a rare word with what goes: perhaps they should go too.
    """

    user: str
    observations: tuple[str, ...]
    facts: tuple[str, ...]
    texts: tuple[str, ...] = field(repr=False, default=())
    words: tuple[str, ...] = field(repr=False, default=())
    kept: tuple[str, ...] = field(repr=False, default=())
    reread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    seq: int = 0
    also: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What forgetting took; it holds no word of it.

    Args:
        user: Whose memory.
        mode: ``archive`` or ``erase``.
        at: When, in seconds since 1970.
        observations: Ids of the utterances.
        facts: Ids of the facts.
        seq: Number of the receipt in the log; 0 for an archive.
        events: How many events were rewritten.
        derived: How many indexes and snapshots were dropped.
        folders: Run folder -> what was removed there.
        reread: How many utterances are read again by the next consolidation.
        searched: How many files were searched for what was erased when all was done.
        bytes: Bytes of these files.
        found: Files in which some of it still stands; empty, or the receipt would not have been given.
    """

    user: str
    mode: str
    at: float
    observations: tuple[str, ...]
    facts: tuple[str, ...]
    seq: int = 0
    events: int = 0
    derived: int = 0
    folders: Mapping[str, Erased] = field(default_factory=dict)
    reread: int = 0
    searched: int = 0
    bytes: int = 0
    found: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            **{name: value for name, value in asdict(self).items() if name != "folders"},
            "observations": list(self.observations),
            "facts": list(self.facts),
            "found": list(self.found),
            "folders": {folder: asdict(erased) for folder, erased in self.folders.items()},
        }


@dataclass(frozen=True, slots=True)
class _Entry:
    """One utterance or edit of the log, undone ones included: they hold words too."""

    id: str
    text: str
    key: str
    evidence: tuple[str, ...]
    session: str
    strategy: str
    event: int
    number: int  # place in its batch; -1 for an utterance
    supports: tuple[str, ...] = ()  # utterances that said again what the fact says


def plan_erasure(
    store: EventStore,
    user: str,
    ids: Collection[str] = (),
    *,
    session: str = "",
    key: str = "",
    words: Collection[str] = (),
    sources: bool = True,
) -> Plan:
    """What goes when some entries go.

    Arguments as in :meth:`personarium.remember.memory.UserMemory.forget`.

    Raises:
        UsageError: When nothing is named.
        NotFound: When an id does not exist.
    """
    if not (ids or session or key or words):
        raise UsageError("say what to forget: ids, a session, a key or words")
    log = list(store.read(user))
    entries = [entry for event in log for entry in _entries(event)]
    named = _named(entries, set(ids), session, key, words)
    missing = sorted(set(ids) - {entry.id for entry in entries})
    if missing:
        raise NotFound(f"the memory of {user!r} has no entry {missing[0]!r}")
    wide = _named(entries, set(ids), session, key, ()) if sources else set()
    gone = _closure(entries, named, wide)
    taken = [entry for entry in entries if entry.id in gone]
    kept = [entry for entry in entries if entry.id not in gone]
    return Plan(
        user,
        tuple(entry.id for entry in taken if entry.number < 0),
        tuple(dict.fromkeys(entry.id for entry in taken if entry.number >= 0)),
        tuple(entry.text for entry in taken if entry.text),
        tuple(words),
        tuple(entry.text for entry in kept),
        _to_reread(taken, kept),
        tuple(sorted({event.body["run"] for event in log if event.kind == "operations" and event.body.get("run")})),
        log[-1].seq if log else 0,
        _alike(taken, kept),
    )


def carry_out(store: EventStore, plan: Plan, now: float, runs: Sequence[Path] = ()) -> Receipt:
    """Erase what a plan names: first from the folders of model calls, last from the log, so that a fault in between leaves
    the entry in the log and the same command can be given again.

    Raises:
        Conflict: When the log has gone on since the plan was made.
        StorageError: When a disk refuses.
    """
    folders = dict.fromkeys([*plan.folders, *map(str, runs)])
    traces = Traces(plan.texts, plan.words, plan.kept, owner_mark(plan.user))
    removed = {folder: erase_from_folder(Path(folder), traces) for folder in folders if Path(folder).exists()}
    gone = {*plan.observations, *plan.facts}
    if not gone:
        return Receipt(plan.user, "erase", now, (), (), folders=removed)
    changed = _tombstones(list(store.read(plan.user)), gone, now, plan.seq + 1)
    body = {
        "observations": list(plan.observations),
        "facts": list(plan.facts),
        "reread": {name: list(ids) for name, ids in plan.reread.items()},
    }
    seq = store.rewrite(plan.user, changed, Draft("erase", now, body), expected=plan.seq)
    files = store.files()
    return Receipt(
        plan.user,
        "erase",
        now,
        plan.observations,
        plan.facts,
        seq,
        len(changed),
        folders=removed,
        reread=len({id for ids in plan.reread.values() for id in ids}),
        searched=len(files) + sum(one.searched for one in removed.values()),
        bytes=sum(path.stat().st_size for path in files if path.exists()),
    )


def owner_mark(user: str) -> str:
    """How the label of a model call about a user begins; it does not tell the user's id."""
    return f"memory-{blake2b(user.encode(), digest_size=8).hexdigest()}/"


def archive_edits(plan: Plan, now: float) -> list[Operation]:
    """The edits that archive what a plan names: marks, which an edit can take off again."""
    return [Operation("mark", id, attributes={ARCHIVED: now}) for id in (*plan.observations, *plan.facts)]


def _entries(event: Event) -> Iterable[_Entry]:
    if event.kind == "observe":
        said = observation_in(event)
        yield _Entry(said.id, said.text, "", (), said.session, "", event.seq, -1)
    elif event.kind == "operations":
        batch = batch_in(event)
        for number, operation in batch.operations:
            yield _edit_entry(batch, number, operation)


def _edit_entry(batch: Batch, number: int, operation: Operation) -> _Entry:
    """An edit as an entry: one that makes a fact is called like the fact, others like what they are about."""
    makes = operation.action in ("add", "update", "correct")
    id = fact_id(batch.seq, number) if makes else target_id(batch.seq, operation.target)
    text = operation.text + "".join(f"\n{value}" for value in _texts_in(operation.attributes))
    evidence, supports = (operation.evidence, ()) if makes else ((), operation.evidence)
    return _Entry(id, text, operation.key, evidence, "", batch.strategy, batch.seq, number, supports)


def _texts_in(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts_in(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts_in(one)


def _named(entries: Sequence[_Entry], ids: set[str], session: str, key: str, words: Collection[str]) -> set[str]:
    folded = [word.casefold() for word in words if word.strip()]
    return {
        entry.id
        for entry in entries
        if entry.id in ids
        or (session and entry.session == session)
        or (key and entry.key == key)
        or (folded and any(word in f"{entry.text}\n{entry.key}".casefold() for word in folded))
    }


def _closure(entries: Sequence[_Entry], named: set[str], wide: set[str]) -> set[str]:
    """What goes with what is named: the utterances behind those of ``wide``, and everything concluded from what goes."""
    said = {entry.id for entry in entries if entry.number < 0}
    behind = {id for entry in entries if entry.id in wide for id in entry.evidence}
    gone = named | (behind & said)
    rests_on: dict[str, set[str]] = {}
    for entry in entries:
        for id in entry.evidence:
            rests_on.setdefault(id, set()).add(entry.id)
    left = list(gone)
    while left:
        for id in rests_on.get(left.pop(), set()) - gone:
            gone.add(id)
            left.append(id)
    return gone


def _to_reread(taken: Sequence[_Entry], kept: Sequence[_Entry]) -> dict[str, tuple[str, ...]]:
    """What strategies have to read again: the utterances that stay, behind conclusions that go."""
    said = {entry.id: entry.event for entry in kept if entry.number < 0}
    again: dict[str, set[str]] = {}
    for entry in taken:
        if entry.strategy:
            behind = (*entry.evidence, *entry.supports)
            again.setdefault(entry.strategy, set()).update(id for id in behind if id in said)
    return {name: tuple(sorted(ids, key=said.__getitem__)) for name, ids in sorted(again.items()) if ids}


def _alike(taken: Sequence[_Entry], kept: Sequence[_Entry], most: int = 20) -> dict[str, str]:
    """Entries that stay and share with what goes a word that stands in at most three entries that stay."""
    counts: dict[str, list[_Entry]] = {}
    for entry in kept:
        for word in set(words_of(entry.text)):
            counts.setdefault(word, []).append(entry)
    rare = {
        word
        for entry in taken
        for word in words_of(entry.text)
        if len(word) >= 5 and 1 <= len(counts.get(word, ())) <= 3
    }
    found = {entry.id: entry.text for word in sorted(rare) for entry in counts[word]}
    return dict(list(found.items())[:most])


def _tombstones(log: Sequence[Event], gone: set[str], now: float, receipt: int) -> dict[int, Draft]:
    """Number -> what takes the event's place."""
    changed: dict[int, Draft] = {}
    for event in log:
        if event.kind == "observe" and observation_in(event).id in gone:
            changed[event.seq] = Draft("erased", event.at, {"receipt": receipt})
        elif event.kind == "operations":
            body = _without(event, gone, receipt)
            if encode(body) != encode(event.body):
                changed[event.seq] = Draft("operations", event.at, body)
    return changed


def _without(event: Event, gone: set[str], receipt: int) -> dict[str, Any]:
    """A batch without the edits that go."""
    batch = batch_in(event)
    edits: list[Any] = list(event.body.get("operations", ()))
    for number, operation in batch.operations:
        if _edit_entry(batch, number, operation).id in gone:
            edits[number] = {"erased": receipt}
    return {**event.body, "operations": edits}
