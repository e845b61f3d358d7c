"""One turn of a persona, from a client's request: who speaks, what is remembered, what the model gave."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from personarium.apps.server.chat_schema import ChatRequest
from personarium.apps.server.errors import ApiError, as_api_error
from personarium.apps.server.keys import Key, check_user
from personarium.apps.server.memories import memory_name
from personarium.core.chat import Message, Reply, Sampling, TokenLogprob, Usage
from personarium.core.dialogue import RELATIVE_ROLES
from personarium.core.errors import NotFound, PersonariumError, RemoteError, shorten
from personarium.core.persona import Persona
from personarium.models.wrapper import DEFAULT, Wrapper, stream_reply
from personarium.play.agents import Agent, Spoken
from personarium.play.characters import agent_for
from personarium.play.remembering import RememberingAgent
from personarium.play.sent_history import PERSONA, SentHistory, read_history
from personarium.remember.records import LONGEST_TEXT

if TYPE_CHECKING:
    from starlette.datastructures import State

    from personarium.apps.workspace import Workspace
    from personarium.remember.user_memory import UserMemory

log = logging.getLogger("personarium.server")


class Overheard(Wrapper):
    """A model whose last reply, or failure, can be looked at afterwards: an agent gives only what was said."""

    reply: Reply | None = None
    error: RemoteError | None = None

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """The inner model's reply."""
        try:
            self.reply = await self.inner.generate(messages, sampling)
        except RemoteError as error:
            self.error = error
            raise
        return self.reply

    async def stream(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> AsyncIterator[str | Reply]:
        """The inner model's reply, piece by piece."""
        try:
            async for piece in stream_reply(self.inner, messages, sampling):
                if isinstance(piece, Reply):
                    self.reply = piece
                yield piece
        except RemoteError as error:
            self.error = error
            raise


@dataclass(frozen=True, slots=True)
class Answered:
    """A finished reply.

    Args:
        text: What was said; also when it is empty or declines, which is for the client to judge.
        finish_reason: In OpenAI's words.
        usage: Of this reply.
        logprobs: When they were asked for and there are any.
    """

    text: str
    finish_reason: str
    usage: Usage
    logprobs: tuple[TokenLogprob, ...] | None


class Turn:
    """The next turn of a persona in a client's conversation.

    Args:
        persona: Who speaks.
        history: What the client has sent.
        request: The client's wishes.
        state: The application's state.
        memory: Of the person; None remembers nothing.
    """

    def __init__(
        self, persona: Persona, history: SentHistory, request: ChatRequest, state: State, memory: UserMemory | None
    ) -> None:
        self.persona, self.history, self.request, self.memory = persona, history, request, memory
        self._state = state
        self._sampling = request.sampling()

    def speaker(self) -> tuple[Agent, Overheard]:
        """An agent for one reply, and its model."""
        model = Overheard(self._state.model)
        scene = self.history.scene
        agent = agent_for(self.persona, model, sampling=self._sampling, id=PERSONA, instructions=scene)
        if self.memory is None:
            return agent, model
        shared = self._state.settings.memory == "shared"
        name = f"persona {self.persona.id}" if self.persona.id in RELATIVE_ROLES else self.persona.id
        return RememberingAgent(
            agent, self.memory, by_prefix=True, remembered_as=name if shared else "assistant"
        ), model

    async def whole(self, sample: int = 0) -> Answered:
        """The reply as a whole.

        Raises:
            ApiError: When the model gave none.
        """
        agent, model = self.speaker()
        try:
            async with asyncio.timeout(self._state.settings.upstream_timeout_s):
                spoken = await agent.reply(self.history.dialogue, seed=self.request.seed, sample=sample)
        except TimeoutError:
            raise too_late() from None
        return self._answered(spoken, model)

    async def pieces(self, sample: int = 0) -> AsyncGenerator[str | Answered, None]:
        """The reply piece by piece, and last as a whole; raises as :meth:`whole`."""
        agent, model = self.speaker()
        said = agent.stream(self.history.dialogue, seed=self.request.seed, sample=sample)
        async with aclosing(cast("AsyncGenerator[str | Spoken, None]", said)) as said:
            async for piece in said:
                yield piece if isinstance(piece, str) else self._answered(piece, model)

    def _answered(self, spoken: Spoken, model: Overheard) -> Answered:
        if model.error is not None:
            raise as_api_error(model.error)
        if model.reply is None:
            raise ApiError(502, "the model behind this persona gave no reply", code="upstream_protocol")
        reply = model.reply
        asked = self._sampling.top_logprobs is not None
        text = spoken.text or reply.text.strip()
        return Answered(text, reply.finish_reason, reply.usage, reply.logprobs if asked else None)

    async def learn(self) -> None:
        """Believe what can be read in what was said: after the reply, so that nobody waits for it."""
        if self.memory is None:
            return
        memory = self.memory
        try:
            await asyncio.to_thread(lambda: asyncio.run(memory.learn()))
        except PersonariumError as error:  # what was said is kept, and is read the next time
            log.error(json.dumps({"error": type(error).__name__, "message": str(error), "step": "learn"}))


async def open_turn(request: ChatRequest, key: Key, state: State, header_user: str | None) -> Turn:
    """What a request asks for.

    Raises:
        ApiError: 404 when there is no such persona, 403 when the key may not use the user's memory, 400 on a field that a
            persona cannot follow.
    """
    workspace: Workspace = state.workspace
    persona = await find_persona(workspace, request.model)
    request.check()
    user = _user(request, header_user)
    history = read_history(request.said(), persona.id, request.conversation)
    if user is None:
        return Turn(persona, history, request, state, None)
    name = memory_name(key, check_user(key, user), persona.id, state.settings.memory)
    if len(history.last_said) > LONGEST_TEXT:
        raise ApiError(400, f"a turn that is remembered has at most {LONGEST_TEXT:,} characters", param="messages")
    return Turn(persona, history, request, state, workspace.memory.user(name))


async def find_persona(workspace: Workspace, id: str) -> Persona:
    """The persona that a client calls a model; ids are looked up and never a path.

    Raises:
        ApiError: 404 when there is none.
    """
    try:
        return await asyncio.to_thread(workspace.personas.get, id)
    except NotFound:
        message = f"the model {shorten(id, 80)} does not exist"
        raise ApiError(404, message, code="model_not_found", param="model") from None


def too_late() -> ApiError:
    """The refusal when the model takes too long."""
    return ApiError(504, "the model behind this persona did not answer in time", code="upstream_timeout")


def _user(request: ChatRequest, header: str | None) -> str | None:
    if request.user is not None and header is not None and request.user != header:
        raise ApiError(409, "the field and the header name different users", code="conflict", param="user")
    return header if request.user is None else request.user


def logprobs_block(values: Sequence[TokenLogprob] | None) -> dict[str, Any] | None:
    """Log-probabilities in OpenAI's form."""
    if values is None:
        return None
    rows = [
        {**_token(one.token, one.logprob), "top_logprobs": [_token(token, value) for token, value in one.top]}
        for one in values
    ]
    return {"content": rows, "refusal": None}


def _token(token: str, logprob: float) -> dict[str, Any]:
    # JSON has no infinity; OpenAI writes -9999 for what is next to impossible.
    return {
        "token": token,
        "logprob": logprob if math.isfinite(logprob) else -9999.0,
        "bytes": list(token.encode("utf-8", "replace")),
    }


def usage_block(usage: Usage) -> dict[str, int]:
    """Tokens in OpenAI's form."""
    prompt, reply = usage.prompt_tokens, usage.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": reply, "total_tokens": prompt + reply}
