"""Exports that come from anywhere, and texts that look like what an export is made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput, UsageError
from personarium.remember import Fact, Memory, Operation
from personarium.remember.events import Draft
from personarium.remember.list_store import ListStore
from personarium.remember.markdown import as_markdown, read_markdown
from personarium.remember.transfer import export_memory, import_memory

HEAD = {"format": "personarium-memory", "version": 1, "users": ["ana"]}
SAID = {"text": "tea"}
ADD = {"operations": [{"action": "add", "text": "tea", "kind": "fact"}]}


def _memory() -> Memory:
    return Memory.open(None, clock=lambda: 1000.0)


def _write(path: Path, *events: tuple[str, Any], head: Any = HEAD, at: Any = 1.0) -> Path:
    rows = [{"user": "ana", "seq": n, "kind": kind, "at": at, "body": body} for n, (kind, body) in enumerate(events, 1)]
    path.write_text("".join(json.dumps(row) + "\n" for row in (head, *rows)))
    return path


@pytest.mark.parametrize(
    "events",
    [
        [("observe", {"text": "tea", "id": "mine"})],
        [("observe", {"text": "tea", "at": 1e300})],
        [("observe", {"text": 5})],
        [("observe", {"text": "tea", "meta": []})],
        [("operations", {})],
        [("operations", {"operations": {"a": 1}})],
        [("operations", {"operations": [5]})],
        [("operations", {"operations": ["add"]})],
        [("operations", {"operations": [{"action": "add", "text": "x", "evidence": "o1"}]})],
        [("operations", {"operations": [{"action": "add", "text": "x", "confidence": "1"}]})],
        [("operations", {"operations": [{"action": "update", "text": "x", "target": "+0"}]})],
        [("operations", {"operations": [{"action": "update", "text": "x", "target": "+²"}]})],
        [("operations", {"operations": [{"action": "mark", "target": "+abc"}]})],
        [("operations", {"operations": [], "through": "abc"})],
        [("operations", {"operations": [], "through": "o99"})],
        [("operations", {"operations": [], "through": 5})],
        [("operations", {"operations": [], "run": 5})],
        [("operations", {"operations": [], "strategy": ["x"]})],
        [("operations", {"operations": [], "surprise": 1})],
        [("operations", {"operations": [{"erased": "x"}]})],
        [("undo", {})],
        [("undo", {"of": 1})],
        [("operations", ADD), ("undo", {"of": "1"})],
        [("operations", ADD), ("undo", {"of": 1e9})],
        [("operations", ADD), ("undo", {"of": True})],
        [("operations", ADD), ("operations", ADD), ("undo", {"of": 1})],
        [("erase", {"reread": []})],
        [("erase", {"reread": {"facts": ["zzz"]}})],
        [("erase", {"reread": {"facts": "o1"}})],
        [("erase", {"observations": [5]})],
        [("erase", {"surprise": "tea"})],
        [("erased", {"receipt": None})],
        [("erased", {"text": "tea"})],
        [("shout", {})],
    ],
)
def test_an_event_that_no_memory_writes_is_refused(tmp_path: Path, events: list[tuple[str, Any]]) -> None:
    memory = _memory()
    with pytest.raises(InvalidInput, match=rf"all\.jsonl:{len(events) + 1}"):
        import_memory(memory, _write(tmp_path / "all.jsonl", *events))
    assert memory.users() == []


@pytest.mark.parametrize("at", [pytest.param(10**400, id="huge"), 1e300, -1e300, "5", None, True])
def test_a_time_that_is_none_is_refused(tmp_path: Path, at: Any) -> None:
    with pytest.raises(InvalidInput, match=r"all\.jsonl:2.*'at'"):
        import_memory(_memory(), _write(tmp_path / "all.jsonl", ("observe", SAID), at=at))


@pytest.mark.parametrize("users", [5, "ana", None, [5], {"ana": 1}])
def test_the_users_are_a_list_of_names(tmp_path: Path, users: Any) -> None:
    with pytest.raises(InvalidInput, match=r"all\.jsonl:1.*'users'"):
        import_memory(_memory(), _write(tmp_path / "all.jsonl", head={**HEAD, "users": users}))


@pytest.mark.parametrize("user", ["a\nb", "", "x" * 513])
def test_a_user_that_is_none_is_refused(tmp_path: Path, user: str) -> None:
    memory = _memory()
    with pytest.raises(InvalidInput, match="user id"):
        import_memory(memory, _write(tmp_path / "all.jsonl", head={**HEAD, "users": ["bo", user]}))
    assert memory.users() == []


@pytest.mark.parametrize("seq", [0, 2, -1, 10**30, "1", 1.5])
def test_numbers_have_no_gaps(tmp_path: Path, seq: Any) -> None:
    path = tmp_path / "all.jsonl"
    row = {"user": "ana", "seq": seq, "kind": "observe", "at": 1.0, "body": SAID}
    path.write_text(json.dumps(HEAD) + "\n" + json.dumps(row) + "\n")
    with pytest.raises(InvalidInput, match="the next event"):
        import_memory(_memory(), path)


def test_an_empty_file_is_no_export(tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text("\n")
    with pytest.raises(InvalidInput, match="an empty file"):
        import_memory(_memory(), tmp_path / "all.jsonl")


def test_the_log_of_an_erasure_comes_back(tmp_path: Path) -> None:
    """Edits whose target is gone, and an undo of a batch of which nothing is left."""
    memory, other = _memory(), _memory()
    ana = memory.user("ana")
    ana.observe("one")
    old = ana.remember("tea", evidence=["o1"])
    ana.remember("rum")
    ana.undo()
    ana.edit([Operation("update", old.id, text="cola")])
    ana.forget(words=["tea", "rum"], mode="erase")
    export_memory(memory, tmp_path / "all.jsonl")
    import_memory(other, tmp_path / "all.jsonl")
    assert list(other.store.read("ana")) == list(memory.store.read("ana"))
    assert [fact.text for fact in other.user("ana").facts()] == ["cola"]


def test_half_a_character_goes_out_and_comes_back(tmp_path: Path) -> None:
    memory, other = _memory(), _memory()
    memory.user("ana").observe("cut \ud83d", meta={"k\ud800": "\udfff"})
    memory.user("ana").remember("cut \ud83d")
    export_memory(memory, tmp_path / "all.jsonl")
    import_memory(other, tmp_path / "all.jsonl")
    assert list(other.store.read("ana")) == list(memory.store.read("ana"))
    export_memory(memory, tmp_path / "ana.md", ["ana"])
    assert "- cut \ufffd" in (tmp_path / "ana.md").read_text(encoding="utf-8")


def test_a_long_event_goes_out_and_comes_back(tmp_path: Path) -> None:
    memory, other = _memory(), _memory()
    memory.user("ana").observe("🐝" * 200_000, meta={"more": "\0" * 200_000})
    memory.user("ana").edit([Operation("add", text=f"fact {n}, {n} and {n}") for n in range(12_000)])
    export_memory(memory, tmp_path / "all.jsonl")
    assert (tmp_path / "all.jsonl").stat().st_size > 3 << 20
    assert import_memory(other, tmp_path / "all.jsonl") == {"ana": 2}
    assert other.user("ana").observations() == memory.user("ana").observations()


class _Late(ListStore):
    """A store in which somebody is there as soon as one has looked."""

    def last(self, user: str) -> int:
        found = super().last(user)
        if not found:
            self.append(user, [Draft("observe", 1.0, {"text": "mine"})])
        return found


def test_a_user_who_comes_up_meanwhile_is_not_mixed_with_the_file(tmp_path: Path) -> None:
    memory = Memory(_Late(), clock=lambda: 1000.0)
    path = _write(tmp_path / "all.jsonl", ("observe", SAID))
    with pytest.raises(UsageError, match="has a memory already"):
        import_memory(memory, path)
    assert [one.text for one in memory.user("ana").observations()] == ["mine"]


# -- Markdown ----------------------------------------------------------------------------------------------------------

HOSTILE = (
    "tea _(since 2020-01-01)_",
    "tea _(since 2020-01-01; of sister Lena)_ _()_",
    "tea\n## block\n\n- manners: shout",
    "note: call mum",
    "note\\: call mum",
    "a\\ b: c",
    "- - #",
    ": x",
    "_(as she said)_",
    "x:",
    "\\",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("key", ["", "tastes.drink", "my key", "a:", "back\\slash", "é: ü"])
@pytest.mark.parametrize("holder", ["user", "friend_x", "head of office", "a; until 2020-01-01", "b)_ _(c"])
def test_a_text_cannot_pass_for_another_entry(text: str, key: str, holder: str) -> None:
    fact = Fact("f1_0", "fact", key, text, holder, 0.0)
    told = list(read_markdown(as_markdown("ana", [fact]), "ana.md"))
    assert [(one.kind, one.key, one.text, one.holder, one.since) for one in told] == [
        ("fact", key, " ".join(text.split()), holder, 0.0)
    ]


@settings(max_examples=400, deadline=None)
@given(
    st.text("ab :\\_()-#;\n", min_size=1, max_size=14).filter(str.strip),
    st.text("ab :\\_(.é", max_size=8).map(str.strip),
    st.text("ab \\_();of", max_size=8).map(str.strip),
    st.sampled_from(("fact", "no longer", "no longer\\", "a b")),
    st.sampled_from((None, 0.0, -62_135_596_800.0, 253_402_214_400.0)),
)
def test_any_entry_comes_back(text: str, key: str, holder: str, kind: str, since: float | None) -> None:
    fact = Fact("f1_0", kind, key, text, holder or "user", since)
    told = list(read_markdown(as_markdown("ana", [fact]), "ana.md"))
    assert [(one.kind, one.key, one.text, one.holder, one.since) for one in told] == [
        (kind, key, " ".join(text.split()), holder or "user", since)
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- tea", "a heading '## kind' above the first entry"),
        ("## fact\n- tea _(since 2020-13-41)_", "ana.md:2.*a date"),
        ("## fact\n- tea\n## block\n- manners: " + "x" * 3000, "at most 2000 characters"),
        ("## fact\n- tea\n- " + "x" * 200_001, "ana.md:3"),
        ("## fact\n- tea\n## " + "k" * 600 + "\n- rum", "ana.md:4"),
    ],
)
def test_a_broken_file_is_refused_whole(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "ana.md").write_text(text)
    memory = _memory()
    with pytest.raises(InvalidInput, match=message):
        import_memory(memory, tmp_path / "ana.md", "ana")
    assert memory.users() == []


def test_a_file_is_read_in_one_batch_and_once(tmp_path: Path) -> None:
    (tmp_path / "ana.md").write_text(
        "## fact\r\n\r\n- drink: tea\r\n- drink: TEA!\r\n- rum _(my own remark)_\r\n-\r\n- \r\n"
        "## block\r\n- manners: shout\r\n- manners: be brief\r\n## no longer\r\n- cola\r\n"
    )
    ana = _memory().user("ana")
    ana.set_block("manners", "be kind", read_only=True)
    assert import_memory(ana.memory, tmp_path / "ana.md", "ana") == {"ana": 5}
    assert [(fact.key, fact.text) for fact in ana.facts("fact")] == [("drink", "tea"), ("", "rum _(my own remark)_")]
    assert ana.blocks()["manners"].text == "be brief"
    assert ana.blocks()["manners"].attributes["read_only"] is True
    assert ana.memory.store.last("ana") == 2
    import_memory(ana.memory, tmp_path / "ana.md", "ana")
    assert ana.memory.store.last("ana") == 2
