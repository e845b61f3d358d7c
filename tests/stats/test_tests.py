"""Paired and independent tests and corrections, against scipy, exact enumeration and the pages' figures."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from personarium.core.errors import InvalidInput
from personarium.stats import (
    auc,
    benjamini_hochberg,
    bonferroni,
    cohens_d,
    cohens_d_from_summary,
    difference_of_shares,
    holm,
    mann_whitney,
    mcnemar,
    mcnemar_of,
    paired_bootstrap,
    paired_t,
    pooled_t,
    sign_flip_test,
    welch_from_summary,
    welch_t,
    wilcoxon_signed_rank,
    wilson,
)

A = [5.1, 4.9, 6.2, 5.7, 6.0, 5.5, 6.6, 4.4]
B = [4.8, 5.0, 5.1, 5.2, 5.8, 5.6, 5.9, 4.0]


def test_paired_t_agrees_with_scipy_and_counts_incomplete_pairs() -> None:
    ours, theirs = paired_t([*A, None], [*B, 3.0], "question"), stats.ttest_rel(A, B)
    interval = theirs.confidence_interval()
    assert (ours.statistic, ours.p, ours.df) == pytest.approx((theirs.statistic, theirs.pvalue, 7))
    assert (ours.effect.lo, ours.effect.hi) == pytest.approx((interval.low, interval.high))
    assert (ours.effect.n, ours.effect.failures) == (8, {"missing": 1})


def test_paired_t_of_constant_differences_is_not_defined() -> None:
    found = paired_t([1.1, 2.1, 3.1], [1.0, 2.0, 3.0], "question")
    assert found.p is None and "not defined" in found.note
    assert found.effect.value == pytest.approx(0.1)


def test_wilcoxon_agrees_with_scipy_without_ties() -> None:
    a, b = (
        [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30],
        [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29],
    )
    ours, theirs = wilcoxon_signed_rank(a, b, "patient"), stats.wilcoxon(a, b)
    assert ours.p == pytest.approx(theirs.pvalue)
    assert ours.statistic == pytest.approx(40)
    assert ours.effect.value == pytest.approx(0.46, abs=1e-9)  # Hollander and Wolfe (1973), depression data


def test_wilcoxon_is_exact_with_ties_and_names_zero_differences() -> None:
    difference = [1.0, 1.0, -1.0, 2.0, 2.0, 3.0]
    ranks = stats.rankdata(np.abs(difference))
    sums = [sum(r for r, up in zip(ranks, signs) if up) for signs in product((0, 1), repeat=6)]
    observed = sum(r for r, d in zip(ranks, difference) if d > 0)
    p = min(1.0, 2 * min(np.mean([s <= observed for s in sums]), np.mean([s >= observed for s in sums])))
    found = wilcoxon_signed_rank([*difference, 0.0], [0.0] * 7, "item")
    assert found.p == pytest.approx(p)
    assert "1 zero" in found.note
    assert wilcoxon_signed_rank([1, 2], [1, 2], "item").p is None


def test_wilcoxon_of_many_differences_uses_the_normal_form() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(0.2, 1, 80), rng.normal(0, 1, 80)
    theirs = stats.wilcoxon(a, b, correction=True, method="approx")
    assert wilcoxon_signed_rank(a, b, "item").p == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize(
    ("difference", "p"),
    [((0.2, -0.1, 0.3, 0.4, 0.1, 0.2, -0.2, 0.3), 30 / 256), ((0.2, 0.1, 0.3, 0.4, 0.1), 2 / 32), ((0.0, 0.0), 1.0)],
)
def test_sign_flips_by_enumeration(difference: tuple[float, ...], p: float) -> None:
    """methods/playing-pretend.md, Works when 3."""
    zeros = [0.0] * len(difference)
    assert sign_flip_test(difference, zeros, "item").p == pytest.approx(p)
    drawn = sign_flip_test(difference, zeros, "item", exact=False)
    assert drawn.p == pytest.approx(p, abs=0.02)
    assert drawn.p is not None and drawn.p >= 1 / 5001


def test_sign_flips_reject_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(9)
    null = rng.normal(size=(200, 30))
    rejected = [(sign_flip_test(x, np.zeros(30), "item", draws=199, seed=rng).p or 1) <= 0.05 for x in null]
    assert 0.01 <= np.mean(rejected) <= 0.10


@pytest.mark.parametrize(
    ("n10", "n01", "method", "p"),
    [
        (30, 10, "exact", 0.00222143),  # methods/bias-runs-deep.md, Works when 3
        (40, 25, "chi2", 0.082478),
        (40, 25, "exact", 0.081682),
        (0, 0, "exact", 1.0),
    ],
)
def test_mcnemar_gives_the_figures_of_the_page(n10: int, n01: int, method: str, p: float) -> None:
    assert mcnemar(n10, n01, method=method).p == pytest.approx(p, abs=5e-7)  # type: ignore[arg-type]


def test_mcnemar_from_columns_gives_the_difference_of_shares() -> None:
    a, b = [1, 1, 1, 0, 0, None], [1, 0, 0, 1, 0, 1]
    found = mcnemar_of(a, b)
    assert found.effect.value == pytest.approx(1 / 5)
    assert found.effect.lo is not None and found.effect.lo < 0.2 < (found.effect.hi or 0)
    assert (found.effect.n, found.effect.failures) == (5, {"missing": 1})
    assert mcnemar_of([1, 0], [1, 0]).effect.value == 0.0
    with pytest.raises(InvalidInput, match="0 or 1"):
        mcnemar_of([0.5], [1])


def test_paired_bootstrap_over_groups_is_wider() -> None:
    rng = np.random.default_rng(6)
    shift = np.repeat(rng.normal(0.3, 1, 15), 20)
    a, groups = shift + rng.normal(size=300) * 0.1, np.repeat(np.arange(15), 20).tolist()
    by_item = paired_bootstrap(a, np.zeros(300), "item")
    by_group = paired_bootstrap(a, np.zeros(300), "context", groups)
    assert by_group.effect.n == 15
    assert (by_group.effect.hi or 0) - (by_group.effect.lo or 0) > 3 * (
        (by_item.effect.hi or 0) - (by_item.effect.lo or 0)
    )
    assert by_item.p is not None and by_group.p is not None and by_item.p < by_group.p


def test_welch_and_pooled_agree_with_scipy() -> None:
    for ours, equal in ((welch_t(A, B[:5], "run"), False), (pooled_t(A, B[:5], "run"), True)):
        theirs = stats.ttest_ind(A, B[:5], equal_var=equal)
        interval = theirs.confidence_interval()
        assert (ours.statistic, ours.p, ours.df) == pytest.approx((theirs.statistic, theirs.pvalue, theirs.df))
        assert (ours.effect.lo, ours.effect.hi) == pytest.approx((interval.low, interval.high))


def test_welch_of_samples_without_spread_has_no_p() -> None:
    assert welch_t([1, 1], [1, 1], "run").p is None
    assert welch_t([1], [1, 2], "run").p is None
    assert welch_t([2, 2], [1, 1], "run").effect.value == 1
    with pytest.raises(InvalidInput):
        welch_from_summary(1, 1, 1, 1, 1, 5, "person")


def test_mann_whitney_gives_the_figures_of_the_page() -> None:
    """methods/self-assessment.md, Works when 5."""
    a, b = [5, 5, 4, 4, 5], [4, 4, 3, 4, 3]
    found = mann_whitney(a, b, "item")
    assert found.statistic == 22
    assert found.p == pytest.approx(0.04125, abs=5e-6)
    assert mann_whitney(a, b, "item", continuity=False).p == pytest.approx(0.03121, abs=5e-6)
    assert mann_whitney([3, 3], [3, 3], "item").p is None


def test_cohens_d_and_auc_of_the_psychometrics_page() -> None:
    assert cohens_d([3, 4, 5, 4], [2, 3, 3, 1], "person").value == pytest.approx(1.966830, abs=1e-6)
    assert auc([3, 4, 5, 4], [2, 3, 3, 1], "person").value == pytest.approx(0.9375)
    assert cohens_d([1, 1], [2, 2], "person").value is None
    d = cohens_d_from_summary(5, 1, 30, 4, 1, 30, "person")
    g = cohens_d_from_summary(5, 1, 30, 4, 1, 30, "person", correct=True)
    assert d.value == pytest.approx(1.0)
    assert g.value == pytest.approx(1 - 3 / (4 * 60 - 9))
    assert (d.hi or 0) - (d.lo or 0) == pytest.approx(2 * 1.959964 * np.sqrt(60 / 900 + 1 / 120), abs=1e-5)


def test_corrections_leave_a_test_that_was_not_made_alone() -> None:
    assert holm([0.01, 0.02, 0.03, 0.005]) == pytest.approx([0.03, 0.04, 0.04, 0.02])  # psychometrics-core, 7
    assert holm([0.01, None, 0.03]) == [pytest.approx(0.02), None, pytest.approx(0.03)]
    assert bonferroni([0.01, 0.4, None]) == [pytest.approx(0.02), pytest.approx(0.8), None]
    with pytest.raises(InvalidInput):
        holm([1.2])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_corrections_keep_order_and_rank_by_strictness(p: list[float]) -> None:
    hochberg = [q for q in benjamini_hochberg(p) if q is not None]
    held = [q for q in holm(p) if q is not None]
    strict = [q for q in bonferroni(p) if q is not None]
    np.testing.assert_allclose(hochberg, stats.false_discovery_control(p), atol=1e-12)
    assert all(a <= b + 1e-12 <= c + 2e-12 <= d + 3e-12 for a, b, c, d in zip(p, hochberg, held, strict))
    assert [held[i] for i in np.argsort(p, kind="stable")] == sorted(held)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=9))
def test_two_sided_tests_do_not_care_which_side_is_first(difference: list[int]) -> None:
    zeros = [0.0] * len(difference)
    for test in (paired_t, wilcoxon_signed_rank, sign_flip_test):
        assert test(difference, zeros, "item").p == pytest.approx(test(zeros, difference, "item").p)


def test_the_difference_of_two_shares_has_newcombes_interval() -> None:
    # Newcombe (1998), table II: 56/70 against 48/80
    found = difference_of_shares(wilson(56, 70, "item"), wilson(48, 80, "item"))
    assert (found.value, found.lo, found.hi) == (
        pytest.approx(0.2, abs=5e-5), pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5),
    )  # fmt: skip
    assert (found.n, found.unit) == (150, "item")
    # and at the ends of the scale, 10/10 against 0/20 and 10/10 against 0/10 (the same table)
    for n, lo in ((20, 0.6791), (10, 0.6075)):
        end = difference_of_shares(wilson(10, 10, "item"), wilson(0, n, "item"))
        assert (end.value, end.lo, end.hi) == (1.0, pytest.approx(lo, abs=5e-5), pytest.approx(1.0))
    assert difference_of_shares(wilson(0, 0, "item"), wilson(1, 2, "item")).value is None
