"""The run folder of HACHIMI: chunks of 50 records, the schedule, the run's size, and the failure log; a killed run goes on.

Source: hachimi page, step 10 and "Data formats".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, StorageError, UsageError
from personarium.core.files import MAX_LINE_BYTES, parse_json, replacing
from personarium.make.hachimi.schema import StudentSchema
from personarium.make.hachimi.slots import StudentSlot, slot_from_dict


class StudentFolder:
    """Everything a run has written; opened anew, it knows what is finished.

    Args:
        path: The folder; made if it is not there.
        schema: Whose keys the records have.
        total: Students of the whole run.
        chunk_size: Records of one file.

    Attributes:
        records: Id -> the finished record, in order of ids.

    Raises:
        UsageError: The folder holds a run of another size.
        InvalidInput: A file in it is not what it should be.
        StorageError: The disk refuses.
    """

    def __init__(self, path: Path | str, schema: StudentSchema, total: int, chunk_size: int = 50) -> None:
        self.path, self.schema, self.total, self.chunk_size = Path(path), schema, total, chunk_size
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{path}: cannot be made ({error.strerror or error})") from error
        self._check_meta()
        self.records: dict[int, dict[str, Any]] = dict(sorted(self._finished()))
        self._failures: list[str] = []

    def _check_meta(self) -> None:
        path = self.path / "meta.json"
        wanted = {"total_n": self.total, "chunk_size": self.chunk_size}
        if not path.is_file():
            self._write(path, json.dumps(wanted))
            return
        found = parse_json(path.read_text(encoding="utf-8"), str(path))
        if not isinstance(found, dict) or any(found.get(key) != value for key, value in wanted.items()):
            raise UsageError(f"{self.path} holds another run ({found}); this one is {wanted}: choose another folder")

    def _finished(self) -> Iterable[tuple[int, dict[str, Any]]]:
        """The records on disk, each id once; a line that a kill cut off is taken away."""
        seen: set[int] = set()
        for path in sorted(self.path.glob("students_chunk_*.jsonl")):
            for number, line in enumerate(self._whole_lines(path), 1):
                record = parse_json(line, f"{path}: line {number}")
                id = record.get(self.schema.keys["id"]) if isinstance(record, dict) else None
                if type(id) is not int or not 1 <= id <= self.total:
                    raise InvalidInput(f"{path}: line {number}", f"a record with an id from 1 to {self.total}", line)
                if id not in seen:
                    seen.add(id)
                    yield id, record

    def _whole_lines(self, path: Path) -> list[str]:
        data = path.read_bytes()
        whole, _, torn = data.rpartition(b"\n")
        if torn:
            with replacing(path) as scratch:
                scratch.write_bytes(whole + b"\n" if whole else b"")
        return [line for line in whole.decode("utf-8").split("\n") if line.strip()]

    def schedule(self, planned: Sequence[StudentSlot]) -> tuple[StudentSlot, ...]:
        """The schedule on disk; where there is none yet, ``planned`` becomes it."""
        path = self.path / "schedule.json"
        if not path.is_file():
            rows = [{"sid": sid, "slot": slot.to_dict(self.schema)} for sid, slot in enumerate(planned, 1)]
            self._write(path, "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")
            return tuple(planned)
        found = _listed(path)
        if len(found) != self.total:
            raise InvalidInput(str(path), f"a list of {self.total} slots", len(found))
        return tuple(self._slot(row, f"{path}: slot {sid}", sid) for sid, row in enumerate(found, 1))

    def _slot(self, row: object, where: str, sid: int) -> StudentSlot:
        if not isinstance(row, dict) or row.get("sid") != sid or not isinstance(row.get("slot"), dict):
            raise InvalidInput(where, f"an object with sid {sid} and a slot", row)
        return slot_from_dict(row["slot"], self.schema, where)

    def add(self, record: Mapping[str, Any]) -> bool:
        """Append a record to its chunk; False when its id is there already."""
        id = int(record[self.schema.keys["id"]])
        if id in self.records:
            return False
        line = json.dumps(record, ensure_ascii=False) + "\n"
        if len(line) > MAX_LINE_BYTES:
            raise InvalidInput(f"record {id}", f"at most {MAX_LINE_BYTES:,} characters", f"{len(line):,} characters")
        path = self.path / f"students_chunk_{(id - 1) // self.chunk_size + 1}.jsonl"
        try:
            with path.open("ab") as file:
                file.write(line.encode("utf-8"))
        except OSError as error:
            raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from error
        self.records[id] = dict(record)
        return True

    def fail(self, sid: int, reason: str, attempts: int) -> None:
        """Log a slot that nobody could fill; slots that are tried again lose their old line."""
        self._failures.append(json.dumps({"sid": sid, "error": reason, "attempts": attempts}, ensure_ascii=False))

    def close(self) -> None:
        """Write the failure log."""
        path = self.path / "failures.jsonl"
        if self._failures or path.exists():
            self._write(path, "".join(f"{line}\n" for line in self._failures))

    def _write(self, path: Path, text: str) -> None:
        with replacing(path) as scratch:
            scratch.write_text(text, encoding="utf-8")


def _listed(path: Path) -> list[Any]:
    """The rows of a JSON list; ours has a row a line, so that a million of them are read one by one."""
    text = path.read_text(encoding="utf-8")
    lines = [line.removesuffix(",") for line in text.split("\n") if line.strip()]
    if len(lines) > 2 and lines[0] == "[" and lines[-1] == "]":
        return [parse_json(line, f"{path}: line {number}") for number, line in enumerate(lines[1:-1], 2)]
    found = parse_json(text, str(path))
    if not isinstance(found, list):
        raise InvalidInput(str(path), "a list of slots", found)
    return found
