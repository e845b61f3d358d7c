"""Targets become whole numbers: one table for fields that hang together, fitted, rounded, and refused when contradictory.

1. Targets that share a field, or that a rule ties together, form a group; the group's table has a cell for every combination.
2. Its shares are found by iterative proportional fitting (Deming and Stephan 1940) from the conditional tables (or equal
   shares); combinations that a rule forbids stay empty.
3. Whole numbers: a single joint target by largest remainder; several by controlled rounding (:mod:`.rounding`), one-way margins
   exact, two-way within one where that exists.
4. Groups are independent of each other. They are joined, smallest first, with two-way margins between them within one of
   independence as long as the joined table is small; larger ones are dealt independently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.population import Quota
from personarium.make.population.columns import to_polars
from personarium.make.population.expressions import parse_expression
from personarium.make.population.rounding import (
    MAX_SOLVED,
    Counts,
    Margin,
    Shares,
    controlled_rounding,
    exactly,
    largest_remainder,
    rounded_in_order,
    within_one,
)

if TYPE_CHECKING:
    import polars as pl

    from personarium.make.population.schema import Rule, Schema, Target, Value

MAX_CELLS = 1_000_000  # of one group's table
_ROUNDS = 2000
_FITTED = 1e-9
_NEARLY = 1e-5  # a table this near to its targets is taken although fitting has not come to rest


@dataclass(frozen=True)
class Group:
    """Fields whose targets hang together, as a table of shares.

    Args:
        fields: Its fields.
        cells: One row a combination, as indices into the fields' listed values.
        shares: Of each combination; they sum to 1.
        targets: The targets that were fitted.
    """

    fields: tuple[str, ...]
    cells: NDArray[np.int64]
    shares: Shares
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Deal:
    """Whole numbers for the combinations of some fields; every member is dealt one of them.

    Args:
        fields: The fields.
        cells: One row a combination, as indices into the fields' listed values.
        counts: Members of each combination.
    """

    fields: tuple[str, ...]
    cells: NDArray[np.int64]
    counts: Counts


@dataclass(frozen=True)
class Deviation:
    """How far a whole table is from the fitted one.

    Args:
        fields: One or two fields.
        largest: The largest difference of a sum of cells from its expected number of members.
    """

    fields: tuple[str, ...]
    largest: float


@dataclass(frozen=True)
class Plan:
    """The exact schedule: how many members of which kind.

    Args:
        count: Members in all.
        deals: Each dealt over the members independently of the others.
        quotas: Every target as whole numbers, for the population's quota report.
        deviations: The largest deviation of each margin of one and of two fields from the fitted table.
    """

    count: int
    deals: tuple[Deal, ...]
    quotas: tuple[Quota, ...]
    deviations: tuple[Deviation, ...]

    @property
    def largest_deviation(self) -> float:
        """Of a two-way margin, in members; 0 where there is none."""
        return max((d.largest for d in self.deviations if len(d.fields) == 2), default=0.0)


def check_targets(schema: Schema) -> None:
    """Fit the tables; raises InvalidInput with the conflicting targets when there is none that fits."""
    _ = schema.groups


# ------------------------------------------------------------------------------------------------- fitting the shares


def fit_groups(schema: Schema) -> tuple[Group, ...]:
    """The groups of a schema's targets, each with its fitted table.

    Raises:
        InvalidInput: A table of more than ``MAX_CELLS``, or targets that contradict each other: the message lists a set of
            which every member is needed for the contradiction.
    """
    return tuple(_fit(schema, fields) for fields in _tied(schema))


def target_rules(schema: Schema) -> tuple[Rule, ...]:
    """The rules that nobody can repair because all they depend on has a target: they forbid combinations."""
    from personarium.make.population.checking import ancestors, changeable

    return tuple(
        rule
        for rule in schema.rules
        if not any(changeable(schema.by_path[path], schema) for path in ancestors(schema, rule.needs))
    )


def _fixed_needs(schema: Schema, paths: Sequence[str]) -> tuple[str, ...]:
    """The fields with targets that these depend on, in the schema's order."""
    from personarium.make.population.checking import ancestors

    found = ancestors(schema, paths)
    return tuple(field.path for field in schema.fields if field.path in found and field.path in schema.fixed)


