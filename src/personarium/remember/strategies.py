"""The strategies by name, loaded when they are asked for."""

from __future__ import annotations

import importlib
from typing import Any

from personarium.core.errors import UsageError
from personarium.remember.strategy import Strategy

STRATEGIES: dict[str, tuple[str, str]] = {
    "facts": ("personarium.remember.facts", "FactMemory"),
    "none": ("personarium.remember.baselines", "NoMemory"),
    "full-context": ("personarium.remember.baselines", "FullContext"),
    "bm25": ("personarium.remember.baselines", "WordSearch"),
    "embedding": ("personarium.remember.baselines", "MeaningSearch"),
    "personatree": ("personarium.remember.personatree", "PersonaTree"),
    "memorybank": ("personarium.remember.memorybank", "MemoryBank"),
    "ld-agent": ("personarium.remember.ld_agent", "LDAgent"),
    "personamem-v2": ("personarium.remember.personamem_v2", "PersonaMemV2"),
    "personavlm": ("personarium.remember.personavlm", "PersonaVLM"),
    "pearl": ("personarium.remember.pearl", "Pearl"),
}
BASELINES = ("none", "full-context", "bm25", "embedding")


def open_strategy(name: str, **options: Any) -> Strategy:
    """A strategy by its name, with its own defaults.

    Args:
        name: One of :data:`STRATEGIES`.
        options: Arguments of the strategy's class.

    Raises:
        UsageError: On a name that is not known.
    """
    found = STRATEGIES.get(name)
    if found is None:
        raise UsageError(f"no memory strategy '{name}'; there are {', '.join(STRATEGIES)}")
    module, cls = found
    made: Strategy = getattr(importlib.import_module(module), cls)(**options)
    return made
