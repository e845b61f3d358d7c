"""People's answers to the same questions: one row a person, recoded onto the questionnaire's scales, taken whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personarium.core.errors import InvalidInput
from personarium.core.files import existing
from personarium.play.survey.measures import read_human
from personarium.play.survey.questions import HumanColumn, Question, Questionnaire, key_of

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class HumanColumnRead:
    """One question in people's table.

    Args:
        answers: One entry a row on the scale that is compared; None where there is no answer.
        missing: Rows without an answer.
        invalid: Rows whose value is no answer to the question: on another scale, or a code that was not named.
        strange: Those values, most at most ten, for messages.
    """

    answers: tuple[Any, ...]
    missing: int
    invalid: int
    strange: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HumanTable:
    """A table of people.

    Args:
        where: The file.
        rows: How many people.
        columns: Question id -> their answers; questions that the table lacks are not in it.
        weights: One a row; None for all alike.
        cohorts: Name of a grouping column -> its value in each row.
        dropped: Rows left out because their weight is 0 or missing.
    """

    where: str
    rows: int
    columns: dict[str, HumanColumnRead]
    weights: tuple[float, ...] | None = None
    cohorts: dict[str, tuple[str | None, ...]] = field(default_factory=dict)
    dropped: int = 0


def load_human(
    path: str | Path, questionnaire: Questionnaire, *, weights: str | None = None, cohorts: Sequence[str] = ()
) -> HumanTable:
    """Read people's answers from a .csv or .parquet table.

    Args:
        path: The table, one row a person; a question stands in the column that its ``human`` names, else in that of its id.
        questionnaire: What was asked.
        weights: Name of a column of weights.
        cohorts: Names of grouping columns.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming file and column: it cannot be read, a named column is not there, a weight is no number from 0,
            or no question is in it at all.
    """
    frame = _read(Path(path))
    where = str(path)
    kept, shares, dropped = _weights(frame, weights, where)
    columns = {}
    for question in questionnaire.questions:
        name = _column_of(question, frame, where)
        if name is not None:
            columns[question.id] = _answers(question, kept[name].to_list())
    if not columns:
        expected = "a column for at least one question, named as its id or in its human field"
        raise InvalidInput(where, expected, ", ".join(frame.columns))
    groups = {name: tuple(_labels(kept, name, where)) for name in cohorts}
    return HumanTable(where, kept.height, columns, shares, groups, dropped)


def _read(path: Path) -> pl.DataFrame:
    import polars as pl

    path = existing(path)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise InvalidInput(str(path), "a table of people ending in .csv or .parquet", suffix)
    try:
        frame = pl.read_parquet(path) if suffix == ".parquet" else pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError) as error:
        raise InvalidInput(str(path), f"a {suffix[1:].upper()} table", str(error).splitlines()[0]) from None
    if not frame.height:
        raise InvalidInput(str(path), "at least one row", "none")
    return frame


def _column_of(question: Question, frame: pl.DataFrame, where: str) -> str | None:
    if question.human is None:
        return question.id if question.id in frame.columns else None
    need(frame, question.human.column, where)
    return question.human.column


def need(frame: pl.DataFrame, column: str, where: str) -> None:
    """Raise InvalidInput unless the frame has the column."""
    if column not in frame.columns:
        raise InvalidInput(where, f"a column '{column}'", ", ".join(frame.columns))


def _weights(frame: pl.DataFrame, column: str | None, where: str) -> tuple[pl.DataFrame, tuple[float, ...] | None, int]:
    import polars as pl

    if column is None:
        return frame, None, 0
    need(frame, column, where)
    if not frame[column].dtype.is_numeric() or (frame[column].fill_null(0).fill_nan(0) < 0).any():
        raise InvalidInput(where, "weights that are numbers from 0", field=column)
    kept = frame.filter(pl.col(column).fill_nan(0) > 0)
    if not kept.height:
        raise InvalidInput(where, "at least one weight above 0", field=column)
    return kept, tuple(kept[column].cast(pl.Float64).to_list()), frame.height - kept.height


def _answers(question: Question, cells: list[Any]) -> HumanColumnRead:
    human = question.human or HumanColumn(question.id)
    known: dict[str, Any] = {}
    answers: list[Any] = []
    strange: dict[str, None] = {}
    missing = 0
    for cell in cells:
        key = "" if cell is None else key_of(cell)
        if key in ("", "nan") or key in human.missing:
            missing += 1
            answers.append(None)
            continue
        if key not in known:
            known[key] = read_human(question, cell)
        if known[key] is None:
            strange[key] = None
        answers.append(known[key])
    invalid = sum(answer is None for answer in answers) - missing
    return HumanColumnRead(tuple(answers), missing, invalid, tuple(strange)[:10])


def _labels(frame: pl.DataFrame, column: str, where: str) -> list[str | None]:
    need(frame, column, where)
    return [None if value is None else key_of(value) for value in frame[column].to_list()]


def content_of(path: str | Path) -> str:
    """A short name for what a file holds, so that a changed table is another comparison."""
    import hashlib

    digest = hashlib.blake2b(digest_size=8)
    with Path(path).open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
