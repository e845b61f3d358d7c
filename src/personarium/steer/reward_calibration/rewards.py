"""PPO-C: the reward of a reply is corrected by its stated confidence and by whether it beats a running average.

Pure functions, and :class:`PPOCReward`, which has the shape of a reward function of TRL (``reward_funcs`` of its GRPO and RLOO
trainers). GRPO normalises within a group, so its result is to be called "PPO-C reward with GRPO".

Source: "Taming Overconfidence in LLMs: Reward Calibration in RLHF", arXiv 2410.09724; reward-calibration page, steps 4 and 5.
Differs: of several confidence lines the last counts (``first-confidence``); a reward model without a stored mean starts at 0
(``no-stored-mean``: the published code fails). Units: rewards as the scorer gives them; confidences 0 to 1.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from personarium.core.chat import Message
from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, UsageError
from personarium.measure.reward_calibration.confidence_line import StatedConfidence, read_confidence

Rule = Literal["difference", "threshold"]
Scorer = Callable[[Sequence[Any], Sequence[str]], Sequence[float]]
"""Rewards of completions: takes the prompts and the completions as text, gives one number each."""

ERRATA = ("first-confidence", "no-stored-mean")
WEIGHTS: Mapping[Rule, float] = {"difference": 2.0, "threshold": 0.5}  # released runs; the command line's default


@dataclass(frozen=True)
class PPOCSettings:
    """The correction, and what the paper trains with beside it.

    Args:
        rule: ``difference`` (the released runs) or ``threshold`` (the command line's default).
        weight: w; 2.0 for ``difference`` and .5 for ``threshold`` without.
        alpha: Of the running mean.
        clip: Rewards are cut to -clip..clip before anything else.
        initial_mean: Mean that is stored with the reward model; None where it has none.
        actor_lr: Learning rate of the policy.
        critic_lr: Of the critic.
        kl: Weight of the KL penalty.
        rollout_batch: Replies drawn before an update.
        train_batch: Replies a step.
        max_tokens: Of a prompt, and of a reply.
        stopped_at_confidence: Share of batches whose generation stops at the confidence line.
    """

    rule: Rule = "difference"
    weight: float | None = None
    alpha: float = 0.1
    clip: float = 10.0
    initial_mean: float | None = None
    actor_lr: float = 5e-7
    critic_lr: float = 9e-6
    kl: float = 0.01
    rollout_batch: int = 512
    train_batch: int = 64
    max_tokens: int = 1_024
    stopped_at_confidence: float = 0.3

    def __post_init__(self) -> None:
        if self.rule not in WEIGHTS:
            raise UsageError(f"the rule must be difference or threshold, found '{self.rule}'")
        if not 0 < self.alpha <= 1 or self.clip <= 0:
            raise UsageError("alpha must lie in (0, 1] and clip above 0")

    @property
    def w(self) -> float:
        """The weight that counts."""
        return WEIGHTS[self.rule] if self.weight is None else self.weight


def correct_reward(
    reward: float, confidence: float, mean: float, rule: Rule = "difference", weight: float | None = None
) -> float:
    """r': more for certainty about a reply above the mean, less for certainty about one below.

    Args:
        reward: Of the reply without its confidence line.
        confidence: Stated, 0 to 1; .5 leaves the reward as it is.
        mean: The running mean; a reward equal to it counts as above it.
        rule: ``difference``: r + w (r - m)(s - .5); ``threshold``: r + w |r| (s - .5) from the mean on, else minus.
        weight: w; see :data:`WEIGHTS`.
    """
    w = WEIGHTS[rule] if weight is None else weight
    if rule == "difference":
        return reward + w * (reward - mean) * (confidence - 0.5)
    sign = 1.0 if reward >= mean else -1.0
    return reward + sign * w * abs(reward) * (confidence - 0.5)


def next_mean(mean: float, rewards: Sequence[float], alpha: float = 0.1, clip: float = 10.0) -> float:
    """The running mean after a batch: ``alpha x mean(clipped rewards) + (1 - alpha) x mean``."""
    clipped = _clipped(rewards, clip)
    return alpha * sum(clipped) / len(clipped) + (1 - alpha) * mean if clipped else mean


def calibrated_rewards(
    rewards: Sequence[float], confidences: Sequence[float], mean: float, settings: PPOCSettings = PPOCSettings()
) -> tuple[list[float], float]:
    """The corrected rewards of one batch, and the mean, which is updated first and used for the same batch.

    Raises:
        InvalidInput: Rewards and confidences differ in number, or one is no finite number.
    """
    if len(rewards) != len(confidences):
        raise InvalidInput("rewards", f"one for each of {len(confidences)} confidences", len(rewards))
    updated = next_mean(mean, rewards, settings.alpha, settings.clip)
    clipped = _clipped(rewards, settings.clip)
    corrected = [
        correct_reward(r, s, updated, settings.rule, settings.w) for r, s in zip(clipped, confidences, strict=True)
    ]
    return corrected, updated


def _clipped(rewards: Sequence[float], clip: float) -> list[float]:
    for reward in rewards:
        if not math.isfinite(reward):
            raise InvalidInput("rewards", "finite numbers", reward)
    return [min(clip, max(-clip, float(reward))) for reward in rewards]


@dataclass
class PPOCReward:
    """A reward function for a trainer: reads the confidence, scores the reply without it, corrects the reward.

    Args:
        scorer: The reward model; gets prompts and completions as text, confidence lines taken out.
        settings: See :class:`PPOCSettings`.
        as_published: True or erratum ids (:data:`ERRATA`).

    Attributes:
        mean: The running mean, which moves with each call.
        stated: How often each confidence was stated so far, None for no line: look here for a hedging collapse.

    Raises:
        UsageError: As published, and no stored mean.
    """

    scorer: Scorer
    settings: PPOCSettings = PPOCSettings()
    as_published: Published = False
    mean: float = field(init=False, default=0.0)
    stated: Counter[float | None] = field(init=False, default_factory=Counter)
    __name__ = "ppo_c_reward"  # trainers log a reward under its function's name

    def __post_init__(self) -> None:
        faults = published_faults(self.as_published, ERRATA)
        if self.settings.initial_mean is None and "no-stored-mean" in faults:
            raise UsageError("as published, the reward model must have a stored mean; give initial_mean")
        self.mean = self.settings.initial_mean or 0.0
        self._first = "first-confidence" in faults

    def __call__(self, prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> list[float]:
        """Corrected rewards, one a completion.

        Args:
            prompts: As the trainer gives them; passed on to the scorer.
            completions: Texts, or talks whose last message is the reply.
            columns: Further columns of the data set, not used.
        """
        read = [read_confidence(_text(completion), self._first) for completion in completions]
        rewards = self.scorer(prompts, [one.text for one in read])
        corrected, self.mean = calibrated_rewards(rewards, [one.trained for one in read], self.mean, self.settings)
        self.stated.update(one.value for one in read)
        return corrected

    def read(self, completion: Any) -> StatedConfidence:
        """What it reads in one completion."""
        return read_confidence(_text(completion), self._first)


def _text(completion: str | Sequence[Message]) -> str:
    if isinstance(completion, str):
        return completion
    return completion[-1]["content"] if completion else ""
