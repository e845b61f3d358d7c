"""Replies as server-sent events: every piece goes out as it comes, and a client that leaves stops the model."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from json.encoder import encode_basestring_ascii as quoted

from starlette.responses import Response

from personarium.apps.server.errors import ApiError, as_api_error
from personarium.apps.server.guards import Receive, Scope, Send
from personarium.apps.server.turns import Answered, Turn, logprobs_block, too_late, usage_block
from personarium.core.chat import Usage
from personarium.core.errors import PersonariumError

log = logging.getLogger("personarium.server")
DONE = b"data: [DONE]\n\n"
_HEADERS = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"))


class CompletionStream(Response):
    """A streamed completion.

    The status is sent with the first piece, so that a model that fails before it is an ordinary error; after it, a failure
    is an event with OpenAI's error object, and no ``[DONE]`` follows.

    Args:
        turn: What is asked.
        head: The fields of every event, as :func:`event_head` makes them.
        idle_s: Most seconds without a new piece.
        total_s: Most seconds for the whole reply.
    """

    media_type = "text/event-stream"

    def __init__(self, turn: Turn, head: bytes, idle_s: float, total_s: float) -> None:
        self.turn, self.head, self.idle_s, self.total_s = turn, head, idle_s, total_s
        self.background = None
        self.usage = Usage()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((writing, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            writing.cancel()  # nothing happens to one that is done
            await asyncio.wait((writing, leaving))
        if not writing.cancelled():
            writing.result()
            await self.turn.learn()

    async def _write(self, send: Send) -> None:
        wire = _Wire(send)
        try:
            await self._choices(wire)
        except PersonariumError as error:
            await wire.fail(as_api_error(error))
            return
        wants = self.turn.request.stream_options
        if wants is not None and wants.include_usage:
            usage = json.dumps(usage_block(self.usage)).encode()
            await wire.put(b'%s[],"usage":%s}\n\n' % (self.head, usage))
        await wire.end(DONE)

    async def _choices(self, wire: _Wire) -> None:
        count = self.turn.request.n or 1
        if count == 1:
            await self._choice(wire, 0)
            return
        tasks = [asyncio.create_task(self._choice(wire, index)) for index in range(count)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _choice(self, wire: _Wire, index: int) -> None:
        begin = b'%s[{"index":%d,"delta":' % (self.head, index)
        opening = begin + b'{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}\n\n'
        piece_begin, piece_end = begin + b'{"content":', b'},"logprobs":null,"finish_reason":null}]}\n\n'
        end = asyncio.get_running_loop().time() + self.total_s
        async with aclosing(self.turn.pieces(index)) as pieces:
            while (piece := await self._next(pieces, end)) is not None:
                if isinstance(piece, str):
                    await wire.put(opening + piece_begin + quoted(piece).encode() + piece_end)
                else:
                    self.usage = self.usage + piece.usage
                    await wire.put(opening + begin + _last(piece))
                opening = b""

    async def _next(self, pieces: AsyncIterator[str | Answered], end: float) -> str | Answered | None:
        """The next piece, None after the last; a pause that is too long, or too long a reply, is an error."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(loop.time() + self.idle_s, end)):
                return await anext(pieces, None)
        except TimeoutError:
            raise too_late() from None


class _Wire:
    """What goes out: the status with the first bytes."""

    def __init__(self, send: Send) -> None:
        self._send, self._begun = send, False

    async def put(self, data: bytes, more: bool = True) -> None:
        if not self._begun:
            self._begun = True
            await self._send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def end(self, data: bytes) -> None:
        await self.put(data, more=False)

    async def fail(self, error: ApiError) -> None:
        """An ordinary error where nothing has been sent; else an event, and the end."""
        if not self._begun:
            raise error
        if error.status >= 500:
            log.error(json.dumps({"error": error.code, "message": str(error), "streaming": True}))
        await self.end(b"data: " + error.json() + b"\n\n")


def event_head(id: str, created: int, model: str) -> bytes:
    """What every event of a stream begins with."""
    text = (
        f'{{"id":{quoted(id)},"object":"chat.completion.chunk","created":{created},"model":{quoted(model)},"choices":'
    )
    return b"data: " + text.encode()


def _last(answered: Answered) -> bytes:
    rest = {"logprobs": logprobs_block(answered.logprobs), "finish_reason": answered.finish_reason}
    return b"{}," + json.dumps(rest).encode()[1:] + b"]}\n\n"


async def _left(receive: Callable[[], Awaitable[object]]) -> None:
    """Until the client leaves."""
    while True:
        message = await receive()
        if isinstance(message, dict) and message["type"] == "http.disconnect":
            return
