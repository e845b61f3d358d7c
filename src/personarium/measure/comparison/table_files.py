"""Scores, replies and verdicts as files: JSON Lines, a JSON list, CSV, or the folder of a run.

One object a row. ``item`` (or ``id``; else the question with its persona is the item), ``agent`` where one file holds several
contestants, and one of: ``score`` (null: missing, ``failure`` says why), ``response`` (to be judged), or ``first``, ``second``
and ``winner`` (two contestants in the order shown, and the name of the better one, ``tie`` or null). Also ``question``,
``persona`` (in words) and ``persona_id`` (items of one persona are not independent). A file of questions alone has neither.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal, cast

from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.files import existing, iter_json_lines, parse_json, read_text
from personarium.core.results import Scale
from personarium.judges.layouts import Winner
from personarium.judges.verdicts import Order, Preference, Shown, preference_of
from personarium.measure.comparison.contest import BASELINES, Item, Pair, Replies, ScoreTable, VerdictTable, pairs_of

Kind = Literal["scores", "replies", "verdicts", "questions"]
MOST_ROWS = 1_000_000
MAX_TABLE_BYTES = 64 * 2**20
_SHARES, _POINTS = Scale(0.0, 1.0, True, "share"), Scale(1.0, 5.0, True, "points")
_ALSO: Mapping[str, tuple[str, ...]] = {
    "item": ("item", "id", "item_id", "question_id"),
    "agent": ("agent", "contestant", "model"),
    "score": ("score", "value"),
    "response": ("response", "reply", "answer"),
    "question": ("question", "prompt", "instruction"),
    "group": ("group", "persona_id"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row with its place (``file:line``) for messages."""

    where: str
    data: Mapping[str, Any]

    def get(self, name: str) -> Any:
        """A field by any of its names; None where there is none."""
        return next((self.data[known] for known in _ALSO.get(name, (name,)) if known in self.data), None)

    def has(self, name: str) -> bool:
        """Whether the field is there, null included."""
        return any(known in self.data for known in _ALSO.get(name, (name,)))

    def text(self, name: str) -> str:
        """A field as text, empty where there is none."""
        value = self.get(name)
        if value is None or isinstance(value, (str, int)):
            return "" if value is None else str(value).strip()
        raise InvalidInput(self.where, "a text", value, name)


@dataclass
class _Read:
    """What was read of one contest so far."""

    items: dict[str, Item] = field(default_factory=dict)
    cells: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)

    def item(self, row: Row) -> str:
        persona, question, group = row.text("persona"), row.text("question"), row.text("group")
        name = row.text("item") or "/".join(part for part in (group or persona, question) if part)
        if not name:
            raise InvalidInput(row.where, "a name of the item, or a question", None, "item")
        known = self.items.get(name, Item(name))
        self.items[name] = Item(name, known.group or group, known.prompt or question, known.persona or persona)
        return name


def read_contest(
    paths: Sequence[str | Path],
    names: Sequence[str] = (),
    *,
    scale: Scale | None = None,
    baselines: Collection[str] = BASELINES,
) -> ScoreTable | Replies | VerdictTable | tuple[Item, ...]:
    """Read what is to be compared.

    Args:
        paths: One file (or run folder) a contestant, or a single file that names the ``agent`` of each row.
        names: With several paths their names (the files' own without). With one path which contestants to take, in this
            order (all of them without); baselines that the file holds are taken too.
        scale: Of the scores; without it 0 to 1 where all scores lie there, else 1 to 5, else the range that was seen.
        baselines: Contestants of these names are baselines.

    Returns:
        Scores, replies to be judged or verdicts; or the items of a file of questions.

    Raises:
        NotFound: There is no such file, or the file has no contestant of that name.
        InvalidInput: Naming file, line and field.
        UsageError: Fewer than two contestants.
    """
    rows = {Path(path): list(_rows(Path(path))) for path in paths}
    kinds = {path: _kind(found, str(path)) for path, found in rows.items()}
    if len(set(kinds.values())) > 1:
        told = ", ".join(f"{path} {kind}" for path, kind in kinds.items())
        raise InvalidInput("comparison", "files of one kind (scores, replies, verdicts)", told)
    kind = next(iter(kinds.values()))
    if len(paths) == 1 and kind == "questions":
        return _questions(next(iter(rows.values())))
    if len(paths) == 1:
        return _named(next(iter(rows.values())), kind, names, scale, frozenset(baselines), str(paths[0]))
    if kind not in ("scores", "replies"):
        raise InvalidInput("comparison", "one file of verdicts or questions, or several of scores or replies", kind)
    labels = list(names) or _labels(list(rows))
    if len(labels) != len(rows) or len(set(labels)) < len(labels):
        raise UsageError(f"{len(rows)} files need as many different names, found {', '.join(labels)}")
    read = _Read()
    for label, found in zip(labels, rows.values(), strict=True):
        read.cells[label] = {}
        for row in found:
            _add(read, row, label, kind)
    return _table(read, kind, labels, scale, frozenset(baselines) & set(labels), ", ".join(map(str, rows)))


