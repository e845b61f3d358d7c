"""Accuracy by question type and tier, in both orders, beside what choosing without reading gives.

Source: personafeedback page, steps 5 and 6, worked example, "Works when" 1, 2, 5 and 6 (arXiv 2506.12915).
Units: intervals resample personas, for the items of one persona are not independent. Figures by type and tier, and their averages,
take the mean over the orders that were asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from personarium.benchmarks.personafeedback.items import QUESTION_TYPES, TIERS, FeedbackItem
from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate, Failure, count_failures
from personarium.measure.choice_items import ChoiceAnswer
from personarium.stats.intervals import bootstrap_mean, wilson
from personarium.stats.weighted import weighted_mean

ACCURACY, SECOND_ORDER, CONSISTENCY = "Accuracy", "Accuracy, replies swapped", "Same choice in both orders"
ON_CONSISTENT, BOTH_RIGHT, FIRST_CHOSEN = "Accuracy where both agree", "Right in both orders", "Chooses the first reply"
DRAWS = 2_000
SETTING_NAMES = {"none": "No persona", "shuffled": "Another user's persona", "retrieved": "Retrieved persona"}


@dataclass(frozen=True)
class FeedbackReport:
    """The choices of one chooser in one setting.

    Args:
        items: What was asked.
        first: The choices in the order of the items' replies.
        second: The choices with the replies swapped; None where they were not asked.
        unparsed_wrong: Whether an item without a choice counts as wrong; else it is left out (and counted all the same).
        seed: Of the bootstrap.

    Raises:
        InvalidInput: Items and choices do not match.
    """

    items: tuple[FeedbackItem, ...]
    first: tuple[ChoiceAnswer, ...]
    second: tuple[ChoiceAnswer, ...] | None = None
    unparsed_wrong: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        ids = [item.id for item in self.items]
        for answers in filter(None, (self.first, self.second)):
            if [answer.id for answer in answers] != ids:
                raise InvalidInput(
                    "personafeedback report", "one choice for each item, in the same order", len(answers)
                )

    @cached_property
    def failures(self) -> tuple[Failure, ...]:
        """Why choices are missing."""
        return tuple(a.failure for answers in (self.first, self.second or ()) for a in answers if a.failure is not None)

    # --- one order, two orders ---

    def accuracy(self) -> Estimate:
        """Share of items whose first choice is people's choice."""
        return self._mean([self._right(a, i) for a, i in zip(self.first, self.items, strict=True)], self.first)

    def accuracy_swapped(self) -> Estimate | None:
        """The same with the replies swapped; None where that was not asked."""
        if self.second is None:
            return None
        return self._mean([self._right(a, i) for a, i in zip(self.second, self.items, strict=True)], self.second)

    def consistency(self) -> Estimate | None:
        """Share of items with the same choice in both orders, of those with a choice in both."""
        return None if self.second is None else self._mean(self._agreements())

    def accuracy_on_consistent(self) -> Estimate | None:
        """Accuracy on the items with the same choice in both orders."""
        if self.second is None:
            return None
        agreed = zip(self._agreements(), self.first, self.items, strict=True)
        return self._mean([float(a.option == i.label) if same == 1.0 else None for same, a, i in agreed])

    def both_right(self) -> Estimate | None:
        """Share of items that are right in both orders; without a choice in one of them an item is not."""
        if self.second is None:
            return None
        pairs = zip(self.first, self.second, self.items, strict=True)
        return self._mean([float(a.option == i.label == b.option) for a, b, i in pairs])

    def first_chosen(self) -> Estimate:
        """Share of choices for the reply that was shown first, over all orders; one half when both orders were asked."""
        places = [a.place for a in (*self.first, *(self.second or ())) if a.place is not None]
        return wilson(places.count(0), len(places), "choice", missing=len(self.failures))

    def _agreements(self) -> list[float | None]:
        pairs = zip(self.first, self.second or (), strict=True)
        return [None if a.option is None or b.option is None else float(a.option == b.option) for a, b in pairs]

    # --- by type and tier ---

    def cells(self) -> dict[tuple[str, str], Estimate]:
        """Accuracy by question type and tier, of those that have items."""
        scores = self._scores()
        found = {}
        for cell in ((qtype, tier) for qtype in QUESTION_TYPES for tier in TIERS):
            places = [k for k, item in enumerate(self.items) if (item.qtype, item.tier) == cell]
            if places:
                answers = [a[k] for a in self._orders() for k in places]
                found[cell] = self._mean([scores[k] for k in places], answers, [self.items[k].persona for k in places])
        return found

    def averages(self) -> dict[str, Estimate]:
        """Averages over tiers for each question type, then over all cells; each with all tiers alike and by size."""
        found: dict[str, Estimate] = {}
        types = [qtype for qtype in QUESTION_TYPES if any(item.qtype == qtype for item in self.items)]
        for name, wanted in [*((qtype, {qtype}) for qtype in types), ("all", set(types))]:
            if name == "all" and len(types) < 2:
                continue
            places = [k for k, item in enumerate(self.items) if item.qtype in wanted]
            found[f"{name}, tiers alike"] = self._macro(places)
            scores = self._scores()
            found[f"{name}, by size"] = self._mean(
                [scores[k] for k in places], (), [self.items[k].persona for k in places]
            )
        return found

    def _macro(self, places: Sequence[int]) -> Estimate:
        """Each cell weighs the same: every item by one over the scored items of its cell."""
        scores = self._scores()
        sizes: dict[tuple[str, str], int] = {}
        for k in places:
            cell = (self.items[k].qtype, self.items[k].tier)
            sizes[cell] = sizes.get(cell, 0) + (scores[k] is not None)
        weights = [1 / max(sizes[self.items[k].qtype, self.items[k].tier], 1) for k in places]
        personas = [self.items[k].persona for k in places]
        found = weighted_mean([scores[k] for k in places], weights, personas, "persona")
        return replace(found, method=found.method.replace("weighted mean", "mean over tiers", 1))

    def _orders(self) -> list[tuple[ChoiceAnswer, ...]]:
        return [self.first] if self.second is None else [self.first, self.second]

    def _scores(self) -> list[float | None]:
        """For each item the mean over the orders asked; None where nothing counts."""
        found: list[float | None] = []
        for k, item in enumerate(self.items):
            marks = [mark for answers in self._orders() if (mark := self._right(answers[k], item)) is not None]
            found.append(sum(marks) / len(marks) if marks else None)
        return found

    def _right(self, answer: ChoiceAnswer, item: FeedbackItem) -> float | None:
        if answer.option is None:
            return 0.0 if self.unparsed_wrong else None
        return float(answer.option == item.label)

    def _mean(
        self,
        values: Sequence[float | None],
        answers: Sequence[ChoiceAnswer] = (),
        personas: Sequence[str] | None = None,
    ) -> Estimate:
        groups = [item.persona for item in self.items] if personas is None else list(personas)
        found = bootstrap_mean(values, "persona", groups, draws=DRAWS, seed=self.seed)
        return replace(found, failures=count_failures(a.failure for a in answers if a.failure is not None))


