"""What a rater gives back: the grade of one response, the preference between two; failures beside values, never in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from personarium.core.results import Failure, FailureKind, count_failures
from personarium.judges.layouts import Winner

Shown = Literal["AB", "BA"]
Place = Literal["first", "second"]


@dataclass(frozen=True, slots=True)
class Grade:
    """A score for one response.

    Args:
        value: Mean of the samples that could be read; None when none could, never 0.
        samples: One score for each sample, None where it failed. Of an ensemble: one mean for each judge.
        feedback: The judge's words for each sample, empty where it failed.
        failures: One for each missing sample, with the raw replies.
        asks: How often a question was put, re-asks included.
        id: The item.
        judge: The rater's name; it says the model and the prompts.
        certainties: Stated certainty (1 to 100) for each sample, None where none was stated; empty if not asked for.
        with_reference: Whether a reference answer was shown; grades without one are markedly worse.
        parts: The grades of an ensemble's members.
    """

    value: float | None
    samples: tuple[float | None, ...]
    feedback: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    asks: int = 0
    id: str = ""
    judge: str = ""
    certainties: tuple[int | None, ...] = ()
    with_reference: bool = False
    parts: tuple[Grade, ...] = ()

    @property
    def certainty(self) -> float | None:
        """Mean stated certainty."""
        return mean_of(self.certainties)

    @property
    def by_judge(self) -> dict[str, float | None]:
        """Each member's mean; a member without one is missing, not 0."""
        return {part.judge: part.value for part in self.parts or (self,)}

    def as_row(self) -> dict[str, Any]:
        """JSON-ready form with ``failures`` counted by kind and listed under ``failed``; :meth:`from_row` reads it."""
        return {
            "id": self.id,
            "value": self.value,
            "samples": list(self.samples),
            "feedback": list(self.feedback),
            "failures": count_failures(self.failures),
            "failed": [_failure_row(f) for f in self.failures],
            "asks": self.asks,
            "judge": self.judge,
            "certainties": list(self.certainties),
            "with_reference": self.with_reference,
            "parts": [part.as_row() for part in self.parts],
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Grade:
        """Read what :meth:`as_row` wrote."""
        return cls(
            row["value"],
            tuple(row["samples"]),
            tuple(row["feedback"]),
            tuple(_failure(f) for f in row["failed"]),
            row["asks"],
            row["id"],
            row["judge"],
            tuple(row["certainties"]),
            row["with_reference"],
            tuple(cls.from_row(part) for part in row["parts"]),
        )


@dataclass(frozen=True, slots=True)
class Order:
    """What was said when the two responses were shown in one order.

    Args:
        shown: ``AB`` (A first) or ``BA``.
        verdicts: One for each sample, in the caller's letters whatever was shown first; None where it failed.
        feedback: The judge's words for each sample; they speak of the responses *as shown*.
        certainties: Stated certainty for each sample; empty if not asked for.
    """

    shown: Shown
    verdicts: tuple[Winner | None, ...]
    feedback: tuple[str, ...] = ()
    certainties: tuple[int | None, ...] = ()

    @property
    def winner(self) -> Winner | None:
        """The majority of the samples; equal numbers are a tie; None when no sample could be read."""
        counts = Counter(v for v in self.verdicts if v is not None)
        if not counts:
            return None
        lead = counts["A"] - counts["B"]
        if counts["tie"] > max(counts["A"], counts["B"]) or lead == 0:
            return "tie"
        return "A" if lead > 0 else "B"

    @property
    def place(self) -> Place | None:
        """Where the winner stood; None for a tie or nothing."""
        if self.winner not in ("A", "B"):
            return None
        return "first" if self.winner == self.shown[0] else "second"


@dataclass(frozen=True, slots=True)
class Preference:
    """Which of two responses is better.

    Args:
        winner: What every order says; ``tie`` when the orders disagree; None when an order has no verdict at all (an
            order that is missing cannot correct the other).
        orders: What was said in each order.
        consistent: Whether both orders say the same; None when only one was asked or one failed.
        position_flag: ``first`` or ``second`` when the same place won in both orders: the judge followed the place.
        feedback: All words, order by order.
        failures: One for each missing sample, with the raw replies.
        asks: How often a question was put, re-asks included.
        id: The item.
        judge: The rater's name.
        with_reference: Whether a reference answer was shown.
        parts: The preferences of an ensemble's members.
    """

    winner: Winner | None
    orders: tuple[Order, ...] = ()
    consistent: bool | None = None
    position_flag: Place | None = None
    feedback: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    asks: int = 0
    id: str = ""
    judge: str = ""
    with_reference: bool = False
    parts: tuple[Preference, ...] = ()

    @property
    def certainty(self) -> float | None:
        """Mean stated certainty over orders and samples."""
        return mean_of([c for order in self.orders for c in order.certainties])

    @property
    def by_judge(self) -> dict[str, Winner | None]:
        """Each member's winner."""
        return {part.judge: part.winner for part in self.parts or (self,)}

    def as_row(self) -> dict[str, Any]:
        """JSON-ready form; :meth:`from_row` reads it."""
        return {
            "id": self.id,
            "winner": self.winner,
            "orders": [{**asdict(o), **{k: list(getattr(o, k)) for k in _LISTS}} for o in self.orders],
            "consistent": self.consistent,
            "position_flag": self.position_flag,
            "failures": count_failures(self.failures),
            "failed": [_failure_row(f) for f in self.failures],
            "asks": self.asks,
            "judge": self.judge,
            "with_reference": self.with_reference,
            "parts": [part.as_row() for part in self.parts],
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Preference:
        """Read what :meth:`as_row` wrote."""
        orders = tuple(Order(o["shown"], *(tuple(o[k]) for k in _LISTS)) for o in row["orders"])
        return cls(
            row["winner"],
            orders,
            row["consistent"],
            row["position_flag"],
            tuple(words for order in orders for words in order.feedback),
            tuple(_failure(f) for f in row["failed"]),
            row["asks"],
            row["id"],
            row["judge"],
            row["with_reference"],
            tuple(cls.from_row(part) for part in row["parts"]),
        )


_LISTS = ("verdicts", "feedback", "certainties")


def preference_of(
    orders: Sequence[Order],
    failures: Sequence[Failure] = (),
    asks: int = 0,
    *,
    id: str = "",
    judge: str = "",
    with_reference: bool = False,
) -> Preference:
    """Put the orders together, see :class:`Preference` for the rule."""
    winners = [order.winner for order in orders]
    complete = all(winner is not None for winner in winners)
    agree = len(set(winners)) == 1
    places = {order.place for order in orders}
    followed = len(orders) > 1 and len(places) == 1 and not agree
    return Preference(
        winner=(winners[0] if agree else "tie") if complete and winners else None,
        orders=tuple(orders),
        consistent=agree if complete and len(orders) > 1 else None,
        position_flag=places.pop() if followed else None,
        feedback=tuple(words for order in orders for words in order.feedback),
        failures=tuple(failures),
        asks=asks,
        id=id,
        judge=judge,
        with_reference=with_reference,
    )


def mean_of(values: Sequence[float | None]) -> float | None:
    """Mean of the values that are there; None when none is."""
    kept = [v for v in values if v is not None]
    return sum(kept) / len(kept) if kept else None


def _failure_row(failure: Failure) -> dict[str, Any]:
    return {**asdict(failure), "raw": list(failure.raw)}


def _failure(row: Mapping[str, Any]) -> Failure:
    return Failure(cast("FailureKind", row["kind"]), row["reason"], row["where"], tuple(row["raw"]))
