"""What a run gives: accuracy by kind of preference, beside the answers that need no reading.

Source: personamem-v2 page, "Works when" 8 and Traps: stereotypical preferences can be guessed from demographics, so the
anti-stereotypical and the updated ones stand apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from personarium.benchmarks.personamem_v2.data_format import V2Item
from personarium.core.results import Estimate, Failure, count_failures
from personarium.measure.choice_items import ACCURACY, ChoiceReport
from personarium.measure.memory_at_cut import Shown

ANTI, UPDATED, OTHERS = "Anti-stereotypical", "Updated", "Other people's"
NO_MEMORY, FULL_HISTORY, TOKENS = "No memory", "Full history", "Tokens read per answer"
TABLES = ("pref_type", "updated", "who", "topic")


@dataclass(frozen=True)
class V2Result:
    """The answers of one system.

    Args:
        model: Who answered.
        memory: How it remembered.
        items: The queries with options.
        report: Its answers.
        tokens: Estimated tokens of each answering prompt (four characters each).
        no_memory: The same model without anything; None where that is the system itself.
        full_history: The same model with the whole history; None where that is the system itself or was not asked.
        others_tokens: Tokens of the prompts of these two, by name.
        shown: Item id -> what the memory showed.
        open_rows: Rows with fewer than four answers, which have no letter and are not asked.
        failures: What failed while memories were built.
        faults: Erratum ids that were switched on.
    """

    model: str
    memory: str
    items: tuple[V2Item, ...]
    report: ChoiceReport
    tokens: tuple[int, ...]
    no_memory: ChoiceReport | None = None
    full_history: ChoiceReport | None = None
    others_tokens: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    shown: Mapping[str, Shown] = field(default_factory=dict)
    open_rows: int = 0
    failures: tuple[Failure, ...] = ()
    faults: frozenset[str] = frozenset()

    def estimates(self) -> dict[str, Estimate]:
        """Accuracy; the anti-stereotypical, updated and other people's items apart; then what it must beat; tokens."""
        own = self.report.estimates()
        found = {ACCURACY: own.pop(ACCURACY)}
        parts: tuple[tuple[str, Callable[[Mapping[str, str]], bool]], ...] = (
            (ANTI, lambda groups: groups["pref_type"].casefold().startswith("anti")),
            (UPDATED, lambda groups: groups["updated"] == "yes"),
            (OTHERS, lambda groups: groups["who"].casefold() not in ("", "self", "user")),
        )
        for name, wanted in parts:
            places = [k for k, item in enumerate(self.report.items) if wanted(item.groups)]
            if places:
                found[name] = _part(self.report, places).accuracy()
        for name, report in ((NO_MEMORY, self.no_memory), (FULL_HISTORY, self.full_history)):
            if report is not None:
                found[name] = report.accuracy()
        return found | own

    def tokens_read(self) -> dict[str, Estimate]:
        """Mean tokens of an answering prompt: of the system, and of the baselines."""
        named = {self.memory: self.tokens, **self.others_tokens}
        return {name: _mean(tokens) for name, tokens in named.items()}

    def by(self, table: str) -> dict[str, Estimate]:
        """Accuracy by ``pref_type``, ``updated``, ``who`` or ``topic``."""
        return self.report.by(table)

    @property
    def failed(self) -> dict[str, int]:
        """Queries without an answer, by kind; a reply without a box is among the unparsed."""
        return count_failures(self.report.failures)

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each query."""
        together = zip(self.items, self.report.answers, self.report.right(), self.tokens, strict=True)
        return [
            {
                **answer.as_row(),
                "right": right,
                "gold": item.gold[:3],
                **{table: item.item.groups[table] for table in TABLES if item.item is not None},
                "prompt_tokens": tokens,
                "memory_tokens": self.shown[item.id].tokens if item.id in self.shown else None,
            }
            for item, answer, right, tokens in together
        ]


def _part(report: ChoiceReport, places: Sequence[int]) -> ChoiceReport:
    return replace(
        report, items=tuple(report.items[k] for k in places), answers=tuple(report.answers[k] for k in places)
    )


def _mean(tokens: Sequence[int]) -> Estimate:
    value = sum(tokens) / len(tokens) if tokens else None
    return Estimate(value, None, None, len(tokens), "query", "mean of estimated prompt tokens")
