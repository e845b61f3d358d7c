"""Personarium's models as a provider of Inspect: ``personarium/simulated``, ``personarium/simulated/copycat``, ``personarium/vllm/…``.

Everything behind the first slash is a model name of :func:`personarium.models.open_model`. A name on Inspect's command line
cannot hold a comma, so the parameters of ``simulated`` may also be model arguments: ``-M fidelity=0.8 -M drift=0.2``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    RetryDecision,
    StopReason,
    TopLogprob,
    modelapi,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from personarium.core.chat import ChatModel, Message, Reply, Sampling, TokenLogprob
from personarium.core.errors import RemoteError, UsageError

_STOPPED: Mapping[str, StopReason] = {
    "stop": "stop",
    "length": "max_tokens",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
}


@modelapi(name="personarium")
def personarium() -> type[ModelAPI]:
    """The provider; Inspect calls it for the class."""
    return PersonariumAPI


class PersonariumAPI(ModelAPI):
    """One Personarium model as Inspect asks it.

    Args:
        model_name: A name of :func:`personarium.models.open_model`.
        base_url: Of an endpoint.
        api_key: Of an endpoint; the environment's otherwise.
        config: Inspect's; every call brings its own.
        model_args: Parameters of ``simulated``, or options of the model.

    Raises:
        UsageError: Such a model does not exist, or it is one of Inspect's own again.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        self.chat_model = _open(model_name, base_url, api_key, model_args)

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """One reply.

        Raises:
            RemoteError: The model gave none; :meth:`should_retry` tells Inspect whether to ask again.
        """
        reply = await self.chat_model.generate([_message(m) for m in input], _sampling(config, tools))
        return _output(reply, self.chat_model.name)

    def should_retry(self, ex: Exception) -> RetryDecision:
        """Asking again may help where the error's kind says so."""
        if not isinstance(ex, RemoteError) or not ex.retryable:
            return RetryDecision.no()
        decide = RetryDecision.rate_limit if ex.kind == "rate_limit" else RetryDecision.transient
        return decide(retry_after=ex.retry_after_s)

    async def count_text_tokens(self, text: str) -> int:
        """By the rule of four characters: Inspect's own counter fetches its table from the network."""
        from personarium.core.tokens import estimate_tokens

        return estimate_tokens(text)

    def max_connections(self) -> int:
        """Calls at once; a model in this process does not get tired."""
        return 100

    def connection_key(self) -> str:
        """One pool of connections for each model."""
        return self.model_name

    async def aclose(self) -> None:
        """Close the model's connections."""
        from personarium.models import close

        await close(self.chat_model)


def _open(name: str, base_url: str | None, api_key: str | None, options: Mapping[str, Any]) -> ChatModel:
    from personarium.models import open_model

    if name.startswith("inspect/"):
        raise UsageError(f"personarium/{name} is Inspect's own model twice wrapped; name it {name.partition('/')[2]}")
    if name.split(":")[0].split("/")[0] == "simulated" and options:
        joined = ",".join(f"{key}={value}" for key, value in options.items())
        return open_model(f"{name}{',' if ':' in name else ':'}{joined}", base_url=base_url, api_key=api_key)
    return open_model(name, base_url=base_url, api_key=api_key, **options)


def _message(message: ChatMessage) -> Message:
    return {"role": message.role, "content": message.text}


def _sampling(config: GenerateConfig, tools: Sequence[ToolInfo]) -> Sampling:
    """Only what was asked for; the rest stays at our defaults."""
    asked = config.logprobs or config.top_logprobs
    given: dict[str, Any] = {
        "temperature": config.temperature,
        "top_p": config.top_p,
        "max_tokens": config.max_tokens,
        "seed": config.seed,
        "stop": None if config.stop_seqs is None else tuple(config.stop_seqs),
        "top_logprobs": (config.top_logprobs or 0) if asked else None,
        "extra": config.extra_body,
        "tools": tuple(_tool(tool) for tool in tools) or None,
    }
    if config.response_schema is not None:
        given["schema"] = config.response_schema.json_schema.model_dump(exclude_unset=True)
    return Sampling(**{name: value for name, value in given.items() if value is not None})


def _tool(tool: ToolInfo) -> dict[str, Any]:
    return {"type": "function", "function": tool.model_dump(exclude_unset=True)}


def _output(reply: Reply, name: str) -> ModelOutput:
    calls = [_tool_call(call) for call in reply.tool_calls] or None
    message = ChatMessageAssistant(content=reply.text, tool_calls=calls, model=name, source="generate")
    choice = ChatCompletionChoice(
        message=message,
        stop_reason=_STOPPED.get(reply.finish_reason, "unknown"),
        logprobs=None if reply.logprobs is None else Logprobs(content=[_logprob(token) for token in reply.logprobs]),
    )
    usage = reply.usage
    return ModelOutput(
        model=reply.model or name,
        choices=[choice],
        usage=ModelUsage(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            total_tokens=usage.prompt_tokens + usage.completion_tokens,
            total_cost=usage.cost_usd,
        ),
    )


def _logprob(token: TokenLogprob) -> Logprob:
    top = [TopLogprob(token=text, logprob=value) for text, value in token.top]
    return Logprob(token=token.token, logprob=token.logprob, top_logprobs=top)


def _tool_call(call: Mapping[str, Any]) -> ToolCall:
    function = call.get("function") or {}
    try:
        arguments = json.loads(function.get("arguments") or "{}")
        problem = None if isinstance(arguments, dict) else "the arguments are no JSON object"
    except ValueError as error:
        arguments, problem = {}, str(error)
    return ToolCall(
        id=str(call.get("id") or "call"),
        function=str(function.get("name") or ""),
        arguments=arguments if isinstance(arguments, dict) else {},
        parse_error=problem,
    )
