"""The near-duplicate gate over a population's rows: SimHash of the joined field values, never of template text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from personarium.text.row_fingerprints import BatchGate, Column, Fingerprints, RowHasher

if TYPE_CHECKING:
    import polars as pl


class LexicalGate:
    """Accepts members whose values are not nearly those of a member accepted before.

    Args:
        fields: The fields that are compared, in the order in which they are joined.
        threshold: Largest Hamming distance of two SimHashes that still counts as a duplicate, 0 to 3.

    Source: HACHIMI, step 8.
    """

    def __init__(self, fields: Sequence[str], threshold: int = 3) -> None:
        self.fields = tuple(fields)
        self._hasher = RowHasher()
        self._gate = BatchGate(threshold)

    def __len__(self) -> int:
        return len(self._gate)

    def fingerprints(self, frame: pl.DataFrame) -> Fingerprints:
        """The SimHash of every member."""
        return self._hasher.fingerprints([as_column(frame[path]) for path in self.fields])

    def offer(self, frame: pl.DataFrame) -> NDArray[np.bool_]:
        """Which members are accepted, checked and accepted in order; one without any text is accepted and not stored."""
        accepted = np.ones(frame.height, dtype=np.bool_)
        spoken = np.flatnonzero(~_empty(frame.select(self.fields)))
        if spoken.size:
            accepted[spoken] = self._gate.offer(self.fingerprints(frame[spoken])) < 0
        return accepted


def fingerprints_of(frame: pl.DataFrame, fields: Sequence[str] = ()) -> Fingerprints:
    """The SimHash of every row over these columns (all but ``id`` by default)."""
    chosen = fields or [path for path in frame.columns if path != "id"]
    return RowHasher().fingerprints([as_column(frame[path]) for path in chosen])


def as_column(series: pl.Series) -> Column:
    """A column as distinct texts and, for each row, which of them it has; a missing value is an empty text."""
    import polars as pl

    if series.dtype.is_nested():
        texts = pl.Series([" ".join(map(str, value or ())) for value in series.to_list()], dtype=pl.String)
    else:
        texts = series.cast(pl.String).fill_null("")
    distinct = texts.unique(maintain_order=True)
    codes = texts.cast(pl.Enum(distinct)).to_physical().cast(pl.Int64).to_numpy()
    return distinct.to_list(), codes


def _empty(frame: pl.DataFrame) -> NDArray[np.bool_]:
    import polars as pl

    blank = [
        pl.col(name).cast(pl.String).fill_null("").str.strip_chars() == ""
        for name, kind in frame.schema.items()
        if kind == pl.String
    ]
    if len(blank) < frame.width:  # numbers, truth values and lists are text enough
        return np.zeros(frame.height, dtype=np.bool_)
    return frame.select(empty=pl.all_horizontal(blank))["empty"].to_numpy()
