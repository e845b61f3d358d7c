"""Kernels of one-dimensional data as thin factors A with K = A A', so that a test takes time in proportion to the rows.

Source: pivoted Cholesky: Fine and Scheinberg (2001), Bach and Jordan (2002); the median distance as on the personax page.
"""

from __future__ import annotations

import math

import numpy as np

from personarium.core.errors import InvalidInput
from personarium.stats.arrays import Array

_FACTOR_ERROR = 1e-12  # of an entry of the kernel
_MAX_RANK = 2_000  # of a kernel; one-dimensional data need some 30, far outliers one each


def median_distance(values: Array) -> float:
    """The median distance over pairs i < j; where that is 0, the mean of the distances that are not.

    Found by bisection over the sorted values, so nine thousand rows need no forty million distances.
    """
    ordered = np.sort(values)
    pairs = ordered.size * (ordered.size - 1) // 2
    if not pairs:
        return 0.0
    middle = (_distance_of_rank(ordered, (pairs - 1) // 2) + _distance_of_rank(ordered, pairs // 2)) / 2
    return middle or _mean_positive_distance(ordered)


def _distance_of_rank(ordered: Array, rank: int) -> float:
    """The distance that has exactly ``rank`` others before it in ascending order."""
    lo, hi = 0.0, float(ordered[-1] - ordered[0])
    if _distances_up_to(ordered, 0.0) > rank:
        return 0.0
    while lo < (middle := (lo + hi) / 2) < hi:
        if _distances_up_to(ordered, middle) > rank:
            hi = middle
        else:
            lo = middle
    # ordered + hi may have lost its last bit, so the nearest distance that exists is the one.
    place = np.searchsorted(ordered, ordered + hi)
    near = [np.abs(ordered[np.clip(place + step, 0, ordered.size - 1)] - ordered) for step in (-1, 0)]
    found = np.concatenate(near)
    return float(found[np.argmin(np.abs(found - hi))])


def _distances_up_to(ordered: Array, limit: float) -> int:
    """How many pairs lie at most so far apart."""
    ends = np.searchsorted(ordered, ordered + limit, side="right")
    return int((ends - np.arange(1, ordered.size + 1)).sum())


def _mean_positive_distance(ordered: Array) -> float:
    weights = 2 * np.arange(ordered.size) - ordered.size + 1
    levels, counts = np.unique(ordered, return_counts=True)
    pairs = ordered.size * (ordered.size - 1) / 2 - float((counts * (counts - 1) / 2).sum())
    return float(weights @ ordered) / pairs if levels.size > 1 else 0.0


def gaussian_factor(levels: Array, width: float) -> Array:
    """Pivoted Cholesky of exp(-d^2 / (2 width^2)); what is left of the diagonal bounds the error of every entry."""
    left = np.ones(levels.size)
    columns = np.zeros((levels.size, min(levels.size, _MAX_RANK)), order="F")
    for k in range(columns.shape[1]):
        pivot = int(np.argmax(left))
        if left[pivot] < _FACTOR_ERROR:
            return columns[:, :k]
        with np.errstate(over="ignore", under="ignore"):  # so far apart that the kernel is 0
            kernel = np.exp(-0.5 * ((levels - levels[pivot]) / width) ** 2)
        column = kernel - columns[:, :k] @ columns[pivot, :k]
        columns[:, k] = column / math.sqrt(left[pivot])
        left = np.maximum(left - columns[:, k] ** 2, 0.0)
    if float(left.max()) >= 1e-6:
        raise InvalidInput(
            "variable", f"values whose kernel has a rank of at most {_MAX_RANK}", f"{levels.size} values"
        )
    return columns


def centred(factor: Array) -> Array:
    return np.asarray(factor - factor.mean(axis=0))


def cross(a: Array, b: Array) -> float:
    """trace(K H L H) of the kernels with these factors (at least b centred)."""
    return float(((a.T @ b) ** 2).sum())
