"""How much of an endpoint's speed is left when every call is cached, accounted and written down.

    python benchmarks/endpoint.py [--quick]

1. The stub endpoint, in a process of its own, without delay, against a client that does nothing but write and read bytes:
   it must sustain 5,000 requests/s, so that it is not what limits the rest.
2. 50 ms latency, concurrency 100 (ideal: 2,000 requests/s). Ours (a run with cache, accounts and transcript; a prompted
   step whose reply form is the scorer) and a bare aiohttp loop (no cache, no log, no scorer) take turns against the same
   stub. The figure is the median of the ratios of neighbouring rounds.
3. The same for dialogues of five turns a speaker (ten calls, one after the other, with a growing history).
"""

from __future__ import annotations

import asyncio
import gc
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from figures import Figure, middle, run_alone

from personarium.core.chat import Message, Sampling
from personarium.models import Step, open_model
from personarium.play.agents import Agent
from personarium.play.dialogues import Casting, play_dialogues
from personarium.runs import Run, run_sync, values
from personarium.testing.stub import stub_process
from personarium.text.form import Form

LATENCY_MS = 50
CONCURRENCY = 100
TURNS = 5
SPOKEN = "I grew up by the sea and still keep a small boat; on free days I mend nets and read old maps."
GRADED = f"{SPOKEN} Therefore, the final score is 4"
PRICES = {"stub": (0.15, 0.60)}
GRADE = Step(
    "benchmark.answer",
    "personarium.benchmarks.personagym",  # only for its template of a persona and a question
    "answer",
    Form.parse("Therefore, the final score is <1-5>"),
    Sampling(temperature=0.7),
)
LIFE = "a retired marine engineer from Porto who keeps bees, mends nets and distrusts short answers"


@dataclass(frozen=True, slots=True)
class Round:
    """One round: calls a second, and for each second of this process's processor time."""

    rate: float
    per_cpu_s: float


