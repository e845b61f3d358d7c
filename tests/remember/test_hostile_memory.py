"""What must not get into a memory, what must not bring it down, and what undoing and archiving must leave alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from personarium.core.errors import InvalidInput, UsageError
from personarium.models import ScriptedModel
from personarium.remember import Memory, Observation, Operation
from personarium.remember.edits import pending
from personarium.remember.keeping import fault_of, same_words
from personarium.remember.reading import Claim
from personarium.remember.records import from_dict, to_dict
from personarium.remember.store import Conflict
from personarium.remember.user_memory import UserMemory

YEAR_10000 = 253_402_300_800.0


@pytest.fixture
def ana() -> UserMemory:
    return Memory.open(None, clock=lambda: 1000.0).user("ana")


def _consolidate(user: UserMemory) -> list[str]:
    diff = asyncio.run(user.consolidate())
    user.apply(diff)
    return diff.lines()


def _nested(depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(depth):
        made = {"a": made}
    return made


# -- values ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "at", [float("nan"), float("inf"), YEAR_10000, -YEAR_10000, pytest.param(10**400, id="huge"), "5", True]
)
def test_a_time_is_one_that_a_date_can_be_written_for(ana: UserMemory, at: Any) -> None:
    with pytest.raises(InvalidInput, match="the years 1 to 9999"):
        ana.observe("tea", at=at)
    with pytest.raises(InvalidInput, match="the years 1 to 9999"):
        ana.remember("tea", at=at)


@pytest.mark.parametrize("at", [YEAR_10000 - 1, -62_135_596_800.0])
def test_any_other_time_can_be_shown(ana: UserMemory, at: float) -> None:
    ana.observe("tea", at=at)
    assert ana.recall("tea").text in ("- 9999-12-31: user: tea", "- 0001-01-01: user: tea")


@pytest.mark.parametrize(
    "further",
    [{"a": float("nan")}, {"a": {1, 2}}, {"a": b"x"}, {1: "a"}, {"a": 1 << 5000}, _nested(70), _nested(5000), [1]],
)
def test_further_fields_are_plain_json(ana: UserMemory, further: Any) -> None:
    with pytest.raises(InvalidInput, match="meta"):
        ana.observe("tea", meta=further)
    with pytest.raises(InvalidInput, match="attributes"):
        ana.remember("tea", attributes=further)
    assert ana.memory.store.last("ana") == 0


@pytest.mark.parametrize("value", ["1", None, float("nan"), -0.1, 2])
def test_a_confidence_is_a_share(ana: UserMemory, value: Any) -> None:
    with pytest.raises(InvalidInput, match="a number from 0 to 1"):
        ana.remember("tea", confidence=value)


def test_evidence_is_a_list_of_ids_and_no_text() -> None:
    with pytest.raises(InvalidInput, match="evidence"):
        from_dict(Operation, {"action": "add", "text": "tea", "evidence": "o12"}, "here")
    with pytest.raises(InvalidInput, match="a tuple of ids"):
        Operation("add", text="tea", evidence=["o1"])  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["half a smile \ud83d", "nul \0 and \x1b[31m", "x" * 200_000, "\u202eright to left"])
def test_any_text_is_kept_letter_by_letter(ana: UserMemory, text: str) -> None:
    said = ana.observe(text, meta={"more": text})
    fact = ana.remember(text)
    assert ana.observations() == [said]
    assert (said.text, fact.text) == (text, text)
    assert len(ana.recall(text, k=2).items) in (1, 2)
    _consolidate(ana)
    receipt = ana.forget([said.id, fact.id], mode="erase")
    assert (receipt.observations, receipt.facts) == ((said.id,), (fact.id,))


@pytest.mark.parametrize("user", ["half \ud800", "", "a\x7f", "x" * 513])
def test_a_user_is_whole_characters(ana: UserMemory, user: str) -> None:
    with pytest.raises(InvalidInput, match="user id"):
        ana.memory.user(user)
    with pytest.raises(InvalidInput, match="user id"):
        ana.memory.observe_many({"bo": [Observation("x")], user: [Observation("x")]})
    assert ana.memory.users() == []


@pytest.mark.parametrize("user", ["../../etc/passwd", "a/b", "'; DROP TABLE users; --", "C:\\x", "🐝", ". "])
def test_a_user_is_never_a_path(ana: UserMemory, user: str) -> None:
    ana.memory.user(user).remember("tea")
    assert ana.facts() == []
    assert ana.memory.users() == [user]


def test_the_fast_way_in_takes_no_ids_and_nothing_that_was_recalled(ana: UserMemory) -> None:
    with pytest.raises(InvalidInput, match="the memory gives it"):
        ana.memory.observe_many({"ana": [Observation("x", id="o77")]})
    ana.memory.observe_many({"ana": [Observation("<memory>\n- tea\n</memory>\nHello")]})
    assert [(one.id, one.text) for one in ana.observations()] == [("o1", "Hello")]


def test_an_id_in_further_fields_is_no_id(ana: UserMemory) -> None:
    ana.observe("one", meta={"id": "o2", "evidence": ["o1"]})
    ana.observe("two")
    ana.forget(["o2"], mode="erase")
    assert [one.meta for one in ana.observations()] == [{"id": "o2", "evidence": ["o1"]}]


# -- edits -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["+1", "+2", "+-1", "+²", "+", "+ 0", "+99999999999999999999", "f9_9", "o1", "+0x"])
def test_a_target_is_there(ana: UserMemory, target: str) -> None:
    ana.observe("one")
    with pytest.raises(InvalidInput, match="operation 1: field 'target'"):
        ana.edit([Operation("add", text="a"), Operation("update", target, text="b")])
    assert ana.memory.store.last("ana") == 1


def test_a_target_of_the_same_batch_makes_a_fact(ana: UserMemory) -> None:
    fact = ana.remember("tea")
    with pytest.raises(InvalidInput, match="that makes a fact"):
        ana.edit([Operation("delete", fact.id), Operation("update", "+0", text="rum")])


@pytest.mark.parametrize("second", [Operation("update", "f1_0", text="b"), Operation("delete", "f1_0")])
def test_a_fact_is_ended_once_in_a_batch(ana: UserMemory, second: Operation) -> None:
    ana.remember("tea")
    with pytest.raises(InvalidInput, match="a fact that still holds"):
        ana.edit([Operation("update", "f1_0", text="a"), second])
    with pytest.raises(InvalidInput, match="a fact that still holds"):
        ana.edit([Operation("add", text="a"), Operation("delete", "+0"), Operation("delete", "+0")])


@pytest.mark.parametrize("evidence", ["o1", "f2_0", "f2_1", "+0", "bo", ""])
def test_a_fact_rests_on_what_is_in_this_memory(ana: UserMemory, evidence: str) -> None:
    ana.memory.user("bo").observe("said by somebody else")
    ana.remember("tea")
    with pytest.raises(InvalidInput, match="an utterance or fact of this user"):
        ana.edit([Operation("add", text="a"), Operation("add", text="b", evidence=(evidence,))])


@pytest.mark.parametrize("through", ["garbage", "o9", "o", "o²", "f1_0", "o-1"])
def test_a_strategy_comes_as_far_as_the_log(ana: UserMemory, through: str) -> None:
    ana.observe("one")
    with pytest.raises(InvalidInput, match="through"):
        ana.edit([], strategy="s", through=through)
    ana.memory.states.drop("ana")
    assert len(ana.observations()) == 1


def test_nothing_to_do_writes_nothing(ana: UserMemory) -> None:
    assert ana.edit([]) == ()
    assert ana.memory.store.last("ana") == 0


def test_a_proposal_is_made_once(ana: UserMemory) -> None:
    ana.observe("My favourite drink is tea.")
    first, second = asyncio.run(ana.consolidate()), asyncio.run(ana.consolidate())
    ana.apply(first)
    for late in (first, second):
        with pytest.raises(Conflict, match="consolidate again"):
            ana.apply(late)
        with pytest.raises(Conflict, match="consolidate again"):
            ana.refuse(late)
    assert [fact.text for fact in ana.facts()] == ["tea"]


def test_what_is_written_while_a_model_thinks_is_not_in_its_view(ana: UserMemory) -> None:
    seen: list[int] = []

    class Slow(type(ana.strategy)):  # type: ignore[misc]
        async def consolidate(self, view: Any, new: Any, model: Any, *, closing: bool = False) -> Any:
            view.search("tea", 5)
            ana.observe("My favourite drink is tea.")
            ana.remember("more tea")
            seen.append(len(view.search("tea", 5)))
            return await super().consolidate(view, new, model, closing=closing)

    ana.memory.strategy = Slow()
    ana.observe("I love tea.")
    diff = asyncio.run(ana.consolidate())
    assert seen == [1]
    assert (diff.seq, diff.through) == (1, "o1")


# -- typed facts -------------------------------------------------------------------------------------------------------


def test_signs_that_make_a_difference_are_not_overlooked(ana: UserMemory) -> None:
    texts = ["C++", "C#", "C", "🙂", "👍", "I love 🍕", "I love 🍔", "-5", "5", "3.5", "3 5", "...", "?"]
    assert len({same_words(text) for text in texts}) == len(texts) - 1  # the last two say nothing
    assert same_words("Likes green tea.") == same_words("likes  GREEN tea!") == "likes green tea"
    for text in texts[:6]:
        ana.remember(text)
    assert [fact.text for fact in ana.facts()] == texts[:6]


def test_a_fact_takes_the_place_of_all_that_its_key_held(ana: UserMemory) -> None:
    for text in ("tea", "rum", "cola"):
        ana.remember(text, key="drink")
    assert ana.remember("rum", key="drink", replaces=True).id == "f2_0"
    assert [fact.text for fact in ana.facts()] == ["rum"]
    ana.remember("tea", key="drink")
    ana.remember("milk", key="drink", replaces=True)
    assert [fact.text for fact in ana.facts()] == ["milk"]


def test_without_a_key_nothing_is_replaced(ana: UserMemory) -> None:
    ana.remember("likes tea")
    with pytest.raises(UsageError, match="a fact with a key"):
        ana.remember("lives in Oslo", replaces=True)
    assert [fact.text for fact in ana.facts()] == ["likes tea"]


def test_what_is_archived_can_be_stated_again(ana: UserMemory) -> None:
    ana.forget([ana.remember("likes tea").id])
    assert ana.facts() == []
    ana.remember("likes tea")
    assert [fact.text for fact in ana.facts()] == ["likes tea"]


def test_the_history_of_nothing_is_nothing(ana: UserMemory) -> None:
    ana.remember("likes tea")
    with pytest.raises(Exception, match="no fact and no key"):
        ana.history("")


# -- blocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0, -1, True, 10.0, 200_001])
def test_a_limit_is_a_number_of_characters(ana: UserMemory, limit: Any) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        ana.set_block("manners", "be brief", limit=limit)


@pytest.mark.parametrize("label", ["", "  ", "a\nb", "x" * 513])
def test_a_block_has_a_label(ana: UserMemory, label: str) -> None:
    with pytest.raises(InvalidInput):
        ana.set_block(label, "be brief")
    with pytest.raises(InvalidInput):
        ana.edit([Operation("add", kind="block", key=label, text="be brief")])


def test_no_edit_goes_over_the_limit_of_a_block_or_takes_it_off(ana: UserMemory) -> None:
    block = ana.set_block("manners", "be brief", limit=10)
    with pytest.raises(InvalidInput, match="at most 10 characters"):
        ana.edit([Operation("update", block.id, text="be very very brief")])
    ana.edit([Operation("update", block.id, text="be kind")])
    assert ana.blocks()["manners"].attributes == {"limit": 10, "read_only": False}
    with pytest.raises(InvalidInput, match="there is a block 'manners'"):
        ana.edit([Operation("add", kind="block", key="manners", text="shout")])


@pytest.mark.parametrize("action", ["update", "correct", "delete", "mark"])
def test_a_read_only_block_is_changed_by_no_edit(ana: UserMemory, action: Any) -> None:
    block = ana.set_block("manners", "be brief", read_only=True)
    text = "shout" if action in ("update", "correct") else ""
    with pytest.raises(InvalidInput, match="read only"):
        ana.edit([Operation(action, block.id, text=text, attributes={"read_only": False})])
    assert ana.profile().text.endswith("manners: be brief")


def test_a_read_only_block_can_be_forgotten(ana: UserMemory) -> None:
    block = ana.set_block("manners", "be brief", read_only=True)
    assert ana.forget([block.id]).facts == (block.id,)
    assert ana.profile().items == ()
    assert ana.forget([block.id], mode="erase").facts == (block.id,)


def test_a_block_that_was_stated_as_a_fact_can_be_written(ana: UserMemory) -> None:
    ana.remember("be brief", kind="block", key="manners")
    ana.set_block("manners", "be kind")
    assert ana.blocks()["manners"].text == "be kind"


# -- taking back -------------------------------------------------------------------------------------------------------


def test_undoing_brings_nothing_back_that_was_archived_since(ana: UserMemory) -> None:
    tea = ana.remember("tea", key="drink")
    ana.edit([Operation("update", tea.id, text="rum")])
    ana.forget([tea.id])
    ana.undo()
    assert ana.facts() == []
    assert ana.recall("tea").items == ()


def test_undoing_leaves_later_marks_and_evidence(ana: UserMemory) -> None:
    ana.observe("said again")
    tea = ana.remember("tea", key="drink")
    ana.edit([Operation("mark", tea.id, attributes={"a": 1}), Operation("add", text="x")])
    ana.edit([Operation("mark", tea.id, evidence=("o1",), attributes={"b": 2})])
    ana.undo()
    assert [(one.attributes, one.evidence) for one in ana.facts()] == [({"b": 2}, ("o1",))]


def test_undoing_leaves_what_an_erasure_made_a_strategy_read_again(ana: UserMemory) -> None:
    ana.observe("one")
    ana.observe("two")
    ana.edit([Operation("add", text="both", evidence=("o1", "o2"))], strategy="s", through="o2")
    ana.observe("four")
    ana.edit([], strategy="s", through="o4")
    ana.forget(["o1"], mode="erase")
    assert [one.id for one in pending(ana.memory.states.get("ana"), "s")] == ["o2"]
    ana.undo()
    assert [one.id for one in pending(ana.memory.states.get("ana"), "s")] == ["o2", "o4"]
    ana.edit([], strategy="s", through="o4")
    assert pending(ana.memory.states.get("ana"), "s") == []


def test_several_batches_are_taken_back_in_one_step(ana: UserMemory) -> None:
    for text in ("a", "b", "c"):
        ana.remember(text)
    assert [batch.seq for batch in ana.undo(2)] == [3, 2]
    assert [event.body for event in ana.memory.store.read("ana", 3)] == [{"of": 3}, {"of": 2}]
    assert [fact.text for fact in ana.facts()] == ["a"]
    assert ana.undo(0) == []
    with pytest.raises(UsageError, match="0 or more"):
        ana.undo(-1)


def test_what_is_archived_is_not_read(ana: UserMemory) -> None:
    ana.forget([ana.observe("My favourite drink is tea.").id])
    assert _consolidate(ana) == []
    assert ana.facts() == []


def test_archiving_takes_what_is_there(ana: UserMemory) -> None:
    ana.remember("one", key="drink")
    ana.undo()
    kept = ana.remember("two", key="drink")
    assert ana.forget(key="drink").facts == (kept.id,)
    assert ana.forget(key="drink").facts == ()
    assert len(ana.batches()) == 2


def test_the_past_needs_a_time(ana: UserMemory) -> None:
    ana.remember("tea")
    with pytest.raises(UsageError, match="the past needs a time"):
        ana.as_of(float("nan"))
    assert ana.as_of(float("inf")).facts() == ana.facts()
    past = ana.as_of(2000.0)
    assert [fact.text for fact in past.facts()] == ["tea"]
    ana.forget(words=["tea"], mode="erase")
    assert past.facts() == []


def test_records_survive_their_plain_form() -> None:
    one = Operation("add", key="k", text="t", evidence=("o1",), attributes={"a": [1, {"b": None}]})
    assert from_dict(Operation, to_dict(one), "here") == one
    assert one.makes
    assert not Operation("mark", "f1_0").makes


# -- what is read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["My favourite 32 was ,.", "My favourite drink is ' '.", "My favourite drink used to be ,"]
)
def test_a_statement_without_a_value_stops_nobody(ana: UserMemory, text: str) -> None:
    ana.observe(text)
    ana.observe("I live in Oslo.")
    assert _consolidate(ana) == ["+ place.location: Oslo"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("tastes." + "x" * 600, "tea"), ("tastes.drink", " "), ("a\nb", "tea"), ("tastes", "x" * 200_001)],
)
def test_a_claim_that_cannot_be_kept_is_told(key: str, value: str) -> None:
    assert fault_of(Claim(key, value, "states", "user", "o1", "quote")) != ""
    assert fault_of(Claim("tastes.drink", "tea", "states", "user", "o1", "quote")) == ""


def test_what_a_model_wrote_and_cannot_be_kept_is_quarantined(ana: UserMemory) -> None:
    blank, good = (
        f'FACT(tastes.{key}, answer: "{value}", quote: "{quote}")'
        for key, value, quote in (("drink", " ", "tea"), ("food", "bread", "bread"))
    )
    ana.observe("I love tea and bread.")
    diff = asyncio.run(ana.consolidate(ScriptedModel([f"{blank}\n{good}"])))
    assert len(diff.quarantined) == 1
    assert "words for what is to add" in diff.quarantined[0].reason
    assert [edit.text for edit in diff.operations] == ["bread"]
    assert diff.through == "o1"
