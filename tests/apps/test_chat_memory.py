"""The memory commands of ``personarium chat`` at their edges: empty lines, other talks, and talks at the same time."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from personarium.apps.cli.application import application
from personarium.apps.cli.chat_memory import ChatMemory
from personarium.remember import Memory

Capture = pytest.CaptureFixture[str]
ROBIN = "I am Robin, a baker who loves rye bread."


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def _chat(monkeypatch: pytest.MonkeyPatch, lines: list[str], *more: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    assert application(["chat", ROBIN, "--memory", "people.db", "--user", "ana", *more]) == 0


def test_an_empty_line_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _chat(monkeypatch, ["", "   ", "I live in Oslo."], "--history", "talk.jsonl")
    with Memory.open("people.db") as memory:
        assert [fact.text for fact in memory.user("ana").facts()] == ["Oslo"]


def test_an_erasure_goes_through_the_copies_of_the_talk_and_no_other_talk(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    _chat(monkeypatch, ["I love the zyxquvlin."], "--history", "ta[l]k.jsonl")
    for name in ("ta[l]k.3.jsonl", "ta[l]k.txt", "ta[l]king.jsonl", "talk.jsonl"):
        Path(name).write_text("somebody else: zyxquvlin\n")
    _chat(monkeypatch, ["/forget! zyxquvlin"], "--history", "ta[l]k.jsonl")
    held = {path.name for path in Path().iterdir() if path.is_file() and b"zyxquv" in path.read_bytes()}
    assert held == {"ta[l]king.jsonl", "talk.jsonl"}


def test_what_was_struck_out_is_not_learnt_again(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["I love the zyxquvlin.", "/forget! zyxquvlin", "I live in Oslo."]
    _chat(monkeypatch, lines, "--history", "talk.jsonl")
    with Memory.open("people.db") as memory:
        ana = memory.user("ana")
        assert [fact.text for fact in ana.facts()] == ["Oslo"]
        assert not any("erased" in one.text for one in ana.observations())


def test_two_talks_with_one_person_learn_the_same_once(tmp_path: Path) -> None:
    one, two = (ChatMemory(tmp_path / "people.db", "ana", "facts", None, quiet=True) for _ in range(2))
    one.user.observe("My favourite drink is tea.")

    async def both() -> None:
        await asyncio.gather(one.learn(), two.learn())

    asyncio.run(both())
    assert [fact.text for fact in two.user.facts()] == ["tea"]
    assert sorted((one.learnt, two.learnt)) == [0, 1]
    one.close()
    two.close()


def test_what_could_not_be_looked_into_is_said(capsys: Capture) -> None:
    Path("runs").mkdir()
    Path("runs/old.gz").write_bytes(b"\x1f\x8b packed")
    Path("runs/table.bin").write_bytes(b"\0zyxquvlin\0")
    with Memory.open("people.db") as memory:
        memory.user("ana").remember("zyxquvlin")
    arguments = ["forget", "people.db", "--user", "ana", "--word", "zyxquvlin", "--erase", "--folder", "runs"]
    assert application(["remember", *arguments]) == 0
    out = capsys.readouterr().out
    assert "still in runs/table.bin, which is no text: delete it by hand" in out
    assert "not looked into: runs/old.gz" in out


def test_a_folder_can_be_gone_through_afterwards() -> None:
    with Memory.open("people.db") as memory:
        memory.user("ana").remember("zyxquvlin")
    forget = ["remember", "forget", "people.db", "--user", "ana", "--word", "zyxquvlin", "--erase"]
    assert application(forget) == 0
    assert application(forget) == 3
    Path("late").mkdir()
    Path("late/notes.txt").write_text("about the zyxquvlin\n")
    assert application([*forget, "--folder", "late"]) == 0
    assert Path("late/notes.txt").read_text() == "about the [erased]\n"
