"""Tests and effect sizes for two independent samples: Welch, pooled t, Mann-Whitney, Cohen's d, AUC, difference of shares.

Source: standard statistics; worked figures in methods/agentic-randomness.md (Welch), self-assessment.md
(Mann-Whitney), psychometrics-core.md and spasm.md (Cohen's d).
"""

from __future__ import annotations

import math

import numpy as np

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Numbers, checked_share, missing_counts, present
from personarium.stats.comparisons import Comparison


def welch_t(a: Numbers, b: Numbers, unit: str, confidence: float = 0.95) -> Comparison:
    """Welch's t test of mean(a) - mean(b), without assuming equal variances.

    Args:
        a: First sample; None is counted as missing.
        b: Second sample.
        unit: What one value is; ``effect.n`` counts both samples.
        confidence: Coverage of the interval.

    Returns:
        No p where a sample has fewer than two values or neither varies.
    """
    first, second, missing = _two(a, b)
    if min(first.size, second.size) < 2:
        difference = float(first.mean() - second.mean()) if min(first.size, second.size) else None
        return _undefined(
            "Welch t", difference, first.size + second.size, unit, missing, "fewer than two values a side"
        )
    found = welch_from_summary(
        float(first.mean()),
        float(first.std(ddof=1)),
        first.size,
        float(second.mean()),
        float(second.std(ddof=1)),
        second.size,
        unit,
        confidence,
    )
    return _counting(found, missing)


def welch_from_summary(
    mean_a: float,
    sd_a: float,
    n_a: int,
    mean_b: float,
    sd_b: float,
    n_b: int,
    unit: str,
    confidence: float = 0.95,
) -> Comparison:
    """Welch's t test from published means, standard deviations (n-1) and sizes.

    Raises:
        InvalidInput: If a size is below 2 or a standard deviation negative.
    """
    if min(n_a, n_b) < 2 or min(sd_a, sd_b) < 0:
        raise InvalidInput("summary values", "sizes of at least 2 and deviations of at least 0", (n_a, n_b, sd_a, sd_b))
    difference, v_a, v_b = mean_a - mean_b, sd_a**2 / n_a, sd_b**2 / n_b
    if v_a + v_b == 0:
        return _undefined("Welch t", difference, n_a + n_b, unit, 0, "neither sample varies")
    df = (v_a + v_b) ** 2 / (v_a**2 / (n_a - 1) + v_b**2 / (n_b - 1))
    return _t_test("Welch t", difference, math.sqrt(v_a + v_b), df, n_a + n_b, unit, confidence)


def pooled_t(a: Numbers, b: Numbers, unit: str, confidence: float = 0.95) -> Comparison:
    """Student's two-sample t test, which assumes equal variances; Welch is the default of this house."""
    first, second, missing = _two(a, b)
    n = first.size + second.size
    if min(first.size, second.size) < 1 or n < 3:
        return _undefined("pooled t", None, n, unit, missing, "fewer than three values")
    difference = float(first.mean() - second.mean())
    sd = _pooled_sd(first, second)
    if sd == 0:
        return _undefined("pooled t", difference, n, unit, missing, "neither sample varies")
    error = sd * math.sqrt(1 / first.size + 1 / second.size)
    return _counting(_t_test("pooled t", difference, error, n - 2, n, unit, confidence), missing)


