"""The members of a population as texts: their values joined, without the names of the fields or any template."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.population import RECORD, Population

if TYPE_CHECKING:
    import polars as pl

    from personarium.core.persona import Persona

BETWEEN = "; "  # what stands between two values
Texts: TypeAlias = Callable[[NDArray[np.int64]], list[str]]  # row numbers -> their texts


def texts_of(population: Population, fields: Sequence[str] = ()) -> Texts:
    """A reader of texts by row number, so that a million of them need not be held at once.

    Args:
        population: Rows of plain values, or whole personas: then every value counts that is no greeting or note of a card.
        fields: The columns to join (or the paths of facets); all but ``id`` when empty.

    Raises:
        InvalidInput: Naming a field that the population does not have.
    """
    frame = population.frame
    if RECORD in frame.columns:
        return lambda rows: [values_of(population[int(row)], fields) for row in rows]
    for name in fields:
        if name not in frame.columns:
            raise InvalidInput(population.where, "a column of this name", ", ".join(frame.columns), name)
    chosen = frame.select(fields or [name for name in frame.columns if name != "id"])
    return lambda rows: joined_values(chosen[rows])


def joined_values(frame: pl.DataFrame) -> list[str]:
    """One text a row: the values of its columns in order; a missing value or empty text leaves nothing behind."""
    import polars as pl

    if not frame.width:
        return [""] * frame.height
    columns = [_as_text(frame[name]) for name in frame.columns]
    filled = [pl.when(pl.col(c.name).str.strip_chars() != "").then(pl.col(c.name)) for c in columns]
    joined = pl.DataFrame(columns).select(text=pl.concat_str(filled, separator=BETWEEN, ignore_nulls=True))
    return joined["text"].fill_null("").to_list()


def values_of(persona: Persona, fields: Sequence[str] = ()) -> str:
    """The values of a persona's facets as one text, its name among them."""
    kept = [f.value for f in persona.facets if not f.machinery and (not fields or f.path in fields)]
    name = [persona.name] if not fields or "name" in fields else []
    return BETWEEN.join(text for text in map(_plain, [*name, *kept]) if text.strip())


def _as_text(series: pl.Series) -> pl.Series:
    import polars as pl

    if series.dtype.is_nested() or series.dtype == pl.Object:
        return pl.Series(series.name, [_plain(value) for value in series.to_list()], dtype=pl.String)
    return series.cast(pl.String)


def _plain(value: Any) -> str:
    """A value without brackets and keys."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _listed(value.values())
    return _listed(value) if isinstance(value, (list, tuple)) else str(value)


def _listed(values: Iterable[Any]) -> str:
    return " ".join(filter(None, map(_plain, values)))
