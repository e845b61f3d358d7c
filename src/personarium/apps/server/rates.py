"""How many requests somebody may make: token buckets, refilled evenly."""

from __future__ import annotations

from collections import OrderedDict

_MOST = 10_000  # buckets that are kept; the one that was used longest ago is full again by then


class Buckets:
    """One token bucket for each name.

    Args:
        per_minute: Requests a minute, which is also how many may come at once; None for no limit.
    """

    def __init__(self, per_minute: float | None) -> None:
        self._rate = None if per_minute is None else per_minute / 60.0
        self._size = max(1.0, per_minute or 1.0)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, now: float) -> float:
        """Take one token.

        Returns:
            0 when there was one, else the seconds until there will be.
        """
        if self._rate is None:
            return 0.0
        left, then = self._left.pop(name, (self._size, now))
        left = min(self._size, left + (now - then) * self._rate)
        granted = left >= 1.0
        self._left[name] = (left - 1.0 if granted else left, now)
        if len(self._left) > _MOST:
            self._left.popitem(last=False)
        return 0.0 if granted else (1.0 - left) / self._rate
