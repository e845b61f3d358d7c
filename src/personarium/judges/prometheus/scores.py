"""Scores of single responses (steps 1 to 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from personarium.core.chat import ChatModel, Message
from personarium.core.errata import Published
from personarium.core.errors import UsageError
from personarium.core.results import Estimate, Failure
from personarium.core.tokens import estimate_tokens
from personarium.judges.agreement import AgreementReport, agreement_report, length_bias
from personarium.judges.judging import Judge
from personarium.judges.prometheus.data_formats import ScoredItem
from personarium.judges.prometheus.settings import PrometheusConfig, Work, shared_work
from personarium.judges.verdicts import Grade
from personarium.runs import Outcome


@dataclass(frozen=True)
class ScoreResult:
    """Items with their grades, in order."""

    items: tuple[ScoredItem, ...]
    grades: tuple[Grade, ...]
    judge: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every missing sample: skipped, unparsed, refused, empty."""
        return tuple(failure for grade in self.grades for failure in grade.failures)

    @property
    def length_bias(self) -> Estimate:
        """Spearman of length in words and mean score; not defined where all scores are equal."""
        return length_bias([item.response for item in self.items], [grade.value for grade in self.grades])

    def agreement(self, against: Literal["human", "gpt4"] = "human") -> AgreementReport:
        """Pearson, Kendall and Spearman over items (mean of samples), with the length bias and what is missing."""
        truth = [item.human if against == "human" else _mean(item.gpt4) for item in self.items]
        responses = [item.response for item in self.items]
        return agreement_report(self.grades, truth, responses, against, self.judge, self.parameters)

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each item."""
        return [grade.as_row() for grade in self.grades]

    def published_lines(self) -> list[dict[str, Any]]:
        """Lines as the benchmark script writes them: the item with ``prometheus_output`` and ``prometheus_score``."""
        return [
            {
                **dict(item.meta),
                "idx": item.id,
                "instruction": item.prompt or item.instruction,
                "prometheus_output": outputs_of(grade),
                "prometheus_score": list(grade.samples),
            }
            for item, grade in zip(self.items, self.grades, strict=True)
        ]


def outputs_of(grade: Grade) -> list[str]:
    """The judge's outputs in the published layout; of a sample that failed its last raw reply, if there was one."""
    failed = iter(grade.failures)
    outputs = []
    for score, words in zip(grade.samples, grade.feedback, strict=True):
        if score is not None:
            outputs.append(words if "[RESULT]" in words else f"{words} [RESULT] {score:g}")
        else:
            raw = next(failed).raw
            outputs.append(raw[-1] if raw else "")
    return outputs


async def run_scores(
    model: ChatModel,
    items: Sequence[ScoredItem],
    *,
    config: PrometheusConfig = PrometheusConfig(),
    seed: int = 0,
    as_published: Published = False,
    run: Any = None,
    concurrency: int = 100,
) -> ScoreResult:
    """Score responses (steps 1 to 3).

    Args:
        model: Who judges.
        items: Responses with rubrics, or ready-made prompts.
        config: Constants.
        seed: Seed of every draw.
        as_published: True, or a set of erratum ids.
        run: A run folder to record and resume in.
        concurrency: Items worked on at once.
    """
    work = shared_work(model, config, seed, as_published, run, concurrency, pairs=False)

    async def one(item: ScoredItem) -> Grade:
        return await grade_item(work, item, config.samples)

    outcomes = await work.map("scores", items, one, lambda item: item.id)
    grades = tuple(o.value or no_grade(work, o) for o in outcomes)
    return ScoreResult(tuple(items), grades, work.judge.name, work.judge.parameters)


async def grade_item(work: Work, item: ScoredItem, samples: int, first: int = 0) -> Grade:
    """The grade of one item; an input over the limit is not sent."""
    gap = too_long(work.config, shown(work.judge, item), item.id)
    if gap is not None:
        return Grade(None, (None,) * samples, ("",) * samples, (gap,) * samples, 0, item.id, work.judge.name)
    if item.prompt is not None:
        found = await work.judge.grade_prompt(item.prompt, samples=samples, item=item.id, first_sample=first)
        return replace(found, with_reference=item.with_reference)
    assert item.rubric is not None  # an item without a prompt has both
    assert item.response is not None
    return await work.judge.grade(
        item.rubric,
        item.instruction,
        item.response,
        item.reference,
        samples=samples,
        persona=item.persona,
        item=item.id,
        first_sample=first,
    )


def too_long(config: PrometheusConfig, messages: Sequence[Message], where: str) -> Failure | None:
    """Step 2: an input over the limit is skipped; the failure counts it."""
    tokens, limit = sum(config.count_tokens(message["content"]) for message in messages), config.max_input_tokens
    if tokens <= limit:
        return None
    about = "about " if config.count_tokens is estimate_tokens else ""
    return Failure("missing", f"skipped: the input has {about}{tokens:,} tokens, the limit is {limit:,}", where)


def shown(judge: Judge, item: ScoredItem) -> list[Message]:
    """The exact messages by which an item is scored."""
    if item.prompt is not None and judge.layout.whole is not None:
        return judge.layout.whole.render(prompt=item.prompt)
    if item.rubric is None or item.response is None:
        raise UsageError(f"item {item.id} has no rubric and response, and this layout takes no ready-made prompts")
    return judge.grading(item.rubric, item.instruction, item.response, item.reference, item.persona)


def no_grade(work: Work, outcome: Outcome[Any]) -> Grade:
    """What stands for an item whose work gave nothing."""
    gap = outcome.failure or Failure("missing", "no grade", outcome.key)
    return Grade(None, (None,), ("",), (gap,), 0, outcome.key, work.judge.name)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
