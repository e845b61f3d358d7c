"""How well recovered latent factors match the true ones: mean correlation coefficient (MCC) and linear R2.

Only the scoring of the paper's Level II is here; no causal-representation model is trained.

Source: personax page, step 6 and "Works when" 7; arXiv 2509.11362.
Differs: R2 is of a linear regression of each true factor on all recovered ones (which regression the paper uses is not
stated), so it forgives every invertible linear mixing; MCC does not.
Units: both from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.stats.arrays import Array


@dataclass(frozen=True, slots=True)
class LatentScore:
    """How recovered factors match the true ones.

    Args:
        mcc: Mean |Pearson r| over the best one-to-one matching.
        r2: Mean share of variance of a true factor that all recovered ones explain linearly.
        matching: For each true factor the recovered one.
        correlations: |r| of each matched pair.
        n: Rows.
    """

    mcc: float
    r2: float
    matching: tuple[int, ...]
    correlations: tuple[float, ...]
    n: int


def score_latents(true: NDArray[np.float64], recovered: NDArray[np.float64]) -> LatentScore:
    """Score recovered factors, up to their order and sign.

    Args:
        true: One row an observation, one column a factor.
        recovered: The same rows; at least as many columns.

    Raises:
        InvalidInput: Other shapes, values that are not finite, or a factor that does not vary.
    """
    from scipy.optimize import linear_sum_assignment

    z, found = _matrix(true, "true factors"), _matrix(recovered, "recovered factors")
    if len(z) != len(found) or found.shape[1] < z.shape[1]:
        raise InvalidInput("recovered factors", f"{len(z)} rows and {z.shape[1]} or more columns", found.shape)
    strength = np.abs(z.T @ found)
    rows, columns = linear_sum_assignment(strength, maximize=True)
    matched: Sequence[float] = [min(1.0, float(value)) for value in strength[rows, columns]]
    left = z - found @ np.linalg.lstsq(found, z, rcond=None)[0]
    r2 = float(1 - (left**2).sum(axis=0).mean())
    return LatentScore(float(np.mean(matched)), r2, tuple(int(c) for c in columns), tuple(matched), len(z))


def _matrix(values: NDArray[np.float64], where: str) -> Array:
    """Centred columns of length 1, so that products of columns are correlations."""
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or len(matrix) < 2 or not np.isfinite(matrix).all():
        raise InvalidInput(where, "a matrix of finite numbers, one row an observation", matrix.shape)
    centred = matrix - matrix.mean(axis=0)
    lengths = np.sqrt((centred**2).sum(axis=0))
    if (lengths <= 1e-12 * np.abs(matrix).max()).any():
        raise InvalidInput(where, "factors that vary", f"column {int(np.argmin(lengths))} is constant")
    return np.asarray(centred / lengths)
