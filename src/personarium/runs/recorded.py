"""The wrappers a run puts around a model so that every call is written down, counted, and stops when the run stops."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.errors import BudgetExceeded, PersonariumError, RemoteError, StorageError
from personarium.core.label import current_label
from personarium.models.cache import Cached, cache_key
from personarium.models.wrapper import DEFAULT, Wrapper, stream_reply
from personarium.runs.keys import hide_keys
from personarium.runs.tally import Tally
from personarium.runs.transcript import Transcript, call_record

# Errors that no item can change: a wrong key, a server that is not there.
HOPELESS_KINDS = frozenset({"auth", "connection"})
HOPELESS_AFTER = 20  # such calls, with none answered, end the run: ten thousand of them would help nobody


class _Call:
    """What happens inside one call, seen from outside its retries and its cache."""

    __slots__ = ("end", "key", "latency_ms", "requests")

    def __init__(self, requests: int = 0, latency_ms: float = 0.0) -> None:
        self.requests, self.latency_ms = requests, latency_ms
        self.end, self.key = 0, ""  # where its record ends in the transcript, and its key; 0 if nothing was recorded


_call: ContextVar[_Call | None] = ContextVar("personarium_call", default=None)


def address_of_call(name: str, messages: Sequence[Message], sampling: Sampling) -> bytes:
    """The cache's key of a call, left in the call so that its record need not make it again."""
    key = cache_key(name, messages, sampling)
    call = _call.get()
    if call is not None:
        call.key = key.hex()
    return key


@dataclass(slots=True)
class Book:
    """What the models of a run share: the transcript, the counts, and the reason to stop.

    Args:
        transcript: Where records go; None keeps counts only.
        earlier: Counts of the sessions before this one.
        session: Counts since this process opened it.
        stop: Once set, every further call raises it.
        answered: Models that have answered since this process opened the run.
        hopeless: By model that has not: its calls that failed for a reason no item can change, with the last error.
        settled_bytes: Up to here, the replies of the transcript are known to be in the cache.
        settled_key: The key of the last of them.
    """

    transcript: Transcript | None
    earlier: Tally = field(default_factory=Tally)
    session: Tally = field(default_factory=Tally)
    stop: PersonariumError | None = None
    answered: set[str] = field(default_factory=set)
    hopeless: dict[str, tuple[int, RemoteError]] = field(default_factory=dict)
    settled_bytes: int = 0
    settled_key: str | None = None

    @property
    def totals(self) -> Tally:
        """Counts of the whole run folder."""
        return self.earlier + self.session

    def settle(self, call: _Call) -> None:
        """A call has returned through the cache, which commits in the order of the records: all before it is there."""
        if call.end > self.settled_bytes and not isinstance(self.stop, StorageError):
            self.settled_bytes, self.settled_key = call.end, call.key

    def enter(self, record: dict[str, object], error: RemoteError | None) -> None:
        """Write and count one call.

        Raises:
            StorageError: When the disk refuses; the run stops with it.
        """
        if self.transcript is not None:
            try:
                self.transcript.write(record)
            except StorageError as refused:
                self.stop = refused
                raise
        self.session.add(record)
        model = str(record["model"])
        if error is None:
            self.answered.add(model)
            self.hopeless.pop(model, None)
        elif error.kind in HOPELESS_KINDS and model not in self.answered:
            self._note_error(model, error)

    def _note_error(self, model: str, error: RemoteError) -> None:
        count = self.hopeless.get(model, (0, error))[0] + 1
        self.hopeless[model] = (count, error)
        if count >= HOPELESS_AFTER:
            self._give_up(f"the first {count} calls all failed", error)

    def give_up_on_nothing(self, stage: str, items: int) -> None:
        """No item of a stage got an answer: if that is because a model is not to be had, the run stops."""
        for _, error in self.hopeless.values():
            self._give_up(f"none of the {items} items of stage {stage} got an answer", error)

    def _give_up(self, what: str, error: RemoteError) -> None:
        if self.stop is None:
            self.stop = RemoteError(f"{what}, the last with: {error}", error.kind, error.status)


