"""People and tables as raters, behind the same protocol as a judge model."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from personarium.core.errors import InvalidInput
from personarium.core.results import Failure
from personarium.core.rubric import LEVELS, Rubric
from personarium.judges.layouts import Winner
from personarium.judges.verdicts import Grade, Order, Preference, Shown, mean_of, preference_of

_ORDERS: tuple[Shown, Shown] = ("AB", "BA")
_SWAPPED: dict[Winner, Winner] = {"A": "B", "B": "A", "tie": "tie"}


@dataclass(frozen=True)
class TableRater:
    """Ratings that are there already, looked up by item: human gold, or what another judge once said.

    Args:
        name: Who rated.
        scores: Item -> a score from 1 to 5, or the scores of several people; their mean is the value.
        preferences: Item -> ``A``, ``B`` or ``tie``, or the votes of several people.

    Raises:
        InvalidInput: A score outside 1 to 5, or a vote that is none.
    """

    name: str
    scores: Mapping[str, float | Sequence[float]] = field(default_factory=dict)
    preferences: Mapping[str, Winner | Sequence[Winner]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in self.scores:
            for score in self._scores(item):
                if isinstance(score, bool) or not isinstance(score, (int, float)) or not 1 <= score <= LEVELS:
                    raise InvalidInput(f"ratings of {self.name}, item {item}", "a score from 1 to 5", score, "scores")
        for item in self.preferences:
            for vote in self._votes(item):
                if vote not in _SWAPPED:
                    raise InvalidInput(f"ratings of {self.name}, item {item}", "A, B or tie", vote, "preferences")

    def _scores(self, item: str) -> tuple[float, ...]:
        found = self.scores[item]
        return tuple(found) if isinstance(found, Sequence) and not isinstance(found, str) else (found,)

    def _votes(self, item: str) -> tuple[Winner, ...]:
        found = self.preferences[item]
        # "A", "B" and "tie" are texts and so sequences themselves.
        return (found,) if isinstance(found, str) else tuple(found)

    async def grade(
        self,
        rubric: Rubric,
        instruction: str,
        response: str,
        reference: str | None = None,
        *,
        samples: int = 1,
        persona: str | None = None,
        item: str | None = None,
        first_sample: int = 0,
    ) -> Grade:
        """The stored scores of ``item`` (all of them, whatever ``samples``); an item that is not there is missing."""
        if item is None or item not in self.scores:
            gap = Failure("missing", f"{self.name} has no score for it", item or "")
            return Grade(None, (None,), ("",), (gap,), 0, item or "", self.name)
        found = self._scores(item)
        return Grade(mean_of(found), found, ("",) * len(found), (), 0, item, self.name)

    async def compare(
        self,
        criterion: Rubric | str,
        instruction: str,
        a: str,
        b: str,
        reference: str | None = None,
        *,
        both_orders: bool = True,
        samples: int = 1,
        persona: str | None = None,
        item: str | None = None,
        first_sample: int = 0,
    ) -> Preference:
        """The majority of the stored votes; they know one order only."""
        if item is None or item not in self.preferences:
            gap = Failure("missing", f"{self.name} has no preference for it", item or "")
            return preference_of([Order("AB", (None,))], [gap], id=item or "", judge=self.name)
        votes = self._votes(item)
        return preference_of([Order("AB", votes)], id=item, judge=self.name)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a person is shown.

    Args:
        kind: ``grade`` wants a whole score from 1 to 5, ``compare`` ``A``, ``B`` or ``tie``.
        rubric: The rubric or criterion as text.
        instruction: What the responses answer.
        responses: One or two texts, in the order shown.
        reference: A reference answer, or None.
        persona: Whose reply it is, or None.
        item: The item's label.
        sample: Which of several ratings this is.
    """

    kind: Literal["grade", "compare"]
    rubric: str
    instruction: str
    responses: tuple[str, ...]
    reference: str | None
    persona: str | None
    item: str
    sample: int = 0


Said = int | str | None
AskPerson = Callable[[Sheet], Said | Awaitable[Said]]


@dataclass(frozen=True)
class PersonRater:
    """A person who is asked: a terminal, a web form, a crowd service behind one callable.

    Args:
        name: How the person is called in results (a role or number, not a real name).
        ask: Shows a sheet and gives the rating back, None for "I cannot say"; sync or async.
    """

    name: str
    ask: AskPerson

    async def grade(
        self,
        rubric: Rubric,
        instruction: str,
        response: str,
        reference: str | None = None,
        *,
        samples: int = 1,
        persona: str | None = None,
        item: str | None = None,
        first_sample: int = 0,
    ) -> Grade:
        """Ask the person ``samples`` times.

        Raises:
            InvalidInput: An answer that is no whole score from 1 to 5.
        """
        shown = rubric.reference if reference is None else reference or None
        sheet = Sheet("grade", rubric.render(), instruction, (response,), shown, persona, item or "")
        said = [await self._said(sheet, first_sample + k) for k in range(samples)]
        scores = tuple(None if s is None else rubric.check_score(s) for s in said)
        gaps = tuple(self._gap(item) for s in scores if s is None)
        return Grade(
            mean_of(scores),
            scores,
            ("",) * samples,
            gaps,
            samples,
            item or "",
            self.name,
            with_reference=bool(shown),
        )

    async def compare(
        self,
        criterion: Rubric | str,
        instruction: str,
        a: str,
        b: str,
        reference: str | None = None,
        *,
        both_orders: bool = True,
        samples: int = 1,
        persona: str | None = None,
        item: str | None = None,
        first_sample: int = 0,
    ) -> Preference:
        """Ask the person in each order.

        Raises:
            InvalidInput: An answer that is not A, B or tie.
        """
        by = criterion.render() if isinstance(criterion, Rubric) else f"[{criterion}]"
        shown = criterion.reference if reference is None and isinstance(criterion, Rubric) else reference or None
        plain = Sheet("compare", by, instruction, (a, b), shown, persona, item or "")
        orders: list[Order] = []
        for order in _ORDERS if both_orders else _ORDERS[:1]:
            sheet = plain if order == "AB" else _turned(plain)
            said = [await self._said(sheet, first_sample + k) for k in range(samples)]
            orders.append(Order(order, tuple(_vote(s, order, self.name) for s in said)))
        gaps = [self._gap(item) for order_ in orders for verdict in order_.verdicts if verdict is None]
        return preference_of(
            orders, gaps, samples * len(orders), id=item or "", judge=self.name, with_reference=bool(shown)
        )

    async def _said(self, sheet: Sheet, sample: int) -> Said:
        found = self.ask(replace(sheet, sample=sample))
        return await found if inspect.isawaitable(found) else found

    def _gap(self, item: str | None) -> Failure:
        return Failure("abstained", f"{self.name} could not say", item or "")


def _turned(sheet: Sheet) -> Sheet:
    return replace(sheet, responses=sheet.responses[::-1])


def _vote(said: Said, shown: str, name: str) -> Winner | None:
    if said is None:
        return None
    if said not in _SWAPPED:
        raise InvalidInput(f"answer of {name}", "A, B or tie", said)
    vote: Winner = said
    return vote if shown == "AB" else _SWAPPED[vote]
