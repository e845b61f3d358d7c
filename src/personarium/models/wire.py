"""The OpenAI-compatible protocol as pure functions: request bodies out, replies, stream pieces and errors in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic_core import from_json, to_json

from personarium.core.chat import Message, Reply, Sampling, TokenLogprob, Usage
from personarium.core.errors import RemoteError, shorten

MIN_SECRET = 8  # shorter "keys" are placeholders such as "EMPTY"; cutting them out would maim ordinary replies
_KEY_LIKE = re.compile(r"\b(?:sk|gsk|pk|rk|hf)[-_][A-Za-z0-9_*.\-]{6,}|(?<=[Bb]earer )\S{6,}")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Dialect:
    """What an endpoint wants said differently.

    Args:
        max_tokens_field: ``max_tokens`` everywhere but at OpenAI, whose reasoning models refuse that name.
        send_defaults: Whether temperature 1 and top_p 1 are written out. Local servers have defaults of their own, so
            they must be; OpenAI documents 1 as its default and some of its models refuse the field.
        extra: Fields of every request.
    """

    max_tokens_field: str = "max_tokens"
    send_defaults: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


PLAIN = Dialect()


def chat_body(
    model: str, messages: Sequence[Message], sampling: Sampling, dialect: Dialect = PLAIN, stream: bool = False
) -> bytes:
    """The request body of ``/chat/completions``."""
    body: dict[str, Any] = {"model": model, "messages": list(messages), **dialect.extra}
    if dialect.send_defaults or sampling.temperature != 1.0:
        body["temperature"] = sampling.temperature
    if dialect.send_defaults or sampling.top_p != 1.0:
        body["top_p"] = sampling.top_p
    if sampling.max_tokens is not None:
        body[dialect.max_tokens_field] = sampling.max_tokens
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if (seed := sampling.sent_seed) is not None:
        body["seed"] = seed
    if sampling.top_logprobs is not None:
        body["logprobs"] = True
        body["top_logprobs"] = sampling.top_logprobs
    if sampling.schema is not None:
        body["response_format"] = response_format(sampling.schema)
    if sampling.tools:
        body["tools"] = [dict(tool) for tool in sampling.tools]
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    body.update(sampling.extra)
    try:
        return to_json(body, inf_nan_mode="constants")  # five times as fast as json, and every call passes here
    except ValueError:  # half a surrogate pair, or a type that the quick writer does not know
        return _encode(body).encode("utf-8", "surrogatepass")


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The ``response_format`` that asks for a reply of this JSON schema."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", str(schema.get("title") or "reply"))[:64]
    wanted = {"name": name, "schema": dict(schema), "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": wanted}


def is_strict(schema: Any) -> bool:
    """Whether every object names all its properties as required and allows no others: what ``strict`` demands.

    Source: OpenAI, Structured outputs guide, "Supported schemas".
    """
    if isinstance(schema, Mapping):
        if "properties" in schema:
            closed = schema.get("additionalProperties") is False
            if not closed or set(schema.get("required", ())) != set(schema["properties"]):
                return False
        return all(is_strict(value) for value in schema.values())
    return all(is_strict(value) for value in schema) if isinstance(schema, list) else True


class Wrong(Exception):
    """A reply that is not of the protocol; the message says what is wrong with it."""


def parse_json(raw: bytes) -> dict[str, Any]:
    """The JSON object in a response body.

    Raises:
        Wrong: When it is truncated, no JSON, or no object.
    """
    try:
        data = from_json(raw, cache_strings="keys")
    except ValueError:
        data = _slowly(raw)
    if not isinstance(data, dict):
        raise Wrong(f"a JSON {type(data).__name__} where an object is due")
    return data


def _slowly(raw: bytes) -> Any:
    """What the quick reader refuses: other encodings, half surrogate pairs, deep nesting; and what to say of the rest."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        at_end = isinstance(error, json.JSONDecodeError) and error.pos >= len(error.doc.rstrip()) - 1
        cut = "truncated JSON" if raw[:1] == b"{" and (at_end or "Unterminated" in str(error)) else "no JSON"
        raise Wrong(f"{cut} ({len(raw)} bytes, beginning {shorten(raw[:60].decode('utf-8', 'replace'), 70)})") from None


