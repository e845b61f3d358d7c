"""A gate: ask item after item until it is clear whether a subject reaches a score, and ask no more than that.

Scores come in a fixed random order, in rounds; after each round a betting confidence sequence looks at all of them. It may
look as often as it likes, so the gate stops as soon as the answer is clear and its error stays what was asked for. A failure
(no answer, an unread verdict, a refusal) is never a score; a gate with too many failures decides nothing.

Source: arXiv 2010.09686 (see :mod:`personarium.stats.sequential`). Unit of analysis: the item.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeVar

from personarium.core.errors import BudgetExceeded, InvalidInput, RemoteError, UsageError
from personarium.core.results import Estimate, Failure, Scale, count_failures
from personarium.runs import map_items
from personarium.stats.sequential import Decision, decide, first_side, more_items

T = TypeVar("T")
Result = Literal["pass", "fail", "undecided"]
Stop = Literal["decided", "items", "limit", "failures", "budget"]

MOST_FURTHER = 1_000  # how far ahead the number of further items is looked for


@dataclass(frozen=True)
class Verdict:
    """What a gate found.

    With ``confidence`` c, for items of the kind asked whose scores do not fail, and whatever the rule that stops::

        P(pass | true mean < at_least) <= 1 - c        P(fail | true mean >= at_least) <= 1 - c

    Args:
        result: ``pass``, ``fail`` or ``undecided``.
        at_least: The score to reach.
        confidence: Of the statement.
        estimate: Mean of the scores; each end of its interval holds with ``confidence``, so its coverage is 2c - 1.
        scores: Of the items that have one, in the order of the items.
        asked: Items asked.
        failures: One for each item without a score.
        stopped: Why no more was asked: ``decided``, ``items`` (used up), ``limit`` (of items), ``failures`` (too many),
            ``budget``.
        more_items: How many further items would decide, failures included; None where the verdict is not open, nothing
            was scored, or more than :data:`MOST_FURTHER` would be needed.
        reasons: In words, the weightiest first.
    """

    result: Result
    at_least: float
    confidence: float
    estimate: Estimate
    scores: tuple[float, ...]
    asked: int
    failures: tuple[Failure, ...]
    stopped: Stop
    more_items: int | None
    reasons: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 4 undecided."""
        return {"pass": 0, "fail": 1, "undecided": 4}[self.result]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; ``failures`` are counted by kind and listed as ``problems``."""
        return {
            **asdict(self),
            "estimate": self.estimate.as_dict(),
            "scores": list(self.scores),
            "failures": count_failures(self.failures),
            "problems": [asdict(f) | {"raw": list(f.raw)} for f in self.failures],
            "reasons": list(self.reasons),
        }


def check_gate(at_least: float, scale: Scale, confidence: float = 0.95) -> None:
    """Whether a gate can be asked for at all.

    Raises:
        UsageError: The score is not strictly inside the scale, or the confidence is not above 1/2.
    """
    if not scale.lo < at_least < scale.hi:
        raise UsageError(
            f"the score to reach must lie strictly between {scale.lo:g} and {scale.hi:g}, found {at_least:g}: "
            "no number of items could show that a mean is at the end of its scale"
        )
    if not 0.5 < confidence < 1:
        raise UsageError(f"confidence must be more than 0.5 and less than 1, found {confidence:g}")


async def run_gate(
    items: Sequence[T] | AsyncIterable[T],
    score: Callable[[T], Awaitable[float | Failure]],
    *,
    at_least: float,
    scale: Scale,
    confidence: float = 0.95,
    rounds_of: int = 5,
    max_items: int = 60,
    most_failed: float = 0.2,
    unit: str = "item",
    key: Callable[[T], str] = str,
    run: Any = None,
) -> Verdict:
    """Ask until it is clear whether the mean score is at least ``at_least``, or nothing is left to ask with.

    Args:
        items: In random order; or a source that makes them when they are wanted. Those asked with another limit must be
            the first ones of the same order, so that a longer run goes on with a shorter one.
        score: The score of one item on ``scale``, or why there is none. A RemoteError counts as a failure.
        at_least: Strictly inside ``scale``.
        scale: Range of the scores; higher is better.
        confidence: Above 1/2; each of the two possible decisions is wrong at most with the rest.
        rounds_of: Items asked side by side before the next look.
        max_items: The most items asked.
        most_failed: With more than this share of the items failed nothing is decided.
        unit: What an item is, in the estimate.
        key: Id of an item, unique.
        run: A run to work in, one stage a round; its cost limit ends the gate and not the program.

    Raises:
        UsageError: A threshold outside the scale, a confidence or a number that makes no sense.
        InvalidInput: A score outside the scale.
        RemoteError: When the run gave up on a model that is not to be had.
    """
    check_gate(at_least, scale, confidence)
    if rounds_of < 1 or max_items < 1 or not 0 <= most_failed < 1:
        raise UsageError("rounds_of and max_items must be at least 1, most_failed from 0 to below 1")
    gate = _Gate(at_least, scale, confidence, max_items, most_failed, unit)
    stopped: Stop = "items"
    try:
        async with aclosing(_rounds(items, rounds_of, max_items)) as rounds:
            async for batch in rounds:
                await _ask(gate, batch, score, key, run)
                if gate.decided or gate.lost:
                    stopped = "decided" if gate.decided else "failures"
                    break
    except BudgetExceeded as error:
        stopped = "budget"
        gate.budget = str(error)
    if stopped == "items":
        stopped = "failures" if gate.too_many_failed else "limit" if gate.asked >= max_items else "items"
    return gate.verdict(stopped)


@dataclass
class _Gate:
    """What was asked so far and what it says."""

    at_least: float
    scale: Scale
    confidence: float
    max_items: int
    most_failed: float
    unit: str
    outcomes: list[float | Failure] = field(default_factory=list)
    budget: str = ""

    @property
    def asked(self) -> int:
        return len(self.outcomes)

    @property
    def scores(self) -> list[float]:
        return [o for o in self.outcomes if not isinstance(o, Failure)]

    @property
    def failures(self) -> list[Failure]:
        return [o for o in self.outcomes if isinstance(o, Failure)]

    @property
    def too_many_failed(self) -> bool:
        return len(self.failures) > self.most_failed * self.asked

    @property
    def lost(self) -> bool:
        """So many failed that no number of good answers within the limit can make up for them."""
        return len(self.failures) > self.most_failed * self.max_items

    @property
    def decided(self) -> bool:
        side, _ = first_side(self.scores, self.at_least, self.scale.lo, self.scale.hi, self.confidence)
        return side != "undecided" and not self.too_many_failed

    @property
    def decision(self) -> Decision:
        return decide(self.scores, self.at_least, self.scale.lo, self.scale.hi, self.confidence, self.unit)

    def verdict(self, stopped: Stop) -> Verdict:
        decision = self.decision
        open_ = decision.side == "undecided" or self.too_many_failed
        result: Result = "undecided" if open_ else "pass" if decision.side == "above" else "fail"
        return Verdict(
            result,
            self.at_least,
            self.confidence,
            _with_failures(decision.interval, self.failures),
            tuple(self.scores),
            self.asked,
            tuple(self.failures),
            stopped,
            self._further() if open_ else None,
            tuple(self._reasons(result, decision, stopped)),
        )

    def _further(self) -> int | None:
        """Further items, counting those that will fail as they have failed so far."""
        scored = len(self.scores)
        if self.too_many_failed or not scored:
            return None
        needed = more_items(
            self.scores, self.at_least, self.scale.lo, self.scale.hi, self.confidence, most=MOST_FURTHER
        )
        return None if needed is None else math.ceil(needed * self.asked / scored)

    def _reasons(self, result: Result, decision: Decision, stopped: Stop) -> list[str]:
        reasons = []
        if self.too_many_failed:
            reasons.append(
                f"{len(self.failures)} of {self.asked} {self.unit}s failed, more than {self.most_failed * 100:g} %: "
                "what the others scored decides nothing"
            )
        if stopped == "budget":
            reasons.append(f"the cost limit stopped it: {self.budget}")
        if not self.scores:
            return [*reasons, f"no {self.unit} has a score"]
        return [*reasons, _in_words(result, decision.interval, self.at_least, self.confidence)]


def _in_words(result: Result, interval: Estimate, at_least: float, confidence: float) -> str:
    lo, hi, sure = interval.lo, interval.hi, f"with {confidence * 100:g} % confidence"
    if lo is None or hi is None:
        return "the scores do not share one mean: they drifted while it was asked"
    if result == "pass":
        return f"{sure} the mean is at least {lo:.2f}, and {at_least:g} was asked for"
    if result == "fail":
        return f"{sure} the mean is at most {hi:.2f}, and {at_least:g} was asked for"
    return f"the mean may lie anywhere from {lo:.2f} to {hi:.2f} ({sure} at each end), and {at_least:g} was asked for"


def _with_failures(estimate: Estimate, failures: Sequence[Failure]) -> Estimate:
    return replace(estimate, failures=count_failures(failures))


async def _ask(
    gate: _Gate, batch: Sequence[T], score: Callable[[T], Awaitable[float | Failure]], key: Callable[[T], str], run: Any
) -> None:
    """One round, side by side. When the budget ends it, what came before the first unanswered item counts.

    The rest of such a round is left out, although it may be answered: which items a budget cuts off depends on their
    length, and a choice that depends on the answers would cost the guarantee.
    """
    found: dict[str, float | Failure] = {}

    async def one(item: T) -> float | Failure:
        try:
            value = await score(item)
        except RemoteError as error:
            value = Failure("error", str(error), key(item))
        found[key(item)] = value if isinstance(value, Failure) else _checked(value, gate.scale, key(item))
        return value

    first = gate.asked + 1
    try:
        stage = f"{gate.unit}s {first} to {first + len(batch) - 1}"
        await map_items(run, stage, batch, one, key=key, concurrency=len(batch))
    finally:
        gate.outcomes += _unbroken(batch, found, key)


def _unbroken(
    batch: Sequence[T], found: Mapping[str, float | Failure], key: Callable[[T], str]
) -> list[float | Failure]:
    there = [key(item) in found for item in batch]
    whole = there.index(False) if False in there else len(batch)
    return [found[key(item)] for item in batch[:whole]]


def _checked(value: float, scale: Scale, where: str) -> float:
    if not scale.lo <= value <= scale.hi:
        raise InvalidInput(where, f"a score from {scale.lo:g} to {scale.hi:g}", value)
    return float(value)


async def _rounds(items: Sequence[T] | AsyncIterable[T], size: int, most: int) -> AsyncGenerator[list[T], None]:
    """The items in rounds, at most ``most`` of them in all; no more are made than are wanted."""
    batch: list[T] = []
    taken = 0
    async with aclosing(_each(items)) as source:
        async for item in source:
            batch.append(item)
            taken += 1
            if len(batch) == size or taken == most:
                yield batch
                batch = []
            if taken == most:
                return
    if batch:
        yield batch


async def _each(items: Sequence[T] | AsyncIterable[T]) -> AsyncGenerator[T, None]:
    if isinstance(items, Sequence):
        for item in items:
            yield item
        return
    async for item in items:
        yield item
