"""The published training of the memory agent, in the terms of TRL's ``GRPOConfig``; nothing here trains.

Source: personamem-v2 page, part C. Only the final turn is scored (by the exact-letter reward), and all turns of a trajectory
share its advantage.
"""

from __future__ import annotations

from typing import Any


def training_recipe() -> dict[str, Any]:
    """Base model, optional SFT start, GRPO arguments, and what GRPOConfig has no word for."""
    return {
        "model": "Qwen/Qwen3-4B-Instruct-2507",
        "sft_start": {"optional": True, "checkpoint_step": 400},
        "grpo": {
            "num_generations": 4,
            "generation_batch_size": 16,
            "learning_rate": 1e-6,
            "warmup_steps": 20,
            "beta": 0.001,
            "epsilon_high": 0.20,
            "temperature": 1.0,
            "top_p": 1.0,
            "num_train_epochs": 1,
            "max_completion_length": 1024,
        },
        "beyond_trl": {
            "kl_estimator": "low variance",
            "entropy_coefficient": 0.0,
            "max_model_length": 8192,
            "gpus": 8,
            "scored_turn": "last",
            "advantage": "shared by all turns of a trajectory",
            "validation": {"samples": 100, "top_p": 0.7},
        },
    }
