"""Groups of like texts: agglomerative clustering of their vectors by average cosine, with either reading of a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from numpy.typing import NDArray

from personarium.core.errors import UsageError

Reading = Literal["similarity", "distance"]

MOST_CLUSTERED = 15_000  # vectors; all their distances at once take n * n * 4 bytes: 900 MB


def agglomerate(vectors: NDArray[Any], threshold: float, reading: Reading = "similarity") -> list[int]:
    """Merge the two nearest groups again and again (average linkage on cosine) while they are near enough.

    Args:
        vectors: (n, d), one row a text; a zero row is near to nothing and stays alone.
        threshold: From 0 to 1, see ``reading``.
        reading: ``similarity`` merges while the average cosine exceeds the threshold, ``distance`` while 1 - cosine is
            below it. A published "0.1" can mean either, and they are far apart.

    Returns:
        The group of each row, numbered from 0 in the order of first appearance.

    Raises:
        UsageError: A threshold outside 0 to 1, another reading, or more than 15,000 rows.
    """
    import numpy as np

    if reading not in ("similarity", "distance") or not 0 <= threshold <= 1:
        raise UsageError(f"clusters need a similarity or distance from 0 to 1, found {reading} {threshold}")
    if len(vectors) > MOST_CLUSTERED:
        raise UsageError(f"at most {MOST_CLUSTERED:,} texts can be clustered at once, found {len(vectors):,}")
    rows = np.asarray(vectors, np.float64)
    filled = np.flatnonzero(np.linalg.norm(rows, axis=1) > 0) if len(rows) else np.zeros(0, np.int64)
    found = list(range(len(rows), 2 * len(rows)))  # each alone, under numbers that no group has
    for row, group in zip(filled, _groups(rows[filled], threshold, reading), strict=True):
        found[row] = group
    names = {group: k for k, group in enumerate(dict.fromkeys(found))}
    return [names[group] for group in found]


def _groups(rows: NDArray[Any], threshold: float, reading: Reading) -> list[int]:
    if len(rows) < 2:
        return [0] * len(rows)
    from sklearn.cluster import AgglomerativeClustering

    furthest = 1 - threshold if reading == "similarity" else threshold
    model = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=furthest, compute_full_tree=True
    )
    return [int(group) for group in model.fit_predict(rows)]


def cluster_counts(
    vectors: NDArray[Any], threshold: float, readings: Sequence[Reading] = ("similarity", "distance")
) -> dict[Reading, int]:
    """How many groups each reading of one threshold gives."""
    return {reading: len(set(agglomerate(vectors, threshold, reading))) for reading in readings}
