"""Bradley-Terry: strengths of contestants from who beat whom, all games at once, with intervals and with ties.

Newton's method on the log-likelihood, which is concave. A largest likelihood exists only where every contestant is linked with
every other by wins both ways; where it does not exist that is said by name, or a prior is asked for.

Source: Bradley and Terry (1952); Davidson (1970) for ties; Ford (1957) for when a solution exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array, checked_share, generator
from personarium.stats.intervals import bootstrap_limits
from personarium.stats.ratings import SCALE, START, Games, pair_counts

Ties = Literal["half", "davidson", "drop"]
MAX_CONTESTANTS = 3_000  # tables of contestants x contestants are held in memory
_STEPS = 100
_SENTENCES = 6  # of why there is no solution, at most
_CLOSE = 1e-9  # of the gradient, for each game


@dataclass(frozen=True, slots=True, eq=False)
class BradleyTerry:
    """Fitted strengths.

    Args:
        names: The contestants.
        strength: Log-odds, mean 0: A beats B with probability 1 / (1 + exp(-(a - b))).
        covariance: Of the strengths, by Fisher information.
        n: Games that were used.
        dropped: Ties that were left out.
        tie: Davidson's nu; None without it.
        ties: How ties were treated.
        prior: Drawn games of each contestant against an average one that were added.
        separations: Why no largest likelihood exists (so that there is none without a prior); empty when it does.
        draws: Strengths of bootstrap samples, one row each; None without a bootstrap.
        unit: What the intervals take to be independent.
        method: How the intervals were made.
    """

    names: tuple[str, ...]
    strength: Array
    covariance: Array
    n: int
    dropped: int
    tie: float | None
    ties: Ties
    prior: float
    separations: tuple[str, ...]
    draws: Array | None
    unit: str
    method: str

    def win_probability(self) -> Array:
        """How probably each (row) beats each (column), where the game is decided."""
        return np.asarray(1 / (1 + np.exp(np.clip(self.strength[None] - self.strength[:, None], -700, 700))))

    def estimates(self, confidence: float = 0.95) -> dict[str, Estimate]:
        """Each strength on the scale of ratings: 1500 the mean, 400 points ten to one."""
        one = np.eye(len(self.names))
        return {name: self._estimate(one[k], confidence, START) for k, name in enumerate(self.names)}

    def difference(self, a: str, b: str, confidence: float = 0.95) -> Estimate:
        """By how many points ``a`` is ahead of ``b``; not the difference of two intervals, which would be too wide."""
        if a not in self.names or b not in self.names:
            raise InvalidInput("contestant", f"one of {', '.join(self.names)}", a if a not in self.names else b)
        weight = np.zeros(len(self.names))
        weight[self.names.index(a)] += 1
        weight[self.names.index(b)] -= 1
        return self._estimate(weight, confidence, 0.0)

    def ranks(self, confidence: float = 0.95) -> dict[str, tuple[int, int, int]]:
        """Each contestant's rank (1 the best) and the interval of its rank over the bootstrap samples.

        Raises:
            InvalidInput: The fit has no bootstrap.
        """
        if self.draws is None:
            raise InvalidInput("ranks", "a fit with a bootstrap (draws > 0)", "none")
        checked_share(confidence, "confidence")
        place = _ranks(self.strength[None])[0]
        drawn = _ranks(self.draws)
        levels = [(1 - confidence) / 2, (1 + confidence) / 2]
        ends = np.quantile(drawn, levels, axis=0, method="nearest") if len(drawn) else np.stack([place, place])
        return {name: (int(place[k]), int(ends[0, k]), int(ends[1, k])) for k, name in enumerate(self.names)}

    def _estimate(self, weight: Array, confidence: float, centre: float) -> Estimate:
        from scipy import stats

        checked_share(confidence, "confidence")
        value = SCALE * float(weight @ self.strength)
        lo: float | None
        hi: float | None
        if self.draws is not None:
            lo, hi = bootstrap_limits(value, SCALE * self.draws @ weight, confidence, "percentile", np.empty(0))
        else:
            half = float(stats.norm.ppf((1 + confidence) / 2)) * SCALE * float(weight @ self.covariance @ weight) ** 0.5
            lo, hi = value - half, value + half
        ends = (None if lo is None else centre + lo, None if hi is None else centre + hi)
        missing = {"dropped ties": self.dropped} if self.dropped else {}
        return Estimate(centre + value, *ends, self.n, self.unit, self.method, confidence, missing)


def bradley_terry(
    games: Games,
    *,
    ties: Ties = "half",
    prior: float = 0.0,
    draws: int = 0,
    seed: int = 0,
    unit: str = "game",
) -> BradleyTerry:
    """Fit the strengths.

    Args:
        games: Their periods do not matter. Where they have groups, a bootstrap resamples whole groups.
        ties: ``half``: a tie is half a win for each. ``davidson``: ties have a probability of their own, larger between
            equals. ``drop``: they are left out and counted.
        prior: Drawn games against an average contestant that are added for each; 0 adds none. It pulls strengths together
            and gives even a contestant that won everything a finite one.
        draws: Bootstrap samples for the intervals; 0 takes them from Fisher information, games independent. Samples without
            a solution are left out and counted in ``method``.
        seed: Of the bootstrap.
        unit: What is resampled.

    Raises:
        InvalidInput: No games; too many contestants; without a prior, contestants that won or lost everything, or groups
            that never met: named; ``davidson`` where every game is a tie.
    """
    n = len(games.names)
    if n > MAX_CONTESTANTS:
        raise InvalidInput("Bradley-Terry", f"at most {MAX_CONTESTANTS:,} contestants", n)
    if prior < 0:
        raise InvalidInput("Bradley-Terry", "a prior of 0 or more games", prior, "prior")
    fit = _Fitting(n, _checked_ties(games, ties), prior)
    wins, drawn = games.tally()
    problems = separations(games.names, *fit.seen(wins, drawn))
    if problems and prior == 0:
        raise InvalidInput(
            "Bradley-Terry",
            "wins that link all contestants both ways, or a prior above 0 to hold their strengths together",
            "; ".join(problems),
        )
    theta, log_nu = fit.solve(wins, drawn)
    covariance = fit.covariance(wins, drawn, theta, log_nu)
    samples, said = _bootstrapped(fit, games, theta, draws, seed, unit) if draws else (None, "")
    dropped = int(drawn.sum()) // 2 if ties == "drop" else 0
    text = f"Bradley-Terry ({_WORDS[ties]}{f', prior {prior:g}' * (prior > 0)}), {said or 'Fisher information'}"
    nu = None if log_nu is None else float(np.exp(log_nu))
    return BradleyTerry(
        games.names, theta, covariance, len(games) - dropped, dropped, nu, ties, prior, problems, samples, unit, text
    )


_WORDS = {"half": "ties as half wins", "davidson": "ties after Davidson", "drop": "ties left out"}


def separations(names: Sequence[str], wins: Array, drawn: Array) -> tuple[str, ...]:
    """Why no largest likelihood exists, one sentence a reason; empty when it does.

    Args:
        names: The contestants.
        wins: Of each (row) over each (column).
        drawn: Draws, symmetric.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    beaten = csr_array((wins + drawn) > 0)
    parts, weak = connected_components(beaten, directed=True, connection="weak")
    if parts > 1:
        shown = [_listed(_named(names, weak == part)) for part in range(min(parts, 3))]
        more = f" and {parts - 3} more groups" if parts > 3 else ""
        return (f"no game links {' with '.join(shown)}{more}",)
    count, strong = connected_components(beaten, directed=True, connection="strong")
    if count == 1:
        return ()
    return tuple(_one_sided(names, strong, beaten.tocoo(), int(count)))


