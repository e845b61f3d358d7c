"""Keyed scales and their reliability, against the worked examples of methods/psychometrics-core.md."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.stats import (
    ScaleKey,
    alpha_if_deleted,
    cronbach_alpha,
    from_keyed_answers,
    item_rest_correlations,
    key_answers,
    omega_from_loadings,
    omega_total,
    one_factor,
    reliability_of,
    reliable_change,
    scale_scores,
    spearman_brown,
    split_half,
    standard_error_of_measurement,
)

EXAMPLE = [[int(c) for c in row] for row in ("5424", "4415", "2342", "1252", "3334", "4523")]
KEY = ScaleKey("example", ("i1", "i2", "i3", "i4"), (1, 1, -1, 1), 1, 5)
PLAIN = ScaleKey("example", ("i1", "i2", "i3", "i4"), (1, 1, 1, 1), 1, 5)


def test_alpha_of_the_keyed_example_with_feldt_interval() -> None:
    alpha = cronbach_alpha(key_answers(KEY, EXAMPLE))
    assert alpha.value == pytest.approx(0.932753, abs=1e-6)
    assert (alpha.lo, alpha.hi) == pytest.approx((0.759496, 0.989538), abs=1e-6)
    assert cronbach_alpha(key_answers(KEY, EXAMPLE), standardised=True).value == pytest.approx(0.933673, abs=1e-6)


def test_item_rest_and_alpha_if_deleted() -> None:
    keyed = key_answers(KEY, EXAMPLE)
    assert item_rest_correlations(keyed) == pytest.approx([0.917556, 0.775810, 0.974398, 0.750009], abs=1e-6)
    assert alpha_if_deleted(keyed) == pytest.approx([0.887931, 0.937500, 0.866071, 0.940503], abs=1e-6)


def test_split_half_and_the_guttman_identity() -> None:
    keyed = key_answers(KEY, EXAMPLE)
    half = split_half(keyed)
    assert half.first == (0, 2)
    assert (half.r, half.spearman_brown) == pytest.approx((0.979668, 0.989730), abs=1e-6)
    splits = [split_half(keyed, (0, other)).guttman for other in (1, 2, 3)]
    assert sorted(s or 0 for s in splits) == pytest.approx(sorted([0.905660, 0.952104, 0.940493]), abs=1e-6)
    assert sum(s or 0 for s in splits) / 3 == pytest.approx(cronbach_alpha(keyed).value, abs=1e-12)


def test_omega_and_the_alpha_of_its_matrix() -> None:
    loadings = [0.8, 0.7, 0.6, 0.5]
    assert omega_from_loadings(loadings) == pytest.approx(0.749446, abs=1e-6)
    matrix = np.outer(loadings, loadings)
    np.fill_diagonal(matrix, 1)
    found = one_factor(matrix)
    assert found.loadings == pytest.approx(loadings, abs=1e-8)
    assert not found.improper
    with pytest.raises(InvalidInput, match="three items"):
        one_factor(matrix[:2, :2])


def test_omega_total_recovers_a_planted_factor() -> None:
    rng = np.random.default_rng(5)
    loadings = np.array([0.8, 0.7, 0.6, 0.5])
    answers = np.outer(rng.normal(size=20_000), loadings) + rng.normal(size=(20_000, 4)) * np.sqrt(1 - loadings**2)
    assert omega_total(answers).value == pytest.approx(0.749446, abs=0.01)
    assert cronbach_alpha(answers).value == pytest.approx(0.742055, abs=0.01)


def test_standard_error_and_reliable_change() -> None:
    assert reliable_change(0.8, 0.7, 0.9) == pytest.approx(2.555506, abs=1e-6)
    sd = float(np.std(key_answers(KEY, EXAMPLE).values.sum(axis=1), ddof=1))
    assert sd == pytest.approx(4.792355, abs=1e-6)
    assert standard_error_of_measurement(sd, 0.932753) == pytest.approx(1.242757, abs=1e-5)
    assert spearman_brown(0.5, 3) == pytest.approx(0.75)


def test_a_forgotten_key_is_named() -> None:
    report = reliability_of(key_answers(PLAIN, EXAMPLE))
    assert report.alpha.value == pytest.approx(-1.109145, abs=1e-6)
    assert any("'i3'" in warning and "key" in warning for warning in report.warnings)
    assert not any("key" in warning for warning in reliability_of(key_answers(KEY, EXAMPLE)).warnings)


def test_keyed_answers_are_not_keyed_again_and_raw_stays() -> None:
    keyed = key_answers(KEY, EXAMPLE)
    with pytest.raises(InvalidInput, match="keyed already"):
        key_answers(KEY, keyed)  # type: ignore[arg-type]
    assert keyed.raw.tolist() == EXAMPLE
    assert keyed.values[:, 2].tolist() == [6 - row[2] for row in EXAMPLE]
    assert from_keyed_answers(KEY, keyed.values).raw.tolist() == EXAMPLE


def test_a_missing_answer_is_listwise_and_counted() -> None:
    rows: list[list[float | None]] = [list(row) for row in EXAMPLE]
    rows[0][0] = None
    keyed = key_answers(KEY, rows)
    alpha = cronbach_alpha(keyed)
    assert alpha.value == pytest.approx(0.938272, abs=1e-6)
    assert (alpha.n, alpha.failures) == (5, {"incomplete": 1})
    assert keyed.missing == 1
    with pytest.raises(InvalidInput, match="row 0"):
        cronbach_alpha(keyed, missing="refuse")


def test_scale_score_needs_four_of_five_answers() -> None:
    key = ScaleKey("five", tuple("abcde"), (1, 1, 1, 1, -1), 1, 5)
    scores = scale_scores(key_answers(key, [[1, 2, 3, 4, None], [1, 2, 3, None, None], [1, 1, 1, 1, 5]]))
    assert scores.values == (2.5, None, 1.0)
    assert (scores.answered, scores.missing, scores.withheld) == ((4, 3, 5), 3, 1)
    assert scale_scores(key_answers(key, [[1, 2, 3, 4, None]]), how="sum").values == (12.5,)


@pytest.mark.parametrize("rows", [[[3, 3, 3], [3, 3, 3]], [[1, 2, 3]], [[1], [2], [3]]])
def test_alpha_without_variance_persons_or_items_has_a_reason_and_no_value(rows: list[list[int]]) -> None:
    alpha = cronbach_alpha(np.array(rows))
    assert alpha.value is None and "not defined" in alpha.method


def test_a_battery_of_constant_answers_is_reported_without_values() -> None:
    report = reliability_of(key_answers(PLAIN, [[3, 3, 3, 3]] * 4))
    assert (report.alpha.value, report.omega.value, report.sem, report.split_half.r) == (None, None, None, None)
    assert (report.mean, report.sd) == (3.0, 0.0)


def test_bad_keys_and_answers_are_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="keys"):
        ScaleKey("x", ("a",), (0,), 1, 5)
    with pytest.raises(InvalidInput, match=r"row 1: field 'i2'.*found 6"):
        key_answers(KEY, [[1, 1, 1, 1], [1, 6, 1, 1]])
    with pytest.raises(InvalidInput, match="4 items"):
        key_answers(KEY, [[1, 1]])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(1, 5), min_size=4, max_size=4), min_size=3, max_size=12), st.randoms())
def test_alpha_does_not_change_with_order_or_item_shift(rows: list[list[int]], random: object) -> None:
    matrix = np.array(rows, dtype=float)
    alpha = cronbach_alpha(matrix).value
    random.shuffle(rows)  # type: ignore[attr-defined]
    moved = np.array(rows, dtype=float)[:, [2, 0, 3, 1]] + np.array([0.0, 2.0, 0.0, -1.0])
    again = cronbach_alpha(moved).value
    assert (alpha is None and again is None) or alpha == pytest.approx(again, abs=1e-9)
    if alpha is not None:
        halves = [split_half(matrix, half).guttman for half in combinations(range(4), 2) if 0 in half]
        assert sum(h or 0 for h in halves) / 3 == pytest.approx(alpha, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from((1, -1)), min_size=3, max_size=3), st.integers(-3, 3))
def test_reversing_twice_is_nothing(keys: list[int], lo: int) -> None:
    key = ScaleKey("x", ("a", "b", "c"), tuple(keys), lo, lo + 4)
    raw = np.array([[lo, lo + 1, lo + 4], [lo + 2, np.nan, lo]], dtype=float)
    np.testing.assert_array_equal(key.reversed(key.reversed(raw)), raw)