def mann_whitney(
    a: Numbers, b: Numbers, unit: str, continuity: bool = True, draws: int = 2_000, seed: int = 0
) -> Comparison:
    """Mann-Whitney U with tie correction, two-sided, normal approximation.

    Args:
        a: First sample.
        b: Second sample.
        unit: What one value is.
        continuity: Whether 0.5 is taken off the distance from the mean.
        draws: Bootstrap samples for the interval of the effect.
        seed: Seed of the bootstrap.

    Returns:
        ``statistic`` is U of the first sample; the effect is U / (n_a n_b), the chance that a value of ``a`` is above
        one of ``b`` (ties half). No p when all values are equal.
    """
    from scipy import stats

    first, second, missing = _two(a, b)
    effect = auc(first, second, unit, draws=draws, seed=seed, missing=missing)
    n_a, n_b = first.size, second.size
    if effect.value is None:
        return Comparison("Mann-Whitney U", None, None, None, effect, "not defined: an empty sample")
    u, n = effect.value * n_a * n_b, n_a + n_b
    _, ties = np.unique(np.concatenate([first, second]), return_counts=True)
    variance = n_a * n_b / 12 * (n + 1 - float((ties**3 - ties).sum()) / (n * (n - 1)))
    if variance <= 0:
        return Comparison("Mann-Whitney U", u, None, None, effect, "not defined: all values are equal")
    distance = max(0.0, abs(u - n_a * n_b / 2) - (0.5 if continuity else 0.0))
    p = min(1.0, 2 * float(stats.norm.sf(distance / math.sqrt(variance))))
    note = "normal, ties corrected" + (", continuity correction" if continuity else "")
    return Comparison("Mann-Whitney U", u, None, p, effect, note)


