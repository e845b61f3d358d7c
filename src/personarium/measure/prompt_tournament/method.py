"""Prompt tournament: contestants answer the same contexts, judges see two answers blind, duels become ratings with intervals.

The procedure in the page's order: contestants, contexts, schedule, judging, Glicko-2 by periods, win probabilities, intervals and
the cross-check with Bradley-Terry; then what speaks against the judges.

Source: *LLM Prompt Evaluation for Educational Applications*, arXiv 2601.16134 (2026); Glickman's Glicko-2; page prompt-tournament.
Differs: how pairs were sampled and what a game is are not stated in what was read: here a pair, a context and a dimension are one
game, and the majority of the dimensions is one more; sides are by lot; a model judges every pair in both orders and a
contradiction is a tie (``both_orders=False`` asks once); a pair of identical answers is a tie that nobody is asked about; play
stops early when every interval is narrow enough (``stop_width``). There is no official code, so there are no errata.
Units: ratings, deviations and widths in points (400 points are ten to one); games count one pair in one context by one judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from personarium.core.chat import ChatModel, canonical_json
from personarium.core.contract import Contract
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.results import Failure
from personarium.judges.judging import Judge
from personarium.judges.prometheus.steps import RELATIVE
from personarium.judges.verdicts import Preference
from personarium.measure.prompt_tournament.config import Dimension, TournamentConfig
from personarium.measure.prompt_tournament.contestants import Contestant, from_prompt
from personarium.measure.prompt_tournament.judgements import Context, Judgement, Side
from personarium.measure.prompt_tournament.rating import TOTAL, as_games, games_from, with_totals
from personarium.measure.prompt_tournament.result import TournamentResult, rate_judgements
from personarium.measure.prompt_tournament.schedule import Duel, Schedule, schedule_for
from personarium.measure.prompt_tournament.study import Study
from personarium.runs.mapping import map_items
from personarium.stats.glicko import Ratings, glicko2, newcomers

if TYPE_CHECKING:
    from personarium.core.rubric import Rubric
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run

MOST_CONTESTANTS = 200  # every pair is weighed before each period
CONFIG = TournamentConfig()
_SIDES: Mapping[tuple[str, str], Side] = {
    ("AB", "A"): "left",
    ("AB", "B"): "right",
    ("BA", "A"): "right",
    ("BA", "B"): "left",
}


class Comparer(Protocol):
    """Whoever says which of two texts is better: a judge model, a person at a terminal, a table of votes."""

    @property
    def name(self) -> str: ...

    async def compare(
        self,
        criterion: Rubric | str,
        instruction: str,
        a: str,
        b: str,
        reference: str | None = ...,
        *,
        both_orders: bool = ...,
        persona: str | None = ...,
        item: str | None = ...,
    ) -> Preference: ...


class JudgingStopped(Exception):
    """Raised by a judge that wants to go on another time; the tournament ends with what it has."""


async def run_tournament(
    contestants: Sequence[Contestant],
    contexts: Sequence[Context],
    judges: Sequence[Comparer],
    *,
    config: TournamentConfig = CONFIG,
    persona: str | None = None,
    study: str | Path | None = None,
    run: Run | DryRun | None = None,
    concurrency: int = 50,
    in_turn: bool = False,
) -> TournamentResult:
    """Let contestants play, and rate them.

    Args:
        contestants: At least two, of different names.
        contexts: What they answer.
        judges: Who compares; each judges every duel that is played.
        config: The constants.
        persona: Whom all contestants play, where they play one; shown to the judges.
        study: The study file to begin or to go on with; None keeps it in memory.
        run: The run to record and resume the models' calls in.
        concurrency: Answers and duels at once.
        in_turn: Put one question after the other, as a person needs it.

    Raises:
        UsageError: Fewer than two contestants, nobody to judge, names that come twice; the file holds another study.
    """
    play = _Play(_checked(contestants, contexts, judges), contexts, judges, config, persona, run, concurrency, in_turn)
    about = about_study([c.id for c in contestants], contexts, judges, config, persona)
    play.study = Study.open(study, about, play.contestants)
    stopped = await play.to_the_end()
    return rate_judgements(
        play.study.rows,
        list(play.contestants),
        config=config,
        texts=play.texts,
        lost=play.lost,
        stopped=stopped,
    )


def about_study(
    contestants: Sequence[str],
    contexts: Sequence[Context],
    judges: Sequence[Comparer],
    config: TournamentConfig,
    persona: str | None = None,
) -> dict[str, Any]:
    """What makes a study this one; its file begins with it. Who judges and when to stop may change."""
    import hashlib

    shown = canonical_json([[[c.id, c.text, c.reference] for c in contexts], persona])
    return {
        "contestants": list(contestants),
        "contexts": hashlib.blake2b(shown.encode(), digest_size=8).hexdigest(),
        "dimensions": [[d.name, d.criterion] for d in config.dimensions],
        "schedule": [config.schedule, config.games_per_period, config.most_duels, config.both_orders],
        "judges": [judge.name for judge in judges],
        "seed": config.seed,
    }


def check_contestants(names: Sequence[str]) -> None:
    """Raise UsageError unless there are two or more, of different names, and not more than can be paired."""
    if len(names) < 2:
        found = f"one: {names[0]}" if names else "none"
        raise UsageError(f"a tournament needs at least two contestants, found {found}; there is nothing to compare")
    if len(names) > MOST_CONTESTANTS:
        raise UsageError(f"a tournament has at most {MOST_CONTESTANTS} contestants, found {len(names)}")
    _check_names("contestant", names)


def _checked(
    contestants: Sequence[Contestant], contexts: Sequence[Context], judges: Sequence[Comparer]
) -> dict[str, Contestant]:
    check_contestants([c.id for c in contestants])
    _check_names("context", [c.id for c in contexts])
    _check_names("judge", [j.name for j in judges])
    return {c.id: c for c in contestants}


def _check_names(what: str, names: Sequence[str]) -> None:
    if not names:
        raise UsageError(f"a tournament needs at least one {what}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UsageError(f"two {what}s are called '{twice[0]}'; each needs a name of its own")


# --- the play ---


@dataclass
class _Play:
    """One tournament under way."""

    contestants: Mapping[str, Contestant]
    contexts: Sequence[Context]
    judges: Sequence[Comparer]
    config: TournamentConfig
    persona: str | None
    run: Run | DryRun | None
    concurrency: int
    in_turn: bool
    study: Study = field(default_factory=lambda: Study(None))
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    lost: dict[tuple[str, str], Failure] = field(default_factory=dict)
    played: list[Duel] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.by_id = {context.id: context for context in self.contexts}

    async def to_the_end(self) -> str:
        """Play; why it ended."""
        schedule = self._schedule()
        try:
            # A round robin that is played to its end needs no ratings on the way: all of it may be asked at once.
            if schedule.kind == "round-robin" and self.config.stop_width is None and not self.in_turn:
                await self._at_once(schedule)
            elif await self._by_periods(schedule):
                return f"every interval is at most {self.config.stop_width:g} points wide"
        except JudgingStopped:
            return "stopped by the judge; the same call goes on"
        limited = self.config.most_duels is not None and len(self.played) >= self.config.most_duels
        return f"{len(self.played)} duels were played, as many as were wanted" if limited else "everything was played"

    async def _at_once(self, schedule: Schedule) -> None:
        due: list[tuple[Duel, int]] = []
        start, period = newcomers(tuple(self.contestants)), 0
        while batch := schedule.batch(period, start, [duel for duel, _ in due], ()):
            due += [(duel, period) for duel in batch]
            period += 1
        await self._round(due, "")

    async def _by_periods(self, schedule: Schedule) -> bool:
        """Whether it stopped because every interval is narrow."""
        ratings, period = newcomers(tuple(self.contestants), self.config.glicko), 0
        while due := schedule.batch(period, ratings, self.played, self.lost):
            await self._round([(duel, period) for duel in due], f".{period + 1}")
            ratings = self._rated(ratings, period)
            period += 1
            if self._narrow(ratings):
                return True
        return False

    async def _round(self, due: Sequence[tuple[Duel, int]], suffix: str) -> None:
        await self._answer([duel for duel, _ in due], f"answers{suffix}")
        fit = [(duel, period) for duel, period in due if not self._lost(duel)]
        await self._judge(fit, f"duels{suffix}")
        self.played += [duel for duel, _ in fit]

    def _schedule(self) -> Schedule:
        c = self.config
        ids = [context.id for context in self.contexts]
        each = max(1, round(c.games_per_period / len(self.judges)))
        return schedule_for(list(self.contestants), ids, c.schedule, each, c.most_duels, c.seed)

    def _lost(self, duel: Duel) -> bool:
        return (duel.context_id, duel.left) in self.lost or (duel.context_id, duel.right) in self.lost

    def _rated(self, before: Ratings, period: int) -> Ratings:
        """The ratings after a period, by the totals of its games."""
        rows = [row for row in self.study.rows if row.period == period]
        games = with_totals(games_from(rows), self.config.dimension_names)
        return glicko2(as_games(games, list(self.contestants), TOTAL), self.config.glicko, before)

    def _narrow(self, ratings: Ratings) -> bool:
        wide = self.config.stop_width
        return wide is not None and all(
            e.hi is not None and e.lo is not None and e.hi - e.lo <= wide for e in ratings.estimates().values()
        )

    async def _answer(self, due: Sequence[Duel], stage: str) -> None:
        """Have the answers that the duels need and that are not there yet."""
        wanted = dict.fromkeys((duel.context_id, who) for duel in due for who in (duel.left, duel.right))
        jobs = [job for job in wanted if job not in self.texts and job not in self.lost]

        async def one(job: tuple[str, str]) -> str | Failure:
            return await self.contestants[job[1]].answer(self.by_id[job[0]])

        outcomes = await map_items(
            self.run if jobs else None,
            stage,
            jobs,
            one,
            key=lambda job: "/".join(job[::-1]),
            concurrency=self.concurrency,
        )
        for job, outcome in zip(jobs, outcomes, strict=True):
            if outcome.failure is None:
                self.texts[job] = str(outcome.value)
            else:
                self.lost[job] = outcome.failure

    async def _judge(self, duels: Sequence[tuple[Duel, int]], stage: str) -> None:
        jobs = [
            job
            for duel, period in duels
            for judge in self.judges
            for dimension in self.config.dimensions
            if not self._judged(job := _Question(duel, judge, dimension.name, dimension.criterion, period))
        ]
        if self.in_turn:
            for job in jobs:
                self.study.add(await self._ask(job))
            return

        async def one(job: _Question) -> str | Failure:
            rows = await self._ask(job)
            self.study.add(rows)
            return next((row.as_failure() for row in rows if row.winner is None), "judged")

        await map_items(
            self.run if jobs else None, stage, jobs, one, key=lambda job: job.key, concurrency=max(1, self.concurrency)
        )

    def _judged(self, job: _Question) -> bool:
        return self.study.has(job.row("left")) and (
            not self.config.both_orders or self.study.has(job.row("left").turned())
        )

    async def _ask(self, job: _Question) -> list[Judgement]:
        duel, context = job.duel, self.by_id[job.duel.context_id]
        left, right = (self.texts[context.id, who] for who in (duel.left, duel.right))
        if left == right:
            return [job.row("tie", asked=False)]
        said = await job.judge.compare(
            job.criterion,
            context.text,
            left,
            right,
            context.reference or "",
            both_orders=self.config.both_orders,
            persona=self.persona,
            item=job.key,
        )
        return job.rows(said)


@dataclass(frozen=True, slots=True)
class _Question:
    """One pair over one context in one dimension for one judge."""

    duel: Duel
    judge: Comparer
    dimension: str
    criterion: str
    period: int

    @property
    def key(self) -> str:
        """Its label in the records; judges do not see it."""
        return f"{self.duel.context_id}/{self.duel.left}-{self.duel.right}/{self.dimension}/{self.judge.name}"

    def row(self, winner: Side | None, failure: Failure | None = None, asked: bool = True) -> Judgement:
        d = self.duel
        kind, reason = ("", "") if failure is None else (failure.kind, failure.reason)
        return Judgement(
            d.context_id, self.judge.name, d.left, d.right, self.dimension, winner, self.period, kind, reason, asked
        )

    def rows(self, said: Preference) -> list[Judgement]:
        """One row for each verdict, told as it was shown."""
        failures = iter(said.failures)
        found = []
        for order in said.orders:
            for verdict in order.verdicts:
                lost = next(failures, Failure("unparsed", "no verdict")) if verdict is None else None
                side: Side | None = None if verdict is None else _SIDES.get((order.shown, verdict), "tie")
                plain = self.row("left")
                shown = plain if order.shown == "AB" else plain.turned()
                found.append(_told(shown, side, lost))
        return found


def _told(shown: Judgement, winner: Side | None, lost: Failure | None) -> Judgement:
    kind, reason = ("", "") if lost is None else (lost.kind, lost.reason)
    return replace(shown, winner=winner, failure=kind, reason=reason)


# --- the contract ---


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    who = "You are Orla Finch. You keep bees in Larkmoor. You are 52 years old. You love strong tea. You have a dog called Bramble."
    prompts = {"plain": "Answer in one sentence.", "warm": "Be warm.", "brief": "Use few words."}
    contestants = [
        from_prompt(text, model, name, persona=Persona.from_text(who), seed=seed) for name, text in prompts.items()
    ]
    questions = ("Where do you live?", "How old are you?", "What do you drink in the morning?", "Do you have a pet?")
    contexts = [Context(f"c{k}", text) for k, text in enumerate(questions)]
    config = TournamentConfig(
        dimensions=(
            Dimension("fitting", "Is the response what this character would say?"),
            Dimension("kind", "Is the response free of toxic words?"),
        ),
        draws=50,
        seed=seed,
    )
    result = await run_tournament(
        contestants, contexts, [Judge(model, seed=seed, asks=1, ties=True)], config=config, persona=who
    )
    return result.rows()


CONTRACT = Contract(
    example=_example,
    steps=(RELATIVE,),
    first=(
        RELATIVE.name,
        {
            "rubric": "[Which is clearer?]",
            "instruction": "Where do you live?",
            "reference": "",
            "persona": "",
            "certainty": False,
            "abstention": False,
            "ties": True,
            "response_a": "In Larkmoor.",
            "response_b": "Somewhere.",
        },
    ),
)
