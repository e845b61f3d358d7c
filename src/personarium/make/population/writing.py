"""A population on disk: chunks that are written whole, resumed where they stopped, and joined into one file at the end.

While a population is made, its chunks lie in a folder beside the file, ``.NAME.DIGEST.parts``; the digest is that of everything
that decides the result, so that the same call finds them again and another call does not touch them. A folder as the target
keeps the chunks as they are.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personarium.core.chat import canonical_json
from personarium.core.errors import InvalidInput, StorageError
from personarium.core.files import parse_json, replacing
from personarium.core.population import Quota, QuotaRow
from personarium.make.population.generator import CHUNK, Chunk, Generator, allowed_values, need_no_model, reject_all
from personarium.make.population.lexical_gate import LexicalGate
from personarium.make.population.persona_lines import persona_lines
from personarium.make.population.repair import TRIES, Unfilled
from personarium.make.population.schema import Schema
from personarium.make.population.targets import Plan

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".parquet", ".jsonl", ".csv")
FORMAT = 1  # of the chunks; part of the digest

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Written:
    """What was made.

    Args:
        path: The file, or the folder of chunks.
        count: How many members were asked for.
        members: How many there are.
        unfilled: The slots that stayed empty, each with the rule or gate that kept it so.
        quotas: Every target as whole numbers, beside what the file holds.
        plan: The exact schedule, with its deviations.
    """

    path: Path
    count: int
    members: int
    unfilled: tuple[Unfilled, ...]
    quotas: tuple[QuotaRow, ...]
    plan: Plan


def make_population(
    schema: Schema,
    count: int,
    out: str | Path,
    *,
    seed: int = 0,
    distinct: bool = False,
    language: str | None = None,
    chunk: int = CHUNK,
    tries: int = TRIES,
    progress: Progress | None = None,
) -> Written:
    """Make a population and write it; killed in the middle, the same call goes on and gives the same bytes.

    Args:
        schema: Without fields that a model writes.
        count: How many members.
        out: A .parquet, .jsonl (whole persona records) or .csv file, or a folder (a path without ending) for Parquet
            chunks.
        seed: Same seed, same population.
        distinct: Whether near duplicates are drawn again, and slots that cannot be filled distinctly are left out.
        language: One of the schema's languages; its first by default.
        chunk: Members of one chunk: memory and what a kill costs grow with it.
        tries: Draws of a member before its slot is given up.
        progress: Called with members done and members in all after every chunk.

    Returns:
        What was made; slots that stayed empty are listed, the rest is kept.

    Raises:
        InvalidInput: A wrong count or language, or a rule that rejects every member of the first chunk (the message names
            it); chunks made before are kept.
        UsageError: A model writes some fields.
        StorageError: The disk refuses, or will not hold the rest; what is written is kept.
    """
    need_no_model(schema)
    out = Path(out)
    language = check_language(schema, language)
    gate = LexicalGate(schema.compared) if distinct else None
    generator = Generator(schema, count, seed, gate, tries)
    about = {"seed": seed, "count": count, "distinct": distinct, "language": language, "chunk": chunk, "tries": tries}
    store = ChunkStore(schema, out, {**about, "plan": _plan_digest(generator.plan)})
    store.open()
    for number, start in enumerate(range(0, count, chunk), 1):
        stop = min(start + chunk, count)
        if store.has(number):
            if gate is not None:
                gate.offer(store.read(number, schema, language))
        else:
            made = generator.chunk(start, stop)
            if number == 1 and not made.frame.height:
                reject_all(schema, made.unfilled[0])
            store.write(number, made, translated(made.frame, schema, language))
            store.check_room(number, -(-count // chunk))
        if progress is not None:
            progress(stop, count)
    return store.finish(count, generator.plan, language)


def check_language(schema: Schema, language: str | None) -> str:
    """The language, or the schema's first.

    Raises:
        InvalidInput: The schema does not have it.
    """
    chosen = language or schema.languages[0]
    if chosen not in schema.languages:
        raise InvalidInput(
            schema.where, f"one of the schema's languages ({', '.join(schema.languages)})", chosen, "language"
        )
    return chosen


def translated(frame: pl.DataFrame, schema: Schema, language: str) -> pl.DataFrame:
    """The frame with values and column names in another language of the schema."""
    import polars as pl

    labels = schema.labels.get(language, {})
    for path, words in labels.items():
        if path in frame.columns:
            frame = frame.with_columns(
                pl.col(path).cast(pl.String).replace({str(k): v for k, v in words.items()}).alias(path)
            )
    return frame.rename({k: v for k, v in schema.names.get(language, {}).items() if k in frame.columns})


def untranslated(frame: pl.DataFrame, schema: Schema, language: str) -> pl.DataFrame:
    """The inverse of :func:`translated` (numbers that have labels come back as texts, which the gate reads alike)."""
    import polars as pl

    names = {v: k for k, v in schema.names.get(language, {}).items() if v in frame.columns}
    frame = frame.rename(names)
    for path, words in schema.labels.get(language, {}).items():
        if path in frame.columns:
            frame = frame.with_columns(pl.col(path).replace({v: str(k) for k, v in words.items()}).alias(path))
    return frame


def _plan_digest(plan: Plan) -> str:
    whole = hashlib.blake2b(digest_size=8)
    for deal in plan.deals:
        whole.update(repr(deal.fields).encode() + deal.cells.tobytes() + deal.counts.tobytes())
    return whole.hexdigest()


def schema_digest(schema: Schema) -> str:
    """What tells two schemas apart."""
    about = (schema.fields, schema.rules, schema.languages, schema.labels, schema.names, schema.compared)
    targets = [(t.fields, list(t.cells.items()), t.counts) for t in schema.targets]
    return hashlib.blake2b(repr((about, targets)).encode(), digest_size=8).hexdigest()


class ChunkStore:
    """The chunks of one population on disk.

    Args:
        schema: What is made.
        out: Where it goes in the end.
        about: Everything else that decides the result; JSON.

    Raises:
        InvalidInput: An ending that nobody writes.
    """

    def __init__(self, schema: Schema, out: Path, about: Mapping[str, Any]) -> None:
        if out.suffix and out.suffix.lower() not in SUFFIXES:
            raise InvalidInput(str(out), f"a file ending in {', '.join(SUFFIXES)}, or a folder", out.suffix)
        self.schema, self.out = schema, out
        self.about = {**about, "format": FORMAT, "schema": schema_digest(schema), "name": schema.name}
        digest = hashlib.blake2b(canonical_json(self.about).encode(), digest_size=6).hexdigest()
        self.folder = out.with_name(f".{out.name}.{digest}.parts")

    def open(self) -> None:
        """Make the folder, or find the one that an earlier call left."""
        with _storage(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.folder / "about.json") as scratch:
            scratch.write_text(canonical_json(self.about) + "\n", encoding="utf-8")

    def part(self, number: int) -> Path:
        """The file of a chunk."""
        return self.folder / f"part-{number:06d}.parquet"

    def has(self, number: int) -> bool:
        """Whether a chunk is finished."""
        return self.part(number).is_file()

    def write(self, number: int, chunk: Chunk, frame: pl.DataFrame) -> None:
        """Write a chunk whole or not at all; its file comes last, so that it stands for the whole chunk."""
        beside = self.part(number).with_suffix(".json")
        with replacing(beside) as scratch:
            scratch.write_text(json.dumps([asdict(one) for one in chunk.unfilled]) + "\n", encoding="utf-8")
        write_frame(self.part(number), frame)

    def read(self, number: int, schema: Schema, language: str) -> pl.DataFrame:
        """A finished chunk in the schema's own language."""
        import polars as pl

        return untranslated(pl.read_parquet(self.part(number)), schema, language)

    def check_room(self, done: int, parts: int) -> None:
        """Stop early when the disk will not hold the rest, and the joined file beside the chunks.

        Raises:
            StorageError: With what is needed and what is free.
        """
        size = self.part(done).stat().st_size
        joining = parts if self.out.suffix else 0
        needed = size * (parts - done + joining)
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise StorageError(
                f"{self.out}: the rest needs about {needed / 2**20:,.0f} MB and {free / 2**20:,.0f} MB are free; "
                "make room and repeat the call, what is written is kept"
            )

    def finish(self, count: int, plan: Plan, language: str) -> Written:
        """Join the chunks, write the schema beside the file, and clear up."""
        import polars as pl

        parts = sorted(self.folder.glob("part-*.parquet"))
        unfilled = [Unfilled(**one) for part in parts for one in _unfilled(part)]
        if len(unfilled) == count:
            reject_all(self.schema, unfilled[0])
        quotas = _translated_quotas(plan.quotas, self.schema, language)
        rows = count_quotas(pl.scan_parquet(parts), quotas)
        self._join(parts)
        write_about(self.out, self.schema, quotas, language)
        shutil.rmtree(self.folder, ignore_errors=True)
        return Written(self.out, count, count - len(unfilled), tuple(unfilled), rows, plan)

    def _join(self, parts: list[Path]) -> None:
        import polars as pl

        if not self.out.suffix:
            with _storage(self.out):
                self.out.mkdir(exist_ok=True)
                for part in parts:
                    part.replace(self.out / part.name)
                for old in set(self.out.glob("part-*.parquet")) - {self.out / part.name for part in parts}:
                    old.unlink()  # of an earlier population of more chunks
            return
        with replacing(self.out) as scratch, _storage(self.out):
            if self.out.suffix.lower() == ".jsonl":
                with scratch.open("w", encoding="utf-8") as file:
                    for part in parts:
                        file.writelines(line + "\n" for line in persona_lines(pl.read_parquet(part), str(part)))
            elif self.out.suffix.lower() == ".csv":
                pl.scan_parquet(parts).sink_csv(scratch)
            else:
                pl.scan_parquet(parts).sink_parquet(scratch, row_group_size=CHUNK)


