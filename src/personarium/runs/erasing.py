"""Erasing what somebody said from folders of model calls: transcripts, caches, and every other text file in them.

A call goes when it belongs to the person (its label names them) or when its question or reply holds four words in a row of
what is erased, a whole erased sentence, or one of its rare words. Of a call that goes only the address, the step and the
tokens stay. Overwriting is done in place, so that no earlier copy is left in the file; copies that a file system, a drive or
a backup keeps are out of reach.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from personarium.core.errors import StorageError
from personarium.runs.disk import FolderLock, storage, write_whole
from personarium.runs.manifest import CACHE, CALLS
from personarium.text.bm25 import words
from personarium.text.embed import is_common

RUN = 4  # words in a row that count as a quotation
SHORTEST_RARE = 5  # letters of a word that can be recognised on its own
STEM = 6  # letters by which other forms of such a word are recognised
LARGEST = 1 << 30  # bytes of one file that is searched
REDACTED = "[erased]"
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed from one folder.

    Args:
        calls: Records of calls that were emptied.
        replies: Cached replies that were deleted.
        files: Names of other files in which words were struck out.
        searched: Files that were looked through.
    """

    calls: int = 0
    replies: int = 0
    files: tuple[str, ...] = ()
    searched: int = 0


@dataclass(frozen=True)
class Traces:
    """How what is to be erased is recognised.

    Args:
        texts: Whole texts (utterances, facts).
        words: Words that are recognised on their own, whatever their length.
        kept: Texts that stay: a word of theirs is not rare.
        owner: How the item begins in the label of a call about the person: all of these go, for later questions hold
            what was concluded from earlier ones.
    """

    texts: tuple[str, ...]
    words: tuple[str, ...] = ()
    kept: tuple[str, ...] = field(default=(), repr=False)
    owner: str = ""

    @cached_property
    def rare(self) -> frozenset[str]:
        """Words that stand in what goes, in nothing that stays, and in no ordinary vocabulary."""
        stays = {word for text in self.kept for word in words(text)}
        found = {word for text in self.texts for word in words(text) if len(word) >= SHORTEST_RARE}
        given = {word for text in self.words for word in words(text)}
        return frozenset(given | {word for word in found - stays if not is_common(word)})

    @cached_property
    def runs(self) -> frozenset[tuple[str, ...]]:
        """Every four words in a row of what goes."""
        return frozenset(run for text in self.texts for run in _runs(words(text)))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The first six letters of the rare words that have as many: other forms of a rare word go with it."""
        return frozenset(word[:STEM] for word in self.rare if len(word) >= STEM)

    def in_text(self, text: str) -> bool:
        """Whether a text holds any of it."""
        found = words(text)
        if any(word in self.rare or word[:STEM] in self.stems for word in found):
            return True
        return any(run in self.runs for run in _runs(found))

    def in_record(self, record: Any) -> bool:
        """Whether any text in a JSON value holds any of it."""
        return any(self.in_text(text) for text in _strings(record))

    def strike_out(self, text: str) -> str:
        """A text with every erased sentence and rare word replaced by ``[erased]``; also where it is written as JSON or HTML
        does it."""
        return text if self._pattern is None else self._pattern.sub(REDACTED, text)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        parts = {text.strip() for text in self.texts} | {
            s.strip() for text in self.texts for s in _SENTENCE.findall(text)
        }
        spelled = {form for part in parts if len(part) >= 12 for form in _spellings(part)}
        choices = [re.escape(form) for form in sorted(spelled, key=lambda form: (-len(form), form))]
        choices += [
            rf"\b{re.escape(word[:STEM])}\w*" if len(word) >= STEM else rf"\b{re.escape(word)}\b"
            for word in sorted(self.rare)
        ]
        return re.compile("|".join(choices), re.IGNORECASE) if choices else None


def erase_from_folder(folder: Path, traces: Traces) -> Erased:
    """Remove what is to be erased from every file of a folder and its subfolders.

    Args:
        folder: A run folder, a folder of chats, or any other; or one file.
        traces: How it is recognised.

    Raises:
        UsageError: When a run is going on in the folder.
        StorageError: When a file cannot be read or written; what was done until then is done.
    """
    calls = replies = searched = 0
    struck: list[str] = []
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        searched += 1
        if path.name == CALLS:
            with _locked(path.parent):
                keys = _empty_calls(path, traces)
                calls += len(keys)
                replies += _drop_replies(path.with_name(CACHE), keys, traces)
        elif _is_text(path) and _strike_out(path, traces):
            struck.append(path.name if path == folder else str(path.relative_to(folder)))
    return Erased(calls, replies, tuple(struck), searched)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a run folder while it is changed."""
    lock = FolderLock(folder)
    try:
        yield
    finally:
        lock.release()


