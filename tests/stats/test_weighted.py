"""Weighted means and shares: equal to the plain estimates without weights, and wider where persons answer alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.stats import mean_interval, wilson
from personarium.stats.weighted import weighted_mean, weighted_share


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=30), st.floats(0.1, 9))
def test_equal_weights_give_the_t_interval(values: list[int], weight: float) -> None:
    plain = mean_interval(values, "person")
    for found in (weighted_mean(values), weighted_mean(values, [weight] * len(values))):
        assert (found.value, found.lo, found.hi) == pytest.approx((plain.value, plain.lo, plain.hi), abs=1e-9)
        assert found.n == len(values)


@given(st.integers(0, 40), st.integers(1, 40))
def test_equal_weights_give_the_wilson_interval(hits: int, n: int) -> None:
    hits = min(hits, n)
    found, plain = weighted_share([1.0] * hits + [0.0] * (n - hits)), wilson(hits, n, "person")
    assert (found.value, found.lo, found.hi, found.n) == pytest.approx((plain.value, plain.lo, plain.hi, n))


def test_a_heavy_person_pulls_the_mean() -> None:
    found = weighted_mean([1, 3], [3, 1])
    assert found.value == 1.5
    assert weighted_share([1, 0], [3, 1]).value == 0.75


def test_repeats_of_one_person_are_one_person() -> None:
    values, people = [1, 1, 1, 4, 4, 4], ["a", "a", "a", "b", "b", "b"]
    clustered, loose = weighted_mean(values, groups=people), weighted_mean(values)
    assert (clustered.value, clustered.n, loose.n) == (2.5, 2, 6)
    assert clustered.hi is not None and loose.hi is not None
    assert clustered.hi > loose.hi
    share = weighted_share([1, 1, 1, 0, 0, 0], groups=people)
    assert (share.lo, share.hi) == pytest.approx((wilson(1, 2, "person").lo, wilson(1, 2, "person").hi))


def test_missing_values_are_counted_and_left_out() -> None:
    found = weighted_mean([2, None, 4], [1, 5, 1])
    assert (found.value, found.n, found.failures) == (3.0, 2, {"missing": 1})
    assert weighted_share([None]).value is None


def test_a_single_person_has_no_interval() -> None:
    assert (weighted_mean([3]).value, weighted_mean([3]).lo) == (3.0, None)


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0], [1.0, -2.0], [1.0, None]])
def test_weights_are_one_above_0_for_each_value(weights: list[float | None]) -> None:
    with pytest.raises(InvalidInput, match="weights: expected 2 numbers above 0"):
        weighted_mean([1, 2], weights)
