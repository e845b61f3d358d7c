"""Rules that are broken are repaired by drawing again, so that what is free stays distributed as the schema given the rules.

Each rule may change the fields of its owner that it depends on; with them everything that is drawn or computed from them is
drawn anew. Rules that share such fields, or that can break one another, form a block. A block is drawn again and again for the
members that break one of its rules until none is broken: rejection sampling, so the accepted fields are exactly distributed as
the schema given the rules and given everything the block does not change. Blocks follow each other so that no later one can break
an earlier one. No member is ever copied, and which draw of a member is accepted depends on that member alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from personarium.make.population.chance import Places
from personarium.make.population.checking import ancestors, changeable, waiting_for_model
from personarium.make.population.drawing import SLOT, Drawer
from personarium.make.population.schema import ANYBODY, Field, Rule, Schema
from personarium.make.population.targets import holds

if TYPE_CHECKING:
    import polars as pl

TRIES = 1000  # draws of a member before it is given up
_MOST_AT_ONCE = 64  # draws of one member in one round
_BY_ATTEMPT = 32  # bits: tries count in the lower half of a draw's number, attempts of the gate in the upper


@dataclass(frozen=True)
class Block:
    """Rules that are repaired together.

    Args:
        rules: All of them must hold.
        fields: What is drawn again, in order; empty where nothing may change.
    """

    rules: tuple[Rule, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Unfilled:
    """A slot that stayed empty.

    Args:
        slot: Its number, from 1.
        reason: The rule that rejected it most often, or ``near duplicate``.
        tries: How many draws were made.
    """

    slot: int
    reason: str
    tries: int


def blocks_of(schema: Schema) -> tuple[Block, ...]:
    """The rules without those that a model's fields are needed for, in blocks, in the order of repair."""
    waiting = waiting_for_model(schema)
    rules = [rule for rule in schema.rules if not waiting & set(rule.needs)]
    redrawn = [_redrawn(schema, rule) for rule in rules]
    reads = [_reads(schema, rule, again) for rule, again in zip(rules, redrawn)]
    reach = np.array([[bool(a & b) or i == j for j, b in enumerate(reads)] for i, a in enumerate(redrawn)], dtype=bool)
    reach = reach.reshape(len(rules), len(rules))
    for k in range(len(rules)):
        reach |= np.outer(reach[:, k], reach[k])
    together = reach & reach.T
    firsts = [k for k in range(len(rules)) if not together[k, :k].any()]
    out = []
    for first in sorted(firsts, key=lambda k: (int(reach[:, k].sum()), k)):
        members = np.flatnonzero(together[first])
        paths = set().union(*(redrawn[k] for k in members))
        out.append(Block(tuple(rules[k] for k in members), tuple(f for f in schema.order if f.path in paths)))
    return tuple(out)


def _redrawn(schema: Schema, rule: Rule) -> frozenset[str]:
    """The fields that the rule's owner may change, and everything that is drawn or computed from them."""
    upstream = (schema.by_path[path] for path in ancestors(schema, rule.needs))
    own = {f.path for f in upstream if changeable(f, schema) and not f.model and rule.owner in (ANYBODY, f.owner)}
    waiting = waiting_for_model(schema)
    return frozenset(f.path for f in schema.order if f.path not in waiting and ancestors(schema, [f.path]) & own)


def _reads(schema: Schema, rule: Rule, redrawn: Iterable[str]) -> frozenset[str]:
    """What the rule's block depends on: the fields of the rule, those it draws again, and what these are drawn from."""
    needs = {need for path in redrawn for need in schema.by_path[path].needs}
    return frozenset(rule.needs) | frozenset(redrawn) | needs


class Repairer:
    """Repairs members chunk by chunk.

    Args:
        schema: The schema.
        drawer: Who draws.
        tries: Draws of a member before it is given up.
    """

    def __init__(self, schema: Schema, drawer: Drawer, tries: int = TRIES) -> None:
        self.schema, self.drawer, self.tries = schema, drawer, tries
        self.blocks = blocks_of(schema)

    def repair(self, frame: pl.DataFrame, rows: Places, attempt: int = 0) -> tuple[pl.DataFrame, dict[int, str]]:
        """Draw again where rules are broken.

        Args:
            frame: Members as first drawn.
            rows: Their numbers.
            attempt: Which whole draw of these members it is (the gate may ask for others).

        Returns:
            The frame, and for each place in it that could not be repaired the rule that was broken most often.
        """
        lost: dict[int, str] = {}
        for block in self.blocks:
            frame, more = self._repair_block(block, frame, rows, attempt)
            lost = {**more, **lost}
        return frame, lost

    def _repair_block(
        self, block: Block, frame: pl.DataFrame, rows: Places, attempt: int
    ) -> tuple[pl.DataFrame, dict[int, str]]:
        broken = broken_rules(block.rules, frame)
        due = np.flatnonzero(broken.any(axis=1))
        blame = broken[due].astype(np.int64)
        places, patches = [], []
        done = 1  # the first draw counts
        while due.size and block.fields and done < self.tries:
            several = int(np.clip(frame.height // due.size, 1, min(_MOST_AT_ONCE, self.tries - done)))
            again = self._again(block, frame, rows, due, (attempt << _BY_ATTEMPT) + done, several)
            wrong = broken_rules(block.rules, again).reshape(due.size, several, len(block.rules))
            good: NDArray[np.bool_] = np.logical_not(np.any(wrong, axis=2))
            found = np.any(good, axis=1)
            chosen = np.flatnonzero(found) * several + np.argmax(good[found], axis=1)
            places.append(due[found])
            patches.append(again.select([f.path for f in block.fields])[chosen])
            blame = blame[~found] + wrong[~found].sum(axis=1)
            due = due[~found]
            done += several
        names = [block.rules[int(k)].name for k in np.argmax(blame, axis=1)] if due.size else []
        return _patched(frame, places, patches), dict(zip(due.tolist(), names))

    def _again(
        self, block: Block, frame: pl.DataFrame, rows: Places, due: NDArray[np.int64], first: int, several: int
    ) -> pl.DataFrame:
        """Several new draws of the members that are due, one after the other."""
        index = np.repeat(due, several)
        attempts = np.tile(np.arange(first, first + several, dtype=np.uint64), due.size)
        needed = (
            {SLOT} | {path for rule in block.rules for path in rule.needs} | {n for f in block.fields for n in f.needs}
        )
        kept = [path for path in frame.columns if path in needed]
        return self.drawer.draw(block.fields, frame.select(kept)[index], rows[index], attempts)


def broken_rules(rules: Sequence[Rule], frame: pl.DataFrame) -> NDArray[np.bool_]:
    """Which rule is broken by which member: one row a member, one column a rule."""
    return ~np.column_stack([holds(rule, frame) for rule in rules])


def _patched(frame: pl.DataFrame, places: list[NDArray[np.int64]], patches: list[pl.DataFrame]) -> pl.DataFrame:
    """The frame with new values at the places."""
    import polars as pl

    if not patches:
        return frame
    patch = pl.concat(patches)
    index = np.arange(frame.height)
    index[np.concatenate(places)] = frame.height + np.arange(patch.height)
    return frame.with_columns(pl.concat([frame.select(patch.columns), patch])[index])
