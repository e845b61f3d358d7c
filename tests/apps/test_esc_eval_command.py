"""``personarium bench esc-eval``: bundled and own cards, several raters, files, dry runs, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.esc_eval import esc_eval
from personarium.benchmarks.esc_eval import bundled_cards, read_scores, read_transcripts, write_cards

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(esc_eval)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def document(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_bundled_people_of_one_language(capsys: Capture) -> None:
    found = document(capsys, "--language", "english", "--number", "3", "--out", "r")
    assert found["data"]["dialogues"] == 3
    assert list(found["data"]["estimates"]) == [
        "fluency", "diversity", "empathic", "suggestion", "human", "tech", "overall",
    ]  # fmt: skip
    assert any("shown the card" in text for text in found["warnings"])
    assert all(len(talk) == 11 for talk in read_transcripts("r/dialogues_english.json").values())
    assert len(read_scores("r/scores_english.json")) == 3
    assert Path("r/report.html").is_file()


def test_own_cards_two_raters_and_a_system_message(capsys: Capture) -> None:
    write_cards(bundled_cards("chinese"), "cards.json")
    Path("system.txt").write_text("You are a kind friend.", encoding="utf-8")
    arguments = ("--cards", "cards.json", "--rounds", "2", "--system", "system.txt", "--rater-sees-card", "--out", "r")
    found = document(capsys, *arguments, "--judge", "simulated:seed=1", "--judge", "simulated:seed=3")
    assert found["data"]["dialogues"] == 3
    assert not any("shown the card" in text for text in found["warnings"])
    calls = [json.loads(line) for line in Path("r/calls.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sum(call["step"] == "esc_eval.rate" for call in calls) == 3 * 2 * 7
    assert "You are a kind friend." in Path("r/calls.jsonl").read_text(encoding="utf-8")


def test_a_dry_run_asks_nobody(capsys: Capture) -> None:
    found = document(capsys, "--number", "2", "--language", "english", "--dry-run")
    assert found["data"]["calls"] == 2 * 5 + 2 * 5 + 2 * 7
    assert not Path("runs").exists()


def test_a_model_that_never_answers(capsys: Capture) -> None:
    found = document(capsys, "--model", "simulated/mute", "--number", "1", "--language", "english", code=1)
    assert found["data"]["checks"]["played to the end"]["value"] == 0.0
    assert "nothing could be measured" in " ".join(found["warnings"])


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--cards", "nowhere.json"), 3, "no such file"),
        (("--language", "klingon"), 2, "english or chinese"),
        (("--erratum", "typo"), 2, "no erratum 'typo'"),
        (("--system", "nowhere.txt"), 3, "no such file"),
    ],
)
def test_bad_options_are_refused(arguments: tuple[str, ...], code: int, says: str, capsys: Capture) -> None:
    assert says in document(capsys, *arguments, code=code)["data"]["error"]


def test_people_see_the_seven_dimensions(capsys: Capture) -> None:
    assert run("--number", "1", "--language", "english", "--out", "r") == 0
    said = capsys.readouterr().out
    assert "suggestion" in said
    assert "told at once or out of role" in said
