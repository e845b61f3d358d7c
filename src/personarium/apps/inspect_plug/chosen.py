"""Benchmarks whose items are chosen from options, as units: PersonaEval and PersonaFeedback by item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from personarium.apps.inspect_plug.item_benchmark import ItemBenchmark, Part, Seats, Unit, is_gold
from personarium.benchmarks.personaeval import (
    Identification,
    IdentificationItem,
    PersonaEvalConfig,
    PersonaEvalResult,
    run_personaeval,
)
from personarium.benchmarks.personaeval.data_format import asking_for
from personarium.benchmarks.personaeval.method import ERRATA as PERSONAEVAL_ERRATA
from personarium.benchmarks.personafeedback import (
    FeedbackItem,
    FeedbackReport,
    FeedbackResult,
    ModelChooser,
    run_personafeedback,
)
from personarium.benchmarks.personafeedback.method import EXPLICIT, NONE, SHUFFLED
from personarium.core.controls import next_different
from personarium.core.errata import Published, published_faults
from personarium.core.results import Estimate, Failure
from personarium.measure.choice_items import ChoiceAnswer
from personarium.models.registry import is_simulated

RIGHT = "right"


class PersonaEval(ItemBenchmark[PersonaEvalResult]):
    """An item: who says the reply? The evaluated model is the judge that is tested.

    Args:
        items: What is asked. A simulated model, which cannot state a distribution, is asked for one name where an item allows it.
        config: The constants.
        seed: Of replies and bootstraps.
        as_published: Erratum ids.
    """

    name = "personaeval"

    def __init__(
        self,
        items: Sequence[IdentificationItem],
        config: PersonaEvalConfig,
        seed: int = 0,
        as_published: Published = False,
    ) -> None:
        self._items = {item.id: item for item in items}
        self._config, self._seed = config, seed
        self._faults = published_faults(as_published, PERSONAEVAL_ERRATA)
        self.units = [Unit(i.id, i.prompt, i.names[i.truth], {"track": i.track}) for i in items]

    async def measure(self, id: str, seats: Seats) -> Part:
        """One item."""
        item = self._items[id]
        if item.exchange is not None and is_simulated(seats.player.name):
            item = asking_for(item, "choice")
        result = await run_personaeval(
            seats.player, [item], config=self._config, as_published=self._faults, seed=self._seed
        )
        return {"judge": result.judge, "answer": result.answers[0].as_row(), "asked": dict(result.parameters or {})}

    def join(self, parts: Mapping[str, Part]) -> PersonaEvalResult:
        """All items."""
        first = next(iter(parts.values()))
        return PersonaEvalResult(
            first["judge"],
            tuple(self._items[id] for id in parts),
            tuple(Identification.from_row(part["answer"]) for part in parts.values()),
            self._config.ties,
            self._config.bins,
            self._faults,
            first["asked"],
            self._seed,
        )

    def values(self, result: PersonaEvalResult) -> dict[str, float | None]:
        """Whether the most probable candidate is the speaker, and the speaker's probability."""
        item, answer = result.items[0], result.answers[0]
        if not answer.answered:
            return {RIGHT: None, "probability of the speaker": None}
        return {
            RIGHT: float(answer.success(item.truth)),
            "probability of the speaker": answer.probabilities[item.truth],
        }

    def estimates(self, result: PersonaEvalResult) -> Mapping[str, Estimate]:
        """Top-1 and the rest, beside judges that do not read."""
        return result.estimates()

    def failures(self, result: PersonaEvalResult) -> Sequence[Failure]:
        """Items without an answer."""
        return result.failures


class PersonaFeedback(ItemBenchmark[FeedbackResult]):
    """An item: which of two replies suits this user better? In every setting, in both orders.

    Args:
        items: What is chosen between.
        settings: As for :func:`run_personafeedback`; ``shuffled`` takes the persona of the next item with another one.
        seed: Of the run and of the bootstrap.
    """

    name = "personafeedback"

    def __init__(
        self, items: Sequence[FeedbackItem], settings: Sequence[str] = (NONE, SHUFFLED), seed: int = 0
    ) -> None:
        self._items = {item.id: item for item in items}
        self._settings = [setting for setting in dict.fromkeys(settings) if setting != EXPLICIT]
        self._seed = seed
        others = next_different([item.persona for item in items]) if SHUFFLED in self._settings else None
        self._others = {} if others is None else dict(zip(self._items, others, strict=True))
        self.units = [
            Unit(i.id, f"{i.persona}\n\n{i.question}", "AB"[i.label], {"tier": i.tier, "qtype": i.qtype}) for i in items
        ]

    async def measure(self, id: str, seats: Seats) -> Part:
        """One item in every setting."""
        item, chooser = self._items[id], ModelChooser(seats.player)
        own = [setting for setting in self._settings if setting != SHUFFLED]
        result = await run_personafeedback(chooser, [item], settings=own, seed=self._seed)
        reports = {EXPLICIT: result.report, **result.others}
        if id in self._others:
            stranger = replace(item, persona=self._others[id])
            other = await run_personafeedback(chooser, [stranger], settings=(), baselines=(), seed=self._seed)
            reports[SHUFFLED] = other.report
        return {
            "chooser": result.chooser,
            "reports": {name: _report_rows(report) for name, report in reports.items()},
            "rules": {name: _report_rows(report) for name, report in result.baselines.items()},
        }

    def join(self, parts: Mapping[str, Part]) -> FeedbackResult:
        """All items."""
        first = next(iter(parts.values()))
        items = tuple(self._items[id] for id in parts)

        def report(kind: str, name: str) -> FeedbackReport:
            rows = [part[kind][name] for part in parts.values()]
            orders = [tuple(ChoiceAnswer.from_row(row[k]) for row in rows) for k in ("first", "second")]
            return FeedbackReport(items, orders[0], orders[1], seed=self._seed)

        others = {name: report("reports", name) for name in self._settings if name in first["reports"]}
        rules = {name: report("rules", name) for name in first["rules"]}
        return FeedbackResult(first["chooser"], report("reports", EXPLICIT), others, rules)

    def values(self, result: FeedbackResult) -> dict[str, float | None]:
        """Whether people's choice was chosen, in each order."""
        item, report = result.report.items[0], result.report
        assert report.second is not None  # both orders are always asked
        return {
            RIGHT: is_gold(report.first[0], item.label),
            f"{RIGHT}, swapped": is_gold(report.second[0], item.label),
        }

    def estimates(self, result: FeedbackResult) -> Mapping[str, Estimate]:
        """Accuracy, both orders, the other settings, the rules."""
        return result.estimates()

    def failures(self, result: FeedbackResult) -> Sequence[Failure]:
        """Choices that are missing, in all settings."""
        return result.failures


def _report_rows(report: FeedbackReport) -> dict[str, Any]:
    assert report.second is not None  # both orders are always asked
    return {"first": report.first[0].as_row(), "second": report.second[0].as_row()}
