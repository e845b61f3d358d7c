"""What a memory is asked, and when: questions at cuts through the year, each with the answer that was true at its cut.

Types: ``current`` (a value that never changed), ``changed`` (the value after a change of mind), ``past`` (the one before it),
``retracted`` (given up without a new value), ``other`` (about the sister or the friend), ``never`` (never told), ``when`` (in
which month it was told). Every question about a value has the options "nothing any more" and "never told" beside three values:
those that were true before, those of other people and those that will be true later come first among the wrong ones. The order
of the options is drawn from the seed.

Units: messages before the cut; seconds since 1970.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from personarium.core.errors import InvalidInput
from personarium.measure.choice_items import ChoiceItem
from personarium.measure.memory.scripted_user import MINUTE, ScriptedUser, Truth
from personarium.measure.memory.wordings import SELF, matters
from personarium.remember.records import Observation
from personarium.text.option_order import shuffled

TYPES = ("current", "changed", "past", "retracted", "other", "never", "when")
NOTHING_NOW = "There is none any more."
NEVER_TOLD = "That was never said."
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_VALUES = 3  # options that are values, beside the two that are none


@dataclass(frozen=True, slots=True)
class Question:
    """One question at its place.

    Args:
        id: Unique.
        user: Whose.
        type: One of :data:`TYPES`, or a word of the user's own.
        end: How many messages come before it.
        at: When it is asked.
        text: As it is asked, and as the memory is queried.
        options: In the order shown.
        gold: Place of the right one.
        roles: What each option is: ``gold``, ``stale`` (true before), ``present`` (true now, where the past is asked),
            ``other`` (somebody else's), ``later`` (true only after the cut), ``decoy``, ``nothing``, ``never``.
        sources: Numbers of the messages that the answer rests on; empty where nothing was told.
        matter: What it is about; empty where that is not known.
        holder: Whom it is about.

    Raises:
        InvalidInput: On a gold place outside of the options, or roles that do not match them.
    """

    id: str
    user: str
    type: str
    end: int
    at: float
    text: str
    options: tuple[str, ...]
    gold: int
    roles: tuple[str, ...] = ()
    sources: tuple[int, ...] = ()
    matter: str = ""
    holder: str = SELF

    def __post_init__(self) -> None:
        if not 2 <= len(self.options) <= 26 or not 0 <= self.gold < len(self.options):
            raise InvalidInput(f"question {self.id}", "2 to 26 options with the right one among them", self.gold)
        if self.roles and len(self.roles) != len(self.options):
            raise InvalidInput(f"question {self.id}", "one role for each option", len(self.roles), "roles")

    @property
    def item(self) -> ChoiceItem:
        """The question as a choice item, options in the order shown."""
        return ChoiceItem(self.id, self.text, self.options, self.gold, {"type": self.type})

    def role(self, place: int | None) -> str:
        """What the option at a place is; empty without a place or roles."""
        return self.roles[place] if place is not None and self.roles else ""


@dataclass(frozen=True)
class Case:
    """What a memory is put through: one user's talk and the questions about it.

    Args:
        user: Name.
        messages: What was said, in order.
        questions: In any order.
        told: (matter, holder) -> the values told and the number of the message that told each first; empty where the truth is
            not known.
        changed_world: The same talk with other values, where there is one: whatever of ``told`` is recalled after *that*
            talk was not remembered but known from elsewhere.
    """

    user: str
    messages: tuple[Observation, ...]
    questions: tuple[Question, ...]
    told: Mapping[tuple[str, str], tuple[tuple[str, int], ...]] = field(default_factory=dict)
    changed_world: tuple[Observation, ...] = ()


def scripted_case(user: ScriptedUser, *, cuts: int = 6, each: int = 2) -> Case:
    """A scripted user as a case.

    Args:
        user: The user.
        cuts: At how many places of the year questions are asked; the last one is its end.
        each: How many questions of each type at a cut, where there are so many.
    """
    told: dict[tuple[str, str], dict[str, int]] = {}
    for one in user.truth:
        told.setdefault((one.matter, one.holder), {}).setdefault(one.value, one.source)
    kept = {key: tuple(values.items()) for key, values in told.items()}
    return Case(user.id, user.messages, tuple(ask(user, cuts=cuts, each=each)), kept, user.twin().messages)


def scripted_cases(users: Sequence[ScriptedUser], *, cuts: int = 6, each: int = 2) -> list[Case]:
    """Scripted users as cases; arguments as in :func:`scripted_case`."""
    return [scripted_case(user, cuts=cuts, each=each) for user in users]


def ask(user: ScriptedUser, *, cuts: int = 6, each: int = 2) -> Iterator[Question]:
    """The questions about a scripted user, in the order of their cuts."""
    ends = user.ends
    for cut in range(cuts):
        end = ends[len(ends) * (cut + 1) // cuts - 1]
        asked = _Asked(user, end, random.Random(f"{user.seed}|cut|{cut}"))
        for kind in TYPES:
            found = list(asked.of(kind))
            for number, one in enumerate(asked.draw.sample(found, min(each, len(found)))):
                yield asked.question(f"{user.id}/{cut + 1}/{kind}/{number + 1}", kind, one)


@dataclass
class _Asked:
    """The questions that can be asked of one user at one cut."""

    user: ScriptedUser
    end: int
    draw: random.Random

    def of(self, kind: str) -> Iterator[tuple[str, str]]:
        """Matter and holder of every question of a type that can be asked here, in a fixed order."""
        for name in sorted({one.matter for one in self.user.truth}):
            holders = (SELF,) if kind != "other" else self.user.config.others
            yield from ((name, holder) for holder in holders if self._fits(kind, name, holder))

    def _fits(self, kind: str, name: str, holder: str) -> bool:
        told = self._told(name, holder)
        if kind == "never":
            return not self.user.told(name, holder)
        if not told:
            return False
        given_up = told[-1].ended_by is not None and told[-1].ended_by < self.end
        if kind == "retracted":
            return given_up
        if given_up:
            return False
        return {"current": len(told) == 1, "changed": len(told) > 1, "past": len(told) > 1}.get(kind, True)

    def question(self, id: str, kind: str, about: tuple[str, str]) -> Question:
        """The question of a type about a matter and holder."""
        name, holder = about
        told = self._told(name, holder)
        text, right, sources = self._answer(kind, name, holder, told)
        options = self._months(right, told) if kind == "when" else self._values(kind, right, name, holder)
        # the right one is always the first before they are put in order
        order = shuffled([text for text, _ in options], 0, f"{self.user.seed}|{id}")
        roles = order.carried([role for _, role in options])
        at = self.user.messages[self.end - 1].at + MINUTE
        return Question(
            id, self.user.id, kind, self.end, at, text, order.texts, order.gold, roles, sources, name, holder
        )

    def _told(self, name: str, holder: str) -> tuple[Truth, ...]:
        return tuple(one for one in self.user.told(name, holder) if one.source < self.end)

    def _answer(self, kind: str, name: str, holder: str, told: Sequence[Truth]) -> tuple[str, str, tuple[int, ...]]:
        """The question's text, its right answer, and the messages that the answer rests on."""
        asked = matters()[name].asked(holder)
        if kind == "never":
            return f"What is {asked} now?", NEVER_TOLD, ()
        last = told[-1]
        if kind == "retracted":
            return f"What is {asked} now?", NOTHING_NOW, (last.ended_by or 0,)
        if kind == "past":
            return f"What was {asked} before the present one?", told[-2].value, (*self._sources(told[-2]), last.source)
        if kind == "when":
            text = f"In which month did I first say that {asked} is {last.value}?"
            first = next(one for one in told if one.value == last.value)
            return text, month(first.since), (first.source,)
        return f"What is {asked} now?", last.value, self._sources(last)

    def _sources(self, one: Truth) -> tuple[int, ...]:
        return (one.source, *(number for number in one.repeats if number < self.end))

    def _values(self, kind: str, right: str, name: str, holder: str) -> list[tuple[str, str]]:
        """Three values and the two options that are none: the right one, and the wrong ones that tempt most."""
        told = self._told(name, holder)
        roles: dict[str, str] = {right: "gold"}
        if kind == "past":
            roles.setdefault(told[-1].value, "present")
        rest = list(matters()[name].values)
        self.draw.shuffle(rest)
        wrong = [(one.value, "stale") for one in reversed(told)]
        wrong += [(one.value, "other") for one in self._others(name, holder)]
        wrong += [(one.value, "later") for one in self.user.told(name, holder)[len(told) :]]
        wrong += [(value, "decoy") for value in rest]
        wanted = _VALUES + (right in (NOTHING_NOW, NEVER_TOLD))
        for value, role in _one_of_each_first([one for one in wrong if one[0] not in roles]):
            if len(roles) == wanted:
                break
            roles.setdefault(value, role)
        roles.setdefault(NOTHING_NOW, "nothing")
        roles.setdefault(NEVER_TOLD, "never")
        return list(roles.items())

    def _others(self, name: str, holder: str) -> list[Truth]:
        people = [one for one in (SELF, *self.user.config.others) if one != holder]
        found = [one for person in people for one in self._told(name, person)]
        return found or [one for person in people for one in self.user.told(name, person)]

    def _months(self, right: str, told: Sequence[Truth]) -> list[tuple[str, str]]:
        """Five months: the right one, those of the matter's other values, and others."""
        roles = {right: "gold"}
        for one in told:
            roles.setdefault(month(one.since), "stale")
        rest = list(MONTHS)
        self.draw.shuffle(rest)
        for name in rest:
            roles.setdefault(name, "decoy")
        return list(roles.items())[: _VALUES + 2]


def _one_of_each_first(wrong: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Wrong values with their roles, one of each role before the others: where two have room, they are of two kinds."""
    first: dict[str, tuple[str, str]] = {}
    for one in wrong:
        first.setdefault(one[1], one)
    return [*first.values(), *wrong]


def month(at: float) -> str:
    """The name of the month of a time, in UTC."""
    return MONTHS[datetime.fromtimestamp(at, UTC).month - 1]
