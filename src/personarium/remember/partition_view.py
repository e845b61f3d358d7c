"""One user's memory as a strategy sees it, over a packed partition; and the partitions of the users who were active last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput, StorageError
from personarium.remember.partition import SAID_NUMBER, Partition, Rows
from personarium.remember.ranking import cosines, rank
from personarium.remember.records import Fact, Observation
from personarium.remember.store import Conflict, EventStore
from personarium.remember.strategy import HYBRID, SAID, Hit, Weights
from personarium.text.embed import Embedder

NAME = "partition"  # under which a store keeps it
LIMIT_BYTES = 64 << 20  # of all partitions in memory
SAVE_AFTER = 256  # events and entries since a partition was kept; so many are read in a few milliseconds
EVICT_AFTER = 64  # the same when a partition is dropped from memory


class PartitionView:
    """A :class:`UserView` that answers exactly as :class:`personarium.remember.view.ReplayedView` does.

    Args:
        user: Whose memory.
        partition: What is packed of it.
        now: The time that the view is of.
        store: Where the words are.
        embedder: The one that the partition was made with.

    Every method raises Conflict when an entry that it would give has been erased since the partition was made.
    """

    def __init__(self, user: str, partition: Partition, now: float, store: EventStore, embedder: Embedder) -> None:
        self.user, self.partition, self.now = user, partition, now
        self._store, self._embedder = store, embedder

    def observations(self, after: str = "") -> Sequence[Observation]:
        """As :meth:`UserView.observations`; archived ones are left out."""
        held = self.partition.rows
        chosen = self._said()
        row = self.partition.row_of_observation(after) if after else None
        if row is not None:
            chosen &= held["order"] > held["order"][row]
        return cast("list[Observation]", self._entries(self._in_order(chosen).tolist()))

    def observation(self, id: str) -> Observation | None:
        """The observation of that id, archived or not."""
        row = self.partition.row_of_observation(id)
        return None if row is None else cast(Observation, self._entries([row])[0])

    def facts(self, *kinds: str, ended: bool = False, strategy: str | None = None) -> Sequence[Fact]:
        """As :meth:`UserView.facts`; archived ones only with ``ended``."""
        return cast("list[Fact]", self._entries(np.flatnonzero(self._wanted(kinds, ended, strategy)).tolist()))

    def fact(self, id: str) -> Fact | None:
        """The fact of that id, whether it holds or not."""
        row = self.partition.row_of_fact(id)
        return None if row is None else cast(Fact, self._entries([row])[0])

    def search(
        self,
        query: str,
        k: int,
        kinds: Sequence[str] = (),
        *,
        weights: Weights = HYBRID,
        ended: bool = False,
        strategy: str | None = None,
    ) -> list[Hit]:
        """As :meth:`UserView.search`. Word statistics are those of the entries that are searched."""
        held = self.partition.rows
        said = self._said() if not kinds or SAID in kinds else np.zeros(len(held), np.bool_)
        facts = self._wanted(kinds, ended, strategy)
        rows = np.concatenate([self._in_order(said), np.flatnonzero(facts)])
        if not len(rows) or k <= 0:
            return []
        index, searched = self.partition.index, said | facts
        found, scores, parts = rank(
            index.scores(query, mask=searched, statistics="masked")[rows],
            self._cosines(query, rows, weights),
            np.maximum(0.0, self.now - held["began"][rows]),
            held["importance"][rows],
            weights,
            k,
            reach=index.reach(query, mask=searched, statistics="masked"),
        )
        entries = self._entries(rows[found].tolist())
        return [
            Hit(entry, float(scores[n]), {name: float(values[n]) for name, values in parts.items()})
            for n, entry in enumerate(entries)
        ]

    def _entries(self, rows: Sequence[int]) -> list[Fact | Observation]:
        return self.partition.entries(rows, self._store, self.user) if len(rows) else []

    def _said(self) -> NDArray[np.bool_]:
        held = self.partition.rows
        return cast("NDArray[np.bool_]", (held["number"] == SAID_NUMBER) & ~held["dead"] & ~held["archived"])

    def _in_order(self, chosen: NDArray[np.bool_]) -> Rows:
        rows = np.flatnonzero(chosen)
        return rows[np.argsort(self.partition.rows["order"][rows], kind="stable")]

    def _wanted(self, kinds: Sequence[str], ended: bool, strategy: str | None) -> NDArray[np.bool_]:
        held = self.partition.rows
        chosen = held["number"] != SAID_NUMBER
        if kinds:
            chosen &= np.isin(held["kind"], [i for i, kind in enumerate(self.partition.kinds) if kind in kinds])
        if strategy is not None:
            names = self.partition.strategies
            chosen &= held["strategy"] == (names.index(strategy) if strategy in names else -1)
        if not ended:
            chosen &= np.isnan(held["valid_to"]) & ~held["archived"]
        return cast("NDArray[np.bool_]", chosen)

    def _cosines(self, query: str, rows: Rows, weights: Weights) -> NDArray[np.float32]:
        if not weights.meaning:
            return np.zeros(len(rows), np.float32)
        return cosines(self.partition.vectors, self._embedder.embed([query])[0])[rows]


class PartitionCache:
    """The partitions of the users who were active last; each is brought up to date before it is given.

    Args:
        store: Where the logs are, and where partitions are kept between two uses.
        embedder: For what is new.
        limit_bytes: Of all partitions in memory, roughly; one is always kept.

    Attributes:
        rebuilt: How many partitions were made anew because the one that was kept could not be used.
        not_saved: Why the last partition could not be kept; empty when it could. Nothing is lost by it but time.
    """

    def __init__(self, store: EventStore, embedder: Embedder, limit_bytes: int = LIMIT_BYTES) -> None:
        self._store, self._embedder, self._limit = store, embedder, limit_bytes
        self._held: OrderedDict[str, tuple[Partition, int]] = OrderedDict()  # with the work that was in it when kept
        self._bytes = 0
        self._lock = threading.Lock()
        self.rebuilt = 0
        self.not_saved = ""

    def view(self, user: str, now: float) -> PartitionView:
        """A user's memory after the last event.

        Raises:
            StorageError: When the log is damaged or cannot be read.
        """
        return PartitionView(user, self.get(user), now, self._store, self._embedder)

    def get(self, user: str) -> Partition:
        """A user's partition after the last event."""
        with self._lock:
            held = self._held.get(user)
        partition, saved = held or self._load(user)
        tail = list(self._store.read(user, partition.through))
        try:
            grown = partition.extended(tail, self._embedder, self._store, user)
        except Conflict:  # an erasure has come between two steps of this one
            grown = None
        if grown is None:
            partition, saved = self._anew(user), 0
        else:
            partition = grown
        if _work(partition) - saved > SAVE_AFTER:
            saved = self._save(user, partition, saved)
        self._keep(user, partition, saved)
        return partition

    def drop(self, user: str) -> None:
        """Forget a user's partition, unsaved; what an erasure calls."""
        with self._lock:
            gone = self._held.pop(user, None)
            self._bytes -= gone[0].size if gone else 0

    def close(self) -> None:
        """Keep what is worth it and forget all."""
        with self._lock:
            held, self._held, self._bytes = self._held, OrderedDict(), 0
        for user, (partition, saved) in held.items():
            self._evicted(user, partition, saved)

    def _load(self, user: str) -> tuple[Partition, int]:
        found = self._store.load_derived(user, NAME)
        if found is not None:
            try:
                partition = Partition.unpacked(found[1], self._embedder)
                if partition.through == found[0] <= self._store.last(user):
                    return partition, _work(partition)
            except InvalidInput:  # damaged, of another version or another embedder
                pass
            self.rebuilt += 1
        return Partition.empty(self._embedder), 0

    def _anew(self, user: str) -> Partition:
        empty, events = Partition.empty(self._embedder), list(self._store.read(user))
        return empty.extended(events, self._embedder, self._store, user) or empty

    def _keep(self, user: str, partition: Partition, saved: int) -> None:
        out: list[tuple[str, tuple[Partition, int]]] = []
        with self._lock:
            before = self._held.pop(user, None)
            self._bytes += partition.size - (before[0].size if before else 0)
            self._held[user] = (partition, saved)
            while self._bytes > self._limit and len(self._held) > 1:
                gone = self._held.popitem(last=False)
                self._bytes -= gone[1][0].size
                out.append(gone)
        for name, (evicted, through) in out:
            self._evicted(name, evicted, through)

    def _evicted(self, user: str, partition: Partition, saved: int) -> None:
        if _work(partition) - saved > EVICT_AFTER:
            self._save(user, partition, saved)

    def _save(self, user: str, partition: Partition, saved: int) -> int:
        try:
            self._store.save_derived(user, NAME, partition.through, partition.packed(self._embedder))
        except StorageError as error:
            self.not_saved = str(error)
            return saved
        self.not_saved = ""
        return _work(partition)


def _work(partition: Partition) -> int:
    """What it takes to make a partition from the log: events to read, entries to embed."""
    return partition.through + len(partition.rows)
