"""The losses of PPO-M (a reward model that prefers confidence where it is due) and of CDPO; pure, for numbers or tensors.

Everything here works on plain numbers, numpy arrays and torch tensors alike and keeps gradients, so that a trainer can call it.

Source: "Taming Overconfidence in LLMs: Reward Calibration in RLHF", arXiv 2410.09724; reward-calibration page, steps 3 and 6.
Differs: ``variant_1`` is trained as described; the published code switches it off and trains ``sigmoid``
(``variant-1-untrained``). Units: rewards as the model gives them; sums of log-probabilities in nats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput, UsageError

ERRATA = ("variant-1-untrained",)
LOSSES = ("sigmoid", "combined", "variant_1", "KWise")
_RANKED = ("chosen_high", "chosen_low", "rejected_low", "rejected_high")  # best first, for KWise


@dataclass(frozen=True)
class PPOMSettings:
    """What the paper trains the reward model with; it starts from a trained one.

    Args:
        loss: One of :data:`LOSSES`.
        learning_rate: Of the one epoch.
        batch_size: Rows a step.
        max_length: Tokens of a row.
    """

    loss: str = "sigmoid"
    learning_rate: float = 9e-6
    batch_size: int = 256
    epochs: int = 1
    max_length: int = 8_192


@dataclass(frozen=True)
class CDPOSettings:
    """What the paper trains CDPO with.

    Args:
        weight: c of the two confidence terms: 1.0 in the released runs (the code's default is .5).
        beta: Of DPO.
    """

    weight: float = 1.0
    beta: float = 0.01
    learning_rate: float = 3e-7
    batch_size: int = 128


def reward_model_loss(rewards: Mapping[str, Any], loss: str = "sigmoid", as_published: Published = False) -> Any:
    """The loss of PPO-M, averaged over the batch.

    ``sigmoid``: -log sig(ch - cl) - log sig(rl - rh). ``combined`` adds -log sig(c - r). ``variant_1`` adds
    -log sig(ch - rl). ``KWise`` ranks ch > cl > rl > rh: the sum over places of logsumexp over this and all lower ones,
    minus this one.

    Args:
        rewards: Of ``chosen_high``, ``chosen_low``, ``rejected_high``, ``rejected_low``; for ``combined`` also of
            ``chosen`` and ``rejected``. Numbers, arrays or tensors of one shape.
        loss: One of :data:`LOSSES`.
        as_published: True or erratum ids (``variant-1-untrained``).

    Raises:
        UsageError: There is no such loss.
        InvalidInput: A reward is missing.
    """
    if loss not in LOSSES:
        raise UsageError(f"no loss '{loss}'; there are {', '.join(LOSSES)}")
    faults = published_faults(as_published, ERRATA)
    high, low, rejected_low, rejected_high = (_reward(rewards, name) for name in _RANKED)
    if loss == "KWise":
        return _mean(_ranked([high, low, rejected_low, rejected_high]))
    total = _preferred(high, low) + _preferred(rejected_low, rejected_high)
    if loss == "combined":
        total = total + _preferred(_reward(rewards, "chosen"), _reward(rewards, "rejected"))
    if loss == "variant_1" and "variant-1-untrained" not in faults:
        total = total + _preferred(high, rejected_low)
    return _mean(total)


def dpo_loss(policy_better: Any, policy_worse: Any, ref_better: Any, ref_worse: Any, beta: float = 0.01) -> Any:
    """The loss of DPO from log-probabilities of the better and the worse text, averaged over the batch."""
    return _mean(_preferred(beta * (policy_better - ref_better), beta * (policy_worse - ref_worse)))


def cdpo_loss(policy: Mapping[str, Any], reference: Mapping[str, Any], settings: CDPOSettings = CDPOSettings()) -> Any:
    """CDPO: c x (DPO(ch, cl) + DPO(rl, rh)) + DPO(chosen, rejected).

    Args:
        policy: Log-probabilities under the policy by name (as :func:`reward_model_loss`). Those of the four texts with a
            confidence line are of the number alone: the text before it is prompt.
        reference: The same under the reference model.
        settings: Weight and beta.
    """

    def pair(better: str, worse: str) -> Any:
        of_policy = (_reward(policy, better), _reward(policy, worse))
        return dpo_loss(*of_policy, _reward(reference, better), _reward(reference, worse), settings.beta)

    confident = pair("chosen_high", "chosen_low") + pair("rejected_low", "rejected_high")
    return settings.weight * confident + pair("chosen", "rejected")


def _reward(rewards: Mapping[str, Any], name: str) -> Any:
    if name not in rewards:
        raise InvalidInput("rewards", f"a value for '{name}'", ", ".join(rewards))
    return rewards[name]


def _preferred(better: Any, worse: Any) -> Any:
    """-log sig(better - worse), without overflow."""
    gap = worse - better
    return _logaddexp(gap * 0.0, gap)


def _ranked(best_first: list[Any]) -> Any:
    places = [reduce(_logaddexp, best_first[k:]) - best_first[k] for k in range(len(best_first))]
    return sum(places[1:], start=places[0])


def _logaddexp(a: Any, b: Any) -> Any:
    """log(exp a + exp b); a tensor has it as a method, which keeps the gradient."""
    return a.logaddexp(b) if hasattr(a, "logaddexp") else np.logaddexp(a, b)


def _mean(values: Any) -> Any:
    return values.mean() if hasattr(values, "mean") else float(values)
