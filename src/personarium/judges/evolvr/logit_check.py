"""The logit check: would the model itself have written the true score where the record says it?

Source: EvolvR (arXiv 2508.06046), step 3, logit check (temperature 0, one token, 20 log-probabilities). The script reports
and does not filter; that a record needs both positions is ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from personarium.core.chat import ChatModel, Message, Sampling
from personarium.core.errata import Published, published_faults
from personarium.core.errors import UsageError

LOGIT_ERRATA = ("no-label-passes",)
CHOICES = ("1", "2", "3", "4", "5")
TOP = 20
_OPEN = "<ANSWER>"


class NextToken(Protocol):
    """Gives log-probabilities of the next token after an instruction and the beginning of its answer."""

    async def next_token(self, instruction: str, prefix: str) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class ChatContinuation:
    """A chat endpoint that goes on with a begun answer (vLLM does, with these two fields of the request).

    Args:
        model: The model whose log-probabilities are wanted.
        extra: Fields that tell the endpoint to go on with the last message.
    """

    model: ChatModel
    extra: tuple[tuple[str, Any], ...] = (("continue_final_message", True), ("add_generation_prompt", False))

    async def next_token(self, instruction: str, prefix: str) -> Mapping[str, float]:
        """The first token's alternatives.

        Raises:
            UsageError: The endpoint gives no log-probabilities.
        """
        messages: list[Message] = [{"role": "user", "content": instruction}, {"role": "assistant", "content": prefix}]
        sampling = Sampling(temperature=0.0, max_tokens=1, top_logprobs=TOP, extra=dict(self.extra))
        reply = await self.model.generate(messages, sampling)
        if not reply.logprobs:
            raise UsageError(
                f"{self.model.name} gives no log-probabilities; the logit check needs an endpoint that does"
            )
        first = reply.logprobs[0]
        return {first.token: first.logprob, **dict(first.top)}


@dataclass(frozen=True, slots=True)
class Position:
    """One place of a score.

    Args:
        true_score: As written in the record.
        best: The label of 1..5 with the highest log-probability; None where none is among the tokens.
        is_best: Whether that is the true score.
        is_overall_best: Whether the true score is the most likely token of all.
        logits: Log-probability of each label; minus infinity where it is not among the tokens.
    """

    true_score: str
    best: str | None
    is_best: bool
    is_overall_best: bool
    logits: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """In the published form; minus infinity is null."""
        return {
            "true_score": self.true_score,
            "best_choice_predicted": self.best,
            "is_highest_among_choices": self.is_best,
            "is_absolute_highest_logit": self.is_overall_best,
            "logits_for_choices": {k: v if math.isfinite(v) else None for k, v in self.logits.items()},
        }


@dataclass(frozen=True, slots=True)
class LogitCheck:
    """Both places of a record."""

    record: Mapping[str, Any]
    positions: tuple[Position, ...]

    @property
    def kept(self) -> bool:
        """Whether the true score is the best label at both places."""
        return len(self.positions) == 2 and all(position.is_best for position in self.positions)

    def to_dict(self) -> dict[str, Any]:
        """In the published form."""
        checks = [{f"score{k}_check": position.to_dict()} for k, position in enumerate(self.positions, 1)]
        return {"original_data": dict(self.record), "checks": checks}


def read_position(tokens: Mapping[str, float], true_score: str, as_published: Published = False) -> Position:
    """What the log-probabilities of one place say.

    Args:
        tokens: Token -> log-probability, the most likely ones; blanks around a label do not matter.
        true_score: The label that ought to be likely.
        as_published: ``no-label-passes``: without any label among the tokens the best one is "1", so that a true score of 1
            passes without evidence.
    """
    faults = published_faults(as_published, LOGIT_ERRATA)
    logits = dict.fromkeys(CHOICES, -math.inf)
    for token, value in tokens.items():
        label = token.strip()
        if label in logits:
            logits[label] = max(logits[label], value)
    known = any(math.isfinite(value) for value in logits.values())
    best = max(CHOICES, key=lambda label: logits[label]) if known or "no-label-passes" in faults else None
    top = max(tokens, key=lambda token: tokens[token]).strip() if tokens else None
    return Position(true_score, best, best == true_score, top == true_score, logits)


async def check_logits(record: Mapping[str, Any], source: NextToken, as_published: Published = False) -> LogitCheck:
    """Look at both places of a record whose output passed the rule check."""
    from personarium.judges.evolvr.tags import answers_of

    output, positions = str(record["output"]), []
    place = 0
    for answer in answers_of(output)[:2]:
        place = output.index(_OPEN, place) + len(_OPEN)
        tokens = await source.next_token(str(record["instruction"]), output[:place])
        positions.append(read_position(tokens, answer, as_published))
    return LogitCheck(record, tuple(positions))
