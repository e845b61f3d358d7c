"""The shelf of talks: names are looked up and never a path; what cannot be read says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from personarium.apps.workspace import Workspace
from personarium.core import Dialogue
from personarium.core.errors import InvalidInput, NotFound

TALK = Dialogue("d", [("you", "Hello"), ("torill", "Hi")], {"personas": {"torill": "torill"}})  # type: ignore[arg-type]


def test_a_talk_is_kept_under_a_name_and_comes_back(tmp_path: Path) -> None:
    with Workspace(tmp_path) as work:
        path = work.dialogues.put("first talk", TALK)
        assert path == tmp_path / "dialogues" / "first talk.jsonl"
        found = work.dialogues.get("first talk")
        assert (found.id, found.utterances, found.meta) == ("first talk", TALK.utterances, TALK.meta)
        (row,) = work.dialogues.rows()
        assert (row.name, row.turns, row.speakers) == ("first talk", 2, ("you", "torill"))


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".hidden", "x" * 81, "ü"])
def test_a_name_that_is_no_title_is_refused(tmp_path: Path, name: str) -> None:
    with Workspace(tmp_path) as work:
        with pytest.raises(InvalidInput, match="letters, digits"):
            work.dialogues.put(name, TALK)
        with pytest.raises(NotFound, match="there is no talk"):
            work.dialogues.get(name)


def test_a_link_to_elsewhere_is_no_talk(tmp_path: Path) -> None:
    with Workspace(tmp_path / "work") as work:
        work.dialogues.put("mine", TALK)
        (tmp_path / "other.jsonl").write_text("{}\n", encoding="utf-8")
        (work.dialogues.folder / "link.jsonl").symlink_to(tmp_path / "other.jsonl")
        assert work.dialogues.names() == ["mine"]


def test_a_file_that_cannot_be_read_says_why_and_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    with Workspace(tmp_path) as work:
        assert work.dialogues.rows() == []
        work.dialogues.put("talk", TALK)
        (tmp_path / "dialogues" / "broken.jsonl").write_text("{\n", encoding="utf-8")
        (tmp_path / "dialogues" / "empty.jsonl").write_text("", encoding="utf-8")
        problems = {row.name: row.problem for row in work.dialogues.rows()}
        assert problems["talk"] == ""
        assert "broken.jsonl" in problems["broken"]
        assert "empty.jsonl" in problems["empty"]
        assert work.dialogues.free_name("talk") == "talk 2"
        assert work.dialogues.free_name("new") == "new"
