"""A benchmark cut into Inspect's samples, and put together again: the room's own engine asks, reads and scores each of them.

A *unit* is the smallest part that the benchmark measures alone: a persona, a question, a talk. The solver hands the unit to the
benchmark's own function with Inspect's models in its seats; what came of it is kept as the benchmark's own rows, in the sample's
store and its score. The scorer shows the unit's values; the metrics join the rows of all samples into the benchmark's own
result and give *its* estimates. So nothing is computed here, and the numbers are those of a run of our own on the same seed.

What is missing is NaN in the score's value with Inspect's reason beside it, never 0; how often, by kind, is a metric.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.errors import UsageError
from personarium.core.results import Estimate, Failure, count_failures
from personarium.measure.choice_items import ChoiceAnswer
from personarium.models.wrapper import DEFAULT, Wrapper

R = TypeVar("R")
Part = Mapping[str, Any]
"""What came of one unit: the benchmark's rows, JSON-ready."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One sample.

    Args:
        id: Unique in the task.
        shown: What is asked, for people who look at the log.
        target: The right answer, where there is one.
        metadata: Facts about it.
    """

    id: str
    shown: str
    target: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seats:
    """Who takes part: the model that is evaluated, and whoever Inspect has for the roles ``grader`` and ``user``.

    A role that nobody was named for is taken by the evaluated model, as everywhere in Inspect; ``named`` says who was.
    """

    player: ChatModel
    grader: ChatModel
    user: ChatModel
    named: frozenset[str] = frozenset()


class ItemBenchmark(ABC, Generic[R]):
    """One benchmark as Inspect runs it; ``R`` is the benchmark's own result.

    Attributes:
        name: The task's name.
        unread: Inspect's reason for a reply that could not be read: the evaluated model's, or the grader's.
        units: The samples, in the benchmark's order.
    """

    name: ClassVar[str]
    unread: ClassVar[str] = "invalid_response_format"
    units: Sequence[Unit]

    @abstractmethod
    async def measure(self, id: str, seats: Seats) -> Part:
        """Have the benchmark's engine measure one unit."""

    @abstractmethod
    def join(self, parts: Mapping[str, Part]) -> R:
        """The benchmark's result over some units (id -> part), which are in the benchmark's order."""

    @abstractmethod
    def values(self, result: R) -> dict[str, float | None]:
        """The values of the one unit that a result is of; the same names for every unit."""

    @abstractmethod
    def estimates(self, result: R) -> Mapping[str, Estimate]:
        """The benchmark's own estimates; the first one is what Inspect shows as the headline."""

    @abstractmethod
    def failures(self, result: R) -> Sequence[Failure]:
        """Everything that is missing, and why."""

    def in_order(self, parts: Mapping[str, Part]) -> dict[str, Part]:
        """The parts in the order of the units; those of unknown units are refused.

        Raises:
            UsageError: The log is of other items than this task has.
        """
        known = [unit.id for unit in self.units]
        strange = sorted(set(parts) - set(known))
        if strange:
            raise UsageError(
                f"{self.name}: sample {strange[0]} is not among the items of this task; were its arguments others?"
            )
        return {id: parts[id] for id in known if id in parts}


class InEpoch(Wrapper):
    """A model in one epoch of a sample: a later epoch is another repeat of the same question, so another draw.

    Args:
        inner: The model.
        epoch: From 1.

    Attributes:
        calls: What it was asked and answered, in the order of the answers.
    """

    def __init__(self, inner: ChatModel, epoch: int) -> None:
        super().__init__(inner)
        self._repeats = epoch - 1
        self.calls: list[tuple[tuple[Message, ...], Reply]] = []

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The inner model's reply, kept for the sample's messages."""
        reply = await self.inner.generate(messages, sampling.but(repeat=sampling.repeat + self._repeats))
        self.calls.append((tuple(messages), reply))
        return reply


def is_gold(answer: ChoiceAnswer, gold: int) -> float | None:
    """1 for the right option, 0 for another, None without an answer."""
    return None if answer.option is None else float(answer.option == gold)


# --- records as JSON and back ---


def failure_rows(failures: Sequence[Failure]) -> list[dict[str, Any]]:
    """Failures, JSON-ready."""
    return [{**asdict(one), "raw": list(one.raw)} for one in failures]


def failures_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Failure, ...]:
    """The inverse of :func:`failure_rows`."""
    return tuple(Failure(row["kind"], row["reason"], row["where"], tuple(row["raw"])) for row in rows)


# --- what Inspect is given ---

_REASONS: Mapping[str, str] = {
    "refused": "refusal",
    "empty": "no_response",
    "error": "scoring_failed",
    "abstained": "abstained",
    "missing": "missing",
}


def reason_of(failures: Sequence[Failure], unread: str) -> str | None:
    """Inspect's word for the first thing that is missing."""
    return None if not failures else _REASONS.get(failures[0].kind, unread)


def said_of(failures: Sequence[Failure]) -> str:
    """What is missing, in one sentence; empty where nothing is."""
    if not failures:
        return ""
    kinds = ", ".join(f"{count} {kind}" for kind, count in count_failures(failures).items())
    return f"missing: {kinds}; the first: {failures[0].reason}"


def with_gaps(values: Mapping[str, float | None]) -> dict[str, float]:
    """Values as Inspect's score holds them: what is missing is NaN, which its own metrics leave out and count."""
    return {name: math.nan if value is None else float(value) for name, value in values.items()}


def mean_over_epochs(found: Sequence[Mapping[str, Estimate]]) -> dict[str, float]:
    """Name -> the estimate's value, then its interval's ends; with several epochs the mean of the values, and no interval.

    An estimate without a value is left out: it was not measured.
    """
    names = dict.fromkeys(name for estimates in found for name in estimates)
    measured = {name: [v for e in found if name in e and (v := e[name].value) is not None] for name in names}
    out = {name: sum(values) / len(values) for name, values in measured.items() if values}
    for name, estimate in found[0].items() if len(found) == 1 else ():
        if name in out and estimate.lo is not None and estimate.hi is not None:
            out |= {f"{name}, low": estimate.lo, f"{name}, high": estimate.hi}
    return out
