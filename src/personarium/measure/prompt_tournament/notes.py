"""What a reader of a tournament must know before believing the ranking, one sentence each.

Source: page prompt-tournament, "Traps".
"""

from __future__ import annotations

import math

from personarium.core.results import Estimate, count_failures
from personarium.measure.prompt_tournament.checks import COIN
from personarium.measure.prompt_tournament.result import TournamentResult
from personarium.stats.glicko import deviation_floor

FEW_CONTEXTS = 10  # below this a percentile bootstrap over contexts is markedly too narrow


def notes_on(result: TournamentResult) -> list[str]:
    """The gravest first: the judges, the games, the ranking, the texts."""
    return [
        *(text for judge in result.judges for text in judge.warnings),
        *_about_games(result),
        *_about_ranking(result),
        *_about_texts(result),
    ]


def counted(n: int, noun: str) -> str:
    """``1 game``, ``3 games``."""
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _about_games(result: TournamentResult) -> list[str]:
    table = result.total
    said = []
    if not table.games:
        said.append("not one game was decided or drawn: every rating is a newcomer's and says nothing")
    elif table.ties_only:
        all_of = "the only game is a tie" if table.games == 1 else f"all {table.games} games are ties"
        said.append(f"{all_of}: nothing tells the contestants apart")
    idle = [s.contestant for s in result.standings if table.games and not s.wins + s.losses + s.ties]
    if idle:
        said.append(f"without any game, so not ranked by anything: {', '.join(idle)}")
    if table.strengths is not None and table.strengths.separations and not table.ties_only:
        said.append(
            f"{'; '.join(table.strengths.separations)}: the strengths are held together by one drawn game of each against an "
            "average contestant, and their size is not known"
        )
    return said


def _about_ranking(result: TournamentResult) -> list[str]:
    said = []
    lead = result.lead
    if lead is not None and lead.lo is not None and lead.value is not None and not result.total.ties_only:
        first, second = (s.contestant for s in result.standings[:2])
        if lead.lo <= 0:
            more = _more_contexts(lead, result.contexts)
            said.append(
                f"the lead of {first} over {second} is not certain: {lead.value:.0f} points, {lead.lo:.0f} to {lead.hi:.0f}"
                + (f"; about {counted(more, 'more context')} like these would settle it" if more else "")
            )
    if result.total.games and result.contexts < FEW_CONTEXTS:
        said.append(
            f"{counted(result.contexts, 'context')} {'is' if result.contexts == 1 else 'are'} few: resampling them tells too little of the doubt, and the intervals of "
            "the strengths are too narrow"
        )
    circles = result.circles()
    if circles:
        a, b, c = circles[0]
        said.append(
            f"{counted(len(circles), 'circle')}, which no ranking shows: {a} beats {b}, {b} beats {c}, {c} beats {a}"
        )
    if len(result.judges) > 1:
        said.append(
            "several judges saw the same contexts, so their games are not independent and the Glicko intervals are too narrow; "
            "the bootstrap over contexts is not"
        )
    wide, each = result.config.stop_width, _games_in_period(result)
    least = 2 * 1.96 * deviation_floor(each, result.config.glicko) if each else 0.0
    if wide is not None and least > wide:
        said.append(
            f"intervals of {wide:g} points are out of reach with {each:.0f} games a period: volatility keeps them above "
            f"{least:.0f}; raise games_per_period"
        )
    return said


def _games_in_period(result: TournamentResult) -> float:
    periods = {row.period for row in result.judgements}
    players = len(result.standings)
    return 2 * result.total.games / (len(periods) * players) if periods else 0.0


def _more_contexts(lead: Estimate, contexts: int) -> int | None:
    """How many more would bring the lower end above 0 if the lead stays: width falls with the root of their number."""
    if lead.value is None or lead.lo is None or lead.hi is None or lead.value < 1 or contexts < 2:
        return None
    needed = contexts * ((lead.hi - lead.lo) / 2 / lead.value) ** 2
    return max(1, math.ceil(needed) - contexts) if needed < 1e6 else None


def _about_texts(result: TournamentResult) -> list[str]:
    said = []
    if result.length is not None:
        e = result.length.longer_wins
        if e.value is not None and e.lo is not None and e.hi is not None and not e.lo <= COIN <= e.hi:
            which = "longer" if e.value > COIN else "shorter"
            order = result.length.matched_order
            alone = f"; between answers of about one length the order is {', '.join(order)}" if order else ""
            said.append(
                f"the {which} answer won {max(e.value, 1 - e.value):.0%} of the {e.n} decided games of unequal length{alone}"
            )
    if result.named:
        shown = ", ".join(f"{who} ({n})" for who, n in result.named.items())
        said.append(f"not blind: answers that hold their own contestant's name: {shown}")
    if result.lost:
        kinds = ", ".join(f"{n} {kind}" for kind, n in count_failures(result.lost.values()).items())
        said.append(f"{counted(len(result.lost), 'answer')} could not be had ({kinds}); their duels were not played")
    if result.unasked:
        said.append(f"{counted(result.unasked, 'pair')} of identical answers: ties that nobody was asked about")
    return said
