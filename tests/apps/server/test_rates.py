"""Token buckets: as many at once as a minute allows, then evenly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from personarium.apps.server.rates import Buckets


def test_a_minutes_worth_at_once_then_one_by_one() -> None:
    buckets = Buckets(60)
    assert [buckets.take("ana", 0.0) for _ in range(60)] == [0.0] * 60
    assert buckets.take("ana", 0.0) == 1.0
    assert buckets.take("ana", 0.5) == 0.5
    assert buckets.take("ana", 1.0) == 0.0
    assert buckets.take("bo", 1.0) == 0.0


def test_without_a_limit_everything_is_granted() -> None:
    buckets = Buckets(None)
    assert not any(buckets.take("ana", 0.0) for _ in range(10_000))


@given(st.floats(1, 600), st.lists(st.floats(0, 5), max_size=200))
def test_never_more_than_a_minutes_worth_and_what_was_refilled(rate: float, waits: list[float]) -> None:
    buckets, now, granted = Buckets(rate), 0.0, 0
    for wait in waits:
        now += wait
        granted += buckets.take("ana", now) == 0.0
    assert granted <= rate + now * rate / 60 + 1e-6
