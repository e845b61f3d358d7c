"""Tests of independence: against the formulas written out, against scipy, invariances, error rates, hostile numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from personarium.core.errors import InvalidInput
from personarium.stats.independence import (
    categories,
    chi_square,
    contingency_table,
    g_test,
    hsic,
    kci,
    rcit,
    variable,
    weighted_chi_square_tail,
)
from personarium.stats.kernel_factors import median_distance

FINITE = st.floats(-1e6, 1e6, allow_nan=False, width=32)


def written_out(x: list[float], y: list[float]) -> float:
    """HSIC by its n x n matrices."""

    def kernel(values: list[float]) -> np.ndarray:
        distances = np.abs(np.subtract.outer(values, values))
        return np.exp(-(distances**2) / (2 * pairwise_median(values) ** 2))

    centre = np.eye(len(x)) - 1 / len(x)
    return float(np.trace(kernel(x) @ centre @ kernel(y) @ centre)) / len(x) ** 2


def pairwise_median(values: list[float]) -> float:
    distances = np.abs(np.subtract.outer(values, values))[np.triu_indices(len(values), 1)]
    middle = float(np.median(distances))
    return middle if middle > 0 else float(distances[distances > 0].mean())


@given(st.lists(FINITE, min_size=2, max_size=40))
def test_the_median_distance_is_that_of_all_pairs(values: list[float]) -> None:
    assume(len(set(values)) > 1)
    assert median_distance(np.array(values)) == pytest.approx(pairwise_median(values), rel=1e-9)


@given(st.lists(st.sampled_from([1.0, 1.5, 2.0, 3.0]), min_size=2, max_size=40))
def test_the_median_distance_of_many_ties(values: list[float]) -> None:
    expected = pairwise_median(values) if len(set(values)) > 1 else 0.0
    assert median_distance(np.array(values)) == pytest.approx(expected)


@given(st.lists(st.tuples(FINITE, FINITE), min_size=3, max_size=30))
def test_thin_factors_give_the_hsic_of_the_full_matrices(pairs: list[tuple[float, float]]) -> None:
    x, y = [p[0] for p in pairs], [p[1] for p in pairs]
    assume(len(set(x)) > 1 and len(set(y)) > 1)
    assert hsic(x, y, 0).statistic == pytest.approx(written_out(x, y), abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=10, max_size=80))
def test_chi_square_and_g_agree_with_scipy(pairs: list[tuple[int, int]]) -> None:
    table = contingency_table([str(a) for a, _ in pairs], [str(b) for _, b in pairs])
    assume(min(table.shape) > 1)
    for correction in (False, True):
        expected = stats.chi2_contingency(table, correction=correction)
        found = chi_square(table, correction)
        assert (found.statistic, found.p, found.df) == pytest.approx(tuple(expected[:3]))
    expected = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert (g_test(table).statistic, g_test(table).p) == pytest.approx(tuple(expected[:2]), abs=1e-9)


def test_the_interval_of_v_covers_and_holds_the_value() -> None:
    found = chi_square([[30, 10], [20, 40]]).effect
    assert found.value == pytest.approx(0.4082, abs=5e-5)
    assert (found.lo, found.hi) == (pytest.approx(0.2123, abs=5e-4), pytest.approx(0.6042, abs=5e-4))
    none = chi_square([[25, 25], [25, 25]]).effect
    assert (none.value, none.lo) == (0.0, 0.0)


def test_cells_that_are_too_thin_for_the_chi_square_distribution_are_counted() -> None:
    assert chi_square([[30, 10], [20, 40]]).sparse_cells == 0
    assert chi_square([[3, 1], [2, 4]]).sparse_cells == 4


@pytest.mark.parametrize("test", [hsic, kci, rcit])
def test_renaming_categories_changes_nothing(test) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=60)
    labels = [("red", "green", "blue")[k] for k in rng.integers(0, 3, 60)]
    renamed = [{"red": "zebra", "green": "ant", "blue": "mole"}[name] for name in labels]
    assert test(x, labels) == test(x, renamed)
    codes = [{"red": 7, "green": 0, "blue": 3}[name] for name in labels]
    assert test(x, categories(codes)) == test(x, labels)
    assert test(x, codes).statistic != pytest.approx(test(x, labels).statistic)  # numbers have an order


@pytest.mark.parametrize("test", [hsic, kci, rcit])
def test_units_of_measurement_change_nothing(test) -> None:
    rng = np.random.default_rng(6)
    x, y = rng.normal(170, 8, 80), rng.normal(size=80)
    assert test(x, y).p == pytest.approx(test(x / 2.54, y).p)


@pytest.mark.parametrize("test", [hsic, kci, rcit])
def test_one_level_or_one_row_is_not_testable(test) -> None:
    for x, y in (([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]), (["a", "b", "c"], ["z", "z", "z"]), ([1.0], [2.0])):
        found = test(x, y)
        assert (found.p, found.effect.value) == (None, None)
        assert found.why
    assert "fewer than two levels" in chi_square([[5, 5], [0, 0]]).why


@pytest.mark.parametrize(("test", "n"), [(kci, 150), (kci, 300), (rcit, 150), (rcit, 300)])
def test_kci_and_rcit_keep_their_error_rate(test, n: int) -> None:
    """Independent data, 400 repetitions: numbers against numbers, and scores against categories."""
    rng = np.random.default_rng(n)
    plain = [test(rng.normal(size=n), rng.exponential(size=n)).p for _ in range(400)]
    scores = [test(rng.integers(1, 4, n), [str(k) for k in rng.integers(0, 4, n)]).p for _ in range(400)]
    assert 0.02 <= np.mean(np.array(plain) <= 0.05) <= 0.085
    assert 0.02 <= np.mean(np.array(scores) <= 0.05) <= 0.085


def bowl() -> tuple[np.ndarray, np.ndarray]:
    """x and x^2 with a little noise: dependent, and hardly correlated."""
    rng = np.random.default_rng(8)
    x = rng.uniform(-1, 1, 200)
    return x, x**2 + rng.normal(0, 0.1, 200)


def test_kci_sees_what_a_correlation_does_not() -> None:
    x, y = bowl()
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.25
    assert kci(x, y).p < 1e-9


def test_rcit_sees_it_with_most_draws_of_its_few_features_and_with_more_features_always() -> None:
    x, y = bowl()
    assert 0.9 <= np.mean([rcit(x, y, seed=seed).p < 0.05 for seed in range(200)]) < 1
    assert max(rcit(x, y, features=25, seed=seed).p for seed in range(25)) < 0.05


def test_the_effect_of_a_copy_is_one_and_of_noise_near_zero() -> None:
    rng = np.random.default_rng(9)
    x, noise = rng.normal(size=500), rng.normal(size=500)
    assert hsic(x, x, 0).effect.value == pytest.approx(1)
    assert 0 < hsic(x, noise, 0).effect.value < 0.05
    assert hsic(x, noise, 0).effect.n == 500


def test_a_permutation_p_is_never_below_its_least_value_and_repeats_under_its_seed() -> None:
    x = np.arange(50.0)
    assert hsic(x, x, 99).p == pytest.approx(0.01)
    rng = np.random.default_rng(1)
    y = rng.normal(size=50)
    assert hsic(x, y, 199, seed=4).p == hsic(x, y, 199, seed=4).p


def test_permuted_values_that_only_rounding_tells_from_the_observed_one_count() -> None:
    """The one "c" may fall on any row; by symmetry four of five rows give the observed value, one gives less."""
    assert hsic(["c", "a", "a", "a", "a"], [2, 2, 1, 0, 0], 999).p == pytest.approx(0.8, abs=0.05)
    assert hsic(["a", "a", "b", "b"] * 5, [0, 1, 0, 1] * 5, 99).p == 1.0


def test_the_tail_of_a_weighted_chi_square() -> None:
    assert weighted_chi_square_tail(7.0, np.eye(5)) == pytest.approx(stats.chi2.sf(7, 5))
    weights = np.array([4.0, 2.0, 1.0, 0.5])
    drawn = np.random.default_rng(2).chisquare(1, (400_000, 4)) @ weights
    for limit in (15.0, 25.0, 40.0):  # the tail, which matters; in the middle three moments are 0.02 off
        assert weighted_chi_square_tail(limit, np.diag(weights)) == pytest.approx((drawn > limit).mean(), abs=0.006)


def test_very_large_small_and_scattered_numbers() -> None:
    scattered = 2.0 ** np.arange(600)
    for x in (scattered, np.arange(600.0) * 1e140, np.arange(600.0) * 1e-140):
        for test in (lambda a, b: hsic(a, b, 19), kci, rcit):
            assert 0 <= test(x, np.arange(600.0)[::-1]).p <= 1


def test_gaps_and_unequal_lengths_are_refused() -> None:
    with pytest.raises(InvalidInput, match="without gaps"):
        variable([1.0, None, 2.0])
    with pytest.raises(InvalidInput, match="equal length"):
        hsic([1, 2, 3], [1, 2])
    with pytest.raises(InvalidInput, match="whole counts"):
        chi_square([[1.5, 2], [3, 4]])
