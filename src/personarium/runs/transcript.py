"""The append-only record of every call: one JSON line each, with the operating system before the call returns."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json  # four times as fast as json, on the hottest path of a run

from personarium.core.chat import Message, Reply, Sampling, TokenLogprob, Usage
from personarium.core.errors import RemoteError, StorageError
from personarium.core.label import Label
from personarium.runs.disk import refused, storage
from personarium.runs.keys import without_keys

BLOCK = 1 << 20  # bytes read at a time


def as_line(record: Mapping[str, Any]) -> bytes:
    """One record as the line that is stored."""
    try:
        return to_json(record) + b"\n"
    except ValueError:  # half a surrogate pair, as broken replies have: JSON escapes keep it exactly; and rare types
        return json.dumps(record, separators=(",", ":"), default=_plain).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot stand in a record")


class Transcript:
    """An append-only file of JSON lines.

    A record is handed to the operating system in one write before :meth:`write` returns, so the death of the process
    loses none. A last line that is torn (the machine or the disk gave out) is cut off on opening.

    Args:
        path: The file; made if it does not exist.
        keys: Texts that must not be written (see :mod:`personarium.runs.keys`).

    Attributes:
        size: Bytes of whole records.
        torn: Whether a torn last line was cut off.
    """

    def __init__(self, path: Path, keys: Sequence[bytes] = ()) -> None:
        self.path = path
        self._keys = keys
        self._broken: StorageError | None = None
        with storage(f"cannot open {path}"):
            self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
            info = os.fstat(self._fd)
            self._regular = stat.S_ISREG(info.st_mode)
            self.size = _whole_lines(self._fd, info.st_size) if self._regular else 0
            self.torn = self._regular and self.size < info.st_size
            if self.torn:
                os.ftruncate(self._fd, self.size)

    def write(self, record: Mapping[str, Any]) -> None:
        """Append one record.

        Raises:
            StorageError: When the disk refuses it; the file is left without a part of it, and every later write
                raises the same error, so that a run stops at the first.
        """
        if self._broken is not None:
            raise self._broken
        line = without_keys(as_line(record), self._keys)
        try:
            self._write_all(line)
        except OSError as error:
            self._broken = refused(f"cannot write {self.path}", error)
            raise self._broken from error
        self.size += len(line)

    def _write_all(self, line: bytes) -> None:
        try:
            done = os.write(self._fd, line)
            while done < len(line):
                done += os.write(self._fd, line[done:])
        except OSError:
            if self._regular:
                os.ftruncate(self._fd, self.size)
            raise

    def close(self) -> None:
        """Hand everything to the disk and close; twice does no harm."""
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        with storage(f"cannot write {self.path}"):
            try:
                if self._regular:
                    os.fsync(fd)
            finally:
                os.close(fd)


def _whole_lines(fd: int, size: int) -> int:
    """The number of bytes up to and with the last line end."""
    end = size
    while end > 0:
        start = max(0, end - BLOCK)
        found = os.pread(fd, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def read_calls(path: Path, start: int = 0, unreadable: list[int] | None = None) -> Iterator[dict[str, Any]]:
    """The records of a transcript, one at a time; a torn last line is left out.

    Args:
        path: ``calls.jsonl``; a missing or special file has no records.
        start: Byte offset of a line start.
        unreadable: Gets the byte offset of every line that is not a record (damage in the middle of the file).
    """
    if not path.is_file():
        return
    with storage(f"cannot read {path}"), path.open("rb") as file:
        file.seek(start)
        offset = start
        for line in file:
            if line.endswith(b"\n"):
                record = _record_in(line)
                if record is not None:
                    yield record
                elif unreadable is not None:
                    unreadable.append(offset)
            offset += len(line)


def _record_in(line: bytes) -> dict[str, Any] | None:
    try:
        record = from_json(line)
    except ValueError:
        try:
            record = json.loads(line)  # reads the half surrogate pairs that the quicker reader refuses
        except ValueError:
            return None
    return record if isinstance(record, dict) and "key" in record else None


def call_record(
    key: str,
    label: Label,
    role: str,
    model: str,
    messages: Sequence[Message],
    sampling: Sampling,
    outcome: Reply | RemoteError,
    latency_ms: float,
    tries: int = 1,
) -> dict[str, Any]:
    """What is written of one call: the exact question, and the reply or the error."""
    record: dict[str, Any] = {
        "key": key,
        "step": label.step,
        "item": label.item,
        "role": role,
        "model": model,
        "sampling": sampling.as_dict(),
        "messages": messages,
    }
    if isinstance(outcome, Reply):
        _put_reply(record, outcome)
    else:
        record["error"] = {"kind": outcome.kind, "status": outcome.status, "message": str(outcome)}
    if tries != 1:
        record["tries"] = tries
    record["latency_ms"] = round(latency_ms, 2)
    record["at"] = round(time.time(), 3)
    return record


def _put_reply(record: dict[str, Any], reply: Reply) -> None:
    usage = reply.usage
    record["reply"] = reply.text
    record["finish_reason"] = reply.finish_reason
    record["usage"] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "requests": usage.requests,
        "cost_usd": usage.cost_usd,
    }
    if reply.model:
        record["answered_by"] = reply.model
    if reply.logprobs is not None:
        record["logprobs"] = [[t.token, t.logprob, t.top] for t in reply.logprobs]
    if reply.tool_calls:
        record["tool_calls"] = reply.tool_calls


def reply_in(record: Mapping[str, Any]) -> Reply | None:
    """The reply of a record; None if the call failed."""
    if "reply" not in record:
        return None
    logprobs = record.get("logprobs")
    return Reply(
        text=record["reply"],
        finish_reason=record["finish_reason"],
        usage=Usage(**record["usage"]),
        logprobs=None if logprobs is None else tuple(_token(*entry) for entry in logprobs),
        tool_calls=tuple(record.get("tool_calls", ())),
        model=record.get("answered_by", ""),
    )


def _token(token: str, logprob: float, top: Sequence[Sequence[Any]]) -> TokenLogprob:
    return TokenLogprob(token, logprob, tuple((text, value) for text, value in top))
