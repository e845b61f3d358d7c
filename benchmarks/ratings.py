"""How fast games become ratings: Glicko-2 over a million games, Bradley-Terry over a thousand contestants, plain loops beside.

    python benchmarks/ratings.py [--quick]

The plain loops are the textbook formulas, one game after the other in Python: Glickman's steps by period, and the MM iteration of
Bradley-Terry (Hunter 2004) until no strength moves by more than 1e-6. They run on fewer games where a million would take too long,
and the ratio is of games (for Bradley-Terry: of whole fits of the same games). One thread of linear algebra: on shared cores several wait
for each other, which makes Bradley-Terry three times as slow.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import Any

from figures import Figure, run_alone

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is first imported, below
CONTESTANTS = 1_000


def games(count: int, contestants: int, seed: int = 0) -> Any:
    """Random games of contestants whose strengths are normal, in periods of twelve games each."""
    import numpy as np

    from personarium.stats.ratings import games_of

    rng = np.random.default_rng(seed)
    strength = rng.normal(size=contestants)
    first = rng.integers(0, contestants, count)
    second = (first + rng.integers(1, contestants, count)) % contestants
    score = (rng.random(count) < 1 / (1 + np.exp(strength[second] - strength[first]))).astype(float)
    names = [str(k) for k in range(contestants)]
    return games_of(names, first, second, score, np.arange(count) // (contestants * 6))


def seconds(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall time, processor time and result."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def plain_glicko2(played: Any) -> list[float]:
    """Ratings by one loop over the games of each period."""
    n = len(played.names)
    mu, phi, sigma = [0.0] * n, [350 / 173.7178] * n, [0.06] * n
    rows: dict[int, list[tuple[int, int, float]]] = {}
    columns = (played.period.tolist(), played.first.tolist(), played.second.tolist(), played.score.tolist())
    for period, i, j, s in zip(*columns, strict=True):
        rows.setdefault(period, []).append((i, j, s))
    for period in sorted(rows):
        told, push = [0.0] * n, [0.0] * n
        for i, j, s in rows[period]:
            for who, other, score in ((i, j, s), (j, i, 1 - s)):
                g = 1 / math.sqrt(1 + 3 * phi[other] ** 2 / math.pi**2)
                e = 1 / (1 + math.exp(-g * (mu[who] - mu[other])))
                told[who] += g * g * e * (1 - e)
                push[who] += g * (score - e)
        for k in range(n):
            if told[k]:
                sigma[k] = _volatility(phi[k], sigma[k], 1 / told[k], push[k] / told[k])
            phi[k] = 1 / math.sqrt(1 / (phi[k] ** 2 + sigma[k] ** 2) + told[k])
            mu[k] += phi[k] ** 2 * push[k]
    return [1500 + 173.7178 * m for m in mu]


def _volatility(phi: float, sigma: float, v: float, delta: float, tau: float = 0.5) -> float:
    def f(x: float) -> float:
        e = math.exp(x)
        base = phi * phi + v
        return e * (delta * delta - base - e) / (2 * (base + e) ** 2) - (x - 2 * math.log(sigma)) / tau**2

    a, surplus = 2 * math.log(sigma), delta * delta - phi * phi - v
    b = math.log(surplus) if surplus > 0 else a - tau
    while surplus <= 0 and f(b) < 0:
        b -= tau
    fa, fb = f(a), f(b)
    while abs(b - a) > 1e-6:
        c = a + (a - b) * fa / (fb - fa)
        fc = f(c)
        a, fa = (b, fb) if fc * fb <= 0 else (a, fa / 2)
        b, fb = c, fc
    return math.exp(a / 2)


def plain_bradley_terry(played: Any) -> list[float]:
    """Log strengths by the MM iteration over the pairs that met."""
    n = len(played.names)
    met: dict[tuple[int, int], int] = {}
    wins = [0.0] * n
    for i, j, s in zip(played.first.tolist(), played.second.tolist(), played.score.tolist(), strict=True):
        met[min(i, j), max(i, j)] = met.get((min(i, j), max(i, j)), 0) + 1
        wins[i] += s
        wins[j] += 1 - s
    p = [1.0] * n
    while True:
        down = [0.0] * n
        for (i, j), count in met.items():
            share = count / (p[i] + p[j])
            down[i] += share
            down[j] += share
        new = [w / d for w, d in zip(wins, down, strict=True)]
        scale = math.exp(sum(map(math.log, new)) / n)
        new = [x / scale for x in new]
        moved = max(abs(math.log(x / y)) for x, y in zip(new, p, strict=True))
        p = new
        if moved < 1e-6:
            return [math.log(x) for x in p]


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    import numpy as np

    from personarium.stats.bradley_terry_model import bradley_terry
    from personarium.stats.glicko import glicko2
    from personarium.stats.ratings import elo

    count = 100_000 if quick else 1_000_000
    few = games(count // 10, CONTESTANTS)
    bradley_terry(games(2_000, 20))  # imports are not what is measured
    many = games(count, CONTESTANTS)
    rated, rated_cpu, _ = seconds(lambda: glicko2(many))
    fitted, fitted_cpu, fit = seconds(lambda: bradley_terry(many))
    in_order, _, _ = seconds(lambda: elo(many))
    loop, _, ratings = seconds(lambda: plain_glicko2(few))
    small = games(200_000, 300)
    ours, _, mine = seconds(lambda: bradley_terry(small))
    theirs, _, strengths = seconds(lambda: plain_bradley_terry(small))
    if np.abs(glicko2(few).rating - ratings).max() > 0.01 or np.abs(mine.strength - strengths).max() > 1e-3:
        raise RuntimeError("the plain loop and the engine do not agree")
    if fit.covariance.shape != (CONTESTANTS, CONTESTANTS):
        raise RuntimeError("the fit has no covariance of all contestants")
    return [
        Figure(
            f"Glicko-2, {count:,} games, {CONTESTANTS:,} contestants",
            rated, "s", 10, at_most=True, note=f"{int(many.period.max()) + 1} periods; {rated_cpu:.2f} s of processor time",
        ),
        Figure(
            f"Bradley-Terry, {CONTESTANTS:,} contestants, {count:,} games, with intervals",
            fitted, "s", 10, at_most=True, note=f"Newton, covariance of all strengths; {fitted_cpu:.2f} s of processor time",
        ),
        Figure("both together", rated + fitted, "s", 10, at_most=True),
        Figure("Elo, game by game", in_order, "s", note="the order of games is its definition"),
        Figure("Glicko-2 against a plain loop, games a second", (count / rated) / (len(few) / loop), "x"),
        Figure("Bradley-Terry against a plain MM loop, the same games", theirs / ours, "x", note="300 contestants, 200,000 games"),
    ]  # fmt: skip


if __name__ == "__main__":
    run_alone(measure, "Rating systems: Glicko-2, Bradley-Terry, Elo.")
