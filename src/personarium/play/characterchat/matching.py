"""Which supporter fits a seeker: similarity, the published scorer, and a model of the pair.

The published scorer puts two frozen embeddings through one cosine and two linear layers without a non-linearity between: it is
linear in the cosine, so it can only rank supporters by their similarity to the seeker, up or down. It stays here as the
baseline (:class:`LinearCosineScorer`); :class:`PairScorer` also learns who supports well, who is easily helped, and which
traits go together.

Source: characterchat page, step 12 and Traps.
Differs: any embedder for BERT; the two linear layers are fitted exactly (least squares in the cosine, where their loss has its
minimum); ``match-training`` trains them as published: Adam, 1e-5, batches of 8, one epoch, from the usual random start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.results import Estimate
from personarium.text.embed import Embedder, StaticEmbedder

Array = NDArray[np.float64]
ERRATA = ("match-training",)
HIDDEN, LEARNING_RATE, BATCH, EPOCHS = 1024, 1e-5, 8, 1
HELD_OUT = 0.05  # the published split is 95 to 5, seed 0
RANK = 32  # directions of the embedding that the pair model sees
PENALTIES = tuple(10.0**k for k in range(-4, 5))


@dataclass(frozen=True, slots=True)
class RatedPair:
    """A seeker's statement, a supporter's, and how well they fitted (the match label)."""

    seeker: str
    supporter: str
    rating: float


class MatchScorer(Protocol):
    """Scores pairs; higher fits better."""

    def score(self, seekers: Sequence[str], supporters: Sequence[str]) -> Array:
        """One score for each pair of statements, in order."""
        ...


@dataclass(frozen=True)
class CosineScorer:
    """Similarity search: the cosine of the two statements; nothing is learnt."""

    embedder: Embedder = field(default_factory=StaticEmbedder)

    def score(self, seekers: Sequence[str], supporters: Sequence[str]) -> Array:
        """The cosines."""
        return _cosines(*_vectors(self.embedder, seekers, supporters))


@dataclass(frozen=True)
class LinearCosineScorer:
    """``intercept + slope x cosine``: what the published scorer can express.

    Args:
        intercept: At cosine 0.
        slope: Negative where unlike people fit better.
        embedder: Of the statements.
    """

    intercept: float
    slope: float
    embedder: Embedder = field(default_factory=StaticEmbedder)

    @classmethod
    def fit(
        cls,
        pairs: Sequence[RatedPair],
        embedder: Embedder | None = None,
        *,
        as_published: Published = False,
        seed: int = 0,
    ) -> LinearCosineScorer:
        """Fit to rated pairs; ``match-training`` trains the two layers as published."""
        embedder = embedder or StaticEmbedder()
        cosines, ratings = _cosines(*_of_pairs(pairs, embedder)), _ratings(pairs)
        if "match-training" in published_faults(as_published, ERRATA):
            return cls(*_trained(cosines, ratings, seed), embedder)
        design = np.column_stack([np.ones_like(cosines), cosines])
        intercept, slope = np.linalg.lstsq(design, ratings, rcond=None)[0]
        return cls(float(intercept), float(slope), embedder)

    def score(self, seekers: Sequence[str], supporters: Sequence[str]) -> Array:
        """Expected ratings."""
        return self.intercept + self.slope * _cosines(*_vectors(self.embedder, seekers, supporters))


def _trained(cosines: Array, ratings: Array, seed: int) -> tuple[float, float]:
    """Linear(1, 1024) and Linear(1024, 1) by Adam on the squared error; returns intercept and slope of their product."""
    rng = np.random.default_rng(seed)
    bound = 1 / np.sqrt(HIDDEN)
    weights = [
        rng.uniform(-1, 1, HIDDEN), rng.uniform(-1, 1, HIDDEN),
        rng.uniform(-bound, bound, HIDDEN), rng.uniform(-bound, bound, 1),
    ]  # fmt: skip
    means, squares = ([np.zeros_like(w) for w in weights] for _ in range(2))
    step = 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(cosines))
        for start in range(0, len(order), BATCH):
            step += 1
            batch = order[start : start + BATCH]
            gradients = _gradients(weights, cosines[batch], ratings[batch])
            for w, g, m, v in zip(weights, gradients, means, squares, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                w -= LEARNING_RATE * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    inner, inner_bias, outer, outer_bias = weights
    return float(outer @ inner_bias + outer_bias[0]), float(outer @ inner)


def _gradients(weights: Sequence[Array], x: Array, y: Array) -> list[Array]:
    inner, inner_bias, outer, outer_bias = weights
    hidden = np.outer(x, inner) + inner_bias
    error = 2 * (hidden @ outer + outer_bias[0] - y) / len(x)
    return [outer * float(error @ x), outer * float(error.sum()), hidden.T @ error, np.array([error.sum()])]


@dataclass(frozen=True)
class PairScorer:
    """A bilinear model of the pair: both people's traits and all products of a seeker's with a supporter's, by ridge.

    The traits are the first ``rank`` principal directions of the training statements; the penalty is chosen by
    leave-one-out error on the training pairs alone.

    Args:
        mean: Of the training embeddings.
        directions: (rank, dim).
        weights: (rank + 1, rank + 1): of [1, seeker] x [1, supporter].
        penalty: The one that was chosen.
        embedder: Of the statements.
    """

    mean: Array
    directions: Array
    weights: Array
    penalty: float
    embedder: Embedder = field(default_factory=StaticEmbedder)

    @classmethod
    def fit(cls, pairs: Sequence[RatedPair], embedder: Embedder | None = None, rank: int = RANK) -> PairScorer:
        """Fit to rated pairs.

        Raises:
            UsageError: ``rank`` is below 1.
        """
        if rank < 1:
            raise UsageError(f"rank must be at least 1, found {rank}")
        embedder = embedder or StaticEmbedder()
        seekers, supporters = _of_pairs(pairs, embedder)
        both = np.vstack([seekers, supporters])
        mean = both.mean(axis=0)
        variances, axes = np.linalg.eigh((both - mean).T @ (both - mean))
        kept = max(1, min(rank, int((variances > 1e-9 * variances[-1]).sum())))
        directions = axes[:, ::-1][:, :kept].T
        spread = (both - mean) @ directions.T
        directions = directions / max(float(spread.std()), 1e-12)
        features = _products((seekers - mean) @ directions.T, (supporters - mean) @ directions.T)
        weights, penalty = _ridge(features[:, 1:], _ratings(pairs))
        size = len(directions) + 1
        return cls(mean, directions, weights.reshape(size, size), penalty, embedder)

    def score(self, seekers: Sequence[str], supporters: Sequence[str]) -> Array:
        """Expected ratings."""
        left, right = ((v - self.mean) @ self.directions.T for v in _vectors(self.embedder, seekers, supporters))
        return _products(left, right) @ self.weights.ravel()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; the embedder goes in by its name."""
        arrays = {name: getattr(self, name).tolist() for name in ("mean", "directions", "weights")}
        return {**arrays, "penalty": self.penalty, "embedder": self.embedder.name}

    @classmethod
    def from_dict(cls, data: dict[str, Any], embedder: Embedder | None = None) -> PairScorer:
        """The inverse of :meth:`to_dict`.

        Raises:
            InvalidInput: It was fitted with another embedder, or the numbers do not fit together.
        """
        embedder = embedder or StaticEmbedder()
        if data.get("embedder") != embedder.name:
            raise InvalidInput("pair scorer", f"a model fitted with {embedder.name}", data.get("embedder"), "embedder")
        mean, directions, weights = (np.asarray(data[name], np.float64) for name in ("mean", "directions", "weights"))
        size = len(directions) + 1
        if directions.ndim != 2 or directions.shape[1:] != mean.shape or weights.shape != (size, size):
            raise InvalidInput("pair scorer", "weights for each pair of directions", list(weights.shape), "weights")
        return cls(mean, directions, weights, float(data["penalty"]), embedder)


