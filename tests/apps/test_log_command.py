"""``personarium log`` as a user would type it: one JSON document, exit codes, and text that drives no terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli import application as cli
from personarium.apps.cli import log

Capture = pytest.CaptureFixture[str]

CHAT = [
    {"user_name": "Ada", "character_name": "Mira", "create_date": "2025-03-02@10h00m00s", "chat_metadata": {}},
    {"name": "Ada", "is_user": True, "is_system": False, "mes": "Is the ferry still running?", "extra": {}},
    {"name": "Mira", "is_user": False, "is_system": False, "mes": "[red]No[/red] \x1b[31m\nthe rope broke", "swipes": ["a", "b"]},
    {"name": "System", "is_user": False, "is_system": False, "mes": "Rain.", "extra": {"type": "narrator"}},
    {"name": "Mira", "is_user": False, "is_system": False, "mes": "Stay."},
]  # fmt: skip


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    Path("chat.jsonl").write_text("".join(json.dumps(line) + "\n" for line in CHAT), encoding="utf-8")


def run(*arguments: str) -> int:
    """Run ``personarium log …`` and give its exit code."""
    assert arguments[0] in ("show", "convert")
    return cli.application(["log", *arguments])


def data_of(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a command with --json and give its data."""
    assert run(*arguments, "--json") == code
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"status", "data", "warnings"}
    assert document["status"] == ("ok" if code == 0 else "error")
    found: dict[str, Any] = document["data"]
    return found


def test_show_says_who_speaks_how_often(capsys: Capture) -> None:
    found = data_of(capsys, "show", "chat.jsonl")
    assert {k: found[k] for k in ("file", "format", "dialogues", "utterances", "asides")} == {
        "file": "chat.jsonl",
        "format": "sillytavern",
        "dialogues": 1,
        "utterances": 3,
        "asides": {"system": 1},
    }
    assert [(s["name"], s["user"], s["utterances"]) for s in found["speakers"]] == [
        ("Mira", False, 2),
        ("Ada", True, 1),
    ]
    assert found["first"] == {"speaker": "Ada", "text": "Is the ferry still running?"}
    assert found["last"] == {"speaker": "Mira", "text": "Stay."}
    assert [n["note"] for n in found["notes"]] == [
        "kept aside, for nobody said them: 1 system",
        "messages with other versions (swipes), which are kept in meta: 1",
    ]


def test_show_for_people_takes_control_codes_out_and_leaves_markup_alone(capsys: Capture) -> None:
    Path("one.jsonl").write_text(json.dumps({"name": "Mi[b]ra\x1b[2J", "mes": CHAT[2]["mes"]}), encoding="utf-8")
    assert run("show", "one.jsonl") == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "[red]No[/red] [31m the rope broke" in shown
    assert "Mi[b]ra[2J" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_many_dialogues_are_summed_up(capsys: Capture) -> None:
    row = {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}]}
    Path("set.jsonl").write_text((json.dumps(row) + "\n") * 3, encoding="utf-8")
    found = data_of(capsys, "show", "set.jsonl", "--user", "Ada")
    assert (found["dialogues"], found["speakers"][0]["name"], found["asides"]) == (3, "Ada", {"system": 3})
    assert found["notes"] == [{"note": "kept aside, for nobody said them: 1 system", "dialogues": 3}]
    assert run("show", "set.jsonl") == 0
    assert "kept aside, for nobody said them: in 3 dialogues" in capsys.readouterr().out


def test_convert_writes_the_other_format_and_says_what_it_cannot_hold(capsys: Capture) -> None:
    found = data_of(capsys, "convert", "chat.jsonl", "o.json", "--to", "openai")
    assert (found["from"], found["to"], found["dialogues"], found["utterances"]) == ("sillytavern", "openai", 1, 3)
    assert found["not_held"] == [
        "names become roles: Ada is user, Mira is assistant",
        "openai has no place for: create_date beside the messages (1), swipes (1), extra (1)",
    ]
    assert [m["role"] for m in json.loads(Path("o.json").read_text())["messages"]] == ["user", "assistant", "system", "assistant"]  # fmt: skip
    assert run("convert", "o.json", "o.txt", "--to", "script", "--user", "Ada", "--character", "Mira") == 0
    assert Path("o.txt").read_text().splitlines()[0] == "Ada: Is the ferry still running?"
    assert "1 dialogue, 3 utterances: openai → script, o.txt" in capsys.readouterr().out


def test_there_and_back_is_the_same_chat(capsys: Capture) -> None:
    data_of(capsys, "convert", "chat.jsonl", "own.jsonl", "--to", "personarium")
    data_of(capsys, "convert", "own.jsonl", "back.jsonl", "--to", "sillytavern")
    assert [json.loads(line) for line in Path("back.jsonl").read_text().splitlines()] == CHAT


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("show", "none.jsonl"), 3, "no such file"),
        (("show", "chat.jsonl", "--from", "xml"), 2, "no log format 'xml'"),
        (("show", "chat.jsonl", "--from", "script"), 5, "lines of the form Name: text"),
        (("convert", "chat.jsonl", "o", "--to", "xml"), 2, "no log format 'xml'"),
        (("convert", "chat.jsonl", "./chat.jsonl", "--to", "script"), 2, "is the log itself"),
        (("convert", "none.jsonl", "chat.jsonl", "--to", "script"), 3, "no such file"),
        (("show", "chat.jsonl", "--user", "assistant"), 2, "own name"),
    ],
)
def test_mistakes(capsys: Capture, arguments: tuple[str, ...], code: int, message: str) -> None:
    before = Path("chat.jsonl").read_bytes()
    assert message in data_of(capsys, *arguments, code=code)["error"]
    assert Path("chat.jsonl").read_bytes() == before


def test_the_commands_show_an_example() -> None:
    for command in (log.show, log.convert):
        assert "Example: personarium log " in str(command.__doc__)
    assert isinstance(cli.build(), typer.Typer)
