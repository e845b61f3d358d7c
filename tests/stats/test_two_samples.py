"""Distances of unpaired samples (deeppersona page, "Works when" 1 and 6): the page's figures, the house's own functions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.stats import (
    binned_js_distance,
    jensen_shannon_distance,
    ks_statistic,
    shares_of,
    total_variation,
    wasserstein_1,
)
from personarium.stats.two_samples import Sample, nominal_distances, numeric_distances

NAMES = ("ks", "wasserstein", "js_binned", "mean_difference")
ANSWERS = st.lists(st.integers(-5, 9), min_size=1, max_size=25)


def figures(x: object, y: object, **options: object) -> tuple[float | None, ...]:
    found = numeric_distances(x, y, draws=0, **options)  # type: ignore[arg-type]
    return tuple(found[name].value for name in NAMES)


def test_equal_sizes() -> None:
    assert figures([1, 1, 2, 2], [2, 2, 3, 3]) == pytest.approx((0.5, 1.0, 0.5887, 1.0), abs=5e-5)


def test_disjoint_samples_reach_the_maximum() -> None:
    assert figures([1, 1], [5, 6])[2] == pytest.approx(0.8326, abs=5e-5)


def test_unequal_sizes_are_taken_whole() -> None:
    assert figures([1, 1, 1, 2], [1, 2, 3]) == pytest.approx((0.4167, 0.75, 0.3995, 0.75), abs=5e-5)


def test_row_aligned_as_published() -> None:
    published = figures([1, 1, 1, 2], [1, 2, 3], row_aligned=True)
    assert published == pytest.approx((0.6667, 1.0, 0.5641, 1.0), abs=5e-5)


@given(ANSWERS, ANSWERS)
def test_they_are_the_functions_of_the_house(x: list[int], y: list[int]) -> None:
    expected = (ks_statistic(x, y), wasserstein_1(x, y), binned_js_distance(x, y), abs(np.mean(x) - np.mean(y)))
    assert figures(x, y) == pytest.approx(expected, abs=1e-9)
    a, b = shares_of(x), shares_of(y)
    found = nominal_distances(x, y, draws=0)
    assert found["total_variation"].value == pytest.approx(total_variation(a, b), abs=1e-12)
    assert found["js"].value == pytest.approx(jensen_shannon_distance(a, b), abs=1e-9)


@given(ANSWERS, ANSWERS)
def test_a_weight_of_2_is_the_answer_twice(x: list[int], y: list[int]) -> None:
    twice = figures(Sample(x, [2.0] + [1.0] * (len(x) - 1)), y)
    assert twice == pytest.approx(figures([x[0], *x], y), abs=1e-9)


def test_known_shares_and_uniform_subjects() -> None:
    rng = np.random.default_rng(0)
    shares = [0.1, 0.2, 0.3, 0.4]
    personas, people = (rng.choice([1, 2, 3, 4], 20_000, p=shares) for _ in range(2))
    ks, wasserstein, js, _ = figures(personas, people)
    assert ks is not None and wasserstein is not None and js is not None
    assert (ks < 0.03, wasserstein < 0.05, js < 0.05) == (True, True, True)
    ks, wasserstein, js, means = figures(rng.integers(1, 5, 20_000), people)
    assert ks == pytest.approx(0.20, abs=0.02)
    assert (wasserstein, means) == (pytest.approx(0.50, abs=0.04), pytest.approx(0.50, abs=0.04))
    assert js == pytest.approx(0.167, abs=0.02)


def test_averaging_three_answers_narrows_the_distribution() -> None:
    raw = np.random.default_rng(1).integers(1, 5, (20_000, 3))
    assert raw.std() == pytest.approx(1.12, abs=0.03)
    assert raw.mean(axis=1).std() == pytest.approx(0.65, abs=0.03)


def test_intervals_hold_the_value_and_need_two_persons() -> None:
    found = numeric_distances([1, 1, 2, 3] * 20, [2, 3, 4, 4] * 20, draws=200)["wasserstein"]
    assert found.lo is not None and found.hi is not None and found.value is not None
    assert found.lo < found.value < found.hi
    assert (found.n, found.unit) == (160, "person")
    assert numeric_distances([1], [2, 3])["ks"].lo is None


def test_answers_of_one_person_are_drawn_together() -> None:
    x, people = [1, 1, 1, 1, 4, 4, 4, 4], list("aaaabbbb")
    loose = numeric_distances(x, [2, 3] * 10, draws=400)["mean_difference"]
    tied = numeric_distances(Sample(x, groups=people), [2, 3] * 10, draws=400)["mean_difference"]
    assert (tied.n, loose.n) == (22, 28)
    assert tied.hi is not None and loose.hi is not None and tied.hi > loose.hi


def test_missing_answers_are_counted_and_an_empty_side_has_no_distance() -> None:
    assert figures([1, None, 2], [1, 2]) == (0, 0, 0, 0)
    assert numeric_distances([1, None, 2], [1, 2])["ks"].failures == {"missing": 1}
    assert figures([], [1, 2]) == (None,) * 4
    assert nominal_distances([None], ["a"])["js"].value is None