def _ridge(rows: Array, y: Array) -> tuple[Array, float]:
    """Constant and weights by ridge regression, and the penalty with the least leave-one-out error.

    One decomposition serves all penalties: with the eigenvectors V of the scatter matrix the fit is linear in y with
    leverages h, and the error of a row that was left out is its residual / (1 - h).
    """
    middle, level = rows.mean(axis=0), float(y.mean())
    centred, target = rows - middle, y - level
    values, axes = np.linalg.eigh(centred.T @ centred)
    values, rotated = np.maximum(values, 0.0), centred @ axes
    along = rotated.T @ target
    best: tuple[float, float, Array] | None = None
    for penalty in PENALTIES:
        shrunk = along / (values + penalty)
        leverage = (rotated**2) @ (1 / (values + penalty)) + 1 / len(y)
        error = float((((target - rotated @ shrunk) / np.maximum(1 - leverage, 1e-9)) ** 2).mean())
        if best is None or error < best[0]:
            best = (error, penalty, shrunk)
    assert best is not None  # there are penalties
    weights = axes @ best[2]
    return np.concatenate([[level - float(middle @ weights)], weights]), best[1]


def _products(left: Array, right: Array) -> Array:
    """[1, left] x [1, right], row by row: a constant, both sides, and every product of the two."""
    ones = np.ones((len(left), 1))
    a, b = np.hstack([ones, left]), np.hstack([ones, right])
    return cast(Array, np.einsum("ni,nj->nij", a, b).reshape(len(left), -1))