def timed(count: int, work: Callable[[], int]) -> Round:
    """Measure ``work``, which must make ``count`` calls and says how many it made."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if made != count:
        raise RuntimeError(f"{made} calls were answered where {count} are due")
    return Round(count / wall, count / cpu)


# -- what the stub can do ----------------------------------------------------------------------------------------------


class Lean(asyncio.Protocol):
    """Writes one request, counts bytes until its answer is whole, writes the next."""

    def __init__(self, request: bytes, left: list[int], done: asyncio.Future[None]) -> None:
        self.request, self.left, self.done = request, left, done
        self.due = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        if self.left[0] > 0:
            self.left[0] -= 1
            self.transport.write(self.request)
        elif not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or RuntimeError("the stub closed the connection"))

    def data_received(self, data: bytes) -> None:
        if not self.due:
            head, _, _ = data.partition(b"\r\n\r\n")
            if b" 200 " not in head[:20]:
                self.done.set_exception(RuntimeError(head.decode("latin-1")))
                self.transport.close()
                return
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            self.due = len(head) + 4 + length
        self.due -= len(data)
        if self.due == 0:
            self.ask()


async def lean(url: str, count: int, connections: int = 32) -> float:
    """Requests a second with the leanest client."""
    place = urlsplit(url)
    body = b'{"model":"stub","messages":[{"role":"user","content":"' + b"What do you do at sea? " * 20 + b'"}]}'
    head = f"POST {place.path}/chat/completions HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
    loop = asyncio.get_running_loop()
    left, request = [count], head.encode() + body
    start = time.perf_counter()
    lines = [loop.create_future() for _ in range(connections)]
    opened = [
        await loop.create_connection(lambda done=done: Lean(request, left, done), place.hostname, place.port)
        for done in lines
    ]
    await asyncio.gather(*lines)
    rate = count / (time.perf_counter() - start)
    for transport, _ in opened:
        transport.close()
    return rate


def capacity(quick: bool) -> Figure:
    """The first figure: what the stub sustains."""
    count = 10_000 if quick else 30_000
    before = _children_cpu()
    with stub_process("--reply", GRADED) as url:
        run_sync(lean(url, 500))
        rates = [run_sync(lean(url, count)) for _ in range(1 if quick else 3)]
    cpu = (_children_cpu() - before) / (count * len(rates) + 500)
    note = f"{count:,} requests over 32 connections"
    return Figure("stub endpoint, no delay, requests", middle(rates), "/s", 5_000, per_cpu_s=1 / cpu, note=note)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# -- the bare loop -----------------------------------------------------------------------------------------------------


def prompt(number: int) -> tuple[str, str]:
    """Persona and question of one item."""
    return (
        f"You are Ada {number}, {LIFE}. " * 3,
        f"Question {number}: what would you do when the harbour lights go out?",
    )


async def bare(url: str, count: int, work: Callable[[Ask, int], Awaitable[int]]) -> int:
    """The loop that anybody would write: a session, a hundred workers, JSON out, JSON in."""
    from aiohttp import ClientSession, TCPConnector

    address, numbers, made = f"{url}/chat/completions", iter(range(count)), 0
    async with ClientSession(connector=TCPConnector(limit=CONCURRENCY)) as session:

        async def ask(messages: list[Message]) -> str:
            body = {"model": "stub", "messages": messages, "temperature": 0.7}
            async with session.post(address, json=body) as response:
                data = await response.json()
            return str(data["choices"][0]["message"]["content"])

        async def worker(numbers: Iterator[int]) -> None:
            nonlocal made
            for number in numbers:
                answered = await work(ask, number)
                made += answered

        await asyncio.gather(*(worker(numbers) for _ in range(CONCURRENCY)))
    return made


Ask = Callable[[list[Message]], Awaitable[str]]


async def bare_item(ask: Ask, number: int) -> int:
    """One question."""
    persona, question = prompt(number)
    await ask(
        [{"role": "system", "content": persona}, {"role": "user", "content": question + "\n\n" + GRADE.form.show()}]
    )
    return 1


async def bare_dialogue(ask: Ask, number: int) -> int:
    """Two sides with their own views of one history."""
    systems = [f"You are {name} {number}, {LIFE}." for name in ("Ada", "Bo")]
    said: list[str] = []
    for turn in range(2 * TURNS):
        me = turn % 2
        cue = [{"role": "user", "content": "Begin the conversation."}] if me == 0 else []
        seen = [{"role": "assistant" if i % 2 == me else "user", "content": text} for i, text in enumerate(said)]
        said.append(await ask([{"role": "system", "content": systems[me]}, *cue, *seen]))
    return len(said)


# -- ours --------------------------------------------------------------------------------------------------------------


async def our_items(url: str, folder: Path, count: int) -> int:
    """One-turn items through a run: rendered, asked, read, scored, cached, accounted, written down."""
    model = open_model("stub", base_url=url)
    with Run.open(folder, {"items": count}) as run:
        player = run.model(model, concurrency=CONCURRENCY, prices=PRICES)

        async def work(number: int) -> int:
            persona, question = prompt(number)
            answer = await GRADE.ask(player, {"identity": persona, "question": question}, seed=run.seed)
            return int(answer["score"])

        outcomes = await run.map("answer", range(count), work, key=str, concurrency=CONCURRENCY)
        run.write_summary({"mean": sum(values(outcomes)) / count})
    await model.aclose()
    return len(values(outcomes))


async def our_dialogues(url: str, folder: Path, count: int) -> int:
    """Dialogues through the engine and a run."""
    model = open_model("stub", base_url=url)
    with Run.open(folder, {"dialogues": count}) as run:
        player = run.model(model, concurrency=CONCURRENCY, prices=PRICES)
        castings = [
            Casting(
                str(number),
                tuple(Agent(f"You are {name} {number}, {LIFE}.", player, id=name) for name in ("Ada", "Bo")),
                max_turns=TURNS,
            )
            for number in range(count)
        ]
        played = await play_dialogues(castings, run=run, concurrency=CONCURRENCY)
        run.write_summary({"turns": sum(len(one.dialogue) for one in played)})
    await model.aclose()
    return sum(len(one.dialogue) for one in played)


def compare(
    what: str,
    url: str,
    count: int,
    calls: int,
    rounds: int,
    ours: Callable[[str, Path, int], Awaitable[int]],
    theirs: Callable[[Ask, int], Awaitable[int]],
) -> list[Figure]:
    """Rounds of both in turn, and the median of their ratios."""
    pairs: list[tuple[Round, Round]] = []
    with tempfile.TemporaryDirectory() as place:
        for number in range(rounds + 1):
            sides = {
                "bare": lambda: asyncio.run(bare(url, count, theirs)),
                "run": lambda folder=Path(place) / str(number): run_sync(ours(url, folder, count)),
            }
            order = sorted(sides, reverse=bool(number % 2))  # A B, B A, A B: whoever goes first has no advantage
            took = {side: timed(calls, sides[side]) for side in order}
            if number:  # the first pair warms both
                pairs.append((took["bare"], took["run"]))
    ratio = middle([two.rate / one.rate for one, two in pairs])
    cpu = middle([two.per_cpu_s / one.per_cpu_s for one, two in pairs])
    base, run = (middle([pair[i].rate for pair in pairs]) for i in (0, 1))
    base_cpu, run_cpu = (middle([pair[i].per_cpu_s for pair in pairs]) for i in (0, 1))
    note = f"median of {rounds} pairs of {calls:,} calls; {LATENCY_MS} ms, concurrency {CONCURRENCY}"
    return [
        Figure(f"{what}: bare aiohttp loop, calls", base, "/s", per_cpu_s=base_cpu),
        Figure(f"{what}: run with cache, accounts, transcript, calls", run, "/s", per_cpu_s=run_cpu),
        Figure(f"{what}: run against bare loop", ratio, "x", 0.80, per_cpu_s=cpu, note=note),
    ]


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    figures = [capacity(quick)]
    items, dialogues, rounds = (1_000, 150, 1) if quick else (6_000, 600, 5)
    with stub_process("--latency-ms", str(LATENCY_MS), "--reply", GRADED) as url:
        figures += compare("one-turn items", url, items, items, rounds, our_items, bare_item)
        calls = dialogues * 2 * TURNS
        figures += compare("dialogues", url, dialogues, calls, rounds, our_dialogues, bare_dialogue)
    return figures


if __name__ == "__main__":
    run_alone(measure, "Speed against an endpoint.")
