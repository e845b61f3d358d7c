"""PERMA: does a memory know what a person likes, right after it showed, and long after?

The protocol in the page's order: ingest (one memory a Type 2 task, one for all Type 3 tasks of a user), search, the
multiple choice, the live talk, what the memory fetched, and the incremental protocol.

Source: *PERMA: Benchmarking Personalized Memory Agents via Event-Driven Preference and Realistic Task Environments*,
arXiv 2603.23231, March 2026; perma page, steps 6 and 9 to 14; constants from the official code.
Differs: prompts are in our own words; tokens by the rule of four characters; F1 of greedy token matching is not the
published BERTScore; replies such as "A." are read; failures are counted. ``as_published`` brings each fault back.
Units: one task at one moment; intervals resample users, or tasks where there is one user.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from personarium.benchmarks.perma.memories import TOP_K, MemorySystem
from personarium.benchmarks.perma.options import LETTERS, Reading, mark_reply
from personarium.benchmarks.perma.readers import PlantedReader, answered
from personarium.benchmarks.perma.records import Session, Task, User, message_lines
from personarium.benchmarks.perma.results import DEAD_USER, DROPPED, PermaResult, TaskResult
from personarium.benchmarks.perma.scores import Scorer, gold_text, token_f1
from personarium.benchmarks.perma.steps import COMPLETE, REMEMBERED, TESTING
from personarium.benchmarks.perma.talk import ASKS, MAX_TURNS, talk
from personarium.benchmarks.perma.watching import Fetched, Watched
from personarium.core.chat import ChatModel
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.results import Failure
from personarium.core.tokens import estimate_tokens
from personarium.models.step import Answer
from personarium.runs.mapping import map_items

if TYPE_CHECKING:
    from personarium.core.results import Estimate
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

ERRATA = ("exact-letter", DEAD_USER, DROPPED, "gold-cut", "json-ending", "incremental-path")
NO_MEMORY = "No memory found."  # what a Type 1 task is answered with (page, step 6)
BASELINES = ("full context", "no memory")
Baseline = Literal["full context", "no memory"]
PERCENTS = tuple(range(10, 101, 10))


@dataclass(frozen=True, slots=True)
class PermaConfig:
    """The protocol's constants.

    Args:
        top_k: Entries that a memory is asked for.
        reading: How the multiple choice is read; ``strict`` is the published way.
        answer_asks: Most requests for one answer, while the reply is empty.
        talk_asks: Most requests for one turn of a talk.
        max_turns: Most assistant turns of a talk.
        baselines: What is tested beside the memories with the same reader: the whole history in the prompt, no memory.
        settle_s: Seconds to wait after ingestion in the incremental protocol; the published run waits 500 for services
            that work asynchronously.

    Raises:
        InvalidInput: On a number below 1, a negative wait or an unknown baseline.
    """

    top_k: int = TOP_K
    reading: Reading = "tolerant"
    answer_asks: int = 10
    talk_asks: int = ASKS
    max_turns: int = MAX_TURNS
    baselines: tuple[Baseline, ...] = ("full context", "no memory")
    settle_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("top_k", "answer_asks", "talk_asks", "max_turns"):
            if getattr(self, name) < 1:
                raise InvalidInput("PermaConfig", "at least 1", getattr(self, name), name)
        if self.settle_s < 0:
            raise InvalidInput("PermaConfig", "0 seconds or more", self.settle_s, "settle_s")
        if unknown := sorted(set(self.baselines) - set(BASELINES)):
            raise InvalidInput("PermaConfig", f"baselines among {', '.join(BASELINES)}", unknown[0], "baselines")


@dataclass
class _Work:
    """What every step of one run shares."""

    reader: ChatModel | PlantedReader
    user_model: ChatModel | None
    judge: ChatModel | None
    config: PermaConfig
    score: Scorer
    faults: frozenset[str]
    seed: int
    run: Run | DryRun | None
    concurrency: int
    clock: Callable[[], float]
    people: dict[str, User] = field(default_factory=dict)

    @property
    def reading(self) -> Reading:
        return "strict" if "exact-letter" in self.faults else self.config.reading

    @property
    def cut(self) -> bool:
        return "gold-cut" in self.faults


@dataclass(frozen=True, slots=True)
class _Asked:
    """One task for one memory, with what the memory gave."""

    memory: str
    task: Task
    fetched: Fetched
    standalone: bool
    tracked: bool

    @property
    def id(self) -> str:
        return f"{self.memory}/{self.task.name}"

    @property
    def judged(self) -> bool:
        """Whether what was fetched is scored: never Type 1, never the standalone mode (page, step 11)."""
        return self.task.type != 1 and not self.standalone


async def run_perma(
    users: Sequence[User],
    memories: Mapping[str, MemorySystem],
    reader: ChatModel | PlantedReader,
    *,
    user_model: ChatModel | None = None,
    judge: ChatModel | None = None,
    config: PermaConfig = PermaConfig(),
    score: Scorer = token_f1,
    as_published: Published = False,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 50,
    clock: Callable[[], float] = time.perf_counter,
) -> PermaResult:
    """Put memories to the test.

    Args:
        users: Whose time lines and tasks.
        memories: Name -> memory; each must be new, for what it already holds counts as given.
        reader: Who answers, with every memory and baseline alike: a chat model, or the rule that knows planted values.
        user_model: Who plays the user in live talks; without one, or with the rule as reader, there are none.
        judge: Who scores what was fetched and whether the goal was reached; nothing is scored without one.
        config: Constants.
        score: F1 of a fetched text against the gold dialogues, ``score(fetched, gold)``; a real BERTScore goes here.
        as_published: True or erratum ids bring published faults back.
        seed: Of every draw and of the intervals.
        run: The run to record and resume in.
        concurrency: Questions at once; memories are fed and searched one after the other, so that times mean something.
        clock: Seconds, for the search times.

    Raises:
        UsageError: A memory has the name of a baseline, or the rule is to read tasks in which nothing is planted.
    """
    if taken := sorted(set(memories) & set(BASELINES)):
        raise UsageError(f"a memory cannot be called '{taken[0]}': that is a baseline")
    faults = published_faults(as_published, ERRATA)
    work = _Work(reader, user_model, judge, config, score, faults, seed, run, concurrency, clock)
    work.people = {person.id: person for person in users}
    if run is not None:
        run.add_prompts(TESTING)
    asked = [one for name, memory in memories.items() for one in await _fetched(work, name, memory, users)]
    asked += [one for name in config.baselines for one in _standalone(name, users)]
    rows = await _rows(work, asked)
    built = {name: tuple(getattr(memory, "failures", ())) for name, memory in memories.items()}
    return PermaResult(tuple(rows), reader.name, faults, judge is not None, built, seed)


# --- steps 6 and 12: ingest and search ---


async def _fetched(work: _Work, name: str, memory: MemorySystem, users: Sequence[User]) -> list[_Asked]:
    watched = memory if isinstance(memory, Watched) else Watched(memory, work.clock)
    out: list[_Asked] = []
    for person in users:
        tracked = {task.id for task in person.tracked()}
        if person.of_type(3):
            await watched.add(key_of(person.of_type(3)[0]), person.sessions)
        for task in person.tasks:
            if task.type == 2:
                await watched.add(key_of(task), task.context)
            found = await _search(work, watched, person, task)
            out.append(_Asked(name, task, found, False, task.id in tracked))
    return out


def key_of(task: Task) -> str:
    """The user key of a task's memory: all Type 3 tasks of a user share one, every other task has its own."""
    return f"{task.user}|ALL" if task.type == 3 else f"{task.user}|{task.id}|{task.type}"


