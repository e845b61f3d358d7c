"""The three distance tables on disk: written document by document, so that a run that was cut off goes on where it stopped.

Source: page perseval, "Data formats" and "Works when" 8 (arXiv 2407.00453).
Differs: the published code goes on behind a half-written document and repeats or lacks its rows; here such rows are taken out first.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from personarium.core.errors import InvalidInput, NotFound, StorageError, UsageError
from personarium.core.files import MAX_LINE_BYTES, bounded_lines, existing, parse_json, read_text, replacing
from personarium.measure.perseval.data_format import GOLD, MAX_USERS, Item
from personarium.measure.perseval.tables import DocumentDistances, SourceDistances, iter_distances
from personarium.text.text_distances import TextDistance

# Written in this order, so that a document with rows in the last table is complete in all.
TO_DOCUMENT = ("sum_doc_distances.csv", ("doc_id", "origin_model", "uid", "score"))
PAIRS = ("sum_sum_doc_distances.csv", ("doc_id", "origin_model", "uid1", "uid2", "score"))
TO_GOLD = ("sum_user_distances.csv", ("doc_id", "origin_model", "uid", "score"))
TABLES = (TO_DOCUMENT, PAIRS, TO_GOLD)
META = "distances.json"
Row = Sequence[str | float]


def write_distances(items: Iterable[Item], distance: TextDistance, folder: str | Path, batch: int = 50) -> int:
    """Measure what is not in the folder yet and add it; the same call after an interruption goes on.

    Args:
        items: All documents.
        distance: The distance.
        folder: Made if it is not there.
        batch: Documents measured and written in one go.

    Returns:
        How many documents were measured now.

    Raises:
        UsageError: The folder holds tables of another distance.
        InvalidInput: A table cannot be read.
        StorageError: The disk refuses.
    """
    folder = Path(folder)
    known = _begin(folder, distance.name)
    todo = [item for item in items if item.id not in known]
    for documents in iter_distances(todo, distance, batch):
        for name, columns in TABLES:
            _append(folder / name, columns, (row for one in documents for row in _rows(one, name)))
    return len(todo)


def read_distances(folder: str | Path) -> list[DocumentDistances]:
    """Read three tables back; documents and users in the order of the golds' rows.

    Raises:
        NotFound: A table is not there.
        InvalidInput: Naming file, line and field; also for a row that occurs twice.
    """
    folder = Path(folder)
    read = _Reading()
    for name, columns in TABLES:
        for where, row in _read(folder / name, columns):
            read.take(name, where, row)
    return read.documents(folder)


def distance_name(folder: str | Path) -> str | None:
    """The distance that the tables of a folder were made with, where the folder says so."""
    path = Path(folder) / META
    if not path.is_file():
        return None
    data = parse_json(read_text(path, "a JSON object"), str(path))
    name = data.get("distance") if isinstance(data, dict) else None
    if not isinstance(name, str):
        raise InvalidInput(str(path), "a text", name, "distance")
    return name


# --- writing ---


def _begin(folder: Path, distance: str) -> set[str]:
    """The documents that are complete in all tables; rows of others are taken out."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make the folder {folder} ({error.strerror or error})") from error
    there = [folder / name for name, _ in TABLES if (folder / name).exists()]
    before = distance_name(folder)
    if before is None and there:
        raise UsageError(f"{folder} holds distance tables that were not made here; name another folder")
    if before is not None and before != distance:
        raise UsageError(f"{folder} holds distances of '{before}', not of '{distance}'; name another folder")
    if before is None:
        with replacing(folder / META) as scratch:
            scratch.write_text(json.dumps({"distance": distance}) + "\n", encoding="utf-8")
    return _trim(folder)


def _trim(folder: Path) -> set[str]:
    rows = {name: list(_whole_lines(folder / name, len(columns))) for name, columns in TABLES}
    counts = {name: _documents(found) for name, found in rows.items()}
    done = {
        id
        for id, (golds, models) in _shape(rows[TO_DOCUMENT[0]]).items()
        if counts[PAIRS[0]].get(id, 0) == models * golds * (golds - 1)
        and counts[TO_GOLD[0]].get(id, 0) == models * golds
        and counts[TO_DOCUMENT[0]][id] == models * golds
    }
    for name, columns in TABLES:
        kept = [row for row in rows[name] if row[0] in done]
        path = folder / name
        if path.exists():
            with replacing(path) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows([columns, *kept])
    return done


