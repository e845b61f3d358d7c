"""Drawing columns: every field for many rows at once, each number a function of seed, field and row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.make.population.chance import Places, shuffled, uniforms
from personarium.make.population.columns import to_polars
from personarium.make.population.expressions import parse_expression
from personarium.make.population.schema import Distribution, Field, Integers, Normal, Reals, Schema, Value, Values
from personarium.make.population.targets import Plan

if TYPE_CHECKING:
    import polars as pl

Uniforms = NDArray[np.float64]
SLOT = "_slot"  # a column that every frame has while it is drawn: a frame without columns would have no height


class Slots:
    """Which combination of the fields with targets every member has.

    Args:
        schema: The schema.
        plan: The whole numbers.
        seed: Decides who gets which combination, never how many do.
    """

    def __init__(self, schema: Schema, plan: Plan, seed: int) -> None:
        self.schema, self.plan = schema, plan
        self._of_row: list[NDArray[np.int32]] = []
        for deal in plan.deals:
            of_row = np.empty(plan.count, dtype=np.int32)
            order = shuffled(seed, f"slots|{'|'.join(deal.fields)}", plan.count)
            of_row[order] = np.repeat(np.arange(len(deal.counts), dtype=np.int32), deal.counts)
            self._of_row.append(of_row)

    def columns(self, start: int, stop: int) -> pl.DataFrame:
        """The fields with targets of members start to stop - 1 (from 0), beside their numbers."""
        import polars as pl

        columns = [pl.Series(SLOT, np.arange(start, stop))]
        for deal, of_row in zip(self.plan.deals, self._of_row):
            cells = deal.cells[of_row[start:stop]]
            for k, path in enumerate(deal.fields):
                columns.append(_listed(self.schema[path]).gather(cells[:, k]))
        return pl.DataFrame(columns)


class Drawer:
    """Draws the fields that have no target.

    Args:
        schema: The schema.
        seed: Of the population.
    """

    def __init__(self, schema: Schema, seed: int) -> None:
        self.schema, self.seed = schema, seed

    def draw(
        self, fields: Sequence[Field], frame: pl.DataFrame, rows: Places, attempts: Places | int = 0
    ) -> pl.DataFrame:
        """The frame with these fields drawn or computed anew.

        Args:
            fields: In an order in which each follows what it needs.
            frame: Holds everything that they need and that is not among them.
            rows: The members' numbers, from 0.
            attempts: Which draw of each member.
        """
        for field in fields:
            if field.compute is not None:
                frame = frame.with_columns(to_polars(parse_expression(field.compute)).alias(field.path))
                continue
            drawn = uniforms(self.seed, f"field|{field.path}", rows, attempts)
            frame = frame.with_columns(draw_field(field, frame, drawn, self.schema.where).alias(field.path))
        return frame


def draw_field(field: Field, frame: pl.DataFrame, drawn: Uniforms, where: str = "schema") -> pl.Series:
    """One column from uniform numbers.

    Args:
        field: A sampled field, or one with a table.
        frame: Holds what the table's conditions need.
        drawn: A number in [0, 1) for each row.
        where: File, for messages.

    Raises:
        InvalidInput: A row that meets no case.
    """
    import polars as pl

    if len(field.cases) == 1 and field.cases[0].when is None:
        return _one(field.cases[0].draws, drawn)
    cases = case_numbers(field, frame, where)
    if all(isinstance(case.draws, Values) for case in field.cases):
        return _listed(field).gather(_listed_draws(field, cases, drawn))
    whole = all(_is_whole(case.draws) for case in field.cases)
    out = np.empty(len(drawn), dtype=np.int64 if whole else np.float64)
    for number, case in enumerate(field.cases):
        of_case = np.flatnonzero(cases == number)
        out[of_case] = _one(case.draws, drawn[of_case]).to_numpy()
    return pl.Series(out)


def case_numbers(field: Field, frame: pl.DataFrame, where: str) -> NDArray[np.int64]:
    """The first case of a table that holds, for every row.

    Raises:
        InvalidInput: A row that meets no case.
    """
    import polars as pl

    chosen = pl.lit(-1, dtype=pl.Int64)
    for number, case in reversed(list(enumerate(field.cases))):
        node = case.condition
        chosen = (
            pl.lit(number, dtype=pl.Int64) if node is None else pl.when(to_polars(node)).then(number).otherwise(chosen)
        )
    numbers = frame.select(case=chosen)["case"].to_numpy()
    numbers = np.broadcast_to(numbers, frame.height)
    missing = np.flatnonzero(numbers < 0)
    if missing.size:
        row = frame.select(field.needs).row(int(missing[0]), named=True)
        raise InvalidInput(where, "a case for every combination", row, field.path)
    return numbers


@lru_cache(maxsize=256)
def listed_shares(field: Field) -> NDArray[np.float64]:
    """The shares of a field's listed values in every case: one row a case."""
    place = {value: k for k, value in enumerate(field.listed)}
    shares: NDArray[np.float64] = np.zeros((len(field.cases), len(place)), dtype=np.float64)
    for number, case in enumerate(field.cases):
        values, weights = _weighted(case.draws)
        for value, weight in zip(values, weights):
            shares[number, place[value]] += weight
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float64)