def _one_sided(names: Sequence[str], strong: NDArray[Any], beaten: Any, count: int) -> list[str]:
    """The groups that never lost to, or never beat, anybody outside."""
    crosses = strong[beaten.row] != strong[beaten.col]
    winning, losing = set(strong[beaten.row[crosses]].tolist()), set(strong[beaten.col[crosses]].tolist())
    groups = {part: _listed(_named(names, strong == part)) for part in range(count)}
    unbeaten = [f"nobody else took a game from {who}" for part, who in groups.items() if part not in losing]
    beaten_by_all = [
        f"{who} took no game from anybody else" for part, who in groups.items() if part in losing - winning
    ]
    said = [*unbeaten, *beaten_by_all]
    return said if len(said) <= _SENTENCES else [*said[:_SENTENCES], f"and {len(said) - _SENTENCES} more like these"]


def _named(names: Sequence[str], chosen: NDArray[np.bool_]) -> list[str]:
    return [name for name, picked in zip(names, chosen.tolist(), strict=True) if picked]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _checked_ties(games: Games, ties: Ties) -> Ties:
    if ties not in _WORDS:
        raise InvalidInput("ties", "'half', 'davidson' or 'drop'", ties)
    used = int((games.score != 0.5).sum()) if ties == "drop" else len(games)
    if not used:
        raise InvalidInput("Bradley-Terry", "at least one game", f"{len(games)}, all ties" if len(games) else "none")
    tied = games.score == 0.5
    if ties == "davidson" and tied.all():
        raise InvalidInput("Bradley-Terry", "at least one decided game for ties='davidson'", f"{len(games)} ties only")
    return ties


