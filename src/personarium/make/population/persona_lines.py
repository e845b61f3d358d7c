"""Whole persona records as JSON lines, fast: what all members share is written once, and only their values differ.

Making a :class:`Persona` of a row checks every facet anew, some 200 microseconds a member. The rows of one population have the same
paths, so the record of the first row is the pattern for all; rows with a missing value, and columns that are read as sentences,
go the long way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from personarium.core.persona import Persona

if TYPE_CHECKING:
    import polars as pl


def persona_lines(frame: pl.DataFrame, where: str) -> Iterator[str]:
    """The members' records, one JSON line each (without its end).

    Args:
        frame: One member a row.
        where: File, for messages.
    """
    pattern = _pattern(frame, where)
    if pattern is None:
        for row in frame.iter_rows(named=True):
            yield _record(row, where)
        return
    columns, pieces = pattern
    written = [[json.dumps(value, ensure_ascii=False) for value in frame[column].to_list()] for column in columns]
    for values in zip(*written, strict=True):
        yield pieces[0] + "".join(value + piece for value, piece in zip(values, pieces[1:], strict=True))


def _record(row: dict[str, Any], where: str) -> str:
    return json.dumps(Persona.from_row(row, where).to_dict(), ensure_ascii=False, allow_nan=False)


def _pattern(frame: pl.DataFrame, where: str) -> tuple[list[str], list[str]] | None:
    """The columns in the order of their values in the record, and the text around them; None where rows differ in more."""
    if not frame.height or any(kind.is_nested() for kind in frame.schema.values()) or any(frame.null_count().row(0)):
        return None
    marks = {column: f"\u0001{number}\u0001" for number, column in enumerate(frame.columns)}
    record = json.dumps(Persona.from_row(dict(marks), where).to_dict(), ensure_ascii=False)
    found = sorted((record.find(json.dumps(mark, ensure_ascii=False)), column) for column, mark in marks.items())
    pieces, start = [], 0
    for at, column in found:
        mark = json.dumps(marks[column], ensure_ascii=False)
        if at < 0 or record.count(mark) != 1:
            return None
        pieces.append(record[start:at])
        start = at + len(mark)
    columns = [column for _, column in found]
    pieces.append(record[start:])
    # The pattern is only taken if it gives what the long way gives.
    row = frame.row(0, named=True)
    line = pieces[0] + "".join(json.dumps(row[c], ensure_ascii=False) + p for c, p in zip(columns, pieces[1:]))
    return (columns, pieces) if line == _record(row, where) else None
