"""The judge core: a model reads a text and returns a typed verdict, with every failure counted and none of them a number.

A judge grades one response by a rubric or compares two, with or without a reference answer; it may be asked several
times, in both orders, for its certainty, and may be allowed to abstain. It is always chosen apart from the player.

Source: Prometheus (arXiv 2310.08491), page prometheus; selective judging: arXiv 2406.11657, page personalized-judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from personarium.core.chat import ChatModel, Message, Sampling
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.core.rubric import Rubric
from personarium.judges.layouts import Asked, Layout, Reading, Winner, as_values
from personarium.judges.prometheus.steps import PROMETHEUS
from personarium.judges.verdicts import Grade, Order, Preference, Shown, mean_of, preference_of
from personarium.models.step import Answer, Step
from personarium.runs.executors import AsyncioExecutor

RETRIES = 10  # the published library; page prometheus, step 2
_ORDERS: tuple[Shown, Shown] = ("AB", "BA")


@runtime_checkable
class Rater(Protocol):
    """Whoever grades and compares: a judge model, an ensemble, people at a terminal, a table of stored ratings."""

    @property
    def name(self) -> str: ...

    async def grade(
        self,
        rubric: Rubric,
        instruction: str,
        response: str,
        reference: str | None = ...,
        *,
        samples: int = ...,
        persona: str | None = ...,
        item: str | None = ...,
        first_sample: int = ...,
    ) -> Grade: ...

    async def compare(
        self,
        criterion: Rubric | str,
        instruction: str,
        a: str,
        b: str,
        reference: str | None = ...,
        *,
        both_orders: bool = ...,
        samples: int = ...,
        persona: str | None = ...,
        item: str | None = ...,
        first_sample: int = ...,
    ) -> Preference: ...


@dataclass(frozen=True)
class Judge:
    """A chat model as a judge.

    Args:
        model: Who judges.
        layout: The prompts and readers.
        sampling: Replaces the layout's sampling.
        asks: The most times a question is put while its reply cannot be read; 11 is once and ten retries (library).
        seed: The run's seed.
        certainty: Ask for a verbal certainty of 1 to 100.
        abstention: Let the judge abstain; an abstention is a failure of its own kind.
        ties: Let a comparison end in a tie.
    """

    model: ChatModel
    layout: Layout = field(default=PROMETHEUS)
    sampling: Sampling | None = None
    asks: int = 1 + RETRIES
    seed: int = 0
    certainty: bool = False
    abstention: bool = False
    ties: bool = False

    def __post_init__(self) -> None:
        if self.asks < 1:
            raise UsageError(f"a judge must be asked at least once, found asks={self.asks}")

    @property
    def name(self) -> str:
        """Model, layout with the prompts' versions, and the optional holes: all that changes its verdicts."""
        shown = [name for name in ("certainty", "abstention", "ties") if getattr(self, name)]
        return f"judge/{self.model.name}:{','.join([f'{self.layout.name}@{self.layout.version}', *shown])}"

    @property
    def parameters(self) -> dict[str, Any]:
        """What a report says of the judge beside its name."""
        sampling = (self.sampling or self.layout.grade.sampling).but(seed=self.seed)
        return {"model": self.model.name, "layout": self.layout.name, "asks": self.asks, **sampling.as_dict()}

    # --- the prompts ---

    def grading(
        self, rubric: Rubric, instruction: str, response: str, reference: str | None = None, persona: str | None = None
    ) -> list[Message]:
        """The exact messages that :meth:`grade` sends."""
        return self.layout.grade.render(**self._grading(rubric, instruction, response, reference, persona))

    def comparing(
        self,
        criterion: Rubric | str,
        instruction: str,
        first: str,
        second: str,
        reference: str | None = None,
        persona: str | None = None,
    ) -> list[Message]:
        """The exact messages that :meth:`compare` sends for one order."""
        inputs = self._comparing(criterion, instruction, first, second, reference, persona)
        return self.layout.compare.render(**inputs)

    def _grading(
        self, rubric: Rubric, instruction: str, response: str, reference: str | None, persona: str | None
    ) -> dict[str, Any]:
        shown = rubric.reference if reference is None else reference
        return {**self._common(rubric.render(), instruction, shown, persona), "response": response}

    def _comparing(
        self, criterion: Rubric | str, instruction: str, a: str, b: str, reference: str | None, persona: str | None
    ) -> dict[str, Any]:
        by = criterion.render() if isinstance(criterion, Rubric) else f"[{criterion}]"
        shown = criterion.reference if reference is None and isinstance(criterion, Rubric) else reference
        return {**self._common(by, instruction, shown, persona), "response_a": a, "response_b": b}

    def _common(self, rubric: str, instruction: str, reference: str | None, persona: str | None) -> dict[str, Any]:
        return {
            "rubric": rubric,
            "instruction": instruction,
            "reference": reference or "",
            "persona": persona or "",
            "certainty": self.certainty,
            "abstention": self.abstention,
            "ties": self.ties,
        }

    # --- asking ---

    async def grade(
        self,
        rubric: Rubric,
        instruction: str,
        response: str,
        reference: str | None = None,
        *,
        samples: int = 1,
        persona: str | None = None,
        item: str | None = None,
        asks: int | None = None,
        first_sample: int = 0,
    ) -> Grade:
        """Score one response.

        Args:
            rubric: The criterion and what earns each score.
            instruction: What was asked of whoever wrote the response.
            response: The text to judge.
            reference: An answer that would earn a 5; None takes the rubric's own, "" shows none.
            samples: How many independent verdicts.
            persona: Whose reply it is, where the criterion is about a persona.
            item: Label of the calls in the records, and the grade's id.
            asks: Replaces the judge's ``asks``.
            first_sample: Number of the first sample; a second judge of the same model begins where the first ended.
        """
        inputs = self._grading(rubric, instruction, response, reference, persona)
        return await self._graded(self.layout.grade, inputs, samples, item, asks, first_sample)

    async def grade_prompt(
        self, prompt: str, *, samples: int = 1, item: str | None = None, asks: int | None = None, first_sample: int = 0
    ) -> Grade:
        """Score by a ready-made prompt, as published test files hold it; arguments as for :meth:`grade`.

        Raises:
            UsageError: When the layout has no step for ready-made prompts.
        """
        if self.layout.whole is None:
            raise UsageError(f"the layout '{self.layout.name}' takes no ready-made prompts")
        inputs = {"prompt": prompt, "reference": ""}
        return await self._graded(self.layout.whole, inputs, samples, item, asks, first_sample)

    async def compare(
        self,
        criterion: Rubric | str,
        instruction: str,
        a: str,
        b: str,
        reference: str | None = None,
        *,
        both_orders: bool = True,
        samples: int = 1,
        persona: str | None = None,
        item: str | None = None,
        asks: int | None = None,
        first_sample: int = 0,
    ) -> Preference:
        """Say which of two responses is better.

        Args:
            criterion: A rubric, or a criterion in words.
            instruction: What both answer.
            a: The first response.
            b: The second.
            reference: A reference answer; None takes the rubric's own, "" shows none.
            both_orders: Ask also with B shown first; without it a judge's liking for a place goes unnoticed.
            samples: Independent verdicts for each order.
            persona: Whose replies they are.
            item: Label of the calls, and the preference's id.
            asks: Replaces the judge's ``asks``.
            first_sample: Number of the first sample.
        """
        shown = _ORDERS if both_orders else _ORDERS[:1]
        texts = {"A": a, "B": b}
        jobs = [
            (self._comparing(criterion, instruction, texts[o[0]], texts[o[1]], reference, persona), k)
            for o in shown
            for k in range(samples)
        ]
        answers = await self._ask(self.layout.compare, jobs, item, asks, first_sample)
        orders = [_order(o, answers[i * samples : (i + 1) * samples], self.certainty) for i, o in enumerate(shown)]
        return preference_of(
            orders,
            [f for a_ in answers if (f := failure_of(a_, item)) is not None],
            sum(answer.asks for answer in answers),
            id=item or "",
            judge=self.name,
            with_reference=bool(jobs and jobs[0][0]["reference"]),
        )

    async def _graded(
        self, step: Step, inputs: Mapping[str, Any], samples: int, item: str | None, asks: int | None, first: int
    ) -> Grade:
        answers = await self._ask(step, [(inputs, k) for k in range(samples)], item, asks, first)
        readings = [reading_of(answer) for answer in answers]
        scores = tuple(None if r is None or r.verdict is None else int(r.verdict) for r in readings)
        return Grade(
            mean_of(scores),
            scores,
            tuple("" if r is None else r.feedback for r in readings),
            tuple(f for answer in answers if (f := failure_of(answer, item)) is not None),
            sum(answer.asks for answer in answers),
            item or "",
            self.name,
            tuple(None if r is None else r.certainty for r in readings) if self.certainty else (),
            bool(inputs["reference"]),
        )

    async def _ask(
        self, step: Step, jobs: Sequence[tuple[Mapping[str, Any], int]], item: str | None, asks: int | None, first: int
    ) -> list[Answer]:
        if not jobs:
            raise UsageError("a judge must give at least one sample")
        compares = step is self.layout.compare
        # A ready-made prompt shows no optional holes.
        holes = Asked() if step is self.layout.whole else Asked(self.certainty, self.abstention, self.ties and compares)
        read = as_values(self.layout.read_compare if compares else self.layout.read_grade, holes)

        async def one(job: tuple[Mapping[str, Any], int]) -> Answer:
            return await step.ask(
                self.model,
                job[0],
                item=item,
                sample=first + job[1],
                asks=self.asks if asks is None else asks,
                read=read,
                seed=self.seed,
                sampling=self.sampling,
            )

        return await AsyncioExecutor().map(jobs, one, concurrency=len(jobs))


def reading_of(answer: Answer) -> Reading | None:
    """What was read, or None."""
    return None if answer.values is None else answer.values["reading"]


def failure_of(answer: Answer, item: str | None = None) -> Failure | None:
    """Why an answer holds no verdict: it could not be had or read, or the judge abstained."""
    reading = reading_of(answer)
    if reading is None:
        return answer.failure
    if reading.verdict is None:
        return Failure("abstained", "the judge abstained", item or "", answer.replies[-1:])
    return None


def _order(shown: Shown, answers: Sequence[Answer], certainty: bool) -> Order:
    readings = [reading_of(answer) for answer in answers]
    return Order(
        shown,
        tuple(_unswapped(shown, r) for r in readings),
        tuple("" if r is None else r.feedback for r in readings),
        tuple(None if r is None else r.certainty for r in readings) if certainty else (),
    )


def _unswapped(shown: Shown, reading: Reading | None) -> Winner | None:
    if reading is None or reading.verdict is None:
        return None
    if reading.verdict == "tie":
        return "tie"
    first, second = ("A", "B") if shown == "AB" else ("B", "A")
    return first if reading.verdict == "A" else second  # type: ignore[return-value]
