"""What the server adds to an upstream that streams.

    python benchmarks/server.py [--quick]

Stub, server and client are three processes on one machine. The stub gives 40 words a second in every stream, and each word is
the time at which it was sent, so that the client sees for every piece how long it was on its way: straight from the stub, and
through the server. The two take turns in one run; what is added is the difference of their 95th percentiles.

1. 50 streams, each followed by the next, begun evenly over time: time to the first piece, delay of every piece; for requests
   without a user and for such that recall and remember one.
2. 50 requests in the same moment.
3. 200 streams for 60 seconds: errors, delay, and the server's memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from figures import Figure, middle, run_alone

from personarium.core.persona import Persona
from personarium.runs import run_sync
from personarium.testing.stub import stub_process

TOKENS_PER_S = 40
STREAMS, MANY = 50, 200
WORDS = 200  # 5 s a stream
HELD_S = 60
GROWTH_MB = 16  # a reply is kept until its stream ends, to be remembered: that alone is 8 MB here
STAMP = re.compile(rb'"content":" (\d+)"')
PERSONAS = ("robin", "torill")


@dataclass
class Seen:
    """What the client saw of some streams: milliseconds to the first piece, and of every piece since it was sent."""

    first_ms: list[float] = field(default_factory=list)
    delay_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    streams: int = 0

    def p95_first(self) -> float:
        return p95(self.first_ms)

    def p95_delay(self) -> float:
        return p95(self.delay_ms)


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return sorted(values)[int(0.95 * (len(values) - 1))]


class Listener(asyncio.Protocol):
    """Sends one request and notes when the pieces of its reply arrive."""

    def __init__(self, request: bytes, seen: Seen, pieces: int, done: asyncio.Future[None]) -> None:
        self.request, self.seen, self.pieces, self.done = request, seen, pieces, done
        self.tail = b""
        self.got = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.asked = time.monotonic_ns()
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        for stamp in STAMP.findall(data):
            if not self.got:
                self.seen.first_ms.append((now - self.asked) / 1e6)
            self.got += 1
            self.seen.delay_ms.append((now - int(stamp)) / 1e6)
        self.tail = (self.tail + data)[-200:]
        if b"[DONE]" in self.tail:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.seen.streams += 1
        if self.got != self.pieces or b"[DONE]" not in self.tail:
            self.seen.errors.append(f"{self.got} of {self.pieces} pieces: {self.tail!r} {error or ''}")
        if not self.done.done():
            self.done.set_result(None)


async def listen(url: str, body: bytes, seen: Seen, pieces: int) -> None:
    """One stream, to its end."""
    place = urlsplit(url)
    head = f"POST {place.path}/chat/completions HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    await loop.create_connection(lambda: Listener(request, seen, pieces, done), place.hostname, place.port)
    await done


def ask(number: int, user: bool) -> bytes:
    """A request: some history, and what is asked now."""
    said = [f"Let us talk about matter {number}.", "Gladly; what would you like to know of it?", "How did it begin?"]
    messages = [{"role": "assistant" if i % 2 else "user", "content": text} for i, text in enumerate(said)]
    body = {"model": PERSONAS[number % 2], "messages": messages, "stream": True}
    return json.dumps(body | ({"user": f"visitor {number % STREAMS}"} if user else {})).encode()


async def evenly(url: str, seconds: float, user: bool) -> Seen:
    """The 50 streams for some time, each slot beginning the next when one has ended."""
    seen, every = Seen(), WORDS / TOKENS_PER_S / STREAMS
    end = asyncio.get_running_loop().time() + seconds

    async def slot(number: int) -> None:
        await asyncio.sleep(number * every)
        while asyncio.get_running_loop().time() < end:
            await listen(url, ask(number + STREAMS * seen.streams, user), seen, WORDS)

    await asyncio.gather(*(slot(number) for number in range(STREAMS)))
    return seen


async def at_once(url: str, count: int, words: int, over_s: float = 0.0) -> Seen:
    """Many streams, begun in the same moment or over some time."""
    seen = Seen()

    async def one(number: int) -> None:
        await asyncio.sleep(number * over_s / count)
        await listen(url, ask(number, False), seen, words)

    await asyncio.gather(*(one(number) for number in range(count)))
    return seen


@contextlib.contextmanager
def server_process(upstream: str) -> Iterator[tuple[str, int]]:
    """The server in a process of its own; gives its base URL and process id."""
    from personarium.apps.workspace import Workspace

    with tempfile.TemporaryDirectory() as folder:
        with Workspace(folder) as workspace:
            workspace.personas.put(Persona.from_text("I am Robin, a baker who loves rye bread.", id="robin"))
            workspace.personas.put(Persona.from_text("I am Torill, a sailor who hates the cold.", id="torill"))
        run = (
            "import sys; from personarium.apps.cli.application import application; sys.exit(application(sys.argv[1:]))"
        )
        options = ["--model", "stub", "--base-url", upstream, "--port", "0", "--rate", "0", "--json"]
        command = [sys.executable, "-c", run, "serve", folder, *options]
        log = Path(folder) / "log"
        with (
            log.open("w") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
        ):
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line:
                    raise RuntimeError(f"the server did not start: {log.read_text()[-300:]}")
                yield json.loads(line)["data"]["url"], process.pid
            finally:
                process.terminate()
                process.wait()


def resident_mb(pid: int) -> float:
    """The memory of a process now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} is gone")


