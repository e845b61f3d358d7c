"""Scores of several raters: which count, what they come to together, how far the raters agree.

Source: personax page, steps 3 and 4, "Works when" 1 and 6; Krippendorff's alpha is the page's own measure (the paper names
none).
Units: scores are whole numbers of the scale (1 to 3 in the paper); 0 says "not enough information".
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.results import Estimate
from personarium.stats.agreement import Level, krippendorff_alpha
from personarium.stats.intervals import wilson
from personarium.text.holes import Hole, Unparsed

ABSTAINED = 0
SCALE = (1, 3)


@dataclass(frozen=True, slots=True)
class Pooled:
    """What several raters' scores of one trait come to.

    Args:
        value: The median of the scores that count; None when there is none (missing).
        support: How many scores count.
        abstained: How many raters had not enough information.
        rejected: How many gave something that is no score.
        missing: How many gave nothing at all.
    """

    value: float | None
    support: int
    abstained: int = 0
    rejected: int = 0
    missing: int = 0


def read_score(value: Any, scale: tuple[int, int] = SCALE) -> int | Unparsed:
    """A rater's score: a whole number of the scale, or 0. Anything else is rejected, never clipped or rounded.

    Args:
        value: A number, or its digits as text.
        scale: Lowest and highest score.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    found = Hole("number", "score", lo=ABSTAINED, hi=scale[1], integer=True).accept(value)
    if isinstance(found, Unparsed):
        return found
    if ABSTAINED < found < scale[0]:
        return Unparsed(
            f"'score' should be 0 or a whole number from {scale[0]} to {scale[1]}, found {found}", str(value)
        )
    return int(found)


def pool_scores(scores: Sequence[Any], scale: tuple[int, int] = SCALE) -> Pooled:
    """Drop abstentions, take the median over raters.

    Args:
        scores: One entry a rater, as it came; None where a rater gave nothing, :class:`Unparsed` where it is known
            that what it gave is no score.
        scale: Lowest and highest score.
    """
    read = [s if s is None or isinstance(s, Unparsed) else read_score(s, scale) for s in scores]
    counted = [s for s in read if isinstance(s, int) and s != ABSTAINED]
    return Pooled(
        float(statistics.median(counted)) if counted else None,
        len(counted),
        read.count(ABSTAINED),
        sum(isinstance(s, Unparsed) for s in read),
        read.count(None),
    )


def rater_agreement(
    scores: Mapping[str, Sequence[int | None]], level: Level = "interval", seed: int = 0
) -> tuple[Estimate, dict[str, Estimate]]:
    """Krippendorff's alpha of the raters, abstentions as missing; and each rater's abstention rate.

    Args:
        scores: Rater -> scores of the same subjects in the same order; 0 is an abstention, None no score at all.
        level: ``interval``, ``ordinal`` or ``nominal``.
        seed: Of the bootstrap interval.

    Returns:
        Alpha (no value with one rater, or when all scores are equal), and rater -> :func:`abstention_rate`.
    """
    table = [[None if s in (None, ABSTAINED) else float(s) for s in given] for given in scores.values()]
    alpha = krippendorff_alpha(table, level, unit="subject", seed=seed)
    return alpha, {rater: abstention_rate(given) for rater, given in scores.items()}


def abstention_rate(scores: Sequence[int | None], unit: str = "subject") -> Estimate:
    """Share of a rater's scores that are 0, "not enough information"; where it gave none, None, it is missing."""
    answered = [s for s in scores if s is not None]
    return wilson(answered.count(ABSTAINED), len(answered), unit, missing=len(scores) - len(answered))
