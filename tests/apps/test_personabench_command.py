"""``personarium bench personabench``: retrieval without a model, a reader, files where the command says."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.personabench import personabench

Capture = pytest.CaptureFixture[str]
EXAMPLE = str(files("personarium.benchmarks.personabench") / "data" / "example")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(personabench)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def document_of(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_retrieval_is_scored_without_asking_anybody(capsys: Capture, tmp_path: Path) -> None:
    found = document_of(capsys, EXAMPLE, "--noise", "0.0", "--noise", "0.5", "-k", "2")["data"]
    assert [level["noise"] for level in found["levels"]] == [0.0, 0.5]
    quiet = found["levels"][0]["estimates"]["Recall"]
    assert quiet["value"] > 1.5 * found["baseline"][0]["estimates"]["Recall"]["value"] > 0
    assert (quiet["n"], quiet["unit"], found["retriever"]) == (15, "question", "bm25")
    assert "Social_easy" in found["levels"][0]["by_category"]
    assert not (tmp_path / "runs").exists()


def test_the_bundled_example_says_that_it_is_too_small(capsys: Capture) -> None:
    assert "too small to measure by" in document_of(capsys, "--retriever", "embedding")["warnings"][0]
    assert run() == 0
    shown = capsys.readouterr().out
    assert "PersonaBench, bm25, 5 segments, noise 0.0" in shown
    assert "trivial baseline" in shown


def test_a_reader_answers_and_the_published_files_are_written(capsys: Capture, tmp_path: Path) -> None:
    arguments = (EXAMPLE, "--retriever", "oracle", "--model", "simulated", "--noise", "0.0", "--noise", "0.5")
    found = document_of(capsys, *arguments, "-o", "run")["data"]
    assert found["estimates"]["Word F1, noise 0.0"]["value"] > 0
    assert set(found["radar"]) >= {"Noise robustness", "Information updating"}
    assert (tmp_path / "run" / "report.html").exists()
    published = json.loads((tmp_path / "run" / "result_noise_0.5.json").read_text(encoding="utf-8"))
    assert (published[0]["Model"], len(published[0]["Results"])) == ("simulated+gt-context", 15)
    table = json.loads((tmp_path / "run" / "statistics_all_noises.json").read_text(encoding="utf-8"))
    assert [row["Noise"] for row in table] == [0.0, 0.5]
    again = document_of(capsys, *arguments, "-o", "run")["data"]
    assert again["estimates"] == found["estimates"]
    assert (
        len((tmp_path / "run" / "calls.jsonl").read_text(encoding="utf-8").splitlines()) == 15
    )  # one prompt at both levels


def test_a_dry_run_shows_the_first_prompt(capsys: Capture, tmp_path: Path) -> None:
    plan = document_of(capsys, "--model", "simulated", "--dry-run")["data"]
    assert {step["step"]: step["calls"] for step in plan["steps"]} == {"personabench.read": 15}
    assert "<memory" in plan["steps"][0]["sample"][-1]["content"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nowhere",), 3, "nowhere: no such folder"),
        ((EXAMPLE, "--noise", "0.7"), 3, "there are 0.0, 0.5"),
        ((EXAMPLE, "--retriever", "magic"), 2, "no retriever is called 'magic'"),
        ((EXAMPLE, "--retriever", "oracle"), 2, "name a reader with --model"),
        ((EXAMPLE, "--dry-run"), 2, "--dry-run belongs to a run with a reader"),
        ((EXAMPLE, "--model", "simulated", "--erratum", "moon"), 2, "no erratum 'moon'"),
    ],
)
def test_what_cannot_be_done_is_said(capsys: Capture, arguments: tuple[str, ...], code: int, message: str) -> None:
    assert message in document_of(capsys, *arguments, code=code)["data"]["error"]
