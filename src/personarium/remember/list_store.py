"""A store in memory: for tests, for benchmarks that build a memory thousands of times, and for a talk that leaves nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from personarium.core.errors import InvalidInput
from personarium.remember.events import Draft, Event, EventKind, decode, encode
from personarium.remember.records import check_name
from personarium.remember.store import Conflict

_Row = tuple[EventKind, float, str]


class ListStore:
    """An :class:`EventStore` whose logs are lists; it is gone when the process ends."""

    def __init__(self) -> None:
        self._logs: dict[str, list[_Row]] = {}
        self._derived: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._erased: dict[str, int] = {}  # number of the last receipt: what was derived before it is not taken back
        self._lock = threading.RLock()

    def append(self, user: str, drafts: Sequence[Draft], *, expected: int | None = None) -> int:
        """As :meth:`EventStore.append`."""
        check_user(user)
        rows = [(draft.kind, draft.at, encode(draft.body)) for draft in drafts]
        with self._lock:
            log = self._logs.get(user, [])
            _check_expected(user, len(log), expected)
            first = len(log) + 1
            if rows:
                self._logs.setdefault(user, []).extend(rows)
            return first

    def append_many(self, batches: Mapping[str, Sequence[Draft]]) -> dict[str, int]:
        """As :meth:`EventStore.append_many`."""
        for user, drafts in batches.items():
            check_user(user)
            for draft in drafts:
                encode(draft.body)
        with self._lock:
            return {user: self.append(user, drafts) for user, drafts in batches.items()}

    def read(self, user: str, after: int = 0) -> Iterator[Event]:
        """As :meth:`EventStore.read`."""
        with self._lock:
            rows = self._logs.get(user, [])[after:]
        for number, row in enumerate(rows, after + 1):
            yield _event(number, row)

    def pick(self, user: str, seqs: Sequence[int]) -> dict[int, Event]:
        """As :meth:`EventStore.pick`."""
        with self._lock:
            log = self._logs.get(user, [])
            rows = {seq: log[seq - 1] for seq in seqs if 0 < seq <= len(log)}
        return {seq: _event(seq, row) for seq, row in rows.items()}

    def last(self, user: str) -> int:
        """As :meth:`EventStore.last`."""
        with self._lock:
            return len(self._logs.get(user, ()))

    def users(self) -> Iterator[str]:
        """As :meth:`EventStore.users`."""
        with self._lock:
            return iter(list(self._logs))

    def rewrite(self, user: str, changed: Mapping[int, Draft], receipt: Draft, *, expected: int) -> int:
        """As :meth:`EventStore.rewrite`."""
        rows = {seq: (draft.kind, draft.at, encode(draft.body)) for seq, draft in changed.items()}
        with self._lock:
            log = self._logs.get(user, [])
            _check_expected(user, len(log), expected)
            for seq, row in rows.items():
                log[seq - 1] = row
            self.drop_derived(user)
            self._erased[user] = self.append(user, [receipt])
            return self._erased[user]

    def load_derived(self, user: str, name: str) -> tuple[int, bytes] | None:
        """As :meth:`EventStore.load_derived`."""
        with self._lock:
            return self._derived.get((user, name))

    def save_derived(self, user: str, name: str, through: int, data: bytes) -> None:
        """As :meth:`EventStore.save_derived`."""
        with self._lock:
            if through >= self._erased.get(user, 0):
                self._derived[user, name] = (through, data)

    def drop_derived(self, user: str | None = None) -> int:
        """As :meth:`EventStore.drop_derived`."""
        with self._lock:
            gone = [key for key in self._derived if user is None or key[0] == user]
            for key in gone:
                del self._derived[key]
            return len(gone)

    def files(self) -> list[Path]:
        """None: nothing is on disk."""
        return []

    def close(self) -> None:
        """Forget everything."""
        self._logs.clear()
        self._derived.clear()


def _event(number: int, row: _Row) -> Event:
    kind, at, body = row
    return Event(number, kind, at, decode(body, f"event {number}"))


def check_user(user: str) -> None:
    """Refuse a user id that is empty, too long or holds a control character or half of a surrogate pair.

    Raises:
        InvalidInput: If so.
    """
    check_name(user, "user id", "user")
    if not user.strip():
        raise InvalidInput("user id", "a name of 1 to 512 characters", user)
    if any("\ud800" <= sign <= "\udfff" for sign in user):
        raise InvalidInput("user id", "whole characters (no half of a surrogate pair)", user)


def _check_expected(user: str, last: int, expected: int | None) -> None:
    if expected is not None and expected != last:
        raise Conflict(f"the memory of {user!r} has gone on from event {expected} to {last}; read it again")
