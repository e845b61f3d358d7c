"""A local OpenAI-compatible endpoint with programmable latency and faults, backed by any chat model.

In a test: ``async with StubServer(latency_ms=5) as stub: open_model("openai/tiny", base_url=stub.base_url)``.
In a process of its own: ``python -m personarium.testing.stub --port 0 --latency-ms 50 --faulty 0.3 --model simulated``;
it prints its address. Without a model every question gets one fixed reply, without parsing, for load tests.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from weakref import WeakSet

from personarium.core.chat import ChatModel, Message, Reply, Sampling, TokenLogprob, Usage
from personarium.core.errors import PersonariumError, RemoteError, UsageError, shorten
from personarium.models.registry import open_model
from personarium.models.wrapper import close, stream_reply
from personarium.testing.stub_http import STREAM_HEAD, Connection, Request, chunk, response

KINDS = ("unauthorized", "rate_limit", "server_error", "hang", "drop", "truncate", "empty", "huge", "garbage")
MIXED = ("rate_limit", "server_error", "drop", "truncate", "empty", "garbage")
FIXED_REPLY = "I grew up by the sea and still keep a small boat; on free days I mend nets and read old maps."
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_READ_FIELDS = {"model", "messages", "temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed"}
_READ_FIELDS |= {"logprobs", "top_logprobs", "response_format", "tools", "stream", "stream_options"}


@dataclass(frozen=True, slots=True)
class Faults:
    """Which requests go wrong, and how.

    Args:
        shares: Share of the requests by kind of fault (one of ``KINDS``), together at most 1.
        schedule: Kind of fault by request number, from 0; goes before the shares. ``"none"`` exempts a request.
        seed: Which requests the shares hit.
        retry_after_s: What a 429 asks for; None asks for nothing.
        huge_bytes: Size of a ``huge`` reply.

    The kinds: ``unauthorized`` 401 that echoes the key; ``rate_limit`` 429; ``server_error`` 500; ``hang`` no answer
    until the client leaves; ``drop`` the connection is cut (in the middle of a stream, or before a whole answer);
    ``truncate`` half of the JSON with the right length for it; ``empty`` a reply without text; ``huge`` 10 MB;
    ``garbage`` an HTML page with status 200.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    schedule: Mapping[int, str] = field(default_factory=dict)
    seed: int = 0
    retry_after_s: float | None = 0.05
    huge_bytes: int = 10 << 20

    def __post_init__(self) -> None:
        for kind in [*self.shares, *self.schedule.values()]:
            if kind not in KINDS and kind != "none":
                raise UsageError(f"no fault is called {shorten(kind)}; known: {', '.join(KINDS)}")
        if any(share < 0 for share in self.shares.values()) or sum(self.shares.values()) > 1 + 1e-9:
            raise UsageError("the shares of faults must be 0 or more and together at most 1")

    @classmethod
    def mixed(cls, share: float, seed: int = 0, kinds: Sequence[str] = MIXED) -> Faults:
        """Faults in equal parts, together ``share`` of the requests."""
        return cls({kind: share / len(kinds) for kind in kinds}, seed=seed)

    def kind(self, number: int) -> str:
        """The fault of request ``number``, or ``"none"``."""
        if number in self.schedule:
            return self.schedule[number]
        if not self.shares:
            return "none"
        digest = blake2b(f"{self.seed}|{number}".encode(), digest_size=8).digest()
        u = int.from_bytes(digest, "big") / 2.0**64
        for kind, share in self.shares.items():
            u -= share
            if u < 0:
                return kind
        return "none"


