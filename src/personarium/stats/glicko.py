"""Glicko-2: ratings with a deviation and a volatility, updated period by period; which pair would teach most.

Source: Glickman, "Example of the Glicko-2 system" (public description); page prompt-tournament, steps 5 to 7.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, checked_share, generator
from personarium.stats.ratings import SCALE, START, Games, Integers, period_rows

WinForm = Literal["two-sided", "one-sided", "elo"]
_ROUNDS = 200  # the Illinois iteration needs about ten; more means that something is not a number
_TELLS = 1e-12  # games whose results were as good as certain tell nothing, and their variance would overflow
_NODES = 24  # of the Gauss-Hermite rule for expected information


@dataclass(frozen=True, slots=True)
class Glicko2Config:
    """The constants of Glicko-2.

    Args:
        rating: Of a newcomer, in points.
        rd: Rating deviation of a newcomer, in points.
        volatility: Of a newcomer, in log-odds units a period.
        tau: How far volatility can move; 0.3 to 1.2.
        epsilon: Where the volatility iteration stops.

    Raises:
        InvalidInput: A constant out of its range.
    """

    rating: float = START
    rd: float = 350.0
    volatility: float = 0.06
    tau: float = 0.5
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        if not 0.3 <= self.tau <= 1.2:
            raise InvalidInput("Glicko-2", "tau from 0.3 to 1.2", self.tau, "tau")
        for name in ("rd", "volatility", "epsilon"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise InvalidInput("Glicko-2", "a number above 0", value, name)
        if not math.isfinite(self.rating):
            raise InvalidInput("Glicko-2", "a finite number", self.rating, "rating")


GLICKO2 = Glicko2Config()


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """Glicko-2 ratings of all contestants.

    Args:
        names: The contestants.
        rating: In points.
        rd: Rating deviation, in points.
        volatility: In log-odds units a period.
        games: How many games each has played.
    """

    names: tuple[str, ...]
    rating: Array
    rd: Array
    volatility: Array
    games: Integers

    @property
    def mu(self) -> Array:
        """Ratings in log-odds units, 0 a newcomer's."""
        return (self.rating - START) / SCALE

    @property
    def phi(self) -> Array:
        """Deviations in log-odds units."""
        return self.rd / SCALE

    def estimates(self, confidence: float = 0.95) -> dict[str, Estimate]:
        """Each rating with its interval: rating +- 1.96 RD for 95 %."""
        from scipy import stats

        z = float(stats.norm.ppf((1 + checked_share(confidence, "confidence")) / 2))
        return {
            name: Estimate(float(r), float(r - z * d), float(r + z * d), int(n), "game", "Glicko-2, RD", confidence)
            for name, r, d, n in zip(self.names, self.rating, self.rd, self.games, strict=True)
        }

    def win_probability(self, form: WinForm = "two-sided") -> Array:
        """How probably each (row) beats each (column), ties counting half; see :func:`win_probability`."""
        return np.asarray(
            win_probability(self.rating[:, None], self.rd[:, None], self.rating[None], self.rd[None], form)
        )


@dataclass(frozen=True, slots=True, eq=False)
class PeriodUpdate:
    """What one period did.

    Args:
        ratings: Afterwards.
        v: Variance of each performance, in log-odds units; infinite for who did not play.
        delta: Improvement that the games alone suggest.
    """

    ratings: Ratings
    v: Array
    delta: Array


def newcomers(names: tuple[str, ...], config: Glicko2Config = GLICKO2) -> Ratings:
    """Everybody before the first game."""
    n = len(names)
    return Ratings(
        names,
        np.full(n, float(config.rating)),
        np.full(n, float(config.rd)),
        np.full(n, float(config.volatility)),
        np.zeros(n, dtype=np.int64),
    )


def glicko2(games: Games, config: Glicko2Config = GLICKO2, start: Ratings | None = None) -> Ratings:
    """Rate games period by period.

    All games of a period are rated from the ratings at its start, so their order within it does not matter; rating every game
    as a period of its own gives other numbers, which depend on the order. A period number without games is no period.

    Args:
        games: With their periods.
        config: The constants.
        start: Ratings before the first period, of the same contestants; newcomers by default.

    Raises:
        InvalidInput: ``start`` rates other contestants.
    """
    rated = newcomers(games.names, config) if start is None else start
    if rated.names != games.names:
        raise InvalidInput("start", "ratings of the same contestants in the same order", list(rated.names))
    for rows in period_rows(games):
        rated = rate_period(rated, games.first[rows], games.second[rows], games.score[rows], config).ratings
    return rated


