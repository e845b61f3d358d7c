"""From verdicts to PersonaScore: judge means, batches, tasks; the paper's way and ours with missing values left missing.

Source: PersonaGym (arXiv 2407.18416), step 8 (code, exact) and the worked example.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Missing = Literal["paper", "drop"]
Verdicts = Sequence[int | None]


def judge_mean(scores: Verdicts) -> float:
    """Sum over the number of verdicts that parsed (0 and None are unparsed); 0 when none did. As published."""
    parsed = [score for score in scores if score]
    return sum(parsed) / len(parsed) if parsed else 0.0


@dataclass(frozen=True, slots=True)
class TaskScore:
    """A task's score for one persona.

    Args:
        value: Mean over batches of the mean over judges; None when nothing could be read (``drop``).
        unparsed: Verdicts that could not be read, over all judges.
        verdicts: Verdicts in all.
    """

    value: float | None
    unparsed: int
    verdicts: int


def task_score(batches: Sequence[Mapping[str, Verdicts]], missing: Missing = "drop") -> TaskScore:
    """Combine the batches of one task.

    Args:
        batches: For each batch the verdicts of each judge, by judge name.
        missing: ``paper`` lets a judge whose batch is wholly unparsed count 0; ``drop`` leaves that judge out of the batch,
            and a batch without any verdict out of the task.
    """
    verdicts = [v for batch in batches for scores in batch.values() for v in scores]
    unparsed = sum(not v for v in verdicts)
    values: list[float] = []
    for batch in batches:
        means = [judge_mean(scores) for scores in batch.values()]
        if missing == "drop":
            means = [mean for mean in means if mean > 0]
        if means:
            values.append(sum(means) / len(means))
    if missing == "paper" and not values:
        return TaskScore(0.0, unparsed, len(verdicts))
    return TaskScore(sum(values) / len(values) if values else None, unparsed, len(verdicts))


def persona_score(tasks: Mapping[str, float | None]) -> float | None:
    """PersonaScore: the unweighted mean of the five task scores; None when one is missing."""
    values = list(tasks.values())
    present = [value for value in values if value is not None]
    return sum(present) / len(present) if present and len(present) == len(values) else None