class StubServer:
    """The endpoint in this process; an async context manager.

    Args:
        model: Who answers: a chat model, its name, or None for one fixed reply.
        latency_ms: Between a request and the first byte of its answer.
        faults: Which requests go wrong.
        key: Requests with another key get 401; None takes any.
        reply: The fixed reply.
        tokens_per_s: How fast each stream of the fixed reply gives its words; None as fast as it can.
        stamped: Whether each streamed piece says when it was sent, in place of a word: nanoseconds of this machine's monotonic
            clock, which other processes can read too.
        record: Whether to keep every request body in ``bodies``.
        port: 0 takes a free one.

    Attributes:
        base_url: For clients; ends in ``/v1``.
        requests: Chat requests so far.
        served: How they were answered, by kind of fault (``none``: well).
        bodies: The chat requests, when ``record`` is set.
    """

    def __init__(
        self,
        model: ChatModel | str | None = None,
        latency_ms: float = 0.0,
        faults: Faults | None = None,
        *,
        key: str | None = None,
        reply: str = FIXED_REPLY,
        tokens_per_s: float | None = None,
        stamped: bool = False,
        record: bool = False,
        port: int = 0,
    ) -> None:
        self.model = open_model(model) if isinstance(model, str) else model
        self.faults = faults or Faults()
        self.requests = 0
        self.served: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.base_url = ""
        self._faulty = bool(self.faults.shares or self.faults.schedule)
        self._latency_s, self._key, self._record, self._port = latency_ms / 1000, key, record, port
        self._fixed_reply = Reply(reply, usage=Usage(64, len(reply.split()), 1), model="stub")
        self._fixed = response(200, completion(self._fixed_reply, None))
        self._words = re.findall(r"\s*\S+", reply)
        self._tokens_per_s, self._stamped = tokens_per_s, stamped
        self._server: asyncio.Server | None = None
        self._connections: WeakSet[Connection] = WeakSet()

    async def __aenter__(self) -> StubServer:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, "127.0.0.1", self._port, backlog=1024)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self._connections):
            connection.drop()
        await self._server.wait_closed()
        if self.model is not None:
            await close(self.model)

    def _connect(self) -> Connection:
        connection = Connection(self._handle)
        self._connections.add(connection)
        return connection

    # -- routing

    def _handle(self, request: Request, client: Connection) -> Coroutine[Any, Any, None] | None:
        path = request.path.partition("?")[0].removeprefix("/v1")
        if path == "/chat/completions" and request.method == "POST":
            return self._chat(request, client)
        if path == "/embeddings" and request.method == "POST":
            client.finish(self._embeddings(request))
        elif path == "/models" and request.method == "GET":
            name = "stub" if self.model is None else self.model.name
            client.finish(
                response(200, _encode({"object": "list", "data": [{"id": name, "object": "model"}]}).encode())
            )
        elif path == "/stub/stats":
            stats = {"requests": self.requests, "served": dict(self.served)}
            client.finish(response(200, _encode(stats).encode()))
        else:
            client.finish(problem(404, f"no address {request.method} {request.path}"))
        return None

    def _chat(self, request: Request, client: Connection) -> Coroutine[Any, Any, None] | None:
        number = self.requests
        self.requests += 1
        kind = self.faults.kind(number) if self._faulty else "none"
        if self._key is not None and request.header("Authorization") != f"Bearer {self._key}":
            kind = "unauthorized"
        self.served[kind] += 1
        plain = self.model is None and kind == "none" and not self._record
        if not plain or _wants_stream(request.body):
            return self._answer(request, client, kind)
        if self._latency_s:
            asyncio.get_running_loop().call_later(self._latency_s, client.finish, self._fixed)
        else:
            client.finish(self._fixed)
        return None

    # -- answers

    async def _answer(self, request: Request, client: Connection, kind: str) -> None:
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        try:
            body = json.loads(request.body)
            messages, sampling = read_request(body)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            client.finish(problem(400, f"the request is not of the protocol: {error}"))
            return
        if self._record:
            self.bodies.append(body)
        if kind in _FAULTS:
            await _FAULTS[kind](self, request, client)
            return
        try:
            if body.get("stream"):
                await self._stream(client, messages, sampling, kind == "drop", body)
                return
            reply = Reply("", model="stub") if kind == "empty" else await self._reply(messages, sampling)
        except RemoteError as error:
            client.finish(problem(error.status or (400 if error.kind == "bad_request" else 502), str(error)))
            return
        except PersonariumError as error:
            client.finish(problem(400, str(error)))
            return
        except Exception as error:  # a server answers whatever its model does; a client left waiting would never end
            client.finish(problem(500, f"{type(error).__name__}: {error}"))
            return
        data = completion(reply, sampling.top_logprobs)
        if kind == "truncate":
            client.finish(response(200, data[: len(data) // 2]))
        elif kind == "drop":
            client.send(response(200, data[: len(data) // 2], length=len(data)))
            client.drop()
        else:
            client.finish(response(200, data))

    async def _reply(self, messages: list[Message], sampling: Sampling) -> Reply:
        return self._fixed_reply if self.model is None else await self.model.generate(messages, sampling)

    async def _pieces(self, messages: list[Message], sampling: Sampling) -> Any:
        if self.model is None:
            async for word in self._paced():
                yield word
            yield self._fixed_reply
            return
        async for piece in stream_reply(self.model, messages, sampling):
            yield piece

    async def _paced(self) -> AsyncIterator[str]:
        """The words of the fixed reply at their pace, which a late one does not delay."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number, word in enumerate(self._words):
            if self._tokens_per_s is not None and (wait := begun + number / self._tokens_per_s - loop.time()) > 0:
                await asyncio.sleep(wait)
            yield f" {time.monotonic_ns()}" if self._stamped else word

    async def _stream(
        self, client: Connection, messages: list[Message], sampling: Sampling, dropped: bool, body: Mapping[str, Any]
    ) -> None:
        begun = False
        async for piece in self._pieces(messages, sampling):
            if not begun:  # only now: an error before the first piece is still an HTTP status
                client.send(STREAM_HEAD + _event({"role": "assistant", "content": ""}))
                begun = True
            if not isinstance(piece, Reply):
                client.send(_event({"content": piece}))
                if dropped:
                    client.drop()
                    return
                continue
            client.send(_event({}, piece.finish_reason, piece, sampling.top_logprobs))
            if (body.get("stream_options") or {}).get("include_usage"):
                client.send(
                    chunk(b"data: " + _encode({"choices": [], "usage": _usage(piece.usage)}).encode() + b"\n\n")
                )
        client.finish(chunk(b"data: [DONE]\n\n") + chunk(b""))

    async def _unauthorized(self, request: Request, client: Connection) -> None:
        # Real endpoints echo the key; so does this one, so that tests can see it does not get any further.
        key = request.header("Authorization").removeprefix("Bearer ")
        client.finish(problem(401, f"Incorrect API key provided: {key}", code="invalid_api_key"))

    async def _rate_limit(self, request: Request, client: Connection) -> None:
        wait = self.faults.retry_after_s
        headers = {} if wait is None else {"Retry-After": f"{wait:g}"}
        client.finish(problem(429, "Rate limit reached", headers, code="rate_limit_exceeded"))

    async def _server_error(self, request: Request, client: Connection) -> None:
        client.finish(problem(500, "The server had an error while processing your request"))

    async def _hang(self, request: Request, client: Connection) -> None:
        await asyncio.Event().wait()  # until the client leaves, which cancels this

    async def _huge(self, request: Request, client: Connection) -> None:
        reply = Reply("a" * self.faults.huge_bytes, model="stub")
        client.finish(response(200, completion(reply, None)))

    async def _garbage(self, request: Request, client: Connection) -> None:
        client.finish(response(200, b"<html><body>Bad gateway</body></html>"))

    def _embeddings(self, request: Request) -> bytes:
        try:
            given = json.loads(request.body)["input"]
            texts = [given] if isinstance(given, str) else [str(text) for text in given]
        except (ValueError, KeyError, TypeError):
            return problem(400, "expected {'input': TEXT or LIST OF TEXTS}")
        from personarium.text.embed import load_embedder

        embedder = load_embedder("static")
        vectors = embedder.embed(texts).tolist()
        rows = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
        return response(200, _encode({"object": "list", "model": embedder.name, "data": rows}).encode())


_FAULTS = {
    "unauthorized": StubServer._unauthorized,
    "rate_limit": StubServer._rate_limit,
    "server_error": StubServer._server_error,
    "hang": StubServer._hang,
    "huge": StubServer._huge,
    "garbage": StubServer._garbage,
}


# -- the protocol, seen from the server --------------------------------------------------------------------------------


def _wants_stream(body: bytes) -> bool:
    return b'"stream":true' in body or b'"stream": true' in body


def read_request(body: Mapping[str, Any]) -> tuple[list[Message], Sampling]:
    """Messages and sampling of a ``/chat/completions`` body; unknown fields go into ``extra``."""
    messages: list[Message] = [{"role": one["role"], "content": one.get("content") or ""} for one in body["messages"]]
    stop = body.get("stop") or ()
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    wanted = body.get("response_format") or {}
    sampling = Sampling(
        temperature=float(body.get("temperature", 1.0)),
        top_p=float(body.get("top_p", 1.0)),
        max_tokens=None if limit is None else int(limit),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        seed=body.get("seed"),
        top_logprobs=int(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
        schema=wanted.get("json_schema", {}).get("schema"),
        tools=tuple(body.get("tools") or ()),
        extra={key: value for key, value in body.items() if key not in _READ_FIELDS},
    )
    return messages, sampling


def completion(reply: Reply, top_logprobs: int | None) -> bytes:
    """A ``chat.completion`` object."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.tool_calls:
        message["tool_calls"] = [dict(call) for call in reply.tool_calls]
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    choice |= _logprobs(reply.logprobs if top_logprobs is not None else None)
    data = {"id": "stub", "object": "chat.completion", "model": reply.model or "stub", "choices": [choice]}
    return _encode(data | {"usage": _usage(reply.usage)}).encode("utf-8", "surrogatepass")


def _event(
    delta: Mapping[str, Any], finish: str | None = None, reply: Reply | None = None, top: int | None = None
) -> bytes:
    choice: dict[str, Any] = {"index": 0, "delta": dict(delta), "finish_reason": finish}
    if reply is not None:
        choice |= _logprobs(reply.logprobs if top is not None else None)
        if reply.tool_calls:
            choice["delta"]["tool_calls"] = [{**call, "index": i} for i, call in enumerate(reply.tool_calls)]
    data = {"id": "stub", "object": "chat.completion.chunk", "model": (reply and reply.model) or "stub"}
    return chunk(b"data: " + _encode(data | {"choices": [choice]}).encode("utf-8", "surrogatepass") + b"\n\n")


def _usage(usage: Usage) -> dict[str, Any]:
    prompt, reply = usage.prompt_tokens, usage.completion_tokens
    cost = {} if usage.cost_usd is None else {"cost": usage.cost_usd}
    return {"prompt_tokens": prompt, "completion_tokens": reply, "total_tokens": prompt + reply, **cost}


def _logprobs(values: Sequence[TokenLogprob] | None) -> dict[str, Any]:
    if values is None:
        return {}
    rows = [
        {
            "token": one.token,
            "logprob": one.logprob,
            "top_logprobs": [{"token": token, "logprob": value} for token, value in one.top],
        }
        for one in values
    ]
    return {"logprobs": {"content": rows}}


def problem(status: int, message: str, headers: dict[str, str] | None = None, code: str | None = None) -> bytes:
    """An error answer with the endpoint's words."""
    error = {"error": {"message": message, "type": "stub_error", "code": code}}
    return response(status, _encode(error).encode("utf-8", "surrogatepass"), headers)


# -- as a process of its own -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def stub_process(*arguments: str) -> Iterator[str]:
    """Run the stub in a process of its own, with the arguments of its command line; gives its base URL."""
    command = [sys.executable, "-m", "personarium.testing.stub", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise UsageError(f"the stub did not start; run {' '.join(command[1:])} to see why")
            yield url
        finally:
            process.terminate()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m personarium.testing.stub", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="before the first byte of every answer")
    parser.add_argument("--model", help="who answers (simulated, hf/..., any model name); default: one fixed reply")
    parser.add_argument("--reply", default=FIXED_REPLY, help="the fixed reply")
    parser.add_argument("--tokens-per-s", type=float, help="words a second of a stream; default: at once")
    parser.add_argument("--stamped", action="store_true", help="streamed pieces are the times they were sent at, in ns")
    parser.add_argument("--faulty", type=float, default=0.0, help=f"share of faulty answers, mixed: {', '.join(MIXED)}")
    parser.add_argument("--fault", action="append", default=[], metavar="KIND=SHARE", help=", ".join(KINDS))
    parser.add_argument("--retry-after", type=float, default=0.05, help="seconds that a 429 asks for")
    parser.add_argument("--seed", type=int, default=0, help="which requests the faults hit")
    return parser


def _faults(options: argparse.Namespace) -> Faults:
    shares = dict(Faults.mixed(options.faulty).shares) if options.faulty else {}
    for one in options.fault:
        kind, _, share = one.partition("=")
        try:
            shares[kind] = float(share)
        except ValueError:
            raise UsageError(f"--fault: expected KIND=SHARE, found {shorten(one)}") from None
    return Faults(shares, seed=options.seed, retry_after_s=options.retry_after)


async def _serve(options: argparse.Namespace) -> None:
    how = {"reply": options.reply, "tokens_per_s": options.tokens_per_s, "stamped": options.stamped}
    server = StubServer(options.model, options.latency_ms, _faults(options), port=options.port, **how)
    async with server:
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; runs until it is stopped."""
    try:
        asyncio.run(_serve(_parser().parse_args(arguments)))
    except KeyboardInterrupt:
        pass
    except PersonariumError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
