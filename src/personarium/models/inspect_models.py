"""Any model that Inspect AI knows as a chat model: ``inspect/openai/gpt-4o``, ``inspect/anthropic/…``, ``inspect/mockllm/model``.

Inspect's own retries are off for a model opened by name, for a run has its own; inside an Inspect task they stay as the user of
Inspect set them. Streaming falls back to one piece. Keys come from where Inspect looks for them.

Source: Inspect AI 0.3.285, ``inspect_ai.model``.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Mapping, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any

from personarium.core.chat import Message, Reply, Sampling, TokenLogprob, Usage
from personarium.core.errors import PersonariumError, RemoteError, UsageError, shorten
from personarium.models.wrapper import DEFAULT

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput
    from inspect_ai.tool import ToolInfo

PREFIX = "inspect/"
MISSING = "models of Inspect AI need the extra 'inspect': pip install \"personarium[inspect]\""
_MARKUP = re.compile(r"\[/?[a-z ]{1,20}\]")  # of Inspect's messages, which are written for a terminal
_FINISHED = {"max_tokens": "length", "model_length": "length", "unknown": "stop"}
_CONNECTION = ("connect", "network", "gaierror", "readerror", "writeerror", "closed")


class InspectModel:
    """A model of Inspect AI as a chat model.

    Args:
        model: ``provider/model`` as Inspect names it, or an open ``inspect_ai.model.Model``.
        base_url: Replaces the provider's address.
        timeout_s: Seconds that one request may take; whole seconds, the next higher.
        own_retries: Leave retries to Inspect (and calls to its transcript): for a model inside a running Inspect task.

    Raises:
        UsageError: The extra ``inspect`` is not installed, or Inspect knows no such model or lacks its key or package.
    """

    def __init__(
        self,
        model: str | Model,
        *,
        base_url: str | None = None,
        timeout_s: float | None = None,
        own_retries: bool = False,
    ) -> None:
        self.supports_schema: bool | None = None
        self._model = _open(model, base_url) if isinstance(model, str) else model
        self._own_retries = own_retries
        self._timeout = None if timeout_s is None else math.ceil(timeout_s)
        address = f"@{base_url.rstrip('/')}" if base_url else ""
        self.name = f"{PREFIX}{self._model}{address}"

    def __repr__(self) -> str:
        return f"InspectModel({self.name!r})"

    async def generate(self, messages: Sequence[Message], sampling: Sampling = DEFAULT) -> Reply:
        """One reply.

        Raises:
            RemoteError: None could be had, or (kind ``bad_request``) the request says what Inspect cannot say.
        """
        from inspect_ai.model import ModelRefusalError
        from inspect_ai.util import LimitExceededError

        config = _config(sampling, self._timeout, None if self._own_retries else 0)
        tools = [_tool(tool, self.name) for tool in sampling.tools]
        asked = self._model.generate([_chat_message(m) for m in messages], tools=tools, config=config)
        try:
            # Outside a task Inspect notes every call in the transcript of the running context, for ever: each gets its own.
            output = await (asked if self._own_retries else asyncio.create_task(asked, context=Context()))
        except (PersonariumError, LimitExceededError, ModelRefusalError):
            raise  # the last two are how Inspect ends a sample
        except Exception as error:  # providers raise what their client libraries raise
            raise remote_error(error, self.name) from error
        return _reply(output, self.name)

    async def aclose(self) -> None:
        """Close the provider's client."""
        if not self._own_retries:
            await self._model.api.aclose()


def _open(name: str, base_url: str | None) -> Model:
    try:
        from inspect_ai.model import get_model
    except ImportError as error:
        raise UsageError(f"{MISSING} ({error.name} is not installed)") from None
    try:
        # not memoised: a client belongs to the event loop that it was first used in, and this model is closed with its run
        return get_model(name, base_url=base_url, memoize=False)
    except PersonariumError:
        raise
    except Exception as error:  # a missing key, package or provider: each provider raises its own
        said = " ".join(_MARKUP.sub("", str(getattr(error, "message", None) or error)).split())
        raise UsageError(f"{PREFIX}{name}: Inspect cannot open it: {said[:300]}") from error


# --- what is sent ---


def _chat_message(message: Message) -> ChatMessage:
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser

    kinds: Mapping[str, type[ChatMessage]] = {
        "system": ChatMessageSystem,
        "user": ChatMessageUser,
        "assistant": ChatMessageAssistant,
        "tool": ChatMessageTool,
    }
    return kinds[message["role"]](content=message["content"])


def _config(sampling: Sampling, timeout: int | None, retries: int | None) -> GenerateConfig:
    from inspect_ai.model import GenerateConfig

    asked = sampling.top_logprobs
    return GenerateConfig(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_tokens=sampling.max_tokens,
        stop_seqs=list(sampling.stop) or None,
        seed=sampling.sent_seed,
        logprobs=None if asked is None else True,
        top_logprobs=asked or None,
        response_schema=None if sampling.schema is None else _schema(sampling.schema),
        extra_body=dict(sampling.extra) or None,
        attempt_timeout=timeout,
        max_retries=retries,
    )