def cpu_s(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def added(stub: str, server: str, quick: bool) -> list[Figure]:
    """Figures 1 and 2."""
    seconds, rounds = (6, 1) if quick else (15, 3)
    await evenly(server, 3, True)  # everything is imported and looked up once
    figures = []
    for user in (False, True):
        pairs = [(await evenly(stub, seconds, user), await evenly(server, seconds, user)) for _ in range(rounds)]
        first = middle([through.p95_first() - straight.p95_first() for straight, through in pairs])
        delay = middle([through.p95_delay() - straight.p95_delay() for straight, through in pairs])
        errors = sum(len(seen.errors) for pair in pairs for seen in pair)
        what = f"{STREAMS} streams, {'a user remembered' if user else 'no memory'}"
        straight, through = pairs[-1]
        note = f"p95 straight {straight.p95_first():.1f}, through {through.p95_first():.1f} ms; {errors} errors"
        figures.append(Figure(f"{what}: added time to first token, p95", first, "ms", 15, True, note=note))
        note = f"p95 straight {straight.p95_delay():.2f}, through {through.p95_delay():.2f} ms"
        figures.append(Figure(f"{what}: added delay of a piece, p95", delay, "ms", 5, True, note=note))
    straight, through = await at_once(stub, STREAMS, WORDS), await at_once(server, STREAMS, WORDS)
    note = f"median {middle(through.first_ms):.0f} ms; straight p95 {straight.p95_first():.0f} ms"
    what = f"{STREAMS} requests in the same moment: time to first token, p95"
    return [*figures, Figure(what, through.p95_first(), "ms", note=note)]


async def held(server: str, pid: int, quick: bool) -> list[Figure]:
    """Figure 3."""
    seconds = 10 if quick else HELD_S
    words = (seconds + 5) * TOKENS_PER_S
    used = cpu_s(pid)
    streams = asyncio.create_task(at_once(server, MANY, words, over_s=5))
    await asyncio.sleep(7)
    sizes = [resident_mb(pid)]
    while not streams.done():
        await asyncio.wait((streams,), timeout=1)
        sizes.append(resident_mb(pid))
    seen = streams.result()
    used = (cpu_s(pid) - used) / (seconds + 10)
    note = f"{seen.streams} streams, {len(seen.delay_ms):,} pieces"
    text = len(seen.delay_ms) * len(f" {time.monotonic_ns()}") / 2**20
    if seen.errors:
        note += f"; the first: {seen.errors[0][:100]}"
    return [
        Figure(f"{MANY} streams for {seconds} s: errors", len(seen.errors), "", 0, True, note=note),
        Figure(f"{MANY} streams: delay of a piece, p95", seen.p95_delay(), "ms", note=f"{used:.0%} of a core"),
        Figure(
            f"{MANY} streams for {seconds} s: growth of the server's memory",
            max(sizes) - sizes[0],
            "MB",
            GROWTH_MB,
            True,
            note=f"{sizes[0]:.0f} MB with all streams open, {sizes[-1]:.0f} MB at the end; the replies have {text:.0f} MB",
        ),
    ]


def measure(quick: bool) -> list[Figure]:
    """All figures."""
    long = (10 if quick else HELD_S) + 5
    paced = ("--tokens-per-s", str(TOKENS_PER_S), "--stamped")
    with stub_process(*paced, "--reply", "word " * WORDS) as stub, server_process(stub) as (server, _):
        figures = run_sync(added(stub, server, quick))
    with stub_process(*paced, "--reply", "word " * long * TOKENS_PER_S) as stub, server_process(stub) as (server, pid):
        return [*figures, *run_sync(held(server, pid, quick))]


if __name__ == "__main__":
    run_alone(measure, __doc__ or "")
