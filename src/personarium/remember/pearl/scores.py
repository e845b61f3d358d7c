"""Scores of questions put to a stream: over all questions of all videos, by kind, with intervals.

Source: PEARL official code; pearl page, steps 8 and 10, statements 1 and 5.
Differs: with no question of one kind the headline is the other accuracy; the reference would halve it (``as_published``).
Units: one question; shares with Wilson intervals. The headline's interval joins those of its two halves (Zou and Donner, 2008).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from personarium.core.errata import Published, published_faults
from personarium.core.results import Estimate, Failure, count_failures

DEFINITION, CURRENT, PAST = "concept definition", "current-time qa", "past-time qa"
HALVED = "halved-headline"


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one question.

    Args:
        video: Which video.
        id: Which question of it.
        qa_type: ``current-time qa``, ``past-time qa`` or ``concept definition`` (which never counts).
        gt: The right letter, as the question is written.
        predicted: The letter given to it; empty for none.
        rotated: Letters given in the rotation test, with the right one at A, B, C and D in turn; empty without the test.
        failures: Replies that could not be read.
    """

    video: str
    id: str
    qa_type: str
    gt: str
    predicted: str
    rotated: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = field(default=())

    @property
    def right(self) -> bool:
        """Whether it is right; in the rotation test only if it is right in every turn."""
        if self.rotated:
            return all(letter == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place] for place, letter in enumerate(self.rotated))
        return self.predicted == self.gt


@dataclass(frozen=True, slots=True)
class Scores:
    """The accuracies of a set of questions.

    Args:
        current: Of current-time questions.
        past: Of past-time questions.
        headline: The plain mean of these two, not over questions; the paper's "average accuracy".
        total: Over all questions of both kinds.
        failures: Unread replies by kind.
        ignored: Questions left out because the ignore list names them.
    """

    current: Estimate
    past: Estimate
    headline: Estimate
    total: Estimate
    failures: Mapping[str, int]
    ignored: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        parts = {name: getattr(self, name).as_dict() for name in ("current", "past", "headline", "total")}
        return {**parts, "failures": dict(self.failures), "ignored": self.ignored}


def scored(
    judged: Iterable[Judged], ignored: Iterable[tuple[str, str]] = (), as_published: Published = False
) -> Scores:
    """Accuracies over all questions of all videos.

    Args:
        judged: One entry a question.
        ignored: (video, question id) pairs to leave out.
        as_published: ``halved-headline`` counts a kind without questions as 0 in the headline.
    """
    faults = published_faults(as_published, (HALVED,))
    left_out = frozenset(ignored)
    counting = [one for one in judged if one.qa_type in (CURRENT, PAST)]
    kept = [one for one in counting if (one.video, one.id) not in left_out]
    current, past = (_share([one for one in kept if one.qa_type == kind]) for kind in (CURRENT, PAST))
    failures = count_failures(failure for one in kept for failure in one.failures)
    headline = _headline(current, past, HALVED in faults)
    return Scores(current, past, headline, _share(kept), failures, len(counting) - len(kept))


def _share(judged: list[Judged]) -> Estimate:
    from personarium.stats.intervals import wilson

    return wilson(sum(one.right for one in judged), len(judged), "question")


def _headline(current: Estimate, past: Estimate, halved: bool) -> Estimate:
    known = [one for one in (current, past) if one.value is not None]
    n = current.n + past.n
    method = "mean of the current-time and past-time accuracy"
    if not known:
        return Estimate(None, None, None, 0, "question", method)
    share = 1 / 2 if halved or len(known) == 2 else 1.0
    value = share * sum(one.value or 0.0 for one in known)
    down = math.sqrt(sum((share * ((one.value or 0.0) - (one.lo or 0.0))) ** 2 for one in known))
    up = math.sqrt(sum((share * ((one.hi or 0.0) - (one.value or 0.0))) ** 2 for one in known))
    return Estimate(value, max(0.0, value - down), min(1.0, value + up), n, "question", method)