def _ranks(strengths: Array) -> NDArray[np.int64]:
    """Rank of each column in each row, 1 the strongest; equal ones by their order."""
    order = np.argsort(-strengths, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, strengths.shape[1] + 1)[None], axis=1)
    return ranks.astype(np.int64)


# ------------------------------------------------------------------------------------------------ the fit


@dataclass(frozen=True, slots=True)
class _Fitting:
    """Newton's method for one way of treating ties; all tables are contestants x contestants."""

    n: int
    ties: Ties
    prior: float

    def seen(self, wins: Array, drawn: Array) -> tuple[Array, Array]:
        """What counts as a win, and as a draw of its own."""
        if self.ties == "half":
            return wins + drawn / 2, np.zeros_like(drawn)
        return wins, drawn if self.ties == "davidson" else np.zeros_like(drawn)

    def solve(self, wins: Array, drawn: Array, start: Array | None = None) -> tuple[Array, float | None]:
        """Strengths, centred, and the log of Davidson's nu where it is fitted."""
        w, t = self.seen(wins, drawn)
        davidson = bool(t.any())
        x = np.zeros(self.n + davidson)
        if start is not None:
            x[: self.n] = start
        value, games = self._value(x, w, t), max(1.0, float(w.sum() + t.sum() / 2))
        for _ in range(_STEPS):
            gradient, information = self._slope(x, w, t)
            if float(np.abs(gradient).max()) <= _CLOSE * games:
                break
            x, value = self._climb(x, value, _solved(self._held(information), gradient), w, t)
        else:
            raise InvalidInput("Bradley-Terry", "strengths that stay finite; try a prior above 0", "no convergence")
        theta = x[: self.n] - x[: self.n].mean()
        return theta, float(x[-1]) if davidson else None

    def _climb(self, x: Array, value: float, step: Array, w: Array, t: Array) -> tuple[Array, float]:
        """Go along the step, halved until the likelihood grows (or the step is nothing)."""
        for _ in range(60):
            reached = self._value(x + step, w, t)
            if reached >= value or float(np.abs(step).max()) < 1e-12:
                return x + step, reached
            step = step / 2
        return x, value

    def covariance(self, wins: Array, drawn: Array, theta: Array, log_nu: float | None) -> Array:
        """Of the centred strengths."""
        w, t = self.seen(wins, drawn)
        x = theta if log_nu is None else np.append(theta, log_nu)
        whole = _solved(self._held(self._slope(x, w, t)[1]), np.eye(x.size))[: self.n, : self.n]
        across = whole.mean(axis=0)
        return np.asarray(whole - across[:, None] - across[None] + across.mean())

    def _held(self, information: Array) -> Array:
        """Information with the strengths' mean held, which no game says anything of."""
        held = information.copy()
        if self.prior == 0:
            held[: self.n, : self.n] += 1 / self.n
        return held

    def _value(self, x: Array, w: Array, t: Array) -> float:
        theta = x[: self.n]
        gap = theta[:, None] - theta[None]
        pull = self.prior * float((-np.logaddexp(0, theta) + theta / 2).sum())
        if x.size == self.n:
            return pull - float((w * np.logaddexp(0, -gap)).sum())
        total = np.logaddexp(np.logaddexp(gap / 2, -gap / 2), x[-1])
        return pull + float((w * (gap / 2 - total)).sum() + (t * (x[-1] - total)).sum() / 2)

    def _slope(self, x: Array, w: Array, t: Array) -> tuple[Array, Array]:
        """Gradient and information."""
        theta = x[: self.n]
        gap, met = theta[:, None] - theta[None], w + w.T + t
        total = np.logaddexp(gap / 2, -gap / 2)
        total = total if x.size == self.n else np.logaddexp(total, x[-1])
        won = np.exp(gap / 2 - total)
        tied = 1 - won - won.T if x.size > self.n else np.zeros_like(won)
        lead = (won - won.T) / 2
        gradient = (w + t / 2 - met * (won + tied / 2)).sum(axis=1)
        spread = met * ((won + won.T) / 4 - lead**2)
        information = np.diag(spread.sum(axis=1)) - spread
        if self.prior:
            half = 1 / (1 + np.exp(-theta))
            gradient += self.prior * (0.5 - half)
            information[np.diag_indices(self.n)] += self.prior * half * (1 - half)
        if x.size == self.n:
            return gradient, information
        cross = -(met * lead * tied).sum(axis=1)
        own = float((met * tied * (1 - tied)).sum()) / 2
        corner = np.block([[information, cross[:, None]], [cross[None], np.array([[own]])]])
        return np.append(gradient, float((t - met * tied).sum()) / 2), corner


