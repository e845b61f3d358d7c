"""``personarium measure perseval``: documents, tables of distances, people's column, files that are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.perseval import perseval
from personarium.measure.perseval import example_items, write_items
from personarium.report import section_from_dict

Capture = pytest.CaptureFixture[str]


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(perseval)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def document_of(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def documents(tmp_path: Path) -> str:
    return str(write_items(example_items(), tmp_path / "d.jsonl"))


def test_for_people(documents: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    assert run(documents, "--distance", "rouge_su4", "--stability") == 0
    shown = capsys.readouterr().out
    assert "adaptive" in shown and "1.0000" in shown  # the generic model's EGISES
    assert "PerSEval on shares of the comparisons" in shown


def test_for_programs_with_a_report_and_tables(documents: str, capsys: Capture, tmp_path: Path) -> None:
    people, saved, scores = tmp_path / "people.csv", tmp_path / "s.json", tmp_path / "scores.csv"
    people.write_text("models,human\ngeneric,0.1\nadaptive,0.9\nswapped,0.2\n")
    extra = ("--human", str(people), "--stability", "--save", str(saved), "--save-scores", str(scores))
    data = document_of(capsys, documents, "--tables", str(tmp_path / "t"), *extra)["data"]
    assert data["models"]["adaptive"]["perseval"] > data["models"]["generic"]["perseval"]
    assert data["human"]["spearman"]["value"] == 1 and data["human"]["spearman"]["n"] == 3
    assert [row["models"] for row in data["stability"]] == ["generic", "adaptive", "swapped"]
    summary = json.loads(saved.read_text())
    assert summary["kind"] == "perseval" and summary["headline"] == "PerSEval, adaptive"
    for section in summary["sections"]:
        section_from_dict(section)
    assert scores.read_text().startswith("models,100,80,60,40,20,bias,variance\n")
    again = document_of(capsys, str(tmp_path / "t"))["data"]
    assert again["models"] == data["models"] and again["distance"] == data["distance"]


def test_the_bundled_example_says_that_it_is_too_small(capsys: Capture) -> None:
    assert "too small to measure by" in document_of(capsys, "--distance", "jsd")["warnings"][0]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("none.jsonl",), 3, "no such file"),
        (("--distance", "rouge"), 2, "no distance 'rouge'"),
        (("--save-scores", "x.csv"), 2, "give both"),
        (("--words", "letters"), 2, "no words"),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    capsys: Capture, arguments: tuple[str, ...], code: int, message: str
) -> None:
    found = document_of(capsys, *arguments, code=code)
    assert found["status"] == "error" and message in found["data"]["error"]


def test_a_human_table_without_the_column(documents: str, capsys: Capture, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("models,rating\ngeneric,0.1\n")
    assert "a column 'human'" in document_of(capsys, documents, "--human", str(people), code=5)["data"]["error"]
