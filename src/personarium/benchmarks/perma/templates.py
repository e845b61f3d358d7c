"""The template world: users, talks, tasks and options without any model, with planted values that are known exactly.

Nothing in it is of the published set; it has the same structure, and its truth is known. A value that stands in a
fetched text can only come from the session in which it was planted. Source: perma page, steps 1 to 8 and "Works when"
7.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from itertools import combinations
from typing import Any

from personarium.benchmarks.perma.noise import NONE, draw_noise
from personarium.benchmarks.perma.options import DESIGN, Choice, design
from personarium.benchmarks.perma.published import COUNTRIES
from personarium.benchmarks.perma.records import Profile, Session, Task, TaskType, User
from personarium.benchmarks.perma.timeline import EMERGENCE, PUBLISHED_RUN, SUPPLEMENT, Event, interleave
from personarium.core.chat import Message, assistant, user
from personarium.core.errors import InvalidInput

_PERIODS = ("Morning", "Afternoon", "Evening")
FIRST_DAY = date(2023, 1, 1)
MONTHS = 6  # a domain's events spread over 1 to 6 months (page, step 2)


@dataclass(frozen=True, slots=True)
class WorldConfig:
    """How large a world is, and how its domains are interleaved.

    Args:
        users: How many people.
        domains: How many domains each has.
        sessions: Talks of a domain, each with one planted value.
        tasks: Tasks of a domain (the paper: 3); the first is asked at all three moments.
        multi_tasks: Tasks over two domains (the paper: 6).
        noisy: Whether supplement talks have noise.
        max_run: As in :func:`interleave`; the published run has 3.
        switch_prob: As there; the published run has 0.5.

    Raises:
        InvalidInput: On a number the templates do not reach.
    """

    users: int = 1
    domains: int = 4
    sessions: int = 3
    tasks: int = 3
    multi_tasks: int = 0
    noisy: bool = False
    max_run: int = int(PUBLISHED_RUN["max_run"])
    switch_prob: float = PUBLISHED_RUN["switch_prob"]

    def __post_init__(self) -> None:
        pairs = self.domains * (self.domains - 1) // 2
        most = {"users": 1000, "domains": 6, "sessions": 3, "tasks": 4, "multi_tasks": pairs}
        for name, limit in most.items():
            least, found = int(name != "multi_tasks"), getattr(self, name)
            if not least <= found <= limit:
                raise InvalidInput("world", f"a number from {least} to {limit}", found, name)


USUAL = WorldConfig()


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    text = (files("personarium.benchmarks.perma") / "data" / "domains.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def domains() -> tuple[str, ...]:
    """The domains that the templates know."""
    return tuple(one["name"] for one in _data()["domain"])


def make_worlds(config: WorldConfig = USUAL, seed: int = 0) -> list[User]:
    """Users with their time lines and tasks; no model is asked.

    Args:
        config: How many and how large.
        seed: Of every draw.
    """
    return [make_user(draw_profile(k, config, seed), config, seed) for k in range(config.users)]


def draw_profile(k: int, config: WorldConfig = USUAL, seed: int = 0) -> Profile:
    """Who the k-th user is: a country of the published ones, and for each slot of each domain one value they like."""
    draw = random.Random(f"{seed}|profile|{k}")
    chosen = _data()["domain"][: config.domains]
    liked = {
        one["name"]: {slot["name"]: (draw.choice(slot["values"]),) for slot in one["slot"][: config.sessions]}
        for one in chosen
    }
    demographics = {"age": str(draw.randint(21, 74)), "country": COUNTRIES[k % len(COUNTRIES)]}
    interactions = {
        one["name"]: tuple(
            f"{slot['ask']} It turned out that the user prefers {liked[one['name']][slot['name']][0]}."
            for slot in one["slot"][: config.sessions]
        )
        for one in chosen
    }
    return Profile(f"user{k + 1}", demographics, liked, dict.fromkeys(liked, 1), interactions)


def make_user(profile: Profile, config: WorldConfig = USUAL, seed: int = 0) -> User:
    """A user's time line, talks and tasks."""
    events = interleave(
        {name: _events(profile, name, config, seed) for name in profile.affinities},
        profile.interests,
        max_run=config.max_run,
        switch_prob=config.switch_prob,
        seed=seed,
    )
    sessions = tuple(_session(profile, event, config, seed) for event in events)
    return User(profile, sessions, tuple(place_tasks(profile, sessions, task_frames(profile, config, seed), seed)))


