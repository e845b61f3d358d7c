"""A population in memory as it is made: chunk by chunk, with the count of every quota after each, and stopped when somebody asks."""

from __future__ import annotations

import threading

from personarium.core.population import Population, QuotaRow
from personarium.make.population.generator import Chunk, Generator, allowed_values, need_no_model, refuse_empty
from personarium.make.population.lexical_gate import LexicalGate
from personarium.make.population.repair import Unfilled
from personarium.make.population.schema import Schema
from personarium.make.population.writing import count_quotas

STEPS, LEAST = 60, 200  # looks at the quotas in all, and members between two of them at least


class Making:
    """One population that is being made; ``run`` in one thread, everything else in any other.

    Args:
        schema: Without fields that a model writes.
        count: How many members.
        seed: Same seed, same population: the members are those of :func:`sample_population`.
        distinct: Whether near duplicates are drawn again.

    Attributes:
        done: Slots that were dealt with so far.
        quotas: Every target beside what is there so far.
        unfilled: Slots that stayed empty so far.

    Raises:
        InvalidInput: A wrong count.
        UsageError: A model writes some fields.
    """

    def __init__(self, schema: Schema, count: int, seed: int = 0, *, distinct: bool = False) -> None:
        need_no_model(schema)
        gate = LexicalGate(schema.compared) if distinct else None
        self.schema, self.count = schema, count
        self._generator = Generator(schema, count, seed, gate)
        self._stop = threading.Event()
        self.done = 0
        self.quotas = tuple(QuotaRow(quota.cell, quota.target, 0) for quota in self._generator.plan.quotas)
        self.unfilled: tuple[Unfilled, ...] = ()

    def stop(self) -> None:
        """Stop after the chunk that is being made; nothing of it is kept."""
        self._stop.set()

    def run(self) -> Population | None:
        """Make all members.

        Returns:
            The population, or None when it was stopped.

        Raises:
            InvalidInput: Naming the rule that no member can meet.
        """
        import polars as pl

        chunks = []
        for chunk in self._generator.chunks(max(LEAST, -(-self.count // STEPS))):
            if self._stop.is_set():
                return None
            chunks.append(chunk)
            self._count(chunk)
        refuse_empty(self.schema, chunks)
        frame = pl.concat([chunk.frame for chunk in chunks])
        return Population(frame, allowed_values(self.schema), self._generator.plan.quotas, self.schema.name)

    def _count(self, chunk: Chunk) -> None:
        new = count_quotas(chunk.frame.lazy(), self._generator.plan.quotas)
        self.quotas = tuple(
            QuotaRow(row.cell, row.target, row.actual + one.actual) for row, one in zip(self.quotas, new, strict=True)
        )
        self.unfilled += chunk.unfilled
        self.done = min(self.count, self.done + chunk.frame.height + len(chunk.unfilled))