def _weighted(draws: Distribution) -> tuple[Sequence[Value], Sequence[float]]:
    if isinstance(draws, Values):
        return draws.values, draws.weights
    if isinstance(draws, Integers):
        whole = range(draws.low, draws.high + 1)
        return whole, [1.0] * len(whole)
    raise InvalidInput("schema", "values that can be listed", draws)


def _listed(field: Field) -> pl.Series:
    import polars as pl

    return pl.Series(field.path, list(field.listed))


@lru_cache(maxsize=256)
def _steps(field: Field) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The running shares of all cases in one rising line, case k between k and k + 1, and each case's last value."""
    shares = listed_shares(field)
    steps = np.cumsum(shares, axis=1)
    steps[:, -1] = 1.0
    last = shares.shape[1] - 1 - np.argmax(shares[:, ::-1] > 0, axis=1)
    return (steps + np.arange(len(shares))[:, None]).ravel(), last


def _listed_draws(field: Field, cases: NDArray[np.int64], drawn: Uniforms) -> NDArray[np.int64]:
    line, last = _steps(field)
    places = np.searchsorted(line, drawn + cases, side="right") - cases * len(field.listed)
    return np.asarray(np.minimum(places, last[cases]), dtype=np.int64)


def _one(draws: Distribution, drawn: Uniforms) -> pl.Series:
    import polars as pl

    if isinstance(draws, Values):
        return _values(draws).gather(_places(draws, drawn))
    if isinstance(draws, Integers):
        return pl.Series(draws.low + np.floor(drawn * (draws.high - draws.low + 1)).astype(np.int64))
    numbers = _normal(draws, drawn) if isinstance(draws, Normal) else draws.low + drawn * (draws.high - draws.low)
    unit = 10.0**draws.digits
    low, high = np.ceil(draws.low * unit), np.floor(draws.high * unit)
    rounded = np.clip(np.round(numbers * unit), low, max(low, high))
    return pl.Series(rounded.astype(np.int64) if draws.digits == 0 else rounded / unit)


def _normal(draws: Normal, drawn: Uniforms) -> NDArray[np.float64]:
    from scipy.special import ndtr, ndtri

    low, high = ndtr((draws.low - draws.mean) / draws.sd), ndtr((draws.high - draws.mean) / draws.sd)
    numbers: NDArray[np.float64] = draws.mean + draws.sd * ndtri(low + drawn * (high - low))
    return numbers


def _values(draws: Values) -> pl.Series:
    import polars as pl

    return pl.Series(list(draws.values))


@lru_cache(maxsize=1024)
def _line(draws: Values) -> tuple[NDArray[np.float64], int]:
    weights = np.array(draws.weights, dtype=np.float64)
    line = np.cumsum(weights / weights.sum())
    last = int(np.flatnonzero(weights)[-1])
    line[last:] = 1.0
    return line, last


def _places(draws: Values, drawn: Uniforms) -> NDArray[np.int64]:
    line, last = _line(draws)
    return np.asarray(np.minimum(np.searchsorted(line, drawn, side="right"), last), dtype=np.int64)


def _is_whole(draws: Distribution) -> bool:
    if isinstance(draws, Values):
        return isinstance(draws.values[0], int)
    return isinstance(draws, Integers) or (isinstance(draws, (Normal, Reals)) and draws.digits == 0)
