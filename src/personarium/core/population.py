"""A population: a Polars frame of personas with its schema and quotas; rows become personas when they are looked at."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personarium.core.chat import canonical_json
from personarium.core.errors import InvalidInput, NotFound, StorageError
from personarium.core.facets import thaw
from personarium.core.files import parse_json, replacing
from personarium.core.formats import iter_personas, save_personas
from personarium.core.persona import Persona
from personarium.core.published import persona_from_row

if TYPE_CHECKING:
    import polars as pl

RECORD = "_persona"  # column with the whole record as JSON, where rows came from personas: columns alone would lose it
FRAME_SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True, slots=True)
class Quota:
    """How many members must have these values: column -> value, and the exact number."""

    cell: Mapping[str, Any]
    target: int

    def __post_init__(self) -> None:
        if not self.cell:
            raise InvalidInput("quota", "at least one column", dict(self.cell), "cell")
        if isinstance(self.target, bool) or not isinstance(self.target, int) or self.target < 0:
            raise InvalidInput("quota", "a whole number from 0", self.target, "target")


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """One quota beside what the population has."""

    cell: Mapping[str, Any]
    target: int
    actual: int

    @property
    def missing(self) -> int:
        """How many members are wanting (negative: too many)."""
        return self.target - self.actual


@dataclass(frozen=True, slots=True)
class Population:
    """Personas as a table.

    Args:
        frame: A Polars frame, one persona a row. Columns are facet paths; ``id`` and ``name`` name the member.
        schema: Column -> values that are allowed in it; columns that are not named are free.
        quotas: Cells with their exact numbers.
        where: File or origin, for messages.

    ``population[i]`` is a :class:`Persona`, made when asked for; ``len`` and iteration work as for a list.

    Raises:
        InvalidInput: Naming ``where``, the row (from 1) and the column of a value that the schema does not allow, or of
            an id that occurs twice.
    """

    frame: pl.DataFrame
    schema: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    quotas: tuple[Quota, ...] = ()
    where: str = "population"

    def __post_init__(self) -> None:
        object.__setattr__(self, "quotas", tuple(self.quotas))
        for column, allowed in self.schema.items():
            self._check_column(column, allowed)
        for quota in self.quotas:
            for column in quota.cell:
                self._need_column(column)
        if "id" in self.frame.columns:
            self._check_ids()

    def __len__(self) -> int:
        return int(self.frame.height)

    def __getitem__(self, index: int) -> Persona:
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self.where} has {len(self)} members, there is none at {index}")
        return self._persona(self.frame.row(index, named=True), index % len(self))

    def __iter__(self) -> Iterator[Persona]:
        for index, row in enumerate(self.frame.iter_rows(named=True)):
            yield self._persona(row, index)

    def quota_report(self) -> tuple[QuotaRow, ...]:
        """Target and exact actual count of every quota, in order."""
        counts: dict[tuple[str, ...], dict[tuple[Any, ...], int]] = {}
        rows = []
        for quota in self.quotas:
            columns = tuple(sorted(quota.cell))
            if columns not in counts:
                grouped = self.frame.group_by(columns).len().rows()
                counts[columns] = {tuple(row[:-1]): row[-1] for row in grouped}
            actual = counts[columns].get(tuple(quota.cell[c] for c in columns), 0)
            rows.append(QuotaRow(quota.cell, quota.target, actual))
        return tuple(rows)

    def save(self, path: str | Path) -> Path:
        """Write to .parquet, .jsonl or .csv; schema and quotas go into ``<file>.schema.json`` beside it.

        A CSV holds columns of plain values only.

        Raises:
            InvalidInput: When the ending is unknown, or a CSV cannot hold a column.
            StorageError: When the disk refuses.
        """
        path = Path(path)
        if path.suffix.lower() == ".jsonl":
            save_personas(self, path)
        else:
            self._save_frame(path)
        beside = _beside(path)
        if self.schema or self.quotas:
            with replacing(beside) as scratch:
                scratch.write_text(canonical_json(self.about()) + "\n", encoding="utf-8")
        else:
            beside.unlink(missing_ok=True)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Population:
        """Read a population from .parquet, .csv, any file of personas (.jsonl, .json, .yaml) or a folder of ``datasets``.

        Raises:
            NotFound: When there is no such file.
            InvalidInput: Naming file, row and column.
        """
        path = Path(path)
        if path.is_dir():
            from personarium.core.hf_datasets import is_dataset_folder

            if is_dataset_folder(path):
                return cls.from_dataset(path)
        if not path.is_file():
            raise NotFound(f"{path}: no such file")
        schema, quotas = _read_about(_beside(path))
        if path.suffix.lower() in FRAME_SUFFIXES:
            return cls(_read_frame(path), schema, quotas, str(path))
        return cls(_frame_of(iter_personas(path)), schema, quotas, str(path))

    @classmethod
    def from_personas(
        cls,
        personas: Iterable[Persona],
        schema: Mapping[str, Sequence[Any]] | None = None,
        quotas: Sequence[Quota] = (),
    ) -> Population:
        """A population of whole personas: a column a path that holds plain values, and the record kept without loss."""
        return cls(_frame_of(personas), schema or {}, tuple(quotas))

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Mapping[str, Any]],
        schema: Mapping[str, Sequence[Any]] | None = None,
        quotas: Sequence[Quota] = (),
        where: str = "rows",
    ) -> Population:
        """A population of table rows (column -> value).

        Raises:
            InvalidInput: When there is no row, or the rows of one column hold values of different types.
        """
        return cls(_frame(list(rows), where), schema or {}, tuple(quotas), where)

    @classmethod
    def from_dataset(cls, data: Any, **options: Any) -> Population:
        """A population from a Hugging Face dataset, a folder that it saved, or a name on the Hub.

        Args:
            data: Which one.
            options: ``split``, ``roles``, ``schema``, ``quotas``, ``most``; see
                :func:`~personarium.core.hf_datasets.population_from_dataset`.
        """
        from personarium.core.hf_datasets import population_from_dataset

        return population_from_dataset(data, **options)

    def to_dataset(self) -> Any:
        """The population as a ``datasets.Dataset`` with schema and quotas; ``save_to_disk`` and back loses nothing."""
        from personarium.core.hf_datasets import population_to_dataset

        return population_to_dataset(self)

    def _repr_html_(self) -> str:
        """The population as a notebook shows it."""
        from personarium.core.notebook import population_html

        return population_html(self)

    def _persona(self, row: Mapping[str, Any], index: int) -> Persona:
        where = f"{self.where}: row {index + 1}"
        record = row.get(RECORD)
        if record is not None:
            return Persona.from_dict(parse_json(record, where), where)
        return persona_from_row({k: v for k, v in row.items() if k != RECORD}, where)

    def _check_column(self, column: str, allowed: Sequence[Any]) -> None:
        self._need_column(column)
        seen = self.frame[column].unique(maintain_order=True).to_list()
        strange = [value for value in seen if value is not None and value not in allowed]
        if strange:
            row = self.frame[column].to_list().index(strange[0]) + 1
            wanted = f"one of {', '.join(map(str, allowed))}"
            raise InvalidInput(f"{self.where}: row {row}", wanted, strange[0], column)

    def _need_column(self, column: str) -> None:
        if column not in self.frame.columns:
            raise InvalidInput(self.where, "a column of this name", ", ".join(self.frame.columns), column)

    def _check_ids(self) -> None:
        first: dict[Any, int] = {}
        for number, id in enumerate(self.frame["id"].to_list(), 1):
            if id is not None and first.setdefault(id, number) != number:
                raise InvalidInput(f"{self.where}: row {number}", f"an id other than that of row {first[id]}", id, "id")

    def _save_frame(self, path: Path) -> None:
        import polars as pl

        suffix = path.suffix.lower()
        if suffix not in FRAME_SUFFIXES:
            raise InvalidInput(str(path), "a file ending in .parquet, .jsonl or .csv", path.suffix)
        if suffix == ".csv":
            self._check_plain(path)
        with replacing(path) as scratch:
            try:
                if suffix == ".parquet":
                    self.frame.write_parquet(scratch)
                else:
                    self.frame.drop(RECORD, strict=False).write_csv(scratch)
            except pl.exceptions.PolarsError as error:
                raise StorageError(f"{path}: cannot be written ({error})") from error

    def _check_plain(self, path: Path) -> None:
        """A CSV holds plain values only, and personas that are no more than their row."""
        nested = [name for name, kind in self.frame.schema.items() if kind.is_nested()]
        if nested:
            raise InvalidInput(str(path), "plain values (a CSV holds no lists; save as .parquet)", nested, nested[0])
        if RECORD in self.frame.columns:
            for number, (row, persona) in enumerate(zip(self.frame.iter_rows(named=True), self, strict=True), 1):
                plain = persona_from_row({k: v for k, v in row.items() if k != RECORD}, str(path))
                if _facts(plain) != _facts(persona):
                    raise InvalidInput(
                        f"{path}: row {number}", "a member that fits in a table row (or .parquet)", persona.id
                    )

    def about(self) -> dict[str, Any]:
        """Schema and quotas, JSON-ready; what is written beside the rows."""
        return {
            "schema": {column: list(allowed) for column, allowed in self.schema.items()},
            "quotas": [{"cell": dict(q.cell), "target": q.target} for q in self.quotas],
        }


def _facts(persona: Persona) -> dict[str, Any]:
    """The record with its facets in a fixed order: what must be the same for a row to hold a persona."""
    record = persona.to_dict()
    return {**record, "facets": sorted(record["facets"], key=lambda facet: str(facet["path"]))}


def _frame_of(personas: Iterable[Persona]) -> pl.DataFrame:
    """One row a persona: id, name, the paths that occur once with a plain value, and the record."""
    rows = []
    for persona in personas:
        row: dict[str, Any] = {"id": persona.id, "name": persona.name}
        paths = [f.path for f in persona.facets]
        for facet in persona.facets:
            single = paths.count(facet.path) == 1 and facet.path not in ("id", "name", RECORD)
            if single and isinstance(facet.value, (str, int, float, bool)):
                row[facet.path] = facet.value
        rows.append({**row, RECORD: canonical_json(persona.to_dict())})
    return _frame(rows, "population")


def _frame(rows: list[dict[str, Any]] | list[Mapping[str, Any]], where: str) -> pl.DataFrame:
    """A frame whose columns keep their first-seen order; a column of mixed types becomes text."""
    import polars as pl

    if not rows:
        raise InvalidInput(where, "at least one row", "none")
    columns = {name: [thaw(row.get(name)) for row in rows] for name in dict.fromkeys(n for row in rows for n in row)}
    series = []
    for name, values in columns.items():
        kinds = {type(v) for v in values if v is not None}
        if len(kinds) > 1 and not kinds <= {int, float}:
            values = [v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]
        try:
            series.append(pl.Series(name, values, strict=not kinds <= {int, float}))
        except (TypeError, OverflowError, pl.exceptions.PolarsError) as error:
            raise InvalidInput(where, f"values that one column can hold ({error})", field=name) from None
    return pl.DataFrame(series)


def _read_frame(path: Path) -> pl.DataFrame:
    import polars as pl

    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError) as error:
        found = str(error).splitlines()[0]
        raise InvalidInput(str(path), f"a {path.suffix[1:].upper()} table", found) from None


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".schema.json")


def _read_about(path: Path) -> tuple[dict[str, Any], tuple[Quota, ...]]:
    if not path.is_file():
        return {}, ()
    return read_about(parse_json(path.read_text(encoding="utf-8"), str(path)), str(path))


def read_about(data: Any, where: str) -> tuple[dict[str, Any], tuple[Quota, ...]]:
    """What :meth:`Population.about` wrote; raises InvalidInput, naming ``where``, when it is something else."""
    try:
        return dict(data["schema"]), tuple(Quota(q["cell"], q["target"]) for q in data["quotas"])
    except (KeyError, TypeError, ValueError):
        raise InvalidInput(where, "an object with schema and quotas") from None
