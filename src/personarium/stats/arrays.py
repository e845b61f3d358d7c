"""How numbers come in: one-dimensional samples whose missing values are counted and never become zero."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput

Array: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = Sequence[float | None] | NDArray[Any]


def numbers(values: Numbers, where: str = "values") -> Array:
    """Read a sample as floats; ``None`` and NaN both come back as NaN.

    Raises:
        InvalidInput: If it is not one-dimensional, not numeric, or holds an infinity.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(where, "numbers, or None where a value is missing", values) from error
    if array.ndim != 1:
        raise InvalidInput(where, "a one-dimensional sequence", f"{array.ndim} dimensions")
    if np.isinf(array).any():
        raise InvalidInput(where, "finite numbers", float(array[np.isinf(array)][0]))
    return array


def present(values: Numbers, where: str = "values") -> tuple[Array, int]:
    """The values that are there, and how many are missing."""
    array = numbers(values, where)
    kept = array[~np.isnan(array)]
    return kept, int(array.size - kept.size)


def present_pairs(x: Numbers, y: Numbers, where: str = "x and y") -> tuple[Array, Array, int]:
    """The pairs in which both values are there, and how many pairs are not complete.

    Raises:
        InvalidInput: If the two differ in length (pairs are matched by position).
    """
    first, second = numbers(x, where), numbers(y, where)
    if first.size != second.size:
        raise InvalidInput(where, "two sequences of equal length", f"{first.size} and {second.size}")
    kept = ~(np.isnan(first) | np.isnan(second))
    return first[kept], second[kept], int(first.size - kept.sum())


def generator(seed: int | np.random.Generator) -> np.random.Generator:
    """A seeded generator; one that is passed in is used as it stands (and moves on)."""
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)


def group_codes(groups: Sequence[Hashable] | NDArray[Any], n: int, where: str = "groups") -> NDArray[np.int64]:
    """Number the groups 0.. in order of first appearance.

    Raises:
        InvalidInput: If there is not one group label for each of the ``n`` values.
    """
    if len(groups) != n:
        raise InvalidInput(where, f"one group for each of {n} values", len(groups))
    seen: dict[Hashable, int] = {}
    return np.fromiter((seen.setdefault(group, len(seen)) for group in groups), dtype=np.int64, count=n)


def missing_counts(missing: int) -> dict[str, int]:
    """The ``failures`` entry of an estimate for so many missing values."""
    return {"missing": missing} if missing else {}


def checked_share(value: float, name: str) -> float:
    """A number strictly between 0 and 1 (a level, a power, a coverage).

    Raises:
        InvalidInput: Otherwise.
    """
    if not 0 < value < 1:
        raise InvalidInput(name, "a number strictly between 0 and 1", value)
    return value
