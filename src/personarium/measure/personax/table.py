"""Columns of a table for an audit: what their values mean.

Source: personax page, "Data formats" (structured variables, numeric or categorical, gaps allowed).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.stats.arrays import Array
from personarium.stats.independence import Variable, categories

_LARGEST = 1e150  # the square of a larger number is no finite one
Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column as the audit reads it.

    Args:
        name: Its name.
        values: Numbers, or codes of categories by first appearance; NaN is a gap.
        categorical: Whether the order of the values means nothing.
    """

    name: str
    values: Array
    categorical: bool

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which rows have a value."""
        return ~np.isnan(self.values)

    @property
    def levels(self) -> int:
        """How many different values there are."""
        return int(np.unique(self.values[self.present]).size)

    def rows(self, kept: NDArray[np.bool_], as_codes: bool = False) -> Variable:
        """The values of some rows as a variable; ``as_codes`` takes the codes of categories for numbers."""
        values = self.values[kept]
        if self.categorical and not as_codes:
            return categories(values.tolist())
        return Variable(values, False)


def read_column(columns: Columns, name: str, categorical: bool = False) -> Column:
    """A column of the table.

    Args:
        columns: The table.
        name: Which.
        categorical: Take numbers for codes of categories. Texts and truth values are categories in any case.

    Raises:
        InvalidInput: There is no such column, or it holds what is neither number, text nor truth value.
    """
    if name not in columns:
        raise InvalidInput("table", f"a column '{name}'; there are {', '.join(list(columns)[:40])}", name)
    values = [_value(v, name, row) for row, v in enumerate(columns[name], 1)]
    there = [v for v in values if v is not None]
    if categorical or any(isinstance(v, (str, bool)) for v in there):
        codes: dict[str, int] = {}
        coded = [math.nan if v is None else codes.setdefault(_label(v), len(codes)) for v in values]
        return Column(name, np.array(coded, dtype=np.float64), True)
    return Column(name, np.array([math.nan if v is None else v for v in values], dtype=np.float64), False)


def read_trait(columns: Columns, name: str, abstention: float | None) -> Column:
    """A column of trait scores; the score that means "not enough information" becomes a gap.

    Raises:
        InvalidInput: As :func:`read_column`, and when it does not hold numbers.
    """
    column = read_column(columns, name)
    if column.categorical:
        found = next(v for v in columns[name] if isinstance(v, (str, bool)))
        raise InvalidInput("table", "numbers (the scores of a trait)", found, name)
    if abstention is None:
        return column
    return Column(name, np.where(column.values == abstention, np.nan, column.values), False)


def _value(value: Any, name: str, row: int) -> Any:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, (str, bool)) or (isinstance(value, (int, float)) and abs(value) < _LARGEST):
        return value
    expected = f"a text, a truth value or a number below {_LARGEST:g}"
    raise InvalidInput(f"table: row {row}", expected, value, name)


def _label(value: Any) -> str:
    """1 and 1.0 are one category, 1 and "1" too; true is its own."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value)
