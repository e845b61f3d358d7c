"""Stated confidence: calibration, resolution, selective accuracy, calibrators."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from personarium.core.errors import InvalidInput
from personarium.stats.calibration import (
    auprc,
    auroc,
    brier_parts,
    brier_score,
    calibrated_error,
    expected_calibration_error,
    maximum_calibration_error,
    reliability_curve,
)
from personarium.stats.calibrators import (
    cross_calibrated,
    fit_binning,
    fit_isotonic,
    folds_of,
    load_calibrator,
)
from personarium.stats.forecasts import Bins
from personarium.stats.selective import best_risk_coverage_area, coverage_curve, risk_coverage_area

STATED, RIGHT = (0.95, 0.95, 0.85, 0.85, 0.65, 0.65), (1, 0, 1, 0, 1, 1)
EDGES, EDGES_RIGHT = (1, 1, 0.9, 0.9, 0.6, 0.6, 0.5, 0.5, 0.1, 0), (1, 0, 1, 1, 1, 1, 0, 0, 1, 0)
TABLE = {4: (147, 92), 5: (12, 7), 6: (616, 424), 7: (77, 65), 8: (50, 43), 9: (99, 90)}  # personalized-judge.md


def bucket_table() -> tuple[list[float], list[int]]:
    stated = [k / 10 for k, (n, _) in TABLE.items() for _ in range(n)]
    right = [int(i < hits) for n, hits in TABLE.values() for i in range(n)]
    return stated, right


# --- worked figures of the pages ---


def test_reward_calibration_4() -> None:
    assert expected_calibration_error(STATED, RIGHT).value == pytest.approx(0.383333, abs=1e-6)
    assert brier_score(STATED, RIGHT).value == pytest.approx(0.315833, abs=1e-6)
    assert auroc(STATED, RIGHT).value == pytest.approx(0.25)
    assert auprc(STATED, RIGHT).value == pytest.approx(0.583333, abs=1e-6)
    assert auprc(STATED, RIGHT, positive=0).value == pytest.approx(0.291667, abs=1e-6)


def test_reward_calibration_4_the_edge_rule_moves_the_result() -> None:
    published = Bins(closed="left", exact=False)
    assert expected_calibration_error(EDGES, EDGES_RIGHT).value == pytest.approx(0.39)
    assert expected_calibration_error(EDGES, EDGES_RIGHT, published).value == pytest.approx(0.19)
    held = [bin.n for bin in reliability_curve([k / 10 for k in range(11)], [0] * 11, published)]
    assert held == [1, 1, 2, 0, 1, 2, 1, 0, 1, 2]  # .3 falls in with .2, .6 with .5, .7 below its own, .9 with 1
    exact = [bin.n for bin in reliability_curve([k / 10 for k in range(11)], [0] * 11)]
    assert exact == [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]


def test_persona_paradox_bins_are_closed_on_the_left() -> None:
    stated, right, left = (0.9, 0.9, 0.6, 0.6, 0.3, None), (1, 0, 1, 1, 0, 1), Bins(closed="left")
    found = expected_calibration_error(stated, right, left)
    assert (found.value, found.failures) == (pytest.approx(0.38), {"missing": 1})
    assert brier_score(stated, right).value == pytest.approx(0.246)
    assert [b.n for b in reliability_curve(stated, right, left) if b.n] == [1, 2, 2]
    assert expected_calibration_error((0.85, 0.90), (1, 0), left).value == pytest.approx(0.525)
    assert expected_calibration_error((0.85, 0.90), (1, 0)).value == pytest.approx(0.375)


def test_personaeval_worked_example_with_the_item_as_unit() -> None:
    rows = [(0.7, 0.1, 0.1, 0.1), (0.2, 0.5, 0.2, 0.1), (0.1, 0.2, 0.3, 0.4), (0.05, 0.05, 0.45, 0.45)]
    truth = [0, 0, 3, 1]
    pairs = [(p, int(k == truth[i]), i) for i, row in enumerate(rows) for k, p in enumerate(row)]
    brier = brier_score([p for p, _, _ in pairs], [y for _, y, _ in pairs], groups=[i for _, _, i in pairs])
    assert (brier.value, brier.n) == (pytest.approx(0.179375), 4)
    confident, hit = [max(row) for row in rows], [row.index(max(row)) == truth[i] for i, row in enumerate(rows)]
    assert expected_calibration_error(confident, hit, 20).value == pytest.approx(0.4625)


def test_personaeval_5_calibrated_sharpened_and_flattened_judges() -> None:
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(4), 5_000)
    truth = (p.cumsum(axis=1) < rng.random(5_000)[:, None]).sum(axis=1)

    def ece(shares: np.ndarray) -> float:
        hit = shares.argmax(axis=1) == truth
        return expected_calibration_error(shares.max(axis=1), hit, 20, draws=2).value or 0

    def powered(power: float) -> np.ndarray:
        return np.asarray(p**power / (p**power).sum(axis=1, keepdims=True))

    assert ece(p) < 0.03
    assert 0.15 <= ece(powered(2)) <= 0.17
    assert 0.12 <= ece(powered(0.5)) <= 0.14


def test_personalized_judge_coverage_curve() -> None:
    stated, right = bucket_table()
    points = coverage_curve(stated, right, [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    found = [(point.coverage, point.accuracy.value) for point in points[:5]]
    for (coverage, accuracy), wanted in zip(
        found, [(0.8531, 0.7365), (0.8412, 0.7387), (0.2258, 0.8761), (0.1489, 0.8926), (0.0989, 0.9091)], strict=True
    ):
        assert (coverage, accuracy) == (pytest.approx(wanted[0], abs=5e-5), pytest.approx(wanted[1], abs=5e-5))
    high = points[3]
    assert (high.right, high.kept) == (133, 149)
    assert (high.accuracy.lo, high.accuracy.hi) == (pytest.approx(0.8327, abs=5e-5), pytest.approx(0.9328, abs=5e-5))
    assert (points[5].coverage, points[5].accuracy.value, points[5].accuracy.n) == (0, None, 0)
    assert len(coverage_curve(stated, right)) == 6 and coverage_curve(stated, right)[0].right == 721


def test_personalized_judge_4_a_calibrated_and_a_bold_judge() -> None:
    rng = np.random.default_rng(4)
    stated = rng.integers(1, 101, 20_000) / 100
    right = rng.random(20_000) < stated
    assert (expected_calibration_error(stated, right, draws=2).value or 1) < 0.02
    at80 = coverage_curve(stated, right, [0.8])[0]
    assert at80.coverage == pytest.approx(0.21, abs=0.02) and at80.accuracy.value == pytest.approx(0.90, abs=0.02)
    bold = expected_calibration_error(np.full(20_000, 0.9), rng.random(20_000) < 0.55, draws=2).value
    assert bold == pytest.approx(0.35, abs=0.02)


# --- what each figure is ---


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_resolution_agrees_with_scikit_learn_ties_included(items: list[tuple[int, bool]]) -> None:
    stated, right = [k / 5 for k, _ in items], [int(y) for _, y in items]
    if len(set(right)) < 2:
        return
    assert auroc(stated, right, draws=2).value == pytest.approx(roc_auc_score(right, stated))
    assert auprc(stated, right, draws=2).value == pytest.approx(average_precision_score(right, stated))
    wrong = average_precision_score([1 - y for y in right], [-p for p in stated])
    assert auprc(stated, right, positive=0, draws=2).value == pytest.approx(wrong)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30),
    st.sampled_from([None, Bins(), Bins(4, "mass"), Bins(closed="left", exact=False)]),
)
def test_the_parts_add_up_to_the_brier_score(items: list[tuple[float, bool]], bins: Bins | None) -> None:
    stated, right = [p for p, _ in items], [float(y) for _, y in items]
    parts = brier_parts(stated, right, bins, draws=2)
    value = [e.value for e in (parts.reliability, parts.resolution, parts.uncertainty, parts.within)]
    assert None not in value
    reliability, resolution, uncertainty, within = (float(v) for v in value if v is not None)
    assert parts.brier.value == pytest.approx(reliability - resolution + uncertainty + within, abs=1e-12)
    if bins is None:
        assert within == pytest.approx(0, abs=1e-12)


def test_calibration_and_resolution_are_two_things() -> None:
    right = [1, 1, 1, 0, 0] * 40
    same, knowing = [0.6] * 200, [1.0, 1.0, 1.0, 0.0, 0.0] * 40
    flat, sharp = brier_parts(same, right), brier_parts(knowing, right)
    assert flat.reliability.value == pytest.approx(0, abs=1e-12) and flat.resolution.value == pytest.approx(
        0, abs=1e-12
    )
    assert sharp.resolution.value == pytest.approx(0.24) == sharp.uncertainty.value
    assert auroc(same, right).value == 0.5


def test_the_largest_gap_of_a_bin() -> None:
    assert maximum_calibration_error(STATED, RIGHT).value == pytest.approx(0.45)  # bin (.9, 1]: stated .95, right .5
    by_value = maximum_calibration_error([0.2, 0.2, 0.9], [0, 0, 0], Bins(by="value"))
    assert by_value.value == pytest.approx(0.9)


def test_bins_of_equal_mass_keep_ties_together_and_single_values_stand_alone() -> None:
    stated = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    assert [b.n for b in reliability_curve(stated, [0] * 8, Bins(4, "mass"))] == [2, 2, 2, 2]
    tied = reliability_curve([0.5] * 6 + [0.9, 1.0], [1] * 8, Bins(4, "mass"))
    assert [(b.lo, b.hi, b.n) for b in tied] == [(0.5, 0.5, 6), (0.9, 1.0, 2)]
    single = reliability_curve([0.7, 0.71, 0.7], [1, 1, 0], Bins(by="value"))
    assert [(b.lo, b.n, b.accuracy.value) for b in single] == [(0.7, 2, 0.5), (0.71, 1, 1.0)]


def test_a_calibrated_subject_has_a_small_error_and_a_bold_one_a_large() -> None:
    rng = np.random.default_rng(12)
    stated = rng.integers(0, 11, 20_000) / 10
    right = (rng.random(20_000) < stated).astype(float)
    assert (expected_calibration_error(stated, right, draws=20).value or 0) < 0.02
    always_sure = (rng.random(20_000) < 0.6).astype(float)
    found = expected_calibration_error(np.ones(20_000), always_sure, draws=20).value
    assert found == pytest.approx(0.4, abs=0.01)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_calibration_error_is_bounded_and_at_least_the_gap_of_means(items: list[tuple[float, bool]]) -> None:
    stated, right = [p for p, _ in items], [float(y) for _, y in items]
    for bins in (Bins(), Bins(closed="left")):
        ece = expected_calibration_error(stated, right, bins, draws=5).value
        assert ece is not None
        assert abs(np.mean(stated) - np.mean(right)) - 1e-9 <= ece <= 1 + 1e-9


def test_an_empty_bin_has_no_accuracy() -> None:
    curve = reliability_curve([0.05, 0.95], [0, 1], 3)
    assert [(b.n, b.mean_confidence, b.accuracy.value) for b in curve] == [
        (1, 0.05, 0.0),
        (0, None, None),
        (1, 0.95, 1.0),
    ]


def test_a_calibrated_forecaster_shows_some_error_too() -> None:
    rng = np.random.default_rng(3)
    stated = rng.random(100)
    floor = calibrated_error(stated)
    right = rng.random(100) < stated
    found = expected_calibration_error(stated, right)
    assert floor.lo is not None and floor.hi is not None and found.value is not None
    assert 0.03 < floor.lo < found.value < floor.hi < 0.2
    assert calibrated_error([]).value is None


def test_risk_against_coverage_by_hand() -> None:
    # most confident first: right, wrong, right -> risks 0, 1/2, 1/3
    assert risk_coverage_area([0.9, 0.8, 0.7], [1, 0, 1]).value == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)
    # two tied in front, one of them wrong: expected risks 1/2, 1/2; then 1/3
    assert risk_coverage_area([0.9, 0.9, 0.7], [1, 0, 1]).value == pytest.approx((1 / 2 + 1 / 2 + 1 / 3) / 3)
    assert risk_coverage_area([0.6] * 10, [1] * 6 + [0] * 4).value == pytest.approx(0.4)
    assert best_risk_coverage_area(1, 3) == pytest.approx((0 + 0 + 1 / 3) / 3)
    assert risk_coverage_area([0.9, 0.8, 0.1], [1, 1, 0]).value == pytest.approx((0 + 0 + 1 / 3) / 3)
    assert best_risk_coverage_area(0, 0) is None


# --- edges ---


def test_one_class_only() -> None:
    for right, why in (([1, 1], "every item is right"), ([0, 0], "every item is wrong")):
        found = auroc([0.2, 0.9], right)
        assert found.value is None and why in found.method and found.n == 2
        assert expected_calibration_error([0.2, 0.9], right).value is not None
    assert auprc([0.2, 0.9], [0, 0]).value is None
    assert auprc([0.2, 0.9], [1, 1], positive=0).value is None
    assert auprc([0.2, 0.9], [1, 1]).value == 1.0


def test_nothing_to_measure() -> None:
    for figure in (
        expected_calibration_error,
        maximum_calibration_error,
        auroc,
        auprc,
        risk_coverage_area,
        brier_score,
    ):
        found = figure([None], [1])
        assert (found.value, found.lo, found.n, found.failures) == (None, None, 0, {"missing": 1})
    assert brier_parts([], []).resolution.value is None
    assert coverage_curve([], []) == ()
    assert coverage_curve([], [], [0.5])[0].coverage is None
    assert [b.n for b in reliability_curve([], [], 2)] == [0, 0]


def test_one_item_has_no_interval() -> None:
    found = expected_calibration_error([0.9], [1])
    assert (found.value, found.lo, found.hi) == (pytest.approx(0.1), None, None)


def test_what_is_no_forecast_is_refused() -> None:
    with pytest.raises(InvalidInput, match="probabilities"):
        auroc([1.2], [1])
    with pytest.raises(InvalidInput, match="0 or 1"):
        auroc([0.2], [2])
    with pytest.raises(InvalidInput, match="equal length"):
        brier_score([0.2], [1, 0])
    with pytest.raises(InvalidInput, match="at least one bin"):
        Bins(0)


# --- the unit of analysis ---


def test_groups_are_drawn_together() -> None:
    stated, right = [0.9, 0.9, 0.9, 0.9, 0.4, 0.4, 0.4, 0.4], [1, 1, 1, 1, 0, 0, 0, 0]
    alone = expected_calibration_error(stated * 5, right * 5)
    people = [k // 4 for k in range(40)]
    grouped = expected_calibration_error(stated * 5, right * 5, groups=people, unit="person")
    assert alone.value == grouped.value
    assert (alone.n, grouped.n, grouped.unit) == (40, 10, "person")
    rng = np.random.default_rng(5)
    stated_by, right_of = rng.random(12).repeat(30), rng.integers(0, 2, 12).repeat(30)  # people who never change
    for figure in (auroc, risk_coverage_area):
        loose = figure(stated_by, right_of, groups=np.arange(12).repeat(30))
        tight = figure(stated_by, right_of)
        assert loose.lo is not None and loose.hi is not None and tight.lo is not None and tight.hi is not None
        assert loose.hi - loose.lo > 2 * (tight.hi - tight.lo)


def test_the_same_seed_gives_the_same_interval_and_intervals_cover() -> None:
    assert auroc(EDGES, EDGES_RIGHT, seed=3) == auroc(EDGES, EDGES_RIGHT, seed=3)
    rng, covered = np.random.default_rng(8), 0
    for trial in range(100):  # true AUROC .75: confidences uniform, right with that chance: 1/2 + 1/3 = 5/6
        stated = rng.random(150)
        found = auroc(stated, rng.random(150) < stated, draws=200, seed=trial)
        covered += found.lo is not None and found.hi is not None and found.lo <= 5 / 6 <= found.hi
    assert covered >= 88


# --- calibrators ---


def bold(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Says .5 to 1 and is right .3 less often than it says."""
    rng = np.random.default_rng(seed)
    stated = rng.integers(5, 11, n) / 10
    return stated, (rng.random(n) < stated - 0.3).astype(float)


