"""``personarium bench persobench``: a run, given replies, two files compared, the report's data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.persobench import persobench
from personarium.benchmarks.persobench import example_rows
from personarium.report import section_from_dict

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(persobench)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def document_of(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def replies_file(path: Path, *texts: str) -> str:
    path.write_text("gen_response,response_time\n" + "".join(f'"{text}",1.5\n' for text in texts))
    return str(path)


def test_a_run_reports_failures_both_ways_and_trivial_replies(capsys: Capture, tmp_path: Path) -> None:
    found = document_of(capsys, "--model", "simulated:malformed=0.5,sloppy=0", "--out", str(tmp_path / "r"))
    data = found["data"]
    assert "too small to measure by" in " ".join(found["warnings"])
    assert 0 < data["failure_ratio"] < 1
    assert data["valid"]["Dist-1"]["value"] > data["failures_as_worst"]["Dist-1"]["value"]
    summary = json.loads((tmp_path / "r" / "summary.json").read_text())
    titles = [section["title"] for section in summary["sections"]]
    assert titles[:4] == ["Personalisation", "Fluency", "Diversity", "Coherence"]
    assert "Trivial replies beside it" in titles
    for section in summary["sections"]:
        section_from_dict(section)
    assert Path(data["report"]).is_file()
    assert (tmp_path / "r" / "responses.csv").read_text().count("\n") >= 7
    assert run("--model", "simulated:malformed=0.5,sloppy=0", "--out", str(tmp_path / "r")) == 0
    shown = capsys.readouterr().out
    assert "personalisation" in shown and "failure ratio" in shown


def test_given_replies_are_scored_and_two_files_compared(capsys: Capture, tmp_path: Path) -> None:
    good = replies_file(tmp_path / "good.csv", *(row.reference for row in example_rows()))
    bland = replies_file(tmp_path / "bland.csv", *["I see, I see, I see."] * 5, "")
    data = document_of(capsys, "--replies", good, "--against", bland)["data"]
    assert data["valid"]["ROUGE-L"]["value"] == 1 and data["against"]["failure_ratio"] == 0.167
    test = data["tests"]["valid"]["Dist-1"]["paired t"]
    assert test["effect"]["value"] > 0 and test["effect"]["n"] == 5
    assert data["response_time"]["value"] == 1.5
    assert not (tmp_path / "runs").exists()
    assert run("--replies", good, "--against", bland) == 0
    assert "First minus second, rows paired by id" in capsys.readouterr().out


def test_raw_replies_are_cleaned(capsys: Capture, tmp_path: Path) -> None:
    texts = ['{""response"": ""Two dogs.""}', '{""out"": {""response"": ""Yes.""}}', *["none"] * 4]
    path = replies_file(tmp_path / "raw.csv", *texts)
    assert document_of(capsys, "--replies", path, "--raw")["data"]["malformed"] == 5
    assert document_of(capsys, "--replies", path, "--raw", "--parser", "nested")["data"]["rescued"] == 1


def test_a_dry_run_asks_nobody_and_shows_the_prompt(capsys: Capture, tmp_path: Path) -> None:
    assert run("--dry-run", "--reasoning", "--rows", "2") == 0
    shown = capsys.readouterr().out
    assert "persobench.reasoned" in shown and "I live in Lisbon" in shown
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--raw",), 2, "belong to --replies"),
        (("--parser", "loose"), 2, "parser must be"),
        (("none.csv",), 3, "no such file"),
        (("--vectors", "none.bin"), 3, "no such file"),
        (("--erratum", "other"), 2, "no erratum"),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    capsys: Capture, arguments: tuple[str, ...], code: int, message: str
) -> None:
    found = document_of(capsys, *arguments, code=code)
    assert found["status"] == "error" and message in found["data"]["error"]
