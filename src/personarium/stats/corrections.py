"""Corrections of several p-values at once; a test that could not be made (None) is passed through and not counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from personarium.core.errors import InvalidInput
from personarium.stats.arrays import Array, numbers


def bonferroni(p_values: Sequence[float | None]) -> list[float | None]:
    """p times the number of tests, at most 1: holds the chance of any false finding."""
    p = _checked(p_values)
    return _listed(np.minimum(1.0, p * np.count_nonzero(~np.isnan(p))))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjustment: as safe as Bonferroni, never weaker; the default of this house.

    Source: Holm (1979); methods/psychometrics-core.md, "Multiple tests".
    """
    p = _checked(p_values)
    live = np.flatnonzero(~np.isnan(p))
    order = live[np.argsort(p[live], kind="stable")]
    stepped = p[order] * np.arange(order.size, 0, -1)
    p[order] = np.minimum(1.0, np.maximum.accumulate(stepped))
    return _listed(p)


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Benjamini-Hochberg q-values: hold the expected share of false findings among the findings.

    Source: Benjamini and Hochberg (1995).
    """
    p = _checked(p_values)
    live = np.flatnonzero(~np.isnan(p))
    order = live[np.argsort(p[live], kind="stable")]
    stepped = p[order] * order.size / np.arange(1, order.size + 1)
    p[order] = np.minimum(1.0, np.minimum.accumulate(stepped[::-1])[::-1])
    return _listed(p)


def _checked(p_values: Sequence[float | None]) -> Array:
    p = numbers(p_values, "p-values")
    if ((p < 0) | (p > 1)).any():
        raise InvalidInput("p-values", "numbers from 0 to 1, or None", float(p[(p < 0) | (p > 1)][0]))
    return p


def _listed(p: Array) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in p]
