"""The bodies of ``/v1/chat/completions``, as OpenAI defines them and as far as a persona can follow."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from personarium.apps.server.errors import ApiError
from personarium.apps.server.keys import LONGEST_USER
from personarium.core.chat import Message, Sampling
from personarium.play.agents import PLAYING

MOST_CHOICES = 8
# Fields that OpenAI knows and that change nothing here: they are taken and not followed.
IGNORED = frozenset(
    {
        *("metadata", "modalities", "moderation", "parallel_tool_calls", "prediction", "prompt_cache_key"),
        *("prompt_cache_options", "prompt_cache_retention", "safety_identifier", "service_tier", "store", "verbosity"),
    }
)
# Fields that go to the model behind the persona as they are.
PASSED_ON = (
    *("frequency_penalty", "logit_bias", "presence_penalty", "reasoning_effort"),
    *("min_p", "repetition_penalty", "top_k"),  # of local servers
)
Role = Literal["system", "developer", "user", "assistant"]
Penalty = Annotated[float, Field(ge=-2, le=2)]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)  # 7.0 is a whole number in JSON, and "7" is none


class Wish(BaseModel):
    """A part of a request: a number is no text and a text no number."""

    model_config = ConfigDict(strict=True)


class TextPart(Wish):
    """A piece of a message; pieces are joined."""

    type: Literal["text"]
    text: str


class SentMessage(Wish):
    """One message of the conversation."""

    role: Role
    content: str | list[TextPart] | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """What it says."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(Wish):
    """Of a stream."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class JsonSchema(Wish):
    """A schema that the reply must satisfy."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class PlainFormat(Wish):
    """Words, or any JSON object."""

    type: Literal["text", "json_object"]


class SchemaFormat(Wish):
    """A JSON object of this schema; followed where the model behind the persona can."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


class ChatRequest(Wish):
    """A conversation whose next turn a persona is asked for."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": False})

    model: Annotated[str, Field(description="Id of the persona.", min_length=1)]
    messages: Annotated[list[SentMessage], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=MOST_CHOICES), WHOLE] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000), WHOLE] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=1_000_000), WHOLE] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63), WHOLE] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20), WHOLE] | None = None
    response_format: Annotated[PlainFormat | SchemaFormat, Field(discriminator="type")] | None = None
    user: Annotated[
        str | None,
        Field(
            description="Whose memory the persona uses: one of the key's users. Without, nothing is remembered.",
            min_length=1,
            max_length=LONGEST_USER,
        ),
    ] = None
    metadata: Annotated[
        dict[str, str] | None, Field(description="`conversation`: a name that tells one talk from another.")
    ] = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    reasoning_effort: Annotated[str, Field(max_length=32)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] | None = None
    top_k: Annotated[int, Field(ge=-1, le=1_000_000), WHOLE] | None = None

    def check(self) -> None:
        """Refuse what a persona cannot follow.

        Raises:
            ApiError: 400 naming the field.
        """
        for name, value in (self.model_extra or {}).items():
            if name in IGNORED or value is None:
                continue
            if name in ("tools", "functions", "audio", "web_search_options"):
                raise ApiError(
                    400, f"a persona answers in words; {name} cannot be used", code="unsupported", param=name
                )
            if name in ("tool_choice", "function_call"):
                if value in ("none", "auto"):
                    continue
                raise ApiError(400, f"a persona has no tools; leave {name} out", code="unsupported", param=name)
            raise ApiError(400, "this field is not known; see /openapi.json", code="unknown_parameter", param=name[:80])

    @property
    def conversation(self) -> str:
        """The client's name of the conversation; empty when it gives none."""
        return (self.metadata or {}).get("conversation", "")

    def said(self) -> list[Message]:
        """The messages in plain form."""
        roles: dict[Role, Any] = {"developer": "system"}
        return [{"role": roles.get(one.role, one.role), "content": one.text} for one in self.messages]

    def sampling(self) -> Sampling:
        """How the reply is to be drawn; what the client leaves open is as personas are played elsewhere."""
        extra: dict[str, Any] = {name: value for name in PASSED_ON if (value := getattr(self, name)) is not None}
        form, schema = self.response_format, None
        if form is not None and form.type != "text":
            extra["response_format"] = form.model_dump(by_alias=True, exclude_none=True)
            schema = form.json_schema.schema_ if isinstance(form, SchemaFormat) else None
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return Sampling(
            temperature=PLAYING.temperature if self.temperature is None else self.temperature,
            top_p=1.0 if self.top_p is None else self.top_p,
            max_tokens=self.max_completion_tokens or self.max_tokens,
            stop=tuple(filter(None, stop)),
            seed=self.seed,
            top_logprobs=(self.top_logprobs or 0) if self.logprobs else None,
            schema=schema,
            extra=extra,
        )


class CompletionUsage(BaseModel):
    """Tokens as the model behind the persona counted them, the persona's own prompt included."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class AnswerMessage(BaseModel):
    """What the persona said."""

    role: Literal["assistant"]
    content: str
    refusal: str | None = None


class TopLogprob(BaseModel):
    """An alternative to a token."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class TokenLogprobs(TopLogprob):
    """A token of the reply."""

    top_logprobs: list[TopLogprob]


class ChoiceLogprobs(BaseModel):
    """Log-probabilities, where the model behind the persona gives them."""

    content: list[TokenLogprobs] | None
    refusal: None = None


class Choice(BaseModel):
    """One reply."""

    index: int
    message: AnswerMessage
    finish_reason: str
    logprobs: ChoiceLogprobs | None = None


class ChatCompletion(BaseModel):
    """The persona's next turn."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: CompletionUsage
