"""The causality guard: what tells a strategy that remembers from one that knows more than it was told.

Four checks. *Sources*: every id that a recalled entry names, and every message behind it, was there before the question. *Later*:
nothing that is shown names a value that was told only after the question. *Prefix*: a fresh memory that has heard nothing but what
came before the question shows the same text and has the same log, byte for byte; it is built when the strategy has already been
through the whole year with all its questions, so a strategy that keeps what it has seen, or takes questions in, gives itself away.
*Changed world*: after the same year with other values, nothing that is shown names a value of the first year; a strategy that
holds the user's future, or the answers, gives itself away there even if its sources look right.

The first two look at every question, the other two at a drawn share. What a strategy with a model shows can be built again only
where replies come back the same (without a model, or from a run's cache).

Source: DESIGN.md, rule 3; personamem-v2 page, "Works when" 5. Units: questions.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from personarium.core.chat import ChatModel
from personarium.measure.memory.questions import Case, Question
from personarium.measure.memory.reading_lines import value_pattern
from personarium.measure.memory.walk import Shown, Terms, Walked, walk
from personarium.remember.records import Observation
from personarium.remember.strategy import Strategy

SOURCES, LATER, PREFIX, WORLD = "sources", "later", "prefix", "changed world"
_SHOWN = 3  # examples of a kind that a finding lists


@dataclass(frozen=True, slots=True)
class Guard:
    """How much is checked beyond every question's sources and values.

    Args:
        prefixes: Share of each user's questions for which a fresh memory is built from the prefix; at least one where it is
            above 0.
        worlds: Share of the users whose changed world is walked; at least one user where it is above 0.
        seed: What the shares are drawn from.
    """

    prefixes: float = 0.02
    worlds: float = 0.2
    seed: int = 0

    def prefix_questions(self, case: Case) -> list[Question]:
        """The questions of a case that are asked again of a fresh memory."""
        count = min(len(case.questions), round(self.prefixes * len(case.questions)) or int(self.prefixes > 0))
        drawn = random.Random(f"{self.seed}|prefix|{case.user}").sample(range(len(case.questions)), count)
        return [case.questions[number] for number in sorted(drawn)]

    def world_users(self, cases: Sequence[Case]) -> frozenset[str]:
        """The users whose changed world is walked."""
        able = [case.user for case in cases if case.changed_world]
        count = min(len(able), round(self.worlds * len(able)) or int(self.worlds > 0))
        return frozenset(random.Random(f"{self.seed}|worlds").sample(able, count))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a strategy cannot know, or a memory that cannot be built again.

    Args:
        check: ``sources``, ``later``, ``prefix`` or ``changed world``.
        question: Where it was found.
        what: In a few words.
    """

    check: str
    question: str
    what: str

    def __str__(self) -> str:
        return f"{self.check}: {self.what} ({self.question})"


def check_shown(case: Case, question: Question, shown: Shown) -> Iterator[Finding]:
    """The checks that every question goes through: its sources, and values that were told only later."""
    for id in shown.unknown[:_SHOWN]:
        yield Finding(SOURCES, question.id, f"an entry names {id!r}, which was not there")
    late = sorted({number for entry in shown.sources for number in entry if number >= question.end})
    for number in late[:_SHOWN]:
        yield Finding(SOURCES, question.id, f"an entry rests on message {number}, and only {question.end} were said")
    later = {value for told in case.told.values() for value, first in told if first >= question.end}
    for value in _named(shown.text, later, case.messages[: question.end])[:_SHOWN]:
        yield Finding(LATER, question.id, f"{value!r} is shown and was told only later")


async def check_prefix(
    strategy: Strategy, case: Case, question: Question, walked: Walked, terms: Terms, model: ChatModel | None
) -> list[Finding]:
    """Whether a fresh memory that has heard only the prefix shows the same and has the same log."""
    prefix = case.messages[: question.end]
    fresh = await walk(
        strategy, case.user, prefix, [question], terms=terms, model=model, digests=frozenset((question.id,))
    )
    before, now = walked.shown[question.id], fresh.shown[question.id]
    found = []
    if before.text.encode() != now.text.encode():
        found.append(Finding(PREFIX, question.id, "a memory built from the prefix alone shows something else"))
    if before.digest != now.digest:
        found.append(Finding(PREFIX, question.id, "a memory built from the prefix alone has another log"))
    return found


async def check_world(strategy: Strategy, case: Case, terms: Terms, model: ChatModel | None) -> list[Finding]:
    """Whether a memory of the changed world shows values of the first one, which nobody has told to it."""
    walked = await walk(strategy, case.user, case.changed_world, case.questions, terms=terms, model=model)
    values = {value for told in case.told.values() for value, _ in told}
    found = []
    for question in case.questions:
        # The question may name a value of the first world ("that it is tea"): repeating it is no knowledge.
        asked = {value for value in values if value_pattern(value).search(question.text)}
        heard = case.changed_world[: question.end]
        for value in _named(walked.shown[question.id].text, values - asked, heard)[:_SHOWN]:
            found.append(Finding(WORLD, question.id, f"{value!r} is shown and was never told in this world"))
    return found


def _named(text: str, values: set[str], heard: Sequence[Observation]) -> list[str]:
    """The values that stand in a text and in nothing that was heard."""
    lower = text.casefold()
    found = [value for value in sorted(values) if value.casefold() in lower and value_pattern(value).search(text)]
    return [value for value in found if not any(value_pattern(value).search(one.text) for one in heard)]
