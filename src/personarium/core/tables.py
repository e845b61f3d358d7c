"""Tables as files: the rows of a CSV file by their numbers, and the columns of CSV, Parquet and JSON Lines."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, NotFound
from personarium.core.files import iter_json_lines, replacing

MAX_ROWS = 1_000_000


def csv_rows(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their numbers, from 1, the heading not counted.

    Args:
        path: The file.
        needed: Columns that must be there.

    Raises:
        InvalidInput: It is no CSV file in UTF-8, a column is missing, or a row has another number of fields.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True, restkey="")
        try:
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                raise InvalidInput(str(path), f"the column '{missing[0]}'", ", ".join(reader.fieldnames or ("none",)))
            for row, fields in enumerate(reader, 1):
                if row > MAX_ROWS:
                    raise InvalidInput(str(path), f"at most {MAX_ROWS:,} rows", "more")
                if "" in fields or None in fields.values():
                    raise InvalidInput(f"{path}: row {row}", "as many fields as the heading has")
                yield row, fields
        except (csv.Error, UnicodeDecodeError) as error:
            raise InvalidInput(str(path), "a CSV file in UTF-8", str(error)) from None


def write_csv(path: str | Path, names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write a CSV file, whole or not at all; returns it and raises StorageError when the disk refuses."""
    path = Path(path)
    with replacing(path) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_table(path: str | Path) -> dict[str, list[Any]]:
    """The columns of a table file; empty cells are None.

    Args:
        path: ``.csv``, ``.parquet``, or ``.jsonl`` with one flat object a line; any other file, and a ``.jsonl`` of
            persona records, is read as personas, whose facet paths become columns.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming the file, and the line of the first bad row.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"no table at {path}; expected a .csv, .parquet or .jsonl file")
    if path.suffix.lower() == ".jsonl":
        rows = list(_objects(path))
        if rows and "schema_version" not in rows[0]:
            names = dict.fromkeys(name for row in rows for name in row)
            return {name: [row.get(name) for row in rows] for name in names}
    from personarium.core.population import Population

    frame = Population.load(path).frame
    return {name: frame[name].to_list() for name in frame.columns if not name.startswith("_")}


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    for where, row in iter_json_lines(path, "object"):
        if not isinstance(row, dict):
            raise InvalidInput(where, "one JSON object a line", row)
        yield row