def kind_of(path: str | Path) -> Kind:
    """What a file holds, by its first row.

    Raises:
        NotFound, InvalidInput: As :func:`read_contest`.
    """
    return _kind(list(islice(_rows(Path(path)), 1)), str(path))


def _labels(paths: Sequence[Path]) -> list[str]:
    stems = [path.stem or str(path) for path in paths]
    return stems if len(set(stems)) == len(stems) else [str(path) for path in paths]


def _named(
    rows: Sequence[Row], kind: Kind, names: Sequence[str], scale: Scale | None, baselines: frozenset[str], where: str
) -> ScoreTable | Replies | VerdictTable:
    """One file with several contestants."""
    known = list(dict.fromkeys(name for row in rows for name in _contestants(row, kind)))
    for name in names:
        if name not in known:
            raise NotFound(f"{where} has no contestant '{name}'; it has {', '.join(known[:20])}")
    order = [*(names or [n for n in known if n not in baselines]), *(n for n in known if n in baselines)]
    order = list(dict.fromkeys(order))
    apart = baselines & set(order) - set(names)
    if kind == "verdicts":
        return _verdicts(rows, order, apart)
    read = _Read(cells={name: {} for name in order})
    for row in rows:
        (name,) = _contestants(row, kind)
        if name in read.cells:
            _add(read, row, name, kind)
    return _table(read, kind, order, scale, apart, where)


def _contestants(row: Row, kind: Kind) -> tuple[str, ...]:
    fields = ("first", "second") if kind == "verdicts" else ("agent",)
    found = tuple(row.text(name) for name in fields)
    for name, value in zip(fields, found, strict=True):
        if not value:
            raise InvalidInput(row.where, "the name of a contestant (or give one file each)", None, name)
    return found


def _add(read: _Read, row: Row, name: str, kind: Kind) -> None:
    item = read.item(row)
    if item in read.cells[name]:
        raise InvalidInput(row.where, f"one row of '{name}' for item '{item}'", "a second one", "item")
    value = _score(row) if kind == "scores" else row.text("response") or None
    read.cells[name][item] = (value, row.text("response") or None)
    if value is None:
        read.lost.setdefault(name, []).append(row.text("failure") or "missing")


def _score(row: Row) -> float | None:
    value = row.get("score")
    if value is None and row.has("scores"):
        value = _mean_of(row)
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InvalidInput(row.where, "a number, or null where it is missing", value, "score") from None
    if not math.isfinite(number):
        raise InvalidInput(row.where, "a finite number, or null where it is missing", value, "score")
    return number


def _mean_of(row: Row) -> float | None:
    """The mean verdict of several judges, as the runs of this house keep them."""
    found = row.data["scores"]
    by_judge = parse_json(found, row.where) if isinstance(found, str) else found
    if not isinstance(by_judge, Mapping):
        raise InvalidInput(row.where, "an object: judge -> score", found, "scores")
    read = [value for value in by_judge.values() if value]
    return sum(read) / len(read) if read else None


def _table(
    read: _Read, kind: Kind, names: Sequence[str], scale: Scale | None, baselines: frozenset[str], where: str
) -> ScoreTable | Replies:
    items = tuple(read.items.values())
    cells = {name: [read.cells[name].get(item.id) for item in items] for name in names}
    texts = {name: tuple(None if c is None else cast("str | None", c[1]) for c in cells[name]) for name in names}
    lost = {
        name: _counted([*read.lost.get(name, []), *["missing"] * sum(c is None for c in cells[name])]) for name in names
    }
    if kind == "replies":
        return Replies(items, texts, lost, baselines)
    values = {name: tuple(None if c is None else cast("float | None", c[0]) for c in cells[name]) for name in names}
    told = {name: column for name, column in texts.items() if any(text is not None for text in column)}
    return ScoreTable(items, values, scale or _range(values), f"scores of {where}", told, lost, baselines)


def _counted(kinds: Sequence[str]) -> dict[str, int]:
    return dict(sorted(Counter(kinds).items()))


def _range(values: Mapping[str, Sequence[float | None]]) -> Scale:
    found = [value for column in values.values() for value in column if value is not None]
    for usual in (_SHARES, _POINTS):
        if all(usual.lo <= value <= usual.hi for value in found):
            return usual
    return Scale(min(found), max(found), True, "points")


def _questions(rows: Sequence[Row]) -> tuple[Item, ...]:
    read = _Read()
    for row in rows:
        if not row.text("question"):
            raise InvalidInput(row.where, "a question", row.get("question"), "question")
        before = len(read.items)
        name = read.item(row)
        if len(read.items) == before:
            raise InvalidInput(row.where, "items that are all different", name, "item")
    return tuple(read.items.values())


