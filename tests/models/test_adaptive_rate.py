"""The rate limit that finds the endpoint's own: waiting for tokens, asking again, giving up."""

from __future__ import annotations

import pytest

from personarium.core.errors import RemoteError, UsageError
from personarium.models import ScriptedModel
from personarium.models.adaptive_rate import AdaptiveLimited, AdaptiveRate


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


def refusal(status: int = 429, retry_after_s: float | None = None) -> RemoteError:
    return RemoteError("too many requests", "rate_limit", status, retry_after_s)


def limited(model: ScriptedModel, clock: Clock, capacity: int = 6, tries: int = 4) -> AdaptiveLimited:
    return AdaptiveLimited(model, AdaptiveRate(capacity, clock=clock), tries, clock=clock, sleep=clock.sleep)


async def test_the_first_minute_has_its_capacity_and_then_a_request_comes_every_tenth_second() -> None:
    clock = Clock()
    model = limited(ScriptedModel(["yes"] * 9), clock)
    for _ in range(9):
        await model.generate([{"role": "user", "content": "hi"}])
    assert clock.slept == [10.0, 10.0, 10.0]


async def test_after_a_refusal_it_waits_as_told_and_a_growing_moment_more() -> None:
    clock = Clock()
    model = limited(ScriptedModel([refusal(retry_after_s=5.0), refusal(503), refusal(), "yes"]), clock, capacity=100)
    assert (await model.generate([{"role": "user", "content": "hi"}])).text == "yes"
    assert clock.slept == pytest.approx([5.8, 0.8 * 1.8, 0.8 * 1.8**2])
    assert model.rate.capacity == 34  # 100, 70, 49, 34


async def test_the_last_try_raises_and_other_errors_pass_at_once() -> None:
    clock = Clock()
    script = ScriptedModel([refusal()] * 4)
    with pytest.raises(RemoteError):
        await limited(script, clock).generate([{"role": "user", "content": "hi"}])
    assert len(script.calls) == 4
    broken = ScriptedModel([RemoteError("broken", "server", 500)])
    with pytest.raises(RemoteError, match="broken"):
        await limited(broken, clock).generate([{"role": "user", "content": "hi"}])


async def test_the_latency_is_smoothed_from_one_second() -> None:
    clock = Clock()
    rate = AdaptiveRate(60, clock=clock)
    rate.succeeded(6.0)
    assert rate.latency_s == pytest.approx(2.0)
    assert rate.concurrency() == 3
    rate.succeeded(1e6)
    assert rate.concurrency() == 39  # held within 30 s


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="capacity"):
        AdaptiveRate(0)
    with pytest.raises(UsageError, match="tries"):
        AdaptiveLimited(ScriptedModel(["yes"]), tries=0)
