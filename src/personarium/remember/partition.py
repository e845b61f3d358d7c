"""One user's memory packed for search: numbers in arrays and no texts; these are fetched from the log for what is asked.

A partition is made from the log and can be made anew at any time. It is never changed: more events give a new one, which
shares the old arrays where it can.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.remember.events import Event
from personarium.remember.packing import Arrays, pack, unpack
from personarium.remember.records import NOTHING, Fact, Observation
from personarium.remember.replay import ARCHIVED, State, fact_id, observation_in, target_id
from personarium.remember.store import Conflict, EventStore
from personarium.remember.view import began, searchable
from personarium.text.bm25 import BM25Arrays, BM25Index, words
from personarium.text.embed import Embedder

Entry: TypeAlias = Fact | Observation
Rows: TypeAlias = NDArray[np.int64]

VERSION = 1
SAID_NUMBER = -1  # the place in its batch of an entry that stands in no batch: an observation
IMPORTANCE = 0.5  # of an observation
ROW = np.dtype(
    [
        ("seq", "<i8"),  # number of the event
        ("number", "<i4"),  # place in its batch
        ("order", "<i4"),  # where it stands among its like: an observation that is told anew keeps its place
        ("kind", "<i4"),
        ("strategy", "<i4"),
        ("replaces", "?"),  # whether the target of its operation was there
        ("valid_from", "<f8"),  # NaN is None, here and in valid_to
        ("valid_to", "<f8"),
        ("began", "<f8"),
        ("importance", "<f8"),
        ("archived", "?"),
        ("dead", "?"),  # told anew under the same id
    ]
)
CHANGING = ("valid_from", "valid_to", "began", "importance", "archived")
_FACT, _SAID = re.compile(r"f([0-9]{1,10})_([0-9]{1,9})"), re.compile(r"o([0-9]{1,10})")


@dataclass(frozen=True, slots=True)
class Partition:
    """What a search needs of one user's entries.

    Args:
        through: Number of the last event that is in it.
        rows: One record an entry (:data:`ROW`), in the order of events.
        vectors: (entries, dim) float16.
        index: BM25 of the entries, in the same order.
        kinds: Names of the kinds that ``rows`` number.
        strategies: Names of the strategies.
        named: Ids of observations that have one of their own -> row.
        changed: Row -> fields that marks have changed since its event (``meta``, ``attributes``, ``evidence``).
        letters: Characters of all entries.
    """

    through: int
    rows: NDArray[np.void]
    vectors: NDArray[np.float16]
    index: BM25Index
    kinds: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    named: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    letters: int = 0

    @classmethod
    def empty(cls, embedder: Embedder) -> Partition:
        """The partition of an empty log."""
        none = np.zeros((0, embedder.dim), np.float16)
        return cls(0, np.zeros(0, ROW), none, BM25Index.build([], tokens=words))

    @property
    def size(self) -> int:
        """Bytes in memory, roughly: a token takes about 60 with its share of the terms, and has six letters."""
        return self.rows.nbytes + self.vectors.nbytes + 10 * self.letters + 300 * len(self.changed) + 2000

    def row_of_fact(self, id: str) -> int | None:
        """The row of a fact; None when there is no such fact."""
        found = _FACT.fullmatch(id)
        if found is None or fact_id(int(found[1]), int(found[2])) != id:
            return None
        return self._row(int(found[1]), int(found[2]))

    def row_of_observation(self, id: str) -> int | None:
        """The row of an observation; None when there is no such observation."""
        if id in self.named:
            return self.named[id]
        found = _SAID.fullmatch(id)
        row = self._row(int(found[1]), SAID_NUMBER) if found is not None else None
        if row is None or self.rows["dead"][row] or f"o{self.rows['seq'][row]}" != id or row in self.named.values():
            return None
        return row

    def _row(self, seq: int, number: int) -> int | None:
        first, last = np.searchsorted(self.rows["seq"], [seq, seq + 1])
        found = np.flatnonzero(self.rows["number"][first:last] == number)
        return int(first + found[0]) if len(found) else None

    # -- entries -------------------------------------------------------------------------------------------------------

    def entries(self, rows: Sequence[int], store: EventStore, user: str) -> list[Entry]:
        """The entries of these rows, their words read from the log.

        Raises:
            Conflict: When one of them has been erased since the partition was made.
        """
        events = store.pick(user, sorted({int(self.rows["seq"][row]) for row in rows}))
        return [self._entry(row, events.get(int(self.rows["seq"][row]))) for row in rows]

    def _entry(self, row: int, event: Event | None) -> Entry:
        number = int(self.rows["number"][row])
        if event is not None and number == SAID_NUMBER and event.kind == "observe":
            return replace(observation_in(event), **self.changed.get(row, {}))
        if event is not None and number != SAID_NUMBER and event.kind == "operations":
            made = event.body["operations"][number]
            if "erased" not in made:
                return self._fact(row, event, made)
        raise Conflict("an entry was erased while it was being read; read the memory again")

    def _fact(self, row: int, event: Event, made: Mapping[str, Any]) -> Fact:
        """A fact from its operation, which was checked when it was written."""
        at, changed = self.rows[row], self.changed.get(row, {})
        return Fact(
            fact_id(event.seq, int(at["number"])),
            made.get("kind", ""),
            made.get("key", ""),
            made["text"],
            made.get("holder") or "user",
            _time(at["valid_from"]),
            _time(at["valid_to"]),
            event.at,
            tuple(changed.get("evidence", made.get("evidence", ()))),
            made.get("confidence", 1.0),
            made.get("importance", 0.5),
            self.strategies[int(at["strategy"])],
            target_id(event.seq, made["target"]) if at["replaces"] else "",
            changed.get("attributes", made.get("attributes", NOTHING)),
        )

    # -- growing -------------------------------------------------------------------------------------------------------

    def extended(self, events: Sequence[Event], embedder: Embedder, store: EventStore, user: str) -> Partition | None:
        """The partition after more events; None when it has to be made anew from an empty one, because one of them is an
        erasure, or takes back a batch that is already in here.

        Raises:
            Conflict: When what the events are about has been erased meanwhile.
            StorageError: When the log is damaged.
        """
        if not events:
            return self
        if self.through and any(_reaches_back(event, self.through) for event in events):
            return None
        known = self._targets(events, store, user)
        state = _seeded(known, self.through)
        origin: dict[str, Event] = {}
        for event in events:
            state.apply(event)
            if event.kind == "observe":
                origin[observation_in(event).id] = event
        batches = {event.seq: event for event in events if event.kind == "operations"}
        new = [_new_said(said, origin[said.id]) for said in state.observations.values() if said.id in origin]
        new += [_new_fact(fact, batches) for fact in state.facts.values() if self.row_of_fact(fact.id) is None]
        grown = self._changed(known, state, origin)._grown(new, embedder)
        return replace(grown, through=events[-1].seq)

    def _targets(self, events: Iterable[Event], store: EventStore, user: str) -> dict[int, Entry]:
        """Row -> entry, of those in here that the events are about."""
        rows: set[int] = set()
        for event in events:
            if event.kind == "operations":
                targets = (target_id(event.seq, one["target"]) for one in event.body["operations"] if one.get("target"))
                for id in targets:
                    row = self.row_of_observation(id)
                    row = self.row_of_fact(id) if row is None else row
                    rows |= set() if row is None else {row}
        ordered = sorted(rows)
        return dict(zip(ordered, self.entries(ordered, store, user)))

    def _changed(self, known: Mapping[int, Entry], state: State, told_anew: Mapping[str, Event]) -> Partition:
        """With the new times and marks of what was in here."""
        rows, changed = self.rows, dict(self.changed)
        for row, old in known.items():
            new: Entry = state.observations[old.id] if isinstance(old, Observation) else state.facts[old.id]
            if new is old or (isinstance(old, Observation) and old.id in told_anew):
                continue
            rows = rows.copy() if rows is self.rows else rows
            for name, value in zip(CHANGING, _times(new)):
                rows[name][row] = value
            changed[row] = {**changed.get(row, {}), **_differences(old, new)}
            if not changed[row]:
                del changed[row]
        return replace(self, rows=rows, changed=changed)

    def _grown(self, new: Sequence[_New], embedder: Embedder) -> Partition:
        """With new entries, which are given in their order, observations and facts each."""
        if not new:
            return self
        kinds, strategies = list(self.kinds), list(self.strategies)
        named, changed = dict(self.named), dict(self.changed)
        old, records = self.rows, []
        ordered = sorted(enumerate(new, len(old)), key=lambda one: one[1].place)
        for row, (order, one) in enumerate(ordered, len(old)):
            older = self.row_of_observation(one.entry.id) if isinstance(one.entry, Observation) else None
            if older is not None:  # its id, and its place among the others, go over to the new one
                old = old.copy() if old is self.rows else old
                old["dead"][older], order = True, int(old["order"][older])
            if isinstance(one.entry, Observation) and (older is not None or one.entry.id != f"o{one.place[0]}"):
                named[one.entry.id] = row
            if one.changed:
                changed[row] = one.changed
            records.append((*one.place, order, *_codes(one.entry, kinds, strategies), *_times(one.entry), False))
        texts = [searchable(one.entry) for _, one in ordered]
        return Partition(
            self.through,
            np.concatenate([old, np.array(records, ROW)]),
            np.concatenate([self.vectors, embedder.embed(texts).astype(np.float16)]),
            self.index.extended(texts),
            tuple(kinds),
            tuple(strategies),
            named,
            changed,
            self.letters + sum(map(len, texts)),
        )

    # -- bytes ---------------------------------------------------------------------------------------------------------

    def packed(self, embedder: Embedder) -> bytes:
        """As a store keeps it. It holds numbers, names of kinds, ids, marks and the words of the index, compressed."""
        held = self.index.arrays()
        values = {
            "version": VERSION,
            "embedder": embedder.name,
            "through": self.through,
            "kinds": self.kinds,
            "strategies": self.strategies,
            "named": self.named,
            "changed": [[row, dict(one)] for row, one in self.changed.items()],
            "letters": self.letters,
            "terms": held.terms,
        }
        arrays: Arrays = {"rows": self.rows, "vectors": self.vectors, "indptr": held.indptr}
        arrays |= {"docs": held.docs, "counts": held.counts, "lengths": held.lengths}
        return pack(values, arrays)

    @classmethod
    def unpacked(cls, data: bytes, embedder: Embedder) -> Partition:
        """What :meth:`packed` gave.

        Raises:
            InvalidInput: When the bytes are damaged, of another version, or made with another embedder.
        """
        values, arrays = unpack(data)
        rows, vectors = arrays.get("rows"), arrays.get("vectors")
        if values.get("version") != VERSION or values.get("embedder") != embedder.name:
            raise InvalidInput("partition", f"one of version {VERSION} made with {embedder.name}")
        if rows is None or vectors is None or rows.dtype != ROW or vectors.shape != (len(rows), embedder.dim):
            raise InvalidInput("partition", f"one vector of {embedder.dim} numbers a row")
        held = BM25Arrays(values["terms"], arrays["indptr"], arrays["docs"], arrays["counts"], arrays["lengths"])
        return cls(
            int(values["through"]),
            rows,
            vectors,
            BM25Index.from_arrays(held, tokens=words),
            tuple(values["kinds"]),
            tuple(values["strategies"]),
            dict(values["named"]),
            dict(values["changed"]),
            int(values["letters"]),
        )


@dataclass(frozen=True, slots=True)
class _New:
    """An entry that gets a row: where its words are in the log, and what marks have changed already."""

    place: tuple[int, int]
    entry: Entry
    changed: Mapping[str, Any]


def _new_said(said: Observation, event: Event) -> _New:
    return _New((event.seq, SAID_NUMBER), said, _differences(observation_in(event), said))


def _new_fact(fact: Fact, batches: Mapping[int, Event]) -> _New:
    seq, number = (int(part) for part in fact.id[1:].split("_"))
    made = batches[seq].body["operations"][number]
    as_made = replace(fact, evidence=tuple(made.get("evidence", ())), attributes=made.get("attributes", NOTHING))
    return _New((seq, number), fact, _differences(as_made, fact))


def _differences(old: Entry, new: Entry) -> dict[str, Any]:
    """The fields that marks change, where they have changed."""
    if isinstance(old, Observation) and isinstance(new, Observation):
        return {} if old.meta == new.meta else {"meta": dict(new.meta)}
    out: dict[str, Any] = {}
    if isinstance(old, Fact) and isinstance(new, Fact):
        if old.attributes != new.attributes:
            out["attributes"] = dict(new.attributes)
        if old.evidence != new.evidence:
            out["evidence"] = list(new.evidence)
    return out


def _reaches_back(event: Event, through: int) -> bool:
    return event.kind == "erase" or (event.kind == "undo" and int(event.body["of"]) <= through)


def _seeded(known: Mapping[int, Entry], seq: int) -> State:
    """A state that knows just these entries; what events do to them depends on nothing else."""
    return State(
        seq,
        {one.id: one for one in known.values() if isinstance(one, Observation)},
        {one.id: one for one in known.values() if isinstance(one, Fact)},
    )


def _codes(entry: Entry, kinds: list[str], strategies: list[str]) -> tuple[int, int, bool]:
    """What of a row never changes: kind, strategy, and whether it took the place of another fact."""
    if isinstance(entry, Observation):
        return 0, 0, False
    return _number(kinds, entry.kind), _number(strategies, entry.strategy), bool(entry.replaces)


def _times(entry: Entry) -> tuple[float, float, float, float, bool]:
    """What of a row later events may change."""
    if isinstance(entry, Observation):
        return np.nan, np.nan, began(entry), IMPORTANCE, ARCHIVED in entry.meta
    begun = np.nan if entry.valid_from is None else entry.valid_from
    over = np.nan if entry.valid_to is None else entry.valid_to
    return begun, over, began(entry), entry.importance, ARCHIVED in entry.attributes


def _time(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _number(names: list[str], name: str) -> int:
    """A name's number; a new name is put to the end."""
    if name not in names:
        names.append(name)
    return names.index(name)
