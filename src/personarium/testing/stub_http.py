"""The least HTTP/1.1 server that a stub endpoint needs: keep-alive, no parsing beyond length and path, full control of
what goes over the wire (a fault must be able to stop in the middle of a byte stream). Not for anything but tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

MAX_HEAD = 64 << 10
MAX_BODY = 64 << 20
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 411: "Length Required"}
REASONS |= {413: "Content Too Large", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``head`` holds the header lines as they came."""

    method: str
    path: str
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, or an empty text."""
        wanted = name.lower().encode() + b":"
        for line in self.head.split(b"\r\n")[1:]:
            if line[: len(wanted)].lower() == wanted:
                return line[len(wanted) :].strip().decode("latin-1")
        return ""


class Connection(asyncio.Protocol):
    """One client. The handler answers with ``send`` and ``finish`` (or ``drop``), at once or from a task.

    Args:
        handle: Called with each request; may return a coroutine, which is then run as a task.
    """

    def __init__(self, handle: Callable[[Request, Connection], Coroutine[Any, Any, None] | None]) -> None:
        self._handle = handle
        self._buffer = b""
        self._busy = False
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop working for a client that is gone."""
        self._transport = None
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Collect bytes until a request is whole."""
        self._buffer = self._buffer + data if self._buffer else data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                self._refuse(413)
            return
        head = self._buffer[:end]
        length = _length(head)
        if length is None or length > MAX_BODY:
            self._refuse(411 if length is None else 413)
            return
        whole = end + 4 + length
        if len(self._buffer) < whole:
            return
        body = self._buffer[end + 4 : whole]
        self._buffer = self._buffer[whole:]
        method, _, rest = head.split(b"\r\n", 1)[0].partition(b" ")
        path = rest.partition(b" ")[0].decode("latin-1")
        self._busy = True
        work = self._handle(Request(method.decode("latin-1"), path, head, body), self)
        if work is not None:
            self._task = asyncio.get_running_loop().create_task(work)

    def _refuse(self, status: int) -> None:
        self.send(response(status, b"{}"))
        if self._transport is not None:
            self._transport.close()

    @property
    def open(self) -> bool:
        """Whether the client is still there."""
        return self._transport is not None

    def send(self, data: bytes) -> None:
        """Write to the client, if it is still there."""
        if self._transport is not None:
            self._transport.write(data)

    def finish(self, data: bytes = b"") -> None:
        """Write the last of an answer and take the next request."""
        if data:
            self.send(data)
        self._busy, self._task = False, None
        if self._buffer:
            self._next()

    def drop(self) -> None:
        """Cut the connection after what has been written."""
        if self._transport is not None:
            self._transport.close()


def _length(head: bytes) -> int | None:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        return None if b"\r\ntransfer-encoding:" in lower else 0
    value = lower[at + 17 :].split(b"\r\n", 1)[0].strip()
    return int(value) if value.isdigit() else None


def response(status: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None) -> bytes:
    """A whole answer; ``length`` states another length than the body has (a truncated reply)."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [f"Content-Length: {len(body) if length is None else length}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def chunk(data: bytes) -> bytes:
    """One piece of a chunked answer; an empty one ends it."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


_STREAM_HEADERS = "Content-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked"
STREAM_HEAD = f"HTTP/1.1 200 OK\r\n{_STREAM_HEADERS}\r\n\r\n".encode()