def _empty_calls(path: Path, traces: Traces) -> list[str]:
    """Overwrite records in place, each by one of the same length, so that no byte count in the manifest changes."""
    keys: list[str] = []
    with storage(f"cannot erase from {path}"), path.open("r+b") as file:
        at = 0
        for line in iter(file.readline, b""):
            record = _json(line)
            if record is not None and _goes(record, traces):
                file.seek(at)
                file.write(_tombstone(record, len(line)))
                keys.append(str(record.get("key", "")))
            at += len(line)
            file.seek(at)
    return keys


def _goes(record: dict[str, Any], traces: Traces) -> bool:
    if traces.owner and str(record.get("item", "")).startswith(traces.owner) and record.get("messages"):
        return True
    return traces.in_record(
        {name: record.get(name) for name in ("messages", "reply", "error", "tool_calls", "logprobs")}
    )


def _tombstone(record: dict[str, Any], length: int) -> bytes:
    """What is left of a call, filled up with blanks to the length of the line it takes the place of."""
    kept = {
        name: record[name] for name in ("key", "step", "role", "model", "usage", "latency_ms", "at") if name in record
    }
    told = {"messages": [], "error": {"kind": "erased", "status": None, "message": REDACTED}}
    for left in ({**kept, "item": "", "sampling": {}, **told}, {"key": record.get("key", ""), **told}, {"key": ""}):
        line = json.dumps(left, separators=(",", ":")).encode()
        if len(line) < length:
            return line + b" " * (length - 1 - len(line)) + b"\n"
    return b" " * (length - 1) + b"\n"


def _drop_replies(path: Path, keys: Sequence[str], traces: Traces) -> int:
    """Delete cached replies, by address and by what they say, and overwrite where they stood."""
    if not path.is_file():
        return 0
    try:
        database = sqlite3.connect(path, timeout=30.0, isolation_level=None)
        try:
            database.execute("PRAGMA secure_delete=ON")
            database.execute("BEGIN IMMEDIATE")
            rows = database.execute("SELECT key, reply FROM replies")
            gone = {key for key, reply in rows if traces.in_record(_json(reply.encode()))}
            gone |= {bytes.fromhex(key) for key in keys if key}
            count = database.executemany("DELETE FROM replies WHERE key=?", [(key,) for key in gone]).rowcount
            database.execute("COMMIT")
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            database.close()
    except (sqlite3.Error, ValueError) as error:
        raise StorageError(f"cannot erase from {path}: {error}") from error
    return max(count, 0)


def _is_text(path: Path) -> bool:
    with storage(f"cannot read {path}"):
        if path.stat().st_size > LARGEST:
            raise StorageError(f"{path} is larger than a gigabyte and is not searched; erase from it by hand")
        with path.open("rb") as file:
            return b"\0" not in file.read(4096)


def _strike_out(path: Path, traces: Traces) -> bool:
    """Strike words out of a text file; the old bytes are overwritten before the new text takes their place."""
    with storage(f"cannot read {path}"):
        old = path.read_bytes()
    text = old.decode("utf-8", "surrogateescape")
    new = traces.strike_out(text)
    if new == text:
        return False
    with storage(f"cannot erase from {path}"), path.open("r+b") as file:
        file.write(b" " * len(old))
        file.flush()
    write_whole(path, new.encode("utf-8", "surrogateescape"))
    return True


def _runs(found: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(found[i : i + RUN]) for i in range(len(found) - RUN + 1))


def _spellings(text: str) -> set[str]:
    """How a text may stand in a file: as it is, inside JSON with and without escapes, inside HTML."""
    from html import escape

    return {
        text,
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        escape(text),
        escape(text, quote=False),
    }


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _strings(one)


def _json(line: bytes) -> Any:
    try:
        return from_json(line)
    except ValueError:
        try:
            return json.loads(line)
        except ValueError:
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
