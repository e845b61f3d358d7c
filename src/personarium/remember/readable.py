"""One user's memory to look at: as it is now, or as it was known at some time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self, TypeVar

from personarium.core.errors import NotFound, UsageError
from personarium.remember.baselines import of_hit
from personarium.remember.edits import BLOCK, roots, versions
from personarium.remember.live_view import LiveView
from personarium.remember.recollection import Recollection, within
from personarium.remember.records import Fact, Observation, Operation
from personarium.remember.replay import Batch, State, replay
from personarium.remember.store import Conflict
from personarium.remember.strategy import Recalled, Strategy, UserView, Weights
from personarium.remember.view import ReplayedView

if TYPE_CHECKING:
    from personarium.remember.memory import Memory

CONFLICTS = 50  # how often something is tried anew when others write to the same user at the same time
T = TypeVar("T")


class ReadableMemory:
    """What can be asked of one user's memory; nothing in here needs a model.

    Args:
        memory: Whose part it is.
        id: The user.
        past: The time that it is looked at as of; None is now.
    """

    def __init__(self, memory: Memory, id: str, past: float | None = None) -> None:
        self.memory, self.id, self.past = memory, id, past
        self._then: State | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"

    @property
    def strategy(self) -> Strategy:
        """How it remembers."""
        return self.memory.strategy

    def recall(
        self,
        query: str,
        k: int = 5,
        kinds: Sequence[str] = (),
        *,
        as_of: float | None = None,
        budget_tokens: int | None = None,
        preview: bool = False,
        weights: Weights | None = None,
    ) -> Recollection:
        """What matters for a query, best first, each entry with its reason and its sources.

        Args:
            query: Any text.
            k: How many entries at most.
            kinds: Only these kinds of entries (``said`` are utterances), by a plain search; empty leaves it to the strategy.
            as_of: Only what was known then.
            budget_tokens: The longest text that the prompt may be given.
            preview: Only look; nothing counts as recalled (some strategies strengthen what is recalled).
            weights: Of a plain search over all kinds or ``kinds``; None leaves it to the strategy.

        Raises:
            UsageError: When ``k`` or the budget is negative.
        """
        if k < 0 or (budget_tokens is not None and budget_tokens < 0):
            raise UsageError("a recall needs a number of entries and a budget of 0 or more")
        if as_of is not None:
            return self.as_of(as_of).recall(query, k, kinds, budget_tokens=budget_tokens, weights=weights)
        if kinds or weights is not None:
            chosen = weights or Weights()
            hits = self._seen(lambda view: view.search(query, k, kinds, weights=chosen))
            return within(query, [of_hit(hit) for hit in hits], budget_tokens)
        found, edits = self._seen(lambda view: self._recalled(view, query, k, budget_tokens))
        if edits and not preview and self.past is None:
            self._strengthen(edits)
        return found

    def profile(self, budget_tokens: int | None = None) -> Recollection:
        """What always stands in the prompt: the blocks, then what the strategy keeps there."""
        found = self._seen(lambda view: [*map(_as_block, view.facts(BLOCK)), *self.strategy.standing(view)])
        return within("", found, budget_tokens)

    def view(self) -> UserView:
        """The memory as a strategy sees it, read only."""
        if self.past is not None:
            return self._view(self._state())
        searched = self.memory.partitions.view(self.id, self.memory.clock())
        state = self.memory.states.warm(self.id)
        if state is None or state.seq != searched.partition.through:  # somebody has written between the two
            return searched
        return LiveView(state, searched, self.memory.embedder)

    def observations(self) -> list[Observation]:
        """What was said, oldest first."""
        return self._seen(lambda view: list(view.observations()))

    def facts(self, *kinds: str, ended: bool = False) -> list[Fact]:
        """What is believed, in the order of recording; with ``ended`` also what holds no more or is archived."""
        return self._seen(lambda view: list(view.facts(*kinds, ended=ended)))

    def blocks(self) -> dict[str, Fact]:
        """Label -> block: short texts that always stand in the prompt."""
        return {fact.key: fact for fact in self.facts(BLOCK)}

    def history(self, what: str) -> list[Fact]:
        """Every version of a fact (by its id) or of a matter (by its key), oldest first.

        Raises:
            NotFound: When there is neither.
        """
        facts = self._state().facts
        if what in facts:
            return versions(facts, what)
        found = [fact for fact in facts.values() if what and fact.key == what]
        if not found:
            raise NotFound(f"the memory of {self.id!r} has no fact and no key {what!r}")
        return found

    def sources(self, fact: Fact | str) -> list[Observation]:
        """The utterances behind a fact, oldest first, those behind facts that it was concluded from included.

        Raises:
            NotFound: When there is no such fact.
        """
        state = self._state()
        wanted = fact if isinstance(fact, str) else fact.id
        if wanted not in state.facts:
            raise NotFound(f"the memory of {self.id!r} has no fact {wanted!r}")
        found = [state.observations[id] for id in roots(state, wanted) if id in state.observations]
        return sorted(found, key=lambda one: (len(one.id), one.id))

    def batches(self) -> list[Batch]:
        """The batches of edits, oldest first; undone ones are left out."""
        return list(self._state().batches.values())

    def as_of(self, when: float) -> Self:
        """The memory as it was known at a time, read only. What was erased since is gone there too.

        Raises:
            UsageError: When ``when`` is no time.
        """
        if math.isnan(when):
            raise UsageError("the past needs a time in seconds since 1970")
        return type(self)(self.memory, self.id, when)

    def _recalled(
        self, view: UserView, query: str, k: int, budget_tokens: int | None
    ) -> tuple[Recollection, Sequence[Operation]]:
        """What the strategy recalls, and what that changes."""
        found = within(query, self.strategy.recall(view, query, k), budget_tokens)
        return found, self.strategy.recalled(view, found.items)

    def _strengthen(self, edits: Sequence[Operation]) -> None:
        """Note what being recalled changes; nothing here, where nothing is written."""

    def _seen(self, look: Callable[[UserView], T]) -> T:
        """What a look at the memory gives; when something is erased at that moment, a second look."""
        for _ in range(CONFLICTS):
            try:
                return look(self.view())
            except Conflict:
                continue
        raise Conflict(f"the memory of {self.id!r} is being erased from all the time; try again")

    def _state(self) -> State:
        if self.past is None:
            return self.memory.states.get(self.id)
        if self._then is None or self._then.seq != self.memory.store.last(self.id):
            self._then = replay(self.memory.store.read(self.id), self.past)
        return self._then

    def _view(self, state: State) -> UserView:
        now = self.memory.clock() if self.past is None else self.past
        return ReplayedView(self.id, state, now, self.memory.embedder)


def _as_block(fact: Fact) -> Recalled:
    return Recalled(
        f"{fact.key}: {fact.text}", "a block that always stands here", 0.0, BLOCK, (fact.id,), fact.evidence
    )
