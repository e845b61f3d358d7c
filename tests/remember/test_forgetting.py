"""Archive and erase: what goes with what, what is read again, and the receipt."""

from __future__ import annotations

import asyncio

import pytest

from personarium.core.errors import NotFound, UsageError
from personarium.remember import Memory, Operation
from personarium.remember.edits import pending
from personarium.remember.user_memory import UserMemory


@pytest.fixture
def ana() -> UserMemory:
    return Memory.open(None, clock=lambda: 1000.0).user("ana")


def _consolidate(user: UserMemory) -> None:
    user.apply(asyncio.run(user.consolidate()))


def _log(user: UserMemory) -> str:
    return "\n".join(str(event) for event in user.memory.store.read(user.id))


def test_an_erased_utterance_takes_what_was_concluded_from_it(ana: UserMemory) -> None:
    said = ana.observe("My favourite drink is Zyxqwv tea.")
    ana.observe("My favourite food is ramen.")
    _consolidate(ana)
    summary = ana.edit([Operation("add", kind="summary", text="likes Zyxqwv tea", evidence=(ana.facts()[0].id,))])[0]
    receipt = ana.forget([said.id], mode="erase")
    assert receipt.observations == (said.id,)
    assert summary.id in receipt.facts
    assert receipt.events == 3
    assert [fact.text for fact in ana.facts(ended=True)] == ["ramen"]
    assert "Zyxqwv" not in _log(ana)
    assert [event.seq for event in ana.memory.store.read("ana")] == [1, 2, 3, 4, 5]


def test_an_erased_fact_takes_the_utterances_behind_it(ana: UserMemory) -> None:
    ana.observe("My favourite drink is Zyxqwv tea.")
    _consolidate(ana)
    ana.forget([ana.facts()[0].id], mode="erase")
    assert "Zyxqwv" not in _log(ana)
    assert asyncio.run(ana.consolidate()).empty


def test_what_else_an_erased_conclusion_rested_on_is_read_again(ana: UserMemory) -> None:
    first = ana.observe("My favourite drink is tea.")
    again = ana.observe("As I said, my favourite drink is tea.")
    _consolidate(ana)
    receipt = ana.forget([first.id], mode="erase")
    assert receipt.reread == 1
    assert ana.facts() == []
    _consolidate(ana)
    assert [(fact.text, fact.evidence) for fact in ana.facts()] == [("tea", (again.id,))]
    assert asyncio.run(ana.consolidate()).empty


def test_undone_edits_and_earlier_versions_are_erased_too(ana: UserMemory) -> None:
    ana.remember("Zyxqwv one", key="secret")
    ana.undo()
    old = ana.remember("Zyxqwv two", key="secret")
    ana.edit([Operation("update", old.id, text="Zyxqwv three")])
    ana.forget(key="secret", mode="erase")
    assert "Zyxqwv" not in _log(ana)
    assert ana.facts(ended=True) == []


def test_words_find_every_entry_whatever_their_case(ana: UserMemory) -> None:
    ana.remember("Her ex is called ZYXQWV.")
    ana.observe("zyxqwv again, and a picture", meta={"caption": "with Zyxqwv"})
    ana.remember("likes tea")
    ana.forget(words=["zyxqwv"], mode="erase")
    assert "zyxqwv" not in _log(ana).casefold()
    assert [fact.text for fact in ana.facts()] == ["likes tea"]


def test_a_session_can_be_forgotten(ana: UserMemory) -> None:
    ana.observe("one", session="s1")
    ana.observe("two", session="s2")
    ana.observe("three", session="s1")
    assert ana.forget(session="s1", mode="erase").observations == ("o1", "o3")
    assert [one.text for one in ana.observations()] == ["two"]


def test_a_plan_names_entries_that_share_a_rare_word(ana: UserMemory) -> None:
    said = ana.observe("I met Zyxqwv at noon.")
    ana.observe("Zyxqwv is tall.")
    plan = ana.plan_forget([said.id])
    assert dict(plan.also) == {"o2": "Zyxqwv is tall."}


def test_archived_entries_stay_and_are_no_longer_recalled(ana: UserMemory) -> None:
    fact = ana.remember("likes violin music")
    ana.observe("I played the violin today.")
    receipt = ana.forget([fact.id, "o2"])
    assert (receipt.mode, receipt.facts, receipt.observations) == ("archive", (fact.id,), ("o2",))
    assert ana.recall("violin").items == ()
    assert ana.facts() == []
    assert ana.facts(ended=True)[0].id == fact.id
    ana.edit([Operation("mark", fact.id, attributes={"archived": None})])
    assert [one.text for one in ana.recall("violin").items] == ["likes violin music"]


def test_forgetting_needs_something_that_exists(ana: UserMemory) -> None:
    with pytest.raises(UsageError, match="say what to forget"):
        ana.forget()
    with pytest.raises(NotFound, match="no entry 'f9_9'"):
        ana.forget(["f9_9"], mode="erase")
    with pytest.raises(UsageError, match="archive or erase"):
        ana.forget(["f9_9"], mode="shred")


def test_nobody_else_is_touched(ana: UserMemory) -> None:
    bo = ana.memory.user("bo")
    bo.remember("Zyxqwv is a friend")
    ana.remember("Zyxqwv is a friend")
    ana.forget(words=["Zyxqwv"], mode="erase")
    assert [fact.text for fact in bo.facts()] == ["Zyxqwv is a friend"]


def test_a_strategy_that_stops_halfway_goes_on_there_and_never_back(ana: UserMemory) -> None:
    said = [ana.observe(text) for text in ("one", "two", "three")]
    ana.edit(
        [Operation("add", kind="summary", text="all", evidence=tuple(one.id for one in said))],
        strategy="s",
        through="o3",
    )
    ana.observe("four")
    ana.forget(["o1"], mode="erase")
    state = ana.memory.states.get("ana")
    assert [one.id for one in pending(state, "s")] == ["o2", "o3", "o5"]
    ana.edit([], strategy="s", through="o2")
    assert [one.id for one in pending(ana.memory.states.get("ana"), "s")] == ["o3", "o5"]
    ana.edit([], strategy="s", through="o5")
    assert pending(ana.memory.states.get("ana"), "s") == []
    ana.undo(2)
    assert [one.id for one in pending(ana.memory.states.get("ana"), "s")] == ["o2", "o3", "o5"]
