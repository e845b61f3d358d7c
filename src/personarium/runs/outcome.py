"""What became of one item of a run: a value, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from personarium.core.results import Failure

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """One item's result.

    Args:
        key: The item's id, unique in its stage.
        value: What the work gave back; None on failure.
        failure: Why there is no value; None on success.
    """

    key: str
    value: R | None = None
    failure: Failure | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return self.failure is None


def values(outcomes: Iterable[Outcome[R]]) -> list[R]:
    """The values of the items that have one, in order; count :func:`failures` beside them."""
    return [outcome.value for outcome in outcomes if outcome.failure is None]  # type: ignore[misc]


def values_or_failures(outcomes: Iterable[Outcome[R]]) -> list[R | Failure]:
    """For every item its value, or why it has none, in order."""
    return [outcome.value if outcome.failure is None else outcome.failure for outcome in outcomes]  # type: ignore[misc]


def failures(outcomes: Iterable[Outcome[R]]) -> list[Failure]:
    """Why the other items have none, in order."""
    return [outcome.failure for outcome in outcomes if outcome.failure is not None]
