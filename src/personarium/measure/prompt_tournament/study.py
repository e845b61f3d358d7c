"""The study file: one JSON Lines file that a tournament grows in and goes on from, whoever judges.

Its first line says which study it is, every other one is a judgement. Lines are only ever added; a line that a crash cut off is
taken away when the file is opened again.

Source: page prompt-tournament, "Data formats"; the first line is the laboratory's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from personarium.core.chat import canonical_json
from personarium.core.errors import InvalidInput, StorageError, UsageError
from personarium.core.files import existing, iter_json_lines
from personarium.measure.prompt_tournament.judgements import Judgement

KIND, FORMAT = "prompt-tournament", 1
Place = tuple[str, str, str, str, str, int]


class Study:
    """A study and what was judged in it so far; made by :meth:`open`.

    Attributes:
        rows: Every judgement, the oldest first.
        path: The file; None keeps the study in memory only.
    """

    def __init__(self, path: Path | None, rows: Iterable[Judgement] = ()) -> None:
        self.path = path
        self.rows = list(rows)
        self._places = {place_of(row) for row in self.rows}

    @classmethod
    def open(cls, path: str | Path | None, about: Mapping[str, Any], contestants: Iterable[str]) -> Study:
        """Begin a study, or go on with the same one.

        Args:
            path: The file; None for a study that is not kept.
            about: What makes it this study (contestants, contexts, dimensions, schedule, seed); JSON.
            contestants: Who may stand in a row.

        Raises:
            UsageError: The file holds another study; the message names what differs.
            InvalidInput: It holds none.
            StorageError: It cannot be written.
        """
        if path is None:
            return cls(None)
        file = Path(path)
        if file.is_file() and file.stat().st_size:
            mend(file)
        if not file.is_file() or not file.stat().st_size:
            study = cls(file)
            study._write([{"study": KIND, "format": FORMAT, **about}])
            return study
        head, rows = read_study(file, contestants)
        _check_same(file, head, about)
        return cls(file, rows)

    def has(self, row: Judgement) -> bool:
        """Whether this question was put (in this order of sides) already."""
        return place_of(row) in self._places

    def add(self, rows: Iterable[Judgement]) -> None:
        """Keep judgements; they are on disk when this returns.

        Raises:
            StorageError: The disk refuses; what it took before is kept.
        """
        new = [row for row in rows if not self.has(row)]
        self._write([row.to_dict() for row in new])
        self.rows += new
        self._places |= {place_of(row) for row in new}

    def _write(self, lines: list[dict[str, Any]]) -> None:
        if self.path is not None and lines:
            append_lines(self.path, lines)


def append_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Add lines to a file; they are on disk when this returns.

    Raises:
        StorageError: The disk refuses; what it took before is kept.
    """
    data = "".join(f"{canonical_json(line)}\n" for line in lines).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(f"cannot write the study {path}: {error.strerror or error}") from error


def place_of(row: Judgement) -> Place:
    """Which question a row answers: context, judge, dimension, who stood left, who right, period."""
    return row.context_id, row.judge_id, row.dimension, row.left, row.right, row.period


def read_study(path: str | Path, contestants: Iterable[str] | None = None) -> tuple[dict[str, Any], list[Judgement]]:
    """The first line of a study file (empty for a bare file of judgements) and its rows.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field.
    """
    known = None if contestants is None else set(contestants)
    head: dict[str, Any] = {}
    rows: list[Judgement] = []
    for number, (where, line) in enumerate(iter_json_lines(existing(path), "judgement")):
        if number == 0 and isinstance(line, dict) and "study" in line:
            if line["study"] != KIND or line.get("format") != FORMAT:
                raise InvalidInput(where, f"a {KIND} study of format {FORMAT}", line.get("study"), "study")
            head = line
        else:
            rows.append(Judgement.from_dict(line, where, known))
    return head, rows


def _check_same(file: Path, head: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    if not head:
        raise InvalidInput(str(file), "a study file, which begins with a line that says so", "judgements alone")
    for name, value in about.items():
        if canonical_json(head.get(name)) != canonical_json(value):
            raise UsageError(f"{file} is another study: its {name} differs; choose another file for this one")


def mend(file: Path) -> None:
    """Cut off a last line without an end: the process that wrote it was killed, and its question will be put again.

    Raises:
        StorageError: The disk refuses.
    """
    try:
        with file.open("r+b") as opened:
            size = opened.seek(0, os.SEEK_END)
            at = size
            while at:
                step = min(at, 65_536)
                opened.seek(at - step)
                end = opened.read(step).rfind(b"\n")
                if end >= 0:
                    at = at - step + end + 1
                    break
                at -= step
            if at < size:
                opened.truncate(at)
    except OSError as error:
        raise StorageError(f"cannot mend the study {file}: {error.strerror or error}") from error
