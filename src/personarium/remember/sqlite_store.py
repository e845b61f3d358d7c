"""The logs of all users in one SQLite file: durable, all or nothing, safe for many processes, and overwritten when erased.

What an erasure cannot reach: copies that were made of the file (backups, snapshots of the file system, exports), blocks that
the file system or a worn solid-state disk has let go without overwriting them, and pages of the process's memory that were
swapped out. It reaches every byte of the database, of its write-ahead log and of what was derived.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from zlib import crc32

from personarium.core.errors import InvalidInput, StorageError
from personarium.remember.events import EVENT_KINDS, Draft, Event, EventKind, decode
from personarium.remember.overwriting import leftovers
from personarium.remember.sqlite_tables import (
    PLACES,
    ROWS,
    SCHEMA,
    Erased,
    Row,
    add_events,
    add_user,
    checked,
    conflict,
    find_user,
    is_ours,
    make_file,
    replace_events,
    row_of,
    why,
)

BUSY_S = 30.0  # how long to wait while another process writes, or reads what is to be overwritten
OPENING_S = 2.0  # how long opening waits to finish an overwriting that another process has left
CHECKPOINT_PAGES = 4000  # write-ahead log of 16 MB: fewer stops for a checkpoint


@dataclass(slots=True, eq=False)
class _Request:
    """What one caller wants to be appended."""

    batches: Mapping[str, Sequence[Row]]
    expected: int | None = None
    first: dict[str, int] = field(default_factory=dict)
    error: StorageError | None = None
    done: bool = False


class SqliteStore:
    """An :class:`EventStore` in one SQLite file; any number of threads and processes may use it at once.

    Threads that append at the same time share one durable write. An erasure overwrites the old bytes before it returns; if
    it is interrupted, or another process is reading at that moment, the file remembers it, and the next opening, erasure or
    closing finishes it.

    Args:
        path: The file; made with its folders if it does not exist, readable by its owner only.
        patience_s: How long a write, or an overwriting, waits for other processes.

    Attributes:
        repaired: One sentence for each derived part that was damaged and dropped.

    Raises:
        StorageError: The file cannot be opened or is not one of ours.
    """

    def __init__(self, path: str | Path, *, patience_s: float = BUSY_S) -> None:
        self.path = Path(path).absolute()
        self.patience_s = patience_s
        self.repaired: list[str] = []
        self._waiting: list[_Request] = []
        self._queue, self._writing = threading.Lock(), threading.RLock()
        self._idle: list[sqlite3.Connection] = []
        self._closed, self._process = False, os.getpid()
        with self._storage():
            make_file(self.path)
            self._database = self._connect()
            try:
                self._identify()
                self._settle(min(OPENING_S, patience_s))
            except BaseException:
                self._database.close()
                raise

    def __repr__(self) -> str:
        return f"SqliteStore({str(self.path)!r})"

    def __enter__(self) -> SqliteStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -- writing -------------------------------------------------------------------------------------------------------

    def append(self, user: str, drafts: Sequence[Draft], *, expected: int | None = None) -> int:
        """As :meth:`EventStore.append`."""
        return self._commit(_Request({checked(user): [row_of(draft) for draft in drafts]}, expected))[user]

    def append_many(self, batches: Mapping[str, Sequence[Draft]]) -> dict[str, int]:
        """As :meth:`EventStore.append_many`; all users or none."""
        return self._commit(_Request({checked(u): [row_of(draft) for draft in d] for u, d in batches.items()}))

    def _commit(self, request: _Request) -> dict[str, int]:
        with self._queue:
            self._waiting.append(request)
        with self._writing:  # who comes in first takes along what the others want
            if not request.done:
                with self._queue:
                    group, self._waiting = self._waiting, []
                self._write(group if request in group else [*group, request])
        if request.error is not None:
            raise request.error
        return request.first

    def _write(self, group: Sequence[_Request]) -> None:
        try:
            with self._transaction() as database:
                for request in group:
                    self._insert(database, request)
        except StorageError as error:
            if len(group) > 1:  # one request may be at fault; the others shall not suffer from it
                for request in group:
                    self._write([request])
                return
            group[0].error = error
        for request in group:
            request.done = True

    def _insert(self, database: sqlite3.Connection, request: _Request) -> None:
        request.first, request.error = {}, None
        for user, rows in request.batches.items():
            number, last = find_user(database, user)
            if request.expected is not None and request.expected != last:
                request.error = conflict(user, request.expected, last)
                return
            request.first[user] = last + 1
            if rows:
                number = number or add_user(database, user)
                add_events(database, number * PLACES + last + 1, rows)

    def rewrite(self, user: str, changed: Mapping[int, Draft], receipt: Draft, *, expected: int) -> int:
        """As :meth:`EventStore.rewrite`."""
        rows, last_row = {seq: row_of(draft) for seq, draft in changed.items()}, row_of(receipt)
        with self._writing:
            with self._transaction() as database:
                erased = replace_events(database, checked(user), rows, last_row, expected)
            try:
                self._overwrite(erased)
            except (sqlite3.Error, OSError) as error:
                raise StorageError(
                    f"memory {self.path}: the events of {user!r} are erased, but their old bytes could not be overwritten "
                    f"yet ({why(error)}); close what else has the file open and open it again, which finishes it"
                ) from error
        return erased.receipt

    # -- overwriting what was erased -----------------------------------------------------------------------------------

    @property
    def overwriting_due(self) -> bool:
        """Whether bytes of an erasure may still be in the file, because it could not be overwritten at the time."""
        with self._reader() as database:
            return database.execute("SELECT 1 FROM overwriting").fetchone() is not None

    def _overwrite(self, erased: Erased | None) -> None:
        """Write the log back and search what is free; of an erasure of former times nothing is known to search for."""
        due = [row[0] for row in self._database.execute("SELECT number FROM overwriting ORDER BY number").fetchall()]
        if not due:
            return
        self._write_back()
        if erased is None or len(due) > 1 or self._left_behind(erased):
            self._database.execute("VACUUM")
            self._write_back()
        self._database.execute("DELETE FROM overwriting WHERE number <= ?", (due[-1],))

    def _left_behind(self, erased: Erased) -> bool:
        base = erased.user * PLACES
        rows = self._database.execute("SELECT body FROM events WHERE place BETWEEN ? AND ?", (base, base + PLACES - 1))
        kept = "\n".join(row[0] for row in rows.fetchall()).encode()
        return leftovers(self.path, erased.texts, erased.blobs, kept)

    def _write_back(self) -> None:
        busy = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise sqlite3.OperationalError("another process is reading the file")

    def _settle(self, patience_s: float) -> None:
        """Finish overwriting that is due, if nobody is in the way."""
        self._database.execute(f"PRAGMA busy_timeout={int(1000 * patience_s)}")
        with contextlib.suppress(sqlite3.OperationalError):  # it stays due, and `overwriting_due` says so
            self._overwrite(None)
        self._database.execute(f"PRAGMA busy_timeout={int(1000 * self.patience_s)}")

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, user: str, after: int = 0) -> Iterator[Event]:
        """As :meth:`EventStore.read`; all from one moment, however slowly they are taken."""
        with self._reader() as database:
            number, _ = find_user(database, user)
            base = (number or 0) * PLACES
            query = f"{ROWS} > ? AND place < ? ORDER BY place"
            rows = database.execute(query, (base + max(after, 0), base + PLACES)).fetchall() if number else []
        return (self._event(row) for row in rows)

    def pick(self, user: str, seqs: Sequence[int]) -> dict[int, Event]:
        """As :meth:`EventStore.pick`."""
        with self._reader() as database:
            number, last = find_user(database, user)
            places = [(number or 0) * PLACES + int(seq) for seq in seqs if 0 < seq <= last]
            query = f"{ROWS} IN (SELECT value FROM json_each(?))"
            rows = database.execute(query, (json.dumps(places),)).fetchall() if places else []
        return {row[0] % PLACES: self._event(row) for row in rows}

    def last(self, user: str) -> int:
        """As :meth:`EventStore.last`."""
        with self._reader() as database:
            return find_user(database, user)[1]

    def users(self) -> Iterator[str]:
        """As :meth:`EventStore.users`."""
        with self._reader() as database:
            rows = database.execute("SELECT name FROM users ORDER BY number").fetchall()
        return (row[0] for row in rows)

    def _event(self, row: tuple[int, str, float, str, int]) -> Event:
        place, kind, at, body, crc = row
        where = f"memory {self.path}: event {place % PLACES}"
        if crc32(body.encode()) != crc or kind not in EVENT_KINDS:
            raise StorageError(f"{where} is damaged (its checksum is wrong); take a copy of the file from before")
        return Event(place % PLACES, cast(EventKind, kind), at, decode(body, where))

    # -- what is derived -----------------------------------------------------------------------------------------------

    def load_derived(self, user: str, name: str) -> tuple[int, bytes] | None:
        """As :meth:`EventStore.load_derived`; a damaged part is named in :attr:`repaired`."""
        with self._reader() as database:
            query = "SELECT through, crc, data FROM derived JOIN users ON number = user WHERE users.name = ? AND derived.name = ?"
            row = database.execute(query, (checked(user), name)).fetchone()
        if row is None:
            return None
        through, crc, data = row
        if not isinstance(data, bytes) or crc32(data) != crc:
            self.repaired.append(f"the {name} of {user!r} was damaged; it is made anew from the log")
            self._drop(user, name)
            return None
        return through, data

    def save_derived(self, user: str, name: str, through: int, data: bytes) -> None:
        """As :meth:`EventStore.save_derived`; one from before the user's last erasure is not kept, it may hold what was
        erased.

        Raises:
            InvalidInput: When ``through`` is beyond the user's log.
            StorageError: When the disk refuses.
        """
        with self._writing, self._transaction() as database:
            number, last = find_user(database, checked(user))
            if not 0 <= through <= last:
                raise InvalidInput("derived part", f"an event of the log (0 to {last})", through, "through")
            query = (
                "INSERT OR REPLACE INTO derived SELECT number, ?, ?, ?, ? FROM users WHERE number = ? AND erased <= ?"
            )
            database.execute(query, (name, through, crc32(data), data, number, through))

    def drop_derived(self, user: str | None = None) -> int:
        """As :meth:`EventStore.drop_derived`."""
        return self._drop(None if user is None else checked(user), None)

    def _drop(self, user: str | None, name: str | None) -> int:
        with self._writing, self._transaction() as database:
            query = (
                "DELETE FROM derived WHERE (?1 IS NULL OR user = (SELECT number FROM users WHERE name = ?1)) "
                "AND (?2 IS NULL OR name = ?2)"
            )
            return database.execute(query, (user, name)).rowcount

    # -- the file ------------------------------------------------------------------------------------------------------

    def files(self) -> list[Path]:
        """As :meth:`EventStore.files`."""
        beside = [self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm", "-journal")]
        return [path for path in beside if path.exists()]

    def close(self) -> None:
        """Finish what is due and close the file; once is enough, twice does no harm."""
        with self._writing:
            if not self._closed and os.getpid() == self._process:
                with self._storage():
                    self._settle(min(OPENING_S, self.patience_s))
                    self._database.close()
                    self._closed = True
                    while self._idle:
                        self._idle.pop().close()

    def _connect(self) -> sqlite3.Connection:
        # Autocommit mode: transactions are ours to begin and end.
        database = sqlite3.connect(self.path, timeout=self.patience_s, isolation_level=None, check_same_thread=False)
        try:
            is_ours(database)
            for setting in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "secure_delete=ON"):
                database.execute(f"PRAGMA {setting}").fetchall()
            database.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}").fetchall()
            database.execute("PRAGMA trusted_schema=OFF")
        except BaseException:
            database.close()
            raise
        return database

    def _identify(self) -> None:
        """Make the tables when the file is new."""
        if not is_ours(self._database):
            self._database.execute("BEGIN IMMEDIATE")
            if not is_ours(self._database):  # another process may have made them while we waited
                for statement in SCHEMA:
                    self._database.execute(statement)
            self._database.execute("COMMIT")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._check_open()
        with self._storage():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # the first error is the one to report
                    self._database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread uses meanwhile."""
        self._check_open()
        with self._storage():
            try:
                database = self._idle.pop()
            except IndexError:
                database = self._connect()
            try:
                yield database
            finally:
                self._idle.append(database)

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError(f"memory {self.path} is closed; open it again")
        if os.getpid() != self._process:
            raise StorageError(f"memory {self.path} was opened before this process was forked; open it again here")

    @contextlib.contextmanager
    def _storage(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"memory {self.path}: {why(error)}; what was stored before is not touched") from error