async def _search(work: _Work, watched: Watched, person: User, task: Task) -> Fetched:
    if task.type == 1:
        return Fetched(NO_MEMORY)
    later = person.sessions[len(task.context) :]
    return await watched.search(key_of(task), task.question, work.config.top_k, task.name, task.context, later)


def _standalone(name: Baseline, users: Sequence[User]) -> list[_Asked]:
    out = []
    for person in users:
        tracked = {task.id for task in person.tracked()}
        for task in person.tasks:
            bare = task.type == 1 or name == "no memory"
            text = NO_MEMORY if bare else whole_history(task.context)
            out.append(_Asked(name, task, Fetched(text), True, task.id in tracked))
    return out


def whole_history(sessions: Sequence[Session]) -> str:
    """The standalone mode: every message, oldest first."""
    return "\n".join(message_lines(session.messages) for session in sessions)


# --- steps 9 to 11: answer, talk, score ---


async def _rows(work: _Work, asked: Sequence[_Asked]) -> list[TaskResult]:
    async def one(item: _Asked) -> TaskResult:
        row = await _choice(work, item)
        row = _scored(work, item, await _remembered(work, item, row))
        return await _talked(work, item, row)

    outcomes = await map_items(work.run, "perma.task", asked, one, key=lambda a: a.id, concurrency=work.concurrency)
    rows = []
    for item, outcome in zip(asked, outcomes, strict=True):
        lost = outcome.failure or Failure("missing", "not worked on", item.id)
        rows.append(outcome.value if outcome.value is not None else replace(_row(item), failures=(lost,)))
    return rows


def _row(item: _Asked) -> TaskResult:
    task, fetched = item.task, item.fetched
    return TaskResult(
        item.memory,
        task.user,
        task.id,
        task.type,
        task.choice.gold,
        task.choice.longest,
        item.tracked,
        item.standalone,
        context_tokens=estimate_tokens(fetched.text),
        leaks=fetched.leaks,
        seconds=fetched.seconds,
    )


async def _choice(work: _Work, item: _Asked) -> TaskResult:
    task, row = item.task, _row(item)
    reply = await answered(work.reader, task, item.fetched.text, asks=work.config.answer_asks, seed=work.seed)
    if isinstance(reply, Failure):
        wrong = False if work.reading == "strict" else None
        return replace(row, hit=wrong, failures=(replace(reply, where=item.id),))
    mark = mark_reply(reply, task.choice, work.reading, item.id)
    triple = None if mark.letter is None else task.choice.options[LETTERS.index(mark.letter)].triple
    failures = () if mark.failure is None else (mark.failure,)
    return replace(row, letter=mark.letter, hit=mark.hit, triple=triple, failures=failures)


