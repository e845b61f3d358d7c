"""Distances of distributions, planning and pass@k: closed forms, scipy and invariants."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

import personarium.stats
from personarium.core.errors import InvalidInput
from personarium.stats import (
    binned_js_distance,
    items_needed,
    jensen_shannon_distance,
    jensen_shannon_divergence,
    ks_statistic,
    min_detectable_effect,
    pass_at_k,
    pass_k_table,
    pass_pow_k,
    power_paired_t,
    power_two_sample_t,
    runs_needed,
    sample_distance,
    shares_of,
    total_variation,
    wasserstein_1,
)

SHARES = st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda x: sum(x) > 1e-6)
SAMPLE = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=15)


def test_disjoint_distributions_are_as_far_apart_as_can_be() -> None:
    assert jensen_shannon_divergence([1, 0], [0, 1]) == pytest.approx(math.log(2))
    assert jensen_shannon_divergence([1, 0], [0, 1], base=2) == pytest.approx(1)
    assert jensen_shannon_distance({"a": 3}, {"b": 5}) == pytest.approx(0.8326, abs=5e-5)
    assert total_variation({"a": 3}, {"b": 5}) == 1


def test_shares_count_values_and_leave_none_out() -> None:
    assert shares_of(["a", "b", "a", None]) == {"a": pytest.approx(2 / 3), "b": pytest.approx(1 / 3)}


def test_survey_distances_of_deeppersona() -> None:
    """methods/deeppersona.md, Works when 6: uniform subjects against shares 0.1 / 0.2 / 0.3 / 0.4."""
    rng = np.random.default_rng(4)
    human = rng.choice([1, 2, 3, 4], 20_000, p=[0.1, 0.2, 0.3, 0.4]).astype(float)
    same = rng.choice([1, 2, 3, 4], 20_000, p=[0.1, 0.2, 0.3, 0.4]).astype(float)
    uniform = rng.choice([1, 2, 3, 4], 20_000).astype(float)
    assert ks_statistic(same, human) < 0.03
    assert wasserstein_1(same, human) < 0.05
    assert binned_js_distance(same, human) < 0.05
    assert ks_statistic(uniform, human) == pytest.approx(0.20, abs=0.02)
    assert wasserstein_1(uniform, human) == pytest.approx(0.50, abs=0.04)
    assert binned_js_distance(uniform, human) == pytest.approx(0.167, abs=0.02)
    assert binned_js_distance([3, 3], [3]) == 0


def test_sample_distance_has_an_interval_and_counts_what_is_missing() -> None:
    found = sample_distance([1.0, 2, 3, None], [2.0, 3, 4, 5], "answer", "wasserstein", draws=200)
    assert (found.value, found.n, found.failures) == (pytest.approx(1.5), 7, {"missing": 1})
    assert found.lo is not None and found.hi is not None and found.lo <= found.hi
    assert sample_distance([None], [1.0], "answer").value is None
    with pytest.raises(InvalidInput):
        ks_statistic([], [1.0])


@settings(max_examples=60, deadline=None)
@given(SHARES, SHARES)
def test_distribution_distances_are_symmetric_bounded_and_agree_with_scipy(p: list[float], q: list[float]) -> None:
    distance = jensen_shannon_distance(p, q)
    assert distance == pytest.approx(jensen_shannon_distance(q, p), abs=1e-9)
    assert 0 <= distance <= math.sqrt(math.log(2)) + 1e-9
    assert distance == pytest.approx(float(np.nan_to_num(jensenshannon(p, q))), abs=1e-6)
    assert 0 <= total_variation(p, q) <= 1 + 1e-9
    assert jensen_shannon_divergence(p, q) <= math.log(2) * total_variation(p, q) + 1e-9
    assert jensen_shannon_distance(p, p) == 0


@settings(max_examples=60, deadline=None)
@given(SAMPLE, SAMPLE, st.integers(-5, 5))
def test_sample_distances_follow_their_definitions_and_move_with_a_shift(
    x: list[float], y: list[float], shift: int
) -> None:
    gaps = [abs(np.mean(np.array(x) <= at) - np.mean(np.array(y) <= at)) for at in x + y]
    assert ks_statistic(x, y) == pytest.approx(max(gaps))
    assert wasserstein_1(x, [v + shift for v in x]) == pytest.approx(abs(shift))
    assert wasserstein_1(x, y) == pytest.approx(wasserstein_1(y, x))
    assert wasserstein_1(x, y) >= abs(np.mean(x) - np.mean(y)) - 1e-9


def test_planned_power_is_the_power_that_simulation_finds() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(0.5, 1, (4_000, 30)), rng.normal(0, 1, (4_000, 30))
    assert np.mean(stats.ttest_ind(a, b, axis=1).pvalue < 0.05) == pytest.approx(
        power_two_sample_t(30, 0.5, 1), abs=0.025
    )
    assert np.mean(stats.ttest_1samp(a, 0, axis=1).pvalue < 0.05) == pytest.approx(
        power_paired_t(30, 0.5, 1), abs=0.025
    )


def test_items_needed_for_a_paired_effect() -> None:
    # half a standard deviation, power .8: the classic 34 pairs, and 64 a side for two groups
    assert items_needed(1, 0.5).runs == 34
    assert items_needed(1, 0.5, design="two_groups").runs == 64
    assert items_needed(1, 0.5, method="z").exact == pytest.approx(31.40, abs=0.005)


def test_detectable_effect_and_runs_needed_are_inverse() -> None:
    for method in ("z", "t"):
        delta = min_detectable_effect(1.5, 10, method=method)  # type: ignore[arg-type]
        assert runs_needed(1.5, delta * (1 + 1e-9), method=method).runs == 10  # type: ignore[arg-type]


@pytest.mark.parametrize("ratio", [1e-3, 0.1, 1, 30, 1e3, 1e6])
def test_power_is_a_probability_however_large_the_difference(ratio: float) -> None:
    for n in (2, 3, 10, 1_000):
        power = power_two_sample_t(n, ratio, 1)
        assert 0.05 - 1e-9 <= power <= 1
    assert runs_needed(1, 1e6, method="t").runs == 2


def test_a_plan_that_cannot_be_run_is_refused() -> None:
    with pytest.raises(InvalidInput, match="larger delta"):
        runs_needed(1.5, 1e-6)
    with pytest.raises(InvalidInput, match="power"):
        runs_needed(1.5, 1, power=1.0)
    with pytest.raises(InvalidInput):
        min_detectable_effect(1.5, 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 7), st.data())
def test_pass_k_is_the_share_of_all_draws_without_replacement(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    draws = list(combinations([1] * c + [0] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(np.mean([any(draw) for draw in draws]))
    assert pass_pow_k(n, c, k) == pytest.approx(np.mean([all(draw) for draw in draws]))


def test_pass_k_table_refuses_what_is_no_outcome_and_a_k_beyond_all_runs() -> None:
    with pytest.raises(InvalidInput, match="0 or 1"):
        pass_k_table([[0.5, 1]])
    with pytest.raises(InvalidInput, match="largest run count, 2"):
        pass_k_table([[0, 1], [1]], ks=(3,))
    table = pass_k_table([[0, 1, 1], [1, None]], task_ids=["x", "y"])
    assert table.at(2).left_out == ("y",)
    assert (table.missing, table.at(3).pass_at.n) == (1, 1)


def test_public_names_are_sorted_and_every_one_opens() -> None:
    names = personarium.stats.__all__
    assert names == sorted(names)
    assert all(callable(getattr(personarium.stats, name)) for name in names)
    with pytest.raises(AttributeError):
        _ = personarium.stats.no_such_name  # type: ignore[attr-defined]
