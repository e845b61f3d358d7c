"""PersoBench's files: prompts (one row a dialogue), replies as written or cleaned, values of metrics.

Source: page persobench, steps 1 and 4 and "Data formats" (arXiv 2410.03198).
Differs: personas of Blended Skill Talk and PEC keep their apostrophes (the code takes every quotation mark out, also that of "don't").
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from personarium.core.errors import InvalidInput, UsageError
from personarium.core.files import existing, read_text, replacing

MAX_CSV_BYTES = 64 * 2**20
COLUMNS = ("personas", "context", "act_response")
# Speakers stand before the reference in these, and labels and brackets around the personas in those.
LABELLED_REFERENCE = frozenset({"focus", "it-convai2"})
BRACKETED_PERSONAS = frozenset({"blended-skill-talk", "pec"})
DATASETS = ("focus", "it-convai2", "blended-skill-talk", "pec", "synthetic-personachat", "other")
_LABEL = re.compile(r"\[\s*(?:User\s*\d|Responder)\s*personas?\s*\]\s*:", re.IGNORECASE)
_QUOTED = re.compile(r"'([^'\n]*)'(?!\w)|\"([^\"\n]*)\"")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?:\s*(?=[^\W\d]|['\"])|,\s)|\n|<SEP>")


@dataclass(frozen=True, slots=True)
class PersoRow:
    """One dialogue whose next reply is wanted.

    Args:
        id: The row's number in its file, or any id of one's own.
        personas: What is known of the speakers.
        context: All turns before the reply, each with its speaker.
        reference: The reply that was given.
    """

    id: str
    personas: str
    context: str
    reference: str

    def __post_init__(self) -> None:
        for name in ("personas", "context", "reference"):
            if not getattr(self, name).strip():
                raise InvalidInput(f"row {self.id}", "a text that is not empty", getattr(self, name), name)

    @property
    def facts(self) -> tuple[str, ...]:
        """The persona's sentences (real files run them together: "I like dogs.I am a nurse")."""
        return sentences_of(self.personas)


def sentences_of(text: str) -> tuple[str, ...]:
    """Sentences, also where no blank parts them; labels of speakers left out."""
    parts = (part.strip() for part in _SENTENCE_END.split(_LABEL.sub(" ", text)))
    return tuple(part for part in parts if part)


def read_rows(path: str | Path, dataset: str = "other") -> list[PersoRow]:
    """Read ``Prompts/<Dataset>.csv``: columns personas, context, act_response in any order.

    Args:
        path: The file.
        dataset: One of ``DATASETS``: decides what is stripped (:func:`plain_reference`, :func:`plain_personas`).

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, row and column.
        UsageError: Another dataset.
    """
    if dataset not in DATASETS:
        raise UsageError(f"dataset must be one of {', '.join(DATASETS)}, found '{dataset}'")
    found = []
    for number, row in _table(path, COLUMNS):
        for name in COLUMNS:
            if not row[name].strip():
                raise InvalidInput(f"{path}: row {number}", "a text that is not empty", row[name], name)
        reference = plain_reference(row["act_response"]) if dataset in LABELLED_REFERENCE else row["act_response"]
        personas = plain_personas(row["personas"]) if dataset in BRACKETED_PERSONAS else row["personas"]
        found.append(PersoRow(f"{number:05d}", personas, row["context"], reference))
    return found


def dataset_of(path: str | Path) -> str:
    """The dataset that a file's name tells of; ``other`` where it tells none."""
    name = Path(path).stem.lower().replace(" ", "-").replace("_", "-")
    return name if name in DATASETS else "other"


def plain_reference(text: str) -> str:
    """A reference without its speaker's label, that is without all up to the first colon."""
    return text.split(":", 1)[1].strip() if ":" in text else text.strip()


def plain_personas(text: str) -> str:
    """Personas without labels, brackets and the quotation marks of a printed list."""
    bare = _LABEL.sub("", text).strip()
    if bare.startswith("[") and (quoted := _QUOTED.findall(bare)):
        return " ".join(single or double for single, double in quoted).strip()
    return bare.replace("[", "").replace("]", "").strip()


@dataclass(frozen=True, slots=True)
class GivenReply:
    """A reply that is there already.

    Args:
        text: As written, or cleaned; None where the file has none (a failure).
        seconds: How long it took; None where the file does not say.
    """

    text: str | None
    seconds: float | None = None


def read_replies(path: str | Path) -> list[GivenReply]:
    """Read ``Responses/...csv`` or ``Raw Responses/...csv``: gen_response (empty is a failure), response_time.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, row and column.
    """
    found = []
    for number, row in _table(path, ("gen_response",)):
        seconds = _number(row.get("response_time", ""), f"{path}: row {number}", "response_time")
        found.append(GivenReply(row["gen_response"] if row["gen_response"].strip() else None, seconds))
    return found


def write_replies(replies: Iterable[GivenReply], path: str | Path) -> Path:
    """Write replies in the same form."""
    rows = ((reply.text or "", "" if reply.seconds is None else repr(reply.seconds)) for reply in replies)
    return _write(("gen_response", "response_time"), rows, Path(path))


def read_values(path: str | Path) -> list[dict[str, float | None]]:
    """Read ``Metric_values/*.csv``: one number a metric and row; an empty cell is missing."""
    return [
        {name: _number(cell, f"{path}: row {number}", name) for name, cell in row.items()}
        for number, row in _table(path, ())
    ]


def write_values(rows: Sequence[Mapping[str, float | None]], path: str | Path) -> Path:
    """Write values of metrics in the same form; all rows must have the same names."""
    names = list(rows[0]) if rows else []
    cells = (["" if (value := row[name]) is None else repr(value) for name in names] for row in rows)
    return _write(names, cells, Path(path))


def example_rows() -> list[PersoRow]:
    """The bundled example: a few dialogues of our own, too small to measure by."""
    text = (files("personarium.benchmarks.persobench") / "data" / "example.csv").read_text(encoding="utf-8")
    return [
        PersoRow(f"{k:05d}", row["personas"], row["context"], row["act_response"])
        for k, row in enumerate(csv.DictReader(io.StringIO(text)), 1)
    ]


def _table(path: str | Path, wanted: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file, numbered from 1, by column."""
    text = read_text(existing(path), "a CSV table", MAX_CSV_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        head = next(reader)
        missing = [name for name in wanted if name not in head]
        if missing:
            raise InvalidInput(str(path), f"a column '{missing[0]}'", head)
        if len(set(head)) < len(head):
            raise InvalidInput(str(path), "columns that are all different", head)
        for number, row in enumerate(reader, 1):
            if len(row) != len(head):
                raise InvalidInput(f"{path}: row {number}", f"{len(head)} cells", len(row))
            yield number, dict(zip(head, row, strict=True))
    except csv.Error as error:
        raise InvalidInput(f"{path}:{reader.line_num}", "a CSV table", str(error)) from None


def _write(head: Sequence[str], rows: Iterable[Sequence[str]], path: Path) -> Path:
    with replacing(path) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])
    return path


def _number(cell: str, where: str, field: str) -> float | None:
    if not cell.strip():
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidInput(where, "a number, or nothing where it is missing", cell, field)
    return value
