"""Intervals that hold at every moment: look after each value, stop when you like, and the error stays what it was.

An ordinary interval is for one look at a sample whose size was fixed beforehand; looking again and again until it says
something makes it wrong far more often than it claims. A confidence sequence holds at all sample sizes at once.

The sequence here bets against each candidate mean m: a gambler who starts with 1 and stakes on values above m (or below m)
cannot expect to gain if m is the mean, so a fortune of 1 / error speaks against m, whenever it is reached (Ville).

Source: Waudby-Smith and Ramdas (2023), *Estimating means of bounded random variables by betting*, arXiv 2010.09686: the
hedged capital of Theorem 3 (theta = 1/2) with the bets of hedged grid Kelly (hgKelly, 20 bets each way): the capital is
divided over a grid of constant bets instead of following one bet that is estimated as it goes. On scores from 1 to 5 the
estimated bet of Theorem 3 is often far too high, and decides later; tests/stats/test_sequential.py compares the two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, Numbers, checked_share, generator, missing_counts, present

Side = Literal["above", "below", "undecided"]

BETS = np.arange(1, 21) / 21  # shares of what would ruin the gambler; 20 of them as in the authors' experiments
_HALVINGS = 45  # of an interval of length 1: an end is exact to 3e-14
_CELLS = 2_000_000  # numbers held at once
_TINY = np.finfo(float).tiny


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a mean lies above or below a threshold.

    Args:
        side: ``above``, ``below`` or ``undecided``.
        interval: The mean of all values with the interval that belongs to the decision: each of its two ends holds
            with the decision's confidence c at all moments together, so that its own coverage is 2c - 1.
        at: After how many values it was decided; None when it is not.
    """

    side: Side
    interval: Estimate
    at: int | None = None


def betting_interval(
    values: Numbers, lo: float, hi: float, confidence: float = 0.95, unit: str = "item", name: str = "mean"
) -> Estimate:
    """Mean of bounded values with an interval that is right at every sample size at once.

    With probability ``confidence`` the mean lies in the intervals after 1, 2, 3, ... values, all of them; so one may look
    after every value and stop for any reason. The intervals are nested: a later one is never wider.

    Args:
        values: In the order in which they came, each drawn with the same mean given those before it; None or NaN is
            counted as missing.
        lo: The least possible value.
        hi: The greatest.
        confidence: Coverage of the whole sequence.
        unit: What one value is.
        name: How the method text begins.

    Returns:
        No value for an empty sample. Without ends when no mean is left, which happens with probability 1 - confidence
        at most if all values share one mean.

    Raises:
        InvalidInput: A value outside ``lo`` and ``hi``.
    """
    kept, missing = _kept(values, lo, hi)
    text, failures = f"{name}, betting confidence sequence over {unit}s", missing_counts(missing)
    level = _enough((1 - checked_share(confidence, "confidence")) / 2)
    if kept.size == 0:
        return Estimate(None, None, None, 0, unit, text, confidence, failures)
    x, mean = (kept - lo) / (hi - lo), float(kept.mean())
    low, high = _lower_end(x, level), 1 - _lower_end(1 - x, level)
    if low > high:
        text += " (empty: the values do not share one mean)"
        return Estimate(mean, None, None, int(kept.size), unit, text, confidence, failures)
    return Estimate(mean, _scaled(low, lo, hi), _scaled(high, lo, hi), int(kept.size), unit, text, confidence, failures)


def betting_path(values: Numbers, lo: float, hi: float, confidence: float = 0.95) -> tuple[Array, Array, Array]:
    """The interval after each value that is there: running means, lower ends, upper ends.

    Args:
        values: As for :func:`betting_interval`, which gives the last of these intervals.
        lo: The least possible value.
        hi: The greatest.
        confidence: Coverage of the whole sequence.
    """
    kept, _ = _kept(values, lo, hi)
    level = _enough((1 - checked_share(confidence, "confidence")) / 2)
    x = (kept - lo) / (hi - lo)
    low, high = _lower_ends(x, level), 1 - _lower_ends(1 - x, level)
    return np.cumsum(kept) / np.arange(1, kept.size + 1), lo + (hi - lo) * low, lo + (hi - lo) * high


