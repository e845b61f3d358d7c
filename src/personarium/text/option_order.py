"""The order of lettered options: shuffled under a seed, rotated, or with the right one put at a wanted place.

Whatever belongs to an option (its text, its truth label, whether it is the right one) moves together with it.

Source: PEARL (arXiv 2603.20422), rotation test; DESIGN.md, rule 5 (options are permuted).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from personarium.core.errors import InvalidInput

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Arranged:
    """Options in the order in which they are shown.

    Args:
        texts: The options, A first.
        gold: Place of the right one, from 0.
        order: Which of the original options stands at each place.
    """

    texts: tuple[str, ...]
    gold: int
    order: tuple[int, ...]

    @property
    def letter(self) -> str:
        """Letter of the right option."""
        return LETTERS[self.gold]

    def carried(self, values: Sequence[T]) -> tuple[T, ...]:
        """Whatever else belongs to the options, in the same order.

        Raises:
            InvalidInput: When there is not one value for each option.
        """
        if len(values) != len(self.order):
            raise InvalidInput("options", f"{len(self.order)} values, one for each option", len(values))
        return tuple(values[k] for k in self.order)

    def original(self, letter: str) -> int:
        """Which of the original options a letter of this order means.

        Raises:
            InvalidInput: On a letter that is not shown.
        """
        place = LETTERS.find(letter.upper()) if len(letter) == 1 else -1
        if not 0 <= place < len(self.order):
            raise InvalidInput("options", f"a letter from A to {LETTERS[len(self.order) - 1]}", letter)
        return self.order[place]


def arranged(options: Sequence[str], gold: int, order: Sequence[int] | None = None) -> Arranged:
    """Options in a given order; as they stand without one.

    Args:
        options: 2 to 26 texts.
        gold: Which of them is right, from 0.
        order: Every number of an option once.

    Raises:
        InvalidInput: Too few or too many options, no such right option, or an order that is none.
    """
    n = len(options)
    if not 2 <= n <= len(LETTERS):
        raise InvalidInput("options", "2 to 26 options", n)
    if not 0 <= gold < n:
        raise InvalidInput("options", f"a right option from 0 to {n - 1}", gold, "gold")
    places = tuple(range(n)) if order is None else tuple(order)
    if sorted(places) != list(range(n)):
        raise InvalidInput("options", f"every number from 0 to {n - 1} once", places, "order")
    return Arranged(tuple(options[k] for k in places), places.index(gold), places)


def with_gold_at(options: Sequence[str], gold: int, target: int) -> Arranged:
    """The right option put at a place, by swapping it with the one that stood there; nothing else moves.

    Raises:
        InvalidInput: As in :func:`arranged`, and on a place that does not exist.
    """
    if not 0 <= target < len(options):
        raise InvalidInput("options", f"a place from 0 to {len(options) - 1}", target, "target")
    order = list(range(len(options)))
    if 0 <= gold < len(order):
        order[gold], order[target] = order[target], order[gold]
    return arranged(options, gold, order)


def rotations(options: Sequence[str], gold: int) -> tuple[Arranged, ...]:
    """The right option at A, at B, and so on: one order for each place, each made by one swap.

    A subject that reads is right in all of them; one that guesses is with probability n ** -n.

    Source: PEARL page, step 8.
    """
    return tuple(with_gold_at(options, gold, target) for target in range(len(options)))


def shuffled(options: Sequence[str], gold: int, seed: int | str) -> Arranged:
    """Options in a random order that the seed alone decides (put the item's id into it to vary over items)."""
    order = list(range(len(options)))
    random.Random(f"option order|{seed}").shuffle(order)
    return arranged(options, gold, order)


def chance_of_all(options: int) -> float:
    """How often a guesser is right in every rotation of one item: 1/256 for four options."""
    return float(options) ** -options