def rank_supporters(scorer: MatchScorer, seeker: str, supporters: Sequence[str]) -> list[tuple[int, float]]:
    """Supporters for one seeker, best first: (place in ``supporters``, score); equal ones in the given order."""
    scores = scorer.score([seeker] * len(supporters), supporters)
    order = sorted(range(len(supporters)), key=lambda k: (-scores[k], k))
    return [(k, float(scores[k])) for k in order]


def compare_scorers(
    train: Sequence[RatedPair], held_out: Sequence[RatedPair], embedder: Embedder | None = None
) -> dict[str, Estimate]:
    """Spearman's rho with the ratings of held-out pairs: similarity search, the published form, the pair model."""
    from personarium.stats.correlation import spearman

    embedder = embedder or StaticEmbedder()
    scorers: dict[str, MatchScorer] = {
        "cosine": CosineScorer(embedder),
        "linear in the cosine": LinearCosineScorer.fit(train, embedder),
        "pair model": PairScorer.fit(train, embedder),
    }
    seekers, supporters = [p.seeker for p in held_out], [p.supporter for p in held_out]
    ratings = _ratings(held_out)
    return {name: spearman(scorer.score(seekers, supporters), ratings, "pair") for name, scorer in scorers.items()}


def split_pairs(
    pairs: Sequence[RatedPair], held_out: float = HELD_OUT, seed: int = 0
) -> tuple[list[RatedPair], list[RatedPair]]:
    """Training and held-out pairs.

    Raises:
        UsageError: The share is not between 0 and 1.
    """
    if not 0 < held_out < 1:
        raise UsageError(f"held_out must be between 0 and 1, found {held_out}")
    order = np.random.default_rng(seed).permutation(len(pairs))
    cut = round(len(pairs) * held_out)
    return [pairs[k] for k in order[cut:]], [pairs[k] for k in order[:cut]]


# --- vectors ---


def _vectors(embedder: Embedder, seekers: Sequence[str], supporters: Sequence[str]) -> tuple[Array, Array]:
    if len(seekers) != len(supporters):
        raise InvalidInput("match scorer", "as many seekers as supporters", (len(seekers), len(supporters)))
    texts = list(dict.fromkeys([*seekers, *supporters]))
    place = {text: k for k, text in enumerate(texts)}
    table = np.asarray(embedder.embed(texts), np.float64)
    return table[[place[text] for text in seekers]], table[[place[text] for text in supporters]]


def _of_pairs(pairs: Sequence[RatedPair], embedder: Embedder) -> tuple[Array, Array]:
    if len(pairs) < 2:
        raise InvalidInput("match scorer", "at least two rated pairs", len(pairs))
    return _vectors(embedder, [p.seeker for p in pairs], [p.supporter for p in pairs])


def _ratings(pairs: Sequence[RatedPair]) -> Array:
    return np.array([pair.rating for pair in pairs], np.float64)


def _cosines(left: Array, right: Array) -> Array:
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    dots = (left * right).sum(axis=1)
    return cast(Array, np.divide(dots, norms, out=np.zeros_like(dots), where=norms > 0))
