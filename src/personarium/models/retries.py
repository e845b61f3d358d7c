"""Asking again when an endpoint failed in a way that may pass: backoff with jitter, Retry-After honoured."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.errors import RemoteError, UsageError
from personarium.models.wrapper import DEFAULT, Wrapper, stream_reply


class Retrying(Wrapper):
    """Repeats a call that failed with a retryable error; the other errors pass at once.

    The waiting time doubles from ``base_s`` up to ``max_s`` and is drawn from its upper half, so that calls that failed
    together do not come back together. An endpoint's own Retry-After is waited for in full.

    Args:
        inner: The model that answers.
        tries: Calls in all, at least 1.
        base_s: First waiting time, seconds.
        max_s: Longest waiting time of the backoff.
        patience_s: A longer Retry-After is not waited for; the call fails and says so.
        seed: Of the jitter.
        sleep: How to wait.

    Attributes:
        retries: How many calls were repeated, by the kind of the error.
    """

    def __init__(
        self,
        inner: ChatModel,
        tries: int = 6,
        base_s: float = 0.5,
        max_s: float = 30.0,
        patience_s: float = 300.0,
        seed: int = 0,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__(inner)
        if tries < 1:
            raise UsageError(f"tries: expected at least 1, found {tries}")
        self.tries, self.base_s, self.max_s, self.patience_s = tries, base_s, max_s, patience_s
        self.retries: Counter[str] = Counter()
        self._jitter = random.Random(seed)
        self._sleep = sleep

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The inner model's first reply.

        Raises:
            RemoteError: The last one, when no try gave a reply.
        """
        for done in range(1, self.tries + 1):
            try:
                return await self.inner.generate(messages, sampling)
            except RemoteError as error:
                await self._wait_or_raise(error, done)
        raise AssertionError("unreachable: the last try returns or raises")

    async def stream(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> AsyncIterator[str | Reply]:
        """The inner model's stream; repeated only while nothing of it has been passed on."""
        begun = False
        for done in range(1, self.tries + 1):
            try:
                async for piece in stream_reply(self.inner, messages, sampling):
                    begun = True
                    yield piece
                return
            except RemoteError as error:
                if begun:
                    raise
                await self._wait_or_raise(error, done)

    async def _wait_or_raise(self, error: RemoteError, done: int) -> None:
        asked = error.retry_after_s or 0.0
        if not error.retryable or self.tries == 1:
            raise error
        if done == self.tries or asked > self.patience_s:
            why = f"after {done} tries" if done == self.tries else f"asked to wait {asked:.0f} s, which is too long"
            raise RemoteError(f"{error} ({why})", error.kind, error.status, error.retry_after_s) from error
        self.retries[error.kind] += 1
        backoff = min(self.max_s, self.base_s * 2.0 ** (done - 1))
        await self._sleep(max(asked, backoff * self._jitter.uniform(0.5, 1.0)))
