"""The items in the form that the rest of the package uses, and what can be wrong with a set of them.

Source: personafeedback page, "Data formats" (arXiv 2506.12915).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from personarium.core.errors import InvalidInput
from personarium.measure.choice_items import ChoiceItem

TIERS = ("easy", "medium", "hard")
QUESTION_TYPES = ("specific", "general")
Tier = Literal["easy", "medium", "hard"]
QuestionType = Literal["specific", "general"]


@dataclass(frozen=True, slots=True)
class FeedbackItem:
    """One question of a known user with two replies, of which people said which suits this user better.

    Args:
        id: Unique in its set.
        persona: What is known of the user.
        question: What the user asks.
        responses: The two replies, in the order in which they are shown first.
        label: Which of them people chose, 0 or 1.
        tier: ``easy``, ``medium`` or ``hard``.
        qtype: ``specific`` (written for one persona) or ``general`` (an ordinary question).

    Raises:
        InvalidInput: A value is not one of these, a text is empty, or the replies are the same.
    """

    id: str
    persona: str
    question: str
    responses: tuple[str, str]
    label: int
    tier: str
    qtype: str

    def __post_init__(self) -> None:
        where = f"item {self.id}"
        for name in ("persona", "question"):
            if not getattr(self, name).strip():
                raise InvalidInput(where, "a text that is not empty", getattr(self, name), name)
        if len(self.responses) != 2 or not all(text.strip() for text in self.responses):
            raise InvalidInput(where, "two replies that are not empty", self.responses, "responses")
        if self.responses[0] == self.responses[1]:
            raise InvalidInput(where, "two different replies", self.responses[0], "responses")
        if isinstance(self.label, bool) or self.label not in (0, 1):
            raise InvalidInput(where, "0 or 1", self.label, "label")
        if self.tier not in TIERS:
            raise InvalidInput(where, f"one of {', '.join(TIERS)}", self.tier, "tier")
        if self.qtype not in QUESTION_TYPES:
            raise InvalidInput(where, f"one of {', '.join(QUESTION_TYPES)}", self.qtype, "qtype")

    @property
    def choice(self) -> ChoiceItem:
        """The same as a choice item."""
        return ChoiceItem(self.id, self.question, self.responses, self.label, {"tier": self.tier, "qtype": self.qtype})

    def as_row(self) -> dict[str, Any]:
        """The JSON line in normal form."""
        names = ("id", "persona", "question", "label", "tier", "qtype")
        return {**{name: getattr(self, name) for name in names}, "responses": list(self.responses)}


def notices(items: Sequence[FeedbackItem]) -> list[str]:
    """What makes a set say less than it seems to: repeated items, repeats across tiers, repeats with opposite labels."""
    seen: dict[tuple[str, str, frozenset[str]], list[FeedbackItem]] = {}
    for item in items:
        key = (_plain(item.persona), _plain(item.question), frozenset(map(_plain, item.responses)))
        seen.setdefault(key, []).append(item)
    repeated = [same for same in seen.values() if len(same) > 1]
    across = [same for same in repeated if len({item.tier for item in same}) > 1]
    opposed = [same for same in repeated if len({_plain(item.responses[item.label]) for item in same}) > 1]
    found = []
    if repeated:
        extra = sum(len(same) for same in repeated) - len(repeated)
        found.append(f"{extra} items repeat another one (the first: {repeated[0][1].id} is {repeated[0][0].id})")
    if across:
        ids = " and ".join(f"{item.id} ({item.tier})" for item in across[0][:2])
        found.append(f"{len(across)} items occur in more than one tier (the first: {ids}), so tiers share their errors")
    if opposed:
        found.append(
            f"{len(opposed)} items occur with opposite labels (the first: {opposed[0][0].id}): nobody is right in both"
        )
    return found


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def balanced(items: Iterable[FeedbackItem]) -> list[FeedbackItem]:
    """The items with the right reply first and second in turn, so that a liking for a place scores one half."""
    found = []
    for k, item in enumerate(items):
        turned = item.label != k % 2
        found.append(replace(item, responses=item.responses[::-1], label=k % 2) if turned else item)
    return found
