"""A rate limit that finds the endpoint's own: one more request a minute after every twenty successes in a row, less after a refusal.

Source: hachimi page, step 9 and "Works when" 4 (token bucket over 60 s with additive increase and multiplicative decrease).
Differs: every try takes a token; the published client takes one for all four tries of a call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.errors import RemoteError, UsageError
from personarium.models.limits import LONGEST_HOLD_S
from personarium.models.wrapper import DEFAULT, Wrapper

WINDOW_S = 60.0
SUCCESSES = 20  # in a row, for one more request a minute
KEPT = 0.7  # of the capacity after a violation, and of the concurrency while one is recent
HEADROOM = 1.3  # of the concurrency over what rate and latency need
SMOOTHING, SHORTEST_S, LONGEST_S = 0.2, 0.2, 30.0  # of the latency
MOST_AT_ONCE = 1024
TOO_MUCH = (429, 503)
FIRST_EXTRA_S, EXTRA_GROWS = 0.8, 1.8  # what is waited beyond Retry-After


class AdaptiveRate:
    """A token bucket whose capacity grows with success and falls with violations.

    Args:
        capacity: Requests a minute to begin with, at least 1.
        most: The most it grows to.
        clock: Seconds, monotonic.

    Attributes:
        capacity: Requests a minute now.
        latency_s: Smoothed time of a successful request.
    """

    def __init__(self, capacity: int = 6, most: int = 180, *, clock: Callable[[], float] = time.monotonic) -> None:
        if not 1 <= capacity <= most:
            raise UsageError(f"capacity: expected a whole number from 1 to {most}, found {capacity}")
        self.capacity, self.most, self.latency_s = capacity, most, 1.0
        self._clock = clock
        self._tokens, self._filled = float(capacity), clock()
        self._streak = 0
        self._violated_at = float("-inf")

    def take(self) -> float:
        """Take the token of one request; returns the seconds to wait before it may be sent."""
        now = self._clock()
        per_second = self.capacity / WINDOW_S
        self._tokens = min(float(self.capacity), self._tokens + (now - self._filled) * per_second) - 1
        self._filled = now
        return max(0.0, -self._tokens / per_second)

    def succeeded(self, latency_s: float | None = None) -> None:
        """A request was answered.

        Args:
            latency_s: How long it took; None leaves the smoothed latency as it is.
        """
        self._streak += 1
        if self._streak % SUCCESSES == 0:
            self.capacity = min(self.most, self.capacity + 1)
        if latency_s is not None:
            self.latency_s = SMOOTHING * latency_s + (1 - SMOOTHING) * self.latency_s

    def violated(self) -> None:
        """The endpoint said that this was too much: 0.7 of the capacity, rounded down, and the streak begins anew."""
        self.capacity = max(1, int(self.capacity * KEPT))
        self._tokens = min(self._tokens, float(self.capacity))
        self._streak = 0
        self._violated_at = self._clock()

    def concurrency(self) -> int:
        """How many requests at once the rate needs at this latency."""
        latency = min(max(self.latency_s, SHORTEST_S), LONGEST_S)
        wanted = HEADROOM * self.capacity / WINDOW_S * latency
        if self._clock() - self._violated_at <= WINDOW_S:
            wanted *= KEPT
        return min(max(round(wanted), 1), MOST_AT_ONCE)


class AdaptiveLimited(Wrapper):
    """Asks as fast as the endpoint allows: waits for the rate's token, and asks again after "too many requests".

    Put it around the endpoint's own model, inside of what caches: a reply from disk needs no token.

    Args:
        inner: The model that answers.
        rate: The rate; a new one by default. One rate may serve several models of the same endpoint.
        tries: Requests for one call, at least 1.
        clock: Seconds, monotonic.
        sleep: How to wait.
    """

    def __init__(
        self,
        inner: ChatModel,
        rate: AdaptiveRate | None = None,
        tries: int = 4,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__(inner)
        if tries < 1:
            raise UsageError(f"tries: expected at least 1, found {tries}")
        self.rate = rate or AdaptiveRate(clock=clock)
        self.tries, self._clock, self._sleep = tries, clock, sleep

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The inner model's reply.

        Raises:
            RemoteError: Any other error at once; "too many requests" after the last try.
        """
        extra = FIRST_EXTRA_S
        for last in (*[False] * (self.tries - 1), True):
            if (wait := self.rate.take()) > 0:
                await self._sleep(wait)
            begun = self._clock()
            try:
                reply = await self.inner.generate(messages, sampling)
            except RemoteError as error:
                if error.status not in TOO_MUCH:
                    raise
                self.rate.violated()
                if last:
                    raise
                await self._sleep(min(error.retry_after_s or 0.0, LONGEST_HOLD_S) + extra)
                extra *= EXTRA_GROWS
            else:
                self.rate.succeeded(self._clock() - begun)
                return reply
        raise AssertionError("unreachable: the last try returns or raises")
