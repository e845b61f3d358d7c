"""Does stated confidence mean anything? Calibration (Brier, ECE, MCE, reliability curve) beside resolution (AUROC, AUPRC).

All take stated probabilities and 0/1 outcomes, None where one is missing (left out and counted), and ``groups``, the unit of
analysis: items of one label are drawn together, and ``n`` counts the labels. What is not defined (no items; one class only)
has no value and a reason. Selective accuracy is in :mod:`personarium.stats.selective`, calibrators that are fitted on one part
and applied to another in :mod:`personarium.stats.calibrators`.

Source: Brier (1950); Murphy (1973) and Stephenson et al. (2008) for the parts of the Brier score; Guo et al. (2017) for ECE and
MCE; worked figures in methods/reward-calibration.md (4), persona-paradox.md (bins closed on the left), personaeval.md (1, 2, 4, 5)
and personalized-judge.md (4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personarium.core.results import Estimate
from personarium.stats.arrays import Array, Numbers, missing_counts, numbers
from personarium.stats.forecasts import DRAWS, Bins, Forecasts, Groups, Weighed, read_forecasts, weighed
from personarium.stats.weighted import weighted_mean, weighted_share

TEN = Bins()


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bin of stated confidence beside how often it was right.

    Args:
        lo: Lower edge (for bins of equal mass and for single values: the least confidence stated in it).
        hi: Upper edge.
        n: Items in it.
        mean_confidence: Mean stated confidence; None in an empty bin.
        accuracy: Share right with its Wilson interval; without value in an empty bin.
    """

    lo: float
    hi: float
    n: int
    mean_confidence: float | None
    accuracy: Estimate


@dataclass(frozen=True, slots=True)
class BrierParts:
    """The Brier score in parts: ``brier = reliability - resolution + uncertainty + within``.

    Args:
        brier: The score, 0 best.
        reliability: Squared gap of stated and true, bin by bin; 0 is calibrated.
        resolution: How much the bins differ in how often they are right; 0 tells nothing apart.
        uncertainty: Variance of the outcomes, which no forecaster can change.
        within: What bins hide: variance of the confidences inside minus twice their covariance with the outcomes; 0 where
            a bin is one stated value.
    """

    brier: Estimate
    reliability: Estimate
    resolution: Estimate
    uncertainty: Estimate
    within: Estimate


def brier_score(
    confidences: Numbers, outcomes: Numbers, unit: str = "item", groups: Groups = None, confidence: float = 0.95
) -> Estimate:
    """Mean squared difference of stated probability and outcome (0 best, .25 for always .5), t interval over units.

    A judge that spreads its probability over options is scored by giving all (item, option) pairs with the item as group;
    this is the mean over pairs, so it is divided by the number of options too.

    Args:
        confidences: Probabilities 0..1; None is missing.
        outcomes: 0 or 1.
        unit: What is independent.
        groups: One label an item.
        confidence: Coverage.
    """
    read_forecasts(confidences, outcomes)
    squares = (numbers(confidences) - numbers(outcomes)) ** 2
    found = weighted_mean(squares, None, groups, unit, confidence)
    lo, hi = (None if end is None else min(1.0, max(0.0, end)) for end in (found.lo, found.hi))
    return replace(found, lo=lo, hi=hi, method=found.method.replace("mean", "Brier score", 1))


