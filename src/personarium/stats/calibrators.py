"""Calibrators: from stated confidence to how often it was right, fitted on one part and applied to another.

Source: Zadrozny and Elkan (2001) for binning, (2002) for isotonic regression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.stats.arrays import Array, Numbers, group_codes, numbers
from personarium.stats.forecasts import Bins, Forecasts, Groups, read_forecasts


class Calibrator(Protocol):
    """A fitted map of stated confidence to a probability of being right."""

    def apply(self, confidences: Numbers) -> Array:
        """Calibrated probabilities; NaN where a confidence is missing."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, which :func:`load_calibrator` reads."""
        ...


Fit = Callable[[Numbers, Numbers], Calibrator]


@dataclass(frozen=True, slots=True)
class IsotonicCalibrator:
    """The rising curve nearest to the outcomes, linear between its knots and constant outside.

    Args:
        x: Stated confidences of the knots, ascending.
        y: Share right there, never falling.
        n: Items it was fitted on.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    n: int

    def apply(self, confidences: Numbers) -> Array:
        """Calibrated probabilities; NaN where a confidence is missing."""
        return _keeping_missing(confidences, lambda p: np.interp(p, self.x, self.y))

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {"kind": "isotonic", "x": list(self.x), "y": list(self.y), "n": self.n}


@dataclass(frozen=True, slots=True)
class BinningCalibrator:
    """The share right of the bin in which a confidence lies.

    Args:
        values: One probability for each of equally wide bins (lo, hi].
        counts: Items of each bin when it was fitted; an empty bin has the share right of all items.
    """

    values: tuple[float, ...]
    counts: tuple[int, ...]

    def apply(self, confidences: Numbers) -> Array:
        """Calibrated probabilities; NaN where a confidence is missing."""
        rule, values = Bins(len(self.values)), np.array(self.values)
        return _keeping_missing(confidences, lambda p: values[rule.of(p, np.ones(p.size))])

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {"kind": "binning", "values": list(self.values), "counts": list(self.counts)}


def fit_isotonic(confidences: Numbers, outcomes: Numbers) -> IsotonicCalibrator:
    """Isotonic regression of outcomes on stated confidence; pairs with a missing value are left out.

    Raises:
        InvalidInput: No complete pair, a confidence outside 0..1, an outcome that is neither 0 nor 1.
    """
    from sklearn.isotonic import IsotonicRegression

    found = _some(read_forecasts(confidences, outcomes))
    model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    model.fit(found.p, found.y, sample_weight=found.counts)
    x, y = np.asarray(model.X_thresholds_), np.asarray(model.y_thresholds_)
    return IsotonicCalibrator(tuple(map(float, x)), tuple(map(float, y)), found.items)


def fit_binning(confidences: Numbers, outcomes: Numbers, bins: int = 10, prior: float = 0.0) -> BinningCalibrator:
    """Share right in each of equally wide bins; pairs with a missing value are left out.

    Args:
        confidences: Probabilities 0..1.
        outcomes: 0 or 1.
        bins: How many.
        prior: So many items with the share right of all are added to every bin, which draws small bins towards it.

    Raises:
        InvalidInput: No complete pair, a negative prior, or as for :func:`fit_isotonic`.
    """
    if prior < 0:
        raise InvalidInput("prior", "a number of items, at least 0", prior)
    found = _some(read_forecasts(confidences, outcomes))
    index = Bins(bins).of(found.p, found.counts)
    held = np.bincount(index, weights=found.counts, minlength=bins)
    right = np.bincount(index, weights=found.counts * found.y, minlength=bins)
    base = float(right.sum() / held.sum())
    values = np.where(held + prior > 0, (right + prior * base) / np.where(held + prior > 0, held + prior, 1), base)
    return BinningCalibrator(tuple(map(float, values)), tuple(int(count) for count in held))


def load_calibrator(data: Mapping[str, Any]) -> IsotonicCalibrator | BinningCalibrator:
    """The calibrator of which ``data`` is the ``as_dict``.

    Raises:
        InvalidInput: It is none.
    """
    try:
        if data["kind"] == "isotonic":
            return IsotonicCalibrator(tuple(map(float, data["x"])), tuple(map(float, data["y"])), int(data["n"]))
        if data["kind"] == "binning":
            return BinningCalibrator(tuple(map(float, data["values"])), tuple(map(int, data["counts"])))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput("calibrator", "the form that as_dict of a calibrator gives", dict(data)) from error
    raise InvalidInput("calibrator", "kind isotonic or binning", data["kind"])


def folds_of(n: int, groups: Groups = None, folds: int = 5, seed: int = 0) -> NDArray[np.int64]:
    """A fold 0..folds-1 for each of ``n`` items; items of one group are in one fold, folds hold about equally many groups.

    Raises:
        InvalidInput: Fewer than two folds, or fewer groups than folds.
    """
    codes = np.arange(n, dtype=np.int64) if groups is None else group_codes(groups, n)
    units = int(codes.max(initial=-1)) + 1
    if folds < 2 or units < folds:
        raise InvalidInput("folds", "at least 2, and not more than there are units", (folds, units))
    return np.asarray((np.random.default_rng(seed).permutation(units) % folds)[codes], dtype=np.int64)


def cross_calibrated(
    confidences: Numbers,
    outcomes: Numbers,
    fit: Fit = fit_isotonic,
    groups: Groups = None,
    folds: int = 5,
    seed: int = 0,
) -> Array:
    """Every item's confidence, calibrated on the other folds only: what calibration is worth on items not seen.

    Args:
        confidences: Probabilities 0..1; None stays missing (NaN).
        outcomes: 0 or 1; an item without outcome is calibrated and never fitted on.
        fit: What is fitted; ``functools.partial(fit_binning, bins=5)`` for other settings.
        groups: One label an item; a group is never on both sides.
        folds: How many parts.
        seed: Of the parts.
    """
    p, y = numbers(confidences, "confidences"), numbers(outcomes, "outcomes")
    fold, calibrated = folds_of(p.size, groups, folds, seed), np.full(p.size, np.nan)
    for k in range(folds):
        inside = fold == k
        calibrated[inside] = fit(p[~inside], y[~inside]).apply(p[inside])
    return calibrated


def _some(found: Forecasts) -> Forecasts:
    if found.items == 0:
        raise InvalidInput("confidences and outcomes", "at least one item with both", "none")
    return found


def _keeping_missing(confidences: Numbers, curve: Callable[[Array], Array]) -> Array:
    p = numbers(confidences, "confidences")
    out, kept = np.full(p.size, np.nan), ~np.isnan(p)
    if ((p[kept] < 0) | (p[kept] > 1)).any():
        raise InvalidInput("confidences", "probabilities from 0 to 1", float(p[kept].max()))
    out[kept] = curve(p[kept])
    return out
