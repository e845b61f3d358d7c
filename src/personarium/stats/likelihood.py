"""Likelihood metrics of a language model: conditional perplexity and accuracy at N, from token probabilities and ranks.

Source: methods/prodigy.md, step 4 (arXiv 2311.05195): perplexity is exp of the mean negative natural-log likelihood of the gold
response's tokens; whether the paper pools tokens or averages dialogues is not stated, so both are given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array
from personarium.stats.intervals import bootstrap_mean

ACCURACIES = (1, 5, 10)  # N is not stated by the paper


@dataclass(frozen=True, slots=True)
class Perplexity:
    """Conditional perplexity of a set of responses.

    Args:
        pooled: Over all tokens; infinite when a token has probability 0, None without any token.
        mean: Mean of the responses' own perplexities.
        tokens: Scored tokens.
        responses: Responses with at least one token.
        impossible: Tokens of probability 0.
        empty: Responses without a token; they are left out and counted.
    """

    pooled: float | None
    mean: float | None
    tokens: int
    responses: int
    impossible: int = 0
    empty: int = 0


def conditional_perplexity(log_probabilities: Sequence[Sequence[float]]) -> Perplexity:
    """Perplexity of responses given their contexts.

    Args:
        log_probabilities: For each response the natural-log probabilities of its gold tokens (context and profile tokens
            are not among them); ``-inf`` is a token that the model holds impossible.

    Raises:
        InvalidInput: A log-probability above 0 or that is no number.
    """
    scored = [_checked(one) for one in log_probabilities]
    kept = [one for one in scored if one.size]
    if not kept:
        return Perplexity(None, None, 0, 0, empty=len(scored))
    own = [_exp(-float(one.mean())) for one in kept]
    joined = np.concatenate(kept)
    return Perplexity(
        pooled=_exp(-float(joined.mean())),
        mean=math.inf if math.inf in own else float(np.mean(own)),
        tokens=int(joined.size),
        responses=len(kept),
        impossible=int(np.isneginf(joined).sum()),
        empty=len(scored) - len(kept),
    )


def perplexity_estimate(log_probabilities: Sequence[Sequence[float]], unit: str, seed: int = 0) -> Estimate:
    """The pooled perplexity with a bootstrap interval over responses.

    Args:
        log_probabilities: See :func:`conditional_perplexity`.
        unit: What a response is.
        seed: Of the bootstrap.

    Returns:
        An estimate; with impossible tokens it has no value, and ``failures`` says how many there are.
    """
    found = conditional_perplexity(log_probabilities)
    method = f"exp of the mean negative log-likelihood, pooled over tokens, percentile bootstrap of {unit}s"
    failures = {name: count for name, count in (("impossible", found.impossible), ("empty", found.empty)) if count}
    if found.pooled is None or found.impossible:
        return Estimate(None, None, None, found.responses, unit, method, failures=failures)
    flat = [-value for one in log_probabilities for value in one]
    owners = [k for k, one in enumerate(log_probabilities) for _ in one]
    mean = bootstrap_mean(flat, unit, owners, seed=seed)
    ends = [None if end is None else _exp(end) for end in (mean.lo, mean.hi)]
    return replace(mean, value=found.pooled, lo=ends[0], hi=ends[1], method=method, failures=failures)


def accuracy_at(ranks: Sequence[int], n: int) -> float | None:
    """Share of gold tokens among the ``n`` most probable next tokens (rank = 1 + tokens with a higher probability).

    Args:
        ranks: From 1.
        n: At least 1.

    Returns:
        None without any token.

    Raises:
        InvalidInput: A rank or ``n`` below 1.
    """
    if n < 1 or any(rank < 1 for rank in ranks):
        raise InvalidInput("accuracy_at", "ranks and n from 1", n if n < 1 else min(ranks))
    return sum(rank <= n for rank in ranks) / len(ranks) if ranks else None


def _checked(values: Sequence[float]) -> Array:
    array = np.array(values, dtype=np.float64)
    if array.ndim != 1 or np.isnan(array).any() or (array > 1e-6).any():  # rounding may leave ln 1 a hair above 0
        raise InvalidInput("log_probabilities", "natural logarithms of probabilities, at most 0", values)
    return array


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
