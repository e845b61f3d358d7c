"""Members of a population, chunk by chunk: slots, draws, repair, gate. No model, no file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from personarium.core.errors import UsageError
from personarium.core.population import Population
from personarium.make.population.drawing import SLOT, Drawer, Slots
from personarium.make.population.lexical_gate import LexicalGate
from personarium.make.population.repair import TRIES, Repairer, Unfilled
from personarium.make.population.schema import Schema, Value, margins_schema
from personarium.make.population.targets import Plan, plan_slots

if TYPE_CHECKING:
    import polars as pl

CHUNK = 100_000  # members drawn together: columns are long enough to be fast and short enough to be small
GATE_TRIES = 10  # whole draws of a member that is too near to another
NEAR_DUPLICATE = "near duplicate"


@dataclass(frozen=True)
class Chunk:
    """Some members.

    Args:
        frame: The members that could be made: ``id`` and the fields in the schema's order.
        unfilled: The slots that stayed empty.
        slots: The slot numbers of the frame's rows, from 1.
    """

    frame: pl.DataFrame
    unfilled: tuple[Unfilled, ...]
    slots: tuple[int, ...] | range


class Generator:
    """Makes the members of one population; the same arguments make the same members, whatever was made before.

    Args:
        schema: What to make.
        count: How many.
        seed: Same seed, same population.
        gate: The near-duplicate gate; with it chunks must be made in order, because each is compared with those before.
        tries: Draws of a member whose rules are broken, before its slot is given up.
        gate_tries: Whole draws of a member that is too near to another.
    """

    def __init__(
        self,
        schema: Schema,
        count: int,
        seed: int = 0,
        gate: LexicalGate | None = None,
        tries: int = TRIES,
        gate_tries: int = GATE_TRIES,
    ) -> None:
        self.schema, self.count, self.seed, self.gate, self.gate_tries = schema, count, seed, gate, gate_tries
        self.plan: Plan = plan_slots(schema, count)
        self._slots = Slots(schema, self.plan, seed)
        self._drawer = Drawer(schema, seed)
        self._repairer = Repairer(schema, self._drawer, tries)
        self._free = tuple(field for field in schema.order if field.path not in schema.fixed)
        self._columns = [field.path for field in schema.fields if field in schema.order]

    def chunks(self, size: int = CHUNK, skip: int = 0) -> Iterator[Chunk]:
        """All members from chunk number ``skip`` (from 0) on, ``size`` at a time."""
        for start in range(skip * size, self.count, size):
            yield self.chunk(start, min(start + size, self.count))

    def chunk(self, start: int, stop: int) -> Chunk:
        """Members start to stop - 1, from 0."""
        rows = np.arange(start, stop, dtype=np.uint64)
        frame, lost = self._draw(self._slots.columns(start, stop), rows, 0)
        reasons = {place: (rule, self._repairer.tries) for place, rule in lost.items()}
        if self.gate is not None:
            frame, near = self._through_gate(frame, rows, set(reasons))
            reasons.update(dict.fromkeys(near, (NEAR_DUPLICATE, self.gate_tries)))
        unfilled = tuple(Unfilled(start + place + 1, *reasons[place]) for place in sorted(reasons))
        kept: np.ndarray | slice = slice(None)
        slots: tuple[int, ...] | range = range(start + 1, stop + 1)
        if reasons:
            kept = np.setdiff1d(np.arange(len(rows)), list(reasons))
            slots = tuple((start + 1 + kept).tolist())
        return Chunk(self._named(frame[kept], slots), unfilled, slots)

    def _draw(self, frame: pl.DataFrame, rows: np.ndarray, attempt: int) -> tuple[pl.DataFrame, dict[int, str]]:
        """The free fields of these members drawn and repaired."""
        first = np.uint64(attempt << 32)
        drawn = self._drawer.draw(self._free, frame, rows, np.full(len(rows), first) if attempt else 0)
        return self._repairer.repair(drawn, rows, attempt)

    def _through_gate(self, frame: pl.DataFrame, rows: np.ndarray, lost: set[int]) -> tuple[pl.DataFrame, list[int]]:
        """Offer the members to the gate; those that are too near are drawn again, a bounded number of times."""
        import polars as pl

        assert self.gate is not None
        due = np.setdiff1d(np.arange(len(rows)), list(lost))
        near = due[~self.gate.offer(frame[due])]
        for attempt in range(1, self.gate_tries):
            if not near.size or not self._free:
                break
            fixed = frame[near].select([path for path in frame.columns if path in self.schema.fixed or path == SLOT])
            again, failed = self._draw(fixed, rows[near], attempt)
            valid = np.setdiff1d(np.arange(len(near)), list(failed))
            accepted = valid[self.gate.offer(again[valid])]
            index = np.arange(frame.height)
            index[near[accepted]] = frame.height + accepted
            frame = pl.concat([frame, again.select(frame.columns)])[index]
            near = np.delete(near, accepted)
        return frame, near.tolist()

    def _named(self, frame: pl.DataFrame, slots: tuple[int, ...] | range) -> pl.DataFrame:
        import polars as pl

        numbers = pl.Series("id", slots, dtype=pl.Int64)
        width = len(str(self.count))
        ids = pl.select(id=pl.format("person-{}", numbers.cast(pl.String).str.zfill(width)))["id"]
        return frame.with_columns(ids).select("id", *self._columns)


def sample_population(
    schema: Schema | Mapping[str, Mapping[Value, float]], places: int, seed: int = 0, *, distinct: bool = False
) -> Population:
    """A population in memory, its targets kept exactly.

    Args:
        schema: A schema without model writers, or plain margins (field -> value -> weight), each kept exactly.
        places: How many personas.
        seed: Same seed, same population.
        distinct: Whether near duplicates are drawn again (see :class:`LexicalGate`).

    Returns:
        The population with its quotas, so that ``quota_report()`` proves them. Slots that no draw could fill are missing.

    Raises:
        InvalidInput: A wrong schema, no field or no place; or rules that leave not one member.
        UsageError: The schema has fields that a model writes.
    """
    import polars as pl

    if not isinstance(schema, Schema):
        schema = margins_schema(schema)
    need_no_model(schema)
    gate = LexicalGate(schema.compared) if distinct else None
    generator = Generator(schema, places, seed, gate)
    chunks = list(generator.chunks())
    refuse_empty(schema, chunks)
    frame = pl.concat([chunk.frame for chunk in chunks])
    return Population(frame, allowed_values(schema), generator.plan.quotas, schema.name)


def need_no_model(schema: Schema) -> None:
    """Raise UsageError where a schema has fields that a model writes."""
    if schema.by_model:
        names = ", ".join(field.path for field in schema.by_model)
        raise UsageError(f"{schema.where}: a model writes {names}; name one with --model, or use write_population")


def refuse_empty(schema: Schema, chunks: list[Chunk]) -> None:
    """Raise InvalidInput, naming the rule, where not one slot could be filled."""
    if any(chunk.frame.height for chunk in chunks):
        return
    reject_all(schema, chunks[0].unfilled[0])


def reject_all(schema: Schema, example: Unfilled) -> None:
    """Raise the error for a rule that rejects everything."""
    from personarium.core.errors import InvalidInput

    raise InvalidInput(
        schema.where,
        f"rules that some member can meet; not one of {example.tries:,} draws of a member met this one",
        example.reason,
        f"rules: {example.reason}",
    )


def allowed_values(schema: Schema) -> dict[str, list[Value]]:
    """Column -> its listed values, for fields of few values."""
    return {f.path: list(f.listed) for f in schema.order if 0 < len(f.listed) <= 1000}
