"""The time line of PERMA: what happens in every domain, interleaved into one life, with strictly rising dates.

Source: perma page, steps 2 and 3 (code).
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from personarium.core.errors import InvalidInput

EMERGENCE, SUPPLEMENT = "preference_emergence", "preference_supplement"
PERIODS: Mapping[str, time] = {"morning": time(6), "afternoon": time(15), "evening": time(19)}
# Function defaults, and what the published run passes (page, step 3).
MAX_RUN, SWITCH_PROB = 2, 0.3
PUBLISHED_RUN: Mapping[str, float] = {"max_run": 3, "switch_prob": 0.5, "seed": 42}

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
LONGEST_DATE = 100  # characters


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens to a user.

    Args:
        id: Unique for the user.
        domain: What it is about.
        date: ``YYYY-MM-DD``, and ``Morning``, ``Afternoon`` or ``Evening`` after a blank where that is known.
        kind: ``preference_emergence`` for the first of a domain, ``preference_supplement`` for the others.
        description: What is going on.
        goal: What the user wants.
        dependencies: Domains that must have begun before.
    """

    id: str
    domain: str
    date: str
    kind: str = SUPPLEMENT
    description: str = ""
    goal: str = ""
    dependencies: tuple[str, ...] = ()


def moment(text: str, where: str = "date") -> datetime:
    """When something is, in UTC: morning is 06:00, afternoon 15:00, evening 19:00; without such a word midnight.

    Raises:
        InvalidInput: When there is no date ``YYYY-MM-DD`` in the text.
    """
    day, rest = _split(text, where)
    hour = next((at for word, at in PERIODS.items() if word in rest.lower()), time(0))
    return datetime.combine(day, hour, UTC)


def _split(text: str, where: str) -> tuple[date, str]:
    """The day, and what stands after it."""
    found = _DATE.search(text[:LONGEST_DATE])
    if found is None:
        raise InvalidInput(where, "a date YYYY-MM-DD", text)
    try:
        return date.fromisoformat(found[0]), text[found.end() : LONGEST_DATE].strip()
    except ValueError:
        raise InvalidInput(where, "a date of the calendar", text) from None


def interleave(
    timelines: Mapping[str, Sequence[Event]],
    interests: Mapping[str, float] | None = None,
    *,
    max_run: int = MAX_RUN,
    switch_prob: float = SWITCH_PROB,
    seed: int = 0,
) -> list[Event]:
    """The events of all domains as one time line, with their new dates.

    Args:
        timelines: Domain -> its events in order.
        interests: Domain -> 0 (of no interest: put off while anything else can happen) or more; a missing one is 1.
        max_run: The most events of one domain in a row while another one could go on.
        switch_prob: Chance to leave a domain that could go on.
        seed: Of Python's Mersenne generator; one number is drawn exactly where both staying and leaving are possible.

    Raises:
        InvalidInput: On ``max_run`` below 1, ``switch_prob`` outside [0, 1], or a date that is none.
    """
    if max_run < 1:
        raise InvalidInput("interleave", "at least 1", max_run, "max_run")
    if not 0.0 <= switch_prob <= 1.0:
        raise InvalidInput("interleave", "a share from 0 to 1", switch_prob, "switch_prob")
    order = _Order(timelines, interests or {}, max_run, switch_prob, random.Random(seed))
    return _dated([order.next() for _ in range(sum(map(len, timelines.values())))])


class _Order:
    """What has been placed so far, and what comes next."""

    def __init__(
        self,
        timelines: Mapping[str, Sequence[Event]],
        interests: Mapping[str, float],
        max_run: int,
        switch_prob: float,
        draw: random.Random,
    ) -> None:
        self.left = {name: list(reversed(events)) for name, events in timelines.items()}
        self.days = {name: [moment(e.date, e.id).date() for e in reversed(ev)] for name, ev in timelines.items()}
        self.interests, self.max_run, self.switch_prob, self.draw = interests, max_run, switch_prob, draw
        self.started: set[str] = set()
        self.last, self.run = "", 0

    def next(self) -> Event:
        pool = self._pool(self._candidates())
        chosen = min(pool, key=lambda name: self.days[name][-1])  # the first of equal ones: the order of the input
        self.run = self.run + 1 if chosen == self.last else 1
        self.last = chosen
        self.started.add(chosen)
        self.days[chosen].pop()
        return self.left[chosen].pop()

    def _candidates(self) -> list[str]:
        open_ = [name for name, events in self.left.items() if events]
        ready = [name for name in open_ if self.started.issuperset(self.left[name][-1].dependencies)]
        rested = [name for name in ready if name != self.last or self.run < self.max_run]
        return self._of_interest(rested or ready or open_)

    def _of_interest(self, names: list[str]) -> list[str]:
        return [name for name in names if self.interests.get(name, 1) != 0] or names

    def _pool(self, candidates: list[str]) -> list[str]:
        others = [name for name in candidates if name != self.last]
        if self.last in candidates and others:
            return others if self.draw.random() < self.switch_prob else [self.last]
        return others or candidates


def _dated(events: Sequence[Event]) -> list[Event]:
    """An event keeps its own date where that is later than the one before, else it is a day later; its period stays."""
    out: list[Event] = []
    before: date | None = None
    for event in events:
        own, rest = _split(event.date, event.id)
        day = own if before is None or own > before else before + timedelta(days=1)
        out.append(replace(event, date=f"{day.isoformat()} {rest}".rstrip()))
        before = day
    return out