def _solved(information: Array, right: Array) -> Array:
    try:
        return np.asarray(np.linalg.solve(information, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise InvalidInput("Bradley-Terry", "strengths that stay finite; try a prior above 0", "no solution") from None


# ------------------------------------------------------------------------------------------------ bootstrap


def _bootstrapped(fit: _Fitting, games: Games, theta: Array, draws: int, seed: int, unit: str) -> tuple[Array, str]:
    """Strengths of resampled games or groups, and how to say it; samples without a solution are left out."""
    codes = np.arange(len(games)) if games.group is None else games.group
    units = int(codes.max()) + 1
    text = f"percentile bootstrap over {unit}s ({draws} draws)"
    if units < 2:
        return np.empty((0, fit.n)), f"{text}, not defined for one {unit}"
    rng = generator(seed)
    found = [_sample(fit, games, theta, rng.multinomial(units, np.full(units, 1 / units))[codes]) for _ in range(draws)]
    kept = [one for one in found if one is not None]
    text += f", {len(kept)} of them with a solution" * (len(kept) < draws)
    return np.array(kept).reshape(-1, fit.n), text


def _sample(fit: _Fitting, games: Games, theta: Array, weight: NDArray[np.int64]) -> Array | None:
    wins, drawn = pair_counts(games, weight.astype(np.float64))
    w, t = fit.seen(wins, drawn)
    if not (w.any() and (fit.prior or not separations(games.names, w, t))):
        return None
    return fit.solve(wins, drawn, theta)[0]
