"""Means and shares of weighted answers, several of which may come from one person; linearised intervals over persons.

Source: standard survey statistics: the weighted mean as a ratio of sums, its variance by linearisation over clusters; the
share's interval after Wilson (1927) on the effective sample size (Kish 1965).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, Numbers, checked_share, group_codes, missing_counts, numbers
from personarium.stats.intervals import wilson

Groups = Sequence[Hashable] | NDArray[Any] | None


def weighted_mean(
    values: Numbers,
    weights: Numbers | None = None,
    groups: Groups = None,
    unit: str = "person",
    confidence: float = 0.95,
) -> Estimate:
    """Weighted mean with a t interval over the groups; equal weights and no groups give :func:`mean_interval`'s.

    Args:
        values: Numbers; None is missing and counted.
        weights: How much each counts; all alike without.
        groups: One label a value: values of one label are not independent.
        unit: What a group is.
        confidence: Coverage.

    Returns:
        ``n`` counts the groups; fewer than two have no interval.
    """
    from scipy import stats

    checked_share(confidence, "confidence")
    sums, totals, missing = _ratio_parts(values, weights, groups)
    text, failures = f"weighted mean, linearised t interval over {unit}s", missing_counts(missing)
    if weights is None:
        text = text.removeprefix("weighted ")
    n = int(totals.size)
    if n == 0:
        return Estimate(None, None, None, 0, unit, text, confidence, failures)
    mean = float(sums.sum() / totals.sum())
    if n == 1:
        return Estimate(mean, None, None, 1, unit, text, confidence, failures)
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * math.sqrt(_variance(sums, totals, mean) * n / (n - 1))
    return Estimate(mean, mean - half, mean + half, n, unit, text, confidence, failures)


def weighted_share(
    hits: Numbers,
    weights: Numbers | None = None,
    groups: Groups = None,
    unit: str = "person",
    confidence: float = 0.95,
) -> Estimate:
    """Weighted share of hits (1, else 0) with the Wilson interval on the effective sample size.

    Arguments as for :func:`weighted_mean`. Equal weights and no groups give the plain Wilson interval. Where all or none
    hit, nothing tells how alike the answers of one group are, and the effective size is that of the weights.
    """
    sums, totals, missing = _ratio_parts(hits, weights, groups)
    n = int(totals.size)
    if n == 0:
        return replace(wilson(0, 0, unit, confidence, missing), method="share, Wilson interval on the effective size")
    share = min(1.0, max(0.0, float(sums.sum() / totals.sum())))
    variance = _variance(sums, totals, share)
    inside = variance > 0 and 0 < share < 1
    effective = share * (1 - share) / variance if inside else float(totals.sum() ** 2 / (totals**2).sum())
    size = max(1, int(effective + 1e-6))
    found = wilson(share * size, size, unit, confidence, missing)
    return replace(found, value=share, n=n, method="share, Wilson interval on the effective size")


def _ratio_parts(values: Numbers, weights: Numbers | None, groups: Groups) -> tuple[Array, Array, int]:
    """Sum of weight x value and sum of weights of each group that has a value, and how many values are missing."""
    array = numbers(values)
    weight = np.ones(array.size) if weights is None else checked_weights(weights, array.size)
    codes = np.arange(array.size) if groups is None else group_codes(groups, array.size)
    kept = ~np.isnan(array)
    sums = np.bincount(codes[kept], weights=(array * weight)[kept]).astype(np.float64)
    totals = np.bincount(codes[kept], weights=weight[kept]).astype(np.float64)
    return sums[totals > 0], totals[totals > 0], int(array.size - kept.sum())


def _variance(sums: Array, totals: Array, mean: float) -> float:
    return float(((sums - mean * totals) ** 2).sum() / totals.sum() ** 2)


def checked_weights(weights: Numbers, n: int, where: str = "weights") -> Array:
    """Weights as numbers above 0, one for each of ``n`` values.

    Raises:
        InvalidInput: Otherwise.
    """
    found = numbers(weights, where)
    if found.size != n or np.isnan(found).any() or (found <= 0).any():
        raise InvalidInput(where, f"{n} numbers above 0", found.tolist())
    return found
