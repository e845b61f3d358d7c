"""Rating systems against plain loops and closed forms; what cannot be rated is refused by name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.stats.bradley_terry_model import bradley_terry, separations
from personarium.stats.glicko import (
    Glicko2Config,
    Ratings,
    deviation_floor,
    expected_information,
    glicko2,
    informative_pairs,
    newcomers,
)
from personarium.stats.ratings import Games, elo, elo_over_orders, games_of

ABC = ("a", "b", "c")


def some_games(seed: int, n: int = 60, contestants: int = 5, ties: bool = True) -> Games:
    """Random games of contestants of strengths 0, .5, 1, ...; three periods, groups of four games."""
    rng = np.random.default_rng(seed)
    names = [f"p{k}" for k in range(contestants)]
    first = rng.integers(0, contestants, n)
    second = (first + rng.integers(1, contestants, n)) % contestants
    p = 1 / (1 + np.exp((second - first) / 2))
    score = (rng.random(n) < p).astype(float)
    if ties:
        score[rng.random(n) < 0.2] = 0.5
    return games_of(names, first, second, score, rng.integers(0, 3, n), np.arange(n) // 4)


# --- Glicko-2 beside a plain loop of Glickman's steps ---


def plain_glicko2(games: Games, tau: float = 0.5) -> list[tuple[float, float, float]]:
    """One contestant after the other, one game after the other, bisection in place of Illinois."""
    players = [(1500.0, 350.0, 0.06) for _ in games.names]
    for period in sorted(set(games.period.tolist())):
        players = [plain_period(k, players, games, period, tau) for k in range(len(players))]
    return players


def plain_period(
    k: int, players: list[tuple[float, float, float]], games: Games, period: int, tau: float
) -> tuple[float, float, float]:
    mu, phi, sigma = (players[k][0] - 1500) / 173.7178, players[k][1] / 173.7178, players[k][2]
    met = []
    for i, j, s, p in zip(games.first, games.second, games.score, games.period, strict=True):
        if p == period and k in (i, j):
            met.append((int(j if k == i else i), float(s if k == i else 1 - s)))
    if not met:
        return players[k][0], 173.7178 * math.hypot(phi, sigma), sigma
    information = push = 0.0
    for other, score in met:
        g = 1 / math.sqrt(1 + 3 * (players[other][1] / 173.7178) ** 2 / math.pi**2)
        e = 1 / (1 + math.exp(-g * (mu - (players[other][0] - 1500) / 173.7178)))
        information += g * g * e * (1 - e)
        push += g * (score - e)
    v = 1 / information
    sigma = plain_volatility(phi, sigma, v, v * push, tau)
    after = 1 / math.sqrt(1 / (phi**2 + sigma**2) + information)
    return 173.7178 * (mu + after**2 * push) + 1500, 173.7178 * after, sigma


def plain_volatility(phi: float, sigma: float, v: float, delta: float, tau: float) -> float:
    def f(x: float) -> float:
        e = math.exp(x)
        return e * (delta**2 - phi**2 - v - e) / (2 * (phi**2 + v + e) ** 2) - (x - 2 * math.log(sigma)) / tau**2

    low, high = -60.0, 20.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) > 0 else (low, middle)
    return math.exp(low / 2)


@pytest.mark.parametrize("seed", range(4))
def test_glicko2_is_the_plain_loop(seed: int) -> None:
    games = some_games(seed)
    found = glicko2(games)
    for k, (rating, rd, sigma) in enumerate(plain_glicko2(games)):
        assert found.rating[k] == pytest.approx(rating, abs=1e-4)
        assert found.rd[k] == pytest.approx(rd, abs=1e-4)
        assert found.volatility[k] == pytest.approx(sigma, abs=1e-7)


def test_glicko2_goes_on_from_ratings() -> None:
    games = some_games(1)
    parts = [games.period == p for p in range(3)]
    state = newcomers(games.names)
    for rows in parts:
        state = glicko2(games_of(games.names, games.first[rows], games.second[rows], games.score[rows]), start=state)
    assert np.allclose(state.rating, glicko2(games).rating)
    assert state.games.sum() == 2 * len(games)


def test_intervals_are_rating_and_deviation() -> None:
    found = newcomers(("a",)).estimates()["a"]
    assert found.lo == pytest.approx(1500 - 1.959964 * 350, abs=1e-3)
    assert found.hi == pytest.approx(1500 + 1.959964 * 350, abs=1e-3)


def test_a_sure_result_of_an_absurd_gap_changes_nothing_and_breaks_nothing() -> None:
    start = Ratings(("a", "b"), np.array([1e6, -1e6]), np.full(2, 30.0), np.full(2, 0.06), np.zeros(2, dtype=np.int64))
    after = glicko2(games_of(("a", "b"), ["a"], ["b"], [1]), start=start)
    assert after.rating.tolist() == [1e6, -1e6]
    assert np.isfinite(after.rd).all()


@pytest.mark.parametrize("wrong", [{"tau": 0.1}, {"tau": 1.3}, {"rd": 0}, {"volatility": -1.0}, {"rating": math.inf}])
def test_constants_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        Glicko2Config(**wrong)


def test_ratings_of_others_are_refused() -> None:
    with pytest.raises(InvalidInput, match="same contestants"):
        glicko2(some_games(0), start=newcomers(ABC))


def test_deviation_does_not_fall_below_its_floor() -> None:
    n, periods = 7, 300
    first, second = zip(*[(i, j) for i in range(n) for j in range(i)], strict=True)
    drawn = games_of(
        [str(k) for k in range(n)],
        first * periods,
        second * periods,
        [0.5] * (len(first) * periods),
        np.repeat(np.arange(periods), len(first)),
    )
    assert deviation_floor(n - 1) == pytest.approx(float(glicko2(drawn).rd.mean()), rel=0.05)
    assert deviation_floor(0) == 350


# --- information ---


def test_information_falls_with_the_gap_and_grows_with_doubt() -> None:
    gaps = expected_information(np.array([0.0, 1.0, 3.0]), np.full(3, 0.5))
    spreads = expected_information(np.zeros(3), np.array([0.1, 0.5, 2.0]))
    assert list(gaps) == sorted(gaps, reverse=True)
    assert list(spreads) == sorted(spreads)
    assert expected_information(np.zeros(1), np.zeros(1))[0] == pytest.approx(0, abs=1e-12)
    assert spreads[2] < 1


def test_informative_pairs_spread_and_respect_what_is_left() -> None:
    equal = newcomers(tuple("abcdef"))
    assert sorted(k for pair in informative_pairs(equal, 3) for k in pair) == [0, 1, 2, 3, 4, 5]
    left = np.zeros((6, 6), dtype=np.int64)
    left[1, 4] = left[4, 1] = 2
    assert informative_pairs(equal, 10, left) == [(1, 4), (1, 4)]
    assert informative_pairs(equal, 5, seed=1) != informative_pairs(equal, 5, seed=2)


# --- Elo ---


def test_elo_of_one_game_and_of_another_order() -> None:
    assert elo(games_of(("a", "b"), ["a"], ["b"], [1])).tolist() == [1516, 1484]
    there = elo(games_of(ABC, ["a", "b"], ["b", "c"], [1, 1]))
    back = elo(games_of(ABC, ["b", "a"], ["c", "b"], [1, 1]))
    assert there.tolist() != back.tolist()
    by_period = [elo(games_of(ABC, *columns), per="period") for columns in (
        (["a", "b"], ["b", "c"], [1, 1]), (["b", "a"], ["c", "b"], [1, 1]),
    )]  # fmt: skip
    assert by_period[0].tolist() == by_period[1].tolist() == [1516, 1500, 1484]


def test_elo_over_orders_shows_what_order_does() -> None:
    games = some_games(2, 200)
    found = elo_over_orders(games, orders=50)
    ratings = elo(games)
    for k, name in enumerate(games.names):
        e = found[name]
        assert e.lo is not None and e.hi is not None and e.value is not None
        assert e.lo < e.value < e.hi
        assert e.lo - 60 < ratings[k] < e.hi + 60
    assert sum(e.value or 0 for e in found.values()) == pytest.approx(7500, abs=60)
    assert elo_over_orders(games, orders=50) == found


# --- Bradley-Terry ---


def test_two_contestants_have_a_closed_form() -> None:
    games = games_of(("a", "b"), ["a"] * 40, ["b"] * 40, [1] * 30 + [0] * 10)
    found = bradley_terry(games)
    assert found.strength[0] - found.strength[1] == pytest.approx(math.log(3), abs=1e-7)
    gap = found.difference("a", "b")
    assert gap.value == pytest.approx(173.7178 * math.log(3), abs=1e-4)
    half = 1.959964 * 173.7178 / math.sqrt(40 * 0.75 * 0.25)
    assert gap.lo == pytest.approx((gap.value or 0) - half, abs=1e-3)
    assert found.win_probability()[0, 1] == pytest.approx(0.75)


def test_davidson_has_a_closed_form_for_two() -> None:
    games = games_of(("a", "b"), ["a"] * 60, ["b"] * 60, [1] * 32 + [0] * 8 + [0.5] * 20)
    found = bradley_terry(games, ties="davidson")
    assert found.strength[0] - found.strength[1] == pytest.approx(math.log(32 / 8), abs=1e-6)
    assert found.tie == pytest.approx(20 / math.sqrt(32 * 8), abs=1e-6)
    halves = bradley_terry(games, ties="half")
    assert halves.strength[0] - halves.strength[1] == pytest.approx(math.log(42 / 18), abs=1e-7)
    assert halves.tie is None
    dropped = bradley_terry(games, ties="drop")
    assert (dropped.n, dropped.dropped) == (40, 20)
    assert dropped.estimates()["a"].failures == {"dropped ties": 20}


@pytest.mark.parametrize("seed", range(3))
def test_newton_is_the_plain_mm_iteration(seed: int) -> None:
    games = some_games(seed, 200, ties=False)
    wins, _ = games.tally()
    n = len(games.names)
    strength = [1.0] * n
    for _ in range(3000):
        new = []
        for i in range(n):
            down = sum((wins[i, j] + wins[j, i]) / (strength[i] + strength[j]) for j in range(n) if j != i)
            new.append(float(wins[i].sum()) / down)
        strength = [x / math.exp(sum(map(math.log, new)) / n) for x in new]
    assert np.allclose(bradley_terry(games).strength, np.log(strength), atol=1e-6)


def test_davidson_reaches_the_top_of_its_likelihood() -> None:
    games = some_games(4, 300)
    found = bradley_terry(games, ties="davidson")
    assert found.tie is not None

    def likelihood(theta: np.ndarray, nu: float) -> float:
        gap = theta[games.first] - theta[games.second]
        total = np.exp(gap / 2) + np.exp(-gap / 2) + nu
        parts = np.where(games.score == 1, np.exp(gap / 2), np.where(games.score == 0, np.exp(-gap / 2), nu))
        return float(np.log(parts / total).sum())

    best = likelihood(found.strength, found.tie)
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert likelihood(found.strength + rng.normal(0, 0.02, 5), found.tie * math.exp(rng.normal(0, 0.05))) <= best


def test_intervals_cover() -> None:
    hit = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        first = rng.integers(0, 4, 150)
        second = (first + rng.integers(1, 4, 150)) % 4
        score = (rng.random(150) < 1 / (1 + np.exp((second - first) / 3))).astype(float)
        gap = bradley_terry(games_of(list("abcd"), first, second, score)).difference("d", "a")
        assert gap.lo is not None and gap.hi is not None
        hit += gap.lo <= 173.7178 <= gap.hi
    assert 53 <= hit <= 60


def test_bootstrap_over_groups_is_wider_where_groups_repeat_themselves() -> None:
    rng = np.random.default_rng(0)
    once = (rng.random(30) < 0.6).astype(float)
    copied = np.repeat(once, 20)
    games = games_of(("a", "b"), ["a"] * 600, ["b"] * 600, copied, group=np.repeat(np.arange(30), 20))
    by_group = bradley_terry(games, draws=300, unit="context").difference("a", "b")
    plain = bradley_terry(games).difference("a", "b")
    width = [(e.hi or 0) - (e.lo or 0) for e in (by_group, plain)]
    assert width[0] > 3.5 * width[1]
    assert "bootstrap over contexts (300 draws)" in by_group.method


def test_ranks_have_intervals() -> None:
    found = bradley_terry(some_games(0, 400, ties=False), draws=100, unit="context").ranks()
    assert found["p4"][0] == 1
    assert found["p0"][0] == 5
    assert all(lo <= place <= hi for place, lo, hi in found.values())
    with pytest.raises(InvalidInput, match="draws > 0"):
        bradley_terry(some_games(0)).ranks()


@pytest.mark.parametrize(
    ("first", "second", "score", "says"),
    [
        ("aab", "bcc", [1, 1, 1], "nobody else took a game from a; c took no game from anybody else"),
        ("abc", "bca", [1, 1, 1], ""),
        ("ab", "ba", [1, 1], "no game links a, b with c"),
        ("aab", "bca", [1, 1, 1], "nobody else took a game from a, b; c took no game from anybody else"),
    ],
)
def test_who_cannot_be_placed_is_named(first: str, second: str, score: list[int], says: str) -> None:
    games = games_of(ABC, list(first), list(second), score)
    assert "; ".join(separations(ABC, *games.tally())) == says
    if says:
        with pytest.raises(InvalidInput, match=says.split(";")[0]):
            bradley_terry(games)
    held = bradley_terry(games, prior=1)
    assert np.isfinite(held.strength).all()
    assert "; ".join(held.separations) == says


def test_a_prior_pulls_together() -> None:
    games = games_of(("a", "b"), ["a"] * 5, ["b"] * 5, [1] * 5)
    gaps = [bradley_terry(games, prior=prior).difference("a", "b").value or 0 for prior in (0.1, 1, 10)]
    assert gaps[0] > gaps[1] > gaps[2] > 0


def test_ties_only() -> None:
    games = games_of(ABC, ["a", "b", "c"], ["b", "c", "a"], [0.5] * 3)
    assert bradley_terry(games).strength.tolist() == pytest.approx([0, 0, 0])
    for ties in ("davidson", "drop"):
        with pytest.raises(InvalidInput, match="ties"):
            bradley_terry(games, ties=ties)  # type: ignore[arg-type]


def test_samples_without_a_solution_are_left_out_and_counted() -> None:
    games = games_of(("a", "b"), ["a"] * 6, ["b"] * 6, [1, 1, 1, 1, 1, 0])
    found = bradley_terry(games, draws=200)
    assert found.draws is not None
    assert len(found.draws) < 200
    assert f"{len(found.draws)} of them with a solution" in found.method


@pytest.mark.parametrize(
    ("names", "first", "second", "score", "says"),
    [
        (("a", "a"), ["a"], ["a"], [1], "all different"),
        (("a", "b"), ["a"], ["a"], [1], "game 0.*two different"),
        (("a", "b"), ["a", "a"], ["b", "x"], [1, 1], "game 1.*a contestant among a, b"),
        (("a", "b"), ["a"], ["b"], [0.7], "game 0.*0, 0.5 or 1"),
        (("a", "b"), ["a"], ["b"], [float("nan")], "0, 0.5 or 1"),
        (("a", "b"), [0], [2], [1], "a place from 0 to 1"),
        (("a", "b"), ["a", "b"], ["b"], [1], "one length"),
    ],
)
def test_wrong_games_are_refused(
    names: tuple[str, ...], first: list[str], second: list[str], score: list[float], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        games_of(names, first, second, score)


def test_no_games() -> None:
    empty = games_of(ABC, [], [], [])
    assert glicko2(empty).rating.tolist() == [1500, 1500, 1500]
    assert elo(empty).tolist() == [1500, 1500, 1500]
    with pytest.raises(InvalidInput, match="at least one game"):
        bradley_terry(empty)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(1, 4), st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 3)),
        min_size=1,
        max_size=60,
    )
)
def test_any_games_give_finite_ratings_in_any_order(rows: list[tuple[int, int, float, int]]) -> None:
    first = [i for i, _, _, _ in rows]
    second = [(i + step) % 5 for i, step, _, _ in rows]
    games = games_of(list("vwxyz"), first, second, [s for _, _, s, _ in rows], [p for _, _, _, p in rows])
    turned = games_of(
        list("vwxyz"), second[::-1], first[::-1], [1 - s for _, _, s, _ in rows][::-1], [p for _, _, _, p in rows][::-1]
    )
    found = glicko2(games)
    assert np.isfinite([found.rating, found.rd, found.volatility]).all()
    assert np.allclose(found.rating, glicko2(turned).rating, atol=1e-9, rtol=0)
    assert np.isfinite(bradley_terry(games, prior=1).strength).all()
