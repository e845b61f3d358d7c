"""The outcome of a tournament: standings with intervals, who beats whom, and what speaks against it.

Source: LLM Prompt Evaluation for Educational Applications (arXiv 2601.16134); page prompt-tournament, steps 5 to 7 and "Traps".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate, Failure, count_failures
from personarium.measure.prompt_tournament.checks import (
    JudgeCheck,
    LengthCheck,
    check_judges,
    check_length,
    judge_agreement,
    named_in_texts,
)
from personarium.measure.prompt_tournament.config import TournamentConfig
from personarium.measure.prompt_tournament.judgements import Judgement
from personarium.measure.prompt_tournament.rating import TOTAL, Table, as_games, games_from, table_of, with_totals

EQUAL = 1e-6  # points; ratings no further apart are equal


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one contestant stands.

    Args:
        contestant: Its name.
        rank: By rating, 1 the best; equal ratings share one.
        rank_interval: Ranks it has in 95 % of the bootstrap samples over contexts; None without any.
        rating: Glicko-2, +- 1.96 RD.
        rd: Rating deviation.
        volatility: Of Glicko-2.
        strength: Bradley-Terry on the same scale, bootstrap over contexts; None without games.
        elo: Median over random orders of the games, with the spread that order alone makes; None without games.
        wins: Games won; a tie is neither won nor lost.
        losses: Games lost.
        ties: Ties.
        missing: Answers that could not be had, by kind.
    """

    contestant: str
    rank: int
    rank_interval: tuple[int, int] | None
    rating: Estimate
    rd: float
    volatility: float
    strength: Estimate | None
    elo: Estimate | None
    wins: int
    losses: int
    ties: int
    missing: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        names = ("contestant", "rank", "rd", "volatility", "wins", "losses", "ties")
        return {
            **{name: getattr(self, name) for name in names},
            "rank_interval": None if self.rank_interval is None else list(self.rank_interval),
            "rating": self.rating.as_dict(),
            "strength": None if self.strength is None else self.strength.as_dict(),
            "elo": None if self.elo is None else self.elo.as_dict(),
            "missing": dict(self.missing),
        }


@dataclass(frozen=True)
class TournamentResult:
    """A rated tournament; made by :func:`rate_judgements`.

    Args:
        config: The constants.
        tables: ``total`` first, then each dimension.
        standings: By the total, the best first.
        judges: What is known of each judge.
        agreement: Krippendorff's alpha of the judges, by table.
        length: Whether longer answers win; None where the texts are not known.
        named: Contestants whose answers hold their own name, and how many of them.
        lost: Answers that could not be had.
        judgements: All rows.
        texts: (context, contestant) -> answer, where they are known.
        duels: Pairs of answers that were judged.
        unasked: Games between identical answers, which nobody was asked about.
        contexts: How many contexts were played.
        stopped: Why the play ended.
    """

    config: TournamentConfig
    tables: Mapping[str, Table]
    standings: tuple[Standing, ...]
    judges: tuple[JudgeCheck, ...]
    agreement: Mapping[str, Estimate]
    length: LengthCheck | None
    named: Mapping[str, int]
    lost: Mapping[tuple[str, str], Failure]
    judgements: tuple[Judgement, ...]
    texts: Mapping[tuple[str, str], str]
    duels: int
    unasked: int
    contexts: int
    stopped: str = ""

    @property
    def total(self) -> Table:
        """The table of the total."""
        return self.tables[TOTAL]

    @property
    def failures(self) -> list[Failure]:
        """Answers and verdicts that could not be had."""
        return [*self.lost.values(), *(row.as_failure() for row in self.judgements if row.winner is None)]

    @property
    def lead(self) -> Estimate | None:
        """By how many points the first is ahead of the second; Bradley-Terry, bootstrap over contexts."""
        fit = self.total.strengths
        if fit is None or len(self.standings) < 2:
            return None
        return fit.difference(self.standings[0].contestant, self.standings[1].contestant)

    def win_probability(self) -> list[list[float | None]]:
        """Of each contestant (row) over each (column), in the order of the standings.

        None on the diagonal, and for who met nobody.
        """
        order = [self.total.contestants.index(s.contestant) for s in self.standings]
        p, played = self.total.glicko.win_probability(self.config.win_form), self.total.glicko.games > 0
        return [[float(p[i, j]) if i != j and played[i] and played[j] else None for j in order] for i in order]

    def raw_pairs(self) -> list[list[tuple[float, int]]]:
        """Points and games of each (row) against each (column), in the order of the standings; ties half a point."""
        order = [self.total.contestants.index(s.contestant) for s in self.standings]
        return [[(float(self.total.pairs[i, j]), int(self.total.met[i, j])) for j in order] for i in order]

    def circles(self) -> list[tuple[str, str, str]]:
        """Triples of which each beats the next in most of their games: what no ranking can tell."""
        names = [s.contestant for s in self.standings]
        pairs = self.raw_pairs()
        n = range(len(names))
        beats = [[pairs[i][j][0] * 2 > pairs[i][j][1] for j in n] for i in n]
        return [
            (names[i], names[j], names[k])
            for i in n
            for j in n
            if beats[i][j]
            for k in n
            if beats[j][k] and beats[k][i] and i < min(j, k)
        ]

    def notes(self) -> list[str]:
        """What a reader must know, the gravest first."""
        from personarium.measure.prompt_tournament.notes import notes_on

        return notes_on(self)

    def as_dict(self) -> dict[str, Any]:
        """``ratings.json``: everything but the judgements and the texts."""
        probabilities = self.win_probability()
        return {
            "standings": [s.as_dict() for s in self.standings],
            "order": [s.contestant for s in self.standings],
            "win_probability": probabilities,
            "pairs": [[list(cell) for cell in row] for row in self.raw_pairs()],
            "lead": None if self.lead is None else self.lead.as_dict(),
            "dimensions": {
                name: {who: e.as_dict() for who, e in table.glicko.estimates().items()}
                for name, table in self.tables.items()
            },
            "judges": [judge.as_dict() for judge in self.judges],
            "agreement": {name: e.as_dict() for name, e in self.agreement.items()},
            "length": None if self.length is None else self.length.as_dict(),
            "circles": [list(three) for three in self.circles()[:50]],
            "failures": count_failures(self.failures),
            "duels": self.duels,
            "games": self.total.games,
            "judgements": len(self.judgements),
            "unasked": self.unasked,
            "contexts": self.contexts,
            "stopped": self.stopped,
            "notes": self.notes(),
        }

    def rows(self) -> list[dict[str, Any]]:
        """One row a contestant and one a judge, JSON-ready; a judge's failures are its missing verdicts."""
        players = [
            {
                "id": f"contestant/{s.contestant}",
                "rank": s.rank,
                "rating": s.rating.value,
                "rd": s.rd,
                "volatility": s.volatility,
                "strength": None if s.strength is None else s.strength.value,
                "wins": s.wins,
                "losses": s.losses,
                "ties": s.ties,
                "failures": dict(s.missing),
            }
            for s in self.standings
        ]
        judges = [
            {
                "id": f"judge/{j.judge}",
                "asked": j.asked,
                "left_share": j.side.left.value,
                "consistent": j.consistent.value,
                "failures": dict(j.failures),
            }
            for j in self.judges
        ]
        return [*players, *judges]


