"""The tables of a memory's SQLite file: how a log lies in them, and how we know a file of our own."""

from __future__ import annotations

import contextlib
import math
import os
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from zlib import crc32

from personarium.core.errors import InvalidInput
from personarium.remember.events import EVENT_KINDS, Draft, encode
from personarium.remember.list_store import check_user
from personarium.remember.store import Conflict

APPLICATION_ID = 0x5052534D  # "PRSM" in the file's header: how we know our own
VERSION = 1
# A row's place is its user's number and its own: rows of one user lie together, and a page of the tree above them holds
# hundreds of places instead of a dozen texts.
PLACES = 1 << 32
SCHEMA = (
    "CREATE TABLE users (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, erased INTEGER NOT NULL DEFAULT 0)",
    "CREATE TABLE events (place INTEGER PRIMARY KEY, kind TEXT NOT NULL, at REAL NOT NULL, body TEXT NOT NULL, "
    "crc INTEGER NOT NULL)",
    "CREATE TABLE derived (user INTEGER NOT NULL, name TEXT NOT NULL, through INTEGER NOT NULL, crc INTEGER NOT NULL, "
    "data BLOB NOT NULL, PRIMARY KEY (user, name))",
    "CREATE TABLE overwriting (number INTEGER PRIMARY KEY)",
    f"PRAGMA application_id={APPLICATION_ID}",
    f"PRAGMA user_version={VERSION}",
)
ROWS = "SELECT place, kind, at, body, crc FROM events WHERE place"
_HALF_PAIR = re.compile("[\ud800-\udfff]")

Row = tuple[str, float, str, int]


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took out of the tables."""

    user: int
    receipt: int
    texts: tuple[bytes, ...]
    blobs: tuple[bytes, ...]


# -- the rows --------------------------------------------------------------------------------------------------------


def find_user(database: sqlite3.Connection, user: str) -> tuple[int, int]:
    """A user's number and the number of the last event; 0 and 0 for a user who is not known."""
    query = (
        "SELECT number, (SELECT max(place) FROM events WHERE place >= number * ?1 AND place < (number + 1) * ?1) "
        "FROM users WHERE name = ?2"
    )
    try:
        row = database.execute(query, (PLACES, user)).fetchone()
    except UnicodeEncodeError:  # half a surrogate pair: no such user can have been stored
        return 0, 0
    return (0, 0) if row is None else (row[0], (row[1] or 0) % PLACES)


def add_user(database: sqlite3.Connection, user: str) -> int:
    return cast(int, database.execute("INSERT INTO users (name) VALUES (?)", (user,)).lastrowid)


def add_events(database: sqlite3.Connection, place: int, rows: Sequence[Row]) -> None:
    numbered = [(place + i, *row) for i, row in enumerate(rows)]
    database.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", numbered)


def replace_events(
    database: sqlite3.Connection, user: str, rows: Mapping[int, Row], receipt: Row, expected: int
) -> Erased:
    number, last = find_user(database, user)
    if expected != last:
        raise conflict(user, expected, last)
    texts = []
    for seq, row in rows.items():
        place = number * PLACES + seq
        old = database.execute("SELECT body FROM events WHERE place = ?", (place,)).fetchone()
        if old is None or not 0 < seq <= last:
            raise InvalidInput("erasure", f"an event of the log (1 to {last})", seq, "changed")
        texts.append(old[0].encode())
        database.execute("UPDATE events SET kind = ?, at = ?, body = ?, crc = ? WHERE place = ?", (*row, place))
    number = number or add_user(database, user)
    add_events(database, number * PLACES + last + 1, [receipt])
    blobs = [row[0] for row in database.execute("SELECT data FROM derived WHERE user = ?", (number,)).fetchall()]
    database.execute("DELETE FROM derived WHERE user = ?", (number,))
    database.execute("UPDATE users SET erased = ? WHERE number = ?", (last + 1, number))
    database.execute("INSERT INTO overwriting DEFAULT VALUES")
    return Erased(number, last + 1, tuple(texts), tuple(blobs))


def row_of(draft: Draft) -> Row:
    if draft.kind not in EVENT_KINDS:
        raise InvalidInput("event", f"one of {', '.join(EVENT_KINDS)}", draft.kind, "kind")
    if not math.isfinite(draft.at):
        raise InvalidInput("event", "seconds since 1970 as a finite number", draft.at, "at")
    body = _HALF_PAIR.sub(lambda found: f"\\u{ord(found[0]):04x}", encode(draft.body))
    return draft.kind, float(draft.at), body, crc32(body.encode())


def checked(user: str) -> str:
    check_user(user)
    if _HALF_PAIR.search(user):
        raise InvalidInput("user id", "whole characters (no half of a surrogate pair)", user)
    return user


def conflict(user: str, expected: int, last: int) -> Conflict:
    return Conflict(f"the memory of {user!r} has gone on from event {expected} to {last}; read it again")


# -- the file ----------------------------------------------------------------------------------------------------------


def make_file(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise sqlite3.DatabaseError("is no regular file; give the path of a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Never a file that is there: closing it would drop the locks of another store of this process (see overwriting).
    with contextlib.suppress(FileExistsError):  # what people told somebody is for its owner only
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def is_ours(database: sqlite3.Connection) -> bool:
    """Whether the tables are there; refuse a file that is not ours before the first write."""
    mark, version, tables = (
        database.execute(query).fetchone()[0]
        for query in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if mark == APPLICATION_ID and version == VERSION:
        return True
    if mark == APPLICATION_ID:
        raise sqlite3.DatabaseError(f"was written by another version ({version}, this is {VERSION}); give another file")
    if tables or mark or version:
        raise sqlite3.DatabaseError("is an SQLite file of another program; give another file")
    return False


def why(error: Exception) -> str:
    text = str(error)
    if isinstance(error, OSError):
        return f"cannot be opened ({error.strerror or text})"
    known = {
        "disk is full": "the disk is full; make room and try again",
        "disk I/O": "the disk refused a read or write (full, over a quota or failing)",
        "readonly": "the file or its folder may not be written; give a place that may",
        "unable to open": "cannot be opened; its folder must exist and be writable",
        "locked": "another process has held it for too long",
        "malformed": "is damaged; take a copy from before, or export what can still be read",
        "not a database": "is no memory (not an SQLite file); give another file",
    }
    return next((said for part, said in known.items() if part in text), text)
