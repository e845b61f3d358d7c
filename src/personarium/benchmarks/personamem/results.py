"""What a run gives: answers with their tables, and the trivial answers beside them.

Source: personamem page, "Takes and gives", "Works when" 3, 5 and 7. A question without an answer is wrong and is counted by kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from personarium.benchmarks.personamem.data_format import PersonaMemItem
from personarium.benchmarks.personamem.types import TYPES, is_known
from personarium.core.results import Estimate, Failure, count_failures
from personarium.measure.choice_items import ACCURACY, ChoiceReport
from personarium.measure.memory_at_cut import Shown

NO_CONTEXT = "No context"
TABLES = ("type", "distance", "context", "topic")


@dataclass(frozen=True)
class PersonaMemResult:
    """The answers of one system.

    Args:
        model: Who answered.
        memory: How it remembered: ``full``, ``none`` or a memory's name.
        items: The questions.
        report: Its answers.
        no_context: The same model's answers without any history; None where that is the system itself.
        shown: Question id -> what the memory showed; empty without one.
        persona: Whether the system messages, which state the persona, could be read (``seen`` or ``hidden``).
        failures: What failed while memories were built.
        faults: Erratum ids that were switched on.
    """

    model: str
    memory: str
    items: tuple[PersonaMemItem, ...]
    report: ChoiceReport
    no_context: ChoiceReport | None = None
    shown: Mapping[str, Shown] = field(default_factory=dict)
    persona: str = "seen"
    failures: tuple[Failure, ...] = ()
    faults: frozenset[str] = frozenset()

    def estimates(self) -> dict[str, Estimate]:
        """Accuracy, then what it must beat: no context, the best constant letter, the longest option, a uniform guess."""
        own = self.report.estimates()
        without = (self.no_context or self.report).accuracy()
        return {ACCURACY: own.pop(ACCURACY), NO_CONTEXT: without, **own}

    def by(self, table: str) -> dict[str, Estimate]:
        """Accuracy by ``type`` (in the paper's order), ``distance`` in blocks, ``context`` length or ``topic``."""
        found = self.report.by(table)
        if table != "type":
            return found
        return {name: found[name] for name in (*TYPES, *found) if name in found}

    def unknown_labels(self) -> dict[str, int]:
        """Type labels that are none of the eleven known ones, with their number of questions."""
        return dict(sorted(Counter(item.label for item in self.items if not is_known(item.label)).items()))

    @property
    def failed(self) -> dict[str, int]:
        """Questions without an answer, by kind."""
        return count_failures(self.report.failures)

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each question."""
        bare = self.no_context.right() if self.no_context is not None else [None] * len(self.items)
        together = zip(self.items, self.report.answers, self.report.right(), bare, strict=True)
        return [
            {
                **answer.as_row(),
                "right": right,
                "right_without_context": without,
                **{table: item.item.groups[table] for table in TABLES},
                "label": item.label,
                "end_index": item.end_index,
                "memory_tokens": self.shown[item.id].tokens if item.id in self.shown else None,
                "memory_read": self.shown[item.id].read if item.id in self.shown else None,
            }
            for item, answer, right, without in together
        ]
