"""The seven metrics of LikeBench, the order they are asked in, and the published figures; all of it data.

Source: likebench page, step 1 and "Published figures" (the metrics' names and meanings; the wording is our own).
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

HIGHEST, LOWEST = 5, 1
CALLBACK = "callback"  # never applies in a first session


@dataclass(frozen=True, slots=True)
class Metric:
    """One side of likability.

    Args:
        name: Its key in files.
        title: Its name for people.
        definition: What it means.
        question: The self-rating question.
        steps: What 5, 4, 3, 2 and 1 mean.
        example: An example.
    """

    name: str
    title: str
    definition: str
    question: str
    steps: tuple[str, ...]
    example: str

    def text(self) -> str:
        """As it stands in the rubric of a rating prompt."""
        steps = "; ".join(f"{HIGHEST - k} {step}" for k, step in enumerate(self.steps))
        return f"{self.name}: {self.definition} {self.question} {steps}. Example: {self.example}"


def bundled(name: str) -> dict[str, Any]:
    """A TOML file of this system."""
    return tomllib.loads((files("personarium.benchmarks.likebench") / "data" / name).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def metric_table() -> Mapping[str, Metric]:
    """The seven metrics by name, in the page's order."""
    found = bundled("metrics.toml")
    return {name: Metric(name, **{**entry, "steps": tuple(entry["steps"])}) for name, entry in found.items()}


def metric_names() -> tuple[str, ...]:
    """The names of the seven metrics, in the page's order."""
    return tuple(metric_table())


def metric_order(seed: int, profile: str, session: int, turn: int) -> tuple[str, ...]:
    """The order in which one turn's metrics are asked for: shuffled, so that no metric always comes first."""
    names = list(metric_names())
    random.Random(f"likebench|{seed}|{profile}|{session}|{turn}").shuffle(names)
    return tuple(names)


def rubric(order: Sequence[str]) -> str:
    """The rubric of a rating prompt, in the given order."""
    return "\n".join(f"- {metric_table()[name].text()}" for name in order)


@lru_cache(maxsize=1)
def published_figures() -> Mapping[str, Any]:
    """What the paper reports and could be read: memory accuracy, facts a profile, one ratio of likabilities."""
    return bundled("published.toml")
