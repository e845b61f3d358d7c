"""``/v1/chat/completions``: the next turn of a persona, whole or as it comes."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from starlette.background import BackgroundTask

from personarium.apps.server.chat_schema import ChatCompletion, ChatRequest
from personarium.apps.server.errors import documented
from personarium.apps.server.event_stream import CompletionStream, event_head
from personarium.apps.server.json_reply import JsonReply
from personarium.apps.server.keys import LONGEST_USER, Key, require
from personarium.apps.server.turns import Answered, Turn, logprobs_block, open_turn, usage_block
from personarium.core.chat import Usage

router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])
_EVENT = {"data": {"type": "string", "description": "A `chat.completion.chunk` as JSON; `[DONE]` in the last event."}}
_STREAM = {"text/event-stream": {"schema": {"type": "object", "properties": _EVENT, "required": ["data"]}}}


@router.post(
    "/chat/completions",
    response_model=ChatCompletion,
    responses={
        200: {"description": "The next turn; with `stream` as server-sent events.", "content": _STREAM},
        **documented(404, 409, 502, 504),
    },
)
async def create_chat_completion(
    body: ChatRequest,
    request: Request,
    key: Annotated[Key, Depends(require("chat"))],
    x_personarium_user: Annotated[
        str | None, Header(description="As the field `user`.", min_length=1, max_length=LONGEST_USER)
    ] = None,
) -> Response:
    """Let a persona say its next turn.

    `model` is the persona's id. It is told who it is, then the system messages as the scene. With a `user`, it remembers that
    person, for this key only; the last turn is remembered once, however often its reply is asked for again.
    """
    state = request.app.state
    turn = await open_turn(body, key, state, x_personarium_user)
    note(request, turn)
    id, created = f"chatcmpl-{secrets.token_hex(12)}", int(time.time())
    if body.stream:
        head = event_head(id, created, body.model)
        return CompletionStream(turn, head, state.settings.upstream_idle_s, state.settings.upstream_timeout_s)
    found = await _all_of(turn, body.n or 1)
    if state.settings.log_content:
        request.scope["personarium.log"]["said"] = [one.text for one in found]
    return JsonReply(completion(id, created, body.model, found), background=BackgroundTask(turn.learn))


async def _all_of(turn: Turn, count: int) -> list[Answered]:
    if count == 1:
        return [await turn.whole()]
    tasks = [asyncio.create_task(turn.whole(sample)) for sample in range(count)]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


def completion(id: str, created: int, model: str, found: list[Answered]) -> dict[str, object]:
    """A ``chat.completion`` object."""
    choices = [
        {
            "index": index,
            "message": {"role": "assistant", "content": one.text, "refusal": None},
            "finish_reason": one.finish_reason,
            "logprobs": logprobs_block(one.logprobs),
        }
        for index, one in enumerate(found)
    ]
    usage = usage_block(sum((one.usage for one in found), Usage()))
    return {
        "id": id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": choices,
        "usage": usage,
    }


def note(request: Request, turn: Turn) -> None:
    """What the log says of a turn; what was said only when the server was told to."""
    line: dict[str, object] = {"remembers": turn.memory is not None}
    if turn.request.stream:
        line["stream"] = True
    if request.app.state.settings.log_content:
        line |= {"persona": turn.persona.id, "asked": turn.history.last_said}
    request.scope["personarium.log"] = line
