"""Work on many items with or without a run: a system called from a script needs no folder, the command line gives it one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from personarium.core.errors import RemoteError
from personarium.core.results import Failure
from personarium.runs.executors import AsyncioExecutor
from personarium.runs.outcome import Outcome

if TYPE_CHECKING:
    from personarium.runs.plan import DryRun
    from personarium.runs.run import Run

T = TypeVar("T")
R = TypeVar("R")


async def map_items(
    run: Run | DryRun | None,
    stage: str,
    items: Iterable[T],
    work: Callable[[T], Awaitable[R | Failure]],
    *,
    key: Callable[[T], str],
    concurrency: int = 100,
) -> list[Outcome[R]]:
    """Work on every item, as :meth:`personarium.runs.Run.map` does where there is a run.

    Args:
        run: The run to record and resume in; None works without one.
        stage: The stage's name in the run.
        items: What is worked on.
        work: Gives the item's value, or a failure. Without a run a :class:`RemoteError` that it raises comes through.
        key: The item's id, unique in the stage.
        concurrency: Items at once.

    Returns:
        One outcome per item, in the order of the items.
    """
    if run is not None:
        return await run.map(stage, items, work, key=key, concurrency=concurrency)
    listed = list(items)
    found = await AsyncioExecutor().map(listed, work, concurrency=concurrency)
    return [
        Outcome(key(item), None, value) if isinstance(value, Failure) else Outcome(key(item), value)
        for item, value in zip(listed, found, strict=True)
    ]


async def map_kept(
    run: Run | DryRun | None,
    stage: str,
    items: Sequence[T],
    work: Callable[[T], Awaitable[R]],
    *,
    key: Callable[[T], str],
    failure: Callable[[R], Failure | None],
    lost: Callable[[T, Failure], R] | None = None,
    concurrency: int = 100,
) -> list[R]:
    """As :func:`map_items` for work whose result is kept even when it failed in part: the run counts it as failed.

    Args:
        run: The run to record and resume in; None works without one.
        stage: The stage's name in the run.
        items: What is worked on.
        work: Gives the item's result, failures inside it.
        key: The item's id, unique in the stage.
        failure: Why a result counts as failed, or None; one that names no place is given the item's.
        lost: The result of an item whose work raised a :class:`RemoteError`, where work may do that.
        concurrency: Items at once.

    Returns:
        One result per item, in the order of the items.

    Raises:
        RemoteError: The work raised one, and there is no ``lost``.
    """
    if run is None:
        return await AsyncioExecutor().map(items, work, concurrency=concurrency)
    done: dict[str, R] = {}

    async def counted(item: T) -> str | Failure:
        name = key(item)
        result = done[name] = await work(item)
        failed = failure(result)
        return "done" if failed is None else replace(failed, where=failed.where or name)

    outcomes = await run.map(stage, items, counted, key=key, concurrency=concurrency)
    return [
        done[outcome.key] if outcome.key in done else _lost(item, outcome, lost)
        for item, outcome in zip(items, outcomes, strict=True)
    ]


def _lost(item: T, outcome: Outcome[str], lost: Callable[[T, Failure], R] | None) -> R:
    failure = outcome.failure or Failure("missing", "not worked on", outcome.key)
    if lost is None:
        raise RemoteError(f"{outcome.key}: {failure.reason}")
    return lost(item, failure)
