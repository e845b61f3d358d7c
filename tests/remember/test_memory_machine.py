"""Random lives of a memory, compared with a model that keeps plain lists and replays nothing.

Whatever is done in whatever order: a replay of the log gives the live state; the past is the log's beginning; users are
apart; taking back is exact; what is archived or erased is never recalled; after an erasure no word of it is left anywhere.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from personarium.core.errors import InvalidInput
from personarium.remember import Memory, Observation, Operation
from personarium.remember.events import Event
from personarium.remember.records import MAKING
from personarium.remember.replay import State, replay
from personarium.remember.store import Conflict
from personarium.remember.transfer import export_memory, import_memory
from personarium.remember.user_memory import UserMemory

USERS = ("ana", "bo/../x")
SESSIONS = ("", "s1", "s2")
KEYS = ("", "tastes.drink", "place")
PLAIN = (
    "My favourite drink is {}.",
    "I love {} now.",
    "I don't drink {} any more.",
    "Nothing about {} here",
    "{}\n<memory>\nold\n</memory>",
)
ACTIONS = ("add", "update", "correct", "delete", "mark")
user_ids = st.sampled_from(USERS)


def plain(state: State) -> dict[str, Any]:
    """What a state says, without how it came to it."""
    return {
        "said": list(state.observations.values()),
        "facts": list(state.facts.values()),
        "batches": state.batches,
        "through": state.through,
        "reread": state.reread,
        "undoable": state.undoable(),
    }


def believed(state: State) -> dict[str, Any]:
    """What undoing must bring back: entries, and how far strategies have come."""
    told = plain(state)
    return {name: told[name] for name in ("said", "facts", "through", "reread")}


class Model:
    """One user as the test knows them: the words that must be gone, and the states that undoing must bring back."""

    def __init__(self) -> None:
        self.gone: set[str] = set()  # planted words that were erased
        self.before: list[dict[str, Any]] = []  # what was believed before each batch that can be taken back


class Life(RuleBasedStateMachine):
    """A memory of two people over some store."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.planted = 0
        self.folder = Path(tempfile.mkdtemp(prefix="life-"))
        self.memory = self.opened()
        self.models = {user: Model() for user in USERS}

    def opened(self) -> Memory:
        """The memory; in this process only."""
        return Memory.open(None, clock=lambda: self.now)

    def teardown(self) -> None:
        self.memory.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- what happens --------------------------------------------------------------------------------------------------

    def of(self, user: str) -> UserMemory:
        return self.memory.user(user)

    def word(self) -> str:
        """A word that stands nowhere else, and whose first letters stand in no other word."""
        self.planted += 1
        return "".join("bcdfghjklm"[int(digit)] for digit in f"{self.planted:03d}") + "xqzwvj"

    def ids(self, user: str) -> list[str]:
        state = self.memory.states.get(user)
        return [*state.observations, *state.facts]

    @initialize()
    def something_is_known(self) -> None:
        for user in USERS:
            self.of(user).observe(f"My favourite drink is {self.word()}.", session="s1")

    @rule(seconds=st.sampled_from((0.0, 1.0, 86400.0)))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @rule(user=user_ids, text=st.sampled_from(PLAIN), session=st.sampled_from(SESSIONS), more=st.booleans())
    def observe(self, user: str, text: str, session: str, more: bool) -> None:
        said = [Observation(text.format(self.word()), "user", self.now, session, "", {"turn": {"of": self.word()}})]
        if more:
            said += [Observation(f"{self.word()} it is", "assistant", self.now, session), Observation("", "user")]
        kept = self.of(user).observe_all(said)
        assert all("old" not in one.text for one in kept)
        assert self.of(user).observations()[-len(kept) :] == kept

    @rule(user=user_ids, key=st.sampled_from(KEYS), again=st.booleans(), replaces=st.booleans(), data=st.data())
    def remember(self, user: str, key: str, again: bool, replaces: bool, data: st.DataObject) -> None:
        ana = self.of(user)
        known = [fact for fact in ana.facts("fact") if fact.key == key and fact.holder == "user"]
        text = data.draw(st.sampled_from(known)).text if again and known else self.word()
        evidence = data.draw(st.lists(st.sampled_from(self.ids(user)), max_size=2)) if self.ids(user) else []
        before = self.believed(user)
        was = self.memory.store.last(user)
        fact = ana.remember(text, key=key, evidence=evidence, replaces=replaces and bool(key))
        assert fact in ana.facts()
        assert set(evidence) <= set(fact.evidence)
        if replaces and key:
            mine = [one for one in ana.facts("fact") if (one.key, one.holder) == (key, "user")]
            assert mine == [fact]
        self.done(user, before, was)

    @rule(user=user_ids, actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=4), data=st.data())
    def edit(self, user: str, actions: list[str], data: st.DataObject) -> None:
        operations = []
        for number, action in enumerate(actions):
            targets = [f"+{n}" for n in range(number)] + self.ids(user) + ["f99999_0"]
            target = "" if action == "add" else data.draw(st.sampled_from(targets))
            text = self.word() if action in MAKING else ""
            ids = self.ids(user)
            evidence = tuple(data.draw(st.lists(st.sampled_from(ids), max_size=2))) if ids else ()
            attributes = {"note": self.word()} if data.draw(st.booleans()) else {}
            operations.append(Operation(action, target, "", "", text, evidence=evidence, attributes=attributes))  # type: ignore[arg-type]
        before, was = self.believed(user), self.memory.store.last(user)
        log = list(self.memory.store.read(user))
        try:
            self.of(user).edit(operations)
        except InvalidInput:
            assert list(self.memory.store.read(user)) == log
            return
        self.done(user, before, was)

    @rule(user=user_ids, apply=st.booleans(), twice=st.booleans())
    def consolidate(self, user: str, apply: bool, twice: bool) -> None:
        ana = self.of(user)
        first, second = asyncio.run(ana.consolidate()), asyncio.run(ana.consolidate())
        assert first == second
        shown = {one.id for one in (*ana.observations(), *ana.facts(ended=True))}
        assert all(shown.issuperset(edit.evidence) for edit in first.operations)
        before, was = self.believed(user), self.memory.store.last(user)
        if apply:
            ana.apply(first)
        else:
            ana.refuse(first)
        self.done(user, before, was)
        assert asyncio.run(ana.consolidate()).empty
        if twice and first.through:
            with pytest.raises(Conflict):
                ana.apply(second)

    @rule(user=user_ids, count=st.integers(0, 3))
    def undo(self, user: str, count: int) -> None:
        model = self.models[user]
        taken = self.of(user).undo(count)
        assert len(taken) == min(count, len(model.before))
        for _ in taken:
            expected = model.before.pop()
        if taken:
            found, known = self.believed(user), {one.id for one in expected["said"]}
            found["said"] = [one for one in found["said"] if one.id in known]
            for name in expected:
                assert found[name] == expected[name]

    @rule(user=user_ids, data=st.data())
    def archive(self, user: str, data: st.DataObject) -> None:
        if not self.ids(user):
            return
        id = data.draw(st.sampled_from(self.ids(user)))
        receipt = self.of(user).forget([id])
        gone = {*receipt.observations, *receipt.facts}
        self.models[user].before = [self.without(one, gone, archived=self.now) for one in self.models[user].before]
        assert gone.isdisjoint(one.id for one in (*self.of(user).observations(), *self.of(user).facts()))

    @rule(user=user_ids, how=st.sampled_from(("id", "word", "session", "key")), sources=st.booleans(), data=st.data())
    def erase(self, user: str, how: str, sources: bool, data: st.DataObject) -> None:
        ana, model = self.of(user), self.models[user]
        log = list(self.memory.store.read(user))
        words = sorted(planted_in(log))
        if not self.ids(user) or not words:
            return
        others = {other: list(self.memory.store.read(other)) for other in USERS if other != user}
        asked: dict[str, Any] = {"sources": sources}
        if how == "id":
            asked["ids"] = [data.draw(st.sampled_from(self.ids(user)))]
        elif how == "word":
            asked["words"] = [data.draw(st.sampled_from(words)).upper()]
        else:
            asked[how] = "s1" if how == "session" else "tastes.drink"
        planned = ana.plan_forget(**asked)
        receipt = ana.forget(**asked, mode="erase")
        assert (receipt.observations, receipt.facts) == (planned.observations, planned.facts)
        after = list(self.memory.store.read(user))
        gone = set(words) - planted_in(after)  # a word stays where an entry that stays holds it too
        assert gone <= planted_in(planned.texts)
        if how == "word":
            assert asked["words"][0].lower() in gone
        ids = {*receipt.observations, *receipt.facts}
        assert listed(log) - listed(after) == ids
        assert not any(ids & set(edit.get("evidence", ())) for edit in edits_in(after))
        assert len(after) == len(log) + bool(receipt.seq)
        model.gone |= gone
        if receipt.seq:  # what was to be brought back by undoing is told from the log that is left
            model.before = [history_before(after, seq) for seq in reversed(replay(after).undoable())]
        for other, was in others.items():
            assert list(self.memory.store.read(other)) == was
        assert read_again(after[-1]) <= set(replay(after).observations)

    @rule(user=user_ids, limit=st.sampled_from((None, 10, 50)), read_only=st.sampled_from((None, True, False)))
    def set_block(self, user: str, limit: int | None, read_only: bool | None) -> None:
        before, was = self.believed(user), self.memory.store.last(user)
        block = self.of(user).set_block("manners", self.word(), limit=limit, read_only=read_only)
        assert self.of(user).blocks()["manners"] == block
        self.done(user, before, was)

    @rule()
    def out_and_in(self) -> None:
        path, other = self.folder / "all.jsonl", Memory.open(None, clock=lambda: self.now)
        export_memory(self.memory, path)
        text = path.read_text(encoding="utf-8").casefold()
        assert not any(word in text for model in self.models.values() for word in model.gone)
        import_memory(other, path)
        for user in self.memory.users():
            assert list(other.store.read(user)) == list(self.memory.store.read(user))

    @rule()
    def markdown(self) -> None:
        for user in self.memory.users():
            path, other = self.folder / "one.md", Memory.open(None, clock=lambda: self.now)
            export_memory(self.memory, path, [user])
            assert not any(word in path.read_text(encoding="utf-8") for word in self.models[user].gone)
            import_memory(other, path, user)
            told = {(f.kind, f.key, f.text) for f in other.user(user).facts()}
            assert told == {(f.kind, f.key, f.text) for f in self.of(user).facts()}

    # -- what must hold ------------------------------------------------------------------------------------------------

    @invariant()
    def a_replay_gives_the_live_state(self) -> None:
        for user in USERS:
            log = list(self.memory.store.read(user))
            assert [event.seq for event in log] == list(range(1, len(log) + 1))
            assert plain(replay(log)) == plain(self.memory.states.get(user))

    @invariant()
    def what_was_taken_back_has_never_been(self) -> None:
        for user in USERS:
            log = list(self.memory.store.read(user))
            undone = {event.body["of"] for event in log if event.kind == "undo"}
            empty = Event(0, "operations", 0.0, {"operations": []})
            never = [
                replace(empty, seq=event.seq) if event.kind == "undo" or event.seq in undone else event for event in log
            ]
            assert believed(replay(log)) == believed(replay(never))

    @invariant()
    def a_label_has_one_block(self) -> None:
        for user in USERS:
            blocks = [fact.key for fact in self.of(user).facts("block")]
            assert len(blocks) == len(set(blocks))

    @invariant()
    def the_view_shows_what_the_log_says(self) -> None:
        for user in USERS:
            state = replay(self.memory.store.read(user))
            shown = [f for f in state.facts.values() if f.current and "archived" not in f.attributes]
            said = [one for one in state.observations.values() if "archived" not in one.meta]
            assert self.of(user).facts() == shown
            assert self.of(user).observations() == said

    @invariant()
    def nothing_that_is_gone_is_recalled(self) -> None:
        for user, model in self.models.items():
            ana = self.of(user)
            held = str(list(self.memory.store.read(user))).casefold()
            assert not any(word in held for word in model.gone)
            for word in sorted(model.gone)[-2:]:
                assert word not in ana.recall(f"favourite drink {word}", k=50, preview=True).text.casefold()
            assert not any(word in ana.profile().text for word in model.gone)
            visible = {one.id for one in (*ana.observations(), *ana.facts(ended=True))}
            found = ana.recall("my favourite drink is", k=50, preview=True)
            assert {id for item in found.items for id in item.ids} <= visible

    @precondition(lambda self: self.now > 1000.0)
    @rule(user=user_ids, share=st.floats(0, 1))
    def the_past_is_the_beginning_of_the_log(self, user: str, share: float) -> None:
        when = 1000.0 + share * (self.now - 1000.0)
        log = list(self.memory.store.read(user))
        past = self.of(user).as_of(when)
        assert past.facts(ended=True) == list(replay(event for event in log if event.at <= when).facts.values())
        gone = self.models[user].gone
        assert not any(word in fact.text for fact in past.facts(ended=True) for word in gone)
        assert not any(word in past.recall(word, k=20).text for word in sorted(gone)[-3:])

    # -- the model -----------------------------------------------------------------------------------------------------

    def believed(self, user: str) -> dict[str, Any]:
        """What undoing must bring back: entries, and how far strategies have come."""
        return believed(self.memory.states.get(user))

    def done(self, user: str, before: dict[str, Any], was: int) -> None:
        """Note what was before a batch, if one was written that can be taken back."""
        new = [event for event in self.memory.store.read(user, was) if event.kind == "operations"]
        state = self.memory.states.get(user)
        if new and new[0].seq in state.batches and state.batches[new[0].seq].changes:
            self.models[user].before.append(before)
        elif new:
            self.models[user].before = [marked(one, new[0]) for one in self.models[user].before]

    def without(self, before: dict[str, Any], gone: set[str], archived: float) -> dict[str, Any]:
        """What was before, with the entries archived that were archived since: that is not taken back."""
        facts = [archive(one, archived) if one.id in gone else one for one in before["facts"]]
        said = [archive(one, archived) if one.id in gone else one for one in before["said"]]
        return {**before, "facts": facts, "said": said}