def decide(
    values: Numbers, threshold: float, lo: float, hi: float, confidence: float = 0.95, unit: str = "item"
) -> Decision:
    """Say on which side of a threshold the mean lies, as soon as the values show it.

    Two one-sided tests, each with error 1 - confidence over all moments together. Whatever the rule that stops asking::

        P(above | mean < threshold) <= 1 - confidence
        P(below | mean >= threshold) <= 1 - confidence

    Args:
        values: As for :func:`betting_interval`.
        threshold: Strictly between ``lo`` and ``hi``.
        lo: The least possible value.
        hi: The greatest.
        confidence: Of each of the two statements; above 1/2.
        unit: What one value is.

    Returns:
        The first decision that the values allow; what comes after it cannot take it back.
    """
    side, at = first_side(values, threshold, lo, hi, confidence)
    return Decision(side, betting_interval(values, lo, hi, round(2 * confidence - 1, 12), unit), at)


def first_side(
    values: Numbers, threshold: float, lo: float, hi: float, confidence: float = 0.95
) -> tuple[Side, int | None]:
    """The decision of :func:`decide` alone, without the interval, which takes most of the work."""
    _check_decision(threshold, lo, hi, confidence)
    kept, _ = _kept(values, lo, hi)
    return _first_side((kept - lo) / (hi - lo), (threshold - lo) / (hi - lo), _enough(1 - confidence))


def more_items(
    values: Numbers,
    threshold: float,
    lo: float,
    hi: float,
    confidence: float = 0.95,
    share: float = 0.8,
    most: int = 1_000,
    continuations: int = 200,
    seed: int | np.random.Generator = 0,
) -> int | None:
    """How many further values would decide, if they came like the ones seen.

    Continues the values with draws from themselves, many times, and counts how many further draws each continuation
    needs. What was seen is itself a sample: near the threshold the true number can be far from this one.

    Args:
        values: What was seen so far.
        threshold: As for :func:`decide`.
        lo: The least possible value.
        hi: The greatest.
        confidence: As for :func:`decide`.
        share: The number is enough for this share of the continuations; 0.5 gives their median.
        most: The longest continuation tried.
        continuations: How many.
        seed: Seed or generator.

    Returns:
        0 when it is decided already; None when more than ``most`` would be needed, or nothing was seen.
    """
    _check_decision(threshold, lo, hi, confidence)
    checked_share(share, "share")
    if most < 1 or continuations < 1:
        raise InvalidInput("most, continuations", "at least 1", (most, continuations))
    kept, _ = _kept(values, lo, hi)
    if kept.size == 0:
        return None
    x, m, level = (kept - lo) / (hi - lo), (threshold - lo) / (hi - lo), _enough(1 - confidence)
    if _first_side(x, m, level)[1] is not None:
        return 0
    drawn = generator(seed).choice(x, (continuations, most))
    paths = np.concatenate([np.broadcast_to(x, (continuations, x.size)), drawn], axis=1)
    wanted = math.ceil(share * continuations) - 1
    for ahead in _horizons(most):
        needed = np.sort(_moments(paths[:, : x.size + ahead], m, level))[wanted] - x.size
        if needed <= ahead:
            return int(needed)
    return None


def _horizons(most: int) -> list[int]:
    """How far to look: short first, because most questions have a short answer."""
    return [ahead for ahead in (50, 250) if ahead < most] + [most]


# --- the bets ---


