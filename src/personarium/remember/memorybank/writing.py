"""Consolidation: which days have no summary or portrait yet, who writes them, and the edits that come of it.

Source: memorybank page, step 2.
Differs: a day is written when it is over or the talk is closed; what the user has corrected or taken away by hand is not
written again; a failed text is listed and its day stays open, where the code stores an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from personarium.core.chat import ChatModel
from personarium.core.results import Failure
from personarium.models.step import Answer, Step
from personarium.remember.memorybank import rules, steps
from personarium.remember.memorybank.bank import Exchange
from personarium.remember.memorybank.config import MemoryBankConfig
from personarium.remember.memorybank.exchanges import (
    BANK,
    DAILY_PERSONALITY,
    DAILY_SUMMARY,
    NAME,
    OVERALL_PERSONALITY,
    OVERALL_SUMMARY,
    WRITTEN_BY,
)
from personarium.remember.records import Action, Fact, Observation, Operation
from personarium.remember.strategy import UserView
from personarium.runs.executors import AsyncioExecutor

STEP_OF: Mapping[str, Step] = {
    DAILY_SUMMARY: steps.DAY_SUMMARY,
    DAILY_PERSONALITY: steps.DAY_PERSONALITY,
    OVERALL_SUMMARY: steps.OVERALL_SUMMARY,
    OVERALL_PERSONALITY: steps.OVERALL_PERSONALITY,
}
OVERALL_OF = {DAILY_SUMMARY: OVERALL_SUMMARY, DAILY_PERSONALITY: OVERALL_PERSONALITY}
# What endpoints say when a prompt does not fit; there is no common code for it.
_TOO_LONG = re.compile(r"context|too long|too large|maximum (?:length|tokens)|token limit|exceed", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Job:
    """One text to write.

    Args:
        kind: Of the fact.
        key: The day; empty for an overall text.
        said: The utterances it is about.
        material: What the prompt shows of them.
        evidence: What it is concluded from.
        at: Since when it holds.
        old: The fact that it renews.
        exchanges: How many exchanges the day has.
    """

    kind: str
    key: str
    said: tuple[Observation, ...]
    material: str
    evidence: tuple[str, ...]
    at: float | None
    old: Fact | None = None
    exchanges: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a job: a text, nothing (by rules), or a failure; and how many calls it took."""

    job: Job
    text: str = ""
    failure: Failure | None = None
    calls: int = 0