def _scored(work: _Work, item: _Asked, row: TaskResult) -> TaskResult:
    if not item.judged:
        return row
    return replace(row, bert_f1=work.score(item.fetched.text, gold_text(item.task.gold, cut=work.cut)))


async def _remembered(work: _Work, item: _Asked, row: TaskResult) -> TaskResult:
    if work.judge is None or not item.judged:
        return row
    inputs = remembered_inputs(item.task, item.fetched.text, cut=work.cut)
    answer = await REMEMBERED.ask(work.judge, inputs, item=item.id, seed=work.seed)
    value = None if answer.failure is not None else int(answer["score"])
    return _with(replace(row, memory_score=value), answer)


def remembered_inputs(task: Task, fetched: str, *, cut: bool = False) -> dict[str, Any]:
    """What step 11 is asked with."""
    return {
        "preferences": "\n".join(task.preferences),
        "past": gold_text(task.gold, cut=cut),
        "question": task.question,
        "fetched": fetched,
    }


async def _talked(work: _Work, item: _Asked, row: TaskResult) -> TaskResult:
    if work.user_model is None or isinstance(work.reader, PlantedReader) or item.standalone:
        return row
    task = item.task
    went = await talk(
        task,
        item.fetched.text,
        work.reader,
        work.user_model,
        work.people[task.user].profile,
        max_turns=work.config.max_turns,
        asks=work.config.talk_asks,
        seed=work.seed,
        cut=work.cut,
    )
    row = replace(row, turns=went.turns, end=went.end, user_tokens=went.user_tokens)
    if went.failure is not None:
        row = replace(row, failures=(*row.failures, replace(went.failure, where=item.id)))
    if work.judge is None:
        return row
    asked = {"history": went.text, "goal": task.goal, "question": task.question}
    answer = await COMPLETE.ask(work.judge, asked, item=item.id, seed=work.seed)
    return _with(replace(row, completed=None if answer.failure is not None else answer["verdict"] == "True"), answer)


def _with(row: TaskResult, answer: Answer) -> TaskResult:
    return row if answer.failure is None else replace(row, failures=(*row.failures, answer.failure))


# --- step 14: the incremental protocol ---


@dataclass(frozen=True, slots=True)
class Increment:
    """Accuracy with a part of the time line in memory.

    Args:
        percent: Of the sessions, 10 to 100.
        sessions: User -> how many that is.
        accuracy: Over the Type 3 tasks that also have Types 1 and 2.
        rows: One for each of them.
    """

    percent: int
    sessions: Mapping[str, int]
    accuracy: Estimate
    rows: tuple[TaskResult, ...]


async def run_incremental(
    users: Sequence[User],
    memory: MemorySystem,
    reader: ChatModel | PlantedReader,
    *,
    name: str = "memory",
    config: PermaConfig = PermaConfig(),
    as_published: Published = False,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 50,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Increment]:
    """Ask the same tasks at every 10 % of the time line; only what is new is ingested.

    Args:
        users: Whose time lines and tasks.
        memory: A new memory.
        reader: As in :func:`run_perma`.
        name: The memory's name.
        config: Constants.
        as_published: As there.
        seed: As there.
        run: As there.
        concurrency: As there.
        clock: As there.
    """
    faults = published_faults(as_published, ERRATA)
    work = _Work(reader, None, None, config, token_f1, faults, seed, run, concurrency, clock)
    watched, out = Watched(memory, clock), []
    held = {person.id: 0 for person in users}
    for percent in PERCENTS:
        asked: list[_Asked] = []
        for person in users:
            asked += await _grown(work, f"{name} {percent} %", watched, person, held, percent)
        rows = await _answered(work, asked, percent)
        result = PermaResult(tuple(rows), reader.name, faults, seed=seed)
        out.append(Increment(percent, dict(held), result.accuracy(f"{name} {percent} %"), tuple(rows)))
    return out


async def _grown(
    work: _Work, name: str, watched: Watched, person: User, held: dict[str, int], percent: int
) -> list[_Asked]:
    key, count = f"{person.id}|STEPS", len(person.sessions) * percent // 100
    await watched.add(key, person.sessions[held[person.id] : count])
    held[person.id] = count
    if work.config.settle_s:
        await asyncio.sleep(work.config.settle_s)
    known, later = person.sessions[:count], person.sessions[count:]
    return [
        _Asked(
            name,
            task,
            await watched.search(key, task.question, work.config.top_k, task.name, known, later),
            False,
            True,
        )
        for task in person.tracked()
    ]


async def _answered(work: _Work, asked: Sequence[_Asked], percent: int) -> list[TaskResult]:
    async def one(item: _Asked) -> TaskResult:
        return await _choice(work, item)

    stage = f"perma.{percent}"
    outcomes = await map_items(work.run, stage, asked, one, key=lambda a: a.id, concurrency=work.concurrency)
    return [outcome.value or _row(item) for item, outcome in zip(asked, outcomes, strict=True)]
