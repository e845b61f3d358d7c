"""Correlations, against the figures of methods/prometheus.md and methods/apc.md and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from personarium.core.errors import InvalidInput
from personarium.stats import kendall_tau_b, pearson, spearman

ALL = (pearson, spearman, kendall_tau_b)

# methods/apc.md, "Published figures": student / GPT-4 / human for seven methods on three characters
TABLE = {
    "Alice": ("0.7/0.3/1.8", "2.6/1.1/6.4", "2.6/1.4/6.8", "2.8/1.8/6.8", "2.7/1.4/6.8", "2.8/2.2/7.6", "2.9/2.2/7.6"),
    "Bob": ("1.1/0.4/1.8", "3.4/1.1/6.2", "4.5/2.2/7.2", "4.0/1.7/6.8", "3.8/1.8/6.8", "5.3/2.5/7.8", "5.2/3.8/8.2"),
    "Eve": ("0.7/-0.2/2.0", "3.6/0.7/4.6", "3.9/0.7/5.0", "4.8/2.4/5.8", "3.9/0.9/5.2", "5.1/3.3/6.6", "5.8/4.2/7.0"),
}


def scores(rows: tuple[str, ...]) -> np.ndarray:
    return np.array([[float(x) for x in row.split("/")] for row in rows])


def test_prometheus_2_agreement_of_judge_means_with_humans() -> None:
    means = [np.mean(samples) for samples in ([5, 5, 4], [3, 2, 3], [1, 1, 2], [4, 4, 4])]
    assert [f(means, [5, 3, 2, 4]).value for f in ALL] == pytest.approx([0.9898, 1, 1], abs=1e-4)
    assert [f(means, [5, 3, 3, 4]).value for f in ALL] == pytest.approx([0.9028, 0.9487, 0.9129], abs=1e-4)


def test_prometheus_8_length_bias() -> None:
    assert spearman([10, 20, 30, 40], [1, 2, 4, 3]).value == pytest.approx(0.8)
    constant = spearman([10, 20, 30, 40], [3, 3, 3, 3])
    assert constant.value is None and "not defined" in constant.method


def test_apc_6_correlations_of_the_published_table() -> None:
    pooled = np.concatenate([scores(rows) for rows in TABLE.values()])
    student, teacher, human = pooled.T
    assert [f(student, human).value for f in ALL] == pytest.approx([0.706, 0.497, 0.366], abs=5e-4)
    assert [f(teacher, human).value for f in ALL] == pytest.approx([0.750, 0.818, 0.708], abs=5e-4)
    within = {name: scores(rows).T for name, rows in TABLE.items()}
    assert [pearson(s, h).value for s, _, h in within.values()] == pytest.approx([0.991, 0.975, 0.994], abs=5e-4)
    assert [spearman(s, h).value for s, _, h in within.values()] == pytest.approx([0.886, 0.955, 0.991], abs=5e-4)
    # the page prints .892 for Alice; the table gives .89254, which is .893
    assert [pearson(g, h).value for _, g, h in within.values()] == pytest.approx([0.8925, 0.827, 0.885], abs=5e-4)
    assert [spearman(g, h).value for _, g, h in within.values()] == pytest.approx([0.972, 0.991, 0.991], abs=5e-4)


def test_incomplete_pairs_are_counted() -> None:
    found = pearson([1, 2, None, 4, 5], [2, 1, 3, None, 5], unit="item")
    assert (found.n, found.failures) == (3, {"missing": 2})
    assert found.value == pytest.approx(stats.pearsonr([1, 2, 5], [2, 1, 5]).statistic)
    with pytest.raises(InvalidInput, match="equal length"):
        pearson([1, 2], [1])


@pytest.mark.parametrize("correlation", ALL)
def test_nothing_to_correlate_is_not_defined(correlation: type) -> None:
    for x, y in (([], []), ([1], [2]), ([1, 1, 1], [1, 2, 3]), ([0.1 + 0.2, 0.3, 0.3], [1, 2, 3])):
        assert correlation(x, y).value is None
    assert correlation([1, 2], [1, 2]).lo is None  # two pairs have no interval


def test_fisher_interval_is_that_of_scipy_and_the_bootstrap_is_near_it() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=200)
    y = 0.6 * x + rng.normal(size=200)
    fisher, theirs = pearson(x, y), stats.pearsonr(x, y).confidence_interval()
    assert (fisher.lo, fisher.hi) == pytest.approx((theirs.low, theirs.high))
    for correlation in (pearson, spearman):
        drawn = correlation(x, y, interval="bootstrap", draws=800)
        plain = correlation(x, y)
        assert (drawn.lo, drawn.hi) == pytest.approx((plain.lo, plain.hi), abs=0.05)
    assert kendall_tau_b(x, y, interval="bootstrap", draws=100).lo is not None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=20))
def test_correlations_are_symmetric_and_agree_with_scipy(pairs: list[tuple[int, int]]) -> None:
    x, y = (list(column) for column in zip(*pairs))
    varies = len(set(x)) > 1 and len(set(y)) > 1
    theirs = (stats.pearsonr, stats.spearmanr, stats.kendalltau)
    for ours, other in zip(ALL, theirs):
        value = ours(x, y).value
        assert (value is not None) == varies
        if varies:
            assert value == pytest.approx(ours(y, x).value, abs=1e-12)
            assert value == pytest.approx(other(x, y).statistic, abs=1e-9)
            assert value == pytest.approx(-(ours(x, [-b for b in y]).value or 0), abs=1e-12)
