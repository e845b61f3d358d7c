"""Games between contestants, and Elo: the table that every rating system reads, and the simplest of them.

Source: Elo, *The Rating of Chessplayers* (1978); the scale of 1500 and 400 as Glickman uses it (page prompt-tournament).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, checked_share, generator, group_codes

START = 1500.0  # rating of a newcomer
SCALE = 173.7178  # rating points of one natural log-odds unit: 400 / ln 10, as Glickman rounds it
K = 32.0  # points that one Elo game can move at most; the usual value for newcomers
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Games:
    """Who met whom, and how it ended; made by :func:`games_of`.

    Args:
        names: The contestants.
        first: Place in ``names`` of one contestant of each game.
        second: Of the other.
        score: Of the first: 1 won, 0.5 drawn, 0 lost.
        period: Number of the rating period, 0 the earliest.
        group: Number of what games have in common (a context), or None; bootstraps resample these.
    """

    names: tuple[str, ...]
    first: Integers
    second: Integers
    score: Array
    period: Integers
    group: Integers | None = None

    def __len__(self) -> int:
        return int(self.score.size)

    def tally(self) -> tuple[Array, Array]:
        """How often each (row) beat each (column), and how often the two drew (both ways round)."""
        return pair_counts(self, np.ones(len(self)))


def games_of(
    names: Sequence[str],
    first: Sequence[str] | Sequence[int] | NDArray[Any],
    second: Sequence[str] | Sequence[int] | NDArray[Any],
    score: Sequence[float] | NDArray[Any],
    period: Sequence[int] | NDArray[Any] | None = None,
    group: Sequence[Hashable] | NDArray[Any] | None = None,
) -> Games:
    """Check games and number what is in them.

    Args:
        names: The contestants, each once.
        first: One contestant of each game, by name or place.
        second: The other one.
        score: Of the first: 1, 0.5 or 0.
        period: Whole numbers; games of one number are rated together, lower numbers first. None is one period.
        group: One label a game.

    Raises:
        InvalidInput: Naming the game (counted from 0): an unknown contestant, one against itself, a score that is none.
    """
    places = {name: k for k, name in enumerate(names)}
    if len(places) < len(names):
        raise InvalidInput("contestants", "names that are all different", _repeated(names))
    a, b = _places(first, places, "first"), _places(second, places, "second")
    scored = np.asarray(score, dtype=np.float64)
    when = np.zeros(scored.size, dtype=np.int64) if period is None else _whole(period)
    if not a.size == b.size == scored.size == when.size:
        raise InvalidInput("games", "columns of one length", [a.size, b.size, scored.size, when.size])
    _refuse(a == b, "two different contestants", lambda k: names[int(a[k])])
    _refuse(~np.isin(scored, (0.0, 0.5, 1.0)), "a score of 0, 0.5 or 1", lambda k: float(scored[k]))
    codes = None if group is None else group_codes(group, scored.size, "group of a game")
    return Games(tuple(names), a, b, scored, np.unique(when, return_inverse=True)[1].reshape(-1), codes)


def pair_counts(games: Games, weight: Array) -> tuple[Array, Array]:
    """Weighted wins of each (row) over each (column), and draws (symmetric); ``weight`` has one number a game."""
    n = len(games.names)
    place = games.first * n + games.second
    won, drawn = games.score == 1, games.score == 0.5
    lost = ~(won | drawn)

    def count(kept: NDArray[np.bool_]) -> Array:
        counted = np.bincount(place[kept], weights=weight[kept], minlength=n * n).reshape(n, n)
        return np.asarray(counted, dtype=np.float64)

    ties = count(drawn)
    return count(won) + count(lost).T, ties + ties.T


# ------------------------------------------------------------------------------------------------ Elo


def elo(games: Games, k: float = K, start: float = START, per: Literal["game", "period"] = "game") -> Array:
    """Elo ratings.

    Args:
        games: In the order in which they were played.
        k: The most points that one game moves.
        start: Rating of a newcomer.
        per: ``game``: each game is rated by the ratings that the one before it left, so the order changes the result
            (see :func:`elo_over_orders`). ``period``: all games of a period by the ratings at its start, whatever their order.

    Returns:
        One rating a contestant; it has no uncertainty of its own.
    """
    if per == "period":
        return _elo_by_period(games, k, start)
    rating = [start] * len(games.names)
    for i, j, s in zip(games.first.tolist(), games.second.tolist(), games.score.tolist(), strict=True):
        move = k * (s - 1 / (1 + math.exp(_bounded((rating[j] - rating[i]) / SCALE))))
        rating[i] += move
        rating[j] -= move
    return np.array(rating)


def elo_over_orders(
    games: Games, k: float = K, start: float = START, orders: int = 200, seed: int = 0, confidence: float = 0.95
) -> dict[str, Estimate]:
    """Elo of the same games in many random orders: the median, and how far the order alone moves it.

    Args:
        games: Their own order is one of many that might have been.
        k: The most points that one game moves.
        start: Rating of a newcomer.
        orders: How many.
        seed: Of the orders.
        confidence: Share of orders within the interval; it holds no doubt about the games themselves.
    """
    checked_share(confidence, "confidence")
    rng, rows = generator(seed), np.arange(orders)
    turn = np.argsort(rng.random((orders, len(games))), axis=1)
    rating = np.full((orders, len(games.names)), start)
    for step in turn.T:
        i, j = games.first[step], games.second[step]
        gap = (rating[rows, j] - rating[rows, i]) / SCALE
        move = k * (games.score[step] - 1 / (1 + np.exp(np.clip(gap, -700, 700))))
        rating[rows, i] += move
        rating[rows, j] -= move
    ends = np.quantile(rating, [0.5, (1 - confidence) / 2, (1 + confidence) / 2], axis=0).T
    text = f"Elo, median and spread over {orders} orders of the games"
    return {
        name: Estimate(float(mid), float(lo), float(hi), len(games), "game", text, confidence)
        for name, (mid, lo, hi) in zip(games.names, ends, strict=True)
    }


def _elo_by_period(games: Games, k: float, start: float) -> Array:
    rating = np.full(len(games.names), start)
    for rows in period_rows(games):
        i, j = games.first[rows], games.second[rows]
        move = k * (games.score[rows] - 1 / (1 + np.exp(np.clip((rating[j] - rating[i]) / SCALE, -700, 700))))
        rating = rating + np.bincount(i, move, rating.size) - np.bincount(j, move, rating.size)
    return rating


def period_rows(games: Games) -> list[Integers]:
    """The games of each period, the earliest period first."""
    if not len(games):
        return []
    order = np.argsort(games.period, kind="stable").astype(np.int64)
    return np.split(order, np.flatnonzero(np.diff(games.period[order])) + 1)


def _bounded(x: float) -> float:
    """An exponent that does not overflow."""
    return min(max(x, -700.0), 700.0)


# ------------------------------------------------------------------------------------------------ checks


def _places(given: Sequence[Any] | NDArray[Any], places: dict[str, int], column: str) -> Integers:
    array = np.asarray(given)
    if array.ndim != 1:
        raise InvalidInput(f"games, {column}", "one contestant a game", f"{array.ndim} dimensions")
    if array.dtype.kind in "iu":
        _refuse((array < 0) | (array >= len(places)), f"a place from 0 to {len(places) - 1}", lambda k: int(array[k]))
        return array.astype(np.int64)
    listed = array.tolist()
    unknown = next((k for k, name in enumerate(listed) if name not in places), None)
    if unknown is not None:
        raise InvalidInput(f"game {unknown}", f"a contestant among {_shown(places)}", listed[unknown], column)
    return np.fromiter((places[name] for name in listed), dtype=np.int64, count=len(listed))


def _whole(period: Sequence[int] | NDArray[Any]) -> Integers:
    array = np.asarray(period)
    if array.size and array.dtype.kind not in "iu":
        raise InvalidInput("games, period", "whole numbers", period)
    return array.astype(np.int64)


def _refuse(wrong: NDArray[np.bool_], expected: str, found: Any) -> None:
    if wrong.any():
        k = int(wrong.argmax())
        raise InvalidInput(f"game {k}", expected, found(k))


def _repeated(names: Sequence[str]) -> str:
    seen: set[str] = set()
    return next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def _shown(places: dict[str, int]) -> str:
    names = list(places)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