def rate_judgements(
    rows: Sequence[Judgement],
    contestants: Sequence[str],
    *,
    config: TournamentConfig,
    texts: Mapping[tuple[str, str], str] | None = None,
    lost: Mapping[tuple[str, str], Failure] | None = None,
    stopped: str = "",
) -> TournamentResult:
    """Rate what was judged, whoever judged it.

    Args:
        rows: The judgements; their order does not matter.
        contestants: All of them, also those without a game.
        config: The constants; its dimensions are those of the rows.
        texts: (context, contestant) -> answer, for the checks that need them.
        lost: Answers that could not be had.
        stopped: Why the play ended.

    Raises:
        InvalidInput: A row of a dimension that the configuration does not have, or of an unknown contestant.
    """
    _check(rows, contestants, config)
    games = with_totals(games_from(rows), config.dimension_names)
    names = [TOTAL, *(config.dimension_names if len(config.dimensions) > 1 else ())]
    tables = {
        name: table_of(as_games(games, contestants, name), name, config.glicko, config.draws, config.seed)
        for name in names
    }
    gone = dict(lost or {})
    return TournamentResult(
        config,
        tables,
        _standings(tables[TOTAL], gone),
        tuple(check_judges(rows, [game for game in games if game.dimension != TOTAL])),
        {name: judge_agreement(games, name, seed=config.seed) for name in names},
        None if texts is None else check_length(games, texts, contestants),
        {} if texts is None else named_in_texts(texts, contestants),
        gone,
        tuple(rows),
        dict(texts or {}),
        len({(game.context_id, game.a, game.b) for game in games}),
        sum(not game.asked for game in games if game.dimension == TOTAL),
        len({game.context_id for game in games}),
        stopped,
    )


def _check(rows: Sequence[Judgement], contestants: Sequence[str], config: TournamentConfig) -> None:
    known, dimensions = set(contestants), set(config.dimension_names)
    for number, row in enumerate(rows, 1):
        if row.dimension not in dimensions | {TOTAL}:
            raise InvalidInput(
                f"judgement {number}", f"a dimension among {', '.join(sorted(dimensions))}", row.dimension, "dimension"
            )
        for side, who in (("left", row.left), ("right", row.right)):
            if who not in known:
                raise InvalidInput(f"judgement {number}", f"a contestant among {', '.join(sorted(known))}", who, side)


def _standings(table: Table, lost: Mapping[tuple[str, str], Failure]) -> tuple[Standing, ...]:
    ratings, places = table.glicko.estimates(), {name: k for k, name in enumerate(table.contestants)}
    strengths = {} if table.strengths is None else table.strengths.estimates()
    ranks = {} if table.strengths is None else table.strengths.ranks()
    missing = {who: Counter(f.kind for (_, name), f in lost.items() if name == who) for who in table.contestants}
    found = []
    for who in table.order:
        k = places[who]
        rank = 1 + int((table.glicko.rating > table.glicko.rating[k] + EQUAL).sum())
        within = ranks.get(who)
        found.append(
            Standing(
                who,
                rank,
                None if within is None or table.ties_only else (within[1], within[2]),
                ratings[who],
                float(table.glicko.rd[k]),
                float(table.glicko.volatility[k]),
                strengths.get(who),
                table.elo.get(who),
                *table.results[k],
                dict(sorted(missing[who].items())),
            )
        )
    return tuple(found)