@dataclass(frozen=True)
class FeedbackResult:
    """What one chooser did in every setting.

    Args:
        chooser: Its name.
        report: With the explicit persona.
        others: Setting -> the same without a persona, with another user's, with what was retrieved.
        baselines: Name -> the same items and persona, chosen without reading.
        notes: What must be known of the items.
    """

    chooser: str
    report: FeedbackReport
    others: Mapping[str, FeedbackReport] = field(default_factory=dict)
    baselines: Mapping[str, FeedbackReport] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Why choices are missing, in all settings."""
        return tuple(f for report in (self.report, *self.others.values()) for f in report.failures)

    def estimates(self) -> dict[str, Estimate]:
        """Accuracy; both orders; the other settings; what needs no reading."""
        report = self.report
        swapped = {
            SECOND_ORDER: report.accuracy_swapped(),
            CONSISTENCY: report.consistency(),
            ON_CONSISTENT: report.accuracy_on_consistent(),
            BOTH_RIGHT: report.both_right(),
        }
        found = {ACCURACY: report.accuracy(), **{n: e for n, e in swapped.items() if e is not None}}
        found[FIRST_CHOSEN] = report.first_chosen()
        found |= {SETTING_NAMES.get(name, name): other.accuracy() for name, other in self.others.items()}
        return found | {name: one.accuracy() for name, one in self.baselines.items()}

    def notices(self) -> list[str]:
        """What makes the numbers say less than they seem to."""
        found = list(self.notes)
        own = self.report.accuracy()
        for name, baseline in self.baselines.items():
            value = baseline.accuracy().value
            if value is not None and own.value is not None and value >= own.value:
                found.append(
                    f"the rule '{name}' is right in {value:.0%}, not less than {self.chooser}: style alone tells as much"
                )
        missing = len(self.report.failures)
        if missing:
            how = "count as wrong" if self.report.unparsed_wrong else "are left out"
            found.append(f"{missing} choices could not be had or read; they {how}")
        return found

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each item of the explicit setting."""
        second = self.report.second or (None,) * len(self.report.items)
        return [
            {
                "id": item.id,
                "label": item.label,
                "choice": a.option,
                "choice_swapped": None if b is None else b.option,
                "right": a.option == item.label,
                "qtype": item.qtype,
                "tier": item.tier,
                "failures": count_failures(x.failure for x in (a, b) if x is not None and x.failure is not None),
                **{f"choice_{name}": other.first[k].option for name, other in self.others.items()},
            }
            for k, (item, a, b) in enumerate(zip(self.report.items, self.report.first, second, strict=True))
        ]