@dataclass
class Work:
    """One consolidation of one user.

    Args:
        view: The memory as it stands.
        days: Day -> its exchanges.
        config: The constants.
        model: Who writes; None for rules.
        today: The day of ``view.now``.
        closing: Whether the running day counts as over.
    """

    view: UserView
    days: Mapping[str, Sequence[Exchange]]
    config: MemoryBankConfig
    model: ChatModel | None
    today: str
    closing: bool
    done: list[Written] = field(default_factory=list)
    _texts: dict[str, Mapping[str, list[Fact]]] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of daily text that are wanted."""
        return (DAILY_SUMMARY, DAILY_PERSONALITY) if self.config.personality else (DAILY_SUMMARY,)

    async def write(self) -> None:
        """Write what is due: the days, then the overall texts from them."""
        due = [job for day in self._over() for kind in self.kinds if (job := self._day_job(kind, day)) is not None]
        self.done += await self._all(due)
        if any(one.text for one in self.done) or (self.closing and self.config.rebuild_overall):
            overall = [job for kind in self.kinds if (job := self._overall_job(kind)) is not None]
            self.done += await self._all(overall)

    def operations(self) -> list[Operation]:
        """The edits: new and renewed texts; a text that came out as it was changes nothing.

        A day of which the rules have nothing to say is marked so on its first utterance, and not read again until it goes on.
        """
        edits = [_edit(one, self._by) for one in self.done if one.text and not _same(one)]
        return edits + [
            Operation("mark", one.job.said[0].id, attributes={_nothing(one.job.kind): one.job.exchanges})
            for one in self.done
            if not one.text and one.failure is None and one.job.said
        ]

    def settled(self, day: str) -> bool:
        """Whether a day is dealt with, once all is written: every text of it is there, or was found to have nothing to say."""
        return day in self._closed_days and day not in self._failed_days

    @cached_property
    def _closed_days(self) -> frozenset[str]:
        return frozenset(self._over())

    @cached_property
    def _failed_days(self) -> frozenset[str]:
        return frozenset(one.job.key for one in self.done if one.failure is not None)

    # --- which texts are due ---

    def _over(self) -> list[str]:
        days = set(self.days) | (set(self._empty_days()) if self.config.has("empty-day") else set())
        return sorted(day for day in days if day < self.today or (self.closing and day == self.today))

    def _empty_days(self) -> list[str]:
        stored = next(iter(self.view.facts(BANK, strategy=NAME)), None)
        return [day for day in (stored.attributes.get("days", ()) if stored else ()) if not self.days.get(day)]

    def _day_job(self, kind: str, day: str) -> Job | None:
        rows = self.days.get(day, ())
        versions = self._versions(kind).get(day, [])
        old = next((fact for fact in reversed(versions) if fact.current), None)
        if versions and (old is None or not self._grown(old, rows)):
            return None  # it is there, or the user has taken it away
        said = [found for one in rows for id in one.ids if (found := self.view.observation(id)) is not None]
        material = "\n".join(f"{one.speaker}: {' '.join(one.text.split())}" for one in said if one.text.strip())
        if rows and not material:
            return None  # nobody said anything
        if self.model is None and said and said[0].meta.get(_nothing(kind)) == len(rows):
            return None  # the rules found nothing in it
        at = rows[-1].at if rows else None
        return Job(kind, day, tuple(said), material, tuple(one.id for one in said), at, old, len(rows))

    def _versions(self, kind: str) -> Mapping[str, list[Fact]]:
        """Day -> its texts of a kind, ended ones included, oldest first."""
        if kind not in self._texts:
            found: dict[str, list[Fact]] = {}
            for fact in self.view.facts(kind, ended=True):
                found.setdefault(fact.key, []).append(fact)
            self._texts[kind] = found
        return self._texts[kind]

    def _grown(self, old: Fact, rows: Sequence[Exchange]) -> bool:
        count = old.attributes.get("exchanges", len(rows))
        return self.config.renew_days and _ours(old) and len(rows) > count

    def _overall_job(self, daily: str) -> Job | None:
        kind = OVERALL_OF[daily]
        versions = self.view.facts(kind, ended=True)
        old = next((fact for fact in reversed(versions) if fact.current), None)
        if (old is None and versions) or (old is not None and not _ours(old)):
            return None  # the user has taken it away, or written it
        new = {one.job.key: one for one in self.done if one.job.kind == daily and one.text}
        facts = {fact.key: fact for fact in self.view.facts(daily, ended=True) if fact.current}
        texts = sorted(
            {**{day: fact.text for day, fact in facts.items()}, **{d: w.text for d, w in new.items()}}.items()
        )
        if not texts:
            return None
        kept = [fact.id for day, fact in facts.items() if day not in new]
        evidence = (*kept, *(id for one in new.values() for id in one.job.evidence))
        material = "\n".join(f"{day}: {' '.join(text.split())}" for day, text in texts)
        return Job(kind, "", (), material, tuple(dict.fromkeys(evidence)), None, old)

    # --- who writes them ---

    @property
    def _by(self) -> str:
        return "rules" if self.model is None else self.model.name

    async def _all(self, jobs: Sequence[Job]) -> list[Written]:
        return await AsyncioExecutor().map(jobs, self._one, concurrency=self.config.concurrency)

    async def _one(self, job: Job) -> Written:
        if self.model is None:
            return Written(job, _by_rules(job))
        return await _by_model(job, self.model, self.config, self.view.user)


def _by_rules(job: Job) -> str:
    if job.kind == DAILY_SUMMARY:
        return rules.day_in_words(job.said)
    if job.kind == DAILY_PERSONALITY:
        return rules.portrait_in_words(job.said)
    pairs = [line.partition(": ")[::2] for line in job.material.splitlines()]
    return rules.overall_in_words(pairs, dated=job.kind == OVERALL_SUMMARY)


async def _by_model(job: Job, model: ChatModel, config: MemoryBankConfig, user: str) -> Written:
    """Ask up to ``tries`` times; a prompt that is too long is cut to its last characters, fewer each time."""
    step = STEP_OF[job.kind]
    name = "days" if step in (steps.OVERALL_SUMMARY, steps.OVERALL_PERSONALITY) else "dialogue"
    item = f"{user}/{job.key or 'overall'}"
    material, answer = job.material, Answer(None, "", None, 0, ())
    for attempt in range(config.tries):
        sampling = step.sampling.but(seed=config.seed, attempt=attempt)
        answer = await step.ask(model, {name: material}, item=item, sampling=sampling)
        if answer.failure is None and str(answer["content"]).strip():
            return Written(job, str(answer["content"]).strip(), None, attempt + 1)
        if answer.failure is not None and _too_long(answer.failure):
            material = job.material[-max(config.last_characters - config.less_each_try * (attempt + 1), 1) :]
    return Written(job, "", answer.failure or Failure("empty", "the text is empty", item), config.tries)


def _too_long(failure: Failure) -> bool:
    return failure.kind == "error" and _TOO_LONG.search(failure.reason) is not None


# --- what comes of it ---


def _nothing(kind: str) -> str:
    """The mark of a day of which nothing is to be said."""
    return f"no_{kind}"


def _ours(fact: Fact) -> bool:
    """Whether a text was written here, and not by the user's hand: only then does it say by whom."""
    return WRITTEN_BY in fact.attributes


def _same(one: Written) -> bool:
    old = one.job.old
    return old is not None and old.text == one.text and one.job.exchanges == old.attributes.get("exchanges", 0)


def _edit(one: Written, by: str) -> Operation:
    job = one.job
    attributes = {WRITTEN_BY: by, **({"exchanges": job.exchanges} if job.key else {})}
    action: Action = "add" if job.old is None else "update"
    target = "" if job.old is None else job.old.id
    return Operation(action, target, job.kind, job.key, one.text, "", job.at, job.evidence, attributes=attributes)