def rate_period(
    ratings: Ratings, first: Integers, second: Integers, score: Array, config: Glicko2Config = GLICKO2
) -> PeriodUpdate:
    """One rating period.

    Args:
        ratings: At its start.
        first: One contestant of each game, by place.
        second: The other.
        score: Of the first: 1, 0.5, 0.
        config: The constants.
    """
    n, mu, phi = ratings.rating.size, ratings.mu, ratings.phi
    who, other = np.concatenate([first, second]), np.concatenate([second, first])
    scored = np.concatenate([score, 1 - score])
    g = attenuation(phi)[other]
    gap = g * (mu[who] - mu[other])
    expected = 1 / (1 + np.exp(np.clip(-gap, -700, 700)))
    precision = np.bincount(who, g * g * expected * (1 - expected), n)
    push = np.bincount(who, g * (scored - expected), n)
    played = precision > _TELLS
    v = np.full(n, np.inf)
    v[played] = 1 / precision[played]
    delta = np.zeros(n)
    delta[played] = v[played] * push[played]
    sigma = ratings.volatility.copy()
    sigma[played] = _new_volatility(phi[played], sigma[played], v[played], delta[played], config)
    wider = np.sqrt(phi**2 + sigma**2)
    narrowed = 1 / np.sqrt(1 / wider**2 + precision)
    after = np.where(played, narrowed, wider)  # who did not play is known a little less
    rating = SCALE * (mu + after**2 * push) + START
    count = ratings.games + np.bincount(who, minlength=n)
    return PeriodUpdate(Ratings(ratings.names, rating, SCALE * after, sigma, count), v, delta)


def attenuation(phi: Array) -> Array:
    """g(phi): how much an opponent of that deviation says, 1 for one that is known exactly."""
    return np.asarray(1 / np.sqrt(1 + 3 * phi**2 / math.pi**2))


def _new_volatility(phi: Array, sigma: Array, v: Array, delta: Array, config: Glicko2Config) -> Array:
    """Solve f(x) = 0 by the Illinois method for every contestant at once; Glickman's step 5."""
    start, tau2 = np.log(sigma**2), config.tau**2

    def f(x: Array, k: NDArray[np.intp]) -> Array:
        e, base = np.exp(x), phi[k] ** 2 + v[k]
        return np.asarray(e * (delta[k] ** 2 - base - e) / (2 * (base + e) ** 2) - (x - start[k]) / tau2)

    everyone = np.arange(phi.size)
    surplus = delta**2 - phi**2 - v
    a, b = start.copy(), start - config.tau
    b[surplus > 0] = np.log(surplus[surplus > 0])
    low = everyone[surplus <= 0]
    while low.size:
        low = low[f(b[low], low) < 0]
        b[low] -= config.tau
    fa, fb = f(a, everyone), f(b, everyone)
    for _ in range(_ROUNDS):
        k = np.flatnonzero(np.abs(b - a) > config.epsilon)
        if not k.size:
            return np.asarray(np.exp(a / 2))
        c = a[k] + (a[k] - b[k]) * fa[k] / (fb[k] - fa[k])
        fc = f(c, k)
        crossed = fc * fb[k] <= 0
        a[k], fa[k] = np.where(crossed, b[k], a[k]), np.where(crossed, fb[k], fa[k] / 2)
        b[k], fb[k] = c, fc
    raise InvalidInput("Glicko-2", "ratings from which a volatility can be found", "an iteration that does not end")


