"""Export and import: without loss as JSON lines, readable as Markdown, and refused when broken."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput, UsageError
from personarium.remember import Memory, Operation
from personarium.remember.transfer import as_markdown, export_memory, import_memory

DAY = 86400.0


def _memory() -> Memory:
    memory = Memory.open(None, clock=lambda: 40 * DAY)
    ana = memory.user("ana")
    ana.observe("My favourite drink is tea.", at=DAY, session="s1", meta={"turn": 3})
    ana.apply(asyncio.run(ana.consolidate()))
    ana.observe("My favourite drink is rum now.", at=20 * DAY)
    ana.apply(asyncio.run(ana.consolidate()))
    ana.remember("Lena lives in Oslo", holder="sister Lena", at=5 * DAY)
    ana.set_block("manners", "be brief: always", read_only=True)
    ana.remember("secret", kind="note")
    ana.undo()
    memory.user("bo").observe("Hello")
    return memory


def test_json_lines_lose_nothing(tmp_path: Path) -> None:
    memory, other = _memory(), Memory.open(None)
    assert export_memory(memory, tmp_path / "all.jsonl") == 9
    assert import_memory(other, tmp_path / "all.jsonl") == {"ana": 8, "bo": 1}
    for user in ("ana", "bo"):
        assert list(other.store.read(user)) == list(memory.store.read(user))
    assert other.user("ana").facts(ended=True) == memory.user("ana").facts(ended=True)


def test_one_user_can_be_given_another_name(tmp_path: Path) -> None:
    other = Memory.open(None)
    export_memory(_memory(), tmp_path / "ana.jsonl", ["ana"])
    import_memory(other, tmp_path / "ana.jsonl", as_user="anna")
    assert other.users() == ["anna"]
    with pytest.raises(UsageError, match="has a memory already"):
        import_memory(other, tmp_path / "ana.jsonl", as_user="anna")


def test_markdown_shows_what_holds_and_what_is_over() -> None:
    assert as_markdown(_memory().user("ana")) == (
        "# Memory of ana\n"
        "\n## fact\n\n"
        "- tastes.drink: rum _(since 1970-01-21)_\n"
        "- Lena lives in Oslo _(since 1970-01-06; of sister Lena)_\n"
        "\n## block\n\n"
        "- manners: be brief: always _(since 1970-02-10)_\n"
        "\n## no longer\n\n"
        "- tastes.drink: tea _(since 1970-01-02; until 1970-01-21)_\n"
    )


def test_markdown_can_be_edited_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "ana.md"
    assert export_memory(_memory(), path, ["ana"]) == 4
    path.write_text(path.read_text() + "\n## fact\n\n- pet: a cat called Mo\n")
    other = Memory.open(None)
    assert import_memory(other, path, as_user="ana") == {"ana": 4}
    facts = {fact.text: fact for fact in other.user("ana").facts()}
    assert facts["rum"].valid_from == 20 * DAY
    assert facts["Lena lives in Oslo"].holder == "sister Lena"
    assert facts["a cat called Mo"].key == "pet"
    assert other.user("ana").blocks()["manners"].text == "be brief: always"
    assert import_memory(other, path, as_user="ana") == {"ana": 4}
    assert len(other.user("ana").facts()) == 4


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"format": "other"}'], "all.jsonl:1"),
        (['{"format": "personarium-memory", "version": 1, "users": ["a"]}', "[]"], "all.jsonl:2"),
        (
            ['{"format": "personarium-memory", "version": 1, "users": ["a"]}', '{"user": "a", "seq": 2}'],
            "the next event of a user",
        ),
        (
            [
                '{"format": "personarium-memory", "version": 1, "users": ["a"]}',
                '{"user": "a", "seq": 1, "kind": "observe", "at": 1, "body": {"txt": "x"}}',
            ],
            "the body of an event 'observe'",
        ),
    ],
)
def test_a_broken_file_is_refused_whole(tmp_path: Path, lines: list[str], message: str) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text("\n".join(lines) + "\n")
    memory = Memory.open(None)
    with pytest.raises(InvalidInput, match=message):
        import_memory(memory, path)
    assert memory.users() == []


def test_an_export_needs_a_known_ending_and_user(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"to \.jsonl or \.md"):
        export_memory(_memory(), tmp_path / "x.csv")
    with pytest.raises(UsageError, match="no user 'nobody'"):
        export_memory(_memory(), tmp_path / "x.jsonl", ["nobody"])
    with pytest.raises(UsageError, match="name one"):
        export_memory(_memory(), tmp_path / "x.md")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=60).filter(str.strip), min_size=1, max_size=8))
def test_any_text_survives_json_lines(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    memory, other = Memory.open(None, clock=lambda: 5.0), Memory.open(None)
    memory.user("ana").edit([Operation("add", kind="fact", text=text) for text in texts])
    path = tmp_path_factory.mktemp("memory") / "m.jsonl"
    export_memory(memory, path)
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    import_memory(other, path)
    assert [fact.text for fact in other.user("ana").facts()] == texts
