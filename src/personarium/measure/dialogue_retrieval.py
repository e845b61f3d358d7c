"""Persona retrieval: is the dialogue nearest to a dialogue one of the same persona? And how separate are the personas?

Source: SPASM (arXiv 2604.09212), spasm page, point 8.
Differs: nearest *other dialogue*, never the dialogue itself (whether the paper compares dialogues or centroids could not be
confirmed). Units: shares of dialogues; chance for P personas of D dialogues each is (D - 1) / (P D - 1) at k = 1.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from personarium.text.embed import Embedder

KS = (1, 10)  # the paper's top-1 and top-10
_BLOCK = 1024  # dialogues compared at once: 5,000 need 5 blocks of 40 MB


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Retrieval and separation of personas.

    Args:
        top: k -> share of dialogues with one of the same persona among the k nearest others. The interval is Wilson's
            over dialogues; dialogues of one persona depend on each other, so read it as the narrowest possible.
        chance: k -> that share for labels without meaning (exact, by the sizes of the personas).
        silhouette: Mean silhouette of the persona clusters under cosine distance, -1 to 1; None for fewer than two
            personas, no persona with two dialogues, or where it was not asked for.
    """

    top: dict[int, Estimate]
    chance: dict[int, float]
    silhouette: float | None


def retrieve_personas(
    dialogues: Sequence[Dialogue],
    personas: Sequence[str],
    embedder: Embedder | None = None,
    *,
    speaker: str | None = None,
    ks: Sequence[int] = KS,
    silhouette: bool = True,
) -> Retrieval:
    """Retrieve dialogues by persona.

    Args:
        dialogues: At least two.
        personas: The persona id of each.
        embedder: The static one by default.
        speaker: Whose turns are embedded; None for the whole dialogue.
        ks: How many nearest others are looked at.
        silhouette: Whether to compute it; it takes most of the time.

    Raises:
        InvalidInput: When there is not one persona id for each dialogue, or fewer than two dialogues.
    """
    from personarium.text.embed import load_embedder

    texts = ["\n".join(d.said_by(speaker) if speaker is not None else [u.text for u in d]) for d in dialogues]
    return retrieval_of_vectors((embedder or load_embedder()).embed(texts), personas, ks, silhouette)


def retrieval_of_vectors(
    vectors: NDArray[Any], personas: Sequence[str], ks: Sequence[int] = KS, silhouette: bool = True
) -> Retrieval:
    """As :func:`retrieve_personas`, for one vector a dialogue (n, d); a zero vector is near to nothing."""
    import numpy as np

    n = len(personas)
    if n < 2 or vectors.shape[:1] != (n,):
        raise InvalidInput("dialogue retrieval", "a persona id for each of at least two dialogues", n)
    if min(ks) < 1:
        raise InvalidInput("dialogue retrieval", "k of at least 1", list(ks), "ks")
    codes = np.unique(np.asarray(personas, dtype=str), return_inverse=True)[1]
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = np.divide(vectors, length, out=np.zeros_like(vectors, dtype=np.float64), where=length > 0)
    ranks = _rank_of_own(rows, codes)
    top = {k: _share(ranks, k) for k in sorted(set(ks))}
    return Retrieval(top, {k: chance_of(personas, k) for k in top}, _silhouette(rows, codes) if silhouette else None)


def chance_of(personas: Sequence[str], k: int = 1) -> float:
    """Expected share for labels without meaning: 1 - C(n - D, k) / C(n - 1, k), averaged over dialogues.

    For P personas of D dialogues and k = 1 this is (D - 1) / (P D - 1).
    """
    n, sizes = len(personas), Counter(personas)
    k = min(k, n - 1)
    shares = (1 - math.comb(n - size, k) / math.comb(n - 1, k) for size in (sizes[p] for p in personas))
    return sum(shares) / n


def _rank_of_own(rows: NDArray[Any], codes: NDArray[Any]) -> NDArray[Any]:
    """For each dialogue: how many dialogues of other personas are nearer than the nearest other of its own (or as near)."""
    import numpy as np

    ranks = np.empty(len(codes), np.float64)
    for start in range(0, len(codes), _BLOCK):
        stop = min(start + _BLOCK, len(codes))
        near = rows[start:stop] @ rows.T
        near[np.arange(stop - start), np.arange(start, stop)] = -np.inf  # never the dialogue itself
        same = codes[start:stop, None] == codes[None, :]
        best = np.where(same, near, -np.inf).max(axis=1)
        ahead = ((near >= best[:, None]) & ~same).sum(axis=1)
        ranks[start:stop] = np.where(np.isfinite(best), ahead, np.inf)
    return ranks


def _share(ranks: NDArray[Any], k: int) -> Estimate:
    from personarium.stats.intervals import wilson

    return wilson(int((ranks < k).sum()), len(ranks), "dialogue")


def _silhouette(rows: NDArray[Any], codes: NDArray[Any]) -> float | None:
    import numpy as np

    sizes = np.bincount(codes)
    if len(sizes) < 2 or sizes.max() < 2:
        return None
    from sklearn.metrics import silhouette_score

    # Rows of length 1: cosine distance as scikit-learn computes it.
    return float(silhouette_score(rows, codes, metric="cosine"))
