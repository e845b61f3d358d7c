"""What an EvolvR run is set to: the paper's constants.

Source: EvolvR (arXiv 2508.06046), steps 2 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from personarium.core.errors import UsageError
from personarium.judges.evolvr.personas import READERS

# Worked examples of reasoning, in our own words; the paper has three long ones.
EXAMPLES = (
    "The storm story keeps its one promise: the lamp goes out when the keeper lies. The parade story names nine people and "
    "follows none. The first builds to its end, which earns a high mark; the second only lists, which earns a low one.",
    "Both stories answer the prompt. One stays with a single meal and lets the quarrel show in how the bread is cut; the other "
    "tells us outright that they quarrel. Showing is worth more here, though the telling is clear and so not worth nothing.",
    "Neither surprises: in each the stranger is the lost brother, and both say so on the first page. They end level, and low.",
)


@dataclass(frozen=True)
class EvolvRConfig:
    """The paper's constants.

    Args:
        readers: Persona -> in words; the paper's five.
        both_orders: Whether every pair is shown in both orders (paper).
        self_check: Whether the model revises its reasoning (paper).
        robustness: Whether reversed scores must be rejected (paper).
        asks: How often a step is asked for a readable reply: 1 (code).
        examples: Three worked examples in the synthesis prompt.
    """

    readers: Mapping[str, str] = field(default_factory=lambda: dict(READERS))
    both_orders: bool = True
    self_check: bool = True
    robustness: bool = True
    asks: int = 1
    examples: tuple[str, ...] = EXAMPLES

    def __post_init__(self) -> None:
        if not self.readers or self.asks < 1:
            raise UsageError("EvolvR needs at least one reader persona, and asks of at least 1")


PAPER = EvolvRConfig()
