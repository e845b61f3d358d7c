"""Whole numbers for a table of shares: largest remainder, and controlled rounding of tables whose margins are fixed.

Controlled rounding: cells go up or down to a neighbouring whole number so that one-way margins are exact and two-way
margins move by at most one. For tables of two ways it always exists; for more ways it need not (Cox 1987), and then the
smallest largest deviation is taken.

Source: Bacharach (1966) and Cox (1987) for controlled rounding; solved as an integer programme with HiGHS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]

MAX_SOLVED = 12_000  # cells up to which a controlled rounding is looked for; beyond, a rule of thumb
_NODES = 400  # branches of the solver: it stops at the same place on every machine, unlike a clock
_ALMOST = 1e-9


def allot(shares: Mapping[Any, float], places: int, where: str = "shares") -> dict[Any, int]:
    """Whole numbers in proportion to ``shares`` that sum to ``places`` (largest remainder, ties to the first).

    Args:
        shares: Value -> weight, not negative; weights are normalised.
        places: How many there are to give.
        where: Named in errors.

    Raises:
        InvalidInput: A negative weight, or none above 0.
    """
    bad = [value for value, share in shares.items() if not isinstance(share, (int, float)) or share < 0]
    if bad or not sum(shares.values()) > 0:
        raise InvalidInput(where, "weights of at least 0, one of them above 0", dict(shares))
    counts = largest_remainder(np.array(list(shares.values()), dtype=np.float64), places)
    return {value: int(count) for value, count in zip(shares, counts, strict=True)}


def largest_remainder(weights: Shares, places: int, ties: Sequence[int] | NDArray[np.int64] | None = None) -> Counts:
    """Whole numbers in proportion to the weights; ties go to the lowest of ``ties``, else to the first."""
    exact = places * (weights / weights.sum())
    given: Counts = np.floor(exact + _ALMOST * np.maximum(1.0, exact)).astype(np.int64)
    order = np.arange(len(exact)) if ties is None else np.asarray(ties)
    ranked = np.lexsort((order, -np.round(exact - given, 6)))
    rest = places - int(given.sum())
    if rest >= 0:
        given[ranked[:rest]] += 1
    else:  # only by the tolerance above
        given[ranked[rest:]] -= 1
    return given


@dataclass(frozen=True)
class Margin:
    """A sum of cells that must come out within bounds.

    Args:
        of_cell: For each cell which sum it belongs to, -1 for none.
        low: Least of every sum.
        high: Most of every sum.
        firm: Whether the bounds must hold; otherwise they are moved apart, as little as possible.
    """

    of_cell: NDArray[np.int64]
    low: Counts
    high: Counts
    firm: bool = True


def within_one(of_cell: NDArray[np.int64], sums: Shares) -> Margin:
    """The margin whose sums may differ by at most one from the expected ones."""
    low = np.maximum(0, np.ceil(sums - 1 - _ALMOST)).astype(np.int64)
    return Margin(of_cell, low, np.floor(sums + 1 + _ALMOST).astype(np.int64), firm=False)


def exactly(of_cell: NDArray[np.int64], counts: Counts) -> Margin:
    """The margin whose sums are these."""
    return Margin(of_cell, counts, counts)


def controlled_rounding(expected: Shares, margins: Sequence[Margin]) -> Counts | None:
    """Whole cells near the expected ones that keep every firm margin, and every other as well as can be.

    Returns:
        The counts; None where no whole table keeps the firm margins.
    """
    floor: Counts = np.floor(expected + _ALMOST).astype(np.int64)
    close = (floor, np.where(expected - floor > _ALMOST, floor + 1, floor))
    wide = (np.maximum(0, floor - 1), floor + 2)
    for (low, high), soft in ((close, False), (wide, False), (wide, True)):
        found = _solved(expected, low, high, margins, soft)
        if found is not None:
            return found
    return None


def _solved(expected: Shares, low: Counts, high: Counts, margins: Sequence[Margin], soft: bool) -> Counts | None:
    """Cells within low and high; soft lets the margins that are not firm move by a common slack, which is minimised."""
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint, milp

    cells = len(expected)
    blocks, lows, highs = [], [], []
    for margin in margins:
        inside = margin.of_cell >= 0
        table = sparse.csr_matrix(
            (np.ones(inside.sum()), (margin.of_cell[inside], np.flatnonzero(inside))), (len(margin.low), cells)
        )
        for sign in (-1.0, 1.0) if soft and not margin.firm else (0.0,):
            blocks.append(sparse.hstack([table, sparse.csr_matrix(np.full((len(margin.low), 1), sign))]))
            lows.append(np.full(len(margin.low), -np.inf) if sign < 0 else margin.low.astype(float))
            highs.append(np.full(len(margin.low), np.inf) if sign > 0 else margin.high.astype(float))
    # Going up costs what it takes the cell away from its expected value; the slack costs more than all cells together.
    cost = np.append(1 - 2 * (expected - np.floor(expected + _ALMOST)), 4.0 * cells if soft else 0.0)
    solved = milp(
        cost,
        integrality=np.append(np.ones(cells), 0),
        bounds=Bounds(np.append(low, 0), np.append(high, np.inf if soft else 0)),
        constraints=LinearConstraint(sparse.vstack(blocks).tocsr(), np.concatenate(lows), np.concatenate(highs)),
        options={"node_limit": _NODES, "mip_rel_gap": 0.5},
    )
    return None if solved.x is None else np.round(solved.x[:cells]).astype(np.int64)


def rounded_in_order(expected: Shares, places: int) -> Counts:
    """Whole cells whose running sums follow those of the expected ones: the rule of thumb for very large tables.

    Every cell moves by less than one, and so does every run of neighbouring cells: with cells in lexicographic order the
    margins of the first fields are within one, the others are as chance has it.
    """
    steps: Counts = np.floor(np.cumsum(expected) * (places / expected.sum()) + 0.5).astype(np.int64)
    steps[-1] = places
    return np.diff(steps, prepend=0).astype(np.int64)
