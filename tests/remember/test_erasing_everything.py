"""Nothing of what is erased is left: wherever the words stand in the log, and whatever was concluded from them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from personarium.core.errors import UsageError
from personarium.remember import Memory, Observation, Operation
from personarium.remember.edits import pending
from personarium.remember.events import Draft, Event
from personarium.remember.list_store import ListStore
from personarium.remember.user_memory import UserMemory

SECRET = "Zyxqwvia"


@pytest.fixture
def ana() -> UserMemory:
    return Memory.open(None, clock=lambda: 1000.0).user("ana")


def _consolidate(user: UserMemory) -> list[str]:
    diff = asyncio.run(user.consolidate())
    user.apply(diff)
    return diff.lines()


def _held(user: UserMemory) -> str:
    return str(list(user.memory.store.read(user.id))).casefold()


# -- wherever the words stand ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "meta", [{"caption": SECRET}, {"a": [{"b": f"with {SECRET}"}]}, {"people": {SECRET: 1}}, {"a": (SECRET.upper(),)}]
)
def test_in_the_further_fields_of_an_utterance(ana: UserMemory, meta: dict[str, Any]) -> None:
    ana.observe("hello", meta=meta)
    assert ana.forget(words=[SECRET], mode="erase").observations == ("o1",)
    assert SECRET.casefold() not in _held(ana)


def test_in_whose_they_are(ana: UserMemory) -> None:
    ana.observe("hello", speaker=SECRET)
    ana.remember("lives in Oslo", holder=f"friend {SECRET}")
    ana.remember("tea", key=f"drinks.of.{SECRET}")
    receipt = ana.forget(words=[SECRET], mode="erase")
    assert (receipt.observations, receipt.facts) == (("o1",), ("f2_0", "f3_0"))
    assert SECRET.casefold() not in _held(ana)


def test_in_numbers_that_may_be_somebodys(ana: UserMemory) -> None:
    ana.remember("phone", attributes={"number": 5551234567})
    ana.observe("third turn", meta={"turn": 3})
    assert ana.forget(words=["5551234567", "3"], mode="erase").facts == ("f1_0",)
    assert "5551234567" not in _held(ana)
    assert len(ana.observations()) == 1


def test_names_that_the_program_gives_are_no_words(ana: UserMemory) -> None:
    ana.observe("hello", speaker="user", session="user-talk")
    ana.observe("hello", speaker="assistant")
    ana.remember("tea", attributes={"quote": "tea"})
    plan = ana.plan_forget(words=["user", "assistant", "quote", "fact", "add", "text"])
    assert (plan.observations, plan.facts) == ((), ())
    assert dict(plan.also) == {"o1": "hello"}


def test_in_marks_that_rest_on_what_goes(ana: UserMemory) -> None:
    tea = ana.remember("tea")
    told = ana.observe(f"{SECRET} brought tea")
    ana.edit([Operation("mark", tea.id, evidence=(told.id,), attributes={"quote": f"{SECRET} brought tea"})])
    ana.forget([told.id], mode="erase")
    assert SECRET.casefold() not in _held(ana)
    assert [(one.text, one.evidence, one.attributes) for one in ana.facts()] == [("tea", (), {})]


def test_in_batches_that_were_taken_back_and_in_the_past(ana: UserMemory) -> None:
    ana.remember(SECRET, key="a")
    ana.undo()
    ana.remember(f"{SECRET} again", key="b")
    ana.forget(words=[SECRET], mode="erase")
    assert SECRET.casefold() not in _held(ana)
    for when in (999.0, 1000.0, 1001.0):
        assert ana.as_of(when).facts(ended=True) == []


# -- what goes with what -----------------------------------------------------------------------------------------------


def test_an_erased_fact_takes_every_utterance_that_said_it(ana: UserMemory) -> None:
    ana.observe(f"My favourite drink is {SECRET}.")
    ana.observe(f"As I said, my favourite drink is {SECRET}.")
    _consolidate(ana)
    ana.forget([ana.facts()[0].id], mode="erase")
    assert _consolidate(ana) == []
    assert SECRET.casefold() not in _held(ana)


def test_what_another_strategy_concluded_goes_too_and_both_read_again(ana: UserMemory) -> None:
    ana.observe(f"{SECRET} and I live in Oslo")
    ana.observe("I live in Oslo")
    for name in ("one", "two"):
        ana.edit([Operation("add", text=f"{SECRET}, Oslo", evidence=("o1", "o2"))], strategy=name, through="o2")
    receipt = ana.forget(["o1"], mode="erase")
    assert receipt.facts == ("f3_0", "f4_0")
    assert SECRET.casefold() not in _held(ana)
    state = ana.memory.states.get("ana")
    assert {name: [one.id for one in pending(state, name)] for name in ("one", "two")} == {"one": ["o2"], "two": ["o2"]}


def test_an_erased_summary_takes_the_facts_it_was_made_from_and_their_utterances(ana: UserMemory) -> None:
    told = ana.observe(f"{SECRET} is my doctor")
    fact = ana.remember(f"sees {SECRET}", evidence=[told.id])
    summary = ana.remember(f"ill; sees {SECRET}", kind="summary", evidence=[fact.id])
    other = ana.remember("tea")
    receipt = ana.forget([summary.id], mode="erase")
    assert (receipt.observations, receipt.facts) == ((told.id,), (fact.id, summary.id))
    assert ana.facts() == [other]


def test_a_fact_whose_end_is_erased_holds_again(ana: UserMemory) -> None:
    ana.observe("My favourite drink is tea.")
    ana.observe("I don't drink tea any more.")
    _consolidate(ana)
    assert ana.facts() == []
    ana.forget(["o2"], mode="erase")
    assert [fact.text for fact in ana.facts()] == ["tea"]


def test_a_version_in_between_goes_and_the_older_one_stays_over(ana: UserMemory) -> None:
    tea = ana.remember("tea", key="drink")
    rum = ana.remember("rum", key="drink", replaces=True)
    ana.remember("cola", key="drink", replaces=True)
    ana.forget([rum.id], mode="erase", sources=False)
    assert [fact.text for fact in ana.facts()] == ["cola"]
    assert [(fact.text, fact.replaces) for fact in ana.history(tea.id)] == [("tea", ""), ("cola", tea.id)]


def test_versions_inside_one_batch(ana: UserMemory) -> None:
    ana.edit([Operation("add", text="a"), Operation("update", "+0", text="b"), Operation("update", "+1", text="c")])
    ana.forget(["f1_1"], mode="erase")
    assert [(fact.text, fact.replaces) for fact in ana.facts()] == [("c", "f1_0")]
    ana.forget(["f1_0"], mode="erase")
    assert [(fact.text, fact.replaces) for fact in ana.facts(ended=True)] == [("c", "")]


def test_circles_of_evidence_end(ana: UserMemory) -> None:
    body = {
        "operations": [{"action": "add", "text": "a", "evidence": ["f1_1", "f1_0"]}, {"action": "add", "text": "b"}]
    }
    body["operations"][1]["evidence"] = ["f1_0", "o99"]
    ana.memory.store.append("ana", [Draft("operations", 1.0, body)])
    assert ana.sources("f1_0") == []
    assert ana.forget(["f1_1"], mode="erase").facts == ("f1_0", "f1_1")


# -- words and phrases -------------------------------------------------------------------------------------------------


def test_a_word_is_a_whole_word_and_its_parts_are_only_told(ana: UserMemory) -> None:
    for text in ("tea at noon", "my team won instead", "TEA!", "tea's"):
        ana.observe(text)
    plan = ana.plan_forget(words=["tea"])
    assert plan.observations == ("o1", "o3", "o4")
    assert dict(plan.also) == {"o2": "my team won instead"}


def test_a_long_word_goes_with_its_endings(ana: UserMemory) -> None:
    for text in ("the violinist", "a violin", "violet", "international", "internet", "Zyxqwvian wine"):
        ana.observe(text)
    assert ana.plan_forget(words=["violin"]).observations == ("o1", "o2")
    assert ana.plan_forget(words=["internet"]).observations == ("o5",)
    assert ana.plan_forget(words=[SECRET]).observations == ("o6",)


def test_a_phrase_is_its_words_in_a_row(ana: UserMemory) -> None:
    for text in ("My  EX, he said", "my best ex", "我住在北京", "京北", "I 🍕 you"):
        ana.observe(text)
    assert ana.plan_forget(words=["my ex"]).observations == ("o1",)
    assert ana.plan_forget(words=["北京"]).observations == ("o3",)
    assert ana.plan_forget(words=["🍕"]).observations == ("o5",)


@pytest.mark.parametrize("asked", [{"words": [""]}, {"words": ["  "]}, {"words": "tea"}, {"ids": "o1"}, {"ids": []}])
def test_something_has_to_be_named(ana: UserMemory, asked: Any) -> None:
    ana.observe("tea")
    with pytest.raises(UsageError):
        ana.forget(mode="erase", **asked)
    assert ana.memory.store.last("ana") == 1


# -- folders -----------------------------------------------------------------------------------------------------------


def test_a_folder_that_the_log_names_is_gone_through_only_if_it_is_a_run(ana: UserMemory, tmp_path: Path) -> None:
    diary, run, lost = tmp_path / "diary", tmp_path / "run", tmp_path / "lost"
    diary.mkdir()
    run.mkdir()
    (run / "run.json").write_text("{}")
    for folder in (diary, run):
        (folder / "a.txt").write_text(f"{SECRET} was here\n")
    for folder in (diary, run, lost):
        ana.edit([Operation("add", text=SECRET)], run=str(folder))
    receipt = ana.forget(words=[SECRET], mode="erase")
    assert (diary / "a.txt").read_text() == f"{SECRET} was here\n"
    assert SECRET not in (run / "a.txt").read_text()
    assert receipt.folders[str(run)].files == ("a.txt",)
    assert set(receipt.unsearched) == {str(diary), str(lost)}


def test_the_receipt_names_what_could_not_be_looked_into(ana: UserMemory, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0\1" + SECRET.encode() + b"\0")
    (tmp_path / "b.gz").write_bytes(b"\x1f\x8b\x08\x00 packed")
    ana.remember(SECRET)
    receipt = ana.forget(words=[SECRET], mode="erase", folders=[tmp_path])
    assert receipt.found == (str(tmp_path / "a.bin"),)
    assert receipt.unsearched == (str(tmp_path / "b.gz"),)
    assert receipt.as_dict()["found"] == [str(tmp_path / "a.bin")]


class _Busy(ListStore):
    """A store to which somebody writes whenever the whole log is read."""

    def __init__(self) -> None:
        super().__init__()
        self.late: list[str] = []

    def read(self, user: str, after: int = 0) -> Iterator[Event]:
        found = list(super().read(user, after))
        if self.late and not after:
            self.append(user, [Draft("observe", 1.0, {"text": self.late.pop(0)})])
        return iter(found)


def test_what_is_said_during_an_erasure_is_erased_too(tmp_path: Path) -> None:
    store = _Busy()
    ana = Memory(store, clock=lambda: 1000.0).user("ana")
    notes = tmp_path / "notes.txt"
    notes.write_text(f"{SECRET}\n")
    ana.remember(SECRET)
    store.late = [f"{SECRET} once more", "nothing of it"]
    receipt = ana.forget(words=[SECRET], mode="erase", folders=[tmp_path])
    assert receipt.observations == ("o2",)
    assert receipt.folders[str(tmp_path)].files == ("notes.txt",)
    assert SECRET.casefold() not in _held(ana)
    assert [one.text for one in ana.observations()] == ["nothing of it"]


def test_an_index_that_was_kept_is_counted_and_gone(tmp_path: Path) -> None:
    with Memory.open(tmp_path / "people.db", clock=lambda: 1000.0) as memory:
        ana = memory.user("ana")
        ana.observe_all([Observation(f"{SECRET} number {n}") for n in range(300)])
        assert ana.recall(SECRET, k=1).items
        assert memory.store.load_derived("ana", "partition") is not None
        receipt = ana.forget(words=[SECRET], mode="erase")
        assert (receipt.derived, len(receipt.observations)) == (1, 300)
        assert memory.store.load_derived("ana", "partition") is None
        assert ana.recall(SECRET, k=9).items == ()
    assert SECRET.encode()[:6] not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
