"""One strategy goes through one user's talk: it hears every session in order, and is asked at the cuts, never later.

A strategy sees a :class:`~personarium.remember.strategy.UserView` and nothing else. Questions reach it as queries of a recall
that changes nothing (``preview``); none is ever told to it. A question at the end of a session is asked when the strategy has
consolidated it; one in the middle of a session finds what was said in it so far not yet consolidated, as in life.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from personarium.core.chat import ChatModel
from personarium.core.results import Failure
from personarium.core.tokens import estimate_tokens
from personarium.measure.memory.questions import Question
from personarium.remember.events import encode
from personarium.remember.memory import Memory
from personarium.remember.recollection import Recollection
from personarium.remember.records import Observation
from personarium.remember.strategy import Recalled, Strategy, UserView
from personarium.remember.user_memory import UserMemory
from personarium.text.embed import Embedder


@dataclass(frozen=True, slots=True)
class Terms:
    """How memories are asked.

    Args:
        k: How many entries are recalled.
        budget_tokens: The longest text of recalled entries; None sets no limit. What always stands in the prompt is not cut.
        embedder: For the meaning part of a search; the static default when left out.
    """

    k: int = 5
    budget_tokens: int | None = 1000
    embedder: Embedder | None = None


@dataclass(frozen=True)
class Shown:
    """What a memory showed for one question.

    Args:
        question: Its id.
        text: Profile and recall as the prompt shows them; a line that is in both stands once.
        profile: What always stands there.
        found: What was recalled.
        sources: For every entry of profile and recall, the numbers of the messages behind it.
        unknown: Ids that an entry names and that the memory does not have.
        ms: How long it took.
        digest: Of the memory's log at this place; empty unless it was asked for.
    """

    question: str
    text: str
    profile: Recollection
    found: Recollection
    sources: tuple[tuple[int, ...], ...]
    unknown: tuple[str, ...]
    ms: float
    digest: str = ""

    @property
    def tokens(self) -> int:
        """Tokens of the text, by the rule of four characters."""
        return estimate_tokens(self.text)

    @property
    def recalled(self) -> tuple[tuple[int, ...], ...]:
        """The sources of the recalled entries alone."""
        return self.sources[len(self.profile.items) :]


@dataclass
class Walked:
    """What one strategy did with one talk.

    Args:
        shown: Question id -> what was shown.
        observe_ms: A message.
        consolidate_ms: A session, its edits' recording included.
        sessions: How many were consolidated.
        failures: Failed calls, and what a model wrote that could not be used.
        bytes: Of the log, or of the store's files.
    """

    shown: dict[str, Shown] = field(default_factory=dict)
    observe_ms: float = 0.0
    consolidate_ms: float = 0.0
    sessions: int = 0
    failures: list[Failure] = field(default_factory=list)
    bytes: int = 0


async def walk(
    strategy: Strategy,
    user: str,
    messages: Sequence[Observation],
    questions: Sequence[Question],
    *,
    terms: Terms,
    model: ChatModel | None = None,
    path: Path | None = None,
    digests: frozenset[str] = frozenset(),
) -> Walked:
    """Let a fresh memory hear a talk and ask it on the way.

    Args:
        strategy: How it remembers.
        user: The user's id in the memory.
        messages: In order; what comes after the last question is left out.
        questions: In any order.
        terms: How it is asked.
        model: Who consolidates; None lets rules do it.
        path: A file for the store; None keeps it in memory.
        digests: Questions at which the log's digest is taken.
    """
    clock = _Clock()
    walker = _Walker(Walked(), terms, clock, model)
    last = max((one.end for one in questions), default=len(messages))
    cuts = {one.end for one in questions}
    with Memory.open(path, strategy=strategy, embedder=terms.embedder, clock=clock) as memory:
        mine = memory.user(user)
        for start, end, closes in parts(messages, cuts, last):
            walker.hear(mine, messages, start, end)
            if closes:
                await walker.consolidate(mine)
            for question in questions:
                if question.end == end:
                    walker.ask(mine, question, question.id in digests)
        walker.done.bytes = size_of(memory, user)
    heard = max(1, last)
    walker.done.observe_ms /= heard
    walker.done.consolidate_ms /= max(1, walker.done.sessions)
    return walker.done


def parts(messages: Sequence[Observation], cuts: set[int], last: int) -> Iterator[tuple[int, int, bool]]:
    """The talk in pieces that end at a session's end or at a cut: first message, end, and whether a session is over there."""
    start = 0
    for end in range(1, last + 1):
        closes = end == len(messages) or messages[end].session != messages[end - 1].session
        if closes or end in cuts:
            yield start, end, closes
            start = end


