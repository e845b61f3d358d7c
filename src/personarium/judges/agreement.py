"""How far a rater agrees with somebody else, whether it rewards length, and whether it follows the place of a response.

Source: Prometheus (arXiv 2310.08491), step 6 and "Works when" 2, 5, 8 (page prometheus).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate, count_failures
from personarium.judges.verdicts import Grade, Preference


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """A judge's scores beside somebody else's.

    Args:
        judge: The judge's name.
        against: Who the truth is (``human``, ``gpt4``, ...).
        pearson: Over items, the judge's mean of samples against the truth.
        kendall: Tau-b.
        spearman: With average ranks.
        length_bias: Spearman of response length in words and the judge's score.
        items: Items in all; each estimate has its own ``n`` of items that both sides scored.
        failures: Missing samples of the judge by kind; unparsed items are in no correlation and never 0.
        without_reference: Items judged without a reference answer.
        parameters: The judge's parameters.
        notes: What a reader must know.
    """

    judge: str
    against: str
    pearson: Estimate
    kendall: Estimate
    spearman: Estimate
    length_bias: Estimate
    items: int
    failures: Mapping[str, int] = field(default_factory=dict)
    without_reference: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        numbers = {name: getattr(self, name).as_dict() for name in ("pearson", "kendall", "spearman", "length_bias")}
        plain = {name: getattr(self, name) for name in ("judge", "against", "items", "without_reference")}
        rest = {"failures": dict(self.failures), "parameters": dict(self.parameters), "notes": list(self.notes)}
        return {**plain, **numbers, **rest}


def agreement_report(
    grades: Sequence[Grade],
    truth: Sequence[float | None],
    responses: Sequence[str | None],
    against: str = "human",
    judge: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> AgreementReport:
    """Correlate a judge's grades with the truth.

    Args:
        grades: One for each item; the value is the mean of its samples.
        truth: The scores to agree with, same order; None is missing.
        responses: The judged texts, for the length bias; None where the text is not known.
        against: Who the truth is.
        judge: The judge's name; empty takes that of the first grade.
        parameters: The judge's parameters.

    Raises:
        InvalidInput: When the three are not of one length.
    """
    from personarium.stats import kendall_tau_b, pearson, spearman

    if not len(grades) == len(truth) == len(responses):
        raise InvalidInput("agreement", "as many grades as true scores and responses", len(grades))
    values = [grade.value for grade in grades]
    bare = sum(not grade.with_reference for grade in grades)
    return AgreementReport(
        judge or (grades[0].judge if grades else ""),
        against,
        pearson(values, truth),
        kendall_tau_b(values, truth),
        spearman(values, truth),
        length_bias(responses, values),
        len(grades),
        count_failures(failure for grade in grades for failure in grade.failures),
        bare,
        dict(parameters or {}),
        _notes(against, bare),
    )


def _notes(against: str, without_reference: int) -> tuple[str, ...]:
    notes = []
    if without_reference:
        notes.append(f"{without_reference} items were judged without a reference answer, which lowers quality markedly")
    if "gpt" in against.lower():
        notes.append("judges trained on GPT-4 texts agree with GPT-4 partly for that reason")
    return tuple(notes)


def length_bias(responses: Sequence[str | None], scores: Sequence[float | None]) -> Estimate:
    """Spearman of length in words and score: do longer responses score higher?

    Returns:
        No value ("not defined", not 0) when all scores or all lengths are equal.
    """
    from personarium.stats import spearman

    return spearman([None if text is None else float(len(text.split())) for text in responses], scores, "response")


@dataclass(frozen=True, slots=True)
class PositionBias:
    """Does a judge follow the place of a response?

    Args:
        first_wins: Share of verdicts for the response shown first, ties left out; one half is right when every pair was
            shown in both orders.
        same_place: Share of pairs in which the same place won in both orders.
        consistent: Share of pairs in which both orders say the same.
        balanced: Whether every pair was shown in both orders.
    """

    first_wins: Estimate
    same_place: Estimate
    consistent: Estimate
    balanced: bool

    @property
    def flagged(self) -> bool:
        """Whether the interval of ``first_wins`` leaves out one half (only where orders are balanced)."""
        lo, hi = self.first_wins.lo, self.first_wins.hi
        return self.balanced and lo is not None and hi is not None and not lo <= 0.5 <= hi

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        names = ("first_wins", "same_place", "consistent")
        return {**{n: getattr(self, n).as_dict() for n in names}, "balanced": self.balanced, "flagged": self.flagged}


def position_bias(preferences: Sequence[Preference]) -> PositionBias:
    """What preferences over pairs show of a liking for a place; of ensembles, every member's orders count."""
    from personarium.stats import wilson

    orders = [order for p in preferences for order in p.orders]
    places = [order.place for order in orders if order.place is not None]
    known = [p for p in preferences if p.consistent is not None]
    silent = sum(order.winner is None for order in orders)
    return PositionBias(
        wilson(float(places.count("first")), len(places), "verdict", missing=silent),
        wilson(float(sum(p.position_flag is not None for p in known)), len(known), "pair"),
        wilson(float(sum(p.consistent is True for p in known)), len(known), "pair"),
        bool(preferences) and all(len({order.shown for order in p.orders}) == 2 for p in preferences),
    )
