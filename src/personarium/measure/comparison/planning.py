"""How many items would settle it: from the spread of the item differences that was seen, or from two shares beforehand.

Source: standard statistics (see :mod:`personarium.stats.power`).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from personarium.core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Settle:
    """What it would take.

    Args:
        spread: Standard deviation of the differences between the two, over units.
        detectable: The smallest difference that the units at hand find with ``power``.
        difference: The smallest difference that matters, as it was asked for.
        for_difference: Units in all that find this difference.
        for_seen: Units in all that find a difference as large as the one seen; None where none was seen, or more than
            ten million would be needed. Planned after the fact, so a guess: the true difference may be smaller.
        more: How many further units that is; None where the pair is decided already.
        alpha: Two-sided level.
        power: Chance to find it.
    """

    spread: float
    detectable: float
    difference: float
    for_difference: int
    for_seen: int | None
    more: int | None
    alpha: float
    power: float

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)


def settle(
    spread: float, seen: float, n: int, difference: float, *, decided: bool, alpha: float, power: float
) -> Settle | None:
    """Plan from what was seen; None where the differences do not vary and nothing can be planned.

    Args:
        spread: Standard deviation of the differences.
        seen: The mean difference.
        n: Units at hand.
        difference: The smallest difference that matters.
        decided: Whether the pair is told apart already.
        alpha: Two-sided level.
        power: Chance to find it.
    """
    from personarium.stats import items_needed

    if n < 2 or not spread > 0:
        return None
    z = _z_sum(alpha, power)
    needed = items_needed(spread, difference, "paired", alpha, power).runs
    for_seen = _for_seen(spread, seen, alpha, power)
    more = None if decided or for_seen is None else max(1, for_seen - n)
    return Settle(spread, z * spread / math.sqrt(n), difference, needed, for_seen, more, alpha, power)


def _for_seen(spread: float, seen: float, alpha: float, power: float) -> int | None:
    from personarium.stats import items_needed

    try:
        return items_needed(spread, seen, "paired", alpha, power).runs
    except InvalidInput:  # no difference, or one that no reasonable number of items finds
        return None


def items_for_shares(a: float, b: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Items that tell two shares apart when both answer the same items and their luck is independent: 903 for .80 and .85.

    Args:
        a: Share of one, strictly between 0 and 1.
        b: Share of the other.
        alpha: Two-sided level.
        power: Chance to find it.

    Source: ``(z_{alpha/2} + z_beta)^2 (a(1-a) + b(1-b)) / (a-b)^2``.
    """
    from personarium.stats import items_needed

    for value in (a, b):
        if not 0 < value < 1:
            raise InvalidInput("items_for_shares", "a share strictly between 0 and 1", value)
    return items_needed(math.sqrt(a * (1 - a) + b * (1 - b)), a - b, "paired", alpha, power, method="z").runs


def about(n: int) -> str:
    """A number of items as it is said: two digits that count, 903 as "about 900"."""
    if n < 100:
        return str(n)
    digits = 10 ** (len(str(n)) - 2)
    return f"about {round(n / digits) * digits:,}"


def _z_sum(alpha: float, power: float) -> float:
    from scipy import stats

    return float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
