"""Somebody else's agent behind HTTP: its own prompt, its own memory, nothing of ours but the model that it runs on.

It refuses what a stranger's agent would refuse: a system message, and (when it keeps sessions) a request without one.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from personarium.core.chat import Message, Sampling
from personarium.models import open_model

PATIENCE_S = 60.0


@dataclass
class ForeignAgent:
    """The agent.

    Args:
        prompt: Its own system prompt, which no client ever sends.
        model: Name of the model that it runs on.
        stateful: Whether it keeps conversations by session id and wants only new messages.
        fails_from: From this request on (counted from 0) it answers with an error; None never.
        retryable: Whether that error is one that may pass (500), or not (400).

    Attributes:
        requests: Bodies that it got, with the session header under ``session``.
        heard: Session id -> everything that was said in it.
    """

    prompt: str
    model: str = "simulated:fidelity=1,seed=77"
    stateful: bool = False
    fails_from: int | None = None
    retryable: bool = True
    base_url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    heard: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))

    async def chat(self, request: web.Request) -> web.Response:
        body = await request.json()
        session = request.headers.get("X-Session-Id", "")
        self.requests.append({**body, "session": session})
        if self.fails_from is not None and len(self.requests) > self.fails_from:
            status = 500 if self.retryable else 400
            return web.json_response({"error": {"message": "the bot is out of order"}}, status=status)
        if any(message["role"] == "system" for message in body["messages"]):
            return web.json_response({"error": {"message": "I have a prompt of my own"}}, status=400)
        if set(body) - {"model", "messages", "user", "stream"}:
            return web.json_response({"error": {"message": f"unknown fields {sorted(body)}"}}, status=400)
        if self.stateful and (not session or len(body["messages"]) != 1 or body.get("user") != session):
            return web.json_response({"error": {"message": "one new message and a session, please"}}, status=400)
        said = self.heard[session] if self.stateful else []
        said += body["messages"]
        told: list[Message] = [{"role": "system", "content": self.prompt}, *said]
        reply = await open_model(self.model).generate(told, Sampling(seed=5))
        if self.stateful:
            said.append({"role": "assistant", "content": reply.text})
        message = {"role": "assistant", "content": reply.text}
        return web.json_response({"choices": [{"message": message, "finish_reason": "stop"}], "model": "bot"})

    async def models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "bot-1", "object": "model"}]})


@contextmanager
def serving(agent: ForeignAgent) -> Iterator[ForeignAgent]:
    """The agent on a free port of the loopback, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", agent.chat)
    app.router.add_get("/v1/models", agent.models)
    runner = web.AppRunner(app)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    try:
        port = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE_S)
        agent.base_url = f"http://127.0.0.1:{port}/v1"
        yield agent
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(PATIENCE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_S)
        loop.close()
