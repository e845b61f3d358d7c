"""Correlations with intervals; constant input is "not defined" (no value), never 0.

Source: standard statistics; worked figures in methods/prometheus.md (2, 8) and methods/apc.md (6). Standard errors of
the transformed coefficients: Fisher (1921) for Pearson, Bonett and Wright (2000) for Spearman, Fieller, Hartley and
Pearson (1957) for Kendall.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, Numbers, checked_share, missing_counts, present_pairs
from personarium.stats.intervals import bootstrap

CorrelationInterval = Literal["fisher", "bootstrap"]


def pearson(
    x: Numbers,
    y: Numbers,
    unit: str = "item",
    confidence: float = 0.95,
    interval: CorrelationInterval = "fisher",
    draws: int = 2_000,
    seed: int = 0,
) -> Estimate:
    """Pearson's r over the complete pairs.

    Args:
        x: First variable; None is missing.
        y: Second variable, same order.
        unit: What a pair is.
        confidence: Coverage.
        interval: ``fisher`` (z transform) or ``bootstrap`` (percentile, pairs resampled).
        draws: Bootstrap samples.
        seed: Bootstrap seed.

    Returns:
        No value for constant input or fewer than two pairs; no Fisher interval for fewer than four or |r| = 1.
    """
    return _correlate("Pearson r", _pearson, lambda r, n: (1.0, n - 3), x, y, unit, confidence, interval, draws, seed)


def spearman(
    x: Numbers,
    y: Numbers,
    unit: str = "item",
    confidence: float = 0.95,
    interval: CorrelationInterval = "fisher",
    draws: int = 2_000,
    seed: int = 0,
) -> Estimate:
    """Spearman's rho with average ranks for ties; arguments and returns as for :func:`pearson`."""

    def spread(r: float, n: int) -> tuple[float, int]:
        return 1 + r * r / 2, n - 3

    return _correlate("Spearman rho", _spearman, spread, x, y, unit, confidence, interval, draws, seed)


def kendall_tau_b(
    x: Numbers,
    y: Numbers,
    unit: str = "item",
    confidence: float = 0.95,
    interval: CorrelationInterval = "fisher",
    draws: int = 2_000,
    seed: int = 0,
) -> Estimate:
    """Kendall's tau-b, which corrects for ties on both sides; arguments and returns as for :func:`pearson`."""
    return _correlate(
        "Kendall tau-b", _kendall, lambda r, n: (0.437, n - 4), x, y, unit, confidence, interval, draws, seed
    )


def _correlate(
    name: str,
    statistic: Callable[[Array, Array], float | None],
    spread: Callable[[float, int], tuple[float, int]],
    x: Numbers,
    y: Numbers,
    unit: str,
    confidence: float,
    interval: CorrelationInterval,
    draws: int,
    seed: int,
) -> Estimate:
    checked_share(confidence, "confidence")
    if interval not in ("fisher", "bootstrap"):
        raise InvalidInput("interval", "'fisher' or 'bootstrap'", interval)
    first, second, missing = present_pairs(x, y)
    failures, n = missing_counts(missing), first.size
    value = statistic(first, second)
    if value is None:
        why = "fewer than two pairs" if n < 2 else "constant input"
        return Estimate(None, None, None, n, unit, f"{name}, not defined: {why}", confidence, failures)
    if interval == "bootstrap":
        return bootstrap(
            (first, second),
            statistic,
            unit,
            draws=draws,
            seed=seed,
            confidence=confidence,
            name=name,
            failures=failures,
        )
    lo, hi = _fisher(value, *spread(value, n), confidence)
    return Estimate(value, lo, hi, n, unit, f"{name}, Fisher z interval", confidence, failures)


def _fisher(r: float, variance: float, df: int, confidence: float) -> tuple[float | None, float | None]:
    from scipy import stats

    if df < 1 or abs(r) >= 1:
        return None, None
    half = float(stats.norm.ppf((1 + confidence) / 2)) * math.sqrt(variance / df)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def _pearson(x: Array, y: Array) -> float | None:
    if x.size < 2 or _constant(x) or _constant(y):
        return None
    # scaled first, so that neither very small nor very large values under- or overflow when multiplied
    a, b = _centred(x), _centred(y)
    return min(1.0, max(-1.0, float(a @ b) / math.sqrt(float(a @ a) * float(b @ b))))


def _spearman(x: Array, y: Array) -> float | None:
    from scipy import stats

    if x.size < 2 or _constant(x) or _constant(y):
        return None
    return _pearson(stats.rankdata(x), stats.rankdata(y))


def _kendall(x: Array, y: Array) -> float | None:
    from scipy import stats

    if x.size < 2 or _constant(x) or _constant(y):
        return None
    return float(stats.kendalltau(x, y, variant="b").statistic)


def _centred(x: Array) -> Array:
    shifted = x / float(np.abs(x).max())
    shifted = shifted - shifted.mean()
    return np.asarray(shifted / float(np.abs(shifted).max()))


def _constant(x: Array) -> bool:
    """Equal but for rounding: 0.1 + 0.2 beside 0.3 is no variation."""
    return bool(np.ptp(x) <= 1e-14 * float(np.abs(x).max(initial=0.0)))