class Attempted(Wrapper):
    """Innermost: measures each single request, apart from waiting for a turn and from retries.

    Args:
        inner: The model itself.
        keys: Texts that are taken out of error messages, should an endpoint echo one.
    """

    def __init__(self, inner: ChatModel, keys: Sequence[bytes] = ()) -> None:
        super().__init__(inner)
        self._keys = keys

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """Ask, and note how long the answer took."""
        call = _call.get()
        if call is None:
            return await self.inner.generate(messages, sampling)
        call.requests += 1
        start = time.perf_counter()
        try:
            return await self.inner.generate(messages, sampling)
        except RemoteError as error:
            error.args = (hide_keys(str(error), self._keys),)
            raise
        finally:
            call.latency_ms = (time.perf_counter() - start) * 1000

    def stream(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> AsyncIterator[str | Reply]:
        """The inner model's stream, not measured."""
        return stream_reply(self.inner, messages, sampling)


class Recorded(Wrapper):
    """Writes every call that was really made, with its reply or its error, before it returns.

    Args:
        inner: The model, with limits, retries and accounts.
        book: Where to.
        role: What the model does in this run (``player``, ``judge``, ...).
    """

    def __init__(self, inner: ChatModel, book: Book, role: str) -> None:
        super().__init__(inner)
        self._book, self._role, self._name = book, role, inner.name

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """Ask and write down.

        Raises:
            RemoteError: As the model raised it, after it was written down.
            StorageError: When the record could not be written; the reply is then not given out either.
        """
        call = _call.get() or _Call()
        try:
            reply = await self.inner.generate(messages, sampling)
        except RemoteError as error:
            self._enter(messages, sampling, error, call)
            raise
        self._enter(messages, sampling, reply, call)
        return reply

    async def stream(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> AsyncIterator[str | Reply]:
        """The inner model's stream; written down when it is whole. Its latency is that of the whole stream."""
        start = time.perf_counter()
        try:
            async for piece in stream_reply(self.inner, messages, sampling):
                if isinstance(piece, Reply):
                    self._enter(messages, sampling, piece, _Call(1, (time.perf_counter() - start) * 1000))
                yield piece
        except RemoteError as error:
            self._enter(messages, sampling, error, _Call(1, (time.perf_counter() - start) * 1000))
            raise

    def _enter(
        self, messages: Sequence[Message], sampling: Sampling, outcome: Reply | RemoteError, call: _Call
    ) -> None:
        key = call.key or cache_key(self._name, messages, sampling).hex()
        record = call_record(
            key,
            current_label(),
            self._role,
            self._name,
            messages,
            sampling,
            outcome,
            call.latency_ms,
            max(1, call.requests),
        )
        self._book.enter(record, outcome if isinstance(outcome, RemoteError) else None)
        if self._book.transcript is not None and isinstance(outcome, Reply):
            call.end, call.key = self._book.transcript.size, key


class Watched(Wrapper):
    """Outermost: counts replies from disk, gives the run a moment to look around, and stops when it has stopped.

    Args:
        inner: The recorded (and perhaps cached) model.
        book: The run's book.
        tick: Called after every call.
    """

    def __init__(self, inner: ChatModel, book: Book, tick: Callable[[], None]) -> None:
        super().__init__(inner)
        self._book, self._tick = book, tick
        self._settles = isinstance(inner, Cached)

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """Ask, unless the run has stopped.

        Raises:
            PersonariumError: The error that the run stopped with.
        """
        book = self._book
        if book.stop is not None:
            raise book.stop
        call = _Call()
        token = _call.set(call)
        try:
            reply = await self.inner.generate(messages, sampling)
        except (BudgetExceeded, StorageError) as error:
            book.stop = book.stop or error
            raise
        finally:
            _call.reset(token)
        if self._settles:
            book.settle(call)
        self._count(reply)
        return reply

    async def stream(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> AsyncIterator[str | Reply]:
        """The inner model's stream, unless the run has stopped."""
        if self._book.stop is not None:
            raise self._book.stop
        try:
            async for piece in stream_reply(self.inner, messages, sampling):
                if isinstance(piece, Reply):
                    self._count(piece)
                yield piece
        except (BudgetExceeded, StorageError) as error:
            self._book.stop = self._book.stop or error
            raise

    def _count(self, reply: Reply) -> None:
        if reply.cached:
            self._book.session.cached += 1
        self._tick()
