"""What a run would do, before it does it: calls, tokens and cost expected, and a sample of the exact prompts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.errors import RemoteError
from personarium.core.label import current_label, labelled
from personarium.core.results import Failure
from personarium.core.tokens import CHARS_PER_TOKEN, estimate_tokens
from personarium.models.accounting import Prices, price_of
from personarium.runs.executors import AsyncioExecutor
from personarium.runs.outcome import Outcome

T = TypeVar("T")
R = TypeVar("R")
PLAIN = Sampling()
# Our own assumptions where a step names no limit: replies of house prompts are a sentence to a page.
SHORT_REPLY, LONG_REPLY = 16, 512


def estimate_prompt_tokens(messages: Sequence[Message]) -> int:
    """Tokens of a whole prompt, by the rule of four characters a token."""
    return sum(estimate_tokens(message["content"]) for message in messages)


@dataclass(slots=True)
class StepPlan:
    """What one step is expected to take.

    Args:
        calls: Calls without re-asks and retries.
        prompt_tokens: Sum over the calls.
        least_completion_tokens: If every reply is short (:data:`SHORT_REPLY`).
        most_completion_tokens: If every reply is as long as allowed, :data:`LONG_REPLY` where nothing limits it.
        sample: The exact messages of the first call that was seen; None when none was.
    """

    calls: int = 0
    prompt_tokens: int = 0
    least_completion_tokens: int = 0
    most_completion_tokens: int = 0
    sample: list[Message] | None = None

    def add(self, calls: int, prompt_tokens: int, max_tokens: int | None) -> None:
        """Expect further calls of ``prompt_tokens`` each."""
        most = LONG_REPLY if max_tokens is None else max_tokens
        self.calls += calls
        self.prompt_tokens += calls * prompt_tokens
        self.least_completion_tokens += calls * min(SHORT_REPLY, most)
        self.most_completion_tokens += calls * most


@dataclass(slots=True)
class Plan:
    """Calls by step and model, with what they may cost.

    Later steps depend on replies, which a dry run does not have; a system says with :meth:`expect` how many calls
    it will make there, and those count on top of the calls that were seen.

    Args:
        steps: By ``(step, model name)``, in the order of first sight.
        prices: US dollars for a million prompt and completion tokens, by model name.
    """

    steps: dict[tuple[str, str], StepPlan] = field(default_factory=dict)
    prices: dict[str, tuple[float, float]] = field(default_factory=dict)

    def expect(
        self, step: str, model: str, calls: int, *, prompt_tokens: int = 0, max_tokens: int | None = None
    ) -> StepPlan:
        """Count ``calls`` further calls of a step, of ``prompt_tokens`` each."""
        entry = self.steps.setdefault((step, model), StepPlan())
        entry.add(calls, prompt_tokens, max_tokens)
        return entry

    def see(self, step: str, model: str, messages: Sequence[Message], sampling: Sampling) -> None:
        """Count one call with its exact messages."""
        entry = self.expect(
            step, model, 1, prompt_tokens=estimate_prompt_tokens(messages), max_tokens=sampling.max_tokens
        )
        if entry.sample is None:
            entry.sample = [message.copy() for message in messages]

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(step.calls for step in self.steps.values())

    @property
    def prompt_tokens(self) -> int:
        """All prompt tokens."""
        return sum(step.prompt_tokens for step in self.steps.values())

    @property
    def completion_tokens(self) -> tuple[int, int]:
        """All completion tokens: at least, at most."""
        steps = self.steps.values()
        return sum(s.least_completion_tokens for s in steps), sum(s.most_completion_tokens for s in steps)

    @property
    def cost_usd(self) -> tuple[float, float] | None:
        """US dollars: at least, at most; None unless every model has a price."""
        low = high = 0.0
        for (_, model), step in self.steps.items():
            if model not in self.prices:
                return None
            prompt, completion = self.prices[model]
            low += (step.prompt_tokens * prompt + step.least_completion_tokens * completion) / 1e6
            high += (step.prompt_tokens * prompt + step.most_completion_tokens * completion) / 1e6
        return low, high

    @property
    def samples(self) -> dict[str, list[Message]]:
        """The first prompt of each step that was seen."""
        found: dict[str, list[Message]] = {}
        for (step, _), entry in self.steps.items():
            if entry.sample is not None:
                found.setdefault(step, entry.sample)
        return found

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "calls": self.calls,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": list(self.completion_tokens),
            "cost_usd": None if self.cost_usd is None else list(self.cost_usd),
            "steps": [
                {
                    "step": step,
                    "model": model,
                    "calls": entry.calls,
                    "prompt_tokens": entry.prompt_tokens,
                    "completion_tokens": [entry.least_completion_tokens, entry.most_completion_tokens],
                    "sample": entry.sample,
                }
                for (step, model), entry in self.steps.items()
            ],
        }

    def text(self, samples: bool = True) -> str:
        """For people: a line per step, the sums, the assumptions, and the sample prompts."""
        lines = [_row(step or "(no step)", model, entry) for (step, model), entry in self.steps.items()]
        low, high = self.completion_tokens
        lines.append(
            f"in all: {self.calls:,} calls, {self.prompt_tokens:,} prompt tokens, {low:,} to {high:,} in replies"
        )
        cost = self.cost_usd
        lines.append("cost: not known" if cost is None else f"cost: ${cost[0]:,.2f} to ${cost[1]:,.2f}")
        lines.append(f"(tokens: {CHARS_PER_TOKEN} characters each; re-asks and retries not counted)")
        if samples:
            for step, messages in self.samples.items():
                lines.append(f"\n--- first prompt of {step or '(no step)'} ---")
                lines.extend(f"[{message['role']}]\n{message['content']}" for message in messages)
        return "\n".join(lines)


def _row(step: str, model: str, entry: StepPlan) -> str:
    return (
        f"{step} with {model}: {entry.calls:,} calls, {entry.prompt_tokens:,} prompt tokens, "
        f"{entry.least_completion_tokens:,} to {entry.most_completion_tokens:,} in replies"
    )


class DryModel:
    """Answers nothing (empty replies) and writes into a plan what it was asked.

    Re-asks, which an empty reply provokes, are not counted.

    Args:
        name: The name of the model it stands for.
        plan: Where calls are counted.
    """

    def __init__(self, name: str, plan: Plan) -> None:
        self.name, self.plan = name, plan

    async def generate(self, messages: Sequence[Message], sampling: Sampling = PLAIN) -> Reply:
        """Count the call; the reply is empty."""
        if not sampling.attempt:
            self.plan.see(current_label().step, self.name, messages, sampling)
        return Reply("", model=self.name)


class DryRun:
    """Has the surface of :class:`~personarium.runs.Run` for systems, asks nobody and writes nothing.

    Attributes:
        plan: What was asked, and what the system expects beyond.
        config: The configuration.
        seed: The seed.
    """

    id = "dry"
    path: Path | None = None
    report_path: Path | None = None
    status = "dry"

    def __init__(self, config: Mapping[str, Any], *, seed: int = 0) -> None:
        self.config, self.seed, self.plan = config, seed, Plan()

    def __enter__(self) -> DryRun:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def model(self, model: ChatModel, *, prices: Prices | None = None, **_: Any) -> ChatModel:
        """A dry model in the place of ``model``; ``prices`` are those of :meth:`Run.model`."""
        price = price_of(model.name, prices or {})
        if price is not None:
            self.plan.prices[model.name] = price
        return DryModel(model.name, self.plan)

    def add_prompts(self, steps: Iterable[Any]) -> None:
        """Nothing."""

    async def map(
        self,
        stage: str,
        items: Iterable[T],
        work: Callable[[T], Awaitable[R | Failure]],
        *,
        key: Callable[[T], str],
        concurrency: int = 100,
        **_: Any,
    ) -> list[Outcome[R]]:
        """Work on every item with empty replies; outcomes are mostly failures."""

        async def one(item: T) -> Outcome[R]:
            name = key(item)
            with labelled(step=stage, item=name):
                try:
                    value = await work(item)
                except RemoteError as error:
                    value = Failure("error", str(error), name)
            return Outcome(name, None, value) if isinstance(value, Failure) else Outcome(name, value)

        return await AsyncioExecutor().map(items, one, concurrency=concurrency)

    def write_results(self, rows: Iterable[Mapping[str, Any]], name: str = "results") -> None:
        """Nothing."""

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Nothing."""
