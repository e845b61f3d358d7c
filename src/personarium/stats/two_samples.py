"""How far two unpaired samples of answers are apart, with weights and several answers a person; intervals by bootstrap.

The two samples are taken whole: they may differ in size, and row k of one has nothing to do with row k of the other.

Source: deeppersona page, step 13 and "Works when" 1. Units: KS from 0 to 1; Wasserstein and mean difference in the units of
the answers; Jensen-Shannon as a distance, natural logarithm, at most 0.8326.
Differs: the published script (erratum row-aligned) compares only as many rows as the shorter table has, see ``row_aligned``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personarium.core.results import Estimate
from personarium.stats.arrays import Array, Numbers, group_codes, missing_counts, numbers
from personarium.stats.distances import BINS, CLIP
from personarium.stats.intervals import bootstrap_limits
from personarium.stats.weighted import checked_weights

NUMERIC = ("ks", "wasserstein", "js_binned", "mean_difference")
NOMINAL = ("total_variation", "js")
DRAWS = 500
_CELLS = 4_000_000  # numbers held at once while drawing


@dataclass(frozen=True, slots=True)
class Sample:
    """One side of a comparison.

    Args:
        values: Numbers (None is missing), or labels for a nominal comparison.
        weights: One above 0 for each value; all alike without.
        groups: One label a value: which person gave it; each value a person of its own without.
    """

    values: Sequence[Any] | NDArray[Any]
    weights: Numbers | None = None
    groups: Sequence[Hashable] | None = None


def numeric_distances(
    x: Sample | Numbers,
    y: Sample | Numbers,
    *,
    row_aligned: bool = False,
    unit: str = "person",
    draws: int = DRAWS,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Estimate]:
    """KS statistic, Wasserstein-1, Jensen-Shannon distance over 19 equal bins, and absolute mean difference.

    Args:
        x: One sample.
        y: The other.
        row_aligned: The published fault: only the first ``min(len(x), len(y))`` rows of each side are looked at.
        unit: What is resampled: persons.
        draws: Bootstrap samples; 0 for no interval.
        seed: Of the bootstrap.
        confidence: Coverage.

    Returns:
        Name -> estimate; without value where a side is empty. ``n`` counts the persons of both sides.
    """
    first, second = _sample(x), _sample(y)
    if row_aligned:
        rows = min(len(first.values), len(second.values))
        first, second = _head(first, rows), _head(second, rows)
    return _compare(first, second, _numbers_of, _numeric, NUMERIC, unit, draws, seed, confidence)


def nominal_distances(
    x: Sample | Sequence[Any],
    y: Sample | Sequence[Any],
    *,
    unit: str = "person",
    draws: int = DRAWS,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Estimate]:
    """Total variation and Jensen-Shannon distance of the shares of labels; arguments as for :func:`numeric_distances`."""
    return _compare(_sample(x), _sample(y), _labels_of, _nominal, NOMINAL, unit, draws, seed, confidence)


Read = Callable[[Sample, Sample], tuple[Array, Array, Array]]
Measure = Callable[[Array, Array, Array], Array]


def _compare(
    x: Sample,
    y: Sample,
    read: Read,
    measure: Measure,
    names: Sequence[str],
    unit: str,
    draws: int,
    seed: int,
    confidence: float,
) -> dict[str, Estimate]:
    support, *columns = read(x, y)
    sides = [_Side(column, side, support.size) for column, side in zip(columns, (x, y), strict=True)]
    n, failures = sum(side.n for side in sides), missing_counts(sum(side.missing for side in sides))
    text = f"percentile bootstrap over {unit}s ({draws} draws), each side apart"
    if min(side.n for side in sides) == 0:
        return {name: Estimate(None, None, None, n, unit, f"{name}, {text}", confidence, failures) for name in names}
    point = measure(sides[0].shares()[None], sides[1].shares()[None], support)[:, 0]
    drawn = np.empty((len(names), 0))
    if draws and min(side.n for side in sides) > 1:
        rng = np.random.default_rng(seed)
        step = max(1, _CELLS // max(1, support.size))
        sizes = [min(step, draws - start) for start in range(0, draws, step)]
        drawn = np.hstack([measure(sides[0].draw(rng, k), sides[1].draw(rng, k), support) for k in sizes])
    estimates = {}
    for name, value, row in zip(names, point.tolist(), drawn, strict=True):
        lo, hi = bootstrap_limits(value, row, confidence, "percentile", np.empty(0))
        estimates[name] = Estimate(value, lo, hi, n, unit, f"{name}, {text}", confidence, failures)
    return estimates


class _Side:
    """One sample over the shared support: where each value stands in it, its weight and its person."""

    def __init__(self, places: Array, sample: Sample, size: int) -> None:
        kept = places >= 0
        self.size, self.missing = size, int((~kept).sum())
        self.places = places[kept].astype(np.int64)
        given = sample.weights
        weights = np.ones(kept.size) if given is None else checked_weights(given, kept.size)
        self.weights = weights[kept]
        labels = None if sample.groups is None else [g for g, there in zip(sample.groups, kept, strict=True) if there]
        self.codes = np.arange(self.places.size) if labels is None else group_codes(labels, self.places.size)
        self.n = int(self.codes.max(initial=-1)) + 1
        self.plain = given is None and labels is None

    def shares(self, times: Array | None = None) -> Array:
        weights = self.weights if times is None else self.weights * times[self.codes]
        masses = np.bincount(self.places, weights=weights, minlength=self.size)
        return np.asarray(masses / masses.sum())

    def draw(self, rng: np.random.Generator, draws: int) -> Array:
        """Shares of ``draws`` samples of persons; for equal single answers that is one multinomial."""
        if self.plain:
            return np.asarray(rng.multinomial(self.n, self.shares(), size=draws) / self.n)
        drawn = np.empty((draws, self.size))
        for k in range(draws):
            times = np.bincount(rng.integers(0, self.n, self.n), minlength=self.n).astype(np.float64)
            drawn[k] = self.shares(times)
        return drawn


def _numbers_of(x: Sample, y: Sample) -> tuple[Array, Array, Array]:
    a, b = numbers(x.values, "x"), numbers(y.values, "y")
    together = np.concatenate([a, b])
    support = np.unique(together[~np.isnan(together)])
    return support, _places(a, support), _places(b, support)


def _places(values: Array, support: Array) -> Array:
    return np.where(np.isnan(values), -1, np.searchsorted(support, values)).astype(np.float64)


def _labels_of(x: Sample, y: Sample) -> tuple[Array, Array, Array]:
    known = sorted({str(value) for side in (x, y) for value in side.values if value is not None})
    place = {label: k for k, label in enumerate(known)}
    columns = [
        np.array([-1 if value is None else place[str(value)] for value in side.values], dtype=np.float64)
        for side in (x, y)
    ]
    return np.arange(len(known), dtype=np.float64), columns[0], columns[1]


def _numeric(p: Array, q: Array, support: Array) -> Array:
    """Rows of shares over the support -> the four distances of each row; bins from the least to the greatest value."""
    gaps = np.abs(np.cumsum(p - q, axis=1))[:, :-1]
    ks = gaps.max(axis=1, initial=0.0)
    wasserstein = gaps @ np.diff(support)
    means = np.abs((p - q) @ support)
    return np.stack([ks, wasserstein, _binned(p, q, support), means])


def _binned(p: Array, q: Array, support: Array) -> Array:
    if support.size < 2:
        return np.zeros(len(p))
    edges = np.linspace(support[0], support[-1], BINS + 1)
    at = np.clip(np.searchsorted(edges, support, side="right") - 1, 0, BINS - 1)
    into = np.zeros((support.size, BINS))
    into[np.arange(support.size), at] = 1 / (edges[1] - edges[0])
    return _js_distance(np.clip(p @ into, CLIP, None), np.clip(q @ into, CLIP, None))


def _nominal(p: Array, q: Array, support: Array) -> Array:
    return np.stack([np.abs(p - q).sum(axis=1) / 2, _js_distance(p, q)])


def _js_distance(p: Array, q: Array) -> Array:
    a, b = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    middle = (a + b) / 2
    return np.sqrt(np.maximum(0.0, (_entropy(a, middle) + _entropy(b, middle)) / 2))


def _entropy(p: Array, q: Array) -> Array:
    live = (p > 0) & (q > 0)
    ratio = np.divide(p, q, out=np.ones_like(p), where=live)
    return np.asarray((p * np.log(ratio, out=np.zeros_like(p), where=ratio > 0)).sum(axis=1))


def _sample(given: Sample | Sequence[Any] | NDArray[Any]) -> Sample:
    return given if isinstance(given, Sample) else Sample(given)


def _head(sample: Sample, rows: int) -> Sample:
    weights = None if sample.weights is None else list(sample.weights)[:rows]
    groups = None if sample.groups is None else list(sample.groups)[:rows]
    return Sample(list(sample.values)[:rows], weights, groups)
