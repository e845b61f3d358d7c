"""Erasing what somebody said from folders of model calls: transcripts, caches, and every other text file in them.

A call goes when it belongs to the person (its label names them) or when its question or reply holds four words in a row of
what is erased, a whole erased sentence, or one of its rare words. Of a call that goes only the address, the step and the
tokens stay. Out of other texts whole sentences, eight words in a row and rare words are struck. Overwriting is done in place,
so that no earlier copy is left in the file; copies that a file system, a drive or a backup keeps are out of reach. So is what
stands packed or encrypted in a file (archives, pictures, tables): such files are named, and are to be looked at by hand.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from personarium.core.errors import StorageError
from personarium.runs.disk import LOCK_NAME, FolderLock, storage
from personarium.runs.manifest import CACHE, CALLS, MANIFEST
from personarium.runs.traces import REDACTED
from personarium.runs.traces import Traces as Traces

BUSY_S = 30.0  # how long to wait while another process uses a cache
LARGEST = 1 << 30  # bytes of one file that is searched
OURS = frozenset({CALLS, CACHE, *(CACHE + end for end in ("-wal", "-shm", "-journal")), LOCK_NAME})
STAYS = frozenset(("key", "step", "role", "model", "usage", "latency_ms", "at"))  # of a call that goes
_TEXT_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# How files begin that are no text even where they have no zero byte: packed ones, documents, pictures.
_PACKED = (
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"(\xb5/\xfd",
    b"%PDF-",
    b"\x89PNG",
    b"\xff\xd8",
)
_KEY = re.compile(r"(?:[0-9a-f]{2})+")


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed from one folder.

    Args:
        calls: Records of calls that were emptied.
        replies: Cached replies that were deleted.
        files: Names of other files in which words were struck out.
        searched: Files that were looked through.
        found: Files that are no text, in which some of it still stands: delete them by hand.
        unsearched: Files that could not be looked into (packed, larger than a gigabyte, links that lead elsewhere).
    """

    calls: int = 0
    replies: int = 0
    files: tuple[str, ...] = ()
    searched: int = 0
    found: tuple[str, ...] = ()
    unsearched: tuple[str, ...] = ()

    def and_then(self, later: Erased) -> Erased:
        """What two ways through the same folder have removed together; the last one says what is left."""
        files = tuple(dict.fromkeys((*self.files, *later.files)))
        return replace(later, calls=self.calls + later.calls, replies=self.replies + later.replies, files=files)


def erase_from_folder(folder: Path, traces: Traces, *, patience_s: float = BUSY_S) -> Erased:
    """Remove what is to be erased from every file of a folder and its subfolders.

    Args:
        folder: A run folder, a folder of chats, or any other; or one file.
        traces: How it is recognised.
        patience_s: How long to wait for another process that uses a cache.

    Raises:
        UsageError: When a run is going on in the folder.
        StorageError: When a file cannot be read or written; what was done until then is done.
    """
    sweep = _Sweep(folder, traces, patience_s)
    if folder.is_file():
        sweep.go_through(folder.parent, [folder.name])
    else:
        for place, folders, files in os.walk(folder, onerror=_refused):
            folders.sort()
            sweep.unsearched += [sweep.name(Path(place, one)) for one in folders if Path(place, one).is_symlink()]
            sweep.go_through(Path(place), sorted(files))
    return sweep.erased()


