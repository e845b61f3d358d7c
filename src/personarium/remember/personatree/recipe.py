"""The training configuration of MemListener, the small model that writes the edits, as data in TRL's terms. Nothing trains here.

Source: personatree page, step 10 (code). The trained model was published as "Robot2050/MemListener".
Differs: what TRL has no argument for (resampling of groups that teach nothing, the number of GPUs, the data) stands beside its arguments.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from personarium.core.chat import Message
from personarium.remember.personatree.grammar import Edit, write_edits
from personarium.remember.personatree.segmentation import Chunk
from personarium.remember.personatree.steps import EDIT, POLICY_RULES, dialogue_lines
from personarium.remember.personatree.tree import Policy, Tree, tree_json


@dataclass(frozen=True)
class MemListenerRecipe:
    """Reinforcement learning of the edit writer: GRPO advantages with the DAPO loss.

    Args:
        base: The base model.
        start: The checkpoint that training starts from: the base model after supervised fine-tuning.
        data: What it is trained on.
        items: How many of them.
        gpus: Number of GPUs.
        resamples: Times that a prompt is drawn again when all its rewards are equal (dynamic sampling).
        reward: The reward function, as ``module:name``.
        grpo: Arguments of ``trl.GRPOConfig``.
    """

    base: str = "Qwen/Qwen3-8B"
    start: str = "HaluMem_Qwen3-8B"
    data: str = "PersonaMem"
    items: int = 500
    gpus: int = 2
    resamples: int = 3
    reward: str = "personarium.remember.personatree.reward:process_rewards"
    grpo: dict[str, Any] = field(
        default_factory=lambda: {
            "loss_type": "dapo",
            "num_generations": 8,
            "temperature": 1.0,
            "top_p": 0.9,
            "top_k": 50,
            "learning_rate": 1e-6,
            "epsilon": 0.2,
            "epsilon_high": 0.28,
            "beta": 0.001,
            "num_train_epochs": 1,
            "max_prompt_length": 10240,
            "max_completion_length": 512,
            "per_device_train_batch_size": 1,
            "gradient_accumulation_steps": 8,
            "bf16": True,
        }
    )

    @property
    def prompts_per_step(self) -> int:
        """Prompts behind one step of the optimiser: completions of a step over generations of a prompt."""
        per_device = int(self.grpo["per_device_train_batch_size"]) * int(self.grpo["gradient_accumulation_steps"])
        return per_device * self.gpus // int(self.grpo["num_generations"])

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; every parameter is trained, there is no adapter."""
        return {**asdict(self), "peft": None}

    def to_json(self) -> str:
        """The recipe as JSON text."""
        return json.dumps(self.as_dict(), indent=2)

    def to_yaml(self) -> str:
        """The recipe as YAML text."""
        import yaml

        return yaml.safe_dump(self.as_dict(), sort_keys=False)


def training_row(tree: Tree, chunk: Chunk, reference: list[Edit], policy: Policy = "closed") -> dict[str, Any]:
    """One row of the training set: the prompt of the edit step, and the edits that are wanted, as the reward reads them."""
    prompt: list[Message] = EDIT.render(
        memory=tree_json(tree), dialogue=dialogue_lines(chunk), system_facts=True, policy=POLICY_RULES[policy]
    )
    return {"prompt": prompt, "reference": write_edits(reference)}
