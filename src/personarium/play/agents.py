"""Agents: a persona on a model, or anything else that can take a turn in a dialogue.

An agent keeps no history: what it is sent is made from the neutral dialogue at call time, and :meth:`Agent.render` shows it.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol, get_args, runtime_checkable

from personarium.core.chat import ChatModel, Message, Reply, Sampling
from personarium.core.dialogue import OPENING_CUE, RELATIVE_ROLES, Dialogue
from personarium.core.errors import RemoteError, UsageError
from personarium.core.label import labelled
from personarium.core.persona import Persona
from personarium.core.results import Failure
from personarium.core.views import Style
from personarium.models.wrapper import stream_reply
from personarium.text.blocks import block
from personarium.text.refusals import is_refusal

Projection = Literal["egocentric", "concat"]
PROJECTIONS: tuple[str, ...] = get_args(Projection)
# Both dialogue roles of SPASM run at 0.7 (spasm page, point 4).
PLAYING = Sampling(temperature=0.7)
# Said in the request for the next turn, never inside the history.
TURN = "Say only your own next turn of the conversation, without a name before it."


@dataclass(frozen=True, slots=True)
class Spoken:
    """What came of asking a speaker.

    Args:
        text: The utterance; empty exactly when there is a failure.
        failure: Why there is none (``empty``, ``refused``, ``error``); its ``raw`` holds the reply.
        finish_reason: As the endpoint gave it; ``length`` means that the text was cut off.
    """

    text: str
    failure: Failure | None = None
    finish_reason: str = "stop"


@runtime_checkable
class Speaker(Protocol):
    """Anything that can take its turn: our agents, a callable, somebody else's agent behind a URL.

    ``reply`` reads the neutral history and never changes it; what goes wrong is a failure in the :class:`Spoken`.
    """

    @property
    def id(self) -> str: ...

    async def reply(
        self, dialogue: Dialogue, *, seed: int | None = ..., sample: int = ..., repeat: int = ..., attempt: int = ...
    ) -> Spoken: ...


class Agent:
    """A persona played by a model.

    Args:
        persona: Who; a text is read as a persona, None plays nobody (a plain assistant).
        model: Any chat model; a steered one is a chat model like any other.
        style: How the persona is put into words (see :meth:`Persona.view`); None does not tell it at all: the model is
            somebody's own agent, and the persona only says who it ought to be.
        sampling: Temperature and limits of its turns; seed, sample, repeat and attempt are set at each call.
        id: Its name as a speaker; the persona's id by default.
        instructions: What follows the persona in the system message: scene, task, manners.
        projection: ``egocentric`` (its own turns are assistant messages, the partner's are user messages) or the
            baseline ``concat`` (one shared transcript with fixed labels in a user message).

    Raises:
        UsageError: On an unknown projection, or an id that is a role (``user``, ``assistant``, ...).

    Source: spasm page, point 5.
    """

    __slots__ = ("id", "instructions", "model", "persona", "projection", "sampling", "style", "system")

    def __init__(
        self,
        persona: Persona | str | None,
        model: ChatModel,
        *,
        style: Style | None = "system",
        sampling: Sampling = PLAYING,
        id: str | None = None,
        instructions: str = "",
        projection: Projection = "egocentric",
    ) -> None:
        who = Persona.from_text(persona) if isinstance(persona, str) else persona
        name = id or (who.id if who is not None else "speaker")
        if projection not in PROJECTIONS:
            raise UsageError(f"projection must be {' or '.join(PROJECTIONS)}, found '{projection}'")
        if name in RELATIVE_ROLES:
            raise UsageError(f"an agent needs a name of its own, and '{name}' is a role; give it another id")
        self.id, self.persona, self.model = name, who, model
        self.style, self.sampling, self.instructions, self.projection = style, sampling, instructions, projection
        described = who.view(style).text if who is not None and style is not None else ""
        self.system = "\n\n".join(part for part in (described.strip(), instructions.strip()) if part)

    def __repr__(self) -> str:
        return f"Agent({self.id!r}, {self.model.name!r})"

    def with_projection(self, projection: Projection) -> Agent:
        """The same agent under another projection."""
        return Agent(
            self.persona,
            self.model,
            style=self.style,
            sampling=self.sampling,
            id=self.id,
            instructions=self.instructions,
            projection=projection,
        )

    def render(self, dialogue: Dialogue | None = None) -> list[Message]:
        """Exactly the messages that :meth:`reply` would send now; makes no call."""
        seen = dialogue if dialogue is not None else Dialogue()
        turns = seen.seen_by(self.id) if self.projection == "egocentric" else _concatenated(seen, self.id)
        return [{"role": "system", "content": self.system}, *turns] if self.system else turns

    def render_question(self, question: str) -> list[Message]:
        """Exactly the messages that :meth:`answer` would send."""
        asked: list[Message] = [{"role": "user", "content": question}]
        return [{"role": "system", "content": self.system}, *asked] if self.system else asked

    async def reply(
        self, dialogue: Dialogue, *, seed: int | None = 0, sample: int = 0, repeat: int = 0, attempt: int = 0
    ) -> Spoken:
        """The agent's next turn.

        Args:
            dialogue: What was said so far; it stays as it is.
            seed: The run's seed; None sends none.
            sample: Which of several dialogues of the same speakers this is.
            repeat: Which repeat of the condition.
            attempt: Which re-ask of this turn.
        """
        sampling = self.sampling.but(seed=seed, sample=sample, repeat=repeat, attempt=attempt)
        with labelled(step="play.turn"):
            return await self._ask(self.render(dialogue), sampling)

    async def answer(
        self, question: str, *, seed: int | None = 0, sample: int = 0, repeat: int = 0, attempt: int = 0
    ) -> Spoken:
        """An interview: one question without any history; nothing of it is remembered."""
        sampling = self.sampling.but(seed=seed, sample=sample, repeat=repeat, attempt=attempt)
        with labelled(step="play.interview"):
            return await self._ask(self.render_question(question), sampling)

    async def stream(
        self, dialogue: Dialogue, *, seed: int | None = 0, sample: int = 0, repeat: int = 0, attempt: int = 0
    ) -> AsyncIterator[str | Spoken]:
        """As :meth:`reply`, the text piece by piece and last the whole :class:`Spoken`."""
        sampling = self.sampling.but(seed=seed, sample=sample, repeat=repeat, attempt=attempt)
        with labelled(step="play.turn"):
            try:
                async for piece in stream_reply(self.model, self.render(dialogue), sampling):
                    yield as_spoken(piece, self.id) if isinstance(piece, Reply) else piece
            except RemoteError as error:
                yield Spoken("", Failure("error", str(error), self.id))

    async def _ask(self, messages: list[Message], sampling: Sampling) -> Spoken:
        try:
            return as_spoken(await self.model.generate(messages, sampling), self.id)
        except RemoteError as error:
            return Spoken("", Failure("error", str(error), self.id))


Answerer = Callable[[list[Message]], "str | Awaitable[str]"]


class CallableAgent:
    """Somebody else's agent as a Python function; its prompt is never seen.

    Args:
        id: Its name as a speaker.
        function: Gets the conversation as chat messages in its own view (no system message) and returns its turn, or
            awaits it. A :class:`RemoteError` it raises is a counted failure; anything else is a bug and comes through.
    """

    __slots__ = ("function", "id")

    def __init__(self, id: str, function: Answerer) -> None:
        if not id or id in RELATIVE_ROLES:
            raise UsageError(f"an agent needs a name of its own, found '{id}'")
        self.id, self.function = id, function

    async def reply(
        self, dialogue: Dialogue, *, seed: int | None = 0, sample: int = 0, repeat: int = 0, attempt: int = 0
    ) -> Spoken:
        """Its next turn; seed and counters cannot reach a foreign function and are not used."""
        try:
            found = self.function(dialogue.seen_by(self.id))
            text = await found if inspect.isawaitable(found) else found
        except RemoteError as error:
            return Spoken("", Failure("error", str(error), self.id))
        return as_spoken(Reply(str(text)), self.id)


def as_spoken(reply: Reply, where: str = "") -> Spoken:
    """A model's reply as an utterance; an empty or refused one is a failure and no utterance.

    Args:
        reply: The reply; outer blanks are taken off, nothing else is touched.
        where: The speaker, for the failure.
    """
    text = reply.text.strip()
    if reply.finish_reason == "content_filter":
        return Spoken("", Failure("refused", "the endpoint's filter stopped the reply", where, (reply.text,)))
    if not text:
        return Spoken("", Failure("empty", "the reply is empty", where, (reply.text,)))
    if is_refusal(text):
        return Spoken("", Failure("refused", "the model declined to take its turn", where, (reply.text,)))
    return Spoken(text, None, reply.finish_reason)


def _concatenated(dialogue: Dialogue, speaker: str) -> list[Message]:
    """The baseline CONCAT: the shared transcript, the same for both but for whose turn it is."""
    if not dialogue.utterances:
        return [{"role": "user", "content": OPENING_CUE}]
    shown = block("dialogue", dialogue.concat())
    return [{"role": "user", "content": f"{shown}\n\nIt is the turn of {speaker}. {TURN}"}]
