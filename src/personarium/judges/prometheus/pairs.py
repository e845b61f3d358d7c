"""Pairs by the scores of an absolute judge (step 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from personarium.core.chat import ChatModel
from personarium.core.errata import Published
from personarium.core.results import Estimate, Failure, count_failures
from personarium.judges.agreement import length_bias
from personarium.judges.prometheus.data_formats import PairItem
from personarium.judges.prometheus.scores import grade_item, no_grade, outputs_of
from personarium.judges.prometheus.settings import ENDLESS, PrometheusConfig, Ties, Work, shared_work
from personarium.judges.verdicts import Grade


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
    work = shared_work(model, config, seed, as_published, run, concurrency, pairs=True)

    async def one(pair: PairItem) -> ScoredPair:
        return await _scored_pair(work, pair)

    outcomes = await work.map("pairs", pairs, one, lambda pair: pair.id)
    scored = tuple(o.value or ScoredPair(o.key, no_grade(work, o), no_grade(work, o)) for o in outcomes)
    return PairResult(tuple(pairs), scored, work.judge.name, config.ties, work.judge.parameters)


async def _scored_pair(work: Work, pair: PairItem) -> ScoredPair:
    limit = ENDLESS if "endless-ties" in work.faults else work.config.tie_resamples
    rounds = limit if work.config.ties == "resample" and not pair.tie else 0
    chosen = await grade_item(work, pair.chosen, 1)
    rejected = await grade_item(work, pair.rejected, 1)
    drawn = 0
    while chosen.value is not None and chosen.value == rejected.value and drawn < rounds:
        drawn += 1
        chosen = _after(chosen, await grade_item(work, pair.chosen, 1, first=drawn))
        rejected = _after(rejected, await grade_item(work, pair.rejected, 1, first=drawn))
    undecided = bool(rounds) and chosen.value is not None and chosen.value == rejected.value
    return ScoredPair(pair.id, chosen, rejected, pair.tie, drawn, undecided)


def _after(before: Grade, now: Grade) -> Grade:
    return replace(now, failures=before.failures + now.failures, asks=before.asks + now.asks)
