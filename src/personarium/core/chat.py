"""What is said to a chat model and what comes back: messages, sampling, replies, and the protocol itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypedDict, runtime_checkable

Role = Literal["system", "user", "assistant", "tool"]


class Message(TypedDict):
    """One chat message exactly as an OpenAI-compatible endpoint receives it; a plain dict at run time."""

    role: Role
    content: str


def system(text: str) -> Message:
    """A system message."""
    return {"role": "system", "content": text}


def user(text: str) -> Message:
    """A user message."""
    return {"role": "user", "content": text}


def assistant(text: str) -> Message:
    """An assistant message."""
    return {"role": "assistant", "content": text}


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is to be drawn.

    Args:
        temperature: 0 asks for the most likely reply; the simulated subject then ignores the seed.
        top_p: Nucleus mass in (0, 1].
        max_tokens: Most new tokens, or None for the endpoint's own limit.
        stop: Texts that end the reply.
        seed: The run's seed; None means that no seed is sent and draws cannot be repeated.
        top_logprobs: How many alternatives to return per token; None asks for no log-probabilities.
        schema: A JSON schema that the reply must satisfy (native structured output where the endpoint has it).
        tools: Tool definitions in the endpoint's format.
        extra: Further fields of the request body, sent as they are (``repetition_penalty``, ...).
        sample: Which of several samples of the same question this is.
        repeat: Which repeat of the whole run or condition this is.
        attempt: Which re-ask of the same question this is (0 is the first).
    """

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    top_logprobs: int | None = None
    schema: Mapping[str, Any] | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    sample: int = 0
    repeat: int = 0
    attempt: int = 0

    def but(self, **changes: Any) -> Sampling:
        """The same sampling with some fields replaced; itself when nothing changes (this stands on the hot path)."""
        if all(getattr(self, name) == value for name, value in changes.items()):
            return self
        # As dataclasses.replace, but four times as fast; an unknown name has raised in the line above.
        other = object.__new__(Sampling)
        for name in Sampling.__slots__:
            object.__setattr__(other, name, changes[name] if name in changes else getattr(self, name))
        return other

    @property
    def sent_seed(self) -> int | None:
        """The seed that goes over the wire (0 .. 2**31 - 1): it carries sample, repeat and attempt; None sends none."""
        if self.seed is None:
            return None
        if not (self.sample or self.repeat or self.attempt):
            return self.seed
        text = f"{self.seed}|{self.sample}|{self.repeat}|{self.attempt}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") & 0x7FFFFFFF

    def as_dict(self) -> dict[str, Any]:
        """The fields that differ from the default, JSON-ready and in a fixed order (records and cache keys use it)."""
        out: dict[str, Any] = {"temperature": self.temperature, "top_p": self.top_p}
        for name in ("max_tokens", "seed", "top_logprobs", "schema"):
            value = getattr(self, name)
            if value is not None:
                out[name] = value
        if self.stop:
            out["stop"] = list(self.stop)
        if self.tools:
            out["tools"] = list(self.tools)
        if self.extra:
            out["extra"] = dict(self.extra)
        for name in ("sample", "repeat", "attempt"):
            if getattr(self, name):
                out[name] = getattr(self, name)
        return out


@dataclass(frozen=True, slots=True)
class Usage:
    """What replies cost: tokens, endpoint requests and US dollars (None: the price is not known)."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    requests: int = 0
    cost_usd: float | None = None

    def __add__(self, other: Usage) -> Usage:
        known = [c for c in (self.cost_usd, other.cost_usd) if c is not None]
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.requests + other.requests,
            sum(known) if known else None,
        )


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token with its natural-log probability and the alternatives that were returned for its place."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Args:
        text: The reply; may be empty.
        finish_reason: ``stop``, ``length``, ``content_filter`` or ``tool_calls``.
        usage: Tokens and cost of this reply; zero requests when it came from the cache.
        logprobs: Per generated token, when they were asked for and the endpoint has them.
        tool_calls: As the endpoint returned them.
        model: The name that the endpoint gave itself.
        cached: Whether this reply was read from disk instead of asked for.
    """

    text: str
    finish_reason: str = "stop"
    usage: Usage = Usage()
    logprobs: tuple[TokenLogprob, ...] | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    model: str = ""
    cached: bool = False


@runtime_checkable
class ChatModel(Protocol):
    """Anything that answers messages: a remote endpoint, a local transformer, a scripted or a simulated subject.

    ``name`` goes into cache keys, records and reports; it must say everything that changes the replies.
    ``generate`` raises :class:`~personarium.core.errors.RemoteError` when no reply could be had.
    """

    @property
    def name(self) -> str: ...

    async def generate(self, messages: Sequence[Message], sampling: Sampling = ...) -> Reply: ...


@runtime_checkable
class StreamingModel(ChatModel, Protocol):
    """A chat model that can also deliver its reply piece by piece: text pieces, and last the whole :class:`Reply`."""

    def stream(self, messages: Sequence[Message], sampling: Sampling = ...) -> AsyncIterator[str | Reply]: ...


def canonical_json(value: Any) -> str:
    """One text for one value: keys sorted, no blanks, Unicode as it is; what hashes and cache keys are taken of."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot stand in a canonical text")
