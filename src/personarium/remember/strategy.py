"""What a memory strategy is: it proposes edits after a talk, finds what matters for a question, and says what always
stands in the prompt. Everything else (log, undo, erasure, isolation, search) is the store's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from personarium.core.chat import ChatModel
from personarium.core.results import Failure
from personarium.remember.records import Fact, Observation, Operation

SAID = "said"  # the kind by which observations are searched beside facts


@dataclass(frozen=True, slots=True)
class Weights:
    """How a hybrid search weighs its parts, each of them in [0, 1].

    The defaults were chosen on scripted users (docs/memory-comparison.md says on which).

    Args:
        words: Exact BM25, as a share of what a text with every word of the query would score.
        meaning: Cosine of embeddings.
        recency: 0.5 ** (age / half_life_s).
        importance: The entry's own importance.
        half_life_s: Age at which recency is one half.
    """

    words: float = 0.3
    meaning: float = 0.6
    recency: float = 0.05
    importance: float = 0.05
    half_life_s: float = 90 * 86400.0


HYBRID = Weights()
WORDS = Weights(words=1.0, meaning=0.0, recency=0.0, importance=0.0)
MEANING = Weights(words=0.0, meaning=1.0, recency=0.0, importance=0.0)


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that a search found, and why.

    Args:
        entry: The fact or observation.
        score: The weighed sum.
        parts: Part -> its value before weighing (``words``, ``meaning``, ``recency``, ``importance``).
    """

    entry: Fact | Observation
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)


class UserView(Protocol):
    """One user's memory as it stands, or stood; read only. A strategy sees nothing else."""

    @property
    def user(self) -> str: ...

    @property
    def now(self) -> float:
        """The time that the view is of; a strategy never asks a clock."""
        ...

    def observations(self, after: str = "") -> Sequence[Observation]:
        """What was said, oldest first; only what came after the observation of that id."""
        ...

    def observation(self, id: str) -> Observation | None: ...

    def facts(self, *kinds: str, ended: bool = False, strategy: str | None = None) -> Sequence[Fact]:
        """Facts in the order of recording: of these kinds (all without), those that hold, or also ``ended`` ones, of one
        strategy (None: of any)."""
        ...

    def fact(self, id: str) -> Fact | None: ...

    def search(
        self,
        query: str,
        k: int,
        kinds: Sequence[str] = (),
        *,
        weights: Weights = HYBRID,
        ended: bool = False,
        strategy: str | None = None,
    ) -> list[Hit]:
        """The best entries for a query, best first; only entries with something in common with it (words or meaning).

        Args:
            query: Any text.
            k: How many at most.
            kinds: Kinds of facts, and ``said`` for observations; empty searches everything.
            weights: How the parts are weighed.
            ended: Also facts that hold no more.
            strategy: Only facts of this strategy (observations have none and are not touched by this).
        """
        ...


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a strategy wants to change.

    Args:
        operations: The edits, in order.
        quarantined: Lines or entries of a model's reply that could not be applied, each with its reason.
        failures: Calls that gave nothing usable; what they were about stays unconsolidated.
        through: Id of the last observation that is dealt with; empty when none is.
        calls: Model calls made.
    """

    operations: tuple[Operation, ...] = ()
    quarantined: tuple[Failure, ...] = ()
    failures: tuple[Failure, ...] = ()
    through: str = ""
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Recalled:
    """One entry that was recalled, and why.

    Args:
        text: What the prompt shows.
        reason: Why it was recalled, in words.
        score: How well it fits; higher is better, comparable inside one recall only.
        kind: Its kind.
        ids: The fact or observation it stands for (several when entries were joined).
        sources: Ids of the observations behind it.
        at: When it was said or began to hold; None when that is not known.
        parts: Part of the score -> value.
    """

    text: str
    reason: str
    score: float = 0.0
    kind: str = ""
    ids: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    at: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)


@runtime_checkable
class Strategy(Protocol):
    """One way of remembering. Strategies hold no state of their own: everything they know is in the view.

    ``recall`` is pure. ``recalled`` says what being recalled changes (a stronger memory), as operations, and is asked only
    for a recall that is really used, never for a preview.
    """

    @property
    def name(self) -> str: ...

    async def consolidate(
        self, view: UserView, new: Sequence[Observation], model: ChatModel | None, *, closing: bool = False
    ) -> Proposal:
        """Propose edits after new observations.

        Args:
            view: The memory as it stands, the new observations included.
            new: What was said since the last consolidation, oldest first.
            model: Who reads and writes; None lets plain rules do it.
            closing: Whether the running session is over (otherwise an unfinished session may be left for later).
        """
        ...

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        """The entries that matter for a query, best first."""
        ...

    def standing(self, view: UserView) -> Sequence[Recalled]:
        """What always stands in the prompt, whatever is asked (a tree, a profile, a single text)."""
        ...

    def recalled(self, view: UserView, used: Sequence[Recalled]) -> Sequence[Operation]:
        """What being recalled changes; nothing for most strategies."""
        ...


Options = Mapping[str, Any]