def _tied(schema: Schema) -> list[tuple[str, ...]]:
    """The sets of fields that must share a table, in the schema's order."""
    ties = [set(target.fields) for target in schema.targets]
    ties += [set(_fixed_needs(schema, rule.needs)) for rule in target_rules(schema)]
    ties += [set(_fixed_needs(schema, [path])) for path in schema.fixed]
    sets: list[set[str]] = []
    for tie in ties:
        sets = [*(one for one in sets if not one & tie), reduce(set.union, [one for one in sets if one & tie], tie)]
    order = {field.path: k for k, field in enumerate(schema.fields)}
    return sorted((tuple(sorted(one, key=order.__getitem__)) for one in sets), key=lambda one: order[one[0]])


def _fit(schema: Schema, fields: tuple[str, ...]) -> Group:
    shape = tuple(len(schema[path].listed) for path in fields)
    if prod(shape) > MAX_CELLS:
        text = f"targets that tie together at most {MAX_CELLS:,} combinations of values"
        raise InvalidInput(schema.where, text, f"{prod(shape):,} of {' x '.join(fields)}", "targets")
    targets = tuple(target for target in schema.targets if set(target.fields) <= set(fields))
    pieces = Pieces(schema, fields, shape, targets)
    table = pieces.start()
    if not table.any() or pieces.fit(table) > _FITTED:
        from personarium.make.population.conflicts import can_be_filled, refuse_conflict

        refuse_conflict(pieces)
        table = pieces.start() * can_be_filled(pieces)
        pieces.fit(table)
        if not table.any() or pieces.gap(table) > _NEARLY:
            raise InvalidInput(schema.where, "targets that can be fitted", " x ".join(fields), "targets")
    cells = np.argwhere(table > 0)
    shares = table[table > 0]
    return Group(fields, cells, shares / shares.sum(), targets)


class Pieces:
    """A group's table and everything that bears on it."""

    def __init__(
        self, schema: Schema, fields: tuple[str, ...], shape: tuple[int, ...], targets: tuple[Target, ...]
    ) -> None:
        self.schema, self.fields, self.shape, self.targets = schema, fields, shape, targets
        self.wanted = [self._array(target) for target in targets]
        own = set(fields)
        self.rules = [r for r in target_rules(schema) if set(_fixed_needs(schema, r.needs)) <= own]
        self.tables = [path for path in fields if schema[path].writer == "table"]

    def _array(self, target: Target) -> Shares:
        """The target as an array over its fields in the group's order, as shares."""
        fields = [path for path in self.fields if path in target.fields]
        wanted = np.zeros([len(self.schema[path].listed) for path in fields])
        total = sum(target.cells.values())
        places = [{v: k for k, v in enumerate(self.schema[path].listed)} for path in fields]
        for cell, size in target.cells.items():
            values = dict(zip(target.fields, cell, strict=True))
            wanted[tuple(place[values[path]] for path, place in zip(fields, places))] += size / total
        return wanted

    def axes(self, target: Target) -> tuple[int, ...]:
        """The table's other axes: those to sum over for the target's margin."""
        return tuple(k for k, path in enumerate(self.fields) if path not in target.fields)

    def allowed(self, rule: Rule) -> NDArray[np.bool_]:
        """The combinations that a rule allows."""
        frame = computed(self.schema, self.frame(), rule.needs)
        return np.reshape(holds(rule, frame), self.shape)

    def frame(self) -> pl.DataFrame:
        """Every combination as a row, in the table's order."""
        import polars as pl

        grid = np.indices(self.shape).reshape(len(self.shape), -1)
        values = (pl.Series(path, list(self.schema[path].listed)) for path in self.fields)
        return pl.DataFrame([one.gather(index) for one, index in zip(values, grid)])

    def conditional(self, path: str) -> Shares:
        """P(field | the others) of a conditional table, for every combination."""
        from personarium.make.population.drawing import case_numbers, listed_shares

        field = self.schema[path]
        cases = case_numbers(field, computed(self.schema, self.frame(), field.needs), self.schema.where)
        index = np.indices(self.shape)[self.fields.index(path)].reshape(-1)
        return np.reshape(listed_shares(field)[cases, index], self.shape)

    def start(self) -> Shares:
        """The table before fitting: the conditional tables' shares, 0 where a rule forbids."""
        table = np.ones(self.shape)
        for path in self.tables:
            table *= self.conditional(path)
        for rule in self.rules:
            table *= self.allowed(rule)
        return table

    def fit(self, table: Shares) -> float:
        """Fit the table in place; returns the largest gap to a target that is left."""
        gap = np.inf
        for _ in range(_ROUNDS):
            for target, wanted in zip(self.targets, self.wanted):
                axes = self.axes(target)
                sums = np.expand_dims(table.sum(axis=axes), axes)
                table *= np.divide(np.expand_dims(wanted, axes), sums, out=np.zeros_like(sums), where=sums > 0)
            before, gap = gap, self.gap(table)
            if gap <= _FITTED or (gap > 0.999999 * before and gap > _NEARLY):
                break
        return gap

    def gap(self, table: Shares) -> float:
        """The largest difference between a target and the table's margin."""
        gaps = (np.abs(table.sum(axis=self.axes(t)) - w).max() for t, w in zip(self.targets, self.wanted))
        return float(max(gaps, default=0.0))


