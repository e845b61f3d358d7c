"""What is shown while a run works: one line that says all, seldom in a pipe, live in a terminal."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest

from personarium.core.errors import UsageError
from personarium.runs import AsyncioExecutor, PlainLines, RichBar, Run, Silent, Snapshot, progress_for, run_sync
from personarium.runs.progress import Pace, describe


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Seen(Silent):
    def __init__(self) -> None:
        self.updates: list[Snapshot] = []
        self.ends: list[Snapshot] = []

    def update(self, state: Snapshot) -> None:
        self.updates.append(state)

    def finish(self, state: Snapshot) -> None:
        self.ends.append(state)


def test_a_state_is_one_line() -> None:
    state = Snapshot("play", 120, 500, failed=3, tokens=40210, cost_usd=0.123, rate=3.125, retries=2, cached=20)
    assert describe(state) == (
        "play 120/500, 3.1/s, 20 from disk, 40,210 tokens, $0.12, 2 min left, 2 retries, 3 failed"
    )
    assert state.left_s == 121.6
    assert describe(Snapshot("play", 5)) == "play 5"
    assert describe(Snapshot("play", 500, 500, rate=1200.0, cost_usd=0.0012)) == "play 500/500, 1,200/s, $0.0012"
    assert describe(Snapshot("p", 0, 10, failed_calls=4)) == "p 0/10, 4 failed calls"


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    pace = Pace(0.0)
    assert pace.rate(0.0, 0) is None
    assert pace.rate(10.0, 1000) == 100.0
    for second in range(11, 60):
        rate = pace.rate(float(second), 1000 + (second - 10))
    assert rate == 1.0


def test_plain_lines_come_seldom_and_at_the_end() -> None:
    out, now = io.StringIO(), [0.0]
    lines = PlainLines(out, every_s=10, clock=lambda: now[0])
    for done in range(25):
        now[0] = float(done)
        lines.update(Snapshot("s", done, 25))
    lines.finish(Snapshot("s", 25, 25))
    assert out.getvalue().splitlines() == ["s 10/25", "s 20/25", "s 25/25"]


def test_a_terminal_gets_a_live_bar_and_markup_is_text() -> None:
    out = Terminal()
    bar = progress_for(out)
    assert isinstance(bar, RichBar)
    bar.update(Snapshot("[red]stage[/red]", 1, 4))
    bar.note("[bold]kept[/bold]")
    bar.finish(Snapshot("[red]stage[/red]", 4, 4))
    bar.close()
    assert "[red]stage[/red] 4/4" in out.getvalue()
    assert "[bold]kept[/bold]" in out.getvalue()
    assert isinstance(progress_for(io.StringIO()), PlainLines)


async def test_a_stage_is_shown_throttled_and_at_its_end(tmp_path: Path) -> None:
    seen = Seen()

    async def work(item: int) -> int:
        return item

    with Run.open(tmp_path / "r", {}, progress=seen) as run:
        await run.map("s", range(3000), work, key=str)
    (end,) = seen.ends
    assert (end.stage, end.done, end.total, end.failed) == ("s", 3000, 3000, 0)
    assert len(seen.updates) < 300


# --- executors ---


async def test_no_more_than_so_many_at_once() -> None:
    running = most = 0

    async def work(item: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return -item

    assert await AsyncioExecutor().map(iter(range(100)), work, concurrency=7) == [-i for i in range(100)]
    assert most == 7
    assert await AsyncioExecutor().map([], work) == []
    with pytest.raises(UsageError, match="concurrency must be at least 1, found 0"):
        await AsyncioExecutor().map([1], work, concurrency=0)


async def test_a_bug_cancels_the_others_and_comes_through() -> None:
    cancelled: list[int] = []

    async def work(item: int) -> None:
        if item == 3:
            raise ValueError("bug")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(item)
            raise

    with pytest.raises(ValueError, match="bug"):
        await AsyncioExecutor().map(range(5), work)
    assert sorted(cancelled) == [0, 1, 2, 4]


async def test_work_that_never_waits_still_lets_others_run() -> None:
    order: list[str] = []

    async def work(item: int) -> None:
        order.append("work")

    async def other() -> None:
        order.append("other")

    task = asyncio.create_task(other())
    await AsyncioExecutor().map(range(200), work, concurrency=1)
    await task
    assert order.index("other") < 100


def test_run_sync_runs_a_coroutine_from_a_script() -> None:
    async def answer() -> int:
        return 42

    assert run_sync(answer()) == 42


async def test_run_sync_in_a_loop_says_to_await() -> None:
    async def answer() -> int:
        return 42

    with pytest.raises(UsageError, match="await it instead"):
        run_sync(answer())


def test_a_program_that_reads_along_gets_every_state_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONARIUM_PROGRESS", "json")
    out = io.StringIO()
    told = progress_for(out)
    told.update(Snapshot("play", 3, 10, failed=1, cost_usd=0.5, rate=2.0))
    told.note("half way\nthere")
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert (first["stage"], first["done"], first["total"], first["cost_usd"], first["left_s"]) == (
        "play",
        3,
        10,
        0.5,
        3.5,
    )
    assert first["text"] == "play 3/10, 2/s, $0.50, 4 s left, 1 failed"
    assert second == {"note": "half way\nthere"}
