"""How the items of a stage are worked on: a fixed pool of asyncio workers, behind a protocol others can implement."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from personarium.core.errors import UsageError

T = TypeVar("T")
R = TypeVar("R")
YOUNG_OBJECTS = 20_000  # containers between two looks for garbage while a script runs; Python's default is 700
TURNS = 16  # items a worker does before it lets the loop turn: signals and displays live although nothing waits


class Executor(Protocol):
    """Works on items side by side; results come back in the order of the items.

    ``work`` does not raise for failures of an item (they are data in its result); what it raises is a bug or an
    interruption: the other workers are then cancelled and the exception propagates as it is.
    """

    async def map(
        self, items: Iterable[T], work: Callable[[T], Awaitable[R]], *, concurrency: int = ...
    ) -> list[R]: ...


class AsyncioExecutor:
    """``concurrency`` workers in this event loop, pulling from one iterator: items may be endless in memory terms."""

    async def map(self, items: Iterable[T], work: Callable[[T], Awaitable[R]], *, concurrency: int = 100) -> list[R]:
        """Work on every item, at most ``concurrency`` at a time.

        Args:
            items: Pulled one by one, as workers get free.
            work: Called once for each item.
            concurrency: At least 1.

        Raises:
            UsageError: When ``concurrency`` is below 1.
        """
        if concurrency < 1:
            raise UsageError(f"concurrency must be at least 1, found {concurrency}")
        results: list[R] = []
        source = iter(items)
        size = min(concurrency, len(items)) if isinstance(items, Sized) else concurrency
        workers = [asyncio.create_task(_worker(source, work, results)) for _ in range(size)]
        if workers:
            await _all_or_none(workers)
        return results


async def _worker(source: Iterator[T], work: Callable[[T], Awaitable[R]], results: list[R]) -> None:
    for turn, item in enumerate(source, 1):
        place = len(results)
        results.append(None)  # type: ignore[arg-type]  # the place is kept, whoever finishes first
        results[place] = await work(item)
        if turn % TURNS == 0:
            await asyncio.sleep(0)


async def _all_or_none(workers: list[asyncio.Task[None]]) -> None:
    """Wait for all; when one raises, or this task is cancelled, cancel the rest and let them finish their clean-up."""
    try:
        done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    for worker in done:
        worker.result()


@contextmanager
def _rarer_collections() -> Iterator[None]:
    """A hundred calls in flight are thousands of young objects, none of them garbage; looking through them at Python's
    own pace takes a tenth of a run's processor time."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], YOUNG_OBJECTS) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def run_sync(work: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine from a script; Ctrl-C inside closes what is open and raises KeyboardInterrupt.

    Raises:
        UsageError: When an event loop is already running here (a notebook, an async function): await it instead.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with asyncio.Runner() as runner, _rarer_collections():
            return runner.run(work)
    work.close()
    raise UsageError("an event loop is already running here (a notebook or an async function); await it instead")
