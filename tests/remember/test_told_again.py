"""What is told twice is kept once, and what was learnt at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from personarium.remember import Memory
from personarium.remember.records import Observation


def _said(*marks: str) -> list[Observation]:
    return [Observation(f"text {mark}", meta={"mark": mark}) for mark in marks]


def test_only_what_has_a_new_mark_is_kept() -> None:
    ana = Memory.open(None).user("ana")
    assert [one.id for one in ana.observe_new(_said("a", "b"), "mark")] == ["o1", "o2"]
    assert [one.id for one in ana.observe_new(_said("b", "c"), "mark")] == ["o3"]
    assert ana.observe_new(_said("a", "c"), "mark") == []
    assert [one.text for one in ana.observations()] == ["text a", "text b", "text c"]


def test_another_users_marks_do_not_count() -> None:
    memory = Memory.open(None)
    memory.user("bo").observe_new(_said("a"), "mark")
    assert len(memory.user("ana").observe_new(_said("a"), "mark")) == 1


def test_it_holds_after_the_file_was_opened_anew_and_for_what_is_archived(tmp_path: Path) -> None:
    for expected in (1, 0):
        with Memory.open(tmp_path / "people.db") as memory:
            ana = memory.user("ana")
            assert len(ana.observe_new(_said("a"), "mark")) == expected
            if expected:
                ana.forget([one.id for one in ana.observations()])


def test_two_who_tell_it_at_the_same_time_tell_it_once(tmp_path: Path) -> None:
    with Memory.open(tmp_path / "people.db") as one, Memory.open(tmp_path / "people.db") as other:
        with ThreadPoolExecutor(8) as threads:
            list(
                threads.map(
                    lambda n: (one, other)[n % 2].user("ana").observe_new(_said(str(n // 8)), "mark"), range(64)
                )
            )
        assert sorted(o.text for o in one.user("ana").observations()) == sorted(f"text {n}" for n in range(8))


def test_learning_believes_at_once_what_was_said() -> None:
    ana = Memory.open(None).user("ana")
    ana.observe("My favourite drink is tea.")
    learnt = asyncio.run(ana.learn())
    assert learnt.operations
    assert any("tea" in fact.text for fact in ana.facts())
    assert asyncio.run(ana.learn()).empty
