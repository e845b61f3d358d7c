"""Prometheus: any quality can be judged by a rubric of five described scores and, if possible, a reference answer.

In the paper's order: prompt, sampling, parsing, scores of single responses, pairs by scores, agreement. The training records
stand in ``training_records``, the published files in ``data_formats``.

Source: *Prometheus: Inducing Fine-grained Evaluation Capability in Language Models*, arXiv 2310.08491 (ICLR 2024); method
page steps 1-6.
Differs: prompts are in our own words; re-asks and re-samples are capped and what is left is counted, not awaited; an
over-long input is skipped and listed. ``as_published`` brings each published fault back by its erratum id, with endless loops
cut at 1,000. Units: scores are points from 1 to 5; the unit of analysis is the item or the pair.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, TypeVar

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.contract import Contract
from personarium.core.errata import Published, published_faults
from personarium.core.errors import RemoteError, UsageError
from personarium.core.results import Estimate, Failure, count_failures
from personarium.core.tokens import estimate_tokens
from personarium.judges.agreement import (
    AgreementReport,
    PositionBias,
    agreement_report,
    length_bias,
    position_bias,
)
from personarium.judges.judging import RETRIES, Judge
from personarium.judges.prometheus.data_formats import PairItem, ScoredItem, read_rubric
from personarium.judges.prometheus.steps import STEPS, ReaderName, layout
from personarium.judges.verdicts import Grade, Preference
from personarium.runs import Outcome, map_items

T = TypeVar("T")
Ties = Literal["resample", "half", "wrong"]

ERRATA = (
    "whole-output-feedback",
    "strict-ending",
    "any-line-marker",
    "endless-retry",
    "endless-ties",
    "cut-records",
)
ENDLESS = 1_000  # where we cut the published loops that end only when the judge gives in


@dataclass(frozen=True)
class PrometheusConfig:
    """The paper's constants.

    Args:
        samples: Verdicts for each item: 3 (benchmark script).
        retries: Re-asks of an unparsed verdict: 10 (library; its asynchronous variant has 5).
        temperature: 1.0 (script).
        top_p: 0.9 (script).
        relative_top_p: 0.95 (the script for pairs).
        repetition_penalty: 1.03 (script); None for endpoints that refuse the field.
        max_tokens: New tokens: 256 (script; the library has 1,024).
        max_input_tokens: Longer inputs are skipped: 3,072 (script).
        tie_resamples: How often equal scores of a pair are drawn again: 5 (ours; the script has no end).
        ties: ``resample`` (script), or count a tie as ``half`` or ``wrong``.
        reader: ``default``, ``library`` or ``script``.
        count_tokens: Tokens of a text; without a tokenizer four characters count as one.
    """

    samples: int = 3
    retries: int = RETRIES
    temperature: float = 1.0
    top_p: float = 0.9
    relative_top_p: float = 0.95
    repetition_penalty: float | None = 1.03
    max_tokens: int = 256
    max_input_tokens: int = 3072
    tie_resamples: int = 5
    ties: Ties = "resample"
    reader: ReaderName = "default"
    count_tokens: Callable[[str], int] = estimate_tokens

    def __post_init__(self) -> None:
        if self.samples < 1 or self.retries < 0 or self.tie_resamples < 0:
            raise UsageError("samples must be at least 1, retries and tie_resamples at least 0")
        if self.ties not in ("resample", "half", "wrong"):
            raise UsageError(f"ties must be resample, half or wrong, found '{self.ties}'")

    def sampling(self, pairs: bool = False) -> Sampling:
        """How verdicts are drawn."""
        extra = {} if self.repetition_penalty is None else {"repetition_penalty": self.repetition_penalty}
        top_p = self.relative_top_p if pairs else self.top_p
        return Sampling(temperature=self.temperature, top_p=top_p, max_tokens=self.max_tokens, extra=extra)


def prometheus_judge(
    model: ChatModel,
    config: PrometheusConfig = PrometheusConfig(),
    *,
    seed: int = 0,
    as_published: Published = False,
    pairs: bool = False,
) -> Judge:
    """A judge with Prometheus's prompts, sampling, parser and retries.

    Args:
        model: Who judges; chosen apart from whoever is judged.
        config: Constants.
        seed: Seed of every draw.
        as_published: True, or a set of erratum ids.
        pairs: Take the sampling of the published script for pairs.
    """
    faults = published_faults(as_published, ERRATA)
    endless = "endless-retry" in faults
    return Judge(
        _Swallowing(model) if endless else model,
        layout(config.reader, faults),
        config.sampling(pairs),
        ENDLESS if endless else 1 + config.retries,
        seed,
    )


class _Swallowing:
    """As published, a failed call is asked again as if nothing had happened (erratum ``endless-retry``)."""

    def __init__(self, inner: ChatModel) -> None:
        self.inner, self.name = inner, inner.name

    async def generate(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        for _ in range(ENDLESS - 1):
            try:
                return await self.inner.generate(messages, sampling)
            except RemoteError:
                continue
        return await self.inner.generate(messages, sampling)


@dataclass
class _Work:
    """What the items of one run share."""

    judge: Judge
    config: PrometheusConfig
    faults: frozenset[str]
    run: Any
    concurrency: int

    async def map(
        self, stage: str, items: Sequence[T], work: Callable[[T], Awaitable[Any]], key: Callable[[T], str]
    ) -> list[Outcome[Any]]:
        if self.run is not None:
            self.run.add_prompts(STEPS)
        return await map_items(self.run, stage, items, work, key=key, concurrency=self.concurrency)


def _work(
    model: ChatModel,
    config: PrometheusConfig,
    seed: int,
    as_published: Published,
    run: Any,
    concurrency: int,
    pairs: bool,
) -> _Work:
    judge = prometheus_judge(model, config, seed=seed, as_published=as_published, pairs=pairs)
    return _Work(judge, config, published_faults(as_published, ERRATA), run, concurrency)


# --- scores of single responses ---


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
    work = _work(model, config, seed, as_published, run, concurrency, pairs=False)

    async def one(item: ScoredItem) -> Grade:
        return await _grade(work, item, config.samples)

    outcomes = await work.map("scores", items, one, lambda item: item.id)
    grades = tuple(o.value or _no_grade(work, o) for o in outcomes)
    return ScoreResult(tuple(items), grades, work.judge.name, work.judge.parameters)


async def _grade(work: _Work, item: ScoredItem, samples: int, first: int = 0) -> Grade:
    gap = _too_long(work.config, shown(work.judge, item), item.id)
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


def _too_long(config: PrometheusConfig, messages: Sequence[Message], where: str) -> Failure | None:
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


def _no_grade(work: _Work, outcome: Outcome[Any]) -> Grade:
    gap = outcome.failure or Failure("missing", "no grade", outcome.key)
    return Grade(None, (None,), ("",), (gap,), 0, outcome.key, work.judge.name)


# --- step 4: pairs by the scores of an absolute judge ---


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """A pair with the scores of both responses in the last round.

    Args:
        id: The pair.
        chosen: The grade of the chosen response; its failures are those of all rounds.
        rejected: That of the other.
        tie: Whether the pair is labelled as equally good.
        resamples: How often the scores were drawn again.
        undecided: Whether they were still equal when the drawing stopped.
    """

    id: str
    chosen: Grade
    rejected: Grade
    tie: bool = False
    resamples: int = 0
    undecided: bool = False

    def as_row(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "id": self.id,
            "chosen": self.chosen.value,
            "rejected": self.rejected.value,
            "tie": int(self.tie),
            "resamples": self.resamples,
            "undecided": self.undecided,
            "judge": self.chosen.judge,
            "failures": count_failures(self.chosen.failures + self.rejected.failures),
        }


@dataclass(frozen=True)
class PairResult:
    """Pairs judged by the scores of each response."""

    pairs: tuple[PairItem, ...]
    scored: tuple[ScoredPair, ...]
    judge: str
    ties: Ties = "resample"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def accuracy(self) -> Estimate:
        """How often the chosen response has the higher score; pairs still equal after re-sampling are undecided."""
        return self.accuracy_with("undecided" if self.ties == "resample" else self.ties)

    def accuracy_with(self, tie: Literal["half", "wrong", "undecided"]) -> Estimate:
        """The same with another rule for equal scores."""
        from personarium.stats import pairwise_accuracy

        gold: list[Literal["a", "b", "tie"]] = ["tie" if pair.tie else "a" for pair in self.scored]
        chosen, rejected = [p.chosen.value for p in self.scored], [p.rejected.value for p in self.scored]
        return pairwise_accuracy(chosen, rejected, gold, tie)

    @property
    def undecided(self) -> tuple[str, ...]:
        """Pairs whose scores stayed equal."""
        return tuple(pair.id for pair in self.scored if pair.undecided)

    @property
    def length_bias(self) -> Estimate:
        """Spearman of length and score over all responses."""
        responses = [side.response for pair in self.pairs for side in (pair.chosen, pair.rejected)]
        return length_bias(responses, [g.value for pair in self.scored for g in (pair.chosen, pair.rejected)])

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every missing sample."""
        return tuple(f for pair in self.scored for f in pair.chosen.failures + pair.rejected.failures)

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each pair."""
        return [pair.as_row() for pair in self.scored]

    def published_lines(self) -> list[dict[str, Any]]:
        """Lines as the published script writes them; ``accuracy`` is 1, 0, or None where a score is missing."""
        return [_published_pair(pair, scored) for pair, scored in zip(self.pairs, self.scored, strict=True)]


def _published_pair(pair: PairItem, scored: ScoredPair) -> dict[str, Any]:
    a, b = scored.chosen.value, scored.rejected.value
    right = None if a is None or b is None else int(a == b if pair.tie else a > b)
    return {
        "source": pair.source,
        "tie": int(pair.tie),
        "chosen_output": outputs_of(scored.chosen)[-1],
        "chosen_score": a,
        "rejected_output": outputs_of(scored.rejected)[-1],
        "rejected_score": b,
        "accuracy": right,
    }


async def run_pairs(
    model: ChatModel,
    pairs: Sequence[PairItem],
    *,
    config: PrometheusConfig = PrometheusConfig(),
    seed: int = 0,
    as_published: Published = False,
    run: Any = None,
    concurrency: int = 100,
) -> PairResult:
    """Score both responses of each pair, one sample each; equal scores are drawn again up to ``tie_resamples`` times.

    Arguments as for :func:`run_scores`.
    """
    work = _work(model, config, seed, as_published, run, concurrency, pairs=True)

    async def one(pair: PairItem) -> ScoredPair:
        return await _scored_pair(work, pair)

    outcomes = await work.map("pairs", pairs, one, lambda pair: pair.id)
    scored = tuple(o.value or ScoredPair(o.key, _no_grade(work, o), _no_grade(work, o)) for o in outcomes)
    return PairResult(tuple(pairs), scored, work.judge.name, config.ties, work.judge.parameters)


async def _scored_pair(work: _Work, pair: PairItem) -> ScoredPair:
    limit = ENDLESS if "endless-ties" in work.faults else work.config.tie_resamples
    rounds = limit if work.config.ties == "resample" and not pair.tie else 0
    chosen = await _grade(work, pair.chosen, 1)
    rejected = await _grade(work, pair.rejected, 1)
    drawn = 0
    while chosen.value is not None and chosen.value == rejected.value and drawn < rounds:
        drawn += 1
        chosen = _after(chosen, await _grade(work, pair.chosen, 1, first=drawn))
        rejected = _after(rejected, await _grade(work, pair.rejected, 1, first=drawn))
    undecided = bool(rounds) and chosen.value is not None and chosen.value == rejected.value
    return ScoredPair(pair.id, chosen, rejected, pair.tie, drawn, undecided)


def _after(before: Grade, now: Grade) -> Grade:
    return replace(now, failures=before.failures + now.failures, asks=before.asks + now.asks)


# --- pairs shown side by side ---


@dataclass(frozen=True)
class ComparisonResult:
    """Pairs judged side by side, in both orders; ``A`` is the chosen response."""

    preferences: tuple[Preference, ...]
    judge: str
    gold: tuple[Literal["a", "tie"], ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def accuracy_with(self, tie: Literal["half", "wrong", "undecided"] = "half") -> Estimate:
        """How often the chosen response wins; a judge whose orders disagree has called a tie."""
        from personarium.stats import pairwise_accuracy

        points = {"A": (1.0, 0.0), "B": (0.0, 1.0), "tie": (1.0, 1.0), None: (None, None)}
        found = [points[p.winner] for p in self.preferences]
        return pairwise_accuracy([a for a, _ in found], [b for _, b in found], list(self.gold), tie)

    @property
    def position_bias(self) -> PositionBias:
        """Whether the judge follows the place of a response."""
        return position_bias(self.preferences)

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each pair."""
        return [preference.as_row() for preference in self.preferences]


