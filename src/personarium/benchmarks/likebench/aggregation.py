"""From ratings to likability and its course: turn scores, likability in two orders of averaging, the line over sessions.

Source: likebench page, steps 6 and 7, "Works when" 1, 2 and 7. The order of averaging is not stated: turns are averaged within a
session first, ``pooled`` takes all turns alike. None is NA and is left out of every mean; it never counts as 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from personarium.core.errors import UsageError

Order = Literal["sessions", "pooled"]
ORDERS: tuple[str, ...] = get_args(Order)


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of what is there, None when nothing is."""
    kept = [value for value in values if value is not None]
    return math.fsum(kept) / len(kept) if kept else None


def turn_score(scores: Iterable[float | None]) -> float | None:
    """The likability of one turn: the mean of its metrics that apply."""
    return mean(scores)


def likability(sessions: Sequence[Sequence[float | None]], order: Order = "sessions") -> float | None:
    """The likability of one user's talks.

    Args:
        sessions: Turn scores of each session.
        order: ``sessions`` averages turns within a session first, ``pooled`` takes all turns alike.

    Raises:
        UsageError: On another order.
    """
    check_order(order)
    if order == "pooled":
        return mean(score for session in sessions for score in session)
    return mean(mean(session) for session in sessions)


def check_order(order: str) -> None:
    """Refuse an order of averaging that does not exist."""
    if order not in ORDERS:
        raise UsageError(f"order must be {' or '.join(ORDERS)}, found '{order}'")


@dataclass(frozen=True, slots=True)
class Course:
    """How scores move from session to session.

    Args:
        slope: Points a session; None with fewer than two sessions that have ratings.
        r_squared: How steadily; None where the scores do not vary or there is no slope. With two sessions it is always 1.
        sessions: Sessions with ratings.
    """

    slope: float | None
    r_squared: float | None
    sessions: int


def course(means: Sequence[float | None]) -> Course:
    """A straight line through the mean score of each session against its number (from 1).

    A session without any rating (None) is left out of the fit; the later ones keep their numbers.
    """
    points = [(float(k), value) for k, value in enumerate(means, 1) if value is not None]
    if len(points) < 2:
        return Course(None, None, len(points))
    x_mean, y_mean = (math.fsum(axis) / len(points) for axis in zip(*points, strict=True))
    sxx = math.fsum((x - x_mean) ** 2 for x, _ in points)
    sxy = math.fsum((x - x_mean) * (y - y_mean) for x, y in points)
    syy = math.fsum((y - y_mean) ** 2 for _, y in points)
    # Equal scores may differ in their last bits after averaging: that is no variation.
    if syy <= len(points) * (1e-12 * max(1.0, abs(y_mean))) ** 2:
        return Course(0.0, None, len(points))
    return Course(sxy / sxx, min(1.0, sxy * sxy / (sxx * syy)), len(points))
