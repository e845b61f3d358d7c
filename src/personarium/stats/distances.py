"""How far apart two distributions are: Jensen-Shannon, total variation, Wasserstein-1, Kolmogorov-Smirnov.

Units: Jensen-Shannon in nats unless a base is given; total variation and KS from 0 to 1; Wasserstein in the units of
the values. Source: standard definitions; the binned form is that of methods/deeppersona.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, Numbers, missing_counts, numbers, present
from personarium.stats.intervals import bootstrap_limits

Shares: TypeAlias = Mapping[str, float] | Sequence[float] | NDArray[np.float64]
SampleDistance = Literal["wasserstein", "ks", "js_binned", "mean_difference"]

BINS = 19  # 20 edges, methods/deeppersona.md
CLIP = 1e-10  # densities are clipped here before normalising, methods/deeppersona.md


def jensen_shannon_divergence(p: Shares, q: Shares, base: float = math.e) -> float:
    """Jensen-Shannon divergence of two discrete distributions; 0 for equal ones, at most log(2).

    Args:
        p: Shares or counts, by label or by position; normalised here.
        q: The other; a label that one side lacks has share 0 there.
        base: Base of the logarithm (2 gives a range of 0 to 1).

    Raises:
        InvalidInput: If a share is negative, a side sums to 0, or two sequences differ in length.
    """
    a, b = _aligned(p, q)
    middle = (a + b) / 2
    total = (_relative_entropy(a, middle) + _relative_entropy(b, middle)) / 2
    return max(0.0, total / math.log(base))


def jensen_shannon_distance(p: Shares, q: Shares, base: float = math.e) -> float:
    """Square root of the Jensen-Shannon divergence (a metric); with natural logarithms at most 0.8326."""
    return math.sqrt(jensen_shannon_divergence(p, q, base))


def total_variation(p: Shares, q: Shares) -> float:
    """Half the sum of absolute differences of two discrete distributions: the largest gap on any event."""
    a, b = _aligned(p, q)
    return float(np.abs(a - b).sum() / 2)


def wasserstein_1(x: Numbers, y: Numbers) -> float:
    """Mean distance that values must move to turn one sample into the other; missing values are left out.

    Raises:
        InvalidInput: If a sample is empty.
    """
    from scipy import stats

    return float(stats.wasserstein_distance(_filled(x, "x"), _filled(y, "y")))


def ks_statistic(x: Numbers, y: Numbers) -> float:
    """Largest gap between the two empirical distribution functions; missing values are left out."""
    a, b = np.sort(_filled(x, "x")), np.sort(_filled(y, "y"))
    at = np.concatenate([a, b])
    gap = np.searchsorted(a, at, side="right") / a.size - np.searchsorted(b, at, side="right") / b.size
    return float(np.abs(gap).max())


def binned_js_distance(x: Numbers, y: Numbers, bins: int = BINS) -> float:
    """Jensen-Shannon distance of two samples over equal bins from the least to the greatest value of both.

    Returns:
        Natural logarithm, at most 0.8326; 0 when all values on both sides are equal.

    Source: methods/deeppersona.md (19 bins, densities clipped at 1e-10, normalised).
    """
    a, b = _filled(x, "x"), _filled(y, "y")
    lo, hi = min(a.min(), b.min()), max(a.max(), b.max())
    if lo == hi:
        return 0.0
    edges = np.linspace(lo, hi, bins + 1)
    p, q = (np.clip(np.histogram(side, edges, density=True)[0], CLIP, None) for side in (a, b))
    return jensen_shannon_distance(p, q)


def shares_of(values: Iterable[Hashable]) -> dict[str, float]:
    """The share of each value, by its text, sorted; None is left out."""
    counts = Counter(str(value) for value in values if value is not None)
    total = sum(counts.values())
    return {name: count / total for name, count in sorted(counts.items())}


def sample_distance(
    x: Numbers,
    y: Numbers,
    unit: str,
    kind: SampleDistance = "wasserstein",
    draws: int = 500,
    seed: int = 0,
    confidence: float = 0.95,
) -> Estimate:
    """Distance of two samples with a percentile bootstrap interval (each side resampled).

    A distance cannot be negative, so two samples of one distribution never give 0: compare with the interval of a
    split of one side.

    Args:
        x: First sample; None is missing.
        y: Second sample.
        unit: What one value is.
        kind: ``wasserstein``, ``ks``, ``js_binned`` or ``mean_difference`` (absolute).
        draws: Bootstrap samples.
        seed: Seed.
        confidence: Coverage.
    """
    measures = {
        "wasserstein": wasserstein_1,
        "ks": ks_statistic,
        "js_binned": binned_js_distance,
        "mean_difference": _mean_difference,
    }
    if kind not in measures:
        raise InvalidInput("kind", f"one of {sorted(measures)}", kind)
    (a, gone_a), (b, gone_b) = present(x, "x"), present(y, "y")
    text = f"{kind}, percentile bootstrap ({draws} draws)"
    n, failures = a.size + b.size, missing_counts(gone_a + gone_b)
    if min(a.size, b.size) == 0:
        return Estimate(None, None, None, n, unit, text, confidence, failures)
    measure, rng = measures[kind], np.random.default_rng(seed)
    value = measure(a, b)
    if min(a.size, b.size) < 2:
        return Estimate(value, None, None, n, unit, text, confidence, failures)
    drawn = np.array([measure(rng.choice(a, a.size), rng.choice(b, b.size)) for _ in range(draws)])
    lo, hi = bootstrap_limits(value, drawn, confidence, "percentile", np.empty(0))
    return Estimate(value, lo, hi, n, unit, text, confidence, failures)


def _mean_difference(x: Numbers, y: Numbers) -> float:
    return abs(float(_filled(x, "x").mean() - _filled(y, "y").mean()))


def _relative_entropy(p: Array, q: Array) -> float:
    live = (p > 0) & (q > 0)  # q is the mean of both, so it is 0 only where p is, or is too small to halve
    return float((p[live] * np.log(p[live] / q[live])).sum())


def _aligned(p: Shares, q: Shares) -> tuple[Array, Array]:
    if isinstance(p, Mapping) != isinstance(q, Mapping):
        raise InvalidInput("distributions", "both as mappings or both as sequences", (type(p), type(q)))
    if isinstance(p, Mapping) and isinstance(q, Mapping):
        names = sorted(set(p) | set(q))
        return _normalised([p.get(name, 0.0) for name in names]), _normalised([q.get(name, 0.0) for name in names])
    if len(p) != len(q):
        raise InvalidInput("distributions", "two sequences of equal length", f"{len(p)} and {len(q)}")
    return _normalised(p), _normalised(q)


def _normalised(shares: Sequence[float] | NDArray[np.float64] | Mapping[str, float]) -> Array:
    values = numbers(list(shares.values()) if isinstance(shares, Mapping) else shares, "distribution")
    if np.isnan(values).any() or (values < 0).any() or values.sum() <= 0:
        raise InvalidInput("distribution", "shares of at least 0 with a sum above 0", values.tolist())
    return np.asarray(values / values.sum())


def _filled(values: Numbers, where: str) -> Array:
    kept, _ = present(values, where)
    if kept.size == 0:
        raise InvalidInput(where, "at least one value", "none")
    return kept