# --- events and talks ---


def _events(profile: Profile, name: str, config: WorldConfig, seed: int) -> list[Event]:
    draw = random.Random(f"{seed}|events|{profile.id}|{name}")
    day, step = FIRST_DAY + timedelta(days=draw.randrange(20)), 30 * MONTHS // config.sessions
    out = []
    for k, slot in enumerate(_domain(name)["slot"][: config.sessions]):
        kind = SUPPLEMENT if k else EMERGENCE
        when = f"{day.isoformat()} {draw.choice(_PERIODS)}"
        out.append(Event(f"event_{k + 1}_{kind} ({name})", name, when, kind, slot["ask"], slot["ask"]))
        day += timedelta(days=draw.randint(1, step))
    return out


def _session(profile: Profile, event: Event, config: WorldConfig, seed: int) -> Session:
    slot = next(one for one in _domain(event.domain)["slot"] if one["ask"] == event.description)
    value = profile.affinities[event.domain][slot["name"]][0]
    draw = random.Random(f"{seed}|session|{profile.id}|{event.id}")
    noise = draw_noise(event.kind, draw) if config.noisy else NONE
    return Session(
        event.id,
        event.domain,
        tuple(_messages(profile, slot, value, noise, draw)),
        event.date,
        event.kind,
        (f"{event.domain}-{slot['name']}-{value}",),
        (bare(value),),
        noise,
    )


def bare(value: str) -> str:
    """A value without the article before it, for whoever keeps a value often keeps it so."""
    return re.sub(r"\A(?:an?|the) ", "", value)


def _messages(profile: Profile, slot: Mapping[str, Any], value: str, noise: str, draw: random.Random) -> list[Message]:
    """Ten messages; the preference shows itself as a reaction to what the assistant offers (page, step 4)."""
    phrases = _data()["phrases"]
    said = slot["react"].format(value=value)
    turns: list[tuple[str, str]] = [(slot["ask"], phrases["opening"][0][0])]
    for k, (theirs, _) in enumerate(phrases["opening"][1:], 1):
        turns.append((phrases["opening"][k - 1][1] or said, theirs))
    at = next(k for k, (mine, _) in enumerate(turns) if mine == said)
    if noise in ("omitted", "switched"):
        turns.insert(at, tuple(phrases[noise]))
    elif noise == "inconsistent":
        other = draw.choice([one for one in slot["values"] if one != value])
        turns.insert(at, (slot["react"].format(value=other), phrases[noise][0]))
        turns[at + 1] = (f"{phrases[noise][1]} {said}", turns[at + 1][1])
    elif noise == "multilingual":
        greeting = _data()["greetings"].get(profile.demographics.get("country", ""), "")
        turns[0] = (f"{greeting} {turns[0][0]}".strip(), turns[0][1])
    elif noise == "colloquial":
        turns = [(f"hey so, {mine} ya know", theirs) for mine, theirs in turns]
    return [message for mine, theirs in turns for message in (user(mine), assistant(theirs))]


def _domain(name: str) -> Mapping[str, Any]:
    return next(one for one in _data()["domain"] if one["name"] == name)


# --- tasks ---


@dataclass(frozen=True, slots=True)
class Asked:
    """What a task is about, before it is placed in the time line."""

    id: str
    domains: tuple[str, ...]
    description: str
    goal: str
    question: str
    texts: tuple[str, ...]


def task_frames(profile: Profile, config: WorldConfig, seed: int) -> list[Asked]:
    """The tasks drawn for a user, with the template's question and options."""
    draw = random.Random(f"{seed}|tasks|{profile.id}")
    single: list[Asked] = []
    for name in profile.affinities:
        for k, row in enumerate(draw.sample(_domain(name)["tasks"], config.tasks)):
            texts = _texts(profile, (name,), row[3], draw)
            single.append(Asked(f"{name}-{k + 1}", (name,), row[0], row[1], row[2], texts))
    pairs = draw.sample(list(combinations(profile.affinities, 2)), config.multi_tasks)
    return single + [_joint(profile, pair, draw) for pair in pairs]


def _joint(profile: Profile, pair: tuple[str, str], draw: random.Random) -> Asked:
    rows = [draw.choice(_domain(name)["tasks"]) for name in pair]
    join = [" and ".join(row[k] for row in rows) for k in (0, 1, 3)]
    return Asked(
        "+".join(pair), pair, join[0], join[1], " ".join(row[2] for row in rows), _texts(profile, pair, join[2], draw)
    )


