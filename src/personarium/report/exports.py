"""The results of a run in the formats that other tools read: its table, or the whole run as a log of Inspect AI."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personarium.core.errors import UsageError
from personarium.core.files import replacing
from personarium.runs import read_run

if TYPE_CHECKING:
    import polars as pl


def export_results(run_folder: Path | str, path: Path | str, table: str = "results") -> Path:
    """Write a table of a run as CSV, JSONL or Parquet, or the run as an Inspect log, by the ending of the name, whole or not at all.

    Args:
        run_folder: The folder of a run.
        path: The file: ``.csv``, ``.jsonl``, ``.parquet``, or ``.eval`` for Inspect (the run with its calls). Cells that hold JSON stay JSON text in CSV and Parquet and are
            values in JSONL; a list becomes JSON text in CSV. A CSV text that a spreadsheet would run as a formula gets an
            apostrophe in front.
        table: Which table.

    Returns:
        The file.

    Raises:
        UsageError: Another ending, or a folder that does not exist.
        NotFound: No such run or table.
        StorageError: The disk refuses.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending != INSPECT and ending not in _WRITERS:
        raise UsageError(
            f"{target}: expected a log for Inspect ({INSPECT}), or a table whose name ends in {', '.join(_WRITERS)}, "
            f"found {target.suffix or 'none'!r}"
        )
    if not target.parent.is_dir():
        raise UsageError(f"{target}: its folder does not exist")
    run = read_run(run_folder)
    if ending == INSPECT:
        from personarium.report.inspect_log import write_inspect_log

        with replacing(target) as scratch:
            write_inspect_log(run, scratch)
        return target
    frame = run.table(table)
    with replacing(target) as scratch:
        _WRITERS[ending](frame, scratch)
    return target


def _csv(frame: pl.DataFrame, path: Path) -> None:
    import polars as pl

    columns = []
    for name, dtype in frame.schema.items():
        if dtype.is_nested():
            texts = [None if cell is None else json.dumps(cell, ensure_ascii=False) for cell in _cells(frame, name)]
            columns.append(pl.Series(name, texts, dtype=pl.String))
        elif dtype == pl.String:
            safe = pl.col(name).str.replace(r"^([=+\-@\t\r])", "'${1}")
            columns.append(frame.select(safe).to_series())
        else:
            columns.append(frame[name])
    pl.DataFrame(columns).write_csv(path)


def _cells(frame: pl.DataFrame, name: str) -> list[Any]:
    return [
        list(cell) if hasattr(cell, "__iter__") and not isinstance(cell, (str, dict)) else cell for cell in frame[name]
    ]


def _jsonl(frame: pl.DataFrame, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in frame.iter_rows(named=True):
            plain = {name: _value(value) for name, value in row.items()}
            file.write(json.dumps(plain, ensure_ascii=False, default=str) + "\n")


def _value(value: Any) -> Any:
    """JSON objects that a table keeps as text, as values again; any other text stays as it is."""
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _parquet(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, compression="zstd")


_WRITERS: Mapping[str, Callable[[pl.DataFrame, Path], None]] = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
INSPECT = ".eval"