class _Sweep:
    """One way through a folder, and what was done on it."""

    def __init__(self, folder: Path, traces: Traces, patience_s: float) -> None:
        self.folder, self.traces, self.patience_s = folder, traces, patience_s
        self.calls = self.replies = self.searched = 0
        self.struck: list[str] = []
        self.found: list[str] = []
        self.unsearched: list[str] = []

    def erased(self) -> Erased:
        """What was done."""
        lists = (tuple(self.struck), self.searched, tuple(self.found), tuple(self.unsearched))
        return Erased(self.calls, self.replies, *lists)

    def name(self, path: Path) -> str:
        """A file as it is called in the receipt."""
        return path.name if self.folder.is_file() else str(path.relative_to(self.folder))

    def go_through(self, place: Path, names: Sequence[str]) -> None:
        """The files of one folder: the calls and their replies together, then the others one by one."""
        if not {CALLS, CACHE}.isdisjoint(names):
            with _locked(place):
                self._empty(place)
        for path in (place / name for name in names if name not in OURS):
            if path.is_symlink():
                self.unsearched.append(self.name(path))
            elif path.is_file():
                self._strike(path)

    def _empty(self, place: Path) -> None:
        keys: list[str] = []
        if _is_plain(place / CALLS):
            keys = _empty_calls(place / CALLS, self.traces)
            self.searched += 1
        self.calls += len(keys)
        for cache in _caches(place):
            if _is_plain(cache):
                self.replies += _drop_replies(cache, keys, self.traces, self.patience_s)
                self.searched += 1
            elif cache.is_symlink() or cache != place / CACHE:
                self.unsearched.append(str(cache))

    def _strike(self, path: Path) -> None:
        with storage(f"cannot read {path}"):
            large = path.stat().st_size > LARGEST
            data = b"" if large else path.read_bytes()
        coding = "" if large else _coding_of(data)
        if coding:
            self.searched += 1
            if _strike_out(path, data, coding, self.traces):
                self.struck.append(self.name(path))
        elif self._stands_in(data):
            self.found.append(self.name(path))
        else:
            self.unsearched.append(self.name(path))

    def _stands_in(self, data: bytes) -> bool:
        codings = ("utf-8", "utf-16-le") if b"\0" in data else ("utf-8",)
        return any(self.traces.in_text(data.decode(coding, "ignore")) for coding in codings)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a run folder while it is changed."""
    lock = FolderLock(folder)
    try:
        yield
    finally:
        lock.release()


def _refused(error: OSError) -> None:
    raise StorageError(
        f"cannot look into {error.filename}: {error.strerror}; what is in there was not erased"
    ) from error


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _caches(place: Path) -> list[Path]:
    """The replies of a run: in its folder, and in the file that it shared with other runs."""
    own = place / CACHE
    manifest = place / MANIFEST
    told = _json(manifest.read_bytes()) if _is_plain(manifest) else None
    checkpoint = told.get("checkpoint") if isinstance(told, Mapping) else None
    named = checkpoint.get("cache") if isinstance(checkpoint, Mapping) else None
    if not isinstance(named, str) or Path(named).name == CACHE:  # its own, wherever the folder was then
        named = named if isinstance(named, str) and _is_plain(Path(named)) else None
    shared = [Path(named)] if named is not None and Path(named).absolute() != own.absolute() else []
    return [own, *shared]


def _empty_calls(path: Path, traces: Traces) -> list[str]:
    """Overwrite records in place, each by one of the same length, so that no byte count in the manifest changes."""
    keys: list[str] = []
    with storage(f"cannot erase from {path}"), path.open("r+b") as file:
        at = 0
        for line in iter(file.readline, b""):
            record = _json(line)
            if _goes(record, line, traces):
                kept = record if isinstance(record, dict) else {}
                file.seek(at)
                file.write(_tombstone(kept, len(line)))
                keys.append(str(kept.get("key", "")))
            at += len(line)
            file.seek(at)
        file.flush()
        os.fsync(file.fileno())
    return keys


def _goes(record: Any, line: bytes, traces: Traces) -> bool:
    if not isinstance(record, dict):  # a damaged line holds words too; a torn one, the half of a word
        return bool(line.strip()) and (not line.endswith(b"\n") or traces.in_text(line.decode("utf-8", "replace")))
    if traces.owner and str(record.get("item", "")).startswith(traces.owner) and record.get("messages"):
        return True
    return traces.in_record({name: value for name, value in record.items() if name not in STAYS})


def _tombstone(record: dict[str, Any], length: int) -> bytes:
    """What is left of a call, filled up with blanks to the length of the line it takes the place of."""
    kept = {name: value for name, value in record.items() if name in STAYS}
    told = {"messages": [], "error": {"kind": "erased", "status": None, "message": REDACTED}}
    for left in ({**kept, "item": "", "sampling": {}, **told}, {"key": record.get("key", ""), **told}, {"key": ""}):
        line = json.dumps(left, separators=(",", ":")).encode()
        if len(line) < length:
            return line + b" " * (length - 1 - len(line)) + b"\n"
    return b" " * (length - 1) + b"\n"


def _drop_replies(path: Path, keys: Sequence[str], traces: Traces, patience_s: float) -> int:
    """Delete cached replies, by address and by what they say, and overwrite where they stood."""
    try:
        database = sqlite3.connect(path, timeout=patience_s, isolation_level=None)
        try:
            database.execute("PRAGMA secure_delete=ON")
            database.execute("BEGIN IMMEDIATE")
            rows = database.execute("SELECT key, reply FROM replies")
            gone = {key for key, reply in rows if _holds(reply, traces)}
            gone |= {bytes.fromhex(key) for key in keys if _KEY.fullmatch(key)}
            count = database.executemany("DELETE FROM replies WHERE key=?", [(key,) for key in gone]).rowcount
            database.execute("COMMIT")
            database.execute("VACUUM")
            if database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise sqlite3.OperationalError("another process is reading it, so that it could not be overwritten")
        finally:
            database.close()
    except (sqlite3.Error, ValueError) as error:
        raise StorageError(f"cannot erase from {path}: {error}") from error
    return max(count, 0)


def _holds(reply: Any, traces: Traces) -> bool:
    text = reply if isinstance(reply, str) else bytes(reply or b"").decode("utf-8", "replace")
    record = _json(text)
    return traces.in_text(text) if record is None else traces.in_record(record)


def _coding_of(data: bytes) -> str:
    """How a text file is written; nothing for a file that is no text."""
    if data[:2] in _TEXT_MARKS:
        return _TEXT_MARKS[data[:2]]
    if b"\0" in data or data.startswith(_PACKED):
        return ""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        strange = sum(byte < 32 and byte not in (9, 10, 12, 13, 27) for byte in data[:4096])
        return "" if strange else "latin-1"  # of an older program: every byte is a character, and stays one
    return "utf-8"


def _strike_out(path: Path, data: bytes, coding: str, traces: Traces) -> bool:
    """Strike words out of a text file; the new text takes the old one's place in one step, then the old bytes are
    overwritten."""
    text = data.decode(coding, "surrogatepass" if coding == "utf-16" else "strict")
    new = traces.strike_out(text, strings=path.suffix in (".json", ".jsonl", ".ndjson"))
    if new == text:
        return False
    written = new.encode(coding, "surrogatepass" if coding == "utf-16" else "strict")
    with storage(f"cannot erase from {path}"), path.open("r+b") as file:
        if os.fstat(file.fileno()).st_nlink == 1:
            fresh = path.with_name(f"{path.name}.new")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                os.fchmod(out.fileno(), os.fstat(file.fileno()).st_mode & 0o7777)
                out.write(written)
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(path)
            written = b""
        file.write(b" " * len(data))
        file.flush()
        os.fsync(file.fileno())
        if written:  # the file has other names as well, under which it must be struck out too
            file.seek(0)
            file.truncate()
            file.write(written)
    return True


def _json(line: bytes | str) -> Any:
    try:
        return from_json(line)
    except ValueError:
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            return None


def find_bytes(paths: Collection[Path], needle: bytes) -> list[Path]:
    """The files in which some bytes stand, whatever their format."""
    found = []
    for path in paths:
        if path.is_file():
            with storage(f"cannot read {path}"):
                if needle in path.read_bytes():
                    found.append(path)
    return found
