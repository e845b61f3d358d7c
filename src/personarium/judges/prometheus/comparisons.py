"""Pairs shown side by side, in both orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from personarium.core.chat import ChatModel
from personarium.core.errata import Published
from personarium.core.errors import UsageError
from personarium.core.results import Estimate
from personarium.judges.agreement import PositionBias, position_bias
from personarium.judges.prometheus.data_formats import PairItem
from personarium.judges.prometheus.scores import too_long
from personarium.judges.prometheus.settings import PrometheusConfig, Work, shared_work
from personarium.judges.verdicts import Preference


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
    work = shared_work(model, config, seed, as_published, run, concurrency, pairs=True)
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


async def _compared(work: Work, pair: PairItem) -> Preference:
    chosen, rejected = pair.chosen, pair.rejected
    assert chosen.rubric is not None  # run_comparisons checked it
    texts = (chosen.rubric, chosen.instruction, chosen.response or "", rejected.response or "", chosen.reference)
    messages = work.judge.comparing(*texts, chosen.persona)
    gap = too_long(work.config, messages, pair.id)
    if gap is not None:
        return Preference(None, failures=(gap,), id=pair.id, judge=work.judge.name)
    return await work.judge.compare(*texts, samples=work.config.samples, persona=chosen.persona, item=pair.id)
