"""Stated confidence and what came of it, in a form that can be binned and resampled quickly.

Every figure of :mod:`personarium.stats.calibration` is a function of how often each distinct pair (confidence, outcome)
occurs. A bootstrap sample is therefore a row of weights, and a whole bootstrap is one matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, Numbers, checked_share, group_codes, missing_counts, numbers
from personarium.stats.intervals import bootstrap_limits

Groups = Sequence[Hashable] | NDArray[Any] | None
Weighed = Callable[[Array], Array]  # weights (samples, cells) -> one figure a sample, NaN where it is not defined

DRAWS = 1_000
_CELLS = 2_000_000  # weights held at once


@dataclass(frozen=True, slots=True)
class Bins:
    """How stated confidences are put together.

    Args:
        count: How many bins; for ``by="value"`` it does not matter.
        by: ``width``: equal parts of 0..1; ``mass``: about equally many items, equal values never parted (so that some
            bins may stay empty); ``value``: one bin for each stated value, right for stated whole numbers.
        closed: ``right``: bins (lo, hi], 0 in the first; ``left``: [lo, hi), 1 in the last. For equal widths.
        exact: A stated .3 lies on the edge .3 whatever its last bit. False takes the edges of a floating-point range
            literally, as much published code does: .3, .6 and .7 then lie below "their" edges.

    Raises:
        InvalidInput: A number of bins below 1 or an unknown word.
    """

    count: int = 10
    by: Literal["width", "mass", "value"] = "width"
    closed: Literal["right", "left"] = "right"
    exact: bool = True

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InvalidInput("bins", "at least one bin", self.count)
        if self.by not in ("width", "mass", "value") or self.closed not in ("right", "left"):
            raise InvalidInput("bins", "by width, mass or value, closed on the right or left", (self.by, self.closed))

    def __str__(self) -> str:
        if self.by == "value":
            return "one bin a stated value"
        if self.by == "mass":
            return f"{self.count} bins of equal mass"
        return f"{self.count} equal bins closed on the {self.closed}{'' if self.exact else ', floating-point edges'}"

    def of(self, values: Array, counts: Array) -> NDArray[np.int64]:
        """The bin of each of some ascending values that occur ``counts`` times; never descending."""
        if self.by == "width":
            return self._by_width(values)
        distinct, at = np.unique(values, return_inverse=True)
        if self.by == "value":
            return np.asarray(at, dtype=np.int64)
        held = np.bincount(at, weights=counts, minlength=distinct.size)
        below = np.cumsum(held) - held
        return np.asarray((below * self.count / max(1.0, held.sum())).astype(np.int64)[at])

    def _by_width(self, values: Array) -> NDArray[np.int64]:
        right = self.closed == "right"
        if self.exact:
            at = values * self.count
            at = np.where(np.abs(at - np.rint(at)) < 1e-9, np.rint(at), at)
            index = np.ceil(at) - 1 if right else np.floor(at)
        else:
            edges = np.linspace(0.0, 1.0, self.count + 1)
            index = np.searchsorted(edges, values, side="left" if right else "right") - 1.0
        return np.asarray(np.clip(index, 0, self.count - 1), dtype=np.int64)


@dataclass(frozen=True)
class Forecasts:
    """The distinct pairs of stated confidence and outcome.

    Args:
        p: Stated confidence of each distinct pair, ascending.
        y: Its outcome, 0 or 1.
        counts: How many items have it.
        units: Independent units that hold at least one item.
        missing: Items without confidence or without outcome.
        cell: Which pair each complete item is.
        code: Which unit each complete item belongs to; None where every item is its own unit.
    """

    p: Array
    y: Array
    counts: Array
    units: int
    missing: int
    cell: NDArray[np.int64]
    code: NDArray[np.int64] | None

    @property
    def items(self) -> int:
        """Complete items."""
        return int(self.cell.size)

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each distinct confidence begins among the pairs."""
        return np.flatnonzero(np.diff(self.p, prepend=-1.0))

    def samples(self, draws: int, seed: int) -> Iterator[Array]:
        """Bootstrap samples of whole units as weights of the pairs, some rows at a time.

        Pairs that are alike are exchangeable, so that without groups one multinomial over the pairs does it.
        """
        from scipy import sparse

        if draws < 1:
            raise InvalidInput("draws", "at least one bootstrap draw", draws)
        rng = np.random.default_rng(seed)
        step = max(1, _CELLS // max(1, self.p.size, self.units if self.code is not None else 1))
        table = None
        if self.code is not None:
            shape = (self.units, self.p.size)
            table = sparse.csr_array((np.ones(self.items), (self.code, self.cell)), shape=shape)
        for start in range(0, draws, step):
            rows = min(step, draws - start)
            if table is None:
                yield rng.multinomial(self.items, self.counts / self.items, size=rows).astype(np.float64)
            else:
                drawn = rng.multinomial(self.units, np.full(self.units, 1 / self.units), size=rows)
                yield np.asarray((table.T @ drawn.T.astype(np.float64)).T)


def read_forecasts(confidences: Numbers, outcomes: Numbers, groups: Groups = None) -> Forecasts:
    """Read stated confidences (0..1) and outcomes (0 or 1), matched by position; None on either side is missing.

    Args:
        confidences: Stated probabilities of being right.
        outcomes: Whether it was right.
        groups: One label an item; items of one label are not independent and are drawn together.

    Raises:
        InvalidInput: Lengths differ, a confidence is outside 0..1 or an outcome is neither 0 nor 1.
    """
    where = "confidences and outcomes"
    p, y = numbers(confidences, where), numbers(outcomes, where)
    if p.size != y.size:
        raise InvalidInput(where, "two sequences of equal length", f"{p.size} and {y.size}")
    kept = ~(np.isnan(p) | np.isnan(y))
    codes = None if groups is None else group_codes(groups, p.size)[kept]
    missing = int(p.size - kept.sum())
    p, y = p[kept], y[kept]
    if ((p < 0) | (p > 1)).any():
        raise InvalidInput("confidences", "probabilities from 0 to 1", float(p[(p < 0) | (p > 1)][0]))
    if ((y != 0) & (y != 1)).any():
        raise InvalidInput("outcomes", "0 or 1", float(y[(y != 0) & (y != 1)][0]))
    pairs, cell = np.unique(np.stack([p, y], axis=1), axis=0, return_inverse=True)
    cell = np.asarray(cell.reshape(-1), dtype=np.int64)
    counts = np.bincount(cell, minlength=len(pairs)).astype(np.float64)
    if codes is None:
        return Forecasts(pairs[:, 0], pairs[:, 1], counts, p.size, missing, cell, None)
    _, code = np.unique(codes, return_inverse=True)
    code = np.asarray(code, dtype=np.int64)
    return Forecasts(pairs[:, 0], pairs[:, 1], counts, int(code.max(initial=-1)) + 1, missing, cell, code)


def weighed(
    forecasts: Forecasts,
    figure: Weighed,
    name: str,
    unit: str,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
    undefined: str = "",
) -> Estimate:
    """A figure of forecasts with its percentile bootstrap interval over units.

    Args:
        forecasts: What was read.
        figure: From weights (one row a sample, one column a pair) to numbers; NaN where it is not defined.
        name: How the method text begins.
        unit: What a unit is.
        confidence: Coverage.
        draws: Bootstrap samples; those without the figure are left out and named in the method.
        seed: Seed.
        undefined: Why the figure may have no value, for the method text.
    """
    checked_share(confidence, "confidence")
    failures = missing_counts(forecasts.missing)
    if forecasts.items == 0:
        return Estimate(None, None, None, 0, unit, f"{name}, not defined: no items", confidence, failures)
    value, n = float(figure(forecasts.counts[None])[0]), forecasts.units
    if np.isnan(value):
        return Estimate(None, None, None, n, unit, f"{name}, not defined: {undefined}", confidence, failures)
    if n < 2:
        return Estimate(value, None, None, n, unit, name, confidence, failures)
    drawn = np.concatenate([figure(rows) for rows in forecasts.samples(draws, seed)])
    defined = drawn[~np.isnan(drawn)]
    text = f"{name}, percentile bootstrap over {unit}s ({draws} draws)"
    if defined.size < draws:
        text += f", {defined.size} of them defined"
    lo, hi = bootstrap_limits(value, defined, confidence, "percentile", np.empty(0))
    return Estimate(value, lo, hi, n, unit, text, confidence, failures)