@contextmanager
def _storage(path: Path) -> Iterator[None]:
    """A refusal of the disk inside becomes one StorageError, also where Polars hits it."""
    import polars as pl

    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise StorageError(f"{path}: cannot be written ({reason}); what is written is kept") from error


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write one chunk whole or not at all; raises StorageError."""
    with replacing(path) as scratch, _storage(path):
        frame.write_parquet(scratch)


def _unfilled(part: Path) -> list[dict[str, Any]]:
    beside = part.with_suffix(".json")
    found: list[dict[str, Any]] = parse_json(beside.read_text(encoding="utf-8"), str(beside))
    return found


def _translated_quotas(quotas: tuple[Quota, ...], schema: Schema, language: str) -> tuple[Quota, ...]:
    labels, names = schema.labels.get(language, {}), schema.names.get(language, {})
    return tuple(
        Quota({names.get(k, k): labels.get(k, {}).get(v, v) for k, v in quota.cell.items()}, quota.target)
        for quota in quotas
    )


def count_quotas(frame: pl.LazyFrame, quotas: tuple[Quota, ...]) -> tuple[QuotaRow, ...]:
    """Target and exact count of every quota, without reading other columns."""
    import polars as pl

    counts: dict[tuple[str, ...], dict[tuple[Any, ...], int]] = {}
    for columns in dict.fromkeys(tuple(quota.cell) for quota in quotas):
        grouped = frame.group_by(columns).agg(pl.len()).collect().rows()
        counts[columns] = {tuple(row[:-1]): row[-1] for row in grouped}
    return tuple(
        QuotaRow(quota.cell, quota.target, counts[tuple(quota.cell)].get(tuple(quota.cell.values()), 0))
        for quota in quotas
    )


def write_about(out: Path, schema: Schema, quotas: tuple[Quota, ...], language: str) -> None:
    """Write ``<file>.schema.json``, which :meth:`Population.load` reads."""
    labels, names = schema.labels.get(language, {}), schema.names.get(language, {})
    columns = {
        names.get(path, path): [labels.get(path, {}).get(value, value) for value in values]
        for path, values in allowed_values(schema).items()
    }
    about = {"schema": columns, "quotas": [{"cell": dict(q.cell), "target": q.target} for q in quotas]}
    with replacing(out.with_name(out.name + ".schema.json")) as scratch:
        scratch.write_text(canonical_json(about) + "\n", encoding="utf-8")
