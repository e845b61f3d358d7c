"""A memory at the cut: built from what came before, asked read-only, and lost parts counted."""

from __future__ import annotations

from collections.abc import Sequence

from personarium.core import Message
from personarium.core.chat import assistant, system, user
from personarium.core.errors import RemoteError
from personarium.core.results import Failure
from personarium.measure.memory_at_cut import (
    Asked,
    Shown,
    StrategyMemory,
    memory_failures,
    recall_at_cuts,
    strategy_memories,
)
from personarium.models import ScriptedModel
from personarium.remember.baselines import FullContext, WordSearch
from personarium.remember.personamem_v2 import PersonaMemV2

TALK: list[Message] = [user(f"message {k}") for k in range(10)]


class Counter:
    """A memory that says how much it has read."""

    def __init__(self) -> None:
        self.told: list[Message] = []

    async def read(self, messages: Sequence[Message]) -> Sequence[Failure]:
        self.told += messages
        return [Failure("error", f"lost at {len(self.told)}")] if len(self.told) == 5 else []

    def recall(self, question: str) -> str:
        return f"{question} after {len(self.told)}"


async def test_cuts_in_any_order_see_exactly_what_came_before() -> None:
    asked = [
        Asked("late", "h", 9, "Q1"),
        Asked("nothing", "h", 0, "Q2"),
        Asked("early", "h", 2, "Q3"),
        Asked("same", "h", 9, "Q4"),
    ]
    loads: list[str] = []

    def history(name: str) -> list[Message]:
        loads.append(name)
        return TALK

    found = await recall_at_cuts(lambda name: Counter(), history, asked)
    texts = {id: one.text for id, one in found.items() if isinstance(one, Shown)}
    assert texts == {"late": "Q1 after 9", "nothing": "Q2 after 0", "early": "Q3 after 2", "same": "Q4 after 9"}
    assert loads == ["h"]


async def test_a_fresh_memory_for_each_cut_when_asked() -> None:
    made: list[Counter] = []

    def fresh(name: str) -> Counter:
        made.append(Counter())
        return made[-1]

    asked = [Asked(f"q{end}", "h", end, "Q") for end in (3, 7, 3)]
    await recall_at_cuts(fresh, lambda name: TALK, asked, rebuild=True)
    assert sorted(len(one.told) for one in made) == [3, 7]


async def test_failures_of_reading_are_told_once() -> None:
    asked = [Asked("a", "h", 5, "Q"), Asked("b", "h", 6, "Q"), Asked("c", "h", 2, "Q")]
    found = await recall_at_cuts(lambda name: Counter(), lambda name: TALK, asked)
    assert [f.reason for f in memory_failures(found)] == ["lost at 5"]
    assert [len(one.failures) for one in found.values() if isinstance(one, Shown)] == [0, 1, 1]


async def test_a_strategy_reads_shows_its_profile_and_what_it_recalls_once() -> None:
    memory = StrategyMemory(FullContext())
    await memory.read([system("S"), user("I like tea."), assistant("Assistant: noted")])
    await memory.read([system("S2"), user("User: I sail.")])
    lines = memory.recall("tea?").splitlines()
    wanted = [
        ("system: S", "2024-01-01"),
        ("user: I like tea.", "2024-01-01"),
        ("assistant: noted", "2024-01-01"),
        ("system: S2", "2024-01-02"),
        ("user: I sail.", "2024-01-02"),
    ]
    assert len(lines) == len(wanted)
    assert all(text in line and day in line for line, (text, day) in zip(lines, wanted, strict=True))


async def test_a_recall_is_limited_by_number_and_tokens() -> None:
    memory = StrategyMemory(WordSearch(), k=2)
    await memory.read([user(f"tea number {k}") for k in range(5)])
    assert len(memory.recall("tea").splitlines()) == 2
    short = StrategyMemory(WordSearch(), k=5, budget_tokens=12)
    await short.read([user(f"tea number {k}") for k in range(5)])
    assert len(short.recall("tea").splitlines()) == 1


async def test_a_failed_writer_is_counted_and_what_it_was_about_is_read_the_next_time() -> None:
    model = ScriptedModel([RemoteError("down"), "- The user likes tea.\n- The user sails."])
    factory = strategy_memories(PersonaMemV2, model)
    memory = factory("h")
    assert [f.kind for f in await memory.read([user("I like tea.")])] == ["error"]
    assert memory.recall("?") == ""
    assert await memory.read([user("I sail.")]) == ()
    assert memory.recall("?") == "- The user likes tea.\n- The user sails."
    assert "I like tea." in model.calls[1].messages[-1]["content"]
