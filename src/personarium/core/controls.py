"""The shuffled persona: the control that tells whether a persona was used at all."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def next_different(values: Sequence[T]) -> list[T] | None:
    """For each value another one: the next different one in order of first appearance, the first after the last.

    Of personas, one an item, it gives every item another user's; the draw is without chance, and items of one user get the
    same other one.

    Returns:
        None where all values are the same (or there are none): there is no other.
    """
    distinct = list(dict.fromkeys(values))
    if len(distinct) < 2:
        return None
    following = dict(zip(distinct, [*distinct[1:], distinct[0]], strict=True))
    return [following[value] for value in values]
