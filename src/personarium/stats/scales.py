"""Keyed scales: items with keys, raw answers kept apart from keyed ones, scores that count what is missing.

Everywhere persons (or models, personas, seeds: the unit is named) are rows and items are columns; variances use n-1.

Source: methods/psychometrics-core.md, "Keying, missing, range" (standard measurement theory).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.stats.arrays import Array

Missing = Literal["listwise", "refuse"]
MIN_ANSWERED = 0.8  # methods/psychometrics-core.md: a scale score needs 80 % of its items


@dataclass(frozen=True, slots=True)
class ScaleKey:
    """The key of a scale.

    Args:
        name: What the scale measures.
        items: Item ids, in the order of the columns.
        keys: +1, or -1 for a reverse-keyed item, in the same order.
        lo: Least answer.
        hi: Greatest answer.
        source: Where the key comes from.

    Raises:
        InvalidInput: If items repeat, a key is neither +1 nor -1, or lo is not below hi.
    """

    name: str
    items: tuple[str, ...]
    keys: tuple[int, ...]
    lo: float
    hi: float
    source: str = ""

    def __post_init__(self) -> None:
        where = f"scale '{self.name}'"
        if not self.items or len(set(self.items)) != len(self.items):
            raise InvalidInput(where, "at least one item, each once", self.items, "items")
        if len(self.keys) != len(self.items) or not set(self.keys) <= {1, -1}:
            raise InvalidInput(where, f"+1 or -1 for each of {len(self.items)} items", self.keys, "keys")
        if not (math.isfinite(self.lo) and math.isfinite(self.hi) and self.lo < self.hi):
            raise InvalidInput(where, "a least answer below the greatest", (self.lo, self.hi), "lo")

    def reversed(self, values: Array) -> Array:
        """Turn the reverse-keyed columns: ``(lo + hi) - x``; its own inverse."""
        return np.asarray(np.where(np.array(self.keys) < 0, self.lo + self.hi - values, values))


@dataclass(frozen=True, slots=True, eq=False)
class Keyed:
    """Answers of persons (rows) to the items of one scale (columns), raw and keyed side by side; NaN is missing.

    Made by :func:`key_answers` or :func:`from_keyed_answers` only, so that nothing is reversed twice.
    """

    key: ScaleKey
    raw: Array
    values: Array

    @property
    def missing(self) -> int:
        """Answers that are not there."""
        return int(np.isnan(self.raw).sum())


@dataclass(frozen=True, slots=True)
class ScaleScores:
    """Scale scores of persons.

    Args:
        values: One score a person; None where too few items were answered.
        answered: Items answered by each person.
        n_items: Items of the scale.
        missing: Answers that are not there, over all persons.
        withheld: Persons without a score.
        rule: How the scores were made.
    """

    values: tuple[float | None, ...]
    answered: tuple[int, ...]
    n_items: int
    missing: int
    withheld: int
    rule: str


def key_answers(key: ScaleKey, answers: Sequence[Sequence[float | None]] | NDArray[Any]) -> Keyed:
    """Key raw answers: reverse-keyed items become ``(lo + hi) - x``; missing stays missing, never the midpoint.

    Args:
        key: The scale.
        answers: Persons x items, raw; None or NaN is missing.

    Raises:
        InvalidInput: If an answer is outside lo..hi (row and item are named), the columns do not fit the key, or the
            answers are keyed already.
    """
    raw = _checked_answers(key, answers)
    return Keyed(key, raw, key.reversed(raw))


def from_keyed_answers(key: ScaleKey, values: Sequence[Sequence[float | None]] | NDArray[Any]) -> Keyed:
    """Take answers that were published already keyed; the raw ones are recovered by turning them back."""
    keyed = _checked_answers(key, values)
    return Keyed(key, key.reversed(keyed), keyed)


def scale_scores(keyed: Keyed, min_answered: float = MIN_ANSWERED, how: Literal["mean", "sum"] = "mean") -> ScaleScores:
    """Score each person: mean of the answered items, where enough of them were answered.

    Args:
        keyed: Keyed answers.
        min_answered: Least share of items; below it the score is None.
        how: ``mean``, or ``sum`` (mean of the answered items times the number of items).
    """
    if not 0 < min_answered <= 1 or how not in ("mean", "sum"):
        raise InvalidInput(
            "scale_scores", "min_answered above 0 and at most 1, how 'mean' or 'sum'", (min_answered, how)
        )
    there = ~np.isnan(keyed.values)
    answered, k = there.sum(axis=1), keyed.values.shape[1]
    enough = answered >= max(1, math.ceil(min_answered * k - 1e-9))
    means = np.where(there, keyed.values, 0.0).sum(axis=1) / np.maximum(answered, 1)
    scores = means * (k if how == "sum" else 1)
    values = tuple(float(score) if ok else None for score, ok in zip(scores, enough))
    rule = f"{how} of answered items, at least {min_answered:.0%} of {k} answered"
    return ScaleScores(values, tuple(answered.tolist()), k, keyed.missing, int((~enough).sum()), rule)


def complete_rows(
    answers: Keyed | NDArray[Any] | Sequence[Sequence[float | None]], missing: Missing = "listwise"
) -> tuple[Array, int]:
    """Rows without a missing answer, and how many were left out.

    Raises:
        InvalidInput: If the rule is ``refuse`` and an answer is missing, or the answers are not a matrix.
    """
    matrix = answers.values if isinstance(answers, Keyed) else _matrix(answers)
    if missing not in ("listwise", "refuse"):
        raise InvalidInput("missing", "'listwise' or 'refuse'", missing)
    whole = ~np.isnan(matrix).any(axis=1)
    dropped = int((~whole).sum())
    if dropped and missing == "refuse":
        raise InvalidInput(f"row {int(np.flatnonzero(~whole)[0])}", "no missing answer", f"{dropped} incomplete rows")
    return matrix[whole], dropped


def _matrix(answers: Any) -> Array:
    try:
        matrix = np.array(answers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput("answers", "rows of numbers (None where missing), all of one length", answers) from error
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise InvalidInput("answers", "persons x items, at least one of each", matrix.shape)
    return matrix


def _checked_answers(key: ScaleKey, answers: Any) -> Array:
    where = f"answers to '{key.name}'"
    if isinstance(answers, Keyed):
        raise InvalidInput(where, "raw answers", "answers that are keyed already")
    matrix = _matrix(answers)
    if matrix.shape[1] != len(key.items):
        raise InvalidInput(where, f"{len(key.items)} items a row", matrix.shape[1])
    outside = np.argwhere((matrix < key.lo) | (matrix > key.hi))
    if outside.size:
        row, column = (int(i) for i in outside[0])
        expected = f"an answer from {key.lo:g} to {key.hi:g}, or None"
        raise InvalidInput(f"{where}, row {row}", expected, float(matrix[row, column]), key.items[column])
    return matrix
