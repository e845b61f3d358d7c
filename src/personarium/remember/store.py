"""The store behind a memory: one append-only log for each user. SQLite is the first one; any other that passes the
conformance suite (:mod:`personarium.testing.memory_store`) can take its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from personarium.core.errors import StorageError
from personarium.remember.events import Draft, Event


class Conflict(StorageError):
    """Somebody else has written to this user's log since it was read; read it again and decide anew."""


@runtime_checkable
class EventStore(Protocol):
    """One append-only event log for each user.

    A store keeps users apart: nothing that is asked for one user can return or touch anything of another. Every write is
    atomic and durable when the call returns. Any number of processes may write at once.
    """

    def append(self, user: str, drafts: Sequence[Draft], *, expected: int | None = None) -> int:
        """Append events to one user's log, all or none.

        Args:
            user: Any text of 1 to 512 characters; never a path.
            drafts: The events, in order.
            expected: The last sequence number that the caller has seen; None appends whatever came meanwhile.

        Returns:
            The sequence number of the first of them; the others follow without a gap.

        Raises:
            Conflict: When the log has gone on since ``expected``; nothing is written.
            StorageError: When the disk refuses; nothing is written.
        """
        ...

    def append_many(self, batches: Mapping[str, Sequence[Draft]]) -> dict[str, int]:
        """Append to many users' logs in one durable step; gives each user's first sequence number."""
        ...

    def read(self, user: str, after: int = 0) -> Iterator[Event]:
        """A user's events with a number above ``after``, in order; nothing for a user who is not known."""
        ...

    def pick(self, user: str, seqs: Sequence[int]) -> dict[int, Event]:
        """The events with these numbers; those that do not exist are left out."""
        ...

    def last(self, user: str) -> int:
        """The last sequence number of a user; 0 for a user who is not known."""
        ...

    def users(self) -> Iterator[str]:
        """All users with at least one event, in the order in which they came."""
        ...

    def rewrite(self, user: str, changed: Mapping[int, Draft], receipt: Draft, *, expected: int) -> int:
        """Erase: replace events by what is left of them and append the receipt, all or none, and drop what was derived.

        After it returns, no byte of what was replaced is in any file of the store.

        Args:
            user: Whose log.
            changed: Sequence number -> what takes its place (a tombstone, or the event without the erased part).
            receipt: The ``erase`` event.
            expected: As in :meth:`append`.

        Returns:
            The receipt's sequence number.

        Raises:
            Conflict: When the log has gone on since ``expected``.
            StorageError: When the disk refuses, or another process holds the files open so that the old bytes cannot be
                overwritten now; the log is then as before, or (said in the message) erased with the overwriting to do.
        """
        ...

    def load_derived(self, user: str, name: str) -> tuple[int, bytes] | None:
        """A derived part of a user's memory: the number of the last event that is in it, and its bytes. None if there is
        none, or it is damaged (then it is dropped)."""
        ...

    def save_derived(self, user: str, name: str, through: int, data: bytes) -> None:
        """Keep a derived part; it may be lost at any time and is never the truth."""
        ...

    def drop_derived(self, user: str | None = None) -> int:
        """Forget derived parts of one user or of all; gives how many there were."""
        ...

    def files(self) -> list[Path]:
        """Every file that holds anything of the store; empty for a store in memory."""
        ...

    def close(self) -> None: ...
