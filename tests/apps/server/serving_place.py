"""What the server's tests share: a workspace with two plainly made-up people, a server and an upstream that really listen."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from personarium.apps.server.application import create_app
from personarium.apps.server.settings import ServerSettings
from personarium.apps.workspace import Workspace
from personarium.core.persona import Persona
from personarium.testing import StubServer

BASE = "http://127.0.0.1:8600"
PERSONARIUM = (
    "import sys; from personarium.apps.cli.application import application; sys.exit(application(sys.argv[1:]))"
)


def people(folder: Path, **options: Any) -> Workspace:
    """A workspace with Robin, who bakes, and Torill, who sails."""
    workspace = Workspace(folder, **options)
    workspace.personas.put(Persona.from_text("I am Robin, a baker who loves rye bread.", id="robin"))
    workspace.personas.put(Persona.from_text("I am Torill, a sailor who hates the cold.", id="torill"))
    return workspace


@contextlib.contextmanager
def client_of(workspace: Workspace, routers: Any = (), **settings: Any) -> Iterator[TestClient]:
    """A client of an application in this process."""
    app = create_app(workspace, ServerSettings(**settings), routers=routers)
    with TestClient(app, base_url=BASE) as client:
        yield client
    workspace.close()


@contextlib.contextmanager
def upstream(**options: Any) -> Iterator[StubServer]:
    """A stub endpoint that listens in a thread of its own; options as of :class:`StubServer`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        stub = StubServer(**options)
        asyncio.run_coroutine_threadsafe(stub.__aenter__(), loop).result(10)
        yield stub
        asyncio.run_coroutine_threadsafe(stub.__aexit__(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(_stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextlib.contextmanager
def stubbed(folder: Path, **options: Any) -> Iterator[tuple[StubServer, Workspace]]:
    """A stub endpoint and the workspace of the two people, whom it plays; options as of :class:`StubServer`."""
    with upstream(**options) as stub, people(folder, model="m", base_url=stub.base_url) as workspace:
        yield stub, workspace


async def _stop() -> None:
    """Let connections that were cut end before the loop does."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.01)


@contextlib.contextmanager
def server_process(folder: Path, *options: str) -> Iterator[str]:
    """``personarium serve`` in a process of its own; gives its base URL."""
    command = [sys.executable, "-c", PERSONARIUM, "serve", str(folder), "--port", "0", "--json", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ)
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["data"]["url"]
        finally:
            process.terminate()
            process.wait(20)


def asking(model: str, *said: str, **more: Any) -> dict[str, Any]:
    """A request body; what was said alternates, the person first."""
    turns = [{"role": "assistant" if i % 2 else "user", "content": text} for i, text in enumerate(said)]
    return {"model": model, "messages": turns, **more}


def bearer(token: str) -> dict[str, str]:
    """The header of a key."""
    return {"Authorization": f"Bearer {token}"}


def events(text: str) -> list[Any]:
    """The events of a stream, ``[DONE]`` as it is."""
    payloads = [line.removeprefix("data: ") for line in text.splitlines() if line]
    return [one if one == "[DONE]" else json.loads(one) for one in payloads]
