"""The response cache: every reply content-addressed in one SQLite file, so no question is paid for twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json  # several times as fast as json, on the hottest path of a run

from personarium.core.chat import ChatModel, Message, Reply, Sampling, TokenLogprob, Usage
from personarium.core.errors import StorageError
from personarium.models.wrapper import DEFAULT, Wrapper, stream_reply

APPLICATION_ID = 0x50525343  # "PRSC" in the file's header: how we know our own
VERSION = 1
BUSY_S = 30.0  # how long to wait while another process writes
CHECKPOINT_PAGES = 4000  # write-ahead log of 16 MB: fewer stops for a checkpoint, little to read back
# A commit costs about as much as twenty replies, so replies that trickle in wait up to 3 ms for company; those of a
# model that answers at once come in hundreds and wait for nothing.
COMMIT_GAP_S = 0.003
COMMIT_SIZE = 32
KEEP_SAMPLINGS = 256
# One mark for the first 24 bits of every stored key: with a million replies, 6 % of the new questions are looked up in vain.
MARK_BYTES = 3
MARK_BITS = 8 * MARK_BYTES


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot stand in a cache key")


_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain).encode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode
# Thousands of calls have equal samplings, often as objects of their own; those with mappings inside cannot be hashed.
_samplings: dict[tuple[Any, ...], str] = {}


def _sampling_json(sampling: Sampling) -> str:
    s = sampling
    if s.schema is not None or s.tools or s.extra:
        return _canonical(s.as_dict())
    # The type of the temperature counts: 1 and 1.0 are equal, and are written differently.
    values = (s.temperature, s.top_p, s.max_tokens, s.stop, s.seed, s.top_logprobs, s.sample, s.repeat, s.attempt)
    key = (*values, type(s.temperature), type(s.top_p))
    known = _samplings.get(key)
    if known is None:
        if len(_samplings) >= KEEP_SAMPLINGS:
            _samplings.clear()
        known = _samplings[key] = _canonical(s.as_dict())
    return known


def cache_key(name: str, messages: Sequence[Message], sampling: Sampling) -> bytes:
    """The address of a reply: BLAKE2b-128 of the canonical JSON of ``[model name, messages, sampling]``.

    The sampling carries schema, tools, sample, repeat and attempt, so ten repeats are ten samples and a re-ask is a
    new question.
    """
    try:
        text = to_json(name) + b"," + _plain_messages(messages) + b"," + _sampling_json(sampling).encode()
        text = b"[" + text + b"]"
    except ValueError:  # half a surrogate pair, or a message with further fields
        text = f"[{_canonical(name)},{_canonical(messages)},{_sampling_json(sampling)}]".encode(
            "utf-8", "surrogatepass"
        )
    return blake2b(text, digest_size=16).digest()


Address = Callable[[str, Sequence[Message], Sampling], bytes]


def _plain_messages(messages: Sequence[Message]) -> bytes:
    """The canonical JSON of messages that hold role and content only, several times faster than the general way."""
    if any(len(message) != 2 for message in messages):
        raise ValueError("a message has further fields")
    return to_json([{"content": message["content"], "role": message["role"]} for message in messages])


class ResponseCache:
    """Replies on disk by key.

    Puts of one turn of the event loop (or of 3 ms, when they trickle in) are committed together; ``await put`` returns
    when its reply is with the operating system, so the death of the process loses nothing that returned. No reply is
    held in memory. Two processes may share a file; one object serves one event loop at a time.

    Args:
        path: The SQLite file; made if it does not exist.
        alone: Nobody else writes to the file while this is open, so that most questions that are not there are known
            without asking the database (two megabytes of marks).

    Raises:
        StorageError: The file cannot be opened or is not one of ours.
    """

    def __init__(self, path: str | Path, *, alone: bool = False) -> None:
        self.path = Path(path)
        self.flying: dict[bytes, asyncio.Future[Reply]] = {}
        self._committed = float("-inf")
        self._waiting: list[tuple[bytes, str, asyncio.Future[None]]] = []
        with self._storage():
            self._database = _open(self.path)
        self._cursor = self._database.cursor()
        self._marks: bytearray | None = None
        if alone:
            self._marks = bytearray(1 << (MARK_BITS - 3))
            with self._storage():
                for row in self._cursor.execute("SELECT key FROM replies"):
                    self._mark(row[0])

    def __repr__(self) -> str:
        return f"ResponseCache({str(self.path)!r})"

    def __len__(self) -> int:
        with self._storage():
            return int(self._database.execute("SELECT count(*) FROM replies").fetchone()[0])

    def get(self, key: bytes) -> Reply | None:
        """The stored reply, marked as cached and without requests or new cost; None when there is none."""
        if self._marks is not None:
            place = int.from_bytes(key[:MARK_BYTES], "big")
            if not self._marks[place >> 3] & (1 << (place & 7)):
                return None
        try:
            row = self._cursor.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
            return None if row is None else _decode(row[0])
        except (sqlite3.Error, ValueError, KeyError, IndexError, TypeError) as error:
            raise self._failed(error) from None

    def _mark(self, key: bytes) -> None:
        if self._marks is not None:
            place = int.from_bytes(key[:MARK_BYTES], "big")
            self._marks[place >> 3] |= 1 << (place & 7)

    async def put(self, key: bytes, reply: Reply) -> None:
        """Store a reply; returns when it is committed.

        Raises:
            StorageError: The disk refused it; what was stored before is intact.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        if not self._waiting or self._waiting[0][2].get_loop() is not loop:
            loop.call_soon(self._commit_soon, loop)
        self._waiting.append((key, _record(reply), done))
        self._mark(key)
        await done

    def _commit_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        wait = self._committed + COMMIT_GAP_S - time.monotonic()
        if wait <= 0 or len(self._waiting) >= COMMIT_SIZE:
            self._commit()
        else:
            loop.call_later(wait, self._commit)

    def _commit(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        rows = [(key, _storable(text)) for key, text, _ in batch]
        error: StorageError | None = None
        try:
            self._cursor.execute("BEGIN IMMEDIATE")
            self._cursor.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?)", rows)
            self._cursor.execute("COMMIT")
        except sqlite3.Error as failure:
            with contextlib.suppress(sqlite3.Error):
                self._database.rollback()
            error = self._failed(failure)
        self._committed = time.monotonic()
        for _, _, done in batch:
            if not done.done() and not done.get_loop().is_closed():
                done.set_result(None) if error is None else done.set_exception(error)

    def close(self) -> None:
        """Commit what waits and close the file."""
        if self._waiting:
            self._commit()
        self._database.close()

    def __enter__(self) -> ResponseCache:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _storage(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> StorageError:
        return StorageError(f"response cache {self.path}: {_why(error)}; what was stored before is not touched")


def _why(error: Exception) -> str:
    text = str(error)
    if isinstance(error, OSError):
        return f"cannot be opened ({error.strerror or text})"
    if not isinstance(error, sqlite3.Error):
        return "holds a reply that cannot be read; give another file or delete this one"
    known = {
        "disk is full": "the disk is full; make room and repeat the command",
        "disk I/O": "the disk refused a read or write (full, over a quota or failing)",
        "readonly": "the file or its folder may not be written; give a place that may",
        "unable to open": "cannot be opened; its folder must exist and be writable",
        "locked": f"another process has held it for more than {BUSY_S:g} s",
        "malformed": "is damaged; give another file or delete this one",
        "not a database": "is no response cache (not an SQLite file); give another file",
    }
    return next((said for part, said in known.items() if part in text), text)


def _open(path: Path) -> sqlite3.Connection:
    if path.exists() and (path.is_dir() or not path.is_file()):
        raise sqlite3.DatabaseError("is no regular file; give the path of a file")
    # Autocommit mode: transactions are ours to begin and end.
    database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _identify(database)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        if not os.access(path, os.W_OK):
            raise sqlite3.OperationalError("readonly")
    except BaseException:
        database.close()
        raise
    return database


def _identify(database: sqlite3.Connection) -> None:
    """Refuse what is not ours before the first write; make the table when the file is new."""
    if _is_ours(database):
        return
    database.execute("BEGIN IMMEDIATE")
    if not _is_ours(database):  # another process may have made it while we waited
        database.execute("CREATE TABLE replies (key BLOB PRIMARY KEY, reply TEXT NOT NULL)")
        database.execute(f"PRAGMA application_id={APPLICATION_ID}")
        database.execute(f"PRAGMA user_version={VERSION}")
    database.execute("COMMIT")


def _is_ours(database: sqlite3.Connection) -> bool:
    mark = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if mark == APPLICATION_ID and version == VERSION:
        return True
    if mark == APPLICATION_ID:
        raise sqlite3.DatabaseError(f"was written by another version ({version}, this is {VERSION}); give another file")
    if tables or mark or version:
        raise sqlite3.DatabaseError("is an SQLite file of another program; give another file")
    return False


# -- replies as text ---------------------------------------------------------------------------------------------------


def _record(reply: Reply) -> str:
    usage = reply.usage
    record: dict[str, Any] = {"t": reply.text}
    if reply.finish_reason != "stop":
        record["f"] = reply.finish_reason
    if usage.prompt_tokens or usage.completion_tokens:
        record["u"] = [usage.prompt_tokens, usage.completion_tokens]
    if reply.logprobs is not None:
        record["l"] = [[one.token, one.logprob, *one.top] for one in reply.logprobs]
    if reply.tool_calls:
        record["c"] = list(reply.tool_calls)
    if reply.model:
        record["m"] = reply.model
    try:
        return to_json(record).decode()
    except ValueError:
        return _encode(record)


def _storable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, as broken replies have; JSON escapes keep it exactly
        return json.dumps(json.loads(text), separators=(",", ":"))
    return text


def _decode(text: str) -> Reply:
    try:
        record = from_json(text)
    except ValueError:  # half surrogate pairs, which the quicker reader refuses
        record = json.loads(text)
    prompt, completion = record.get("u", (0, 0))
    logprobs = record.get("l")
    return Reply(
        record["t"],
        record.get("f", "stop"),
        Usage(prompt, completion, 0, 0.0),
        None if logprobs is None else tuple(_logprob(one) for one in logprobs),
        tuple(record.get("c", ())),
        record.get("m", ""),
        True,
    )


def _logprob(one: list[Any]) -> TokenLogprob:
    return TokenLogprob(one[0], one[1], tuple((token, value) for token, value in one[2:]))


# -- the wrapper -------------------------------------------------------------------------------------------------------


class Cached(Wrapper):
    """Reads a reply from the cache, or asks for it and stores it before it is given out.

    Identical questions that are in flight together are asked once. Errors are never stored.

    Args:
        inner: The model that answers.
        cache: Where replies live; several models may share it.
        address: Gives the address of a reply; for a caller that wants to know it too.

    Attributes:
        hits: Replies that were not asked for.
        misses: Replies that were.
    """

    def __init__(self, inner: ChatModel, cache: ResponseCache, address: Address = cache_key) -> None:
        super().__init__(inner)
        self.cache = cache
        self.hits = self.misses = 0
        self._address, self._inner_name = address, inner.name

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The stored reply, or the inner model's, which is on disk when this returns.

        Raises:
            StorageError: The cache cannot be read or written.
        """
        key = self._address(self._inner_name, messages, sampling)
        while True:
            found = self.cache.get(key)
            if found is not None:
                self.hits += 1
                return found
            leader = self.cache.flying.get(key)
            if leader is None or leader.get_loop() is not asyncio.get_running_loop():
                return await self._ask(key, messages, sampling)
            await asyncio.wait([leader])
            if not leader.cancelled():
                leader.result()  # its error is ours too; its reply is on disk by now

    async def _ask(self, key: bytes, messages: Sequence[Message], sampling: Sampling) -> Reply:
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.cache.flying[key] = future
        try:
            reply = await self.inner.generate(messages, sampling)
            await self.cache.put(key, reply)
        except Exception as error:
            future.set_exception(error)
            future.exception()  # looked at here, so that no followers means no "never retrieved" warning
            raise
        except BaseException:  # cancelled: whoever waits asks for itself
            future.cancel()
            raise
        else:
            future.set_result(reply)
            self.misses += 1
            return reply
        finally:
            del self.cache.flying[key]

    async def stream(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> AsyncIterator[str | Reply]:
        """The stored reply in one piece, or the inner model's stream, stored before its last item is given out."""
        key = self._address(self._inner_name, messages, sampling)
        found = self.cache.get(key)
        if found is not None:
            self.hits += 1
            if found.text:
                yield found.text
            yield found
            return
        async for piece in stream_reply(self.inner, messages, sampling):
            if isinstance(piece, Reply):
                await self.cache.put(key, piece)
                self.misses += 1
            yield piece
