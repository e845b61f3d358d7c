"""From judgement rows to games, and from games to ratings: Glicko-2, a Bradley-Terry fit beside it, the raw pair matrix.

Both orders of one pair are one game: what both say, and a tie where they disagree. Each dimension has its games, and ``total`` has
one game a pair and context, won in most of the dimensions.

Source: LLM Prompt Evaluation for Educational Applications (arXiv 2601.16134); page prompt-tournament, steps 3 to 7.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from personarium.core.results import Estimate
from personarium.judges.layouts import Winner
from personarium.judges.verdicts import Order, Preference, preference_of
from personarium.measure.prompt_tournament.judgements import Judgement
from personarium.stats.arrays import Array
from personarium.stats.bradley_terry_model import BradleyTerry, bradley_terry, separations
from personarium.stats.glicko import GLICKO2, Glicko2Config, Ratings, glicko2
from personarium.stats.ratings import Games, elo_over_orders, games_of

TOTAL = "total"
HELD = 1.0  # drawn games against an average contestant that hold strengths together where the games alone cannot
ORDERS = 100  # of the games, for Elo
_SCORE: dict[Winner, float] = {"A": 1.0, "tie": 0.5, "B": 0.0}


@dataclass(frozen=True, slots=True)
class Game:
    """What one judge made of one pair over one context in one dimension.

    Args:
        context_id: The context.
        judge_id: The judge.
        dimension: The dimension, or ``total``.
        a: The contestant that comes first in the alphabet.
        b: The other.
        period: The rating period.
        said: What was said in each order; its winner is the game's, None where there is none.
        asked: Whether a judge saw the pair.
    """

    context_id: str
    judge_id: str
    dimension: str
    a: str
    b: str
    period: int
    said: Preference
    asked: bool = True

    @property
    def winner(self) -> Winner | None:
        """``A``, ``B``, ``tie`` or None."""
        return self.said.winner

    @property
    def score(self) -> float | None:
        """Of ``a``: 1, 0.5, 0; None without a verdict."""
        return None if self.said.winner is None else _SCORE[self.said.winner]


def games_from(rows: Iterable[Judgement]) -> list[Game]:
    """Put the orders of each question together; games come sorted, whatever the order of the rows."""
    found: dict[tuple[int, str, str, str, str, str], list[Judgement]] = {}
    for row in rows:
        a, b = sorted((row.left, row.right))
        found.setdefault((row.period, row.context_id, a, b, row.dimension, row.judge_id), []).append(row)
    return [_game(key, found[key]) for key in sorted(found)]


def _game(key: tuple[int, str, str, str, str, str], rows: Sequence[Judgement]) -> Game:
    period, context, a, b, dimension, judge = key
    shown = [_order(a, [row for row in rows if (row.left == a) is first], first) for first in (True, False)]
    orders = [order for order in shown if order.verdicts]
    gaps = [row.as_failure() for row in rows if row.winner is None]
    return Game(context, judge, dimension, a, b, period, preference_of(orders, gaps), all(row.asked for row in rows))


def _order(a: str, rows: Sequence[Judgement], first: bool) -> Order:
    said: list[Winner | None] = []
    for row in rows:
        winner = row.left if row.winner == "left" else row.right
        said.append(None if row.winner is None else "tie" if row.winner == "tie" else "A" if winner == a else "B")
    return Order("AB" if first else "BA", tuple(said))


def with_totals(games: Sequence[Game], dimensions: Sequence[str]) -> list[Game]:
    """Add the ``total`` games: the majority of the dimensions, a tie where none leads.

    A dimension without a verdict leaves the total without one, unless those that are there decide it whatever it would have said.

    Args:
        games: Of the dimensions.
        dimensions: All of them; a study of one dimension has that one as its total.
    """
    together: dict[tuple[int, str, str, str, str], list[Game]] = {}
    for game in games:
        if game.dimension != TOTAL:
            key = (game.period, game.context_id, game.a, game.b, game.judge_id)
            together.setdefault(key, []).append(game)
    totals = [_total(parts, len(dimensions)) for parts in together.values()]
    return [*games, *totals]


def _total(parts: Sequence[Game], dimensions: int) -> Game:
    one = parts[0]
    counts = Counter(part.winner for part in parts)
    lead, silent = counts["A"] - counts["B"], dimensions - len(parts) + counts[None]
    winner: Winner | None = "tie" if lead == 0 else "A" if lead > 0 else "B"
    if silent and abs(lead) <= silent:
        winner = None
    said = Preference(winner, (Order("AB", (winner,)),))
    asked = all(part.asked for part in parts)
    return Game(one.context_id, one.judge_id, TOTAL, one.a, one.b, one.period, said, asked)


def as_games(games: Iterable[Game], contestants: Sequence[str], dimension: str = TOTAL) -> Games:
    """The decided and drawn games of one dimension for the rating systems; contexts are the groups."""
    kept = [(game, game.score) for game in games if game.dimension == dimension and game.score is not None]
    return games_of(
        contestants,
        [game.a for game, _ in kept],
        [game.b for game, _ in kept],
        [score for _, score in kept],
        [game.period for game, _ in kept],
        [game.context_id for game, _ in kept],
    )


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The ratings of one dimension.

    Args:
        dimension: Its name, or ``total``.
        contestants: All of them.
        glicko: Glicko-2.
        strengths: Bradley-Terry over all games, intervals by bootstrap over contexts; None without games.
        elo: Elo over random orders of the games, which shows how far order alone moves it; empty without games.
        pairs: Points of each (row) against each (column), a tie half a point.
        met: How often the two met.
        results: Wins, losses and ties of each.
        games: How many games.
    """

    dimension: str
    contestants: tuple[str, ...]
    glicko: Ratings
    strengths: BradleyTerry | None
    elo: Mapping[str, Estimate]
    pairs: Array
    met: Array
    results: tuple[tuple[int, int, int], ...]
    games: int

    @property
    def ties_only(self) -> bool:
        """Whether there are games and all of them are ties."""
        return self.games > 0 and not any(won for won, _, _ in self.results)

    @property
    def order(self) -> list[str]:
        """The contestants, the highest rated first."""
        rated = dict(zip(self.contestants, self.glicko.rating.tolist(), strict=True))
        return sorted(self.contestants, key=lambda name: (-rated[name], name))


def table_of(
    games: Games, dimension: str = TOTAL, config: Glicko2Config = GLICKO2, draws: int = 500, seed: int = 0
) -> Table:
    """Rate the games of one dimension.

    Where no Bradley-Terry solution exists (somebody won everything, groups never met) every contestant gets one drawn game
    against an average one, and the fit says so.

    Args:
        games: From :func:`as_games`.
        dimension: Its name.
        config: The constants of Glicko-2.
        draws: Bootstrap samples over contexts.
        seed: Of the bootstrap.
    """
    wins, drawn = games.tally()
    strengths = None
    if len(games):
        held = HELD if separations(games.names, wins + drawn / 2, np.zeros_like(drawn)) else 0.0
        strengths = bradley_terry(games, prior=held, draws=draws, seed=seed, unit="context")
    won, lost, tied = (counts.astype(int).tolist() for counts in (wins.sum(1), wins.sum(0), drawn.sum(1)))
    return Table(
        dimension,
        games.names,
        glicko2(games, config),
        strengths,
        elo_over_orders(games, orders=ORDERS, seed=seed) if len(games) else {},
        wins + drawn / 2,
        wins + wins.T + drawn,
        tuple(zip(won, lost, tied, strict=True)),
        len(games),
    )