def _fortune(x: Array, m: float) -> Array:
    """The fortune of one who stakes on values above ``m``, after each value (last axis).

    Every bet has its own purse. Each purse, and so their mean, falls with ``m``: the candidates that it speaks against
    are all those up to a point.
    """
    values, place = np.unique(x, return_inverse=True)
    growth = np.log1p(BETS * (values[:, None] / max(m, _TINY) - 1))[place.reshape(x.shape)]
    return _mean_purse(np.cumsum(growth, axis=-2))


def _mean_purse(logs: Array) -> Array:
    """Mean of the purses given as logarithms; one too large for a number is infinite, which is large enough."""
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(logs).mean(axis=-1))


def _lower_end(x: Array, level: float) -> float:
    """The greatest m that the fortune has spoken against at any moment; 0 where there is none.

    By symmetry the upper end is 1 minus that of the values 1 - x.
    """
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if (_fortune(x, middle) >= level).any() else (low, middle)
    return low  # of the two ends the one that is spoken against: the interval errs to the wide side


def _lower_ends(x: Array, level: float) -> Array:
    """The same after each value. A fortune depends on how often each value came, not on the order."""
    values, place = np.unique(x, return_inverse=True)
    counts = np.cumsum(place[:, None] == np.arange(values.size), axis=0)
    step = max(1, _CELLS // max(1, values.size * BETS.size))
    found = np.zeros(x.size)
    for start in range(0, x.size, step):
        found[start : start + step] = _ends_of_counts(values, counts[start : start + step], level)
    return np.maximum.accumulate(found)


def _ends_of_counts(values: Array, counts: NDArray[np.int64], level: float) -> Array:
    low, high = np.zeros(len(counts)), np.ones(len(counts))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        gains = BETS[:, None] * (values / np.maximum(middle, _TINY)[:, None, None] - 1)
        against = _mean_purse(np.einsum("tbv,tv->tb", np.log1p(gains), counts)) >= level
        low, high = np.where(against, middle, low), np.where(against, high, middle)
    return low


def _crossings(x: Array, m: float, level: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the fortune of above, and that of below, has reached the level."""
    return _fortune(x, m) >= level, _fortune(1 - x, 1 - m) >= level


def _first_side(x: Array, m: float, level: float) -> tuple[Side, int | None]:
    above, below = _crossings(x, m, level)
    either = above | below
    if not either.any():
        return "undecided", None
    at = int(np.argmax(either))
    return ("above" if above[at] else "below"), at + 1


def _moments(paths: Array, m: float, level: float) -> NDArray[np.int64]:
    """After how many values each path is decided; one more than its length where it is not."""
    step = max(1, _CELLS // (paths.shape[1] * BETS.size))
    found = []
    for start in range(0, len(paths), step):
        above, below = _crossings(paths[start : start + step], m, level)
        either = above | below
        found.append(np.where(either.any(axis=1), np.argmax(either, axis=1) + 1, paths.shape[1] + 1))
    return np.concatenate(found)


# --- input ---


def _kept(values: Numbers, lo: float, hi: float) -> tuple[Array, int]:
    if not (math.isfinite(lo) and math.isfinite(hi) and lo < hi):
        raise InvalidInput("lo and hi", "finite numbers with lo < hi", (lo, hi))
    kept, missing = present(values)
    outside = kept[(kept < lo) | (kept > hi)]
    if outside.size:
        raise InvalidInput("values", f"numbers from {lo:g} to {hi:g}", float(outside[0]))
    return kept, missing


def _check_decision(threshold: float, lo: float, hi: float, confidence: float) -> None:
    if not lo < threshold < hi:
        raise InvalidInput("threshold", f"a number strictly between {lo:g} and {hi:g}", threshold)
    if not 0.5 < confidence < 1:
        raise InvalidInput("confidence", "a number strictly between 0.5 and 1", confidence)


def _enough(error: float) -> float:
    """The fortune that speaks against a candidate at this error."""
    return 1 / error


def _scaled(share: float, lo: float, hi: float) -> float:
    return lo + (hi - lo) * share
