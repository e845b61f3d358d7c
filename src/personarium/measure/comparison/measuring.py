"""How scores and replies are had: agents asked item by item, replies graded by a rubric, any instrument, shuffled replies.

Source: DESIGN.md, rule 4 (every comparison shows its trivial baselines) and "Agent" (an own agent is never told the persona).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from personarium.core.chat import ChatModel
from personarium.core.controls import next_different
from personarium.core.errors import RemoteError, UsageError
from personarium.core.persona import Persona
from personarium.core.results import Failure, Instrument, Scale, Score, count_failures, main_reason
from personarium.core.rubric import Rubric
from personarium.judges.judging import Rater
from personarium.measure.comparison.contest import Item, Replies, ScoreTable
from personarium.measure.comparison.result import Savings
from personarium.play.agents import Agent
from personarium.runs.mapping import map_items
from personarium.runs.outcome import Outcome

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run

    AnyRun = Run | DryRun | None

T = TypeVar("T", Item, Persona)
R = TypeVar("R")
Found = Mapping[tuple[str, str], Outcome[R]]  # (contestant, item or persona) -> what came of it

POINTS = Scale(1.0, 5.0, True, "points")
SHUFFLED = "shuffled replies"
Role = tuple[ChatModel, Callable[[Item], str]]  # who answers, and as whom
Scored = Callable[[str, Item], Awaitable["tuple[float, str | None] | Failure"]]


async def measure_items(
    names: Sequence[str],
    items: Sequence[Item],
    score: Scored,
    *,
    scale: Scale,
    source: str,
    judge: str = "",
    baselines: Collection[str] = (),
    run: AnyRun = None,
    concurrency: int = 100,
) -> ScoreTable:
    """Score every contestant on every item.

    Args:
        names: Contestants and baselines.
        items: The same for all of them.
        score: The score of a contestant on an item with its reply (None where it is not known), or why there is none. A
            :class:`RemoteError` that it raises is a failure.
        scale: Of the scores.
        source: What gives them.
        judge: The judge's name.
        baselines: Which of the names are baselines.
        run: The run to record and resume in.
        concurrency: Items at once.
    """

    async def one(job: tuple[str, Item]) -> tuple[float, str | None] | Failure:
        try:
            return await score(*job)
        except RemoteError as error:
            return Failure("error", str(error), job[1].id)

    found = await _each(run, "contest", names, items, one, concurrency)
    return ScoreTable(
        tuple(items),
        {n: tuple(None if (v := found[n, i.id].value) is None else v[0] for i in items) for n in names},
        scale,
        source,
        {n: tuple(None if (v := found[n, i.id].value) is None else v[1] for i in items) for n in names},
        {name: _lost(found, name, items) for name in names},
        frozenset(baselines),
        judge=judge,
        reason=main_reason(f for n in names for i in items if (f := found[n, i.id].failure) is not None),
    )


async def _each(
    run: AnyRun,
    stage: str,
    names: Iterable[str],
    items: Sequence[T],
    one: Callable[[tuple[str, T]], Awaitable[R | Failure]],
    concurrency: int,
) -> Found[R]:
    """Work on every contestant with every item."""
    jobs = [(name, item) for item in items for name in names]
    outcomes = await map_items(run, stage, jobs, one, key=lambda job: f"{job[0]}|{job[1].id}", concurrency=concurrency)
    return {(name, item.id): outcome for (name, item), outcome in zip(jobs, outcomes, strict=True)}


def _lost(found: Found[Any], name: str, items: Sequence[Item]) -> dict[str, int]:
    """What failed of one contestant, by kind."""
    return count_failures(f for item in items if (f := found[name, item.id].failure) is not None)


async def measure_with(
    instrument: Instrument,
    subjects: Mapping[str, ChatModel],
    personas: Sequence[Persona],
    *,
    seed: int = 0,
    baselines: Mapping[str, tuple[Instrument, ChatModel]] | None = None,
    run: AnyRun = None,
    concurrency: int = 20,
) -> ScoreTable:
    """Every subject by one instrument: the parts of its scores are the items, its personas the groups.

    Args:
        instrument: Anything that measures how a subject plays personas.
        subjects: Contestant -> the model that plays.
        personas: Whom to play.
        seed: Of the instrument.
        baselines: Name -> (the instrument with something left out, the model): the trivial baselines.
        run: The run to record and resume in.
        concurrency: Personas at once.
    """
    measured = {**{name: (instrument, model) for name, model in subjects.items()}, **(baselines or {})}

    async def one(job: tuple[str, Persona]) -> Score | Failure:
        with_what, model = measured[job[0]]
        return (await with_what.measure(model, [job[1]], seed))[0]

    found = await _each(run, instrument.name, measured, personas, one, concurrency)
    values = {n: _parts(found, n, [p.id for p in personas]) for n in measured}
    ids = list(dict.fromkeys((who, part) for column in values.values() for who, part in column))
    return ScoreTable(
        tuple(Item(part if who in part else f"{who}/{part}", who) for who, part in ids),
        {n: tuple(values[n].get(key) for key in ids) for n in measured},
        instrument.scale,
        instrument.name,
        failures={n: count_failures(f for p in personas for f in _failures(found[n, p.id])) for n in measured},
        baselines=frozenset(baselines or ()),
        judge=str(getattr(getattr(instrument, "judge", None), "name", "")),
        reason=main_reason(f for n in measured for p in personas for f in _failures(found[n, p.id])),
    )


def _failures(outcome: Outcome[Score]) -> Sequence[Failure]:
    """Of a score that was had, what failed inside it; of one that was not, why."""
    if outcome.value is not None:
        return outcome.value.failures
    return [outcome.failure] if outcome.failure is not None else []


def _parts(found: Found[Score], name: str, personas: Sequence[str]) -> dict[tuple[str, str], Any]:
    """(persona, item) -> value; a score without parts is one item."""
    column: dict[tuple[str, str], Any] = {}
    for who in personas:
        score = found[name, who].value
        if score is not None:
            column |= {(who, str(part)): value for part, value in (score.parts or {"score": score.value}).items()}
    return column


async def ask_agents(
    agents: Mapping[str, ChatModel],
    items: Sequence[Item],
    *,
    untold: Collection[str] = (),
    baselines: bool = True,
    seed: int = 0,
    run: AnyRun = None,
    concurrency: int = 100,
) -> Replies:
    """Ask every agent every item's question.

    Args:
        agents: Contestant -> its model.
        items: With their prompts; the persona of an item is told to the agent.
        untold: Own agents: they are asked the bare question.
        baselines: Also ask the first agent that is told a persona without any ("no persona") and as the next other persona of
            the items ("shuffled persona"), where items have personas.
        seed: Of the run.
        run: The run to record and resume in.
        concurrency: Questions at once.
    """
    roles: dict[str, Role] = {name: (model, _nobody if name in untold else _own) for name, model in agents.items()}
    told = [model for name, model in agents.items() if name not in untold]
    extra = _persona_baselines(told[0], items) if baselines and told else {}
    roles |= extra

    async def one(job: tuple[str, Item]) -> str | Failure:
        model, persona = roles[job[0]]
        spoken = await Agent(persona(job[1]) or None, model, id="contestant").answer(job[1].prompt, seed=seed)
        return spoken.text if spoken.failure is None else spoken.failure

    found = await _each(run, "asking", roles, items, one, concurrency)
    return Replies(
        tuple(items),
        {name: tuple(found[name, item.id].value for item in items) for name in roles},
        {name: _lost(found, name, items) for name in roles},
        frozenset(extra),
    )


def _own(item: Item) -> str:
    return item.persona


def _nobody(item: Item) -> str:
    return ""


def _persona_baselines(model: ChatModel, items: Sequence[Item]) -> dict[str, Role]:
    """The same model without a persona, and with the next other one, where items have personas."""
    personas = [item.persona for item in items if item.persona]
    others = next_different(personas)
    found: dict[str, Role] = {"no persona": (model, _nobody)} if personas else {}
    if others is not None:
        other = dict(zip(personas, others, strict=True))
        found["shuffled persona"] = (model, lambda item: other.get(item.persona, ""))
    return found


def shuffled_replies(replies: Replies, of: str | None = None) -> Replies:
    """The same with one more baseline: a contestant's own replies, each to the next item.

    Fluent and in its style, but an answer to something else; a judge that does not see the difference reads no questions.

    Args:
        replies: What was said.
        of: Whose replies; the first contestant's without.

    Raises:
        UsageError: With a single item nothing can be shuffled.
    """
    if len(replies.items) < 2:
        raise UsageError("shuffled replies need at least two items")
    column = replies.texts[of or replies.contestants[0]]
    return replace(
        replies,
        texts={**replies.texts, SHUFFLED: (*column[1:], column[0])},
        baselines=replies.baselines | {SHUFFLED},
    )


async def grade_replies(
    replies: Replies,
    judge: Rater,
    rubric: Rubric,
    *,
    samples: int = 1,
    run: AnyRun = None,
    concurrency: int = 100,
) -> ScoreTable:
    """Have every reply graded by a rubric; replies of one wording to one item are graded once.

    Args:
        replies: What the contestants said.
        judge: Who grades.
        rubric: By what.
        samples: Verdicts a reply.
        run: The run to record and resume in.
        concurrency: Replies at once.
    """
    found = await _graded(replies, judge, rubric, samples, run, concurrency)

    def column(name: str) -> list[Outcome[float] | None]:
        return [None if t is None else found[k, t.strip()] for k, t in enumerate(replies.texts[name])]

    lost = {
        name: count_failures(o.failure for o in column(name) if o is not None and o.failure) for name in replies.texts
    }
    asked = sum(text is not None for texts in replies.texts.values() for text in texts)
    return ScoreTable(
        replies.items,
        {name: tuple(None if o is None else o.value for o in column(name)) for name in replies.texts},
        POINTS,
        f"rubric: {rubric.criterion}",
        replies.texts,
        {name: _sum(replies.failures.get(name, {}), lost[name]) for name in replies.texts},
        replies.baselines,
        judge=judge.name,
        savings=Savings(samples * len(found), samples * asked),
        reason=main_reason(outcome.failure for outcome in found.values() if outcome.failure),
    )


async def _graded(
    replies: Replies, judge: Rater, rubric: Rubric, samples: int, run: AnyRun, concurrency: int
) -> dict[tuple[int, str], Outcome[float]]:
    """The grade of every wording of a reply to an item: (place of the item, text) -> grade."""
    texts = replies.texts.values()
    said = ((k, column[k]) for k in range(len(replies.items)) for column in texts)
    wanted = list(dict.fromkeys((k, text.strip()) for k, text in said if text is not None))
    numbered = {job: n for n, job in enumerate(wanted)}

    async def one(job: tuple[int, str]) -> float | Failure:
        item = replies.items[job[0]]
        grade = await judge.grade(
            rubric, item.prompt, job[1], samples=samples, persona=item.persona or None, item=item.id
        )
        if grade.value is not None:
            return grade.value
        return grade.failures[0] if grade.failures else Failure("missing", "no verdict", item.id)

    def key(job: tuple[int, str]) -> str:
        return f"{replies.items[job[0]].id}|{numbered[job]}"

    outcomes = await map_items(run, "grading", wanted, one, key=key, concurrency=concurrency)
    return dict(zip(wanted, outcomes, strict=True))


def _sum(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return {kind: first.get(kind, 0) + second.get(kind, 0) for kind in sorted({*first, *second})}
