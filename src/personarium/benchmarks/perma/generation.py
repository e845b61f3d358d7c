"""A world written by a model: time lines, talks, questions and options, and talks in another style.

Source: perma page, steps 2 to 8 (code).
Differs: the model says how many days after the one before an event is, and the dates are counted from one first day; a
dependency on a domain that the user does not have is left out, for it could never begin; a call that gives nothing
usable loses its part (domain, talk or task), is listed, and is not repeated without end; the talks of a domain are
written in order, because a later one sees the earlier ones.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from personarium.benchmarks.perma.noise import INSTRUCTIONS, NONE, draw_noise
from personarium.benchmarks.perma.options import DESIGN, LETTERS
from personarium.benchmarks.perma.records import Profile, Session, User, holds
from personarium.benchmarks.perma.scores import gold_text
from personarium.benchmarks.perma.steps import DIALOGUE, EXCHANGES, OPTIONS, QUESTION, RESTYLE, TIMELINE
from personarium.benchmarks.perma.templates import FIRST_DAY, USUAL, Asked, WorldConfig, bare, place_tasks, task_frames
from personarium.benchmarks.perma.timeline import EMERGENCE, SUPPLEMENT, Event, interleave
from personarium.core.chat import ChatModel, assistant, user
from personarium.core.results import Failure
from personarium.runs.mapping import map_items

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

_TRUTHS = (
    ("it does not finish the task, though it seems to be about it", "it finishes the task"),
    (
        "it names details of the right kind that the past talks do not support",
        "everything in it is supported by the past talks, and no name in it is new",
    ),
    ("it ends unsure of its answer", "it is sure of itself"),
)
_SUBTLE = "It goes wrong in little: one part of the task is left out, or exactly one detail of one domain is wrong."


@dataclass
class Written:
    """A user written by a model, and what was lost.

    Args:
        user: The user; one without a session or a task is still a user.
        failures: One for each lost domain, talk or task.
    """

    user: User
    failures: list[Failure] = field(default_factory=list)


@dataclass
class _Desk:
    model: ChatModel
    config: WorldConfig
    seed: int
    failures: list[Failure] = field(default_factory=list)

    def lose(self, failure: Failure | None, where: str) -> None:
        if failure is not None:
            self.failures.append(replace(failure, where=where))


async def write_users(
    model: ChatModel,
    profiles: Sequence[Profile],
    config: WorldConfig = USUAL,
    *,
    seed: int = 0,
    run: Run | DryRun | None = None,
    concurrency: int = 50,
) -> list[Written]:
    """Let a model write the time lines, talks, questions and options of some users.

    Args:
        model: Who writes.
        profiles: Who they are; every summary in ``interactions`` becomes an event.
        config: Noise, interleaving, tasks a domain.
        seed: Of every draw.
        run: The run to record and resume in.
        concurrency: Users at once.
    """

    async def one(profile: Profile) -> Written:
        return await _write(_Desk(model, config, seed), profile)

    outcomes = await map_items(run, "perma.write", profiles, one, key=lambda p: p.id, concurrency=concurrency)
    written = []
    for profile, outcome in zip(profiles, outcomes, strict=True):
        lost = outcome.failure or Failure("missing", "not worked on", profile.id)
        written.append(outcome.value if outcome.value is not None else Written(User(profile, (), ()), [lost]))
    return written


async def _write(desk: _Desk, profile: Profile) -> Written:
    timelines = {name: await _timeline(desk, profile, name) for name in profile.affinities}
    timelines = {name: events for name, events in timelines.items() if events}
    events = interleave(
        timelines, profile.interests, max_run=desk.config.max_run, switch_prob=desk.config.switch_prob, seed=desk.seed
    )
    talks = {name: await _talks(desk, profile, own) for name, own in timelines.items()}
    dates = {event.id: event.date for event in events}
    found = {session.id: session for own in talks.values() for session in own}
    sessions = tuple(replace(found[event.id], date=dates[event.id]) for event in events if event.id in found)
    asked = [await _asked(desk, profile, sessions, frame) for frame in task_frames(profile, desk.config, desk.seed)]
    tasks = place_tasks(profile, sessions, [one for one in asked if one is not None], desk.seed)
    return Written(User(profile, sessions, tuple(tasks)), desk.failures)


# --- step 2: one time line ---


async def _timeline(desk: _Desk, profile: Profile, name: str) -> list[Event]:
    inputs = timeline_inputs(profile, name)
    if not inputs["count"]:
        return []
    where = f"{profile.id}/{name}"
    answer = await TIMELINE.ask(desk.model, inputs, item=where, seed=desk.seed)
    desk.lose(answer.failure, where)
    rows = [] if answer.failure is not None else answer["items"]
    day = FIRST_DAY
    events: list[Event] = []
    for k, row in enumerate(rows):
        day += timedelta(days=row["days_later"])
        events.append(_event(profile, name, k, row, day))
    return events


def timeline_inputs(profile: Profile, name: str) -> dict[str, Any]:
    """What step 2 is asked with."""
    summaries = profile.interactions.get(name, ())
    return {
        "profile": profile.text,
        "summaries": "\n".join(f"{k}. {text}" for k, text in enumerate(summaries, 1)),
        "others": "Domains: " + ", ".join(profile.affinities),
        "domain": name,
        "count": len(summaries),
    }


def _event(profile: Profile, name: str, k: int, row: Mapping[str, Any], day: date) -> Event:
    kind = SUPPLEMENT if k else EMERGENCE
    id = f"event_{k + 1}_{kind} ({name})"
    named = [one.strip() for one in row["dependencies"].split(",")]
    needs = tuple(one for one in named if one in profile.affinities and one != name)
    when = f"{day.isoformat()} {row['period']}"
    return Event(id, name, when, kind, row["description"], row["task_goal"], needs)


# --- steps 4 and 5: the talks ---


async def _talks(desk: _Desk, profile: Profile, events: Sequence[Event]) -> list[Session]:
    sessions: list[Session] = []
    for event in events:
        where = f"{profile.id}/{event.id}"
        draw = random.Random(f"{desk.seed}|session|{where}")
        noise = draw_noise(event.kind, draw) if desk.config.noisy else NONE
        inputs = dialogue_inputs(profile, event, noise, sessions)
        answer = await DIALOGUE.ask(desk.model, inputs, item=where, seed=desk.seed)
        desk.lose(answer.failure, where)
        if answer.failure is None:
            sessions.append(_session(profile, event, noise, answer.values or {}))
    return sessions


def dialogue_inputs(profile: Profile, event: Event, noise: str, past: Sequence[Session]) -> dict[str, Any]:
    """What step 4 is asked with: the past talks of the domain are shown for supplements."""
    return {
        "profile": profile.text,
        "preferences": "\n".join(profile.preferences((event.domain, *event.dependencies))),
        "event": f"{event.description}\nGoal: {event.goal}",
        "past": gold_text(past) if event.kind == SUPPLEMENT else "",
        "noise": INSTRUCTIONS[noise],
        "exchanges": EXCHANGES,
    }


def _session(profile: Profile, event: Event, noise: str, values: Mapping[str, Any]) -> Session:
    turns = values["conversation"]
    messages = tuple(m for turn in turns for m in (user(turn["user"]), assistant(turn["assistant"])))
    session = Session(
        event.id, event.domain, messages, event.date, event.kind, tuple(values["preferences"]), noise=noise
    )
    liked = [value for found in profile.affinities.get(event.domain, {}).values() for value in found]
    return replace(session, values=tuple(bare(value) for value in liked if holds(session.text, bare(value))))


# --- steps 7 and 8: the tasks ---


async def _asked(desk: _Desk, profile: Profile, sessions: Sequence[Session], frame: Asked) -> Asked | None:
    where = f"{profile.id}/{frame.id}"
    inputs = {"profile": profile.text, "task": f"{frame.description}\nGoal: {frame.goal}"}
    question = await QUESTION.ask(desk.model, inputs, item=where, seed=desk.seed)
    desk.lose(question.failure, where)
    if question.failure is not None:
        return None
    asked = options_inputs(profile, replace(frame, question=question["question"]), sessions)
    options = await OPTIONS.ask(desk.model, asked, item=where, seed=desk.seed)
    desk.lose(options.failure, where)
    if options.failure is not None:
        return None
    texts = tuple(str(options[letter]).strip() for letter in LETTERS)
    if len(set(texts)) < len(texts):
        desk.failures.append(Failure("unparsed", "two of the eight options are the same", where, texts))
        return None
    return replace(frame, question=question["question"], texts=texts)


def options_inputs(profile: Profile, frame: Asked, sessions: Sequence[Session]) -> dict[str, Any]:
    """What step 8 is asked with."""
    rules = [
        f"{letter}: " + "; ".join(_TRUTHS[k][triple[k]] for k in range(3)) + "."
        for letter, triple in zip(LETTERS, DESIGN, strict=True)
    ]
    return {
        "question": frame.question,
        "goal": frame.goal,
        "preferences": "\n".join(profile.preferences(frame.domains)),
        "past": gold_text([session for session in sessions if session.domain in frame.domains]),
        "rules": "\n".join([*rules, *([_SUBTLE] if len(frame.domains) > 1 else [])]),
    }


# --- step 5: the style variant ---


async def restyled(
    model: ChatModel, person: User, samples: Sequence[str], *, seed: int = 0, concurrency: int = 50
) -> Written:
    """The style variant: the user's turns of every supplement talk in the manner of other people.

    Args:
        model: Who rewrites.
        person: The user.
        samples: Turns of people of the same country (the paper takes WildChat's, which are not shipped).
        seed: The run's seed.
        concurrency: Talks at once.

    Returns:
        The user; a talk that could not be rewritten stays as it was and is listed.
    """

    async def one(session: Session) -> Session | Failure:
        inputs = restyle_inputs(session, samples)
        answer = await RESTYLE.ask(model, inputs, item=f"{person.id}/{session.id}", seed=seed)
        return answer.failure if answer.failure is not None else _with_turns(session, answer["items"])

    due = [session for session in person.sessions if session.kind == SUPPLEMENT]
    outcomes = await map_items(None, "perma.restyle", due, one, key=lambda s: s.id, concurrency=concurrency)
    done = {s.id: outcome.value for s, outcome in zip(due, outcomes, strict=True) if outcome.value is not None}
    failures = [outcome.failure for outcome in outcomes if outcome.failure is not None]
    sessions = tuple(done.get(session.id, session) for session in person.sessions)
    by_id = {session.id: session for session in sessions}

    def same(old: Sequence[Session]) -> tuple[Session, ...]:
        return tuple(by_id[session.id] for session in old)

    tasks = tuple(replace(task, context=same(task.context), gold=same(task.gold)) for task in person.tasks)
    return Written(User(person.profile, sessions, tasks), failures)


def restyle_inputs(session: Session, samples: Sequence[str]) -> dict[str, Any]:
    """What the style step is asked with."""
    turns = [" ".join(m["content"].split()) for m in session.messages if m["role"] == "user"]
    return {"samples": "\n".join(samples), "turns": "\n".join(turns), "count": len(turns)}


def _with_turns(session: Session, turns: Sequence[str]) -> Session:
    left = iter(turns)
    messages = tuple(user(next(left)) if m["role"] == "user" else m for m in session.messages)
    changed = replace(session, messages=messages)
    return replace(changed, values=tuple(value for value in session.values if holds(changed.text, value)))
