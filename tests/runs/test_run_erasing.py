"""Erasing from run folders: calls, cached replies and other files; nothing else is lost, and no byte is left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from personarium.core import Message, Sampling
from personarium.core.errors import UsageError
from personarium.core.label import labelled
from personarium.models import ScriptedModel
from personarium.runs import Run
from personarium.runs.erasing import Traces, erase_from_folder, find_bytes

SECRET = "My ex is called Zyxqwvia and she lives in the old mill."


def _run(folder: Path, questions: list[str], owner: str = "") -> None:
    async def ask() -> None:
        with Run.open(folder, {"kind": "test"}) as run:
            model = run.model(ScriptedModel([f"reply to {question}" for question in questions]), role="player")
            for question in questions:
                with labelled(item=owner or "item"):
                    await model.generate([{"role": "user", "content": question}], Sampling())

    asyncio.run(ask())


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _six(word: str) -> list[bytes]:
    return [word[i : i + 6].encode() for i in range(len(word) - 5)]


def test_calls_and_replies_with_the_words_go_and_the_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    _run(folder, [f"Summarise: {SECRET}", "Is tea nice?", "Who is ZYXQWVIAN?"])
    size = (folder / "calls.jsonl").stat().st_size
    erased = erase_from_folder(folder, Traces((SECRET,)))
    assert (erased.calls, erased.replies) == (2, 2)
    assert (folder / "calls.jsonl").stat().st_size == size
    records = [json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()]
    assert [record.get("reply") for record in records] == [None, "reply to Is tea nice?", None]
    assert records[0]["error"]["kind"] == "erased"
    for run in _six("Zyxqwvia"):
        assert find_bytes(_files(folder), run) == []


def test_a_folder_goes_on_after_an_erasure(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    _run(folder, [SECRET, "Is tea nice?"])
    erase_from_folder(folder, Traces((SECRET,)))
    asked: list[str] = []

    def answer(messages: Sequence[Message], sampling: Sampling) -> str:
        asked.append(messages[-1]["content"])
        return "again"

    async def ask() -> list[str]:
        with Run.open(folder, {"kind": "test"}) as run:
            model = run.model(ScriptedModel(answer), role="player")
            return [
                (await model.generate([{"role": "user", "content": question}], Sampling())).text
                for question in (SECRET, "Is tea nice?")
            ]

    assert asyncio.run(ask()) == ["again", "reply to Is tea nice?"]
    assert asked == [SECRET]


def test_every_call_about_the_person_goes_by_its_label(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    _run(folder, ["The tree says: drink tea"], owner="memory-1234/o3")
    assert erase_from_folder(folder, Traces(("something else entirely here",), owner="memory-9999/")).calls == 0
    assert erase_from_folder(folder, Traces(("something else entirely here",), owner="memory-1234/")).calls == 1


def test_other_files_are_struck_out_in_every_spelling(tmp_path: Path) -> None:
    told = 'She said "Zyxqwvia & I are friends"\nand left.'
    (tmp_path / "a.json").write_text(json.dumps({"text": told, "other": "kept"}))
    (tmp_path / "b.html").write_text("<p>She said &quot;Zyxqwvia &amp; I are friends&quot;</p><p>kept</p>")
    (tmp_path / "c.md").write_text("nothing of it")
    erased = erase_from_folder(tmp_path, Traces((told,)))
    assert erased.files == ("a.json", "b.html")
    assert erased.searched == 3
    assert json.loads((tmp_path / "a.json").read_text())["other"] == "kept"
    assert "kept" in (tmp_path / "b.html").read_text()
    assert find_bytes(_files(tmp_path), b"xqwvia") == []


def test_common_words_and_words_that_stay_are_no_traces() -> None:
    traces = Traces(("I love violin music by Zyxqwvia and Brontalis.",), kept=("Brontalis is a composer",))
    assert traces.rare == {"zyxqwvia"}
    assert not traces.in_text("violin music is nice, says Brontalis")
    assert traces.in_text("she said: i LOVE violin music")
    assert Traces((), ("violin",)).in_text("a violin")


def test_a_run_that_is_going_on_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    _run(folder, [SECRET])
    with Run.open(folder, {"kind": "test"}), pytest.raises(UsageError, match="in use"):
        erase_from_folder(folder, Traces((SECRET,)))