def computed(schema: Schema, frame: pl.DataFrame, paths: Sequence[str]) -> pl.DataFrame:
    """The frame with the computed fields that these need."""
    from personarium.make.population.checking import ancestors

    wanted = ancestors(schema, paths)
    for field in schema.order:
        if field.path in wanted and field.compute is not None:
            frame = frame.with_columns(to_polars(parse_expression(field.compute)).alias(field.path))
    return frame


def holds(rule: Rule, frame: pl.DataFrame) -> NDArray[np.bool_]:
    """For every row whether the rule holds; a missing value is a no."""
    if rule.check is not None:
        rows = frame.select(rule.fields).iter_rows(named=True)
        return np.fromiter((bool(rule.check(row)) for row in rows), dtype=np.bool_, count=frame.height)
    held = frame.select(held=to_polars(parse_expression(rule.must)).fill_null(False))["held"]
    return np.broadcast_to(held.to_numpy(), frame.height).copy()


# ------------------------------------------------------------------------------------------------- the whole numbers


def plan_slots(schema: Schema, count: int) -> Plan:
    """How many members of which kind a population of ``count`` has.

    Args:
        schema: The schema.
        count: Members, from 1.

    Raises:
        InvalidInput: Targets that are counts and sum to another number.
    """
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise InvalidInput("population", "a whole number of members from 1", count)
    for target in schema.targets:
        if target.counts and sum(target.cells.values()) != count:
            found = f"{sum(target.cells.values()):,.0f} for {count:,} members"
            raise InvalidInput(schema.where, f"counts that sum to {count:,}", found, f"targets: {target.title}")
    parts = [_whole(group, schema, count) for group in schema.groups]
    deals = _joined(parts, schema, count)
    quotas = tuple(quota for target in schema.targets for quota in _quotas(schema, target, deals))
    return Plan(count, deals, quotas, _deviations(schema, deals, count))


def _whole(group: Group, schema: Schema, count: int) -> Deal:
    """A group's table as whole numbers."""
    expected = group.shares * count
    single = len(group.targets) == 1 and set(group.targets[0].fields) == set(group.fields)
    margins = _margins(group, schema, expected, count)
    if single:
        return Deal(group.fields, group.cells, _largest_remainder(group, margins, count))
    counts = controlled_rounding(expected, margins) if len(expected) <= MAX_SOLVED else None
    if counts is None:
        counts = rounded_in_order(expected, count)
    return Deal(group.fields, group.cells, counts)


def _largest_remainder(group: Group, margins: Sequence[Margin], count: int) -> Counts:
    """Largest remainder; among cells of equal remainder those that also keep the margins of single fields."""
    expected = group.shares * count
    plain = largest_remainder(group.shares, count)
    if len(group.fields) == 1 or len(expected) > MAX_SOLVED or np.allclose(expected, plain):
        return plain
    balanced = controlled_rounding(expected, margins)
    if balanced is None or not np.allclose(np.sort(balanced - expected), np.sort(plain - expected), atol=1e-6):
        return plain
    return balanced


def _margins(group: Group, schema: Schema, expected: Shares, count: int) -> list[Margin]:
    margins = []
    for k, path in enumerate(group.fields):
        size = len(schema[path].listed)
        sums = _sums_of(group.cells[:, k], group.shares, size)
        margins.append(exactly(group.cells[:, k], largest_remainder(sums, count)))
    for one, other in combinations(range(len(group.fields)), 2):
        fields = (group.fields[one], group.fields[other])
        of_cell = group.cells[:, one] * len(schema[fields[1]].listed) + group.cells[:, other]
        margins.append(within_one(of_cell, expected_sums(schema, fields, count)))
    for target in group.targets:
        if len(target.fields) > 1:
            margins.append(_of_target(group, schema, target, expected))
    return margins


