"""pass@k and pass^k: the lucky and the consistent reading of repeated runs, by the unbiased estimators.

Source: methods/agentic-randomness.md, steps 2 and 3 (arXiv 2602.07150).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Numbers, missing_counts, present
from personarium.stats.intervals import mean_interval


@dataclass(frozen=True, slots=True)
class PassK:
    """One row of a pass@k table.

    Args:
        k: Number of tries.
        pass_at: Share of tasks solved by at least one of k tries, mean over tasks.
        pass_pow: Share of tasks solved by all of k tries (pass^k).
        left_out: Tasks with fewer than k outcomes.
    """

    k: int
    pass_at: Estimate
    pass_pow: Estimate
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PassKTable:
    """pass@k and pass^k for several k; ``missing`` counts outcomes that were null."""

    rows: tuple[PassK, ...]
    missing: int

    def at(self, k: int) -> PassK:
        """The row for k tries.

        Raises:
            InvalidInput: If the table has no such row.
        """
        for row in self.rows:
            if row.k == k:
                return row
        raise InvalidInput("k", f"one of {[row.k for row in self.rows]}", k)


@lru_cache(maxsize=65_536)
def pass_at_k(n: int, c: int, k: int) -> float:
    """Chance that at least one of k tries succeeds, from c successes in n runs: ``1 - C(n-c, k) / C(n, k)``.

    Raises:
        InvalidInput: Unless 1 <= k <= n and 0 <= c <= n.
    """
    _check(n, c, k)
    return 1.0 if n - c < k else 1.0 - math.comb(n - c, k) / math.comb(n, k)


@lru_cache(maxsize=65_536)
def pass_pow_k(n: int, c: int, k: int) -> float:
    """Chance that all of k tries succeed (pass^k), from c successes in n runs: ``C(c, k) / C(n, k)``.

    Raises:
        InvalidInput: Unless 1 <= k <= n and 0 <= c <= n.
    """
    _check(n, c, k)
    return math.comb(c, k) / math.comb(n, k)


def pass_k_table(
    outcomes: Sequence[Numbers],
    ks: Sequence[int] | None = None,
    task_ids: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> PassKTable:
    """pass@k and pass^k over tasks from their outcomes.

    Args:
        outcomes: For each task its outcomes, 0 or 1; None (or NaN) is a missing outcome: it leaves n of its task
            and is counted, never a failure. Run counts may differ between tasks.
        ks: Numbers of tries; all from 1 to the largest run count if not given.
        task_ids: Names for the lists of tasks left out; positions if not given.
        confidence: Coverage of the t intervals over tasks (they speak about new tasks).

    Raises:
        InvalidInput: If an outcome is neither 0, 1 nor missing, or k is larger than every run count.
    """
    kept = [present(task, "outcomes") for task in outcomes]
    for values, _ in kept:
        if ((values != 0) & (values != 1)).any():
            raise InvalidInput(
                "outcomes", "0 or 1, or None where missing", float(values[(values != 0) & (values != 1)][0])
            )
    counts = [(int(values.size), int(values.sum())) for values, _ in kept]
    return pass_k_from_counts(counts, ks, task_ids, missing=sum(gone for _, gone in kept), confidence=confidence)


def pass_k_from_counts(
    counts: Sequence[tuple[int, int]],
    ks: Sequence[int] | None = None,
    task_ids: Sequence[str] | None = None,
    missing: int = 0,
    confidence: float = 0.95,
) -> PassKTable:
    """The same table from ``(runs, successes)`` of each task; ``missing`` is passed on."""
    names = [str(i) for i in range(len(counts))] if task_ids is None else list(task_ids)
    if len(names) != len(counts):
        raise InvalidInput("task_ids", f"one name for each of {len(counts)} tasks", len(names))
    most = max((n for n, _ in counts), default=0)
    wanted = range(1, most + 1) if ks is None else ks
    for k in wanted:
        if not 1 <= k <= most:
            raise InvalidInput("k", f"from 1 to the largest run count, {most}", k)
    rows = tuple(_row(counts, names, k, confidence) for k in wanted)
    return PassKTable(rows, missing)


def _row(counts: Sequence[tuple[int, int]], names: Sequence[str], k: int, confidence: float) -> PassK:
    enough = [(n, c) for n, c in counts if n >= k]
    left_out = tuple(name for name, (n, _) in zip(names, counts) if n < k)
    at = _over_tasks([pass_at_k(n, c, k) for n, c in enough], f"pass@{k}", len(left_out), confidence)
    power = _over_tasks([pass_pow_k(n, c, k) for n, c in enough], f"pass^{k}", len(left_out), confidence)
    return PassK(k, at, power, left_out)


def _over_tasks(values: list[float], name: str, left_out: int, confidence: float) -> Estimate:
    found = mean_interval(np.array(values), "task", confidence, f"mean {name} (unbiased)")
    lo = None if found.lo is None else max(0.0, found.lo)
    hi = None if found.hi is None else min(1.0, found.hi)
    return Estimate(found.value, lo, hi, found.n, "task", found.method, confidence, missing_counts(left_out))


def _check(n: int, c: int, k: int) -> None:
    if not 0 <= c <= n:
        raise InvalidInput("c", f"from 0 to n = {n} successes", c)
    if not 1 <= k <= n:
        raise InvalidInput("k", f"from 1 to n = {n} tries (k cannot exceed the runs)", k)
