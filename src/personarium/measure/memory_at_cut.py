"""A memory as it stands where a question is asked: built from what was said before the cut, and from nothing else.

A history is read once, in order; at each cut the memory is asked for what it would show, and then reads on. So it never sees a
later message, whatever the order of the questions. A question reaches a memory as a query only: it is never told as something
that was said, and a recall for it changes nothing.

Source: personamem page, "Works when" 6 and Traps (a memory built from the whole context sees the future); personamem-v2 page,
"Works when" 5. Units: messages; tokens by the rule of four characters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from personarium.core.chat import ChatModel, Message
from personarium.core.label import labelled
from personarium.core.results import Failure
from personarium.core.tokens import estimate_tokens
from personarium.remember.records import Observation
from personarium.runs.mapping import map_items

if TYPE_CHECKING:
    from personarium.remember.strategy import Strategy
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

DAY, MINUTE = 86400.0, 60.0
BEGINNING = 1_704_067_200.0  # 2024-01-01: histories without dates begin here, one session a day, one message a minute


class CutMemory(Protocol):
    """What a benchmark needs of a memory of one person."""

    async def read(self, messages: Sequence[Message]) -> Sequence[Failure]:
        """Take in the next messages of the history; gives what failed."""
        ...

    def recall(self, question: str) -> str:
        """What a prompt with this question would show; must change nothing."""
        ...


MemoryFactory = Callable[[str], CutMemory]
"""Makes a fresh, empty memory for the history of that id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question at its place.

    Args:
        id: Unique.
        history: Which history.
        end: How many of its messages come before the question.
        question: The query of the recall.
    """

    id: str
    history: str
    end: int
    question: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a memory showed for one question.

    Args:
        text: As it goes into the prompt.
        read: How many messages the memory had taken in.
        failures: What failed while it read them.
    """

    text: str
    read: int
    failures: tuple[Failure, ...] = ()

    @property
    def tokens(self) -> int:
        """Tokens of the text, by the rule of four characters."""
        return estimate_tokens(self.text)


async def recall_at_cuts(
    factory: MemoryFactory,
    histories: Callable[[str], Sequence[Message]],
    asked: Sequence[Asked],
    *,
    rebuild: bool = False,
    stage: str = "memory",
    run: Run | DryRun | None = None,
    concurrency: int = 8,
) -> dict[str, Shown | Failure]:
    """What a memory shows for each question, read up to the question's cut and not a message further.

    Args:
        factory: Makes a memory.
        histories: Gives the messages of a history; called once a history (once a cut with ``rebuild``).
        asked: The questions, in any order.
        rebuild: Make a fresh memory for each cut. Otherwise one memory goes through a history and is asked on the way: as
            cheap as reading it once, but then it has consolidated at the other questions' cuts as well.
        stage: Name of the work in the run.
        run: The run to record and resume in.
        concurrency: Histories at once.

    Returns:
        Question id -> what was shown, or why there is nothing.
    """
    walks: dict[tuple[str, int], list[Asked]] = {}
    for one in asked:
        walks.setdefault((one.history, one.end if rebuild else -1), []).append(one)

    async def walk(key: tuple[str, int]) -> dict[str, Shown | Failure]:
        return await _walk(factory(key[0]), histories(key[0]), walks[key])

    keys = sorted(walks)
    with labelled(step=stage):
        outcomes = await map_items(
            run, stage, keys, walk, key=lambda key: f"{key[0]}/{key[1]}" if rebuild else key[0], concurrency=concurrency
        )
    found: dict[str, Shown | Failure] = {}
    for walked, outcome in zip(keys, outcomes, strict=True):
        lost = outcome.failure
        found |= outcome.value if lost is None and outcome.value is not None else _lost(walks[walked], lost)
    return found


async def _walk(memory: CutMemory, messages: Sequence[Message], asked: Sequence[Asked]) -> dict[str, Shown | Failure]:
    found: dict[str, Shown | Failure] = {}
    failures: list[Failure] = []
    read = 0
    for end in sorted({one.end for one in asked}):
        if end > read:
            failures += await memory.read(messages[read:end])
            read = end
        for one in asked:
            if one.end == end:
                found[one.id] = Shown(memory.recall(one.question), read, tuple(failures))
    return found


def _lost(asked: Sequence[Asked], failure: Failure | None) -> dict[str, Shown | Failure]:
    reason = failure or Failure("missing", "the memory was not built")
    return {one.id: reason for one in asked}


class StrategyMemory:
    """A strategy of :mod:`personarium.remember` as a benchmark's memory: observes, consolidates, shows profile and recall.

    A system message opens a new session. Histories have no dates: their sessions are put on days that follow each other.

    Args:
        strategy: How it remembers; it holds no state, so one object serves all histories.
        model: Who consolidates; None lets rules do it.
        k: How many entries are recalled.
        budget_tokens: The longest text of recalled entries.
    """

    def __init__(
        self, strategy: Strategy, model: ChatModel | None = None, *, k: int = 5, budget_tokens: int | None = None
    ) -> None:
        from personarium.remember.memory import Memory

        self._now = BEGINNING
        self._session = 0
        self._user = Memory.open(None, strategy=strategy, clock=lambda: self._now).user("user")
        self._model, self._k, self._budget = model, k, budget_tokens

    async def read(self, messages: Sequence[Message]) -> Sequence[Failure]:
        """Observe the messages and let the strategy consolidate; a failed call leaves its part for the next time."""
        said = [self._observation(message) for message in messages]
        self._user.observe_all(said)
        diff = await self._user.consolidate(self._model, closing=True)
        self._user.apply(diff)
        return diff.failures

    def recall(self, question: str) -> str:
        """What always stands in the prompt, then what is recalled for the question and is not in it already."""
        standing = self._user.profile()
        found = self._user.recall(question, self._k, budget_tokens=self._budget, preview=True)
        lines = [line for part in (standing, found) for line in part.text.splitlines() if line.strip()]
        return "\n".join(dict.fromkeys(lines))

    def _observation(self, message: Message) -> Observation:
        role, text = message["role"], message["content"]
        if role == "system":
            self._session += 1
            self._now = BEGINNING + DAY * (self._session - 1)
        self._now += MINUTE
        label = f"{role.capitalize()}: "  # some files repeat the role in the text
        return Observation(text.removeprefix(label), role, self._now, f"session {max(self._session, 1)}")


def strategy_memories(
    strategies: Callable[[], Strategy], model: ChatModel | None = None, *, k: int = 5, budget_tokens: int | None = None
) -> MemoryFactory:
    """A factory of :class:`StrategyMemory`; ``strategies`` makes the strategy of each history."""
    return lambda history: StrategyMemory(strategies(), model, k=k, budget_tokens=budget_tokens)


def memory_failures(shown: Mapping[str, Shown | Failure]) -> list[Failure]:
    """What failed while memories were built, each failure once."""
    found = [shown_.failures if isinstance(shown_, Shown) else (shown_,) for shown_ in shown.values()]
    return list(dict.fromkeys(failure for failures in found for failure in failures))
