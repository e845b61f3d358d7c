"""Many threads at one user: nothing is lost, nothing is decided on what has changed, nobody stumbles."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from personarium.core.errors import InvalidInput
from personarium.remember import Memory, Observation, Operation
from personarium.remember.replay import replay
from personarium.remember.states import StateCache
from personarium.remember.store import Conflict
from personarium.remember.user_memory import UserMemory

TIMES = 25


@pytest.fixture(params=["list", "sqlite"])
def ana(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UserMemory]:
    with Memory.open(None if request.param == "list" else tmp_path / "people.db", clock=lambda: 1000.0) as memory:
        yield memory.user("ana")


@pytest.fixture(autouse=True)
def _restless() -> Iterator[None]:
    """Threads take turns a thousand times as often as usual, so that what can go wrong does."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def _together(*jobs: Callable[[int], object]) -> list[Exception]:
    """Do each job so many times, in a thread of its own; gives what was raised."""
    raised: list[Exception] = []

    def work(job: Callable[[int], object]) -> None:
        for number in range(TIMES):
            try:
                job(number)
            except Exception as error:
                raised.append(error)

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_what_is_said_stated_read_and_erased_at_once(ana: UserMemory) -> None:
    ana.observe("My favourite food is bread.")

    def consolidate(number: int) -> None:
        try:
            ana.apply(asyncio.run(ana.consolidate()))
        except Conflict:  # somebody else has dealt with it
            return

    raised = _together(
        lambda n: ana.observe(f"My favourite food is zyxq{n}word."),
        lambda n: ana.remember(f"tea number {n}", key="drink", replaces=True),
        lambda n: ana.remember(f"rum number {n}", key="drink", replaces=True),
        consolidate,
        lambda n: ana.recall("favourite food", k=5),
        lambda n: (ana.facts(ended=True), ana.observations(), ana.batches(), ana.profile()),
        lambda n: ana.forget(words=[f"zyxq{n}word"], mode="erase") if n % 5 == 0 else None,
    )
    assert raised == []
    log = list(ana.memory.store.read("ana"))
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert replay(log) == ana.memory.states.get("ana")
    assert len([fact for fact in ana.facts() if fact.key == "drink"]) == 1


def test_a_fact_is_ended_by_one_of_many(ana: UserMemory) -> None:
    facts = ana.edit([Operation("add", text=f"fact {n}") for n in range(TIMES)])
    done: list[int] = []

    def end(number: int) -> None:
        ana.edit([Operation("update", facts[number].id, text=f"new {number}")])
        done.append(number)

    raised = _together(end, end, end, end)
    assert sorted(done) == list(range(TIMES))
    assert len(raised) == 3 * TIMES
    assert {type(error) for error in raised} == {InvalidInput}


def test_the_same_words_of_many_are_kept_once(ana: UserMemory) -> None:
    assert _together(*[lambda n: ana.remember(f"likes tea {n}")] * 4) == []
    assert sorted(fact.text for fact in ana.facts()) == sorted(f"likes tea {n}" for n in range(TIMES))


def test_a_state_that_was_given_stays_as_it_was(ana: UserMemory) -> None:
    ana.remember("tea")
    given = ana.memory.states.get("ana")
    view = ana.view()
    ana.remember("rum")
    ana.forget(["f1_0"])
    assert [fact.text for fact in given.facts.values()] == ["tea"]
    assert (given.seq, given.facts["f1_0"].attributes) == (1, {})
    assert [fact.text for fact in view.facts()] == ["tea"]
    assert ana.memory.states.get("ana").seq == 3


def test_the_states_of_many_are_let_go_in_turn() -> None:
    memory = Memory.open(None, clock=lambda: 1000.0)
    states = StateCache(memory.store, most=10)
    for number in range(6):
        memory.user(f"user{number}").observe_all([Observation("x")] * 2)
        states.get(f"user{number}")
    assert [states.warm(f"user{number}") is not None for number in range(6)] == [False] * 3 + [True] * 3
    states.drop("user5")
    memory.user("user4").observe_all([Observation("x")] * 20)
    assert states.get("user4").seq == 22
    assert [states.warm(f"user{number}") is not None for number in range(6)] == [False] * 4 + [True, False]
