"""``personarium bench perma``: a template world without a model, a run with models, published folders, mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.perma import perma

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(perma)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def document(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_template_world_is_read_by_a_rule_and_nothing_is_written(capsys: Capture, tmp_path: Path) -> None:
    found = document(capsys, "--memory", "whole", "--memory", "none", "-n", "2", "--incremental")
    data = found["data"]
    values = {name: estimate["value"] for name, estimate in data["estimates"].items()}
    assert (values["whole"], values["none"]) == (1.0, 0.0)
    assert (values["full context"], values["no memory"]) == (1.0, 0.0)
    assert data["depth"]["whole"]["type 1"]["value"] == 0.0
    assert [step["percent"] for step in data["incremental"]["whole"]] == list(range(10, 101, 10))
    assert data["incremental"]["whole"][-1]["accuracy"]["value"] == 1.0
    assert data["leaks"] == []
    assert "says nothing about any language model" in found["warnings"][0]
    assert list(tmp_path.iterdir()) == []


def test_the_tables_are_for_people(capsys: Capture) -> None:
    assert run("-n", "1", "--domains", "2", "--incremental") == 0
    shown = capsys.readouterr().out
    for title in ("PERMA", "full context", "What was fetched", "Accuracy by moment", "Incremental protocol"):
        assert title in shown


def test_a_run_with_models_writes_a_report_and_resumes(capsys: Capture, tmp_path: Path) -> None:
    models = ("-m", "simulated", "--user-model", "simulated:seed=3", "-j", "simulated:seed=2")
    arguments = (*models, "-n", "1", "--domains", "1", "-o", "run")
    first = document(capsys, *arguments)["data"]
    again = document(capsys, *arguments)["data"]
    assert first["estimates"] == again["estimates"]
    assert first["measures"]["rag"]["memory score"]["value"] is not None
    assert first["measures"]["rag"]["turn <= 2"]["value"] is not None
    assert (tmp_path / "run" / "report.html").is_file()
    assert (tmp_path / "run" / "results.parquet").is_file()


def test_a_dry_run_asks_nobody(capsys: Capture, tmp_path: Path) -> None:
    found = document(capsys, "-m", "simulated", "-n", "1", "--domains", "1", "--dry-run")
    assert found["data"]["calls"] > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (("--memory", "nothing"), "no memory 'nothing'", 2),
        (("--memory", "rag", "--memory", "rag"), "name it once", 2),
        (("somewhere",), "--model", 2),
        (("-j", "simulated"), "--judge belongs to a run with models", 2),
        (("somewhere", "-m", "simulated"), "no such folder", 3),
        (("--erratum", "nothing"), "no erratum 'nothing'", 2),
    ],
)
def test_mistakes_are_said(capsys: Capture, arguments: tuple[str, ...], message: str, code: int) -> None:
    assert message in document(capsys, *arguments, code=code)["data"]["error"]
