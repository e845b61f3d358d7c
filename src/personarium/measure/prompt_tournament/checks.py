"""What must be known before a ranking is believed: side bias, contradictions, agreement, length, names in the texts.

Source: page prompt-tournament, "Works when" 7 and "Traps"; side bias is a binomial test against one half.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.results import Estimate
from personarium.measure.prompt_tournament.judgements import Judgement
from personarium.measure.prompt_tournament.rating import TOTAL, Game

FLAG_BELOW = 0.001  # page prompt-tournament, statement 7
MATCHED_WITHIN = 1.2  # the longer text has at most this many times the words of the shorter
_VERSIONS = re.compile(r":\w+@[0-9a-f]+\+[0-9a-f]+(?:,\w+)*\Z")
COIN = 0.5  # a judge that tosses a coin says the same in both orders this often


@dataclass(frozen=True, slots=True)
class SideBias:
    """Does a judge follow the side?

    Args:
        left: Share of its decided verdicts for the left one; sides are by lot, or both are shown, so one half is right.
        p: Of the binomial test against one half; None without a decided verdict.
    """

    left: Estimate
    p: float | None

    @property
    def flagged(self) -> bool:
        """Whether the test says so (p < .001)."""
        return self.p is not None and self.p < FLAG_BELOW

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {"left": self.left.as_dict(), "p": self.p, "flagged": self.flagged}


def side_bias(rows: Sequence[Judgement]) -> SideBias:
    """Count left wins among decided verdicts; pairs that nobody was shown do not count."""
    from scipy import stats

    from personarium.stats import wilson

    asked = [row for row in rows if row.asked]
    decided = [row.winner for row in asked if row.winner in ("left", "right")]
    left = decided.count("left")
    silent = sum(row.winner is None for row in asked)
    p = float(stats.binomtest(left, len(decided), 0.5).pvalue) if decided else None
    return SideBias(wilson(left, len(decided), "verdict", missing=silent), p)


@dataclass(frozen=True, slots=True)
class JudgeCheck:
    """One judge.

    Args:
        judge: Its name.
        side: Its liking for a side.
        consistent: Share of pairs shown in both orders of which both say the same; no value where one order was shown.
        tied: Share of its games that are ties.
        failures: Verdicts that could not be had, by kind.
        asked: Verdicts that were asked for.
    """

    judge: str
    side: SideBias
    consistent: Estimate
    tied: Estimate
    failures: Mapping[str, int]
    asked: int

    @property
    def warnings(self) -> list[str]:
        """What speaks against it, one sentence each."""
        said = []
        left, lost, who = self.side.left, sum(self.failures.values()), called(self.judge)
        if self.side.flagged and left.value is not None:
            where = "left" if left.value > COIN else "right"
            said.append(
                f"{who} follows the side: {round(left.value * left.n)} of {left.n} decided verdicts name the left answer "
                f"(binomial p < .001); it likes the {where} one"
            )
        same = self.consistent
        if same.value is not None and same.lo is not None and same.hi is not None and same.lo <= COIN:
            said.append(
                f"{who} says the same in both orders of {same.value:.0%} of the pairs ({same.lo:.0%} to {same.hi:.0%}), "
                "which cannot be told from a coin; contradictions count as ties"
            )
        if lost == self.asked:
            said.append(f"no verdict of {who} could be had or read ({_counts(self.failures)})")
        elif lost:
            said.append(f"{lost} of {self.asked} verdicts of {who} are missing ({_counts(self.failures)})")
        return said

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        shares = {"consistent": self.consistent.as_dict(), "tied": self.tied.as_dict()}
        plain = {"judge": self.judge, "asked": self.asked, "failures": dict(self.failures)}
        return {**plain, "side": self.side.as_dict(), **shares, "warnings": self.warnings}


def called(judge: str) -> str:
    """A judge's name for people: without the versions of its prompts."""
    return _VERSIONS.sub("", judge).removeprefix("judge/")


