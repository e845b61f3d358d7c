"""``personarium judge``: admitting a judge on bundled, published and own items, and making own items from a script."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.judge import admit, items

Capture = pytest.CaptureFixture[str]
SCRIPT = "ADA: Who goes there?\nBEA: A baker with warm bread.\nCID: A smith.\nDOT: A sailor.\nADA: Come in, Bea.\nBEA: Thanks."
CAST = {"Ada": "A guard.", "Bea": "A baker.", "Cid": "A smith.", "Dot": "A sailor.", "Eli": "A monk."}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def run(command: Callable[..., None], *arguments: str) -> int:
    app = typer.Typer()
    app.command()(command)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def document(capsys: Capture, command: Callable[..., None], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(command, *arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_simulated_judge_on_the_bundled_items(capsys: Capture) -> None:
    found = document(capsys, admit, "simulated", "--number", "40", "--out", "r", "--concurrency", "40")
    assert found["data"]["estimates"]["Top-1"]["n"] == 40
    assert found["data"]["admission"]["admitted"] is True
    assert any("one name" in text for text in found["warnings"])
    assert json.loads(Path("r/admission.json").read_text(encoding="utf-8"))["n"] == 40
    assert Path("r/report.html").is_file()
    rows = list(csv.DictReader(Path("r/Persona_chat_simulated.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 40
    assert "prob5" in rows[0]


def test_the_same_command_again_asks_only_what_failed(capsys: Capture) -> None:
    arguments = ("simulated:malformed=0.6", "--number", "20", "--attempts", "1", "--out", "r")
    failed = document(capsys, admit, *arguments)["data"]["admission"]["failures"]["unparsed"]
    document(capsys, admit, *arguments)
    answers = [json.loads(line) for line in Path("r/answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert Counter((a["round"], a["asks"]) for a in answers) == {(0, 1): 20 - failed, (1, 2): failed}
    calls = [json.loads(line) for line in Path("r/calls.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(calls) == 20 + failed


def test_published_items_and_a_judge_that_cannot_answer(capsys: Capture) -> None:
    heading = ["prompt", "gt", *(f"option{k}" for k in range(1, 6)), *(f"option{k}_profile" for k in range(1, 6))]
    with Path("Drama.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerow(["Who speaks?", "乙", "甲", "乙", "丙", "丁", "", "p", "p", "p", "p", ""])
    found = document(capsys, admit, "simulated/mute", "--items", "Drama.csv", "--out", "r", code=1)
    assert found["data"]["admission"]["failures"] == {"empty": 1}
    assert "nothing could be measured" in " ".join(found["warnings"])


def test_a_dry_run_asks_nobody(capsys: Capture) -> None:
    found = document(capsys, admit, "simulated", "--number", "7", "--dry-run")
    assert found["data"]["calls"] == 7
    assert not Path("runs").exists()


def test_people_see_where_the_judge_stands(capsys: Capture) -> None:
    assert run(admit, "simulated", "--number", "60", "--out", "r") == 0
    said = capsys.readouterr().out
    assert "Most shared words" in said
    assert "human ceiling of 90.8%" in said


def test_own_items_from_a_script(capsys: Capture) -> None:
    Path("play.txt").write_text(SCRIPT, encoding="utf-8")
    Path("cast.json").write_text(json.dumps(CAST), encoding="utf-8")
    made = document(capsys, items, "play.txt", "--profiles", "cast.json", "--out", "own.jsonl")
    assert made["data"] == {"items": 5, "masked": 2, "dropped": {}, "file": "own.jsonl"}
    found = document(
        capsys, admit, "simulated", "--items", "own.jsonl", "--items", "bundled", "--number", "5", "--out", "r"
    )
    assert list(found["data"]["report_by_track"]) == ["play", "Persona chat", "Combined", "Mean over tracks"]


@pytest.mark.parametrize(
    ("command", "arguments", "code", "says"),
    [
        (admit, ("simulated", "--items", "nowhere.csv"), 3, "no such file"),
        (admit, ("simulated", "--reply", "letter"), 2, "--reply must be"),
        (admit, ("simulated", "--erratum", "typo"), 2, "no erratum 'typo'"),
        (admit, ("simulated", "--ties", "coin"), 2, "ties must be"),
        (items, ("play.txt", "--profiles", "cast.json", "--options", "6"), 5, "too few candidates"),
        (items, ("play.txt", "--profiles", "cast.json", "--mentions", "shout"), 2, "mask or drop"),
    ],
)
def test_bad_input_is_refused(
    command: Callable[..., None], arguments: tuple[str, ...], code: int, says: str, capsys: Capture
) -> None:
    Path("play.txt").write_text(SCRIPT, encoding="utf-8")
    Path("cast.json").write_text(json.dumps(CAST), encoding="utf-8")
    found = document(capsys, command, *arguments, code=code)
    assert says in found["data"]["error"]
