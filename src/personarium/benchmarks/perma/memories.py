"""Memories under test: what one must offer, a few plain ones, the retrieval baseline, and any strategy of ``remember``.

Source: perma page, "Takes and gives" and step 12.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from personarium.benchmarks.perma.records import message_lines
from personarium.core.chat import ChatModel, Message
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.results import Failure
from personarium.remember import Memory, Observation
from personarium.text.embed import Embedder, StaticEmbedder, cosine

BATCH_SIZE, TOP_K = 2, 10  # page, step 12


@runtime_checkable
class MemorySystem(Protocol):
    """A memory that can be put to the test; both methods may be plain or async.

    A memory keeps user keys apart: what was added under one key is never found under another. It is given a session
    only once, in order, and never sees a question before it is searched with it.
    """

    def add(
        self, user_key: str, messages: Sequence[Message], time: datetime, session_id: str
    ) -> Awaitable[None] | None:
        """Take in one session."""
        ...

    def search(self, user_key: str, query: str, top_k: int) -> Awaitable[str] | str:
        """The text that goes into the prompt; empty when nothing is found."""
        ...


class NoMemory:
    """Remembers nothing: what can be answered without any memory."""

    def add(self, user_key: str, messages: Sequence[Message], time: datetime, session_id: str) -> None:
        """Let it go."""

    def search(self, user_key: str, query: str, top_k: int) -> str:
        """Nothing."""
        return ""


class WholeHistory:
    """Returns everything it was given, whatever is asked: a perfect memory, and the most expensive one.

    Args:
        sessions: How many of the last sessions are kept; None keeps all.
    """

    def __init__(self, sessions: int | None = None) -> None:
        if sessions is not None and sessions < 1:
            raise InvalidInput("WholeHistory", "at least 1 session, or None for all", sessions, "sessions")
        self.sessions = sessions
        self._kept: dict[str, list[str]] = {}

    def add(self, user_key: str, messages: Sequence[Message], time: datetime, session_id: str) -> None:
        """Keep the session word by word."""
        kept = self._kept.setdefault(user_key, [])
        kept.append(message_lines(messages))
        if self.sessions is not None:
            del kept[: -self.sessions]

    def search(self, user_key: str, query: str, top_k: int) -> str:
        """The sessions kept, oldest first."""
        return "\n\n".join(self._kept.get(user_key, []))


class LastSessions(WholeHistory):
    """Returns the last sessions it was given: a memory that forgets what is old.

    Args:
        sessions: How many.
    """

    def __init__(self, sessions: int = 3) -> None:
        super().__init__(sessions)


def chunks(messages: Sequence[Message], batch_size: int = BATCH_SIZE) -> list[tuple[Message, ...]]:
    """Consecutive messages in chunks; they run over the borders of sessions, and the last may be shorter."""
    if batch_size < 1:
        raise InvalidInput("chunks", "at least 1 message", batch_size, "batch_size")
    return [tuple(messages[k : k + batch_size]) for k in range(0, len(messages), batch_size)]


class Retrieval:
    """The baseline RAG: the chunks whose embedding is closest to the question's.

    Args:
        embedder: The paper has BGE-M3; here the built-in static one by default.
        batch_size: Messages of a chunk.
    """

    def __init__(self, embedder: Embedder | None = None, batch_size: int = BATCH_SIZE) -> None:
        self._embedder: Embedder = StaticEmbedder() if embedder is None else embedder
        self.batch_size = batch_size
        self._messages: dict[str, list[Message]] = {}

    def add(self, user_key: str, messages: Sequence[Message], time: datetime, session_id: str) -> None:
        """Append the messages to the flat history."""
        self._messages.setdefault(user_key, []).extend(messages)

    def search(self, user_key: str, query: str, top_k: int) -> str:
        """The best chunks in the order of similarity (equal ones in that of the history), joined by blank lines."""
        texts = [message_lines(one) for one in chunks(self._messages.get(user_key, []), self.batch_size)]
        if not texts or top_k < 1:
            return ""
        scores = cosine(self._embedder.embed([query])[0], self._embedder.embed(texts))
        best = sorted(range(len(texts)), key=lambda k: -float(scores[k]))[:top_k]
        return "\n\n".join(texts[k] for k in best)


class MemoryAdapter:
    """A strategy of :mod:`personarium.remember` under test.

    What it knows of time are the times of the sessions: its clock stands at the last one.

    Args:
        memory_factory: Makes the memory, given the clock that it must use (seconds since 1970).
        model: Who consolidates; None lets the strategy's plain rules do it.
        standing: Whether what always stands in the prompt (a profile, a tree) comes before what was recalled.

    Attributes:
        failures: What went wrong in consolidating: calls that gave nothing, entries that could not be used.
    """

    def __init__(
        self,
        memory_factory: Callable[[Callable[[], float]], Memory],
        model: ChatModel | None = None,
        *,
        standing: bool = True,
    ) -> None:
        self._now = 0.0
        self._memory = memory_factory(lambda: self._now)
        self._model, self._standing = model, standing
        self.failures: list[Failure] = []

    async def add(self, user_key: str, messages: Sequence[Message], time: datetime, session_id: str) -> None:
        """Observe the session word by word, then consolidate and apply what the strategy proposes."""
        self._now = max(self._now, time.timestamp())
        person = self._memory.user(user_key)
        said = [Observation(message["content"], message["role"], time.timestamp(), session_id) for message in messages]
        person.observe_all(said)
        diff = await person.consolidate(self._model, closing=True)
        self.failures += [*diff.failures, *diff.quarantined]
        person.apply(diff)

    async def search(self, user_key: str, query: str, top_k: int) -> str:
        """What stands in the prompt, and what is recalled for the question."""
        person = self._memory.user(user_key)
        parts = [person.profile().text] if self._standing else []
        parts.append(person.recall(query, k=top_k).text)
        return "\n\n".join(part for part in parts if part.strip())


def open_memory(name: str, model: ChatModel | None = None) -> MemorySystem:
    """A memory by name: one of this module (``whole``, ``last``, ``rag``) or a strategy of ``remember``.

    Args:
        name: The name.
        model: Who consolidates for a strategy; None lets its plain rules do it.

    Raises:
        UsageError: On a name that is neither.
    """
    from personarium.remember.strategies import STRATEGIES, open_strategy

    if name in PLAIN:
        return PLAIN[name]()
    if name not in STRATEGIES:
        raise UsageError(f"no memory '{name}'; there are {', '.join([*PLAIN, *STRATEGIES])}")
    strategy = open_strategy(name)
    return MemoryAdapter(lambda clock: Memory.open(None, strategy=strategy, clock=clock), model)


PLAIN: Mapping[str, Callable[[], MemorySystem]] = {"whole": WholeHistory, "last": LastSessions, "rag": Retrieval}
