"""What is independent: the item, or the group (a persona, a dialogue) that several items belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from personarium.measure.comparison.contest import Contest

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Units:
    """Means over the items of a group; every item is its own unit where there are fewer than two groups."""

    def __init__(self, table: Contest) -> None:
        from personarium.stats.arrays import group_codes

        groups = [item.group or item.id for item in table.items]
        grouped = any(item.group for item in table.items) and 1 < len(set(groups)) < len(groups)
        own = all(item.group for item in table.items) and len(set(groups)) == len(groups)
        self.codes = group_codes(groups if grouped else range(len(groups)), len(groups))
        self.size = int(self.codes.max()) + 1
        self.name = table.group_unit if grouped or own else table.unit
        self.sign = 1.0 if table.scale.higher_is_better else -1.0

    def means(self, values: Sequence[float | None]) -> NDArray[Any]:
        """One mean a unit, NaN where no item of it has a value."""
        import numpy as np

        from personarium.stats.arrays import numbers

        array = numbers(values)
        there = ~np.isnan(array)
        counts = np.bincount(self.codes[there], minlength=self.size)
        sums = np.bincount(self.codes[there], weights=array[there], minlength=self.size)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

    def paired(self, first: Sequence[float | None], second: Sequence[float | None]) -> tuple[Any, Any]:
        """Unit means of both over the items that both have."""
        both = [x is not None and y is not None for x, y in zip(first, second, strict=True)]
        a = [x if there else None for x, there in zip(first, both, strict=True)]
        b = [y if there else None for y, there in zip(second, both, strict=True)]
        return self.means(a), self.means(b)
