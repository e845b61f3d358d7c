"""How a hybrid search puts entries in order: words, meaning, recency and importance, weighed; pure numerics on arrays.

The reference view and the fast partition share this, so that both give the same answer to the last bit.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.remember.strategy import Weights

Numbers: TypeAlias = NDArray[np.float64]

MEANT = 0.2  # cosine from which two texts count as related; unrelated sentences of the static embedder stay below it
BLOCK = 4096  # half-precision vectors that are widened at once


def cosines(vectors: NDArray[Any], asked: NDArray[Any]) -> NDArray[np.float32]:
    """Inner products of rows with one vector, in float32.

    Each row is summed in the same order wherever it stands, which a matrix product does not promise: equal texts have
    equal values, and a row has the same value in a whole index and in a part of it.

    Args:
        vectors: (n, dim), of any precision; of length 1 or zero.
        asked: (dim,).
    """
    wide = asked.astype(np.float32)
    out = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), BLOCK):
        rows = vectors[start : start + BLOCK].astype(np.float32)
        out[start : start + len(rows)] = np.einsum("ij,j->i", rows, wide)
    return out


def rank(
    bm25_scores: NDArray[Any],
    cosines: NDArray[Any],
    ages_s: NDArray[Any],
    importances: NDArray[Any],
    weights: Weights,
    k: int,
    *,
    reach: float,
    floor: float = MEANT,
) -> tuple[NDArray[np.int64], Numbers, dict[str, Numbers]]:
    """The exact best ``k`` entries.

    An entry is a candidate when it shares a word with the query (BM25 above 0) or its cosine is at least ``floor``; a part
    with weight 0 makes none, unless both have. Words are the share of ``reach`` that BM25 comes to (1 at most), meaning is the
    cosine or 0, recency is 0.5 ** (age / half-life). Of equal scores the newer entry is first, then the one that stands
    first.

    Args:
        bm25_scores: One a entry, 0 or more.
        cosines: In [-1, 1].
        ages_s: Seconds, 0 or more.
        importances: In [0, 1].
        weights: Of the four parts.
        k: How many at most.
        reach: BM25 of an entry that has every word of the query (:meth:`BM25Index.reach`).
        floor: Least cosine by which an entry is found.

    Returns:
        Indices, scores, and the parts of each score by name, before weighing; all best first.

    Raises:
        InvalidInput: When the arrays are not of one length.
    """
    if not len(bm25_scores) == len(cosines) == len(ages_s) == len(importances):
        sizes = [len(bm25_scores), len(cosines), len(ages_s), len(importances)]
        raise InvalidInput("rank", "four arrays of one length", sizes)
    chosen = _candidates(bm25_scores, cosines, weights, floor)
    parts = {
        "words": _scaled(bm25_scores[chosen], reach),
        "meaning": np.maximum(cosines[chosen].astype(np.float64), 0.0),
        "recency": 0.5 ** (np.maximum(ages_s[chosen].astype(np.float64), 0.0) / weights.half_life_s),
        "importance": importances[chosen].astype(np.float64),
    }
    scores = np.zeros(len(chosen), np.float64)
    for name, values in parts.items():
        scores += float(getattr(weights, name)) * values
    best = _best(scores, ages_s[chosen], k)
    return chosen[best], scores[best], {name: values[best] for name, values in parts.items()}


def _candidates(words: NDArray[Any], meaning: NDArray[Any], weights: Weights, floor: float) -> NDArray[np.int64]:
    neither = not weights.words and not weights.meaning
    found = np.zeros(len(words), np.bool_)
    if weights.words or neither:
        found |= words > 0
    if weights.meaning or neither:
        found |= meaning >= floor
    return np.flatnonzero(found)


def _scaled(scores: NDArray[Any], reach: float) -> Numbers:
    wide: Numbers = scores.astype(np.float64)
    return np.minimum(wide / reach, 1.0) if reach > 0 else wide


def _best(scores: Numbers, ages_s: NDArray[Any], k: int) -> NDArray[np.int64]:
    """Places of the best ``k``, in order; all that tie with the last one take part until their order is known."""
    if k <= 0:
        return np.zeros(0, np.int64)
    among = np.arange(len(scores))
    if len(scores) > k:
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        among = np.flatnonzero(scores >= least)
    order = np.lexsort((among, ages_s[among], -scores[among]))
    return among[order][:k]
