"""``personarium measure confidence``: a table, a model, mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.confidence import confidence
from personarium.report import section_from_dict

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "answers.csv"
    path.write_text("confidence,correct\n95,1\n95,0\n85,1\n85,0\n65,1\n65,1\n,1\n", encoding="utf-8")
    return path


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(confidence)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def document(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_table_is_scored_and_nothing_is_written(capsys: Capture, table: Path, tmp_path: Path) -> None:
    found = document(capsys, str(table), "--scale", "100")
    data = found["data"]
    assert data["ece"]["value"] == pytest.approx(0.383333, abs=1e-6)
    assert data["roc_auc"]["value"] == 0.25 and data["roc_auc"]["lo"] is not None
    assert (data["n"], data["n_missing_confidence"], data["ece"]["unit"]) == (7, 1, "row")
    assert "answers without a stated confidence: 1;" in found["warnings"][0]
    assert [path.name for path in tmp_path.iterdir()] == ["answers.csv"]


def test_a_table_for_people(capsys: Capture, table: Path) -> None:
    assert run(str(table), "--scale", "100") == 0
    said = capsys.readouterr().out
    for word in ("ECE", "AUROC", "AUPRC of right answers", "Brier score", "0.38", "10 equal bins closed on the right"):
        assert word in said


def test_a_model_is_asked_once_and_the_run_resumes(capsys: Capture) -> None:
    found = document(capsys, "-n", "40", "--model", "simulated:ability=0.7,seed=4")
    assert found["data"]["n"] == 40 and found["data"]["estimates"]["ECE"]["n"] == 40
    folder = Path(found["data"]["run"])
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert [section_from_dict(section).kind for section in summary["sections"]] == ["curve", "curve", "table"]
    calls = (folder / "calls.jsonl").read_text(encoding="utf-8")
    assert calls.count("\n") >= 40
    again = document(capsys, "-n", "40", "--model", "simulated:ability=0.7,seed=4")
    assert again["data"]["ece"] == found["data"]["ece"] and again["data"]["run"] == found["data"]["run"]
    assert (folder / "calls.jsonl").read_text(encoding="utf-8") == calls  # nobody was asked again


def test_own_questions_and_a_dry_run(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"question": "What is 3 + 4?", "gold": "7", "options": ["6", "7", "8"]}\n', encoding="utf-8")
    plan = document(capsys, "--questions", str(file), "--dry-run")
    assert plan["data"]["calls"] == 1
    found = document(capsys, "--questions", str(file), "--model", "simulated:ability=1")
    assert found["data"]["accuracy"]["value"] == 1.0
    assert any("AUROC is not defined" in warning for warning in found["warnings"])


def test_mistakes(capsys: Capture, table: Path) -> None:
    assert document(capsys, str(table), "--reasoning", code=2)["data"]["kind"] == "UsageError"
    assert "confidence from 0 to 1" in document(capsys, str(table), code=5)["data"]["error"]
    assert document(capsys, "nowhere.csv", code=3)["status"] == "error"
    assert "no erratum 'x'" in document(capsys, str(table), "--scale", "100", "--erratum", "x", code=2)["data"]["error"]
