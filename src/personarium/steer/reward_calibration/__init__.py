"""Reward calibration: rewards and losses that teach a model to state its confidence honestly (PPO-C, PPO-M, CDPO)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.steer.reward_calibration.losses import LOSSES as LOSSES
    from personarium.steer.reward_calibration.losses import CDPOSettings as CDPOSettings
    from personarium.steer.reward_calibration.losses import PPOMSettings as PPOMSettings
    from personarium.steer.reward_calibration.losses import cdpo_loss as cdpo_loss
    from personarium.steer.reward_calibration.losses import dpo_loss as dpo_loss
    from personarium.steer.reward_calibration.losses import reward_model_loss as reward_model_loss
    from personarium.steer.reward_calibration.rewards import ERRATA as ERRATA
    from personarium.steer.reward_calibration.rewards import PPOCReward as PPOCReward
    from personarium.steer.reward_calibration.rewards import PPOCSettings as PPOCSettings
    from personarium.steer.reward_calibration.rewards import calibrated_rewards as calibrated_rewards
    from personarium.steer.reward_calibration.rewards import correct_reward as correct_reward
    from personarium.steer.reward_calibration.rewards import next_mean as next_mean
    from personarium.steer.reward_calibration.rows import confidence_rows as confidence_rows
    from personarium.steer.reward_calibration.rows import confidence_system_message as confidence_system_message
    from personarium.steer.reward_calibration.rows import strongest_half as strongest_half

_HOME = "personarium.steer.reward_calibration"
_PUBLIC = {
    "losses": ("CDPOSettings", "LOSSES", "PPOMSettings", "cdpo_loss", "dpo_loss", "reward_model_loss"),
    "rewards": ("ERRATA", "PPOCReward", "PPOCSettings", "calibrated_rewards", "correct_reward", "next_mean"),
    "rows": ("confidence_rows", "confidence_system_message", "strongest_half"),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