def _texts(profile: Profile, names: Sequence[str], result: str, draw: random.Random) -> tuple[str, ...]:
    """The eight options A to H. Over two domains a wrong option has exactly one wrong detail (page, step 8)."""
    right = [(name, slot, values[0]) for name in names for slot, values in profile.affinities[name].items()]
    spoilt = {draw.randrange(len(right))} if len(names) > 1 else set(range(len(right)))
    wrong = [_other(name, slot, value, draw) if k in spoilt else value for k, (name, slot, value) in enumerate(right)]
    details = [", ".join(wrong), ", ".join(value for _, _, value in right)]
    words = _data()["options"]
    done, sure = (words["unfinished"], words["completed"]), (words["unsure"], words["sure"])
    return tuple(
        f"{draw.choice(done[t]).format(result=result)}, with {details[p]}, {draw.choice(sure[i])}."
        for t, p, i in DESIGN
    )


def _other(name: str, slot: str, value: str, draw: random.Random) -> str:
    values: list[str] = next(one["values"] for one in _domain(name)["slot"] if one["name"] == slot)
    return draw.choice([one for one in values if one != value])


def place_tasks(profile: Profile, sessions: Sequence[Session], asked: Sequence[Asked], seed: int) -> list[Task]:
    """The tasks at their moments (page, step 6).

    The first task of each domain is asked as Type 1 after the first session of the domain and as Type 2 after the last
    one; of the tasks over several domains, the first one for each domain that ends last. They and all the others are
    asked as Type 3 after everything. A task about a domain that no session is about is left out.

    Args:
        profile: Whose tasks.
        sessions: The whole time line.
        asked: What is asked, in order.
        seed: Of the order of the options.
    """
    places: dict[str, list[int]] = {}
    for k, session in enumerate(sessions):
        places.setdefault(session.domain, []).append(k)
    inserted: list[Task] = []
    held_out: list[Task] = []
    owners: set[str] = set()
    for one in asked:
        if not all(name in places for name in one.domains):
            continue
        last = max(one.domains, key=lambda name: places[name][-1])
        owner = last if len(one.domains) == 1 else f"multi {last}"
        whole = _task(profile, sessions, one, 3, len(sessions), seed)
        held_out.append(whole)
        if owner not in owners:
            owners.add(owner)
            first = max(places[name][0] for name in one.domains) + 1
            inserted += [
                _task(profile, sessions, one, 1, first, seed),
                _task(profile, sessions, one, 2, places[last][-1] + 1, seed),
            ]
    return sorted(inserted, key=lambda task: len(task.context)) + held_out


def _task(profile: Profile, sessions: Sequence[Session], one: Asked, type: TaskType, cut: int, seed: int) -> Task:
    gold = tuple(session for session in sessions if session.domain in one.domains)
    return Task(
        profile.id,
        one.id,
        type,
        one.domains,
        one.question,
        tuple(sessions[:cut]),
        _choice(one, profile, type, seed),
        one.description,
        one.goal,
        tuple(preference for session in gold for preference in session.preferences),
        tuple(session for session in gold if session in sessions[:cut]),
        tuple(value for session in gold for value in session.values),
    )


def _choice(one: Asked, profile: Profile, type: TaskType, seed: int) -> Choice:
    return design(one.texts, seed, f"{profile.id}/{one.id}_{type}")


# --- variants ---


def lengthened(person: User, filler: Sequence[Sequence[Message]], seed: int = 0) -> User:
    """The long variant: after every session a talk about something else is put in, of the same day (page, step 5).

    Args:
        person: The user.
        filler: Talks to draw from (the paper takes them from WildChat; they are not shipped).
        seed: Of the draw.

    Raises:
        InvalidInput: Without any filler.
    """
    if not filler:
        raise InvalidInput("lengthened", "at least one talk to fill up with", 0, "filler")
    draw = random.Random(f"{seed}|filler|{person.id}")
    added = {
        one.id: replace(
            one, id=f"filler {k + 1}", domain="", messages=tuple(draw.choice(filler)), preferences=(), values=()
        )
        for k, one in enumerate(person.sessions)
    }

    def fill(sessions: Sequence[Session]) -> tuple[Session, ...]:
        return tuple(both for one in sessions for both in (one, added[one.id]))

    tasks = tuple(replace(task, context=fill(task.context)) for task in person.tasks)
    return User(person.profile, fill(person.sessions), tasks)
