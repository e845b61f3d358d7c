"""How far PerSEval, and the ranking of systems by it, hold when only a part of the comparisons is there.

Source: page perseval, step 6 and "Works when" 6 (arXiv 2407.00453).
Differs: the column the tables call "bias" is no bias: it is the population standard deviation of the five columns, rounded to 4 digits. It keeps
its name in the file, and is ``spread`` here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pvariance
from typing import TYPE_CHECKING, Any

import numpy as np

from personarium.core.errata import Published
from personarium.core.errors import UsageError
from personarium.measure.perseval.data_format import SHARES
from personarium.measure.perseval.method import (
    PAPER,
    PersevalConfig,
    Stack,
    mean_ratio,
    penalty,
    stack_documents,
)
from personarium.measure.perseval.tables import DocumentDistances

if TYPE_CHECKING:
    from personarium.core.results import Estimate

REPEATS = 10  # samples of each share, averaged


@dataclass(frozen=True, slots=True)
class Stability:
    """One system's PerSEval on shares of its comparisons.

    Args:
        model: The system.
        columns: Share in percent -> mean PerSEval over the samples.
    """

    model: str
    columns: Mapping[int, float]

    @property
    def variance(self) -> float:
        """Population variance of the columns, not rounded."""
        return float(pvariance(self.columns.values()))

    @property
    def spread(self) -> float:
        """Population standard deviation of the columns, rounded to 4 digits; "bias" in the published tables."""
        return round(math.sqrt(self.variance), 4)

    def as_row(self) -> dict[str, Any]:
        """The row of the published form."""
        columns = {str(share): value for share, value in self.columns.items()}
        return {"models": self.model, **columns, "bias": self.spread, "variance": self.variance}


def stability(
    documents: Sequence[DocumentDistances],
    model: str,
    config: PersevalConfig = PAPER,
    *,
    shares: Sequence[int] = SHARES,
    repeats: int = REPEATS,
    seed: int = 0,
    as_published: Published = False,
) -> Stability:
    """PerSEval of one system when only a share of all (document, user, other user) comparisons is drawn.

    Deviations are taken over all users, as published; then rows are drawn without replacement. A user without a drawn row drops out,
    from the penalty too, and a document without a user.

    Args:
        documents: The distances.
        model: The system.
        config: The constants.
        shares: In percent; 100 is computed once, without chance.
        repeats: Samples of each share.
        seed: Of the samples.
        as_published: As for :func:`personarium.measure.perseval.score_model`.

    Raises:
        UsageError: A share outside 1 to 100, or a share so small that no comparison is drawn.
    """
    if not shares or not all(0 < share <= 100 for share in shares):
        raise UsageError(f"shares must lie between 1 and 100, found {list(shares)}")
    stacks, _ = stack_documents(documents, model, config, as_published=as_published)
    if not stacks:
        raise UsageError(f"no document of '{model}' could be scored")
    rows = sum(int((~np.isnan(stack.ratios)).sum()) for stack in stacks)
    rng = np.random.default_rng(seed)
    columns: dict[int, float] = {}
    for share in shares:
        count = round(rows * share / 100)
        if not count:
            raise UsageError(f"{share} % of {rows} comparisons is none; take a larger share")
        draws = 1 if count == rows else repeats
        columns[share] = fmean(_sampled(stacks, rows, count, rng, config) for _ in range(draws))
    return Stability(model, columns)


def _sampled(stacks: Sequence[Stack], rows: int, count: int, rng: np.random.Generator, config: PersevalConfig) -> float:
    """PerSEval over ``count`` of all rows."""
    drawn = np.zeros(rows, bool)
    drawn[rng.choice(rows, count, replace=False) if count < rows else slice(None)] = True
    values: list[np.ndarray[Any, np.dtype[np.float64]]] = []
    start = 0
    for stack in stacks:
        there = ~np.isnan(stack.ratios)
        size = int(there.sum())
        kept = there.copy()
        kept[there] = drawn[start : start + size]
        start += size
        degress = mean_ratio(np.where(kept, stack.ratios, np.nan), config.count_self)
        gone = np.isnan(degress)
        factor = penalty(np.where(gone, np.nan, stack.accuracy), config).edp
        users = (~gone).sum(axis=-1)
        total = np.where(gone, 0.0, degress * factor).sum(axis=-1)
        values.append(total[users > 0] / users[users > 0])
    return float(np.concatenate(values).mean())


def rank_stability(rows: Sequence[Stability]) -> dict[int, dict[str, Estimate]]:
    """How the ranking of systems at each share agrees with that at the largest share.

    Args:
        rows: At least two systems with the same shares.

    Returns:
        Share -> ``spearman`` and ``kendall`` (tau-b), with intervals over systems.
    """
    from personarium.stats import kendall_tau_b, spearman

    if len(rows) < 2 or len({tuple(row.columns) for row in rows}) > 1:
        raise UsageError("a ranking needs at least two systems with the same shares")
    whole = max(rows[0].columns)
    full = [row.columns[whole] for row in rows]
    found: dict[int, dict[str, Estimate]] = {}
    for share in rows[0].columns:
        if share != whole:
            part = [row.columns[share] for row in rows]
            found[share] = {
                "spearman": spearman(full, part, "system"),
                "kendall": kendall_tau_b(full, part, "system"),
            }
    return found
