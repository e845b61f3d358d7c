"""Betting confidence sequences: the definition by brute force, coverage under peeking, false decisions, bad input."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.stats.sequential import betting_interval, betting_path, decide, more_items

Array = NDArray[np.float64]
SCORES = st.lists(st.integers(1, 5).map(float), min_size=1, max_size=25)
# Shares of the scores 1 to 5: a good player of a persona, a bad one, one that is all or nothing. Means 4.61, 3.0, 4.4.
SKEWED, BAD, TORN = [0.03, 0.03, 0.04, 0.1, 0.8], [0.4, 0.05, 0.1, 0.05, 0.4], [0.15, 0, 0, 0, 0.85]


def mean_of(shares: list[float]) -> float:
    return float(np.dot(shares, [1, 2, 3, 4, 5]))


def draw(shares: list[float], n: int, seed: int) -> Array:
    return np.random.default_rng(seed).choice([1.0, 2.0, 3.0, 4.0, 5.0], n, p=shares)


def log_capital(values: list[float], m: float, sign: int) -> list[float]:
    """Hedged grid Kelly on [0, 1], one way, written out: 20 purses, each with a constant bet; their mean after each value."""
    room = m if sign > 0 else 1 - m
    purses, capital = [1.0] * 20, []
    for x in values:
        purses = [purse * (1 + sign * g / (21 * max(room, 1e-12)) * (x - m)) for g, purse in enumerate(purses, 1)]
        capital.append(math.log(sum(purses) / 20))
    return capital


def log_plug_in(values: list[float], m: float, level: float, sign: int) -> list[float]:
    """The plug-in bets of Theorem 3 instead, truncated at 3/4."""
    total, means, squares, variance, capital = 0.0, 0.5, 0.25, 0.25, []
    for t, x in enumerate(values, 1):
        bet = min(math.sqrt(2 * level / (variance * t * math.log(1 + t))), 0.75 / (m if sign > 0 else 1 - m))
        total += math.log(1 + sign * bet * (x - m))
        capital.append(total)
        means += x
        squares += (x - means / (t + 1)) ** 2
        variance = squares / (t + 1)
    return capital


@settings(max_examples=25)
@given(SCORES)
def test_the_interval_is_the_set_that_the_definition_leaves(scores: list[float]) -> None:
    values, level = [(s - 1) / 4 for s in scores], math.log(2 / 0.05)
    left = [
        m
        for m in np.linspace(0, 1, 401).tolist()
        if max(log_capital(values, m, +1)) < level and max(log_capital(values, m, -1)) < level
    ]
    found = betting_interval(scores, 1, 5)
    assert found.lo is not None and found.hi is not None
    assert (found.lo - 1) / 4 == pytest.approx(left[0], abs=1 / 400)
    assert (found.hi - 1) / 4 == pytest.approx(left[-1], abs=1 / 400)
    for end, sign in ((found.lo, +1), (found.hi, -1)):
        if 1 < end < 5:  # the end is exact: there the fortune reaches the level, a little further in it does not
            inner = (end - 1) / 4 + sign * 1e-6
            assert max(log_capital(values, (end - 1) / 4, sign)) >= level - 1e-9
            assert max(log_capital(values, inner, sign)) < level


@settings(max_examples=25)
@given(SCORES)
def test_the_path_is_nested_and_ends_in_the_interval(scores: list[float]) -> None:
    means, low, high = betting_path(scores, 1, 5, 0.9)
    assert (np.diff(low) >= 0).all() and (np.diff(high) <= 0).all()
    last = betting_interval(scores, 1, 5, 0.9)
    assert (last.value, last.lo, last.hi) == pytest.approx((means[-1], low[-1], high[-1]))
    half = betting_interval(scores[: len(scores) // 2 + 1], 1, 5, 0.9)
    assert half.lo == pytest.approx(low[len(scores) // 2])


@settings(max_examples=25)
@given(SCORES)
def test_a_mirrored_scale_mirrors_the_interval(scores: list[float]) -> None:
    there, back = betting_interval(scores, 1, 5), betting_interval([6 - s for s in scores], 1, 5)
    assert there.lo is not None and there.hi is not None
    assert (back.lo, back.hi) == pytest.approx((6 - there.hi, 6 - there.lo))


def test_equal_values_shrink_the_interval_towards_them() -> None:
    widths = []
    for n in (10, 40, 160):
        found = betting_interval([4.0] * n, 1, 5)
        assert found.lo is not None and found.hi is not None and found.lo < 4 < found.hi
        widths.append(found.hi - found.lo)
    assert widths[0] > 2 * widths[1] > 4 * widths[2]
    perfect = betting_interval([5.0] * 40, 1, 5)
    assert perfect.hi == pytest.approx(5) and perfect.lo is not None and perfect.lo > 4.4


def test_the_estimate_says_n_unit_method_and_what_is_missing() -> None:
    found = betting_interval([4, None, 5, float("nan")], 1, 5, 0.9, "question")
    assert (found.value, found.n, found.unit, found.confidence) == (4.5, 2, "question", 0.9)
    assert found.failures == {"missing": 2}
    assert found.method == "mean, betting confidence sequence over questions"
    nothing = betting_interval([None], 1, 5)
    assert (nothing.value, nothing.lo, nothing.n) == (None, None, 0)


def test_values_without_a_common_mean_leave_no_interval() -> None:
    found = betting_interval([1.0] * 60 + [5.0] * 400, 1, 5)
    assert (found.lo, found.hi) == (None, None)
    assert found.value == pytest.approx(4.478, abs=0.001)
    assert "do not share one mean" in found.method


@pytest.mark.parametrize(
    ("sample", "truth"),
    [
        (lambda rng: rng.choice([1.0, 5.0], 100, p=[0.3, 0.7]), 3.8),
        (lambda rng: rng.choice([1.0, 2.0, 3.0, 4.0, 5.0], 100, p=SKEWED), mean_of(SKEWED)),
        (lambda rng: 1 + 4 * rng.beta(8, 1, 100), 1 + 4 * 8 / 9),
    ],
    ids=["two values", "skewed scores", "continuous"],
)
def test_the_mean_stays_inside_at_every_look(sample: Callable[[np.random.Generator], Array], truth: float) -> None:
    rng, lost = np.random.default_rng(11), 0
    for _ in range(200):
        found = betting_interval(sample(rng), 1, 5)  # the intersection of 100 intervals
        lost += found.lo is None or found.hi is None or not found.lo <= truth <= found.hi
    assert lost <= 19  # 5 % of 200 and three standard errors more


def test_looking_again_and_again_is_what_the_t_interval_cannot_bear() -> None:
    from personarium.stats import mean_interval

    lost = 0
    for seed in range(100):
        values = draw(SKEWED, 100, seed)
        looks = [mean_interval(values[:n], "item") for n in range(5, 101, 5)]
        lost += not all((e.lo or 0) <= mean_of(SKEWED) <= (e.hi or 0) for e in looks)
    assert lost > 25


@pytest.mark.parametrize("shares", [SKEWED, BAD, TORN], ids=["skewed", "bad", "torn"])
def test_at_the_threshold_false_decisions_stay_below_the_error(shares: list[float]) -> None:
    sides = [decide(draw(shares, 120, seed), mean_of(shares), 1, 5).side for seed in range(300)]
    # At the threshold "above" and "below" each have error 5 %; to 300 runs belong three standard errors of 1.3 points.
    assert sides.count("above") <= 26
    assert sides.count("below") <= 26


def test_far_from_the_threshold_few_scores_decide_and_they_decide_rightly() -> None:
    good = [decide(draw([0.01, 0.01, 0.02, 0.09, 0.87], 60, seed), 4.2, 1, 5) for seed in range(200)]
    assert [d.side for d in good].count("above") >= 194
    assert not any(d.side == "below" for d in good)
    assert np.median([d.at for d in good if d.at is not None]) <= 30
    bad = [decide(draw(BAD, 60, seed), 4.2, 1, 5) for seed in range(200)]
    assert [d.side for d in bad].count("below") >= 180
    assert not any(d.side == "above" for d in bad)


def test_on_scores_that_are_torn_the_grid_of_bets_decides_sooner_than_the_plug_in_bet() -> None:
    torn, level = [0.3, 0.07, 0.03, 0.13, 0.47], math.log(1 / 0.05)
    threshold = mean_of(torn) - 0.6
    grid = plug_in = 0
    for seed in range(60):
        values = ((draw(torn, 150, seed) - 1) / 4).tolist()
        grid += max(log_capital(values, (threshold - 1) / 4, +1)) >= level
        plug_in += max(log_plug_in(values, (threshold - 1) / 4, level, +1)) >= level
    assert grid >= plug_in + 6


def test_a_decision_and_its_interval_say_the_same() -> None:
    for seed in range(60):
        found = decide(draw(SKEWED, 80, seed), 4.2, 1, 5, 0.95)
        assert found.interval.confidence == pytest.approx(0.9)
        assert found.interval.lo is not None and found.interval.hi is not None
        assert (found.side == "above") == (found.interval.lo >= 4.2)
        assert (found.side == "below") == (found.interval.hi <= 4.2)


def test_what_comes_later_does_not_take_a_decision_back() -> None:
    found = decide([5.0] * 40 + [1.0] * 20, 4.2, 1, 5)
    assert (found.side, found.at) == ("above", decide([5.0] * 40, 4.2, 1, 5).at)


def test_more_items_is_what_then_decides() -> None:
    seen = [5.0, 5.0, 4.0, 5.0, 3.0, 5.0, 5.0, 5.0, 4.0, 5.0]
    needed = more_items(seen, 4.0, 1, 5)
    assert needed is not None and 5 <= needed <= 60
    assert needed == more_items(seen, 4.0, 1, 5)  # deterministic
    half = more_items(seen, 4.0, 1, 5, share=0.5)
    assert half is not None and half <= needed
    rng = np.random.default_rng(5)
    decided = [decide([*seen, *rng.choice(seen, needed)], 4.0, 1, 5).side == "above" for _ in range(200)]
    assert 140 <= sum(decided) <= 180  # four of five, and the noise of 200 runs


def test_more_items_has_an_end() -> None:
    assert more_items([5.0, 3.0, 4.0, 4.0], 4.0, 1, 5) is None  # at the threshold nothing decides
    assert more_items([5.0] * 40, 4.0, 1, 5) == 0
    assert more_items([None], 4.0, 1, 5) is None
    assert more_items([5.0, 5.0], 4.0, 1, 5, most=3) is None


@pytest.mark.parametrize(
    ("values", "threshold", "confidence", "named"),
    [
        ([4.0, 5.5], 4.2, 0.95, "values"),
        ([0.0], 4.2, 0.95, "values"),
        ([4.0], 5.0, 0.95, "threshold"),
        ([4.0], 1.0, 0.95, "threshold"),
        ([4.0], 4.2, 0.5, "confidence"),
        ([4.0], 4.2, 1.0, "confidence"),
        (["a"], 4.2, 0.95, "values"),
    ],
)
def test_bad_input_is_named(values: list[float], threshold: float, confidence: float, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        decide(values, threshold, 1, 5, confidence)
    with pytest.raises(InvalidInput, match=named):
        more_items(values, threshold, 1, 5, confidence)


def test_a_scale_without_length_is_refused() -> None:
    with pytest.raises(InvalidInput, match="lo < hi"):
        betting_interval([1.0], 1, 1)
    with pytest.raises(InvalidInput, match="confidence"):
        betting_interval([1.0], 0, 1, 1.5)
    with pytest.raises(InvalidInput, match="share"):
        more_items([4.0], 4.2, 1, 5, share=1.0)
    with pytest.raises(InvalidInput, match="at least 1"):
        more_items([4.0], 4.2, 1, 5, most=0)