# --- verdicts ---


def _verdicts(rows: Sequence[Row], names: Sequence[str], baselines: frozenset[str]) -> VerdictTable:
    read = _Read()
    orders: dict[tuple[Pair, str], dict[Shown, Order]] = {}
    pairs = pairs_of(names)
    known = set(pairs)
    for row in rows:
        first, second = _contestants(row, "verdicts")
        if first not in names or second not in names:
            continue
        if first == second:
            raise InvalidInput(row.where, "two different contestants", first, "second")
        pair = (first, second) if (first, second) in known else (second, first)
        shown: Shown = "AB" if pair[0] == first else "BA"
        seen = orders.setdefault((pair, read.item(row)), {})
        if shown in seen:
            raise InvalidInput(
                row.where, f"one verdict for {first} before {second} on an item", "a second one", "first"
            )
        seen[shown] = Order(shown, (_winner(row, pair),))
    items = tuple(read.items.values())
    seen_pairs = {pair for pair, _ in orders}
    judged = [pair for pair in pairs if pair in seen_pairs]
    table = {pair: tuple(_preference(orders.get((pair, item.id)), item.id) for item in items) for pair in judged}
    return VerdictTable(items, table, tuple(names), baselines=baselines, judge="the verdicts of the file")


def _winner(row: Row, pair: Pair) -> Winner | None:
    said = row.get("winner")
    if said is None or said == "":
        return None
    if said == "tie":
        return "tie"
    if said not in pair:
        raise InvalidInput(row.where, f"'{pair[0]}', '{pair[1]}', 'tie' or null", said, "winner")
    return "A" if said == pair[0] else "B"


def _preference(orders: Mapping[Shown, Order] | None, item: str) -> Preference | None:
    if orders is None:
        return None
    return preference_of([orders[shown] for shown in ("AB", "BA") if shown in orders], id=item)


# --- rows ---


def _kind(rows: Sequence[Row], where: str) -> Kind:
    if not rows:
        raise InvalidInput(where, "rows of scores, replies, verdicts or questions", "none")
    first = rows[0]
    if first.has("winner"):
        return "verdicts"
    if first.has("score") or first.has("scores"):
        return "scores"
    if first.has("response"):
        return "replies"
    if first.has("question"):
        return "questions"
    wanted = "a field 'score', 'response', 'winner' or 'question'"
    raise InvalidInput(first.where, wanted, ", ".join(sorted(map(str, first.data))[:10]))


def _rows(path: Path) -> Iterator[Row]:
    if path.is_dir():
        yield from _of_run(path)
        return
    existing(path)
    suffix = path.suffix.lower()
    found = _csv(path) if suffix == ".csv" else _json(path) if suffix == ".json" else _json_lines(path)
    for number, row in enumerate(found, 1):
        if number > MOST_ROWS:
            raise InvalidInput(str(path), f"at most {MOST_ROWS:,} rows", "more")
        yield row


def _object(where: str, value: Any) -> Row:
    if not isinstance(value, dict):
        raise InvalidInput(where, "one JSON object a row", value)
    return Row(where, value)


def _json_lines(path: Path) -> Iterator[Row]:
    for where, value in iter_json_lines(path, "object"):
        yield _object(where, value)


def _json(path: Path) -> Iterator[Row]:
    data = parse_json(read_text(path, "a JSON list of objects", MAX_TABLE_BYTES), str(path))
    if not isinstance(data, list):
        raise InvalidInput(str(path), "a JSON list of objects", data)
    for number, value in enumerate(data):
        yield _object(f"{path}[{number}]", value)


def _csv(path: Path) -> Iterator[Row]:
    text = read_text(path, "a CSV table with a header", MAX_TABLE_BYTES)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        for data in reader:
            where = f"{path}:{reader.line_num}"
            if None in data or None in data.values():
                raise InvalidInput(where, f"as many cells as the header has ({len(reader.fieldnames or ())})")
            yield Row(where, {str(k).strip(): v for k, v in data.items()})
    except csv.Error as error:
        raise InvalidInput(f"{path}:{reader.line_num}", "a CSV table", str(error)) from None


def _of_run(folder: Path) -> Iterator[Row]:
    """The result table of a run, whatever instrument it was made with."""
    table = folder / "results.parquet"
    if not table.is_file():
        raise NotFound(f"{folder} is no run with results (it has no results.parquet)")
    import polars

    try:
        frame = polars.read_parquet(table)
    except (polars.exceptions.PolarsError, OSError) as error:
        raise InvalidInput(str(table), "a Parquet table", str(error).split("\n", 1)[0]) from None
    for number, data in enumerate(frame.iter_rows(named=True)):
        yield Row(f"{table}[{number}]", data)
