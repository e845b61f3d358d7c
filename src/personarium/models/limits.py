"""How much is asked at once and how fast: concurrency, requests per minute, tokens per minute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from personarium.core.chat import ChatModel, Message, Reply, Sampling, Usage
from personarium.core.errors import RemoteError, UsageError
from personarium.core.tokens import CHARS_PER_TOKEN
from personarium.models.wrapper import DEFAULT, Wrapper, stream_reply

ASSUMED_REPLY_TOKENS = 256  # reserved for a reply without max_tokens
NEVER = float("-inf")
LONGEST_HOLD_S = 60.0  # a Retry-After holds all calls back, but never longer than this


class Limited(Wrapper):
    """At most ``concurrency`` calls in flight, evenly spaced under the rates; a 429 with Retry-After holds everyone.

    Args:
        inner: The model that answers.
        concurrency: Calls in flight, at least 1.
        requests_per_minute: None is without limit.
        tokens_per_minute: Prompt and reply together; estimated before a call, corrected by its usage after it.
        clock: Seconds, monotonic.
        sleep: How to wait.
    """

    def __init__(
        self,
        inner: ChatModel,
        concurrency: int = 100,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__(inner)
        if concurrency < 1:
            raise UsageError(f"concurrency: expected at least 1, found {concurrency}")
        for what, rate in (("requests_per_minute", requests_per_minute), ("tokens_per_minute", tokens_per_minute)):
            if rate is not None and rate <= 0:
                raise UsageError(f"{what}: expected more than 0, found {rate:g}; leave it out for no limit")
        self.concurrency = concurrency
        self._request_s = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._token_s = 60.0 / tokens_per_minute if tokens_per_minute else 0.0
        self._clock, self._sleep = clock, sleep
        self._next_request = self._next_tokens = self._held_until = NEVER
        self._slots: asyncio.Semaphore | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The inner model's reply, when it is this call's turn."""
        async with self._semaphore():
            free = not self._token_s and not self._request_s and self._held_until == NEVER
            reserved = 0.0 if free else await self._turn(messages, sampling)
            try:
                reply = await self.inner.generate(messages, sampling)
            except RemoteError as error:
                self._hold(error)
                raise
            if self._token_s:
                self._settle(reserved, reply.usage)
            return reply

    async def stream(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> AsyncIterator[str | Reply]:
        """The inner model's stream, when it is this call's turn."""
        async with self._semaphore():
            reserved = await self._turn(messages, sampling)
            try:
                async for piece in stream_reply(self.inner, messages, sampling):
                    if isinstance(piece, Reply):
                        self._settle(reserved, piece.usage)
                    yield piece
            except RemoteError as error:
                self._hold(error)
                raise

    def _semaphore(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if self._slots is None or self._loop is not loop:
            self._slots, self._loop = asyncio.Semaphore(self.concurrency), loop
        return self._slots

    async def _turn(self, messages: Sequence[Message], sampling: Sampling) -> float:
        """Wait for this call's place in the rates; returns the tokens reserved for it."""
        tokens = estimate_tokens(messages, sampling) if self._token_s else 0.0
        if self._request_s or self._token_s:
            now = self._clock()
            start = max(now, self._next_request, self._next_tokens)
            self._next_request = start + self._request_s
            self._next_tokens = max(now, self._next_tokens) + tokens * self._token_s
            if start > now:
                await self._sleep(start - now)
        while (wait := self._held_until - self._clock()) > 0:
            await self._sleep(wait)
        return tokens

    def _settle(self, reserved: float, usage: Usage) -> None:
        used = usage.prompt_tokens + usage.completion_tokens
        if self._token_s and used:
            self._next_tokens += (used - reserved) * self._token_s

    def _hold(self, error: RemoteError) -> None:
        if error.kind == "rate_limit" and error.retry_after_s:
            self._held_until = max(self._held_until, self._clock() + min(error.retry_after_s, LONGEST_HOLD_S))


def estimate_prompt_tokens(messages: Sequence[Message]) -> int:
    """Tokens of a prompt, by its characters (four a token, four more for each message).

    Only reservations use it; the endpoint's own count corrects them.
    """
    return sum(len(message["content"]) // CHARS_PER_TOKEN + 4 for message in messages)


def estimate_tokens(messages: Sequence[Message], sampling: Sampling) -> float:
    """Tokens that a call may use: the prompt's characters, and ``max_tokens`` or an assumed reply."""
    return estimate_prompt_tokens(messages) + float(sampling.max_tokens or ASSUMED_REPLY_TOKENS)