def read_reply(data: Mapping[str, Any]) -> Reply:
    """The reply in a ``chat.completion`` object.

    Raises:
        Wrong: When a part that the protocol requires is missing or of the wrong type.
    """
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Wrong("no 'choices'")
    choice = choices[0]
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Wrong("no 'choices[0].message'")
    return Reply(
        text=_text(message),
        finish_reason=_finish(choice.get("finish_reason")),
        usage=read_usage(data.get("usage")),
        logprobs=read_logprobs(choice.get("logprobs")),
        tool_calls=tuple(message.get("tool_calls") or ()),
        model=str(data.get("model") or ""),
    )


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if content is None:  # a refusal is what was said, so readers that count refusals must see it
        return str(message.get("refusal") or "")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    raise Wrong(f"'content' is a {type(content).__name__}, not a text")


def _finish(reason: Any) -> str:
    return reason if isinstance(reason, str) else "stop"


def read_usage(usage: Any) -> Usage:
    """Tokens and cost as the endpoint counted them; OpenRouter adds ``cost`` in dollars."""
    if not isinstance(usage, dict):
        return Usage(requests=1)
    cost = usage.get("cost")
    return Usage(
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
        1,
        float(cost) if isinstance(cost, (int, float)) else None,
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def read_logprobs(block: Any) -> tuple[TokenLogprob, ...] | None:
    """Log-probabilities per generated token, or None when the endpoint sent none."""
    content = block.get("content") if isinstance(block, dict) else None
    if not isinstance(content, list):
        return None
    try:
        return tuple(
            TokenLogprob(
                one["token"],
                float(one["logprob"]),
                tuple((top["token"], float(top["logprob"])) for top in one.get("top_logprobs") or ()),
            )
            for one in content
        )
    except (KeyError, TypeError, ValueError):
        raise Wrong("'logprobs.content' without token and logprob") from None


class Stream:
    """Puts the pieces of a streamed reply together.

    ``feed`` takes bytes as they come and yields the new text; ``reply`` gives the whole when ``ended`` is true; ``received``
    counts the characters so far.
    """

    def __init__(self) -> None:
        self.ended = False
        self.received = 0
        self.error: Mapping[str, Any] | None = None
        self._rest = b""
        self._text = bytearray()  # a list of pieces would take five times the memory while many replies stream
        self._finish: str | None = None
        self._usage = Usage(requests=1)
        self._logprobs: list[TokenLogprob] = []
        self._tools: dict[int, dict[str, Any]] = {}
        self._model = ""

    def feed(self, data: bytes) -> Iterator[str]:
        """Read the complete lines of ``data``; an event line is ``data: {...}`` or ``data: [DONE]``."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not line.startswith(b"data:"):
                continue  # comments (":" keeps the line open), event names, blank lines
            payload = line[5:].strip()
            if payload == b"[DONE]":
                self.ended = True
                return
            text = self._chunk(parse_json(payload))
            if text:
                self._text += text.encode("utf-8", "surrogatepass")
                self.received += len(text)
                yield text

    def _chunk(self, chunk: Mapping[str, Any]) -> str:
        if isinstance(chunk.get("error"), (dict, str)):
            error = chunk["error"]
            self.error = error if isinstance(error, dict) else {"message": error}
            return ""
        self._model = self._model or str(chunk.get("model") or "")
        if isinstance(chunk.get("usage"), dict):
            self._usage = read_usage(chunk["usage"])
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices:
            return ""
        choice = choices[0]
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if not isinstance(delta, dict):
            raise Wrong("a stream chunk without 'delta'")
        self._finish = choice.get("finish_reason") or self._finish
        self._logprobs.extend(read_logprobs(choice.get("logprobs")) or ())
        for call in delta.get("tool_calls") or ():
            self._merge_tool(call)
        return str(delta.get("content") or delta.get("refusal") or "")

    def _merge_tool(self, call: Mapping[str, Any]) -> None:
        new = {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        whole = self._tools.setdefault(int(call.get("index", 0)), new)
        whole["id"] = call.get("id") or whole["id"]
        function = call.get("function") or {}
        for key in ("name", "arguments"):
            whole["function"][key] += function.get(key) or ""

    @property
    def complete(self) -> bool:
        """Whether the reply came to its end; some servers close after ``finish_reason`` without ``[DONE]``."""
        return self.ended or self._finish is not None

    def reply(self) -> Reply:
        """The whole reply."""
        tools = tuple(self._tools[i] for i in sorted(self._tools))
        probs = tuple(self._logprobs) or None
        text = self._text.decode("utf-8", "surrogatepass")
        return Reply(text, _finish(self._finish), self._usage, probs, tools, self._model)


# -- errors ------------------------------------------------------------------------------------------------------------


def status_error(status: int, raw: bytes, headers: Mapping[str, str], who: str) -> RemoteError:
    """The error for an HTTP status that is not 200, with the endpoint's own words, shortened."""
    try:
        data = parse_json(raw)
    except Wrong:
        data = {}
    return body_error(status, data.get("error") or data.get("detail") or data.get("message"), headers, who, raw)


def body_error(status: int, error: Any, headers: Mapping[str, str], who: str, raw: bytes = b"") -> RemoteError:
    """The error for an ``error`` object, wherever it came (a status, a 200 body, a stream chunk)."""
    said, code = _said(error, raw)
    tail = f": {said}" if said else ""
    if status in (401, 403):
        return RemoteError(f"{who} does not accept the key (HTTP {status}){tail}", "auth", status)
    if status == 402 or code == "insufficient_quota":
        return RemoteError(f"the account at {who} has no credit left (HTTP {status}){tail}", "refused", status)
    if status == 429:
        return RemoteError(f"{who} is limiting us (HTTP 429){tail}", "rate_limit", 429, retry_after(headers))
    if status == 404:
        return RemoteError(f"{who} knows no such model or address (HTTP 404){tail}", "bad_request", 404)
    if status >= 500 or status in (408, 409, 425):
        return RemoteError(f"{who} failed (HTTP {status}){tail}", "server", status, retry_after(headers))
    if 300 <= status < 400:
        said = f"redirects to {headers.get('Location', '?')}; give that address as base URL"
        return RemoteError(f"{who} {said} (HTTP {status})", "bad_request", status)
    return RemoteError(f"{who} refused the request (HTTP {status}){tail}", "bad_request", status)


def _said(error: Any, raw: bytes) -> tuple[str, str]:
    if isinstance(error, Mapping):
        return _short(error.get("message") or error.get("code") or ""), str(
            error.get("code") or error.get("type") or ""
        )
    if error:
        return _short(error), ""
    text = raw[:400].decode("utf-8", "replace")
    return ("" if text.lstrip().startswith("<") else _short(text)), ""  # an HTML error page says nothing


def _short(value: Any, limit: int = 200) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that the endpoint asks us to wait: ``retry-after-ms``, ``Retry-After`` in seconds or as an HTTP date."""
    for name, unit in (("retry-after-ms", 0.001), ("Retry-After", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
            return min(max(0.0, seconds), 86400.0) if seconds == seconds else None
        except ValueError:
            pass
        try:
            when = parsedate_to_datetime(value)
        except ValueError:
            continue
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())
    return None


# -- keys --------------------------------------------------------------------------------------------------------------


class Redactor:
    """Cuts a key out of whatever an endpoint sends back.

    Args:
        key: The key, or None when none is sent.
    """

    MASK = "[key]"

    def __init__(self, key: str | None) -> None:
        secret = key if key and len(key) >= MIN_SECRET else ""
        self._secret = secret
        forms = {secret, json.dumps(secret)[1:-1], secret.replace("/", "\\/")} if secret else set()
        self._forms = tuple(form.encode() for form in sorted(forms, key=len, reverse=True))

    def raw(self, body: bytes) -> bytes:
        """A response body without the key."""
        for form in self._forms:
            if form in body:
                body = body.replace(form, self.MASK.encode())
        return body

    def text(self, text: str) -> str:
        """A text without the key."""
        return text.replace(self._secret, self.MASK) if self._secret else text

    def message(self, text: str) -> str:
        """An error message without the key, and without whatever looks like one (endpoints echo keys half masked)."""
        return _KEY_LIKE.sub(self.MASK, self.text(text))

    def reply(self, reply: Reply) -> Reply:
        """A reply without the key, for those put together from pieces in which ``raw`` could not see it."""
        if not self._secret:
            return reply
        tools = tuple(json.loads(self.text(json.dumps(call, ensure_ascii=False))) for call in reply.tool_calls)
        return replace(reply, text=self.text(reply.text), model=self.text(reply.model), tool_calls=tools)

    def split(self, held: str) -> tuple[str, str]:
        """(what may be shown, what must wait) of streamed text: a key may arrive in two pieces."""
        held = self.text(held)
        for size in range(min(len(self._secret) - 1, len(held)), 0, -1):
            if held.endswith(self._secret[:size]):
                return held[:-size], held[-size:]
        return held, ""
