"""Where repeated runs part: number of equal tokens before the first difference.

Source: methods/agentic-randomness.md, step 9 (arXiv 2602.07150). Differs: the paper does not say whether it counts
from 0 or 1; here from 0.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class FirstDivergence:
    """Where two runs part.

    Args:
        tokens: Equal tokens before the first difference; the shorter length where one run is a prefix of the other.
        ratio: The same over the shorter length; 1 for a prefix.
        identical: Whether the runs are equal throughout.
    """

    tokens: int
    ratio: float
    identical: bool


@dataclass(frozen=True, slots=True)
class DivergenceReport:
    """Divergence over all pairs of runs of each task.

    Args:
        median_tokens: Median over pairs that differ, all tasks pooled; None without such a pair.
        median_ratio: The same, relative to the shorter run.
        n_pairs: Pairs compared, identical ones among them.
        identical: Pairs of equal runs; counted here and not in the medians.
        n_tasks: Tasks with at least two transcripts.
        unit: How a transcript was cut into tokens.
    """

    median_tokens: float | None
    median_ratio: float | None
    n_pairs: int
    identical: int
    n_tasks: int
    unit: str = "token"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)


def first_divergence(a: Sequence[Hashable], b: Sequence[Hashable]) -> FirstDivergence:
    """Compare two token sequences from their beginning."""
    shorter = min(len(a), len(b))
    at = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    return FirstDivergence(at, at / shorter if shorter else 1.0, at == len(a) == len(b))


def divergence_of_runs(
    transcripts: Mapping[str, Sequence[Sequence[Hashable]]], unit: str = "token"
) -> DivergenceReport:
    """Medians of the first divergence over all pairs of runs of the same task.

    Args:
        transcripts: For each task the token sequences of its runs.
        unit: What a token is, for the report.
    """
    found = [pair for runs in transcripts.values() for pair in _pairs(runs)]
    parted = [pair for pair in found if not pair.identical]
    return DivergenceReport(
        float(median(pair.tokens for pair in parted)) if parted else None,
        float(median(pair.ratio for pair in parted)) if parted else None,
        len(found),
        len(found) - len(parted),
        sum(len(runs) > 1 for runs in transcripts.values()),
        unit,
    )


def _pairs(runs: Sequence[Sequence[Hashable]]) -> Iterable[FirstDivergence]:
    return (first_divergence(a, b) for a, b in combinations(runs, 2))
