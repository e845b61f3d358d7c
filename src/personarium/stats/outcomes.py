"""The table of repeated runs: condition, task, run, success; read from JSONL or rows, missing outcomes explicit.

Source: methods/agentic-randomness.md, "Data formats".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput, NotFound
from personarium.stats.arrays import Array

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """All outcomes of one condition, in long form.

    Args:
        condition: Its name.
        tasks: Task ids, in order of first appearance.
        runs: Run ids, in order of first appearance.
        task: For each row the position of its task.
        run: For each row the position of its run.
        success: For each row the outcome; NaN where it is missing (null).
        transcripts: Token sequences by task id, where the table holds any.
        token_unit: How transcripts were cut into tokens.
    """

    condition: str
    tasks: tuple[str, ...]
    runs: tuple[str, ...]
    task: NDArray[np.int64]
    run: NDArray[np.int64]
    success: Array
    transcripts: Mapping[str, Sequence[Sequence[str | int]]] = field(default_factory=dict)
    token_unit: str = "token"

    @classmethod
    def from_columns(
        cls, condition: str, task: Sequence[Any] | NDArray[Any], run: Sequence[Any] | NDArray[Any], success: Any
    ) -> Outcomes:
        """Build from three columns of equal length (ids may be numbers or texts; NaN or None marks a missing outcome).

        Raises:
            InvalidInput: If lengths differ, an outcome is outside 0..1, or a task has two outcomes for one run.
        """
        values = np.array(success, dtype=np.float64)
        if not len(task) == len(run) == len(values):
            raise InvalidInput("outcomes", "columns of equal length", (len(task), len(run), len(values)))
        outside = (values < 0) | (values > 1)
        if outside.any():
            raise InvalidInput("outcomes", "0 to 1, or null", float(values[outside][0]), "success")
        tasks, task_codes = _codes(task)
        runs, run_codes = _codes(run)
        cell = task_codes * max(1, len(runs)) + run_codes
        if np.unique(cell).size != cell.size:
            raise InvalidInput("outcomes", "one outcome for each task and run", "two for the same", "run")
        return cls(condition, tasks, runs, task_codes, run_codes, values)

    @property
    def missing(self) -> int:
        """Outcomes that are null."""
        return int(np.isnan(self.success).sum())

    @property
    def binary(self) -> bool:
        """Whether every outcome is 0, 1 or missing."""
        kept = self.success[~np.isnan(self.success)]
        return bool(((kept == 0) | (kept == 1)).all())

    def run_means(self) -> Array:
        """Mean outcome of each run over its tasks, missing ones left out; NaN for a run without outcomes."""
        return self._means(self.run, len(self.runs))

    def task_means(self) -> Array:
        """Mean outcome of each task over its runs, missing ones left out; NaN for a task without outcomes."""
        return self._means(self.task, len(self.tasks))

    def task_counts(self) -> list[tuple[int, int]]:
        """For each task its runs with an outcome, and its successes (only where outcomes are binary)."""
        kept = ~np.isnan(self.success)
        n = np.bincount(self.task[kept], minlength=len(self.tasks))
        c = np.bincount(self.task[kept], weights=self.success[kept], minlength=len(self.tasks))
        return list(zip(n.tolist(), np.rint(c).astype(np.int64).tolist()))

    def by_task(self) -> dict[str, Array]:
        """The outcomes of each task that has any, missing ones left out."""
        kept = np.flatnonzero(~np.isnan(self.success))
        order = kept[np.argsort(self.task[kept], kind="stable")]
        parts = np.split(self.success[order], np.cumsum(np.bincount(self.task[kept], minlength=len(self.tasks)))[:-1])
        return {name: part for name, part in zip(self.tasks, parts) if part.size}

    def tasks_of_runs(self) -> Sequence[int]:
        """For each task in how many runs it appears, missing outcomes among them."""
        return [int(n) for n in np.bincount(self.task, minlength=len(self.tasks))]

    def _means(self, codes: NDArray[np.int64], size: int) -> Array:
        kept = ~np.isnan(self.success)
        n = np.bincount(codes[kept], minlength=size)
        sums = np.bincount(codes[kept], weights=self.success[kept], minlength=size)
        return np.asarray(np.where(n > 0, sums / np.maximum(n, 1), np.nan))


def read_outcomes(source: str | Path | Iterable[Row]) -> list[Outcomes]:
    """Read an outcomes table: a JSONL file or rows with ``condition, task_id, run, success`` (and ``tokens``).

    ``success`` is 0, 1, true, false, a number between, or null for a missing outcome; the key must be there.
    ``tokens`` may be a list of tokens, or a text (cut at white space) for the divergence report; a number is the
    token count of the run and plays no part in it.

    Returns:
        One entry a condition, in order of first appearance.

    Raises:
        NotFound: If the file does not exist.
        InvalidInput: At the first bad row, with its line and field.
    """
    if isinstance(source, (str, Path)):
        place, rows = str(source), list(_lines(Path(source)))
    else:
        place, rows = "rows", [(f"row {i}", row) for i, row in enumerate(source, 1)]
    read: dict[str, list[tuple[str, str, float, Any]]] = {}
    seen: set[tuple[str, str, str]] = set()
    for where, row in rows:
        condition, task, run, success = _checked(f"{place}, {where}", row)
        if (condition, task, run) in seen:
            raise InvalidInput(f"{place}, {where}", "one row for each condition, task and run", (condition, task, run))
        seen.add((condition, task, run))
        read.setdefault(condition, []).append((task, run, success, row.get("tokens")))
    if not read:
        raise InvalidInput(place, "at least one row of outcomes", "none")
    return [_condition(name, entries) for name, entries in read.items()]


def _lines(path: Path) -> Iterator[tuple[str, Row]]:
    if not path.is_file():
        raise NotFound(f"no outcomes file at {path}; expected JSON lines with condition, task_id, run, success")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield f"line {number}", json.loads(line)
                except ValueError as error:
                    raise InvalidInput(f"{path}, line {number}", "one JSON object a line", line.strip()) from error


def _checked(where: str, row: Any) -> tuple[str, str, str, float]:
    if not isinstance(row, Mapping):
        raise InvalidInput(where, "an object with condition, task_id, run and success", row)
    ids = []
    for name in ("condition", "task_id", "run"):
        value = row.get(name)
        if not isinstance(value, (str, int)) or isinstance(value, bool) or value == "":
            raise InvalidInput(where, "a text or whole number", value, name)
        ids.append(str(value))
    if "success" not in row:
        raise InvalidInput(where, "0, 1 or null (a missing outcome must be explicit)", "no such key", "success")
    success = row["success"]
    if success is None:
        return ids[0], ids[1], ids[2], math.nan
    if not isinstance(success, (bool, int, float)) or not 0 <= success <= 1:
        raise InvalidInput(where, "a number from 0 to 1, or null", success, "success")
    return ids[0], ids[1], ids[2], float(success)


def _condition(name: str, entries: Sequence[tuple[str, str, float, Any]]) -> Outcomes:
    table = Outcomes.from_columns(name, *([entry[i] for entry in entries] for i in range(3)))
    transcripts: dict[str, list[Sequence[str | int]]] = {}
    cut = False
    for task, _, _, tokens in entries:
        if isinstance(tokens, str):
            cut, tokens = True, tokens.split()
        if isinstance(tokens, Sequence):
            transcripts.setdefault(task, []).append(tokens)
    unit = "word (cut at white space)" if cut else "token"
    return Outcomes(name, table.tasks, table.runs, table.task, table.run, table.success, transcripts, unit)


def _codes(ids: Sequence[Any] | NDArray[Any]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    values, first, inverse = np.unique(np.asarray(ids), return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return tuple(str(values[i]) for i in order), rank[inverse.reshape(-1)].astype(np.int64)
