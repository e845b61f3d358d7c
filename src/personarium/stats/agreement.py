"""Agreement of raters and judges: kappa, Krippendorff's alpha, pairwise accuracy.

Source: Cohen (1960, 1968); Krippendorff, "Computing Krippendorff's alpha-reliability" (2011); worked figures in
methods/persona-paradox.md, esc-eval.md, personax.md and prometheus.md.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, Numbers, missing_counts, present_pairs
from personarium.stats.intervals import bootstrap_limits, wilson

Weights = Literal["linear", "quadratic"]
Level = Literal["nominal", "ordinal", "interval"]
Tie = Literal["half", "wrong", "undecided"]


def cohens_kappa(
    a: Sequence[Hashable | None],
    b: Sequence[Hashable | None],
    labels: Sequence[Hashable] | None = None,
    weights: Weights | None = None,
    unit: str = "item",
    confidence: float = 0.95,
    draws: int = 1_000,
    seed: int = 0,
) -> Estimate:
    """Cohen's kappa of two raters, plain or weighted, with a percentile bootstrap interval over items.

    Args:
        a: Labels of the first rater; None is missing (the pair is left out and counted).
        b: Labels of the second, same items.
        labels: All labels in their order; needed for weights unless the labels sort naturally.
        weights: ``linear`` or ``quadratic`` distance between label positions; None counts any difference alike.
        unit: What an item is.
        confidence: Coverage.
        draws: Bootstrap samples.
        seed: Bootstrap seed.

    Returns:
        No value where chance agreement is complete (both raters always give the same one label).
    """
    if len(a) != len(b):
        raise InvalidInput("raters", "two sequences of equal length", f"{len(a)} and {len(b)}")
    pairs = [(x, y) for x, y in zip(a, b) if not (_is_missing(x) or _is_missing(y))]
    order = _label_order(pairs, labels)
    codes = np.array([(order[x], order[y]) for x, y in pairs], dtype=np.int64).reshape(-1, 2)
    cost = _cost(len(order), weights)
    table = np.bincount(codes[:, 0] * len(order) + codes[:, 1], minlength=len(order) ** 2)
    kind = f"{weights} weighted kappa" if weights else "Cohen's kappa"
    text, failures = f"{kind}, percentile bootstrap ({draws} draws)", missing_counts(len(a) - len(pairs))
    value = float(_kappas(table[None], cost)[0]) if pairs else np.nan
    if np.isnan(value):
        return Estimate(None, None, None, len(pairs), unit, f"{kind}, not defined", confidence, failures)
    rng = np.random.default_rng(seed)
    drawn = _kappas(rng.multinomial(len(pairs), table / table.sum(), size=draws), cost)
    lo, hi = bootstrap_limits(value, drawn[~np.isnan(drawn)], confidence, "percentile", np.empty(0))
    return Estimate(value, lo, hi, len(pairs), unit, text, confidence, failures)


def krippendorff_alpha(
    ratings: Sequence[Sequence[float | None]] | NDArray[np.float64],
    level: Level = "nominal",
    unit: str = "item",
    confidence: float = 0.95,
    draws: int = 1_000,
    seed: int = 0,
) -> Estimate:
    """Krippendorff's alpha of any number of raters, with missing ratings, and a bootstrap interval over items.

    Args:
        ratings: One row a rater, one column an item; None or NaN is missing.
        level: ``nominal``, ``ordinal`` or ``interval`` distance between values.
        unit: What an item is.
        confidence: Coverage.
        draws: Bootstrap samples.
        seed: Bootstrap seed.

    Returns:
        ``n`` counts the items with at least two ratings; no value when all of these ratings are equal. Items with
        fewer than two ratings are in ``failures`` as ``unpaired``, missing ratings as ``missing``.
    """
    if level not in ("nominal", "ordinal", "interval"):
        raise InvalidInput("level", "'nominal', 'ordinal' or 'interval'", level)
    table = np.array(ratings, dtype=np.float64)
    if table.ndim != 2:
        raise InvalidInput("ratings", "one row a rater and one column an item", f"{table.ndim} dimensions")
    values, counts = _value_counts(table)
    paired = counts[counts.sum(axis=1) >= 2]
    failures = {"missing": int(np.isnan(table).sum()), "unpaired": len(counts) - len(paired)}
    failures = {kind: n for kind, n in failures.items() if n}
    text = f"Krippendorff's alpha ({level})"
    value = _alpha(paired, values, level, np.ones(len(paired)))
    if np.isnan(value):
        return Estimate(None, None, None, len(paired), unit, f"{text}, not defined", confidence, failures)
    rng, n = np.random.default_rng(seed), len(paired)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    drawn = np.array([_alpha(paired, values, level, w) for w in weights])
    lo, hi = bootstrap_limits(value, drawn[~np.isnan(drawn)], confidence, "percentile", np.empty(0))
    text += f", percentile bootstrap ({draws} draws)"
    return Estimate(value, lo, hi, n, unit, text, confidence, failures)


def pairwise_accuracy(
    scores_a: Numbers,
    scores_b: Numbers,
    gold: Sequence[Literal["a", "b", "tie"]] | None = None,
    tie: Tie = "half",
    unit: str = "pair",
    confidence: float = 0.95,
) -> Estimate:
    """How often the reply that should be better has the higher score.

    Args:
        scores_a: Scores of the first replies (of the chosen ones, where no gold is given).
        scores_b: Scores of the second (rejected) replies.
        gold: Which is better; on an item labelled ``tie`` equal scores are right and unequal ones wrong.
        tie: What equal scores count on the other items: ``half``, ``wrong``, or ``undecided`` (left out and counted
            in ``failures``).
        unit: What a pair is.
        confidence: Coverage of the Wilson interval.

    Source: methods/prometheus.md, steps 4 and 6.
    """
    if tie not in ("half", "wrong", "undecided"):
        raise InvalidInput("tie", "'half', 'wrong' or 'undecided'", tie)
    want = np.array(["a"] * len(scores_a) if gold is None else list(gold))
    if len(want) != len(scores_a) or not np.isin(want, ("a", "b", "tie")).all():
        raise InvalidInput("gold", "'a', 'b' or 'tie' for each pair", gold)
    signs = np.where(want == "b", -1.0, np.where(want == "tie", 0.0, 1.0))
    first, second, missing = present_pairs(scores_a, scores_b, "scores")
    complete = ~(np.isnan(np.array(scores_a, dtype=float)) | np.isnan(np.array(scores_b, dtype=float)))
    signs, verdict = signs[complete], np.sign(first - second)
    right, open_ = verdict == signs, (verdict == 0) & (signs != 0)
    n = int(first.size - (open_.sum() if tie == "undecided" else 0))
    found = wilson(float(right.sum() + (open_.sum() / 2 if tie == "half" else 0)), n, unit, confidence, missing)
    undecided = {"undecided": int(open_.sum())} if tie == "undecided" and open_.any() else {}
    text = f"pairwise accuracy, tie = {tie}, Wilson interval"
    return Estimate(found.value, found.lo, found.hi, n, unit, text, confidence, {**found.failures, **undecided})


def _is_missing(label: object) -> bool:
    return label is None or (isinstance(label, float) and label != label)


def _label_order(pairs: Sequence[tuple[Hashable, Hashable]], labels: Sequence[Hashable] | None) -> dict[Hashable, int]:
    seen = {label for pair in pairs for label in pair}
    if labels is not None:
        if seen - set(labels):
            raise InvalidInput("labels", f"labels out of {list(labels)}", sorted(map(str, seen - set(labels))))
        return {label: i for i, label in enumerate(labels)}
    return {label: i for i, label in enumerate(sorted(seen, key=_natural))}


def _natural(label: Hashable) -> tuple[int, float, str]:
    """Numbers by size, then everything else by its text."""
    return (0, float(label), "") if isinstance(label, (int, float)) else (1, 0.0, str(label))


def _cost(k: int, weights: Weights | None) -> Array:
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).astype(np.float64)
    if weights is None:
        return np.asarray(distance > 0, dtype=np.float64)
    if weights not in ("linear", "quadratic"):
        raise InvalidInput("weights", "None, 'linear' or 'quadratic'", weights)
    return distance if weights == "linear" else distance**2


def _kappas(tables: NDArray[np.int64], cost: Array) -> Array:
    """Kappa of each flattened confusion table: 1 - observed cost / cost expected by chance; NaN without the latter."""
    k = len(cost)
    shares = tables.reshape(-1, k, k) / tables.sum(axis=1)[:, None, None]
    observed = (shares * cost).sum(axis=(1, 2))
    expected = np.einsum("di,dj,ij->d", shares.sum(axis=2), shares.sum(axis=1), cost)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 1e-15, 1 - observed / expected, np.nan)


def _value_counts(table: Array) -> tuple[Array, Array]:
    """The distinct values, and for each item (row) how often each was given."""
    values = np.unique(table[~np.isnan(table)])
    counts = np.stack([(table == value).sum(axis=0) for value in values], axis=1) if values.size else np.zeros((0, 0))
    return values, counts.astype(np.float64)


def _alpha(counts: Array, values: Array, level: Level, weights: Array) -> float:
    """Alpha from item-by-value counts, items weighted: 1 - observed / expected disagreement."""
    if counts.size == 0:
        return float("nan")
    scaled = weights / (counts.sum(axis=1) - 1)
    coincidence = (counts * scaled[:, None]).T @ counts - np.diag((counts * scaled[:, None]).sum(axis=0))
    totals = coincidence.sum(axis=1)
    distance = _squared_distance(values, totals, level)
    expected = float(totals @ distance @ totals)
    if expected <= 0:
        return float("nan")
    return 1 - float(totals.sum() - 1) * float((coincidence * distance).sum()) / expected


def _squared_distance(values: Array, totals: Array, level: Level) -> Array:
    if level == "nominal":
        return 1.0 - np.eye(values.size)
    if level == "interval":
        return np.asarray(np.subtract.outer(values, values) ** 2)
    middle = np.cumsum(totals) - totals / 2  # ordinal: ratings between the two values, the ends half
    return np.asarray(np.subtract.outer(middle, middle) ** 2)
