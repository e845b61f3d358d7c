"""``personarium remember`` and ``chat --memory`` as a user would type them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from personarium.apps.cli.application import application

Capture = pytest.CaptureFixture[str]
DB = "people.db"


def _message(role: str, content: str, when: str) -> dict[str, str]:
    return {"role": role, "content": content, "timestamp": when}


TALKS = [
    [
        _message("user", "Hi! My favourite drink is tea. I live in Oslo.", "2026-01-03T10:00:00Z"),
        _message("assistant", "Nice!", "2026-01-03T10:01:00Z"),
    ],
    [
        _message("user", "My favourite drink is rum now. My sister Lena's favourite drink is cola.", "2026-03-03"),
        _message("assistant", "A good choice.", "2026-03-03T10:01:00Z"),
    ],
    [_message("user", "I love the zyxquvlin.", "2026-04-03")],
]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    lines = [json.dumps({"messages": talk}) for talk in TALKS]
    Path("log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _run(*arguments: str, code: int = 0) -> None:
    assert application(["remember", *arguments]) == code


def _data(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    _run(*arguments, "--json", code=code)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["data"]
    return found


def _bytes() -> bytes:
    return b"".join(path.read_bytes() for path in Path().rglob("*") if path.is_file() and path.name != "log.jsonl")


def test_a_log_is_taken_in_with_its_times_and_people(capsys: Capture) -> None:
    added = _data(capsys, "add", DB, "log.jsonl", "--user", "ana", "--fact", "pet: a cat called Mo")
    assert (added["said"], added["applied"]) == (5, True)
    shown = _data(capsys, "show", DB, "--user", "ana", "--history")
    facts = {(fact["key"], fact.get("holder", "user"), fact["text"]): fact for fact in shown["facts"]}
    assert set(facts) == {
        ("pet", "user", "a cat called Mo"),
        ("tastes.drink", "user", "tea"),
        ("tastes.drink", "user", "rum"),
        ("tastes.drink", "sister Lena", "cola"),
        ("place.location", "user", "Oslo"),
        ("tastes.likes", "user", "zyxquvlin"),
    }
    tea = facts["tastes.drink", "user", "tea"]
    assert tea["valid_from"] == 1767434400.0
    assert tea["valid_to"] == 1772496000.0
    assert tea["sources"][0]["text"].startswith("Hi! My favourite drink is tea.")


def test_show_prints_a_tree_with_sources(capsys: Capture) -> None:
    _run("add", DB, "log.jsonl", "--user", "ana")
    capsys.readouterr()
    _run("show", DB, "--user", "ana", "--history")
    out = capsys.readouterr().out
    assert "rum  since 2026-03-03" in out
    assert "tea  2026-01-03 to 2026-03-03" in out
    assert "cola  since 2026-03-03 · of sister Lena" in out
    assert "o1 · 2026-01-03 · “Hi! My favourite drink is tea. I live in Oslo.”" in out
    _run("show", DB)
    assert "ana" in capsys.readouterr().out


def test_the_past_is_shown_as_it_was_known(capsys: Capture) -> None:
    _run("add", DB, "log.jsonl", "--user", "ana")
    assert _data(capsys, "show", DB, "--user", "ana", "--as-of", "2020-01-01")["facts"] == []
    _run("show", DB, "--user", "ana", "--as-of", "yesterday", code=2)


def test_a_preview_believes_nothing_and_diff_applies_or_refuses(capsys: Capture) -> None:
    added = _data(capsys, "add", DB, "log.jsonl", "--user", "ana", "--preview")
    assert (added["said"], added["facts"], len(added["diff"]["operations"])) == (5, [], 5)
    assert _data(capsys, "diff", DB, "--user", "ana")["state"] == "proposed"
    assert _data(capsys, "show", DB, "--user", "ana")["facts"] == []
    _run("diff", DB, "--user", "ana", "--apply", "--refuse", code=2)
    assert _data(capsys, "diff", DB, "--user", "ana", "--apply")["state"] == "applied"
    assert len(_data(capsys, "show", DB, "--user", "ana")["facts"]) == 4
    assert _data(capsys, "diff", DB, "--user", "ana")["operations"] == []


def test_undo_takes_the_last_batch_back(capsys: Capture) -> None:
    _run("add", DB, "log.jsonl", "--user", "ana")
    assert [one["edits"] for one in _data(capsys, "undo", DB, "--user", "ana")["undone"]] == [5]
    assert _data(capsys, "show", DB, "--user", "ana")["facts"] == []


def test_recall_says_why_and_from_where(capsys: Capture) -> None:
    _run("add", DB, "log.jsonl", "--user", "ana")
    found = _data(capsys, "recall", DB, "favourite drink", "--user", "ana", "-k", "2")
    assert [item["text"] for item in found["items"]] == [
        "My favourite drink is rum now.",
        "no longer, until 2026-03-03: My favourite drink is tea.",
    ]
    assert [item["sources"] for item in found["items"]] == [["o3"], ["o1"]]
    capsys.readouterr()
    _run("recall", DB, "favourite drink", "--user", "ana")
    out = capsys.readouterr().out
    assert "why: found by" in out
    assert "from o3: “My favourite drink is rum now." in out


def test_an_erasure_leaves_no_byte_and_gives_a_receipt(capsys: Capture) -> None:
    _run("add", DB, "log.jsonl", "--user", "ana")
    assert b"zyxquv" in _bytes()
    assert _data(capsys, "forget", DB, "--user", "ana", "--word", "zyxquvlin", "--plan")["observations"] == ["o5"]
    receipt = _data(capsys, "forget", DB, "--user", "ana", "--word", "zyxquvlin", "--erase")
    assert (receipt["mode"], receipt["observations"], len(receipt["facts"])) == ("erase", ["o5"], 1)
    assert receipt["searched"] >= 1
    held = _bytes()
    assert not [i for i in range(4) if "zyxquvlin"[i : i + 6].encode() in held]
    assert len(_data(capsys, "show", DB, "--user", "ana")["facts"]) == 3
    _run("forget", DB, "--user", "ana", "--word", "zyxquvlin", "--erase", code=3)


def test_a_memory_goes_out_and_comes_back(capsys: Capture) -> None:
    _run("add", DB, "log.jsonl", "--user", "ana")
    _run("export", DB, "all.jsonl")
    _run("import", "other.db", "all.jsonl")
    _run("export", DB, "ana.md", "--user", "ana")
    assert "- tastes.drink: rum _(since 2026-03-03)_" in Path("ana.md").read_text()
    shown = _data(capsys, "show", DB, "--user", "ana", "--history")
    assert _data(capsys, "show", "other.db", "--user", "ana", "--history") == shown
    _run("import", "other.db", "all.jsonl", code=2)
    _run("import", "third.db", "ana.md", "--user", "anna")
    assert len(_data(capsys, "show", "third.db", "--user", "anna")["facts"]) == 4


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "nosuch.db"), 3, "there is no memory nosuch.db"),
        (("add", DB, "--user", "ana"), 2, "nothing to add"),
        (("add", DB, "nosuch.jsonl", "--user", "ana"), 3, "nosuch.jsonl"),
        (("add", DB, "log.jsonl", "--user", "ana", "--strategy", "nosuch"), 2, "no memory strategy 'nosuch'"),
        (("add", DB, "log.jsonl", "--user", ""), 5, "user id"),
        (("add", "log.jsonl", "log.jsonl", "--user", "ana"), 1, "log.jsonl"),
        (("recall", "log.jsonl", "x", "--user", "ana"), 1, "log.jsonl"),
    ],
)
def test_mistakes_are_said_in_one_line(capsys: Capture, arguments: tuple[str, ...], code: int, said: str) -> None:
    _run(*arguments, code=code)
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_unknown_users_are_named(capsys: Capture) -> None:
    _run("add", DB, "log.jsonl", "--user", "ana")
    _run("show", DB, "--user", "../bo", code=3)
    assert "it knows ana" in capsys.readouterr().err


def test_a_model_reads_and_its_calls_are_erased_too(capsys: Capture) -> None:
    _run("add", DB, "log.jsonl", "--user", "ana", "--model", "simulated", "--out", "run")
    assert b"zyxquv" in Path("run/calls.jsonl").read_bytes()
    receipt = _data(capsys, "forget", DB, "--user", "ana", "--word", "zyxquvlin", "--erase")
    folder = str(Path("run").absolute())
    assert receipt["folders"][folder]["calls"] >= 1
    assert b"zyxquv" not in _bytes()


def _chat(monkeypatch: pytest.MonkeyPatch, lines: list[str], *more: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    persona = "I am Robin, a baker who loves rye bread."
    assert application(["chat", persona, "--memory", DB, "--user", "ana", *more]) == 0


def test_chat_remembers_across_restarts_explains_corrects_and_forgets(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    _chat(monkeypatch, ["Hi! My favourite drink is tea.", "I love the zyxquvlin."])
    assert "remembered + tastes.drink: tea" in capsys.readouterr().out
    _chat(
        monkeypatch,
        ["/why favourite drink", "/correct f3_0 rooibos", "/memory", "What is my favourite drink?", "/show"],
        "--new",
    )
    out = capsys.readouterr().out
    assert "from o1: “Hi! My favourite drink is tea.”" in out
    assert "corrected: tea → rooibos" in out
    assert "rooibos  since" in out
    assert "<memory>" in out
    assert "tastes.drink: rooibos" in out.partition("<memory>")[2]
    _chat(monkeypatch, ["/forget zyxquvlin", "/forget! zyxquvlin"])
    out = capsys.readouterr().out
    assert "to erase all of this from every file: /forget! zyxquvlin" in out
    assert "nothing of it is left in them" in out
    assert b"zyxquv" not in _bytes()
    assert b"rooibos" in _bytes()


def test_an_exchange_that_is_taken_back_is_not_recalled(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    _chat(monkeypatch, ["I love the zyxquvlin.", "/undo", "/why zyxquvlin", "/undo-memory", "/memory"])
    out = capsys.readouterr().out.partition("persona")[2]
    assert "user: I love the zyxquvlin." not in out
    assert "nothing is believed yet" in out


def test_a_reader_needs_a_memory(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert application(["chat", "I am Robin, a baker.", "--reader", "simulated"]) == 2
    assert "--memory" in capsys.readouterr().err
