"""Estimates with intervals: t, Wilson and the bootstrap, always with n, unit and method.

Source: standard statistics; BCa after Efron (1987); Wilson (1927).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import (
    Array,
    Numbers,
    checked_share,
    generator,
    group_codes,
    missing_counts,
    numbers,
    present,
)

IntervalMethod = Literal["percentile", "bca"]
Seed = int | np.random.Generator

DRAWS = 10_000  # methods/agentic-randomness.md, step 7
_CELLS = 4_000_000  # numbers held at once while drawing; bounds memory at about 32 MB an array


def mean_interval(values: Numbers, unit: str, confidence: float = 0.95, method: str = "mean") -> Estimate:
    """Mean with the t interval, for values that are independent draws.

    Args:
        values: One value a unit; None or NaN is counted as missing.
        unit: What one value is (``run``, ``persona``, ...).
        confidence: Coverage.
        method: How the method text begins.

    Returns:
        No value for an empty sample, no interval for a single value.
    """
    from scipy import stats

    checked_share(confidence, "confidence")
    kept, missing = present(values)
    failures, text = missing_counts(missing), f"{method}, t interval over {unit}s"
    if kept.size == 0:
        return Estimate(None, None, None, 0, unit, text, confidence, failures)
    mean = float(kept.mean())
    if kept.size == 1:
        return Estimate(mean, None, None, 1, unit, text, confidence, failures)
    half = float(stats.t.ppf((1 + confidence) / 2, kept.size - 1) * kept.std(ddof=1) / math.sqrt(kept.size))
    return Estimate(mean, mean - half, mean + half, int(kept.size), unit, text, confidence, failures)


def wilson(successes: float, n: int, unit: str, confidence: float = 0.95, missing: int = 0) -> Estimate:
    """Share of successes with the Wilson score interval.

    Args:
        successes: How many of ``n``; a fraction where ties count half.
        n: Trials; 0 gives an estimate without value.
        unit: What one trial is.
        confidence: Coverage.
        missing: Trials without an outcome, to be counted.

    Raises:
        InvalidInput: If successes are not within 0..n.
    """
    from scipy import stats

    if n < 0 or not 0 <= successes <= max(n, 0):
        raise InvalidInput("successes", f"a number from 0 to n = {n}", successes)
    checked_share(confidence, "confidence")
    failures = missing_counts(missing)
    if n == 0:
        return Estimate(None, None, None, 0, unit, "share, Wilson interval", confidence, failures)
    z = float(stats.norm.ppf((1 + confidence) / 2))
    p, z2 = successes / n, z * z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    lo, hi = max(0.0, centre - half), min(1.0, centre + half)
    if p in (0.0, 1.0):  # the formula gives the end itself; rounding must not move it
        lo, hi = (0.0, hi) if p == 0 else (lo, 1.0)
    return Estimate(p, lo, hi, n, unit, "share, Wilson interval", confidence, failures)


def bootstrap_mean(
    values: Numbers,
    unit: str,
    groups: Sequence[Hashable] | NDArray[Any] | None = None,
    method: IntervalMethod = "percentile",
    draws: int = DRAWS,
    seed: Seed = 0,
    confidence: float = 0.95,
) -> Estimate:
    """Mean of all values with a bootstrap interval, resampling values or whole groups; vectorised.

    Args:
        values: Numbers; None or NaN is counted as missing.
        unit: What is resampled (the group, where groups are given).
        groups: One label a value; all values of a drawn group come together.
        method: ``percentile`` or ``bca``.
        draws: Bootstrap samples.
        seed: Seed or generator.
        confidence: Coverage.

    Returns:
        ``n`` counts the resampled units; with fewer than two of them there is no interval.
    """
    sums, counts, gone = group_sums(values, groups)
    missing = missing_counts(gone)
    text = _bootstrap_text("mean", method, unit, draws)
    if sums.size == 0:
        return Estimate(None, None, None, 0, unit, text, confidence, missing)
    point = float(sums.sum() / counts.sum())
    if sums.size == 1:
        return Estimate(point, None, None, 1, unit, text, confidence, missing)
    drawn = mean_draws(sums, counts, draws, seed)
    leave_one_out = (sums.sum() - sums) / (counts.sum() - counts)
    lo, hi = bootstrap_limits(point, drawn, confidence, method, leave_one_out)
    return Estimate(point, lo, hi, int(sums.size), unit, text, confidence, missing)


def mean_draws(sums: Array, counts: Array, draws: int, seed: Seed) -> Array:
    """Bootstrap draws of the overall mean from the sum and the number of values of each resampled unit."""
    rng, drawn = generator(seed), np.empty(_checked_draws(draws))
    for part in _chunks(draws, sums.size):
        index = rng.integers(0, sums.size, (part.stop - part.start, sums.size))
        drawn[part] = sums[index].sum(axis=1) / counts[index].sum(axis=1)
    return drawn


def group_sums(values: Numbers, groups: Sequence[Hashable] | NDArray[Any] | None) -> tuple[Array, Array, int]:
    """Sum and number of values of each group that has any (each value alone without groups), and the missing ones."""
    array = numbers(values)
    kept = ~np.isnan(array)
    codes = np.arange(array.size) if groups is None else group_codes(groups, array.size)
    counts = np.bincount(codes[kept]).astype(np.float64)
    sums = np.bincount(codes[kept], weights=array[kept]).astype(np.float64)
    return sums[counts > 0], counts[counts > 0], int(array.size - kept.sum())


def bootstrap(
    data: NDArray[Any] | tuple[NDArray[Any], ...],
    statistic: Callable[..., float | None],
    unit: str,
    groups: Sequence[Hashable] | NDArray[Any] | None = None,
    method: IntervalMethod = "percentile",
    draws: int = 2_000,
    seed: Seed = 0,
    confidence: float = 0.95,
    name: str = "statistic",
    failures: dict[str, int] | None = None,
) -> Estimate:
    """Any statistic of one or several columns with a bootstrap interval over rows or whole groups of rows.

    Args:
        data: One array, or a tuple of arrays with equal first dimension; rows are resampled together.
        statistic: Takes the (resampled) columns, gives a number, or None/NaN where it is not defined.
        unit: What is resampled.
        groups: One label a row; all rows of a drawn group come together.
        method: ``percentile`` or ``bca``.
        draws: Bootstrap samples; those on which the statistic is not defined are left out and named in the method.
        seed: Seed or generator.
        confidence: Coverage.
        name: What the statistic is called in the method text.
        failures: Counts to be passed on.
    """
    columns = data if isinstance(data, tuple) else (data,)
    rows = _rows_of_units(len(columns[0]), groups)
    text = _bootstrap_text(name, method, unit, draws)
    value = _number(statistic(*columns))
    if math.isnan(value) or len(rows) < 2:
        point = None if math.isnan(value) else value
        return Estimate(point, None, None, len(rows), unit, text, confidence, failures or {})

    def on(units: NDArray[np.int64] | Sequence[int]) -> float:
        index = np.concatenate([rows[u] for u in units])
        return _number(statistic(*(column[index] for column in columns)))

    rng, n = generator(seed), len(rows)
    drawn = np.array([on(rng.integers(0, n, n)) for _ in range(_checked_draws(draws))])
    defined = drawn[~np.isnan(drawn)]
    if defined.size < draws:
        text += f", {defined.size} of them defined"
    jackknife = (
        np.array([on([u for u in range(n) if u != out]) for out in range(n)]) if method == "bca" else np.empty(0)
    )
    lo, hi = bootstrap_limits(value, defined, confidence, method, jackknife)
    return Estimate(value, lo, hi, n, unit, text, confidence, failures or {})


def bootstrap_limits(
    point: float, drawn: Array, confidence: float, method: IntervalMethod, leave_one_out: Array
) -> tuple[float | None, float | None]:
    """Interval ends from bootstrap draws; None where the method is not defined (BCa with all draws on one side)."""
    from scipy import stats

    checked_share(confidence, "confidence")
    if drawn.size == 0:
        return None, None
    levels = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if method == "bca" and np.ptp(drawn) > 0:
        below = float(np.mean(drawn < point) + np.mean(drawn == point) / 2)
        if not 0 < below < 1:
            return None, None
        shift, bend = stats.norm.ppf(below), _acceleration(leave_one_out)
        z = shift + stats.norm.ppf(levels)
        levels = stats.norm.cdf(shift + z / (1 - bend * z))
    lo, hi = np.quantile(drawn, levels)
    return float(lo), float(hi)


def nested_bootstrap(
    clusters: Sequence[Sequence[Numbers]],
    unit: str,
    draws: int = DRAWS,
    seed: Seed = 0,
    confidence: float = 0.95,
    method: str = "mean over clusters",
) -> tuple[Estimate, Array]:
    """Mean over clusters (one arm), or difference of two arms over the same clusters; clusters, then values in them.

    Clusters are drawn with replacement, jointly for both arms; then the values inside each drawn cluster are drawn
    with replacement, separately for each arm. The second stage adds the spread inside clusters once more to that
    already in the cluster means, so intervals are a little wide when clusters hold few values.

    Args:
        clusters: One or two arms; an arm is a sequence of clusters, a cluster a sequence of values. Position matches
            clusters across arms. Every cluster holds at least one value, none is missing.
        unit: What a cluster is.
        draws: Bootstrap samples.
        seed: Seed or generator.
        confidence: Coverage.
        method: How the method text begins.

    Returns:
        The estimate (first arm minus second where there are two) and the draws.

    Source: methods/agentic-randomness.md, step 7.
    """
    if len(clusters) not in (1, 2) or len({len(arm) for arm in clusters}) != 1:
        raise InvalidInput("clusters", "one arm, or two arms with the same clusters", [len(arm) for arm in clusters])
    padded = [_padded(arm) for arm in clusters]
    n = len(clusters[0])
    means = [values.sum(axis=1) / counts for values, counts in padded]
    point = float(np.mean(means[0] - means[1]) if len(means) == 2 else np.mean(means[0])) if n else None
    text = f"{method}, percentile bootstrap of {unit}s, then values within ({draws} draws)"
    if point is None or n < 2:
        return Estimate(point, None, None, n, unit, text, confidence), np.empty(0)
    rng, drawn = generator(seed), np.empty(_checked_draws(draws))
    mixture = _success_mixture(padded)
    if mixture is not None:
        for part in _chunks(draws, mixture[0].size):
            drawn[part] = rng.multinomial(n, mixture[1], size=part.stop - part.start) @ mixture[0] / n
    else:
        for part in _chunks(draws, n * sum(values.shape[1] for values, _ in padded)):
            index = rng.integers(0, n, (part.stop - part.start, n))
            arms = [_draw_within(values, counts, index, rng) for values, counts in padded]
            drawn[part] = arms[0] - arms[1] if len(arms) == 2 else arms[0]
    lo, hi = bootstrap_limits(point, drawn, confidence, "percentile", np.empty(0))
    return Estimate(point, lo, hi, n, unit, text, confidence), drawn


def two_sided_p(drawn: Array, null: float = 0.0) -> float:
    """Two-sided p of a bootstrap distribution against a value: twice the smaller tail, never 0."""
    tail = min(int((drawn <= null).sum()), int((drawn >= null).sum()))
    return min(1.0, 2 * (1 + tail) / (1 + drawn.size))


def _success_mixture(padded: Sequence[tuple[Array, NDArray[np.int64]]]) -> tuple[Array, Array] | None:
    """For 0/1 outcomes: the values that one drawn cluster can give, and their chances.

    A cluster drawn at random and its successes drawn within it are one draw from a mixture of binomials, so all
    clusters of a bootstrap sample are one multinomial: the same distribution, hundreds of times faster. None where
    outcomes are not 0/1, or the values are more than the clusters and nothing is gained.
    """
    from scipy import stats

    if not all(((values == 0) | (values == 1)).all() for values, _ in padded):
        return None
    columns = [column for values, counts in padded for column in (counts, values.sum(axis=1).astype(np.int64))]
    kinds, times = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    if np.prod(kinds[:, ::2] + 1.0, axis=1).sum() > _CELLS:
        return None
    cells, chances = [], []
    for kind, share in zip(kinds, times / times.sum()):
        value, chance = np.zeros(1), np.full(1, share)
        for sign, n, c in zip((1, -1), kind[::2], kind[1::2]):
            tries = np.arange(n + 1)
            value = np.add.outer(value, sign * tries / n).ravel()
            chance = np.outer(chance, stats.binom.pmf(tries, n, c / n)).ravel()
        cells.append(value)
        chances.append(chance)
    values, at = np.unique(np.concatenate(cells).round(12), return_inverse=True)
    if values.size > len(padded[0][1]):
        return None
    weights = np.bincount(at, weights=np.concatenate(chances))
    return values, weights / weights.sum()


def _draw_within(values: Array, counts: NDArray[np.int64], index: NDArray[np.int64], rng: np.random.Generator) -> Array:
    """Mean over drawn clusters of the mean of values drawn inside each; shape (draws,)."""
    sizes = counts[index]
    slot = (rng.random((*index.shape, values.shape[1])) * sizes[..., None]).astype(np.int64)
    taken = values[index[..., None], slot]
    if counts.min() < values.shape[1]:
        taken[np.arange(values.shape[1]) >= sizes[..., None]] = 0.0
    return np.asarray((taken.sum(axis=2) / sizes).mean(axis=1))


def _padded(arm: Sequence[Numbers]) -> tuple[Array, NDArray[np.int64]]:
    """Clusters as rows of one array, filled with 0 behind their last value, and how many values each has."""
    counts = np.array([len(cluster) for cluster in arm], dtype=np.int64)
    if (counts == 0).any():
        raise InvalidInput("clusters", "at least one value in each cluster", f"none in cluster {int(counts.argmin())}")
    flat = numbers(np.concatenate([np.asarray(cluster, dtype=np.float64) for cluster in arm]) if len(arm) else [])
    if np.isnan(flat).any():
        raise InvalidInput("clusters", "no missing values (leave them out and count them)", "a missing value")
    values = np.zeros((counts.size, int(counts.max(initial=1))))
    values[np.arange(values.shape[1]) < counts[:, None]] = flat
    return values, counts


def _rows_of_units(n: int, groups: Sequence[Hashable] | NDArray[Any] | None) -> list[NDArray[np.int64]]:
    if groups is None:
        return list(np.arange(n, dtype=np.int64)[:, None])
    codes = group_codes(groups, n)
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes))[:-1])


def _acceleration(leave_one_out: Array) -> float:
    spread = leave_one_out.mean() - leave_one_out
    scale = float((spread**2).sum()) ** 1.5
    return float((spread**3).sum() / (6 * scale)) if scale > 0 else 0.0


def _chunks(draws: int, width: int) -> list[slice]:
    step = max(1, _CELLS // max(1, width))
    return [slice(start, min(draws, start + step)) for start in range(0, draws, step)]


def _checked_draws(draws: int) -> int:
    if draws < 1:
        raise InvalidInput("draws", "at least one bootstrap draw", draws)
    return draws


def _bootstrap_text(name: str, method: IntervalMethod, unit: str, draws: int) -> str:
    if method not in ("percentile", "bca"):
        raise InvalidInput("method", "'percentile' or 'bca'", method)
    kind = "BCa" if method == "bca" else method
    return f"{name}, {kind} bootstrap over {unit}s ({draws} draws)"


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