def _counts(failures: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {kind}" for kind, n in failures.items())


def check_judges(rows: Sequence[Judgement], games: Sequence[Game]) -> list[JudgeCheck]:
    """Check every judge of a study.

    Args:
        rows: All judgements.
        games: Their games, without totals.
    """
    from personarium.core.results import count_failures
    from personarium.stats import wilson

    found = []
    for judge in sorted({row.judge_id for row in rows}):
        own = [row for row in rows if row.judge_id == judge and row.asked]
        if not own:
            continue
        played = [game for game in games if game.judge_id == judge and game.asked]
        both = [game.said.consistent for game in played if game.said.consistent is not None]
        rated = [game.winner for game in played if game.winner is not None]
        found.append(
            JudgeCheck(
                judge,
                side_bias(own),
                wilson(both.count(True), len(both), "pair"),
                wilson(rated.count("tie"), len(rated), "game"),
                count_failures(row.as_failure() for row in own if row.winner is None),
                len(own),
            )
        )
    return found


def judge_agreement(games: Sequence[Game], dimension: str, draws: int = 500, seed: int = 0) -> Estimate:
    """Krippendorff's alpha (ordinal: lost, tied, won) of the judges over pairs and contexts.

    Args:
        games: With totals.
        dimension: Which, or ``total``.
        draws: Bootstrap samples.
        seed: Of the bootstrap.
    """
    from personarium.stats import krippendorff_alpha

    kept = [game for game in games if game.dimension == dimension and game.asked]
    judges = sorted({game.judge_id for game in kept})
    if len(judges) < 2:
        return Estimate(None, None, None, 0, "pair", "Krippendorff's alpha (ordinal), needs two judges")
    items = sorted({(game.context_id, game.a, game.b) for game in kept})
    said = {(game.judge_id, (game.context_id, game.a, game.b)): game.score for game in kept}
    ratings = [[said.get((judge, item)) for item in items] for judge in judges]
    return krippendorff_alpha(ratings, "ordinal", "pair", draws=draws, seed=seed)


@dataclass(frozen=True, slots=True)
class LengthCheck:
    """Does the longer answer win?

    Args:
        longer_wins: Share of decided games that the longer answer won; one half without a bias (and without a true
            advantage of longer answers).
        matched: How many games are between answers of about one length.
        matched_order: The contestants by those games alone, the strongest first; empty where they are too few.
    """

    longer_wins: Estimate
    matched: int
    matched_order: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        order = list(self.matched_order)
        return {"longer_wins": self.longer_wins.as_dict(), "matched": self.matched, "matched_order": order}


def check_length(
    games: Sequence[Game], texts: Mapping[tuple[str, str], str], contestants: Sequence[str]
) -> LengthCheck:
    """Who wins when lengths differ, and who leads when they do not.

    Args:
        games: With totals.
        texts: (context, contestant) -> answer.
        contestants: All of them.
    """
    from personarium.measure.prompt_tournament.rating import HELD, as_games
    from personarium.stats import wilson
    from personarium.stats.bradley_terry_model import bradley_terry

    longer: list[bool] = []
    matched: list[Game] = []
    for game in games:
        a, b = (len(texts.get((game.context_id, who), "").split()) for who in (game.a, game.b))
        if game.dimension != TOTAL or game.score is None or not min(a, b):
            continue
        if max(a, b) <= MATCHED_WITHIN * min(a, b):
            matched.append(game)
        if a != b and game.score != COIN:
            longer.append((game.score == 1) == (a > b))
    order: tuple[str, ...] = ()
    if len({who for game in matched for who in (game.a, game.b)}) == len(contestants):
        fit = bradley_terry(as_games(matched, contestants), prior=HELD)
        order = tuple(contestants[int(k)] for k in (-fit.strength).argsort(kind="stable"))
    return LengthCheck(wilson(sum(longer), len(longer), "game"), len(matched), order)


def named_in_texts(texts: Mapping[tuple[str, str], str], contestants: Sequence[str]) -> dict[str, int]:
    """How many answers of each contestant hold its own name while nobody else's do, so that judging was hardly blind.

    Names of fewer than 4 letters are common words too often to say anything.
    """
    found: dict[str, int] = {}
    for name in (who for who in contestants if len(who) >= 4):
        holders = [who for (_, who), text in texts.items() if name.casefold() in text.casefold()]
        if holders and set(holders) == {name}:
            found[name] = len(holders)
    return found
