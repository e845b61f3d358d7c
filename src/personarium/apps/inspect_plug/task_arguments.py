"""What all tasks do with their arguments: lists, errata, and the word on a set that is not shipped."""

from __future__ import annotations

from collections.abc import Sequence
from logging import getLogger
from typing import TYPE_CHECKING, Any

from inspect_ai import Task

if TYPE_CHECKING:
    from personarium.apps.inspect_plug.item_benchmark import ItemBenchmark

_LOG = getLogger(__name__)


def task_of(
    benchmark: ItemBenchmark[Any],
    seed: int,
    grader: str | None = None,
    user: str | None = None,
    notice: str = "",
) -> Task:
    from personarium.apps.inspect_plug.as_task import as_task

    if notice:
        _LOG.warning("personarium/%s: %s", benchmark.name, notice)
    told = {"notice": notice} if notice else {}
    return as_task(benchmark, {"grader": grader, "user": user}, seed=seed, **told)


def listed(given: str | Sequence[str] | None) -> list[str]:
    """A task argument that may be one text, texts with commas between, or a list."""
    if not given:
        return []
    return [part.strip() for part in given.split(",")] if isinstance(given, str) else list(given)


def errata_of(given: str | Sequence[str] | None) -> Any:
    """``all``, or erratum ids."""
    found = listed(given)
    return True if found == ["all"] else frozenset(found)
