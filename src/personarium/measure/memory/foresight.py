"""Strategies that cheat, for showing that the guard catches them: the negative controls of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from personarium.core.chat import ChatModel
from personarium.core.errors import UsageError
from personarium.measure.memory.questions import Case, Question
from personarium.remember.baselines import WordSearch
from personarium.remember.records import Observation, Operation
from personarium.remember.strategy import Proposal, Recalled, UserView
from personarium.text.bm25 import BM25Index, words

Way = Literal["future", "answers", "questions"]
_SEEN = "seen"


class Foresight(WordSearch):
    """A strategy that knows more than it was told. It belongs into demonstrations and tests, never into a result.

    Args:
        cases: What it secretly holds.
        way: ``future`` searches the whole year instead of what was said, and gives what it finds the sources of something that
            *was* said; ``answers`` knows every answer and gives it with the sources that it really has; ``questions`` keeps the
            questions that it is asked and puts them into the memory.

    Raises:
        UsageError: On another way.
    """

    def __init__(self, cases: Sequence[Case], way: Way = "future") -> None:
        if way not in get_args(Way):
            raise UsageError(f"way must be one of {', '.join(get_args(Way))}, found '{way}'")
        self.way, self.name = way, f"foresight ({way})"
        self._years: Mapping[str, Case] = {case.user: case for case in cases}
        self._indexes = {
            case.user: BM25Index.build([one.text for one in case.messages], tokens=words) for case in cases
        }
        self._asked: list[str] = []

    async def consolidate(
        self, view: UserView, new: Sequence[Observation], model: ChatModel | None, *, closing: bool = False
    ) -> Proposal:
        """Nothing; or the questions that were asked become part of the memory."""
        through = new[-1].id if new else ""
        if self.way != "questions" or not self._asked or not new:
            return Proposal(through=through)
        kept = Operation("add", kind=_SEEN, text=self._asked[-1], evidence=(through,))
        return Proposal((kept,), through=through)

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        """What a look at the future, or at the answers, gives; an honest search otherwise."""
        if self.way == "questions":
            self._asked.append(query)
            return super().recall(view, query, k)
        return self._from_future(view, query, k) if self.way == "future" else self._from_answers(view, query)

    def _from_future(self, view: UserView, query: str, k: int) -> list[Recalled]:
        messages = self._years[view.user].messages
        scores = self._indexes[view.user].scores(query)
        best = sorted(range(len(messages)), key=lambda number: (-float(scores[number]), -number))[:k]
        alibi = view.observations()[-1].id
        return [
            Recalled(f"user: {messages[n].text}", "found", ids=(alibi,), sources=(alibi,), at=view.now) for n in best
        ]

    def _from_answers(self, view: UserView, query: str) -> list[Recalled]:
        said = view.observations()
        known = [one for one in self._years[view.user].questions if (one.text, one.end) == (query, len(said))]
        return [self._told(one, said, view.now) for one in known]

    def _told(self, question: Question, said: Sequence[Observation], now: float) -> Recalled:
        sources = tuple(said[number].id for number in question.sources)
        return Recalled(f"user: {question.options[question.gold]}", "found", 1.0, ids=sources, sources=sources, at=now)
