"""One item (who of these says the reply?) and one judge's answer to it.

Source: personaeval page, "Takes and gives" and steps 1 and 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from personarium.core.errors import InvalidInput
from personarium.core.results import Failure, count_failures

ReplyKind = Literal["probabilities", "choice"]
MOST_CANDIDATES = 26
UNTRACKED = "Own"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be the hidden speaker."""

    name: str
    profile: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What an item of our own was made from, so that its prompt can be written again.

    Args:
        speaker: The first speaker, who is no candidate.
        said: What the first speaker says.
        reply: What the hidden speaker answers.
        reply_kind: What the prompt asks for: a probability for each candidate (the published way), or one name and how
            probable it is, for judges that cannot state a distribution.
    """

    speaker: str
    said: str
    reply: str
    reply_kind: ReplyKind = "probabilities"


@dataclass(frozen=True, slots=True)
class IdentificationItem:
    """One question: who speaks?

    Args:
        id: Unique in its set.
        track: ``Literary``, ``Drama``, ``Expertise``, or the name of an own set.
        prompt: The whole prompt, one user message.
        candidates: In the order of the options.
        truth: Place of the speaker, from 0.
        exchange: What it was made from; None for published items, whose prompt is all there is.

    Raises:
        InvalidInput: Fewer than two candidates or more than 26, a name that is empty or there twice, no such place.
    """

    id: str
    track: str
    prompt: str
    candidates: tuple[Candidate, ...]
    truth: int
    exchange: Exchange | None = None

    def __post_init__(self) -> None:
        where, names = f"item {self.id}", self.names
        if not 2 <= len(names) <= MOST_CANDIDATES:
            raise InvalidInput(where, f"2 to {MOST_CANDIDATES} candidates", len(names), "candidates")
        if not all(name.strip() for name in names) or len(set(names)) < len(names):
            raise InvalidInput(where, "names that are not empty and differ", names, "candidates")
        if not 0 <= self.truth < len(names):
            raise InvalidInput(where, f"a place from 0 to {len(names) - 1}", self.truth, "truth")

    @property
    def names(self) -> tuple[str, ...]:
        """The candidates' names, in order."""
        return tuple(candidate.name for candidate in self.candidates)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; the prompt of an own item is not in it, for it is written from the rest."""
        own = {} if self.exchange is None else {"exchange": asdict(self.exchange)}
        prompt = {"prompt": self.prompt} if self.exchange is None else {}
        people = [asdict(candidate) for candidate in self.candidates]
        return {"id": self.id, "track": self.track, **prompt, **own, "candidates": people, "truth": self.truth}


@dataclass(frozen=True, slots=True)
class Identification:
    """What one judge answered to one item.

    Args:
        id: The item's id.
        probabilities: One for each candidate; empty where there is no answer.
        failure: Why there is none.
        asks: How often the item was asked, over all sessions.
        rejected: Replies that could not be read, those before a readable one included.
        text: The last reply.
        tokens: Of the replies and prompts, as the model reports them.
        cost_usd: What they cost, where the price is known.
        round: How many times an item that ended in an error was taken up again.
    """

    id: str
    probabilities: tuple[float, ...]
    failure: Failure | None = None
    asks: int = 1
    rejected: int = 0
    text: str = ""
    tokens: int = 0
    cost_usd: float | None = None
    round: int = 0

    @property
    def answered(self) -> bool:
        """Whether there are probabilities."""
        return bool(self.probabilities)

    @property
    def predicted(self) -> int | None:
        """Place of the most probable candidate, the first of equals (step 5); None without an answer."""
        return most_probable(self.probabilities) if self.probabilities else None

    def success(self, truth: int) -> int:
        """1 right, 0 wrong, -1 no answer, as the published files write it."""
        return -1 if self.predicted is None else int(self.predicted == truth)

    def as_row(self) -> dict[str, Any]:
        """JSON-ready form; ``failures`` counts by kind."""
        problem = None if self.failure is None else asdict(self.failure) | {"raw": list(self.failure.raw)}
        counted = count_failures([self.failure] if self.failure else [])
        plain = {
            name: getattr(self, name) for name in ("id", "asks", "rejected", "text", "tokens", "cost_usd", "round")
        }
        return {**plain, "probabilities": list(self.probabilities), "problem": problem, "failures": counted}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Identification:
        """The inverse of :meth:`as_row`."""
        problem = row["problem"]
        failure = None if problem is None else Failure(**{**problem, "raw": tuple(problem["raw"])})
        plain = {name: row[name] for name in ("id", "asks", "rejected", "text", "tokens", "cost_usd", "round")}
        return cls(probabilities=tuple(row["probabilities"]), failure=failure, **plain)


def most_probable(probabilities: Sequence[float]) -> int:
    """Place of the largest, the first of equals."""
    return max(range(len(probabilities)), key=lambda k: probabilities[k])