def win_probability(
    rating_a: Array | float, rd_a: Array | float, rating_b: Array | float, rd_b: Array | float, form: WinForm
) -> Array | float:
    """How probably A beats B, ties counting half.

    Args:
        rating_a: In points.
        rd_a: Deviation.
        rating_b: In points.
        rd_b: Deviation.
        form: ``two-sided`` takes the doubt about both into account, ``one-sided`` (Glicko's E) that about B alone, so that
            P(A over B) + P(B over A) is not 1; ``elo`` none.

    Raises:
        InvalidInput: Another form.
    """
    phi_a, phi_b = np.asarray(rd_a) / SCALE, np.asarray(rd_b) / SCALE
    doubt = {"two-sided": np.hypot(phi_a, phi_b), "one-sided": phi_b + 0 * phi_a, "elo": 0 * (phi_a + phi_b)}
    if form not in doubt:
        raise InvalidInput("form", "'two-sided', 'one-sided' or 'elo'", form)
    gap = attenuation(doubt[form]) * (np.asarray(rating_a) - np.asarray(rating_b)) / SCALE
    found = 1 / (1 + np.exp(np.clip(-gap, -700, 700)))
    return np.asarray(found) if found.ndim else float(found)


def deviation_floor(games_in_period: float, config: Glicko2Config = GLICKO2) -> float:
    """About the deviation below which a contestant does not come, however long it plays, in points.

    Each period adds the volatility to what its games take away. Against equals of known strength the two balance at
    phi^2 = (sqrt(s^4 + 4 s^2 v) - s^2) / 2 with s the volatility and v = 4 / games.

    Args:
        games_in_period: Of one contestant.
        config: The constants.
    """
    if games_in_period <= 0:
        return config.rd
    s2, v = config.volatility**2, 4 / games_in_period
    return SCALE * math.sqrt((math.sqrt(s2 * s2 + 4 * s2 * v) - s2) / 2)


# ------------------------------------------------------------------------------------------------ what to play next


def expected_information(gap: Array, spread: Array) -> Array:
    """What the result of one game would tell about who is stronger, in bits.

    The mutual information of the result and the true gap, which is normal around ``gap`` with deviation ``spread``: large
    where contestants are close and little is known of them.

    Args:
        gap: Difference of ratings, in log-odds units.
        spread: Deviation of that difference.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    p = 1 / (1 + np.exp(-np.clip(gap[..., None] + spread[..., None] * nodes, -700, 700)))
    return np.asarray(np.maximum(_entropy(p @ weights) - _entropy(p) @ weights, 0.0))


def _entropy(p: Array) -> Array:
    inside = np.clip(p, 1e-300, 1 - 1e-16)
    return np.asarray(-(inside * np.log2(inside) + (1 - inside) * np.log2(1 - inside)))


def informative_pairs(
    ratings: Ratings, count: int, left: Integers | None = None, seed: int = 0
) -> list[tuple[int, int]]:
    """The pairs that are worth a game, the most instructive first.

    A chosen pair's deviations shrink as its game will shrink them, whoever wins, before the next one is chosen: a batch
    spreads over the contestants.

    Args:
        ratings: What is known.
        count: How many games; fewer come back when no pair is left.
        left: How many games each pair may still play (symmetric matrix); any number by default.
        seed: Of the order in which equally instructive pairs come.

    Returns:
        Pairs of places, the lower first; a pair may come more than once.
    """
    n = ratings.rating.size
    mu, phi = ratings.mu, ratings.phi.copy()
    free = np.full((n, n), count, dtype=np.int64) if left is None else left.copy()
    free[np.tril_indices(n)] = 0
    shuffle = generator(seed).permutation(n * n).reshape(n, n) * 1e-12  # breaks ties, and nothing else
    worth = expected_information(mu[:, None] - mu[None], np.hypot(phi[:, None], phi[None])) - shuffle
    chosen: list[tuple[int, int]] = []
    while len(chosen) < count and (free > 0).any():
        i, j = divmod(int(np.where(free > 0, worth, -np.inf).argmax()), n)
        chosen.append((i, j))
        free[i, j] -= 1
        phi[i], phi[j] = _narrowed(mu, phi, i, j), _narrowed(mu, phi, j, i)
        for k in (i, j):
            row = expected_information(mu[k] - mu, np.hypot(phi[k], phi))
            worth[k], worth[:, k] = row - shuffle[k], row - shuffle[:, k]
    return chosen


def _narrowed(mu: Array, phi: Array, i: int, j: int) -> float:
    g = float(attenuation(phi[j]))
    p = 1 / (1 + math.exp(min(max(-g * float(mu[i] - mu[j]), -700.0), 700.0)))
    return 1 / math.sqrt(1 / float(phi[i]) ** 2 + g * g * p * (1 - p))
