"""Agglomerative clustering of vectors: both readings of a threshold, and what has no direction."""

from __future__ import annotations

import numpy as np
import pytest

from personarium.core.errors import UsageError
from personarium.text.clusters import agglomerate, cluster_counts

# Two directions 60 degrees apart (cosine 0.5), the first one twice.
ROWS = np.array([[1, 0], [0.5, np.sqrt(0.75)], [1, 0]], np.float32)


def test_both_readings_of_a_threshold() -> None:
    assert agglomerate(ROWS, 0.4, "similarity") == [0, 0, 0]
    assert agglomerate(ROWS, 0.6, "similarity") == [0, 1, 0]
    assert agglomerate(ROWS, 0.4, "distance") == [0, 1, 0]
    assert agglomerate(ROWS, 0.6, "distance") == [0, 0, 0]
    assert cluster_counts(ROWS, 0.1) == {"similarity": 1, "distance": 2}


def test_average_linkage_looks_at_all_members() -> None:
    # 0, 40 and 80 degrees: neighbours have cosine 0.77, the ends 0.17; the pair's mean with the third is 0.47
    angles = np.radians([0, 40, 80])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert len(set(agglomerate(rows, 0.45))) == 1
    assert len(set(agglomerate(rows, 0.5))) == 2


def test_zero_rows_stay_alone() -> None:
    assert agglomerate(np.array([[0, 0], [1, 0], [0, 0], [1, 0]], np.float32), 0.0) == [0, 1, 2, 1]


def test_few_rows() -> None:
    assert agglomerate(np.zeros((0, 2), np.float32), 0.5) == []
    assert agglomerate(np.ones((1, 2), np.float32), 0.5) == [0]


@pytest.mark.parametrize(("threshold", "reading"), [(1.5, "similarity"), (-0.1, "distance"), (0.5, "angle")])
def test_thresholds_and_readings_that_are_none(threshold: float, reading: str) -> None:
    with pytest.raises(UsageError, match="similarity or distance from 0 to 1"):
        agglomerate(ROWS, threshold, reading)  # type: ignore[arg-type]
