"""How well a judge knows who speaks: top-1, top-2, rank of the truth, Brier score, calibration error.

Source: personaeval page, step 6 and "Works when" 1, 2, 4, 5 and 8.
Differs: a rank breaks ties by option order, as the prediction does (the reference takes the later option first there,
``ties-two-ways``); all options count (the reference stores four, ``fifth-probability-lost``); n counts answers, not errors
(``errors-counted``). The reference's "F1" is a function of accuracy and stands in its own table only.
Units: one item; the Brier score is the mean over all (item, option) pairs, so it is divided by the number of options too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from personarium.benchmarks.personaeval.items import most_probable
from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.calibration import brier_score, calibrated_error, expected_calibration_error
from personarium.stats.intervals import mean_interval, wilson

Ties = Literal["first", "last", "expected"]
TIES: tuple[str, ...] = ("first", "last", "expected")
BINS = 20
STORED = 4  # probabilities that the reference keeps
TOP1, TOP2, RANK, BRIER, ECE = "Top-1", "Top-2", "Mean rank", "Brier", "ECE"
ECE_FLOOR = "ECE if calibrated"
FIFTH_LOST, ERRORS_COUNTED, TWO_WAYS = "fifth-probability-lost", "errors-counted", "ties-two-ways"


@dataclass(frozen=True)
class Metrics:
    """The figures of one judge on some items.

    Args:
        estimates: By name; the failures of each are the items without an answer.
        f1: The reference's "F1", 2a / (1 + a) of the accuracy a: no further evidence, kept for its table.
        samples: What the reference's table calls num_samples.
    """

    estimates: Mapping[str, Estimate]
    f1: float | None
    samples: int

    def value(self, name: str) -> float | None:
        """The value of one estimate."""
        return self.estimates[name].value


def rank_of_truth(probabilities: Sequence[float], truth: int, ties: Ties = "first") -> float:
    """The 1-based rank of the truth in descending order of probability.

    Args:
        probabilities: One for each option.
        truth: Place of the truth.
        ties: Of equal probabilities ``first`` puts the earlier option first (as the prediction does), ``last`` the later
            one (as the reference's ranks do), ``expected`` gives the mean over random orders.

    Raises:
        InvalidInput: Another word.
    """
    if ties not in TIES:
        raise InvalidInput("ties", "first, last or expected", ties)
    mine = probabilities[truth]
    above = 1 + sum(p > mine for p in probabilities)
    before = sum(p == mine for p in probabilities[:truth])
    behind = sum(p == mine for p in probabilities[truth + 1 :])
    return above + {"first": float(before), "last": float(behind), "expected": (before + behind) / 2}[ties]


def _in_top_two(probabilities: Sequence[float], truth: int, ties: Ties) -> float:
    if ties != "expected":
        return float(rank_of_truth(probabilities, truth, ties) <= 2)
    mine = probabilities[truth]
    above, equal = sum(p > mine for p in probabilities), sum(p == mine for p in probabilities)
    return min(1.0, max(0.0, (2 - above) / equal))


def identification_metrics(
    answers: Sequence[Sequence[float]],
    truths: Sequence[int],
    *,
    ties: Ties = "first",
    bins: int = BINS,
    faults: frozenset[str] = frozenset(),
    missing: Mapping[str, int] | None = None,
    unit: str = "item",
    seed: int = 0,
) -> Metrics:
    """The metrics of a judge's answers.

    Args:
        answers: Probabilities in option order; empty for an item without an answer.
        truths: Place of the truth in each.
        ties: How equal probabilities are ranked; top-1 is always the first of equals.
        bins: Equal bins (low, high] of the calibration error.
        faults: Erratum ids that are switched on.
        missing: Why answers are missing, kind -> count; all are ``error`` without.
        unit: What one item is.
        seed: Bootstrap seed.

    Raises:
        InvalidInput: Not one truth for each answer.
    """
    if len(answers) != len(truths):
        raise InvalidInput("answers", f"one for each of {len(truths)} items", len(answers), "answers")
    stored = [tuple(a[:STORED]) if FIFTH_LOST in faults else tuple(a) for a in answers]
    pairs = [(a, t) for a, t in zip(stored, truths, strict=True) if a]
    errors = len(stored) - len(pairs)
    failures = missing if missing is not None else {"error": errors} if errors else {}
    right = [float(most_probable(a) == t) for a, t in pairs]
    ranked = [(a, t) for a, t in pairs if t < len(a)]
    order: Ties = "last" if TWO_WAYS in faults else ties
    top_two = [_in_top_two(a, t, order) if t < len(a) else 0.0 for a, t in pairs]
    accuracy = wilson(sum(right), len(right), unit)
    found = {
        TOP1: accuracy,
        TOP2: wilson(sum(top_two), len(top_two), unit),
        RANK: mean_interval([rank_of_truth(a, t, order) for a, t in ranked], unit, method="mean rank of the truth"),
        BRIER: _brier(pairs, unit),
        **_calibration([max(a) for a, _ in pairs], right, bins, FIFTH_LOST in faults, unit, seed),
    }
    share = accuracy.value
    return Metrics(
        {name: replace(estimate, failures=dict(failures)) for name, estimate in found.items()},
        None if share is None else 2 * share / (1 + share),
        len(stored) if ERRORS_COUNTED in faults else len(pairs),
    )


def _brier(pairs: Sequence[tuple[Sequence[float], int]], unit: str) -> Estimate:
    if any(not 0.0 <= p <= 1.0 for a, _ in pairs for p in a):  # only where the published reader let them in
        squares = [sum((p - (k == t)) ** 2 for k, p in enumerate(a)) / len(a) for a, t in pairs]
        return replace(mean_interval(squares, unit, method="Brier score"), lo=None, hi=None)
    stated = [p for a, _ in pairs for p in a]
    outcomes = [float(k == t) for a, t in pairs for k in range(len(a))]
    items = [number for number, (a, _) in enumerate(pairs) for _ in a]
    return brier_score(stated, outcomes, unit, items)


def _calibration(
    stated: Sequence[float], right: Sequence[float], bins: int, literal: bool, unit: str, seed: int
) -> dict[str, Estimate]:
    """The calibration error of the largest probability; confidences that are none are left out.

    With ``literal`` a confidence of exactly 0 falls in no bin (low, high], as published; otherwise none can be 0.
    """
    kept = [(p, y) for p, y in zip(stated, right, strict=True) if 0.0 <= p <= 1.0 and not (literal and p == 0.0)]
    values, outcomes = [p for p, _ in kept], [y for _, y in kept]
    error = expected_calibration_error(values, outcomes, bins, unit, seed=seed)
    if literal and error.value is not None and len(kept) < len(stated):
        share = len(kept) / len(stated)
        error = replace(error, value=error.value * share, lo=None, hi=None)
    return {ECE: error, ECE_FLOOR: calibrated_error(values, bins, draws=200, seed=seed)}


def macro_mean(estimates: Sequence[Estimate]) -> Estimate:
    """Mean over tracks, each counting alike, with the square-and-add interval of independent estimates.

    Args:
        estimates: One a track, with intervals; tracks without a value are left out.

    Source: Zou and Donner (2008), "Construction of confidence limits about effect measures" (MOVER).
    """
    kept = [one for one in estimates if one.value is not None]
    values = [float(one.value or 0.0) for one in kept]
    n, method = sum(one.n for one in kept), f"mean over {len(kept)} tracks, square-and-add interval"
    unit = kept[0].unit if kept else "item"
    failures: dict[str, int] = {}
    for one in estimates:
        for kind, count in one.failures.items():
            failures[kind] = failures.get(kind, 0) + count
    if not kept:
        return Estimate(None, None, None, 0, unit, method, failures=failures)
    mean = math.fsum(values) / len(values)
    if any(one.lo is None or one.hi is None for one in kept):
        return Estimate(mean, None, None, n, unit, method, failures=failures)
    below = math.sqrt(sum((v - float(one.lo or 0.0)) ** 2 for v, one in zip(values, kept, strict=True))) / len(kept)
    above = math.sqrt(sum((float(one.hi or 0.0) - v) ** 2 for v, one in zip(values, kept, strict=True))) / len(kept)
    return Estimate(mean, mean - below, mean + above, n, unit, method, failures=failures)
