"""Preference pairs from APC: of two sampled replies the one that serves all constraints better is preferred.

Source: Quantifying and Optimizing Global Faithfulness in Persona-driven Role-playing (arXiv 2405.07726), page apc,
"APC-based DPO (code)". Units: APC in satisfied statements.
Differs: a reply that failed, or whose APC misses a statement, makes no pair and is counted; the published code knows
neither. The trainer itself comes later; its constants stand in :class:`DPOSettings`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from personarium.core.chat import ChatModel, Message
from personarium.core.results import Failure
from personarium.judges.entailment import CachedRelevance, EntailmentEstimator
from personarium.measure.apc.playing import ANSWER, TOP_K, rag_inputs
from personarium.measure.apc.scoring import APCScore, apc_score


@dataclass(frozen=True, slots=True)
class DPOSettings:
    """What the paper trains with; for the trainer.

    Args:
        model: The base model; loaded in 4-bit NF4.
        lora_rank: At least 32 is suggested.
        lora_targets: Projections that get an adapter.
        beta: Of DPO.
        learning_rate: Of paged 8-bit AdamW, in fp16.
        batch_size: Pairs a step, accumulated ``accumulation`` times.
        accumulation: Steps before an update.
        epochs: Passes over the pairs.
    """

    model: str = "google/gemma-1.1-7b-it"
    lora_rank: int = 128
    lora_targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    beta: float = 0.1
    learning_rate: float = 2e-4
    batch_size: int = 1
    accumulation: int = 8
    epochs: int = 10


@dataclass(frozen=True, slots=True)
class PairSettings:
    """How pairs are made.

    Args:
        max_queries: The most queries that are sampled (``max_dpo_data``).
        threshold: A pair is kept only if the two APC differ by more than this.
        top_k: Statements in the prompt (RAG).
    """

    max_queries: int = 100
    threshold: float = 0.2
    top_k: int = TOP_K


@dataclass(frozen=True, slots=True)
class ScoredReplies:
    """Two replies to one prompt and their APC over all statements."""

    prompt: str
    first: str
    second: str
    first_apc: float
    second_apc: float


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """A prompt with the better and the worse reply; ``margin`` is the difference of their APC."""

    prompt: str
    chosen: str
    rejected: str
    margin: float

    def as_dict(self) -> dict[str, str]:
        """A row of the published format ``rag.dpo.json``."""
        return {"prompt": self.prompt, "chosen": self.chosen, "rejected": self.rejected}


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs that were kept, how many were too close, and what failed."""

    pairs: tuple[PreferencePair, ...]
    too_close: int
    failures: tuple[Failure, ...] = ()


def keep_pairs(scored: Sequence[ScoredReplies], threshold: float = 0.2) -> tuple[PreferencePair, ...]:
    """The pairs whose APC differ by strictly more than the threshold, the higher one chosen.

    Args:
        scored: Two replies each.
        threshold: The published code's 0.2.
    """
    kept = []
    for one in scored:
        margin = one.first_apc - one.second_apc
        if margin > threshold:
            kept.append(PreferencePair(one.prompt, one.first, one.second, margin))
        elif -margin > threshold:
            kept.append(PreferencePair(one.prompt, one.second, one.first, -margin))
    return tuple(kept)


async def preference_pairs(
    model: ChatModel,
    character: str,
    statements: Sequence[str],
    queries: Sequence[str],
    estimator: EntailmentEstimator,
    settings: PairSettings = PairSettings(),
    seed: int = 0,
) -> Pairs:
    """Sample two replies to each of up to 100 queries and keep the pairs that APC tells apart.

    Args:
        model: The model that will be trained; it plays with the most relevant statements in its prompt.
        character: Its name.
        statements: All its facts; APC is taken over all of them.
        queries: From which ``max_queries`` are drawn.
        estimator: Of relevance and entailment.
        settings: See :class:`PairSettings`.
        seed: Of the draw of queries and of the replies.
    """
    kept = CachedRelevance(estimator)
    drawn = random.Random(f"apc pairs {seed}").sample(list(queries), min(settings.max_queries, len(queries)))
    found = await asyncio.gather(
        *(_score_two(model, character, statements, query, kept, settings.top_k, seed) for query in drawn)
    )
    scored = [one for one, _ in found if one is not None]
    pairs = keep_pairs(scored, settings.threshold)
    return Pairs(pairs, len(scored) - len(pairs), tuple(failure for _, own in found for failure in own))


async def _score_two(
    model: ChatModel,
    character: str,
    statements: Sequence[str],
    query: str,
    estimator: EntailmentEstimator,
    top_k: int,
    seed: int,
) -> tuple[ScoredReplies | None, tuple[Failure, ...]]:
    inputs = await rag_inputs(character, statements, query, estimator, top_k)
    answers = await asyncio.gather(*(ANSWER.ask(model, inputs, item=query, sample=k, seed=seed) for k in range(2)))
    failures = tuple(answer.failure for answer in answers if answer.failure is not None)
    if failures:
        return None, failures
    first, second = [await apc_score(statements, query, answer.text, estimator) for answer in answers]
    failures = (*first.failures, *second.failures)
    if failures or first.apc is None or second.apc is None:
        return None, failures
    return _scored(_prompt(ANSWER.render(**inputs)), first, second), ()


def _scored(prompt: str, first: APCScore, second: APCScore) -> ScoredReplies:
    assert first.apc is not None and second.apc is not None
    return ScoredReplies(prompt, first.response, second.response, first.apc, second.apc)


def _prompt(messages: Sequence[Message]) -> str:
    return "\n\n".join(message["content"] for message in messages)