def _of_target(group: Group, schema: Schema, target: Target, expected: Shares) -> Margin:
    columns = [group.fields.index(path) for path in target.fields]
    shape = [len(schema[path].listed) for path in target.fields]
    of_cell = np.ravel_multi_index(tuple(group.cells[:, k] for k in columns), shape)
    sums = _sums_of(of_cell, expected, prod(shape))
    return exactly(of_cell, np.round(sums).astype(np.int64)) if target.counts else within_one(of_cell, sums)


def _sums_of(of_cell: NDArray[np.int64], sizes: Shares, length: int) -> Shares:
    return np.bincount(of_cell, sizes, length).astype(np.float64)


def _joined(parts: list[Deal], schema: Schema, count: int) -> tuple[Deal, ...]:
    """Independent groups in one table as long as it is small, so that no pair of them is unbalanced by chance."""
    done: list[Deal] = []
    for part in sorted(parts, key=lambda deal: len(deal.counts)):
        if done and len(done[-1].counts) * len(part.counts) <= MAX_SOLVED:
            joined = _join(done[-1], part, schema, count)
            if joined is not None:
                done[-1] = joined
                continue
        done.append(part)
    return tuple(done)


def _join(a: Deal, b: Deal, schema: Schema, count: int) -> Deal | None:
    cells = np.array([(*x, *y) for x, y in product(a.cells.tolist(), b.cells.tolist())])
    expected = np.outer(a.counts, b.counts).ravel() / count
    rows, columns = np.divmod(np.arange(len(expected)), len(b.counts))
    margins = [exactly(rows, a.counts), exactly(columns, b.counts)]
    for i, j in product(range(len(a.fields)), range(len(b.fields))):
        fields = (a.fields[i], b.fields[j])
        of_cell = cells[:, i] * len(schema[fields[1]].listed) + cells[:, len(a.fields) + j]
        margins.append(within_one(of_cell, expected_sums(schema, fields, count)))
    counts = controlled_rounding(expected, margins)
    if counts is None:
        return None
    return Deal((*a.fields, *b.fields), cells[counts > 0], counts[counts > 0])


def _sums(deals: Sequence[Deal], schema: Schema, fields: Sequence[str]) -> Counts | None:
    """Members by the fields' values (a flat table), or None where two deals share them out by chance."""
    for deal in deals:
        if set(fields) <= set(deal.fields):
            shape = [len(schema[path].listed) for path in fields]
            index = tuple(deal.cells[:, deal.fields.index(path)] for path in fields)
            flat = np.ravel_multi_index(index, shape)
            return np.round(np.bincount(flat, deal.counts.astype(np.float64), prod(shape))).astype(np.int64)
    return None


def _quotas(schema: Schema, target: Target, deals: Sequence[Deal]) -> list[Quota]:
    """The target's cells with their whole numbers."""
    sums = _sums(deals, schema, target.fields)
    if sums is None:
        raise InvalidInput(schema.where, "a plan that holds the target", target.title)
    table = sums.reshape([len(schema[path].listed) for path in target.fields])
    places = [{v: k for k, v in enumerate(schema[path].listed)} for path in target.fields]

    def quota(cell: tuple[Value, ...]) -> Quota:
        index = tuple(place[value] for place, value in zip(places, cell))
        return Quota(dict(zip(target.fields, cell, strict=True)), int(table[index]))

    return [quota(cell) for cell in target.cells]


def _deviations(schema: Schema, deals: Sequence[Deal], count: int) -> tuple[Deviation, ...]:
    fields = [path for deal in deals for path in deal.fields]
    out = []
    for some in [*((path,) for path in fields), *combinations(fields, 2)]:
        sums = _sums(deals, schema, some)
        if sums is not None:
            out.append(Deviation(some, float(np.abs(sums - expected_sums(schema, some, count)).max())))
    return tuple(out)


def expected_sums(schema: Schema, fields: Sequence[str], count: int) -> Shares:
    """Members by the fields' values that the fitted shares expect (a flat table); groups are independent."""
    shape = [len(schema[path].listed) for path in fields]
    table: Any = np.ones([1] * len(fields))
    for group in schema.groups:
        own = [k for k, path in enumerate(fields) if path in group.fields]
        if not own:
            continue
        index = tuple(group.cells[:, group.fields.index(fields[k])] for k in own)
        part = np.bincount(
            np.ravel_multi_index(index, [shape[k] for k in own]), group.shares, prod(shape[k] for k in own)
        )
        part = part.reshape([shape[k] for k in own])
        table = table * np.expand_dims(part, tuple(k for k in range(len(fields)) if k not in own))
    return np.asarray(table, dtype=np.float64).ravel() * count
