"""``personarium bench personafeedback``: the made-up set, a file with its own keys, a folder, a dry run, mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.personafeedback import personafeedback

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(personafeedback)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def document(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def folder(root: Path = Path("set")) -> str:
    (root / "spedific").mkdir(parents=True, exist_ok=True)
    rows = [
        {"profile": f"favourite drink: cocoa {k}", "query": "Which favourite drink?", "good": f"Have cocoa {k}.", "bad": f"Have water {k}."}
        for k in range(6)
    ]  # fmt: skip
    text = "".join(json.dumps(row) + "\n" for row in rows)
    for tier in ("easy", "hard"):
        (root / "spedific" / f"{tier}.jsonl").write_text(text, encoding="utf-8")
    return str(root)


FIELDS = (
    "--field",
    "persona=profile",
    "--field",
    "question=query",
    "--field",
    "chosen=good",
    "--field",
    "rejected=bad",
)


def test_the_made_up_set_shows_that_the_persona_is_used(capsys: Capture, tmp_path: Path) -> None:
    arguments = ("-m", "simulated:sloppy=0", "-o", "run", "--setting", "none", "--setting", "shuffled")
    found = document(capsys, *arguments)
    values = {name: estimate["value"] for name, estimate in found["data"]["estimates"].items()}
    assert values["Accuracy"] > 0.9 > values["Another user's persona"]
    assert (values["Always first"], values["Repeats more of the persona"]) == (0.5, 1.0)
    assert list(found["data"]["cells"])[:2] == ["specific, easy", "specific, medium"]
    assert any("made-up set" in warning for warning in found["warnings"])
    assert document(capsys, *arguments)["data"]["estimates"] == found["data"]["estimates"]
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_folder_with_its_own_keys(capsys: Capture) -> None:
    found = document(capsys, folder(), *FIELDS, "--one-order", "--setting", "shuffled")
    assert found["data"]["items"] == 12
    assert set(found["data"]["cells"]) == {"specific, easy", "specific, hard"}
    assert any("6 items occur in more than one tier" in warning for warning in found["warnings"])
    assert any("there is no folder of general questions" in warning for warning in found["warnings"])


def test_the_tables_are_for_people(capsys: Capture) -> None:
    assert run("-n", "12", "--tier", "easy") == 0
    shown = capsys.readouterr().out
    for words in ("PersonaFeedback", "Same choice in both orders", "By question type and tier", "specific, easy"):
        assert words in shown


def test_a_dry_run_asks_nobody(capsys: Capture, tmp_path: Path) -> None:
    assert document(capsys, "-n", "12", "--dry-run")["data"]["calls"] == 72
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (("set",), "the keys found are bad, good, profile, query", 5),
        (("set", *FIELDS, "--type", "odd"), "found 'odd'", 2),
        (("--field", "persona=x"), "give the file or folder", 2),
        (("set", "--field", "profile"), "named as NAME=KEY", 2),
        (("nothing.jsonl",), "no such file", 3),
        (("--setting", "all"), "found 'all'", 2),
        (("--by", "guess"), "verdict or likelihood", 2),
    ],
)
def test_mistakes_are_one_sentence(arguments: tuple[str, ...], message: str, code: int, capsys: Capture) -> None:
    folder()
    assert message in document(capsys, *arguments, code=code)["data"]["error"]
