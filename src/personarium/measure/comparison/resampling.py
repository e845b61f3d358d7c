"""The comparison tried on itself: the same decision on resampled items, and on contestants that were made equal.

Source: standard bootstrap over units; equal contestants by changing sides at random (sign flips of the differences).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personarium.measure.comparison.result import Control

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CELLS = 2_000_000  # numbers held at once


@dataclass(frozen=True)
class Differences:
    """What the leader is ahead of each rival.

    Args:
        rivals: Names.
        matrix: One row a unit, one column a rival; NaN where a difference is missing.
    """

    rivals: tuple[str, ...]
    matrix: NDArray[Any]


def control_of(differences: Differences, leader: str, alpha: float, copies: int, seed: int) -> Control:
    """How often the leader is found best again, and how often equal contestants are called different."""
    import numpy as np

    rows = differences.matrix[~np.isnan(differences.matrix).any(axis=1)]
    if len(rows) < 2 or not leader:
        return Control(None, None, copies)
    rng = np.random.default_rng(seed)
    return Control(_found_again(rows, alpha, copies, rng), _called_different(rows, alpha, copies, rng), copies)


def _found_again(rows: NDArray[Any], alpha: float, copies: int, rng: Any) -> float:
    """Share of resampled sets in which the differences to all rivals are significant, one-sided."""
    from scipy import stats

    n = len(rows)
    limit = float(stats.t.ppf(1 - alpha, n - 1))
    hits = 0
    for weights in _resampled(n, copies, rng):
        hits += int((_t(weights @ rows, weights @ rows**2, n) > limit).all(axis=1).sum())
    return float(hits / copies)


def _called_different(rows: NDArray[Any], alpha: float, copies: int, rng: Any) -> float:
    """Share of sign-flipped copies of each column that are called different, two-sided; mean over the columns."""
    import numpy as np
    from scipy import stats

    n = len(rows)
    limit = float(stats.t.ppf(1 - alpha / 2, n - 1))
    squares = np.broadcast_to((rows**2).sum(axis=0), (1, rows.shape[1]))
    hits = 0
    for size in _parts(copies, n):
        signs = rng.integers(0, 2, (size, n)) * 2.0 - 1.0
        hits += int((np.abs(_t(signs @ rows, squares, n)) > limit).sum())
    return float(hits / (copies * rows.shape[1]))


def _t(sums: NDArray[Any], squares: NDArray[Any], n: int) -> NDArray[Any]:
    """t of each column; infinite where a column does not vary and is not 0."""
    import numpy as np

    mean = sums / n
    variance = np.maximum(squares / n - mean**2, 0.0) * n / (n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = mean / np.sqrt(variance / n)
    return np.nan_to_num(found, nan=0.0, posinf=np.inf, neginf=-np.inf)


def leading_shares(means: Mapping[str, NDArray[Any]], copies: int, seed: int) -> dict[str, float | None]:
    """In which share of resampled unit sets each contestant has the highest mean; equal ones share.

    Args:
        means: Contestant -> one value a unit, more is better; units that lack one are left out.
        copies: Resampled sets.
        seed: Of the resampling.
    """
    import numpy as np

    matrix = np.stack(list(means.values()), axis=1)
    rows = matrix[~np.isnan(matrix).any(axis=1)]
    if len(rows) < 2:
        return dict.fromkeys(means)
    rng = np.random.default_rng([seed, 1])
    won = np.zeros(len(means))
    for weights in _resampled(len(rows), copies, rng):
        totals = np.round(weights @ rows, 9)  # sums of the same numbers in another order differ in the last bits
        top = totals == totals.max(axis=1, keepdims=True)
        won += (top / top.sum(axis=1, keepdims=True)).sum(axis=0)
    return dict(zip(means, (won / copies).tolist(), strict=True))


def _resampled(n: int, copies: int, rng: Any) -> Any:
    """Counts of how often each unit is drawn, some copies at a time."""
    import numpy as np

    share = np.full(n, 1.0 / n)
    for size in _parts(copies, n):
        yield rng.multinomial(n, share, size=size).astype(np.float64)


def _parts(copies: int, n: int) -> list[int]:
    step = max(1, _CELLS // n)
    return [min(step, copies - start) for start in range(0, copies, step)]
