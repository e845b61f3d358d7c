"""Intervals: t, Wilson and the bootstrap, against closed forms, the pages' figures and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from personarium.core.errors import InvalidInput
from personarium.stats import bootstrap, bootstrap_limits, bootstrap_mean, mean_interval, nested_bootstrap, wilson

VALUES = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=2, max_size=30)


def test_mean_interval_is_the_t_interval_and_counts_what_is_missing() -> None:
    found = mean_interval([1, 2, None, 3, 4, float("nan")], "persona")
    lo, hi = stats.t.interval(0.95, 3, 2.5, stats.sem([1, 2, 3, 4]))
    assert (found.value, found.lo, found.hi) == pytest.approx((2.5, lo, hi))
    assert (found.n, found.unit, found.failures) == (4, "persona", {"missing": 2})


def test_nothing_and_one_value_have_no_interval() -> None:
    assert mean_interval([None], "run").value is None
    one = mean_interval([3.0], "run")
    assert (one.value, one.lo, one.hi, one.n) == (3.0, None, None, 1)
    assert wilson(0, 0, "item").value is None


@pytest.mark.parametrize(
    ("k", "n", "lo", "hi"),
    [
        (12, 99, 0.070716, 0.200007),  # methods/bias-runs-deep.md, Works when 1
        (133, 149, 0.8327, 0.9328),  # methods/personalized-judge.md
        (158, 589, 0.2341, 0.3054),  # methods/personamem.md
    ],
)
def test_wilson_gives_the_intervals_of_the_pages(k: int, n: int, lo: float, hi: float) -> None:
    found = wilson(k, n, "item")
    assert (found.lo, found.hi) == pytest.approx((lo, hi), abs=5.1e-5)


def test_wilson_ends_at_the_ends() -> None:
    assert wilson(0, 10, "item").lo == 0.0
    assert wilson(10, 10, "item").hi == 1.0
    with pytest.raises(InvalidInput):
        wilson(11, 10, "item")


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_bootstrap_mean_agrees_with_scipy(method: str) -> None:
    values = np.random.default_rng(1).exponential(size=40)
    ours = bootstrap_mean(values, "item", method=method, draws=20_000)  # type: ignore[arg-type]
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method=method, rng=np.random.default_rng(2)
    ).confidence_interval
    assert (ours.lo, ours.hi) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_groups_are_resampled_whole() -> None:
    rng = np.random.default_rng(4)
    level = np.repeat(rng.normal(size=20), 50)
    values, groups = level + rng.normal(size=1_000) * 0.1, np.repeat(np.arange(20), 50)
    alone, grouped = bootstrap_mean(values, "answer"), bootstrap_mean(values, "person", groups=groups)
    assert grouped.n == 20 and alone.n == 1_000
    assert grouped.value == pytest.approx(alone.value)
    width = [(e.hi or 0) - (e.lo or 0) for e in (grouped, alone)]
    assert width[0] > 5 * width[1]


def test_the_general_bootstrap_gives_the_same_as_the_vectorised_one_in_kind() -> None:
    values = np.random.default_rng(3).normal(size=30)
    fast = bootstrap_mean(values, "item")
    slow = bootstrap(values, lambda x: float(x.mean()), "item", draws=4_000, name="mean")
    assert (slow.lo, slow.hi) == pytest.approx((fast.lo, fast.hi), abs=0.03)
    assert "mean" in slow.method


def test_draws_on_which_a_statistic_is_not_defined_are_named() -> None:
    data = np.array([0.0, 0.0, 1.0])
    found = bootstrap(data, lambda x: None if np.ptp(x) == 0 else float(x.std()), "item", draws=200)
    assert "of them defined" in found.method


def test_bca_without_a_draw_on_one_side_is_not_defined() -> None:
    drawn = np.array([1.0, 2.0, 3.0])
    assert bootstrap_limits(0.0, drawn, 0.95, "bca", drawn) == (None, None)
    assert bootstrap_limits(0.0, drawn, 0.95, "percentile", drawn) == pytest.approx((1.05, 2.95))


@settings(max_examples=25, deadline=None)
@given(VALUES, st.integers(0, 2**31))
def test_a_bootstrap_interval_repeats_with_its_seed_and_lies_within_the_data(values: list[float], seed: int) -> None:
    first = bootstrap_mean(values, "item", draws=200, seed=seed)
    assert first == bootstrap_mean(values, "item", draws=200, seed=seed)
    assert first.lo is not None and first.hi is not None
    assert min(values) - 1e-9 <= first.lo <= first.hi <= max(values) + 1e-9


def test_percentile_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    hits = 0
    for sample in rng.normal(2, 1, (300, 60)):
        found = bootstrap_mean(sample, "item", draws=400, seed=rng)
        hits += (found.lo or 0) <= 2 <= (found.hi or 0)
    assert 0.90 <= hits / 300 <= 0.98


def test_nested_bootstrap_without_inner_spread_is_the_plain_bootstrap_of_means() -> None:
    means = np.random.default_rng(8).normal(size=25)
    nested, _ = nested_bootstrap([[[m, m, m] for m in means]], "task", draws=20_000)
    plain = bootstrap_mean(means, "task", draws=20_000)
    assert nested.value == pytest.approx(plain.value)
    assert (nested.lo, nested.hi) == pytest.approx((plain.lo, plain.hi), abs=0.02)


def test_nested_bootstrap_of_successes_is_that_of_numbers() -> None:
    """The short cut for 0/1 outcomes, against the same outcomes moved off 0/1, which are drawn one by one."""
    rng = np.random.default_rng(14)
    arms = [[(rng.random(size) < 0.6).astype(float) for size in (4, 8, 8, 2, 8) * 6] for _ in range(2)]
    fast, _ = nested_bootstrap(arms, "task", draws=8_000)
    moved, _ = nested_bootstrap([[cluster + 1 for cluster in arm] for arm in arms], "task", draws=8_000)
    assert fast.value == pytest.approx(moved.value)
    assert (fast.lo, fast.hi) == pytest.approx((moved.lo, moved.hi), abs=0.015)


def test_nested_bootstrap_refuses_empty_clusters_and_unequal_arms() -> None:
    with pytest.raises(InvalidInput, match="cluster 1"):
        nested_bootstrap([[[1.0], []]], "task")
    with pytest.raises(InvalidInput, match="same clusters"):
        nested_bootstrap([[[1.0]], [[1.0], [2.0]]], "task")


def test_infinite_and_nested_values_are_refused() -> None:
    with pytest.raises(InvalidInput, match="finite"):
        mean_interval([1.0, float("inf")], "run")
    with pytest.raises(InvalidInput, match="one-dimensional"):
        mean_interval(np.ones((2, 2)), "run")
