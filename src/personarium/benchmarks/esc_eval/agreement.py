"""How far a rater agrees with people, and whether it puts models in the right order.

Source: esc-eval page, step 6 and "Works when" 5. The measure behind the paper's 35 points is not stated, so several are given.
Units: one dialogue on one dimension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.benchmarks.esc_eval.dimensions import HIGHEST, LOWEST
from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.agreement import cohens_kappa
from personarium.stats.correlation import kendall_tau_b, pearson, spearman
from personarium.stats.intervals import mean_interval, wilson

UNIT = "dialogue"


@dataclass(frozen=True)
class RaterAgreement:
    """A rater beside the truth.

    Args:
        accuracy: Share of equal scores.
        within_one: Share of scores that differ by at most one.
        kappa: Quadratic weighted kappa over the labels 0 to 4; 0 for a rater that always says the same.
        pearson: Correlation of the scores; without value for a rater that always says the same, like the next two.
        spearman: Of the ranks.
        kendall: tau-b.
    """

    accuracy: Estimate
    within_one: Estimate
    kappa: Estimate
    pearson: Estimate
    spearman: Estimate
    kendall: Estimate

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {name: getattr(self, name).as_dict() for name in self.__dataclass_fields__}


def rater_agreement(truth: Sequence[int | None], given: Sequence[int | None], seed: int = 0) -> RaterAgreement:
    """Compare a rater's scores with the true ones.

    Args:
        truth: Scores 0 to 4; None or -1 is missing (the pair is left out and counted).
        given: The rater's, of the same dialogues.
        seed: Of bootstraps.

    Raises:
        InvalidInput: Not of one length, or a score that is none.
    """
    if len(truth) != len(given):
        raise InvalidInput("scores", f"{len(truth)} of the rater", len(given))
    a, b = ([_score(value) for value in scores] for scores in (truth, given))
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    missing = len(a) - len(pairs)
    labels = list(range(LOWEST, HIGHEST + 1))
    return RaterAgreement(
        wilson(sum(x == y for x, y in pairs), len(pairs), UNIT, missing=missing),
        wilson(sum(abs(x - y) <= 1 for x, y in pairs), len(pairs), UNIT, missing=missing),
        cohens_kappa(a, b, labels, "quadratic", UNIT, seed=seed),
        pearson(a, b, UNIT),
        spearman(a, b, UNIT),
        kendall_tau_b(a, b, UNIT),
    )


def _score(value: int | None) -> int | None:
    if value is None or value == -1:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not LOWEST <= value <= HIGHEST:
        raise InvalidInput("scores", f"whole numbers from {LOWEST} to {HIGHEST}", value)
    return value


def model_order(scores: Mapping[str, Sequence[float | None]]) -> list[tuple[str, Estimate]]:
    """Models on one dimension, best mean first; equal means stay in the order given, models without any come last.

    Args:
        scores: Model -> its scores; None is missing.
    """
    means = [(name, mean_interval(values, UNIT)) for name, values in scores.items()]
    return sorted(means, key=lambda pair: (pair[1].value is None, -(pair[1].value or 0.0)))
