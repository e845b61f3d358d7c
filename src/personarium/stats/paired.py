"""Tests for two conditions on the same units: t, signed ranks, sign flips, exact McNemar, bootstrap.

Source: standard statistics; the page that fixes a choice is named beside it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, Numbers, generator, missing_counts, numbers, present_pairs
from personarium.stats.comparisons import Comparison
from personarium.stats.intervals import (
    DRAWS,
    Seed,
    bootstrap_limits,
    bootstrap_mean,
    group_sums,
    mean_draws,
    mean_interval,
    two_sided_p,
    wilson,
)

REPLICATES = 5_000  # methods/playing-pretend.md, step 6
EXACT_RANKS = 50  # beyond this many differences the normal approximation of the signed-rank sum is used
EXACT_FLIPS = 12  # 2^12 = 4,096 sign patterns are enumerated; more are drawn


def paired_t(a: Numbers, b: Numbers, unit: str, confidence: float = 0.95) -> Comparison:
    """Paired t test of mean(a - b).

    Args:
        a: First condition, one value a unit.
        b: Second condition, the same units in the same order; a pair with a missing value is counted and left out.
        unit: What a pair is.
        confidence: Coverage of the interval.

    Returns:
        No p where there are fewer than two pairs or the differences do not vary.
    """
    from scipy import stats

    difference, missing = _differences(a, b)
    effect = _with_missing(mean_interval(difference, unit, confidence, "mean difference"), missing)
    n = difference.size
    spread = float(difference.std(ddof=1)) if n > 1 else 0.0
    if n < 2 or _flat(difference):
        return Comparison("paired t", None, None, None, effect, "not defined: the differences do not vary")
    t = float(difference.mean()) / (spread / math.sqrt(n))
    return Comparison("paired t", t, float(n - 1), float(2 * stats.t.sf(abs(t), n - 1)), effect)


def wilcoxon_signed_rank(a: Numbers, b: Numbers, unit: str, confidence: float = 0.95) -> Comparison:
    """Wilcoxon signed-rank test; zero differences are dropped and named, tied ranks are averaged.

    Up to 50 non-zero differences the p-value is exact, also with ties; beyond, normal with continuity correction.

    Returns:
        ``statistic`` is the sum of the positive ranks; ``effect`` is the Hodges-Lehmann estimate (median of the
        pairwise means of all differences) with the interval that inverts the test (normal approximation).
    """
    from scipy import stats

    difference, missing = _differences(a, b)
    effect = _hodges_lehmann(difference, unit, confidence, missing)
    moved = difference[difference != 0]
    zeros = difference.size - moved.size
    note = f"{zeros} zero differences dropped" if zeros else ""
    if moved.size == 0:
        return Comparison("Wilcoxon signed rank", None, None, None, effect, "not defined: no difference other than 0")
    ranks = stats.rankdata(np.abs(moved))
    positive = float(ranks[moved > 0].sum())
    p = _rank_p_exact(ranks, positive) if moved.size <= EXACT_RANKS else _rank_p_normal(ranks, positive)
    return Comparison("Wilcoxon signed rank", positive, None, p, effect, note)


def sign_flip_test(
    a: Numbers,
    b: Numbers,
    unit: str,
    draws: int = REPLICATES,
    seed: Seed = 0,
    exact: bool | None = None,
    confidence: float = 0.95,
) -> Comparison:
    """Permutation test of mean(a - b) by flipping the signs of the differences, two-sided.

    Args:
        a: First condition.
        b: Second condition, same units.
        unit: What a pair is.
        draws: Replicates; then ``p = (1 + count(|d*| >= |d|)) / (1 + draws)``.
        seed: Seed or generator; also of the percentile bootstrap interval.
        exact: Enumerate all sign patterns; None does so up to 12 pairs.
        confidence: Coverage of the interval.

    Source: methods/playing-pretend.md, step 6.
    """
    difference, missing = _differences(a, b)
    rng = generator(seed)
    effect = _with_missing(bootstrap_mean(difference, unit, draws=draws, seed=rng, confidence=confidence), missing)
    n = difference.size
    if n == 0:
        return Comparison("sign flips", None, None, None, effect, "not defined: no complete pair")
    enumerate_all = n <= EXACT_FLIPS if exact is None else exact
    if enumerate_all and n > 24:
        raise InvalidInput("exact", "at most 24 pairs to enumerate all sign patterns", n)
    flipped = _all_flips(difference) if enumerate_all else _random_flips(difference, draws, rng)
    observed = abs(float(difference.mean()))
    # sums of the same numbers in another order differ in the last bits; ties must count
    hits = int((np.abs(flipped) >= observed - 1e-12 * max(1.0, float(np.abs(difference).max()))).sum())
    p = hits / flipped.size if enumerate_all else (1 + hits) / (1 + draws)
    note = "all sign patterns" if enumerate_all else f"{draws} replicates"
    return Comparison("sign flips", float(difference.mean()), None, p, effect, note)


def mcnemar(
    n10: int, n01: int, n: int | None = None, unit: str = "item", method: Literal["exact", "chi2"] = "exact"
) -> Comparison:
    """McNemar's test on the discordant pairs.

    Args:
        n10: Pairs that only the first condition gets right.
        n01: Pairs that only the second gets right.
        n: All pairs; with it the effect is the difference of the two shares, otherwise that of the discordant
            shares; the interval is Wilson's on the share of discordant pairs, rescaled.
        unit: What a pair is.
        method: ``exact``: ``min(1, 2 P(X <= min))`` with X binomial(n10 + n01, 1/2), and 1 without discordant pairs;
            ``chi2``: ``(|n10 - n01| - 1)^2 / (n10 + n01)`` with one degree of freedom.

    Raises:
        InvalidInput: If a count is negative or n is below the discordant pairs.

    Source: methods/bias-runs-deep.md, step 9; methods/phantom.md.
    """
    from scipy import stats

    discordant = n10 + n01
    if min(n10, n01) < 0 or (n is not None and n < discordant):
        raise InvalidInput("mcnemar", "counts of at least 0, and n of at least n10 + n01", (n10, n01, n))
    effect = _discordant_effect(n10, n01, n, unit)
    if method == "exact":
        p = 1.0 if discordant == 0 else min(1.0, 2 * float(stats.binom.cdf(min(n10, n01), discordant, 0.5)))
        return Comparison("exact McNemar", float(min(n10, n01)), None, p, effect)
    if discordant == 0:
        return Comparison("McNemar chi-square", 0.0, 1.0, 1.0, effect, "no discordant pair")
    chi2 = max(0, abs(n10 - n01) - 1) ** 2 / discordant
    note = "with continuity correction"
    return Comparison("McNemar chi-square", chi2, 1.0, float(stats.chi2.sf(chi2, 1)), effect, note)


def mcnemar_of(a: Numbers, b: Numbers, unit: str = "item", method: Literal["exact", "chi2"] = "exact") -> Comparison:
    """McNemar's test from two columns of 0/1 outcomes on the same units; incomplete pairs are counted.

    Raises:
        InvalidInput: If an outcome is neither 0, 1 nor missing.
    """
    first, second, missing = present_pairs(a, b, "a and b")
    for column in (first, second):
        if not np.isin(column, (0.0, 1.0)).all():
            raise InvalidInput(
                "outcomes", "0 or 1, or None where missing", float(column[~np.isin(column, (0.0, 1.0))][0])
            )
    n10, n01 = int((first > second).sum()), int((first < second).sum())
    found = mcnemar(n10, n01, first.size, unit, method)
    effect = _with_missing(found.effect, missing)
    return Comparison(found.test, found.statistic, found.df, found.p, effect, found.note)


def paired_bootstrap(
    a: Numbers,
    b: Numbers,
    unit: str,
    groups: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    seed: Seed = 0,
    confidence: float = 0.95,
) -> Comparison:
    """Mean difference with a percentile bootstrap interval over pairs, or over groups of pairs.

    Args:
        a: First condition.
        b: Second condition, same units.
        unit: What is resampled: the pair, or the group where groups are given.
        groups: One label a pair; all pairs of a drawn group come together.
        draws: Bootstrap samples.
        seed: Seed or generator.
        confidence: Coverage.

    Returns:
        ``p`` is twice the smaller bootstrap tail at 0 (never 0 itself).
    """
    first, second = numbers(a, "a"), numbers(b, "b")
    if first.size != second.size:
        raise InvalidInput("a and b", "two sequences of equal length", f"{first.size} and {second.size}")
    sums, counts, gone = group_sums(first - second, groups)
    text = f"mean difference, percentile bootstrap over {unit}s ({draws} draws)"
    missing = missing_counts(gone)
    if sums.size < 2:
        value = float(sums.sum() / counts.sum()) if sums.size else None
        effect = Estimate(value, None, None, int(sums.size), unit, text, confidence, missing)
        return Comparison("paired bootstrap", value, None, None, effect, "not defined: fewer than two units")
    drawn = mean_draws(sums, counts, draws, seed)
    point = float(sums.sum() / counts.sum())
    lo, hi = bootstrap_limits(point, drawn, confidence, "percentile", np.empty(0))
    effect = Estimate(point, lo, hi, int(sums.size), unit, text, confidence, missing)
    return Comparison("paired bootstrap", point, None, two_sided_p(drawn), effect)


def _differences(a: Numbers, b: Numbers) -> tuple[Array, int]:
    first, second, missing = present_pairs(a, b, "a and b")
    return first - second, missing


def _flat(difference: Array) -> bool:
    """Whether all differences are equal but for rounding."""
    return bool(np.ptp(difference) <= 1e-12 * max(1.0, float(np.abs(difference).max())))


def _with_missing(effect: Estimate, missing: int) -> Estimate:
    return Estimate(
        effect.value,
        effect.lo,
        effect.hi,
        effect.n,
        effect.unit,
        effect.method,
        effect.confidence,
        missing_counts(missing),
    )


def _rank_p_exact(ranks: Array, positive: float) -> float:
    """Two-sided p of the signed-rank sum by counting all sign patterns (doubled ranks are whole, ties included)."""
    doubled = np.rint(2 * ranks).astype(np.int64)
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1.0
    for rank in doubled:  # each rank is positive or not; ways stay exact in floats up to 2^53, and close beyond
        ways[rank:] = ways[rank:] + ways[: ways.size - rank].copy()
    total, at = ways.sum(), round(2 * positive)
    return float(min(1.0, 2 * min(ways[: at + 1].sum(), ways[at:].sum()) / total))


def _rank_p_normal(ranks: Array, positive: float) -> float:
    from scipy import stats

    distance = max(0.0, abs(positive - ranks.sum() / 2) - 0.5)
    return float(min(1.0, 2 * stats.norm.sf(distance / math.sqrt(float((ranks**2).sum()) / 4))))


def _hodges_lehmann(difference: Array, unit: str, confidence: float, missing: int) -> Estimate:
    from scipy import stats

    n, failures = difference.size, missing_counts(missing)
    text = "Hodges-Lehmann median difference, signed-rank interval"
    if n == 0:
        return Estimate(None, None, None, 0, unit, text, confidence, failures)
    row, column = np.triu_indices(n)
    walsh = np.sort((difference[row] + difference[column]) / 2)
    cut = math.floor(n * (n + 1) / 4 - stats.norm.ppf((1 + confidence) / 2) * math.sqrt(n * (n + 1) * (2 * n + 1) / 24))
    lo, hi = (float(walsh[cut]), float(walsh[-cut - 1])) if cut >= 0 else (None, None)
    return Estimate(float(np.median(walsh)), lo, hi, n, unit, text, confidence, failures)


def _all_flips(difference: Array) -> Array:
    sums = np.zeros(1)
    for value in difference:
        sums = np.concatenate([sums + value, sums - value])
    return sums / difference.size


def _random_flips(difference: Array, draws: int, rng: np.random.Generator) -> Array:
    out = np.empty(draws)
    step = max(1, 2_000_000 // difference.size)
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        signs = rng.integers(0, 2, (rows, difference.size)) * 2.0 - 1.0
        out[start : start + rows] = signs @ difference / difference.size
    return out


def _discordant_effect(n10: int, n01: int, n: int | None, unit: str) -> Estimate:
    """Difference of the two shares over n pairs, or of the discordant shares where n is not known."""
    discordant = n10 + n01
    share = wilson(n10, discordant, unit)
    over = discordant if n is None else n
    text = "difference of shares, Wilson interval on the discordant pairs"
    if share.value is None or share.lo is None or share.hi is None or over == 0:
        return Estimate(0.0 if over else None, None, None, over, unit, text)
    scale = discordant / over
    return Estimate((n10 - n01) / over, (2 * share.lo - 1) * scale, (2 * share.hi - 1) * scale, over, unit, text)
