"""Who answers a question from what a memory shows: by rules, or a model. A reader sees the question, the options and the memory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

from personarium.core.chat import ChatModel, Usage
from personarium.core.results import Failure
from personarium.measure.choice_items import CHOOSE, ChoiceItem, ask_choice
from personarium.measure.memory.meter import Meter
from personarium.measure.memory.questions import MONTHS
from personarium.measure.memory.reading_lines import Mention, holder_in, mentions, same_holder

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

_WORD = re.compile(r"[^\W\d_]{3,}")
_FRAME = (
    "what which who where when was were is are the one first say said that did has have had now present before than my mine our "
    "user you your month name subject favourite favorite current currently used"
)
_NO_TOPIC = frozenset(_FRAME.split())  # words of a question that do not tell its matter
_NEVER = re.compile(
    r"\b(?:never (?:said|told|mentioned)|not (?:said|told|mentioned|known)|don['’]t know|cannot (?:know|say))", re.I
)
_NOTHING = re.compile(r"\b(?:none|nothing|no longer|any ?more|not any)\b", re.I)
_PAST = re.compile(r"\b(?:before the present|previous(?:ly)?|used to|formerly|in the past|before that)\b", re.I)
_WHEN = re.compile(r"\bmonth\b", re.I)
_TOLD = re.compile(r"\bsay that .{1,200}? (?:is|was) (?P<value>.{1,200}?)\?\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a reader answered.

    Args:
        place: The option chosen; None when there is no answer.
        failure: Why there is none.
        calls: Model calls.
        usage: What they used.
    """

    place: int | None
    failure: Failure | None = None
    calls: int = 0
    usage: Usage = Usage()


class Reader(Protocol):
    """Answers questions from a memory's text."""

    @property
    def name(self) -> str: ...

    async def answer(self, id: str, question: str, options: Sequence[str], memory: str) -> Answered:
        """Choose an option.

        Args:
            id: The question's id, for the records only.
            question: As it is asked.
            options: Texts in the order shown.
            memory: What the memory shows; empty when it shows nothing.
        """
        ...

    def recorded(self, run: Run | DryRun) -> Reader:
        """The same reader with its calls recorded in a run."""
        ...


class RuleReader:
    """Answers from the memory's text by written rules and knows nothing else; see :mod:`.reading_lines` for how it reads.

    *Now*: of the options found in sentences about the person asked for, the one of the newest sentence (by printed date, then the
    later one) that does not say it is over. Are all of them over, or is the matter, it takes the option that says that there is
    nothing any more. *Before the present one*: the last other value before the one that holds. *In which month*: that of the first
    sentence with the value. Found nothing: the option that it was never said; is there none such, it abstains, which is a
    failure.
    """

    name = "rules"

    async def answer(self, id: str, question: str, options: Sequence[str], memory: str) -> Answered:
        """As :meth:`Reader.answer`; makes no call."""
        return self.read(id, question, options, memory)

    def recorded(self, run: Run | DryRun) -> RuleReader:
        """Itself: it makes no calls."""
        return self

    def read(self, id: str, question: str, options: Sequence[str], memory: str) -> Answered:
        """The answer, at once."""
        told = _TOLD.search(question)
        if told and _WHEN.search(question):
            return _answered(id, _month(question, told["value"], options, memory))
        values = ["" if _NEVER.search(option) or _NOTHING.search(option) else option for option in options]
        found = _about(question, mentions(memory, values, _topic(question)))
        place = _before(found) if _PAST.search(question) else _now(found, _first(options, _NOTHING, _NEVER))
        return _answered(id, _first(options, _NEVER) if place is None else place)


def _answered(id: str, place: int | None) -> Answered:
    if place is None:
        return Answered(None, Failure("abstained", "the memory says nothing about any option", id))
    return Answered(place)


def _about(question: str, found: Sequence[Mention]) -> list[Mention]:
    """The mentions about the person that a question asks for."""
    asked = holder_in(question)
    return [one for one in found if same_holder(asked, one.holder)]


def _topic(question: str) -> list[str]:
    """The words of the matter in a question."""
    words = (word.lower() for word in _WORD.findall(re.sub(r"['’]s\b", "", question)))
    holder = holder_in(question).split()
    return [word for word in dict.fromkeys(words) if word not in _NO_TOPIC and word not in holder]


def _now(found: Sequence[Mention], nothing: int | None) -> int | None:
    """The value that holds after the mentions, oldest first; ``nothing`` when the last one ended, None when there is none."""
    history = _history(found)
    return history[-1] if history and history[-1] is not None else nothing if found else None


def _before(found: Sequence[Mention]) -> int | None:
    """The last value before the one that holds; of values that are all over, the last."""
    history = _history(found)
    named = [one.option for one in found if one.option is not None]
    present = history[-1] if history else None
    older = [option for option in history if option is not None and option != present]
    return older[-1] if older else next((option for option in reversed(named) if option != present), None)


def _history(found: Sequence[Mention]) -> list[int | None]:
    """What holds, one value after the other; None where nothing does.

    Of two values in one sentence that are both said to hold, the one that held on an earlier day comes first: the other is
    the news.
    """
    history: list[int | None] = []
    for _, day in groupby(found, lambda one: one.date):
        held = history[-1] if history else None
        for _, sentence in groupby(day, lambda one: one.sentence):
            for one in sorted(sentence, key=lambda one: (not one.over, one.option != held)):
                if not one.over:
                    history.append(one.option)
                elif one.option is None or not history or one.option == history[-1]:
                    history += [None] if one.option is None or history else [one.option, None]
    return history


def _month(question: str, value: str, options: Sequence[str], memory: str) -> int | None:
    """The option that is the month of the first dated sentence with the value."""
    found = [
        one
        for one in _about(question.partition(" say that ")[2], mentions(memory, [value]))
        if one.date and not one.over
    ]
    if not found:
        return None
    name = MONTHS[min(12, max(1, int(found[0].date[5:7]))) - 1]
    return next((place for place, option in enumerate(options) if option.strip() == name), None)


def _first(options: Sequence[str], wanted: re.Pattern[str], unwanted: re.Pattern[str] | None = None) -> int | None:
    fits = (
        place for place, text in enumerate(options) if wanted.search(text) and not (unwanted and unwanted.search(text))
    )
    return next(fits, None)


class ModelReader:
    """Asks a model: memory, question and options in their blocks, one letter back. A failure has no answer and is counted.

    Args:
        model: Any chat model.
        seed: The run's seed.
    """

    def __init__(self, model: ChatModel, *, seed: int | None = None) -> None:
        self.model, self.seed = model, seed

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    async def answer(self, id: str, question: str, options: Sequence[str], memory: str) -> Answered:
        """As :meth:`Reader.answer`; one call."""
        item = ChoiceItem(id, question, tuple(options), 0)  # the reader is not told which one is right
        inputs: dict[str, Any] = {"memory": memory}
        meter = Meter(self.model)
        chosen = await ask_choice(meter, item, inputs=inputs, seed=self.seed)
        return Answered(chosen.place, chosen.failure, meter.calls, meter.usage)

    def recorded(self, run: Run | DryRun) -> ModelReader:
        """The same reader; its calls are recorded, cached and counted by the run."""
        run.add_prompts([CHOOSE])
        return ModelReader(run.model(self.model, role="reader"), seed=self.seed)
