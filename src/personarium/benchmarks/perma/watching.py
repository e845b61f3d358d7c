"""A memory under watch: what it was given under which key, how long it takes, whether it tells of the future.

Source: perma page, "Traps" (one ingested memory for all Type 3 tasks, one a task for Type 2) and "Works when" 7.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from personarium.benchmarks.perma.memories import MemorySystem
from personarium.benchmarks.perma.records import Session, holds
from personarium.core.errors import InvalidInput

MARK = 40  # characters: a sentence of the user this long is not repeated by chance


@dataclass(frozen=True, slots=True)
class Leak:
    """A session of the future that a memory had or told of.

    Args:
        task: ``user/id_type``.
        session: The session's id.
        how: ``given``: it stood under the task's key; ``told``: the fetched text holds what only it says.
    """

    task: str
    session: str
    how: Literal["given", "told"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a memory gave for a question.

    Args:
        text: What goes into the prompt.
        seconds: How long the search took; on a hosted service with its network, so not comparable between systems.
        leaks: Sessions of the future.
    """

    text: str
    seconds: float = 0.0
    leaks: tuple[Leak, ...] = ()


@dataclass
class Watched:
    """A memory and the book of what it was given.

    Args:
        memory: The memory.
        clock: Seconds; replaced in tests.

    Attributes:
        given: Key -> ids of the sessions that were added under it, in order.
    """

    memory: MemorySystem
    clock: Callable[[], float] = time.perf_counter
    given: dict[str, list[str]] = field(default_factory=dict)

    async def add(self, user_key: str, sessions: Sequence[Session]) -> None:
        """Give it sessions, in order."""
        for session in sessions:
            self.given.setdefault(user_key, []).append(session.id)
            waiting = self.memory.add(user_key, session.messages, session.time, f"{user_key}/{session.id}")
            if inspect.isawaitable(waiting):
                await waiting

    async def search(
        self, user_key: str, query: str, top_k: int, task: str, known: Sequence[Session], later: Sequence[Session]
    ) -> Fetched:
        """Ask it, and look for what it cannot know yet.

        Args:
            user_key: The key.
            query: The question.
            top_k: Entries wanted.
            task: The task's name, for leaks.
            known: The sessions before the question.
            later: Those after it.

        Raises:
            InvalidInput: The memory gave no text.
        """
        begun = self.clock()
        waiting = self.memory.search(user_key, query, top_k)
        text = await waiting if inspect.isawaitable(waiting) else waiting
        seconds = self.clock() - begun
        if not isinstance(text, str):
            raise InvalidInput(f"memory search for {task}", "a text", text)
        held = set(self.given.get(user_key, ()))
        given = [Leak(task, one.id, "given") for one in later if one.id in held]
        told = [Leak(task, one.id, "told") for one in told_of(text, known, later)]
        return Fetched(text, seconds, (*given, *told))


def told_of(text: str, known: Sequence[Session], later: Sequence[Session]) -> list[Session]:
    """The later sessions of which a text holds something that no known session says.

    A planted value tells of its session. Without planted values a sentence of the user of 40 characters or more does,
    word by word: a memory that puts things into its own words is not caught by this, only by its key.
    """
    before = "\n".join(one.text for one in known)
    return [one for one in later if any(holds(text, mark) and not holds(before, mark) for mark in _marks(one))]


def _marks(session: Session) -> list[str]:
    if session.values:
        return list(session.values)
    said = (
        line for message in session.messages if message["role"] == "user" for line in message["content"].split("\n")
    )
    return [line.strip() for line in said if len(line.strip()) >= MARK]
