"""Second stage of ``tools/distil_embedder.py``: fit a token table to the sentence vectors of MiniLM.

A token's row is ``exp(weight) * ((token vector - mean) @ map + shift + own)``: the map, the shift, the weights (they
begin as SIF by token rank) and the own parts are fitted by Adam so that sums of rows, scaled to length 1, point where
MiniLM's sentence vectors point in their 128 principal directions, and have the cosines with each other that MiniLM
gives. The own parts are pulled to zero: a token that is in no sentence gets its row from the map alone.

Source: model2vec's tokenlearn (mean of token rows regressed on PCA of sentence vectors).
Differs: starts from the distilled tokens and stays near them; the directions are not centred, since cosines are what is
kept; the cosines of sentences with each other are fitted besides.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as nn

EPOCHS = 8
BATCH = 512
RATE, RATE_MAP = 5e-3, 3e-3
PULL = 2.0  # of the own parts to zero, beside one sentence's loss of at most 2
PULL_WEIGHT = 0.05  # of the weights' logarithms to those they begin with
RELATIONS = 3.0  # of squared differences of cosines beside 1 - cosine
SEED = 1


def fitted(
    tokens: np.ndarray, weights: np.ndarray, ids: list[list[int]], vectors: np.ndarray, dim: int
) -> tuple[np.ndarray, float]:
    """The fitted table and the share of the sentence vectors' squares that the kept directions hold.

    Args:
        tokens: (vocabulary, d) vectors of single tokens.
        weights: (vocabulary,) weights to begin with, above 0.
        ids: Token ids of the sentences; none empty.
        vectors: (sentences, d) of length 1.
        dim: Directions kept.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    directions, held = principal(vectors, dim)
    model = Model(tokens, weights, directions)
    count = np.bincount(np.concatenate([np.asarray(row) for row in ids]), minlength=len(tokens))
    batches = Batches(ids, vectors, directions, count)
    steps = EPOCHS * (len(ids) // BATCH)
    for k, batch in enumerate(batches.draw(EPOCHS)):
        model.step(batch, max(0.02, 1 - k / steps))
    return model.table(), held


def principal(vectors: np.ndarray, dim: int) -> tuple[np.ndarray, float]:
    """The first principal directions without centring, signs fixed, and the share of the squares they hold."""
    wide = vectors.astype(np.float64)
    values, rows = np.linalg.eigh(wide.T @ wide)
    found = rows[:, ::-1][:, :dim]
    signs = np.sign(found[np.abs(found).argmax(axis=0), np.arange(dim)])
    return (found * signs).astype(np.float32), float(values[::-1][:dim].sum() / values.sum())


class Batches:
    """Sentences as ids, offsets, targets."""

    def __init__(self, ids: list[list[int]], vectors: np.ndarray, directions: np.ndarray, count: np.ndarray) -> None:
        self._ids, self._vectors = [torch.tensor(row) for row in ids], torch.tensor(vectors)
        self._targets = nn.normalize(torch.tensor(vectors @ directions), dim=1)
        self._count = torch.tensor(count).float()

    def draw(self, epochs: int):  # type: ignore[no-untyped-def]
        """Every sentence once an epoch in a fixed random order; a last incomplete batch is left out."""
        rng = np.random.default_rng(SEED)
        for _ in range(epochs):
            order = rng.permutation(len(self._ids))
            for start in range(0, len(order) - BATCH + 1, BATCH):
                yield self._batch(order[start : start + BATCH])

    def _batch(self, rows: np.ndarray) -> tuple[torch.Tensor, ...]:
        parts = [self._ids[i] for i in rows]
        offsets = torch.tensor(np.cumsum([0, *map(len, parts[:-1])]))
        used, places = torch.unique(torch.cat(parts), return_inverse=True)
        # A token's pull is spread over the batches that it is in, so that it is the same for rare and common ones.
        share = torch.bincount(places, minlength=len(used)).float() / self._count[used]
        return used, places, offsets, share, self._targets[rows], self._vectors[rows]


class Model:
    """What is fitted, and one step of it."""

    def __init__(self, tokens: np.ndarray, weights: np.ndarray, directions: np.ndarray) -> None:
        scaled = torch.tensor(tokens / np.linalg.norm(tokens, axis=1).mean())
        self._tokens = scaled - scaled.mean(0)
        self._map = torch.tensor(directions).requires_grad_()
        self._shift = torch.zeros(directions.shape[1], requires_grad=True)
        self._own = torch.zeros(len(tokens), directions.shape[1], requires_grad=True)
        self._first = torch.log(torch.tensor(weights, dtype=torch.float32))
        self._weight = self._first.clone().requires_grad_()
        slow, quick = [self._map, self._shift], [self._own, self._weight]
        self._adam = torch.optim.Adam([{"params": slow, "lr": RATE_MAP}, {"params": quick, "lr": RATE}])
        self._rates = (RATE_MAP, RATE)

    def rows(self, used: torch.Tensor) -> torch.Tensor:
        """Table rows of some tokens."""
        plain = self._tokens[used] @ self._map + self._shift + self._own[used]
        return torch.exp(self._weight[used])[:, None] * plain

    def step(self, batch: tuple[torch.Tensor, ...], slower: float) -> None:
        """One step of Adam at a share of the rates."""
        used, places, offsets, share, targets, vectors = batch
        got = nn.normalize(nn.embedding_bag(places, self.rows(used), offsets, mode="sum"), dim=1)
        loss = (1 - (got * targets).sum(1)).mean() + RELATIONS * ((got @ got.T - vectors @ vectors.T) ** 2).mean()
        own = PULL * (self._own[used] ** 2).sum(1) + PULL_WEIGHT * (self._weight[used] - self._first[used]) ** 2
        loss = loss + (own * share).sum() / BATCH
        for group, rate in zip(self._adam.param_groups, self._rates, strict=True):
            group["lr"] = rate * slower
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()

    def table(self) -> np.ndarray:
        """All rows, float32."""
        with torch.no_grad():
            return self.rows(torch.arange(len(self._tokens))).numpy().copy()