async def run_comparisons(
    model: ChatModel,
    pairs: Sequence[PairItem],
    *,
    config: PrometheusConfig = PrometheusConfig(),
    seed: int = 0,
    as_published: Published = False,
    run: Any = None,
    concurrency: int = 100,
) -> ComparisonResult:
    """Show both responses side by side, in both orders, with ``config.samples`` verdicts each.

    Arguments as for :func:`run_scores`.

    Raises:
        UsageError: When a pair has ready-made prompts for single responses only.
    """
    work = _work(model, config, seed, as_published, run, concurrency, pairs=True)
    for pair in pairs:
        if pair.chosen.rubric is None:
            raise UsageError(f"pair {pair.id} holds prompts for single responses; use run_pairs")

    async def one(pair: PairItem) -> Preference:
        return await _compared(work, pair)

    outcomes = await work.map("comparisons", pairs, one, lambda pair: pair.id)
    preferences = tuple(
        o.value or Preference(None, failures=(o.failure,) if o.failure else (), id=o.key) for o in outcomes
    )
    gold: tuple[Literal["a", "tie"], ...] = tuple("tie" if pair.tie else "a" for pair in pairs)
    return ComparisonResult(preferences, work.judge.name, gold, work.judge.parameters)


async def _compared(work: _Work, pair: PairItem) -> Preference:
    chosen, rejected = pair.chosen, pair.rejected
    assert chosen.rubric is not None  # run_comparisons checked it
    texts = (chosen.rubric, chosen.instruction, chosen.response or "", rejected.response or "", chosen.reference)
    messages = work.judge.comparing(*texts, chosen.persona)
    gap = _too_long(work.config, messages, pair.id)
    if gap is not None:
        return Preference(None, failures=(gap,), id=pair.id, judge=work.judge.name)
    return await work.judge.compare(*texts, samples=work.config.samples, persona=chosen.persona, item=pair.id)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