def _documents(rows: Iterable[Sequence[str]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row[0]] = found.get(row[0], 0) + 1
    return found


def _shape(rows: Iterable[Sequence[str]]) -> dict[str, tuple[int, int]]:
    """Document -> users, and origins (golds and models)."""
    seen: dict[str, tuple[set[str], set[str]]] = {}
    for id, model, user, _ in rows:
        users, models = seen.setdefault(id, (set(), set()))
        users.add(user)
        models.add(model)
    return {id: (len(users), len(models)) for id, (users, models) in seen.items()}


def _whole_lines(path: Path, width: int) -> Iterator[list[str]]:
    """The rows of a table but for its heading, and for a last line that was cut off."""
    if not path.exists():
        return
    text = path.read_bytes().decode("utf-8", "replace")
    for k, row in enumerate(csv.reader(io.StringIO(text[: text.rfind("\n") + 1], newline=""))):
        if k and len(row) == width:
            yield row


def _append(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    try:
        new = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(chain([columns] if new else [], rows))
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from error


def _rows(document: DocumentDistances, table: str) -> Iterator[Row]:
    for name, source in ((GOLD, document.golds), *document.outputs.items()):
        if table == PAIRS[0]:
            yield from _pair_rows(document, name, source)
            continue
        column = source.to_document if table == TO_DOCUMENT[0] else source.to_gold
        for user, value in zip(document.users, column.tolist(), strict=True):
            yield document.id, name, user, _cell(value)


def _pair_rows(document: DocumentDistances, name: str, source: SourceDistances) -> Iterator[Row]:
    square = source.pairs.tolist()
    for i, a in enumerate(document.users):
        for j, b in enumerate(document.users):
            if i != j:
                yield document.id, name, a, b, _cell(square[i][j])


def _cell(value: float) -> str:
    return "" if math.isnan(value) else repr(value)


# --- reading ---


def _read(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The rows of a table with their places; its columns may stand in any order."""
    try:
        existing(path)
    except NotFound:
        names = ", ".join(name for name, _ in TABLES)
        raise NotFound(f"{path}: no such file; a folder of distances holds {names}") from None
    with path.open("rb") as file:
        lines = (line.decode("utf-8-sig", "replace") for _, line in bounded_lines(file, str(path), MAX_LINE_BYTES))
        reader = csv.reader(lines)
        head = next(reader, [])
        if sorted(head) != sorted(columns):
            raise InvalidInput(f"{path}:1", f"the columns {', '.join(columns)}", head)
        order = [head.index(name) for name in columns]
        try:
            for row in reader:
                where = f"{path}:{reader.line_num}"
                if len(row) != len(columns):
                    raise InvalidInput(where, f"{len(columns)} cells", len(row))
                yield where, [row[k] for k in order]
        except csv.Error as error:
            raise InvalidInput(f"{path}:{reader.line_num}", "a CSV table", str(error)) from None


class _Reading:
    """Rows as they come, put in their places."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, int]] = {}
        self.values: dict[tuple[str, str, str], dict[tuple[int, ...], float]] = {}

    def take(self, table: str, where: str, row: Sequence[str]) -> None:
        document, model, *users, score = row
        known = self.users.setdefault(document, {})
        places = tuple(known.setdefault(user, len(known)) for user in users)
        if len(known) > MAX_USERS:
            raise InvalidInput(where, f"at most {MAX_USERS} users of one document", "more", "uid")
        cells = self.values.setdefault((document, model, table), {})
        if places in cells:
            raise InvalidInput(where, "a row that no line before it has", row)
        if len(places) == 2 and places[0] == places[1]:
            raise InvalidInput(where, "two different users", users[0], "uid2")
        cells[places] = _score(score, where)

    def documents(self, folder: Path) -> list[DocumentDistances]:
        models: dict[str, list[str]] = {}
        for document, model, _ in self.values:
            names = models.setdefault(document, [])
            if model not in names:
                names.append(model)
        found = []
        for document, users in self.users.items():
            if GOLD not in models[document]:
                raise InvalidInput(str(folder / TO_DOCUMENT[0]), f"rows of '{GOLD}' for document {document}", "none")
            sources = {model: self._source(document, model, len(users)) for model in models[document]}
            golds = sources.pop(GOLD)
            golds = SourceDistances(golds.pairs, golds.to_document, np.zeros(len(users)))
            found.append(DocumentDistances(document, tuple(users), golds, sources))
        return found

    def _source(self, document: str, model: str, size: int) -> SourceDistances:
        pairs, column, gold = np.full((size, size), np.nan), np.full(size, np.nan), np.full(size, np.nan)
        for table, into in ((PAIRS[0], pairs), (TO_DOCUMENT[0], column), (TO_GOLD[0], gold)):
            for places, value in self.values.get((document, model, table), {}).items():
                into[places] = value
        return SourceDistances(pairs, column, gold)


def _score(text: str, where: str) -> float:
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise InvalidInput(where, "a distance of at least 0, or nothing where it is missing", text, "score")
    return value
