"""Rows of results as one Parquet file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

from personarium.core.chat import canonical_json
from personarium.core.errors import InvalidInput


def parquet_bytes(rows: Iterable[Mapping[str, Any]], where: str) -> bytes:
    """The rows as a Parquet file in memory.

    Args:
        rows: One mapping per row; columns are the union of their names, in order of appearance. A mapping inside a row
            becomes JSON text; a missing name is null.
        where: The file, for error messages.

    Raises:
        InvalidInput: When a column mixes types that no Parquet column can hold.
    """
    import polars as pl

    columns: dict[str, list[Any]] = {}
    for count, row in enumerate(rows):
        for name, value in row.items():
            column = columns.get(name)
            if column is None:
                column = columns[name] = [None] * count
            column.append(canonical_json(value) if isinstance(value, Mapping) else value)
        for column in columns.values():
            if len(column) == count:
                column.append(None)
    series = [_series(pl, name, column, where) for name, column in columns.items()]
    buffer = io.BytesIO()
    pl.DataFrame(series).write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _series(pl: Any, name: str, column: list[Any], where: str) -> Any:
    if any(isinstance(value, float) for value in column):  # 3 and 2.5 stand in one column of results all the time
        column = [float(value) if type(value) is int else value for value in column]
    try:
        return pl.Series(name, column, strict=True)
    except (TypeError, pl.exceptions.PolarsError) as error:
        kinds = sorted({type(value).__name__ for value in column if value is not None})
        raise InvalidInput(where, "one type of value in a column", ", ".join(kinds), name) from error