# --- the bundled examples and the contract ---


@lru_cache(maxsize=1)
def _bundled() -> Mapping[str, Any]:
    text = (files("personarium.judges.prometheus") / "data" / "examples.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def load_examples() -> list[ScoredItem]:
    """Five items of our own: two of a persona, one with a reference answer, one with neither, one ready-made prompt."""
    return [_example(row, row.get("response")) for row in _bundled()["items"]]


def load_example_pairs() -> list[PairItem]:
    """Three pairs of our own, with rubrics."""
    return [
        PairItem(
            row["id"],
            _example(row, row["chosen"], f"{row['id']}/chosen"),
            _example(row, row["rejected"], f"{row['id']}/rejected"),
        )
        for row in _bundled()["pairs"]
    ]


def _example(row: Mapping[str, Any], response: str | None, id: str | None = None) -> ScoredItem:
    rubric = read_rubric(row["rubric"]) if "rubric" in row else None
    return ScoredItem(
        id or row["id"],
        row["instruction"],
        response,
        rubric,
        row.get("reference"),
        row.get("persona"),
        None if rubric else row["instruction"],
        row.get("human"),
    )


async def _contract_example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    config = PrometheusConfig(samples=2, retries=1)
    scores = await run_scores(model, load_examples(), config=config, seed=seed)
    pairs = await run_pairs(model, load_example_pairs(), config=config, seed=seed)
    shown_together = await run_comparisons(model, load_example_pairs(), config=config, seed=seed)
    report = {"id": "agreement", **scores.agreement().as_dict()}
    compared = [{**row, "id": f"{row['id']}/compared"} for row in shown_together.rows()]
    return [*scores.rows(), *pairs.rows(), *compared, {**report, "failures": count_failures(scores.failures)}]


def _first_inputs() -> dict[str, Any]:
    item = load_examples()[0]
    assert item.rubric is not None
    flags = {"certainty": False, "abstention": False, "ties": False}
    return {
        **flags,
        "rubric": item.rubric.render(),
        "instruction": item.instruction,
        "response": item.response,
        "reference": "",
        "persona": item.persona,
    }


CONTRACT = Contract(example=_contract_example, steps=STEPS, first=(STEPS[0].name, _first_inputs()))