def brier_parts(
    confidences: Numbers,
    outcomes: Numbers,
    bins: Bins | int | None = None,
    unit: str = "item",
    groups: Groups = None,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> BrierParts:
    """Murphy's parts of the Brier score, with bootstrap intervals.

    Args:
        confidences: Probabilities 0..1; None is missing.
        outcomes: 0 or 1.
        bins: How confidences are put together; None takes every stated value for itself, and then ``within`` is 0.
        unit: What is independent.
        groups: One label an item.
        confidence: Coverage.
        draws: Bootstrap samples.
        seed: Bootstrap seed.
    """
    found = read_forecasts(confidences, outcomes, groups)
    rule = Bins(by="value") if bins is None else _rule(bins)
    starts = _bin_starts(found, rule)

    def part(name: str) -> Estimate:
        def figure(weights: Array) -> Array:
            return _murphy(found, starts, weights)[name]

        return weighed(found, figure, f"{name} of the Brier score, {rule}", unit, confidence, draws, seed)

    score = brier_score(confidences, outcomes, unit, groups, confidence)
    return BrierParts(score, part("reliability"), part("resolution"), part("uncertainty"), part("within"))


def expected_calibration_error(
    confidences: Numbers,
    outcomes: Numbers,
    bins: Bins | int = TEN,
    unit: str = "item",
    groups: Groups = None,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """ECE: the gap of mean confidence and share right, bin by bin, weighed by the items of the bin; 0 best.

    It is biased upwards, more so with few items a bin, and its bootstrap draws are too: read it beside
    :func:`calibrated_error`, what a calibrated forecaster would show on the same confidences. Bins of equal mass are laid
    once, not anew in each bootstrap sample.

    Args:
        confidences: Probabilities 0..1; None is missing.
        outcomes: 0 or 1.
        bins: How confidences are put together; a number means so many of equal width.
        unit: What is independent.
        groups: One label an item.
        confidence: Coverage.
        draws: Bootstrap samples.
        seed: Bootstrap seed.
    """
    found, rule = read_forecasts(confidences, outcomes, groups), _rule(bins)
    return weighed(found, _ece(found, rule), f"ECE, {rule}", unit, confidence, draws, seed)


def maximum_calibration_error(
    confidences: Numbers,
    outcomes: Numbers,
    bins: Bins | int = TEN,
    unit: str = "item",
    groups: Groups = None,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """MCE: the largest gap of any bin that holds an item. Arguments as for :func:`expected_calibration_error`."""
    found, rule = read_forecasts(confidences, outcomes, groups), _rule(bins)
    starts = _bin_starts(found, rule)

    def figure(weights: Array) -> Array:
        held, gaps = _sums(weights, starts), _sums(weights * (found.p - found.y), starts)
        return np.asarray((np.abs(gaps) / np.where(held > 0, held, 1)).max(axis=1))

    return weighed(found, figure, f"MCE, {rule}", unit, confidence, draws, seed)


def calibrated_error(
    confidences: Numbers, bins: Bins | int = TEN, confidence: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Estimate:
    """The ECE that a perfectly calibrated forecaster would show with these very confidences: the floor of an ECE.

    Args:
        confidences: Probabilities 0..1; None is missing.
        bins: As for the ECE it is set beside.
        confidence: Share of calibrated forecasters whose ECE lies between ``lo`` and ``hi``.
        draws: Simulated forecasters; their outcomes are drawn independently.
        seed: Seed.
    """
    found, rule = read_forecasts(confidences, np.zeros(len(confidences))), _rule(bins)
    failures = missing_counts(found.missing)
    text = f"ECE of a calibrated forecaster, {rule}, {draws} simulations"
    if found.items == 0:
        return Estimate(None, None, None, 0, "item", text, confidence, failures)
    counts, rng = found.counts.astype(np.int64), np.random.default_rng(seed)
    right = rng.binomial(counts, found.p, size=(draws, counts.size))
    errors = np.abs(_sums(counts * found.p - right, _bin_starts(found, rule))).sum(axis=1) / found.items
    lo, hi = np.quantile(errors, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(float(errors.mean()), float(lo), float(hi), found.items, "item", text, confidence, failures)


def reliability_curve(
    confidences: Numbers,
    outcomes: Numbers,
    bins: Bins | int = TEN,
    unit: str = "item",
    groups: Groups = None,
    confidence: float = 0.95,
) -> tuple[ReliabilityBin, ...]:
    """Share right in each bin of stated confidence with its interval, lowest first.

    Bins of equal width are all there, empty ones with n = 0; of the others only those that hold items.
    """
    found, rule = read_forecasts(confidences, outcomes, groups), _rule(bins)
    index = rule.of(found.p, found.counts)
    of_item = index[found.cell]
    codes = np.arange(found.items) if found.code is None else found.code
    wanted = range(rule.count) if rule.by == "width" else sorted(set(index.tolist()))

    def one(k: int) -> ReliabilityBin:
        held = of_item == k
        p, y = found.p[found.cell[held]], found.y[found.cell[held]]
        lo, hi = (k / rule.count, (k + 1) / rule.count) if rule.by == "width" else (float(p.min()), float(p.max()))
        mean = float(p.mean()) if p.size else None
        return ReliabilityBin(lo, hi, int(p.size), mean, weighted_share(y, None, codes[held], unit, confidence))

    return tuple(one(k) for k in wanted)


def auroc(
    confidences: Numbers,
    outcomes: Numbers,
    unit: str = "item",
    groups: Groups = None,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Chance that a right item was stated with more confidence than a wrong one, ties half; .5 tells nothing apart.

    No value where all items are right or all are wrong. Arguments as for :func:`expected_calibration_error`.
    """
    found = read_forecasts(confidences, outcomes, groups)

    def figure(weights: Array) -> Array:
        right, wrong = _by_confidence(found, weights)
        below = np.cumsum(wrong, axis=1) - wrong / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((right * below).sum(axis=1) / (right.sum(axis=1) * wrong.sum(axis=1)))

    why = _one_class(found)
    return weighed(found, figure, "AUROC, ties half", unit, confidence, draws, seed, undefined=why)


def auprc(
    confidences: Numbers,
    outcomes: Numbers,
    positive: int = 1,
    unit: str = "item",
    groups: Groups = None,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Average precision: how pure the most confident items are; equal confidences come in together.

    Args:
        confidences: Probabilities 0..1; None is missing.
        outcomes: 0 or 1.
        positive: The class to be found: 1 finds right items by confidence, 0 wrong items by lack of it.
        unit: What is independent.
        groups: One label an item.
        confidence: Coverage.
        draws: Bootstrap samples.
        seed: Bootstrap seed.

    Returns:
        No value where nothing is of the class. The share of the class is what a coin would reach.
    """
    found = read_forecasts(confidences, outcomes, groups)

    def figure(weights: Array) -> Array:
        right, wrong = _by_confidence(found, weights)
        hit, miss = (right[:, ::-1], wrong[:, ::-1]) if positive else (wrong, right)
        hits, seen = np.cumsum(hit, axis=1), np.cumsum(hit + miss, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = hits / np.where(seen > 0, seen, 1)
            return np.asarray((hit * precision).sum(axis=1) / hits[:, -1])

    name = f"average precision of {'right' if positive else 'wrong'} items"
    return weighed(found, figure, name, unit, confidence, draws, seed, undefined=_one_class(found))


def _rule(bins: Bins | int) -> Bins:
    return Bins(bins) if isinstance(bins, int) else bins


def _bin_starts(found: Forecasts, rule: Bins) -> NDArray[np.int64]:
    """Where each bin that holds items begins among the pairs, which are in the order of their confidence."""
    return np.flatnonzero(np.diff(rule.of(found.p, found.counts), prepend=-1))


def _sums(columns: Array, starts: NDArray[np.int64]) -> Array:
    """Sums of runs of columns, for every row."""
    return np.asarray(np.add.reduceat(columns, starts, axis=1), dtype=np.float64)


def _ece(found: Forecasts, rule: Bins) -> Weighed:
    """Sum over bins of (n_b / n) |accuracy_b - confidence_b|, which is |sum of the gaps in the bin| / n."""
    starts, gaps = _bin_starts(found, rule), found.p - found.y
    return lambda weights: np.asarray(
        np.abs(_sums(weights * gaps, starts)).sum(axis=1) / weights.sum(axis=1), dtype=np.float64
    )


def _murphy(found: Forecasts, starts: NDArray[np.int64], weights: Array) -> dict[str, Array]:
    total, held = weights.sum(axis=1), _sums(weights, starts)
    safe = np.where(held > 0, held, 1)
    stated, true = _sums(weights * found.p, starts) / safe, _sums(weights * found.y, starts) / safe
    base = (weights @ found.y) / total
    reliability = (held * (stated - true) ** 2).sum(axis=1) / total
    resolution = (held * (true - base[:, None]) ** 2).sum(axis=1) / total
    uncertainty = base * (1 - base)
    score = weights @ ((found.p - found.y) ** 2) / total
    within = score - reliability + resolution - uncertainty
    return {"reliability": reliability, "resolution": resolution, "uncertainty": uncertainty, "within": within}


def _by_confidence(found: Forecasts, weights: Array) -> tuple[Array, Array]:
    """Weight of right and of wrong items at each distinct confidence, ascending."""
    return _sums(weights * found.y, found.starts), _sums(weights * (1 - found.y), found.starts)


def _one_class(found: Forecasts) -> str:
    return "every item is right" if found.y.size and found.y.min() == 1 else "every item is wrong"