def auc(
    positive: Numbers,
    negative: Numbers,
    unit: str,
    confidence: float = 0.95,
    draws: int = 2_000,
    seed: int = 0,
    missing: int = 0,
) -> Estimate:
    """Chance that a positive scores above a negative, ties half (area under the ROC curve).

    Returns:
        Percentile bootstrap interval, drawn within each class; no value where a class is empty.
    """
    from scipy import stats

    checked_share(confidence, "confidence")
    first, second, gone = _two(positive, negative)
    n_a, n_b, failures = first.size, second.size, missing_counts(missing + gone)
    text = f"AUC, percentile bootstrap within classes ({draws} draws)"
    if min(n_a, n_b) == 0:
        return Estimate(None, None, None, n_a + n_b, unit, text, confidence, failures)

    def areas(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        ranks = stats.rankdata(np.concatenate([x, y], axis=1), axis=1)[:, :n_a]
        return np.asarray((ranks.sum(axis=1) - n_a * (n_a + 1) / 2) / (n_a * n_b))

    value = float(areas(first[None], second[None])[0])
    if min(n_a, n_b) < 2:
        return Estimate(value, None, None, n_a + n_b, unit, text, confidence, failures)
    rng, drawn, step = np.random.default_rng(seed), [], max(1, 1_000_000 // (n_a + n_b))
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        x = first[rng.integers(0, n_a, (rows, n_a))]
        y = second[rng.integers(0, n_b, (rows, n_b))]
        drawn.append(areas(x, y))
    lo, hi = np.quantile(np.concatenate(drawn), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(value, float(lo), float(hi), n_a + n_b, unit, text, confidence, failures)


def cohens_d(a: Numbers, b: Numbers, unit: str, confidence: float = 0.95, correct: bool = False) -> Estimate:
    """Cohen's d: difference of means over the pooled standard deviation, with its large-sample interval.

    Args:
        a: First sample.
        b: Second sample.
        unit: What one value is.
        confidence: Coverage.
        correct: Give Hedges' g, ``d (1 - 3 / (4 (n_a + n_b) - 9))``, free of d's small-sample bias.

    Returns:
        No value where neither sample varies or fewer than three values are there.
    """
    first, second, missing = _two(a, b)
    if min(first.size, second.size) < 1 or first.size + second.size < 3 or _pooled_sd(first, second) == 0:
        text = "Cohen's d, not defined: no spread within the samples"
        return Estimate(None, None, None, first.size + second.size, unit, text, confidence, missing_counts(missing))
    d = float(first.mean() - second.mean()) / _pooled_sd(first, second)
    return _d_estimate(d, first.size, second.size, unit, confidence, correct, missing)


def cohens_d_from_summary(
    mean_a: float,
    sd_a: float,
    n_a: int,
    mean_b: float,
    sd_b: float,
    n_b: int,
    unit: str,
    confidence: float = 0.95,
    correct: bool = False,
) -> Estimate:
    """Cohen's d (or Hedges' g) from published means, standard deviations and sizes.

    Raises:
        InvalidInput: If a size is below 1, fewer than three values in all, or both deviations are 0.
    """
    if min(n_a, n_b) < 1 or n_a + n_b < 3 or min(sd_a, sd_b) < 0 or max(sd_a, sd_b) == 0:
        raise InvalidInput("summary values", "sizes of at least 1 (3 in all) and some spread", (n_a, n_b, sd_a, sd_b))
    pooled = math.sqrt(((n_a - 1) * sd_a**2 + (n_b - 1) * sd_b**2) / (n_a + n_b - 2))
    return _d_estimate((mean_a - mean_b) / pooled, n_a, n_b, unit, confidence, correct, 0)


def difference_of_shares(one: Estimate, two: Estimate) -> Estimate:
    """The first share minus the second, of different items, with Newcombe's interval out of their Wilson intervals.

    It is defined for shares of 0 and 1 too, where a t interval is not.

    Args:
        one: A share with its Wilson interval.
        two: Another one, of other items, with the same unit and confidence.

    Returns:
        No value where one of them has none; ``n`` counts the items of both.

    Source: Newcombe (1998), method 10.
    """
    method = "difference of shares, Newcombe interval"
    if one.value is None or two.value is None:
        return Estimate(None, None, None, one.n + two.n, one.unit, method, one.confidence)
    gap = one.value - two.value
    down = math.hypot(one.value - (one.lo or 0.0), (1.0 if two.hi is None else two.hi) - two.value)
    up = math.hypot((1.0 if one.hi is None else one.hi) - one.value, two.value - (two.lo or 0.0))
    return Estimate(gap, gap - down, gap + up, one.n + two.n, one.unit, method, one.confidence)


def _d_estimate(d: float, n_a: int, n_b: int, unit: str, confidence: float, correct: bool, missing: int) -> Estimate:
    from scipy import stats

    n = n_a + n_b
    half = float(stats.norm.ppf((1 + checked_share(confidence, "confidence")) / 2))
    half *= math.sqrt(n / (n_a * n_b) + d * d / (2 * n))  # Hedges and Olkin (1985), large-sample variance of d
    factor = 1 - 3 / (4 * n - 9) if correct else 1.0
    name = "Hedges' g" if correct else "Cohen's d"
    text = f"{name} (pooled), large-sample interval"
    return Estimate(
        d * factor, (d - half) * factor, (d + half) * factor, n, unit, text, confidence, missing_counts(missing)
    )


def _t_test(name: str, difference: float, error: float, df: float, n: int, unit: str, confidence: float) -> Comparison:
    from scipy import stats

    t = difference / error
    half = float(stats.t.ppf((1 + checked_share(confidence, "confidence")) / 2, df)) * error
    text = f"difference of means, {name} interval"
    effect = Estimate(difference, difference - half, difference + half, n, unit, text, confidence)
    return Comparison(name, t, float(df), float(2 * stats.t.sf(abs(t), df)), effect)


def _pooled_sd(first: np.ndarray, second: np.ndarray) -> float:
    squares = float(((first - first.mean()) ** 2).sum() + ((second - second.mean()) ** 2).sum())
    return math.sqrt(squares / (first.size + second.size - 2))


def _two(a: Numbers, b: Numbers) -> tuple[np.ndarray, np.ndarray, int]:
    first, gone_a = present(a, "a")
    second, gone_b = present(b, "b")
    return first, second, gone_a + gone_b


def _undefined(test: str, difference: float | None, n: int, unit: str, missing: int, why: str) -> Comparison:
    effect = Estimate(difference, None, None, n, unit, "difference of means", failures=missing_counts(missing))
    return Comparison(test, None, None, None, effect, f"not defined: {why}")


def _counting(found: Comparison, missing: int) -> Comparison:
    effect = found.effect
    counted = Estimate(
        effect.value,
        effect.lo,
        effect.hi,
        effect.n,
        effect.unit,
        effect.method,
        effect.confidence,
        missing_counts(missing),
    )
    return Comparison(found.test, found.statistic, found.df, found.p, counted, found.note)
