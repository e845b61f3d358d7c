"""Structured output: a pydantic class in, a validated object out, every failed try counted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from personarium.core.chat import ChatModel, Message, Reply, Sampling, assistant, user
from personarium.core.errors import RemoteError
from personarium.core.results import Failure
from personarium.models.wrapper import DEFAULT, innermost
from personarium.text.holes import Unparsed
from personarium.text.json_reading import read_json
from personarium.text.refusals import is_refusal

M = TypeVar("M", bound=BaseModel)
Mode = Literal["native", "prompted"]
SHOWN_ERRORS = 5  # of a validation; more would bury the first
SHOWN_REPLY = 4000  # characters of a bad reply that are shown again


@dataclass(frozen=True, slots=True)
class Structured(Generic[M]):
    """What came of asking for an object.

    Args:
        value: The validated object, or None.
        failure: Why there is none.
        asks: How many times the question was put.
        replies: Every reply text, oldest first.
        mode: ``native``: the endpoint was given the JSON schema; ``prompted``: it stood in the prompt.
        fell_back: Whether the endpoint refused the native mode in this call.
    """

    value: M | None
    failure: Failure | None
    asks: int
    replies: tuple[str, ...]
    mode: Mode
    fell_back: bool = False


async def ask_structured(
    model: ChatModel,
    messages: Sequence[Message],
    schema: type[M],
    asks: int = 3,
    sampling: Sampling = DEFAULT,
    where: str = "",
) -> Structured[M]:
    """Ask for an object of a pydantic class.

    The endpoint's own JSON-schema mode is used unless the model says that it has none (``supports_schema`` is False) or
    refuses the first request with HTTP 400, which is remembered on the model. Without it the schema is put into the
    prompt. A reply that does not validate is shown to the model with the errors, and the question is put again with
    the next ``attempt``.

    Args:
        model: Who is asked.
        messages: The question.
        schema: The class of the object.
        asks: Most times the question is put, at least 1.
        sampling: Its ``schema`` is filled in here.
        where: The item, for the failure.

    Returns:
        The object or the failure; a failed endpoint is a failure, not an exception.
    """
    wanted = schema.model_json_schema()
    native = getattr(innermost(model), "supports_schema", None) is not False
    fell_back = False
    replies: list[str] = []
    failure = Failure("missing", "the question was never put", where)
    talk = list(messages)
    attempt = 0
    while attempt < asks:
        sent = sampling.but(attempt=sampling.attempt + attempt, schema=wanted if native else None)
        try:
            reply = await model.generate(talk if native else _with_schema(talk, wanted), sent)
        except RemoteError as error:
            if native and not replies and error.kind == "bad_request" and error.status == 400:
                native, fell_back = False, True
                _remember(model)
                continue
            failure = Failure("error", str(error), where, tuple(replies))
            return Structured(None, failure, attempt + 1, tuple(replies), _mode(native), fell_back)
        attempt += 1
        replies.append(reply.text)
        value = _validate(reply, schema)
        if not isinstance(value, str):
            return Structured(value, None, attempt, tuple(replies), _mode(native), fell_back)
        failure = _failure(reply.text, value, where, replies)
        talk = [*messages, assistant(reply.text[:SHOWN_REPLY]), user(_again(value))]
    return Structured(None, failure, attempt, tuple(replies), _mode(native), fell_back)


def _mode(native: bool) -> Mode:
    return "native" if native else "prompted"


def _remember(model: ChatModel) -> None:
    """Note that this endpoint refuses schemas, where the model has a place for that."""
    inner: Any = innermost(model)
    if hasattr(inner, "supports_schema"):
        inner.supports_schema = False


def _validate(reply: Reply, schema: type[M]) -> M | str:
    """The object, or what is wrong with the reply."""
    data = read_json(reply.text)
    if isinstance(data, Unparsed):
        return data.reason
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, one['loc'])) or 'object'}: {one['msg']}" for one in error.errors()[:SHOWN_ERRORS]]
        return "; ".join(lines)


def _failure(text: str, reason: str, where: str, replies: Sequence[str]) -> Failure:
    if not text.strip():
        return Failure("empty", "the reply is empty", where, tuple(replies))
    kind: Literal["refused", "unparsed"] = "refused" if is_refusal(text) else "unparsed"
    return Failure(kind, reason, where, tuple(replies))


def _with_schema(messages: Sequence[Message], schema: Mapping[str, Any]) -> list[Message]:
    """The same talk with the schema at the end of its last message."""
    last = messages[-1]
    text = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    asked = f"{last['content']}\n\nAnswer with one JSON object of this JSON schema and nothing else:\n{text}"
    return [*messages[:-1], {"role": last["role"], "content": asked}]


def _again(reason: str) -> str:
    return f"That cannot be used: {reason}. Give the whole JSON object again, corrected, and nothing else."
