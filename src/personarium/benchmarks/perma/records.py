"""What a PERMA world is made of: users, sessions, tasks.

Source: perma page, "How it works" and "Data formats". Wording of the data: "affinity" is a preference slot,
"checkpoint" a task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from personarium.benchmarks.perma.noise import NONE
from personarium.benchmarks.perma.options import Choice
from personarium.benchmarks.perma.timeline import SUPPLEMENT, moment
from personarium.core.chat import Message
from personarium.core.errors import InvalidInput

TaskType = Literal[1, 2, 3]
TYPES: tuple[TaskType, ...] = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Profile:
    """A user as the generator knows them.

    Args:
        id: The user.
        demographics: Attribute -> value.
        affinities: Domain -> slot -> values.
        interests: Domain -> 0 or 1; a missing one is 1.
        interactions: Domain -> what the user has been doing there: a summary for each event, in order.
    """

    id: str
    demographics: Mapping[str, str] = field(default_factory=dict)
    affinities: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    interests: Mapping[str, float] = field(default_factory=dict)
    interactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The demographics as ``attribute: value`` lines."""
        return "\n".join(f"{name}: {value}" for name, value in self.demographics.items())

    def preferences(self, domains: Sequence[str]) -> tuple[str, ...]:
        """The preferences of some domains, each ``domain-slot-content``."""
        return tuple(
            f"{domain}-{slot}-{value}"
            for domain in domains
            for slot, values in self.affinities.get(domain, {}).items()
            for value in values
        )


@dataclass(frozen=True, slots=True)
class Session:
    """One talk between the user and an assistant.

    Args:
        id: Unique for the user.
        domain: What it is about.
        messages: In order, roles ``user`` and ``assistant``.
        date: As in :class:`Event`.
        kind: As in :class:`Event`.
        preferences: What it shows, each ``domain-slot-content``.
        values: Planted values, word by word; empty where nothing is planted.
        noise: Its class of noise.
    """

    id: str
    domain: str
    messages: tuple[Message, ...]
    date: str
    kind: str = SUPPLEMENT
    preferences: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    noise: str = NONE

    @property
    def time(self) -> datetime:
        """When it was, in UTC."""
        return moment(self.date, self.id)

    @property
    def text(self) -> str:
        """The messages as lines ``role: content``."""
        return message_lines(self.messages)


def message_lines(messages: Sequence[Message]) -> str:
    """Messages as lines ``role: content``, as chunks and whole histories show them (page, step 12)."""
    return "\n".join(f"{message['role']}: {message['content']}" for message in messages)


def holds(text: str, value: str) -> bool:
    """Whether a planted value stands in a text, in capitals or not."""
    return value.casefold() in text.casefold()


@dataclass(frozen=True, slots=True)
class Task:
    """One question at one moment; (``id``, ``type``) is unique for the user.

    Args:
        user: Whose.
        id: The task; the Type 1 and Type 2 copies have that of their Type 3 one.
        type: 1 before anything is known, 2 right after the sessions it needs, 3 after the whole time line.
        domains: What it is about.
        question: As the user puts it: the goal, and no preference.
        context: The sessions before it, in order.
        choice: The eight options.
        description: What is to be done.
        goal: When it is done.
        preferences: The gold preferences, each ``domain-slot-content``.
        gold: The sessions that show them.
        needs: Planted values that an answer needs; empty where nothing is planted.
    """

    user: str
    id: str
    type: TaskType
    domains: tuple[str, ...]
    question: str
    context: tuple[Session, ...]
    choice: Choice
    description: str = ""
    goal: str = ""
    preferences: tuple[str, ...] = ()
    gold: tuple[Session, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, TaskType]:
        """What names it among the user's tasks."""
        return self.id, self.type

    @property
    def name(self) -> str:
        """``user/id_type``, as files and rows name it."""
        return f"{self.user}/{self.id}_{self.type}"


@dataclass(frozen=True)
class User:
    """One user: profile, time line, tasks.

    Raises:
        InvalidInput: Two sessions or tasks have one name, or a task's context is not the beginning of the time line;
            that of a Type 3 task is the whole of it, for all of them share one memory.
    """

    profile: Profile
    sessions: tuple[Session, ...]
    tasks: tuple[Task, ...]

    def __post_init__(self) -> None:
        ids = [session.id for session in self.sessions]
        if len(set(ids)) != len(ids):
            raise InvalidInput(f"user {self.id}", "sessions with different ids", ids)
        keys = [task.key for task in self.tasks]
        if len(set(keys)) != len(keys):
            raise InvalidInput(f"user {self.id}", "tasks with different (task_id, type)", keys)
        for task in self.tasks:
            context = [session.id for session in task.context]
            if context != ids[: len(context)] or (task.type == 3 and context != ids):
                whole = "the whole time line" if task.type == 3 else "the beginning of the time line"
                raise InvalidInput(task.name, f"{whole} as its context", context, "context")

    @property
    def id(self) -> str:
        """Its name."""
        return self.profile.id

    def of_type(self, type: TaskType) -> list[Task]:
        """The tasks of one type, in order."""
        return [task for task in self.tasks if task.type == type]

    def tracked(self) -> list[Task]:
        """The Type 3 tasks that were also asked as Types 1 and 2: those that show depth."""
        types: dict[str, set[int]] = {}
        for task in self.tasks:
            types.setdefault(task.id, set()).add(task.type)
        return [task for task in self.of_type(3) if types[task.id] == set(TYPES)]
