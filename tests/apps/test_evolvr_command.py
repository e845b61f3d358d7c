"""``personarium judge evolvr``: a panel of readers over pairs, training records, the filters alone, mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.evolvr import evolvr

Capture = pytest.CaptureFixture[str]
PAIR = {
    "prompt": "A lighthouse.",
    "story_1": "I live in a lighthouse.",
    "story_2": "There was a storm.",
    "aspect": "Surprise",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(evolvr)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def document(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def write(name: str, *rows: dict[str, Any]) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return name


def test_a_panel_judges_pairs_and_is_held_against_the_truth(capsys: Capture) -> None:
    file = write("pairs.jsonl", *({**PAIR, "score_1": 4, "score_2": 2} for _ in range(3)))
    data = document(capsys, file, "-o", "run")["data"]
    assert data["estimates"]["First minus second"]["n"] == 3
    assert data["estimates"]["Right order"]["n"] == 3
    assert "not independent" in data["note"]
    assert "Reader by reader" in Path("run/report.html").read_text(encoding="utf-8")
    assert document(capsys, file, "-o", "run")["data"]["estimates"] == data["estimates"]


def test_records_are_made_and_filtered(capsys: Capture) -> None:
    file = write("pairs.jsonl", {**PAIR, "score_1": 4, "score_2": 2})
    data = document(capsys, file, "--make", "--reader", "cynic", "-o", "run")["data"]
    assert sum(data["dropped"].values()) + data["kept"] == 2
    assert Path("run/records.jsonl").is_file()
    output = "Analysis <ANSWER>2</ANSWER> <ANSWER>5</ANSWER>"
    records = write("records.jsonl", {"instruction": "i", "output": output})
    filtered = document(capsys, records, "--filter")["data"]
    assert (filtered["kept"], filtered["dropped"]["rule check"]) == (0, 1)


def test_the_table_is_for_people_and_a_dry_run_asks_nobody(capsys: Capture) -> None:
    file = write("pairs.jsonl", PAIR, PAIR)
    assert run(file, "--one-order") == 0
    shown = capsys.readouterr().out
    assert "2 pairs of stories" in shown and "not independent" in shown
    planned = document(capsys, file, "--dry-run", "-n", "1")["data"]
    assert planned["calls"] == 10


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (("none.jsonl",), "no such file", 3),
        (("pairs.jsonl", "--make", "--filter"), "leave out --filter", 2),
        (("pairs.jsonl", "--reader", "poet"), "no reader is called 'poet'", 2),
        (("pairs.jsonl", "--make"), "the true scores of both stories", 5),
    ],
)
def test_mistakes_are_named(capsys: Capture, arguments: tuple[str, ...], message: str, code: int) -> None:
    write("pairs.jsonl", PAIR)
    assert run(*arguments) == code
    assert message in capsys.readouterr().err.replace("\n", " ")
