"""Work on many items, with a run and without one: the same results, and what failed is in the run's list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from personarium.core.errors import RemoteError
from personarium.core.results import Failure
from personarium.runs import Outcome, Run, map_items, map_kept, read_run, values_or_failures

ODD = Failure("missing", "an odd number", "a place of its own")


@dataclass(frozen=True)
class Halved:
    number: int
    half: int | None = None
    failure: Failure | None = None


async def halve(number: int) -> int | Failure:
    return ODD if number % 2 else number // 2


async def halve_and_keep(number: int) -> Halved:
    half = await halve(number)
    return Halved(number, None, half) if isinstance(half, Failure) else Halved(number, half)


async def lose_three(number: int) -> Halved:
    if number == 3:
        raise RemoteError("the endpoint is away")
    return await halve_and_keep(number)


def name_of(number: int) -> str:
    return f"n{number}"


def why(result: Halved) -> Failure | None:
    return result.failure


HALVES = [Outcome("n4", 2), Outcome("n3", None, ODD), Outcome("n0", 0)]


async def test_outcomes_are_the_same_with_a_run_and_without(tmp_path: Path) -> None:
    assert await map_items(None, "halves", iter((4, 3, 0)), halve, key=name_of) == HALVES
    with Run.open(tmp_path / "run", {}) as run:
        assert await map_items(run, "halves", (4, 3, 0), halve, key=name_of, concurrency=1) == HALVES
    with Run.dry() as dry:
        assert await map_items(dry, "halves", (4, 3, 0), halve, key=name_of) == HALVES
    assert read_run(tmp_path / "run").stages == {"halves": {"items": 3, "answered": 2, "failed": {"missing": 1}}}


def test_a_value_of_nought_is_a_value() -> None:
    assert values_or_failures(HALVES) == [2, ODD, 0]


async def test_results_that_failed_in_part_are_kept_and_counted(tmp_path: Path) -> None:
    kept = [Halved(4, 2), Halved(3, None, ODD), Halved(0, 0)]
    assert await map_kept(None, "halves", (4, 3, 0), halve_and_keep, key=name_of, failure=why) == kept
    with Run.open(tmp_path / "run", {}) as run:
        assert await map_kept(run, "halves", (4, 3, 0), halve_and_keep, key=name_of, failure=why) == kept
    assert read_run(tmp_path / "run").stages == {"halves": {"items": 3, "answered": 2, "failed": {"missing": 1}}}
    assert '"item": "a place of its own"' in (tmp_path / "run" / "failures.jsonl").read_text()


async def test_a_failure_without_a_place_is_the_items(tmp_path: Path) -> None:
    def nameless(result: Halved) -> Failure | None:
        return Failure("empty", "nothing was said") if result.half is None else None

    with Run.open(tmp_path / "run", {}) as run:
        await map_kept(run, "halves", (4, 3), halve_and_keep, key=name_of, failure=nameless)
    assert '"item": "n3"' in (tmp_path / "run" / "failures.jsonl").read_text()


async def test_a_lost_call_gives_what_lost_makes_of_it(tmp_path: Path) -> None:
    def lost(number: int, failure: Failure) -> Halved:
        return Halved(number, None, failure)

    with Run.open(tmp_path / "run", {}) as run:
        found = await map_kept(run, "halves", (4, 3, 0), lose_three, key=name_of, failure=why, lost=lost)
    gone = Failure("error", "the endpoint is away", "n3")
    assert found == [Halved(4, 2), Halved(3, None, gone), Halved(0, 0)]


async def test_a_lost_call_is_an_error_where_nothing_is_made_of_it(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", {}) as run:
        with pytest.raises(RemoteError, match="n3: the endpoint is away"):
            await map_kept(run, "halves", (4, 3, 0), lose_three, key=name_of, failure=why)
        with pytest.raises(RemoteError, match="the endpoint is away"):
            await map_items(None, "halves", (4, 3, 0), lose_three, key=name_of)