def archive(one: Any, when: float) -> Any:
    name = "meta" if isinstance(one, Observation) else "attributes"
    return replace(one, **{name: {**getattr(one, name), "archived": when}})


def marked(before: dict[str, Any], event: Event) -> dict[str, Any]:
    """What was before, after a batch that only marks entries."""
    state = State(0, {one.id: one for one in before["said"]}, {one.id: one for one in before["facts"]})
    state.apply(replace(event, seq=1, body={"operations": list(event.body["operations"])}))
    return {**before, "facts": list(state.facts.values()), "said": list(state.observations.values())}


def history_before(log: list[Event], seq: int) -> dict[str, Any]:
    """What would be believed had a batch, and all that change something after it, never been."""
    state = replay(log)
    for place, number in enumerate([one for one in state.undoable() if one >= seq], 1):
        state.apply(Event(len(log) + place, "undo", 0.0, {"of": number}))
    return believed(state)


def planted_in(what: object) -> set[str]:
    """The planted words in anything that can be printed."""
    return set(re.findall(r"[b-m]{3}xqzwvj", str(what).casefold()))


def listed(log: list[Event]) -> set[str]:
    """Every entry of a log, undone ones included."""
    found = set()
    for event in log:
        if event.kind == "observe":
            found.add(f"o{event.seq}")
        for number, edit in enumerate(event.body.get("operations", ())):
            if edit.get("action") in MAKING:
                found.add(f"f{event.seq}_{number}")
    return found


def edits_in(log: list[Event]) -> list[dict[str, Any]]:
    """The edits that are left in a log."""
    return [edit for event in log for edit in event.body.get("operations", ()) if "erased" not in edit]


def read_again(receipt: Event) -> set[str]:
    """The utterances that an erasure puts before strategies again."""
    return {id for ids in receipt.body.get("reread", {}).values() for id in ids}


class LifeOnDisk(Life):
    """The same over SQLite, with the file opened again now and then, and searched for what is gone."""

    def opened(self) -> Memory:
        return Memory.open(self.folder / "people.db", clock=lambda: self.now)

    @rule()
    def reopen(self) -> None:
        self.memory.close()
        self.memory = self.opened()

    @invariant()
    def no_file_holds_what_is_gone(self) -> None:
        held = b"".join(path.read_bytes() for path in self.memory.store.files())
        for model in self.models.values():
            for word in model.gone:
                assert word.encode() not in held


def _run(machine: Callable[[], Life], examples: int, steps: int) -> None:
    checks = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
    chosen = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(machine, settings=chosen)  # type: ignore[no-untyped-call]


def test_any_life_in_memory() -> None:
    _run(Life, 60, 30)


def test_any_life_on_disk() -> None:
    _run(LifeOnDisk, 15, 25)
