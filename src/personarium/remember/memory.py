"""A memory for many users: what they said, what is believed of them and why, with undo, the past, and real erasure.

Example:
    >>> from personarium.remember import Memory
    >>> memory = Memory.open(None)
    >>> ana = memory.user("ana")
    >>> ana.remember("tea", key="tastes.drink").text
    'tea'
    >>> ana.recall("what does she drink?").items[0].text
    'tastes.drink: tea'
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from personarium.remember.facts import FactMemory
from personarium.remember.incoming import observed, taken_in
from personarium.remember.list_store import ListStore, check_user
from personarium.remember.partition_view import PartitionCache
from personarium.remember.records import Observation
from personarium.remember.states import StateCache
from personarium.remember.store import EventStore
from personarium.remember.strategy import Strategy
from personarium.remember.user_memory import UserMemory
from personarium.text.embed import Embedder, load_embedder

Clock = Callable[[], float]


class Memory:
    """A store of user memories, with one strategy.

    Args:
        store: Where the logs are.
        strategy: How it remembers; the house's facts when left out.
        embedder: For the meaning part of a search; the static default when left out.
        clock: Tells the time, in seconds since 1970; a simulation gives its own.
        runs: Folders with model calls about these users beyond those that the logs name; an erasure goes through them too.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        strategy: Strategy | None = None,
        embedder: Embedder | None = None,
        clock: Clock = time.time,
        runs: Iterable[str | Path] = (),
    ) -> None:
        self.store, self.strategy, self.clock = store, strategy or FactMemory(), clock
        self.embedder = embedder or load_embedder()
        self.runs = tuple(Path(folder) for folder in runs)
        self.states = StateCache(store)
        self.partitions = PartitionCache(store, self.embedder)

    @classmethod
    def open(
        cls,
        path: str | Path | None,
        *,
        strategy: Strategy | str | None = None,
        embedder: Embedder | str | None = None,
        clock: Clock = time.time,
        runs: Iterable[str | Path] = (),
    ) -> Memory:
        """Open a memory, and make it if it is not there.

        Args:
            path: An SQLite file; None keeps everything in this process only.
            strategy: A strategy or its name (see :func:`personarium.remember.open_strategy`).
            embedder: An embedder or its name.
            clock: As in the class.
            runs: As in the class.

        Raises:
            StorageError: The file is not a memory, is damaged, or cannot be written.
            UsageError: On a strategy or embedder that is not known.
        """
        from personarium.remember.strategies import open_strategy

        store: EventStore = ListStore()
        if path is not None:
            from personarium.remember.sqlite_store import SqliteStore

            store = SqliteStore(path)
        chosen = open_strategy(strategy) if isinstance(strategy, str) else strategy
        vectors = load_embedder(embedder) if isinstance(embedder, str) else embedder
        return cls(store, strategy=chosen, embedder=vectors, clock=clock, runs=runs)

    def user(self, id: str) -> UserMemory:
        """One user's memory; nothing of any other user is within its reach.

        Raises:
            InvalidInput: On an id that is empty, longer than 512 characters or holds a control character.
        """
        check_user(id)
        return UserMemory(self, id)

    def users(self) -> list[str]:
        """All users, in the order in which they came."""
        return list(self.store.users())

    def observe_many(self, said: Mapping[str, Sequence[Observation]]) -> None:
        """Keep what many users said, in one durable step: the fast way in for many at once.

        Raises:
            InvalidInput: When an observation has an id of its own, or a user's id is none; nothing is kept then.
        """
        now = self.clock()
        kept = {user: taken_in(all) for user, all in said.items() if all}
        self.store.append_many({user: [observed(one, now) for one in all] for user, all in kept.items()})

    def close(self) -> None:
        """Keep what was derived, and close the store."""
        self.partitions.close()
        self.store.close()

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