def _schema(schema: Mapping[str, Any]) -> Any:
    """The schema in Inspect's form, if nothing that binds is lost; who is refused puts it into the prompt instead."""
    from inspect_ai.model import ResponseSchema
    from inspect_ai.util import JSONSchema

    wanted = _untitled(schema)
    found = JSONSchema.model_validate(wanted)
    if found.model_dump(exclude_unset=True) != wanted:
        raise RemoteError("Inspect cannot state this JSON schema whole", "bad_request", 400)
    return ResponseSchema(name=str(schema.get("title") or "reply"), json_schema=found)


def _untitled(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without titles, which say nothing of what is allowed and which Inspect does not know."""
    kept = {key: value for key, value in schema.items() if key != "title"}
    for key in ("properties", "$defs"):
        if isinstance(kept.get(key), Mapping):
            kept[key] = {name: _untitled(one) for name, one in kept[key].items()}
    if isinstance(kept.get("items"), Mapping):
        kept["items"] = _untitled(kept["items"])
    if isinstance(kept.get("anyOf"), list):
        kept["anyOf"] = [_untitled(one) for one in kept["anyOf"]]
    return kept


def _tool(tool: Mapping[str, Any], name: str) -> ToolInfo:
    """A tool definition of the OpenAI form, in Inspect's."""
    from inspect_ai.tool import ToolInfo
    from pydantic import ValidationError

    function = tool.get("function")
    try:
        return ToolInfo.model_validate(function)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "function"
        raise RemoteError(
            f"{name}: a tool's {place} is not as Inspect needs it: {first['msg']}", "bad_request"
        ) from None


# --- what comes back ---


def _reply(output: ModelOutput, name: str) -> Reply:
    if output.empty:
        raise RemoteError(f"{name} gave no reply{f': {shorten(output.error)}' if output.error else ''}", "empty")
    choice = output.choices[0]
    return Reply(
        text=output.completion,
        finish_reason=_FINISHED.get(choice.stop_reason, choice.stop_reason),
        usage=_usage(output),
        logprobs=None if choice.logprobs is None else tuple(_logprob(token) for token in choice.logprobs.content),
        tool_calls=tuple(_tool_call(call) for call in choice.message.tool_calls or ()),
        model=output.model,
    )


def _usage(output: ModelOutput) -> Usage:
    found = output.usage
    if found is None:
        return Usage(requests=1)
    read = found.input_tokens + (found.input_tokens_cache_read or 0) + (found.input_tokens_cache_write or 0)
    return Usage(read, found.output_tokens, 1, found.total_cost)


def _logprob(token: Any) -> TokenLogprob:
    top = tuple((one.token, one.logprob) for one in token.top_logprobs or ())
    return TokenLogprob(token.token, token.logprob, top)


def _tool_call(call: Any) -> dict[str, Any]:
    """As an OpenAI-compatible endpoint returns it."""
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.function, "arguments": arguments}}


# --- what goes wrong ---


def remote_error(error: BaseException, name: str) -> RemoteError:
    """What a provider raised as the error that engines count; the kind decides whether asking again may help.

    Args:
        error: Whatever came out of Inspect or a provider's client.
        name: The model, for the message.
    """
    cause = _cause(error)
    if isinstance(cause, RemoteError):
        return cause
    status = _status(cause) or _status(error)
    said = f"{name}: {type(cause).__name__}: {shorten(str(cause) or 'no message', 300)}"
    return RemoteError(said, _kind(cause, status), status)


def _cause(error: BaseException) -> BaseException:
    """The provider's error, under the wrapping of retries that ended (tenacity) or of Inspect."""
    last = getattr(error, "last_attempt", None)
    inner = last.exception() if last is not None else None
    if inner is None and type(error).__name__ == "ModelGenerateError":
        inner = error.__cause__
    return error if inner is None else _cause(inner)


def _status(error: BaseException) -> int | None:
    for name in ("status_code", "code", "status"):
        value = getattr(error, name, None)
        if isinstance(value, int) and 100 <= value < 600:
            return value
    return None


def _kind(error: BaseException, status: int | None) -> str:
    if status is not None:
        known = {401: "auth", 403: "auth", 408: "timeout", 429: "rate_limit"}
        return known.get(status) or ("server" if status >= 500 else "bad_request")
    called = type(error).__name__.lower()
    if isinstance(error, TimeoutError) or "timeout" in called:
        return "timeout"
    if isinstance(error, ConnectionError) or any(part in called for part in _CONNECTION):
        return "connection"
    return "bad_request"
