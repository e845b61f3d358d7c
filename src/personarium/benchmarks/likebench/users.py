"""Simulated users: who speaks and rates. One played by a model, with another model as judge for a part if wanted.

Source: likebench page, steps 1 and 4, Traps ("user and judge are the same model").
Differs: a share of the turns can be rated by a judge that is another model; who rated stands with every rating.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from personarium.benchmarks.likebench.metrics import metric_order, rubric
from personarium.benchmarks.likebench.profiles import Profile
from personarium.benchmarks.likebench.ratings import Given, read_reply
from personarium.benchmarks.likebench.steps import RATE, USER
from personarium.benchmarks.likebench.talk import Moment, transcript
from personarium.core.chat import ChatModel, Reply
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.play.agents import Spoken, as_spoken

ASKS = 2  # how often a rating is asked for in all when nothing in the reply can be read; not stated in what was read


@dataclass(frozen=True, slots=True)
class Rated:
    """What a rater said of one turn.

    Args:
        given: By metric; what is not named is missing.
        rater: Who rated.
        failure: Why nothing at all could be read.
    """

    given: Mapping[str, Given]
    rater: str
    failure: Failure | None = None


@runtime_checkable
class SimulatedUser(Protocol):
    """Somebody who talks with the tested model and rates its replies."""

    @property
    def name(self) -> str: ...

    async def speak(self, moment: Moment) -> Spoken: ...

    async def rate(self, moment: Moment) -> Rated: ...


UserMaker = Callable[[Profile], SimulatedUser]


@dataclass(frozen=True, slots=True)
class ModelUser:
    """A user played by a model from profile, situation and dialogue.

    Args:
        model: Speaks, and rates unless a judge does.
        judge: Another model that rates.
        judge_share: The share of turns that the judge rates, drawn by turn.
        asks: How often a rating is asked for in all.

    Raises:
        UsageError: A share outside 0 to 1.
    """

    model: ChatModel
    judge: ChatModel | None = None
    judge_share: float = 1.0
    asks: int = ASKS

    def __post_init__(self) -> None:
        if not 0 <= self.judge_share <= 1:
            raise UsageError(f"judge_share must be from 0 to 1, found {self.judge_share}")

    @property
    def name(self) -> str:
        """The name of the model that speaks."""
        return self.model.name

    async def speak(self, moment: Moment) -> Spoken:
        """The user's next turn; a refusal is a failure, for nobody speaks so."""
        answer = await USER.ask(self.model, speaking_inputs(moment), seed=moment.seed)
        if answer.failure is not None:
            return Spoken("", answer.failure)
        return as_spoken(Reply(answer.text), moment.place)

    async def rate(self, moment: Moment) -> Rated:
        """The seven ratings of the last reply, from one answer."""
        rater = self.rater_of(moment)
        answer = await RATE.ask(rater, rating_inputs(moment), read=read_reply, seed=moment.seed, asks=self.asks)
        if answer.failure is not None:
            return Rated({}, rater.name, answer.failure)
        return Rated(answer["given"], rater.name)

    def rater_of(self, moment: Moment) -> ChatModel:
        """Who rates this turn."""
        if self.judge is None:
            return self.model
        drawn = random.Random(f"likebench judge|{moment.seed}|{moment.place}").random()
        return self.judge if drawn < self.judge_share else self.model


def speaking_inputs(moment: Moment) -> dict[str, Any]:
    """What the user's turn is asked with."""
    return {"profile": moment.profile.text, "situation": moment.prior.text, "dialogue": transcript(moment)}


def rating_inputs(moment: Moment) -> dict[str, Any]:
    """What a rating is asked with; the metrics come in an order of the turn's own."""
    order = metric_order(moment.seed, moment.profile.id, moment.session, moment.turn)
    return {**speaking_inputs(moment), "response": moment.reply, "rubric": rubric(order), "order": order}
