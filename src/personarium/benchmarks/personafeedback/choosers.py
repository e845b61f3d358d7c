"""Whoever chooses between two replies: a model by its verdict or its letters' likelihood, anything that scores, plain rules.

Source: personafeedback page, "Takes and gives", steps 4 and 6 (arXiv 2506.12915).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args, runtime_checkable

from personarium.benchmarks.personafeedback.items import FeedbackItem
from personarium.benchmarks.personafeedback.steps import CHOOSE
from personarium.core.chat import ChatModel
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.measure.choice_items import ChoiceAnswer, ask_choice, weigh_choice
from personarium.models.likelihood import LikelihoodModel
from personarium.models.step import Step
from personarium.text.similarity import content_stems

Order = tuple[int, int]
FIRST: Order = (0, 1)
SECOND: Order = (1, 0)
By = Literal["verdict", "likelihood"]
Score = Callable[[str, str, str], "float | Awaitable[float]"]
"""Persona, question, reply -> how well the reply suits."""


@runtime_checkable
class Chooser(Protocol):
    """Somebody who chooses one of two replies."""

    @property
    def name(self) -> str: ...

    async def choose(self, item: FeedbackItem, persona: str, order: Order, seed: int = ...) -> ChoiceAnswer:
        """The choice when the replies are shown in this order; ``persona`` is empty where nothing is known."""
        ...


@dataclass(frozen=True)
class ModelChooser:
    """A chat model.

    Args:
        model: Who is asked.
        by: ``verdict`` reads its letter, ``likelihood`` takes the more probable letter.
        step: Its prompt.
    """

    model: ChatModel
    by: By = "verdict"
    step: Step = CHOOSE

    def __post_init__(self) -> None:
        if self.by not in get_args(By):
            raise UsageError(f"a model chooses by {' or '.join(get_args(By))}, found '{self.by}'")

    @property
    def name(self) -> str:
        """The model's name, and how it chooses where that is not by its verdict."""
        return self.model.name if self.by == "verdict" else f"{self.model.name} by likelihood"

    async def choose(self, item: FeedbackItem, persona: str, order: Order, seed: int = 0) -> ChoiceAnswer:
        """Ask for a letter."""
        shown = [item.responses[k] for k in order]
        inputs = {"persona": persona, "response_a": shown[0], "response_b": shown[1]}
        ask = ask_choice if self.by == "verdict" else weigh_choice
        return await ask(self.model, item.choice, step=self.step, inputs=inputs, order=order, seed=seed)


@dataclass(frozen=True)
class ScoreChooser:
    """Anything that scores a reply alone: a reward model, a likelihood, a rule. The higher score wins, whatever the order; of
    equal scores the reply shown first.

    Args:
        name: How it is called.
        score: See :data:`Score`; not a number is a failure.
    """

    name: str
    score: Score

    async def choose(self, item: FeedbackItem, persona: str, order: Order, seed: int = 0) -> ChoiceAnswer:
        """Score both replies."""
        scores = [await self._scored(persona, item.question, item.responses[k]) for k in order]
        if any(math.isnan(score) for score in scores):
            return ChoiceAnswer(item.id, order, None, Failure("unparsed", "a score is not a number", item.id))
        return ChoiceAnswer(item.id, order, 0 if scores[0] >= scores[1] else 1)

    async def _scored(self, persona: str, question: str, reply: str) -> float:
        found = self.score(persona, question, reply)
        return float(await found if inspect.isawaitable(found) else found)


def likelihood_chooser(model: LikelihoodModel) -> ScoreChooser:
    """Chooses the reply that the model holds likelier given persona and question, by mean log-probability of its tokens."""

    def score(persona: str, question: str, reply: str) -> float:
        tokens = model.score(f"{persona}\n\n{question}\n\n" if persona else f"{question}\n\n", reply)
        return sum(token.log_probability for token in tokens) / len(tokens) if tokens else math.nan

    return ScoreChooser(f"{model.name} by likelihood of the reply", score)


# --- choosers that need no reading: what any result must beat ---

ALWAYS_FIRST = ScoreChooser("Always first", lambda persona, question, reply: 0.0)
LONGER = ScoreChooser("Longer reply", lambda persona, question, reply: float(len(reply)))


def _mentions(persona: str, question: str, reply: str) -> float:
    """How many content words of the persona, which the question does not hold, the reply repeats."""
    return float(len((set(content_stems(persona)) - set(content_stems(question))) & set(content_stems(reply))))


MENTIONS = ScoreChooser("Repeats more of the persona", _mentions)
BASELINES = (ALWAYS_FIRST, LONGER, MENTIONS)
