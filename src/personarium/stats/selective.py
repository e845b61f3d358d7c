"""Answering only when sure enough: accuracy against coverage, and the area under the risk-coverage curve.

Source: Geifman and El-Yaniv (2017) for risk and coverage; worked figures in methods/personalized-judge.md (worked example, 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, Numbers
from personarium.stats.forecasts import DRAWS, Groups, read_forecasts, weighed
from personarium.stats.weighted import weighted_share


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """What is left when only answers of at least ``threshold`` are kept.

    Args:
        threshold: Least confidence that is kept.
        kept: Items kept.
        right: Right ones among them.
        coverage: Share of the items that have a confidence and an outcome; None without any.
        accuracy: Share right of those kept, Wilson interval; without value where nothing is kept.
    """

    threshold: float
    kept: int
    right: int
    coverage: float | None
    accuracy: Estimate


def coverage_curve(
    confidences: Numbers,
    outcomes: Numbers,
    thresholds: Sequence[float] | None = None,
    unit: str = "item",
    groups: Groups = None,
    confidence: float = 0.95,
) -> tuple[CoveragePoint, ...]:
    """Accuracy of what is kept at each threshold, lowest threshold (all items) first.

    Args:
        confidences: Probabilities 0..1; None is missing: it is kept at no threshold and counted in no coverage.
        outcomes: 0 or 1.
        thresholds: Confidences 0..1; every stated one without.
        unit: What is independent.
        groups: One label an item.
        confidence: Coverage of the intervals.
    """
    found = read_forecasts(confidences, outcomes, groups)
    wanted = np.unique(found.p if thresholds is None else np.asarray(thresholds, dtype=np.float64))
    p, y = found.p[found.cell], found.y[found.cell]
    codes = np.arange(found.items) if found.code is None else found.code

    def at(threshold: float) -> CoveragePoint:
        kept = p >= threshold - 1e-12  # a stated .8 reaches .8 whatever its last bit
        share = float(kept.mean()) if p.size else None
        accuracy = weighted_share(y[kept], None, codes[kept], unit, confidence)
        return CoveragePoint(threshold, int(kept.sum()), int(y[kept].sum()), share, accuracy)

    return tuple(at(float(threshold)) for threshold in wanted)


def risk_coverage_area(
    confidences: Numbers,
    outcomes: Numbers,
    unit: str = "item",
    groups: Groups = None,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """AURC: the share wrong among the k most confident items, averaged over k = 1..n; 0 best.

    Items of equal confidence come in random order, and the value is the expectation over it: a confidence that is always the
    same gives exactly the share wrong. The area under accuracy against coverage is 1 minus this. The best that any order
    could reach is :func:`best_risk_coverage_area`.

    Args:
        confidences: Probabilities 0..1; None is missing.
        outcomes: 0 or 1.
        unit: What is independent.
        groups: One label an item.
        confidence: Coverage.
        draws: Bootstrap samples.
        seed: Bootstrap seed.
    """
    found = read_forecasts(confidences, outcomes, groups)

    def figure(weights: Array) -> Array:
        starts = found.starts
        wrong = np.add.reduceat(weights * (1 - found.y), starts, axis=1)[:, ::-1]
        held = np.add.reduceat(weights, starts, axis=1)[:, ::-1]
        return _area(wrong, held)

    return weighed(
        found, figure, "area under risk against coverage, ties in expectation", unit, confidence, draws, seed
    )


def best_risk_coverage_area(wrong: int, n: int) -> float | None:
    """The least area that any order of ``n`` items with ``wrong`` wrong ones could have; None without items.

    Raises:
        InvalidInput: ``wrong`` is not within 0..n.
    """
    if not 0 <= wrong <= n:
        raise InvalidInput("wrong", f"a number from 0 to n = {n}", wrong)
    if n == 0:
        return None
    return float(_area(np.array([[0.0, wrong]]), np.array([[float(n - wrong), float(wrong)]]))[0])


def _area(wrong: Array, held: Array) -> Array:
    """Mean over k of the expected share wrong among the first k items; columns are ties, the most confident first.

    At the j-th of w tied items behind C others, of which E are wrong, the expected share is (E + e j / w) / (C + j). Summed over
    j this is e + (E - e C / w) (H(C + w) - H(C)), with harmonic numbers H.
    """
    before = np.cumsum(held, axis=1) - held
    failed = np.cumsum(wrong, axis=1) - wrong
    total = held.sum(axis=1)
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, int(total.max(initial=0)) + 1))])
    steps = harmonic[(before + held).astype(np.int64)] - harmonic[before.astype(np.int64)]
    share = wrong / np.where(held > 0, held, 1)
    return np.asarray((wrong + (failed - share * before) * steps).sum(axis=1) / total)