class _Clock:
    """The memory's time: that of the last message or question."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class _Walker:
    """What goes on while a talk is heard."""

    done: Walked
    terms: Terms
    clock: _Clock
    model: ChatModel | None
    numbers: dict[str, int] = field(default_factory=dict)

    def hear(self, user: UserMemory, messages: Sequence[Observation], start: int, end: int) -> None:
        """Observe the next messages, each at its time."""
        for number in range(start, end):
            self.clock.now = messages[number].at
            began = perf_counter()
            kept = user.observe_all(messages[number : number + 1])
            self.done.observe_ms += 1000 * (perf_counter() - began)
            self.numbers[kept[0].id] = number

    async def consolidate(self, user: UserMemory) -> None:
        """Let the strategy make of the session what it will."""
        began = perf_counter()
        diff = await user.consolidate(self.model, closing=True)
        user.apply(diff)
        self.done.consolidate_ms += 1000 * (perf_counter() - began)
        self.done.sessions += 1
        self.done.failures += [*diff.failures, *diff.quarantined]

    def ask(self, user: UserMemory, question: Question, digest: bool) -> None:
        """What the memory shows for a question; it changes nothing."""
        self.clock.now = question.at
        began = perf_counter()
        profile = user.profile()
        found = user.recall(question.text, self.terms.k, budget_tokens=self.terms.budget_tokens, preview=True)
        ms = 1000 * (perf_counter() - began)
        entries = [sources_of(user.view(), item, self.numbers) for item in (*profile.items, *found.items)]
        sources = tuple(known for known, _ in entries)
        unknown = tuple(dict.fromkeys(id for _, strange in entries for id in strange))
        text = "\n".join(dict.fromkeys(line for part in (profile, found) for line in part.text.splitlines()))
        mark = digest_of(user) if digest else ""
        self.done.shown[question.id] = Shown(question.id, text, profile, found, sources, unknown, ms, mark)


def sources_of(view: UserView, item: Recalled, numbers: Mapping[str, int]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The numbers of the messages behind an entry, through facts that rest on facts, and the ids that do not exist."""
    found: set[int] = set()
    unknown: list[str] = []
    seen: set[str] = set()
    left = [*item.sources, *item.ids]
    while left:
        id = left.pop()
        if id in seen:
            continue
        seen.add(id)
        fact = view.fact(id)
        if id in numbers:
            found.add(numbers[id])
        elif fact is not None:
            left += fact.evidence
        else:
            unknown.append(id)
    return tuple(sorted(found)), tuple(unknown)


def digest_of(user: UserMemory) -> str:
    """A digest of a user's whole log."""
    digest = hashlib.blake2b(digest_size=16)
    for event in user.memory.store.read(user.id):
        digest.update(f"{event.seq}|{event.kind}|{event.at!r}|{encode(event.body)}\n".encode())
    return digest.hexdigest()


def size_of(memory: Memory, user: str) -> int:
    """Bytes of the store's files, or of the user's log where there are none."""
    files = memory.store.files()
    if files:
        return sum(file.stat().st_size for file in files if file.exists())
    return sum(len(encode(event.body).encode()) for event in memory.store.read(user))
