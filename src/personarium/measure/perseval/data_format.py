"""PerSEval's input (one JSON object a document) and its score tables; a bundled example of our own.

Source: page perseval, "Data formats" (arXiv 2407.00453).
Differs: an output that is null, absent or blank is missing, never an empty text; a user without gold is missing likewise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.files import MAX_FILE_BYTES, iter_json_lines, parse_json, write_json_lines

GOLD = "user"  # the origin of golds, which no model may be called
MAX_CHARACTERS = 400_000  # of one text: a common subsequence grows with the product of two lengths
MAX_USERS = 500  # of one document: pairs grow with the square


@dataclass(frozen=True, slots=True)
class Item:
    """One document, or any other input, with what every user wrote and what every model wrote for them.

    Args:
        id: Unique.
        text: What was summarised, or the input of the task.
        users: Who has a gold or an output, in the order of all columns.
        golds: A user's own text; None where it is missing.
        outputs: Model -> its text for every user.
        title: Stands before the text where a distance to the document is taken.
    """

    id: str
    text: str
    users: tuple[str, ...]
    golds: tuple[str | None, ...]
    outputs: Mapping[str, tuple[str | None, ...]]
    title: str = ""

    @property
    def full_text(self) -> str:
        """Title and text, as distances to the document use them."""
        return f"{self.title} {self.text}".strip()

    def sources(self) -> Iterator[tuple[str, tuple[str | None, ...]]]:
        """The golds, then every model's outputs."""
        yield GOLD, self.golds
        yield from self.outputs.items()

    def to_dict(self) -> dict[str, Any]:
        """The line's object."""
        columns = dict(self.sources())
        summaries = {
            user: {name: texts[k] for name, texts in columns.items() if texts[k] is not None}
            for k, user in enumerate(self.users)
        }
        return {"doc_id": self.id, "doc_text": self.text, "doc_summ": self.title, "m_summary_dict": summaries}

    @classmethod
    def from_dict(cls, data: object, where: str = "document") -> Item:
        """Read and check one line's object.

        Raises:
            InvalidInput: Naming ``where`` and the field.
        """
        if not isinstance(data, dict):
            raise InvalidInput(where, "a JSON object", data)
        id = data.get("doc_id")
        if isinstance(id, bool) or not isinstance(id, (str, int)) or id == "":
            raise InvalidInput(where, "a text or a number", id, "doc_id")
        for name in ("doc_text", "doc_summ"):
            if not isinstance(data.get(name, ""), str):
                raise InvalidInput(where, "a text", data.get(name), name)
            _check_length(data.get(name, ""), where, name)
        by_user = _by_user(data.get("m_summary_dict"), where)
        models = dict.fromkeys(name for texts in by_user.values() for name in texts if name != GOLD)
        return cls(
            str(id),
            data.get("doc_text", ""),
            tuple(by_user),
            tuple(texts.get(GOLD) for texts in by_user.values()),
            {model: tuple(texts.get(model) for texts in by_user.values()) for model in models},
            data.get("doc_summ", ""),
        )


def _by_user(value: object, where: str) -> dict[str, dict[str, str | None]]:
    field = "m_summary_dict"
    if not isinstance(value, dict) or not value:
        raise InvalidInput(where, 'an object {user: {"user": gold, "MODEL": output}}', value, field)
    if len(value) > MAX_USERS:
        raise InvalidInput(where, f"at most {MAX_USERS} users", len(value), field)
    found: dict[str, dict[str, str | None]] = {}
    for user, texts in value.items():
        if not isinstance(texts, dict):
            raise InvalidInput(where, 'an object {"user": gold, "MODEL": output}', texts, f"{field}.{user}")
        for name, text in texts.items():
            if text is not None and not isinstance(text, str):
                raise InvalidInput(where, "a text, or null where there is none", text, f"{field}.{user}.{name}")
            _check_length(text or "", where, f"{field}.{user}.{name}")
        found[user] = {name: text if text and text.strip() else None for name, text in texts.items()}
    return found


def _check_length(text: str, where: str, field: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput(where, f"at most {MAX_CHARACTERS:,} characters", len(text), field)


def read_items(path: str | Path) -> list[Item]:
    """Read a file of documents, one JSON object a line.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, line and field; also for a document that occurs twice.
    """
    items: dict[str, Item] = {}
    for where, data in iter_json_lines(path, "document", MAX_FILE_BYTES):
        item = Item.from_dict(data, where)
        if item.id in items:
            raise InvalidInput(where, "an id that no line before it has", item.id, "doc_id")
        items[item.id] = item
    return list(items.values())


def write_items(items: Iterable[Item], path: str | Path) -> Path:
    """Write documents; what is written passes :func:`read_items`."""
    return write_json_lines((item.to_dict() for item in items), path)


def example_items() -> list[Item]:
    """The bundled example: three short notes, three readers, three ways to write headlines; our own, too small to measure by."""
    text = (files("personarium.measure.perseval") / "data" / "example.jsonl").read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if line.strip()]
    return [
        Item.from_dict(parse_json(line, f"example.jsonl:{k}"), f"example.jsonl:{k}") for k, line in enumerate(lines, 1)
    ]


# --- tables of scores ---

SHARES = (100, 80, 60, 40, 20)
SCORE_COLUMNS = ("models", *(str(share) for share in SHARES), "bias", "variance")


def read_scores(path: str | Path) -> dict[str, dict[str, float]]:
    """A table with a column ``models`` and columns of numbers, as the published score tables: model -> column -> number.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, row and column.
    """
    import csv

    from personarium.core.files import existing, read_text

    rows = csv.reader(read_text(existing(path), "a CSV table with a column 'models'").split("\n"))
    head = next(rows)
    if "models" not in head or len(set(head)) < len(head):
        raise InvalidInput(str(path), "a column 'models', and no column twice", head)
    found: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows, 2):
        where = f"{path}:{number}"
        if not row:
            continue
        if len(row) != len(head):
            raise InvalidInput(where, f"{len(head)} columns", len(row))
        cells = dict(zip(head, row, strict=True))
        model = cells.pop("models")
        if model in found:
            raise InvalidInput(where, "a model that no row before it has", model, "models")
        found[model] = {name: _number(cell, where, name) for name, cell in cells.items() if cell != ""}
    return found


def _number(cell: str, where: str, field: str) -> float:
    import math

    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidInput(where, "a number", cell, field)
    return value


def write_scores(rows: Sequence[Mapping[str, object]], path: str | Path) -> Path:
    """Write a published-form score table: models, 100, 80, 60, 40, 20, bias, variance."""
    import csv

    from personarium.core.files import replacing

    path = Path(path)
    with replacing(path) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, SCORE_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(dict(row) for row in rows)
    return path