def test_calibrators_fitted_on_one_part_mend_another() -> None:
    fit_on, applied_to = bold(4_000, 1), bold(4_000, 2)
    before = expected_calibration_error(*applied_to, draws=2).value
    assert before == pytest.approx(0.3, abs=0.02)
    for calibrator in (fit_isotonic(*fit_on), fit_binning(*fit_on)):
        after = expected_calibration_error(calibrator.apply(applied_to[0]), applied_to[1], draws=2).value
        assert after is not None and after < 0.03
        assert load_calibrator(calibrator.as_dict()) == calibrator


def test_isotonic_regression_by_hand() -> None:
    found = fit_isotonic([0.1, 0.2, 0.3, 0.4, None], [0, 1, 0, 1, 1])
    assert found.apply([0.1, 0.2, 0.25, 0.3, 0.4]) == pytest.approx([0, 0.5, 0.5, 0.5, 1])
    assert found.apply([0.0, 1.0]) == pytest.approx([0, 1])
    assert found.n == 4
    assert np.isnan(found.apply([None])).all()


def test_binning_by_hand() -> None:
    found = fit_binning([0.2, 0.4, 0.9, 0.9], [0, 1, 1, 1], bins=4)
    assert found.counts == (1, 1, 0, 2)
    assert found.values == (0.0, 1.0, 0.75, 1.0)  # an empty bin has the share right of all
    drawn = fit_binning([0.2, 0.4, 0.9, 0.9], [0, 1, 1, 1], bins=4, prior=1)
    assert drawn.values == pytest.approx((0.375, 0.875, 0.75, (2 + 0.75) / 3))
    assert found.apply([0.25, 0.26]) == pytest.approx([0.0, 1.0])


def test_every_item_is_calibrated_without_its_own_group() -> None:
    groups = [k // 2 for k in range(20)]
    fold = folds_of(20, groups, 5, seed=1)
    assert all(fold[k] == fold[k + 1] for k in range(0, 20, 2))
    assert sorted(np.bincount(fold).tolist()) == [4, 4, 4, 4, 4]
    # one value, outcomes all alike in a group: an item never sees its own group's outcome
    right = [1.0, 1.0] + [0.0] * 18
    out = cross_calibrated([0.5] * 20, right, partial(fit_binning, bins=1), groups, 5, seed=1)
    assert out[0] == out[1] == 0.0
    assert cross_calibrated([None, 0.5, 0.5], [1, 1, 1], folds=3)[1:] == pytest.approx([1, 1])


def test_calibrators_refuse_what_they_cannot_fit() -> None:
    for fit in (fit_isotonic, fit_binning):
        with pytest.raises(InvalidInput, match="at least one item"):
            fit([None], [1])
    with pytest.raises(InvalidInput, match="folds"):
        folds_of(3, folds=5)
    for broken in ({"kind": "spline"}, {"kind": "isotonic"}, {}):
        with pytest.raises(InvalidInput, match="calibrator"):
            load_calibrator(broken)
