"""``personarium judge selective``: a run with a judge, a published output file, a dry run, mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.selective import selective

Capture = pytest.CaptureFixture[str]
DRINKS = ("tea", "cocoa", "coffee", "milk", "lemonade", "cider")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(selective)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def document(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def lines(name: str, rows: list[dict[str, Any]]) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return name


def pairs(count: int) -> str:
    rows = []
    for k in range(count):
        drink, other = DRINKS[k % 6], DRINKS[(k + 1 + k // 6 % 5) % 6]
        texts = (f"A cup of {drink} would suit you, number {k}.", f"A glass of {other} would suit you, number {k}.")
        a, b = texts if k % 2 == 0 else texts[::-1]
        question = "What is my favourite drink?"
        persona = f"favourite drink: {drink}\nhome: town {k}"
        rows.append({"question": question, "a": a, "b": b, "truth": "AB"[k % 2], "persona": persona, "user": f"u{k}"})
    return lines("pairs.jsonl", rows)


def published(count: int = 60) -> str:
    prompt = (
        "Choose. Assign a certainty level from 1 to 100.\n\n[User Profile]\nThe person is {0}.\n\n"
        "[Question-Answer Pair A]\nQuestion: q{0}\nAnswer: mine {0}\n\n"
        "[Question-Answer Pair B]\nQuestion: last\nAnswer: last\n\n[Answer]\n[["
    )
    rows = [
        {
            "prompt": prompt.format(k),
            "answer": "A" if k % 3 else "B",
            "certainty": "90" if k % 3 else "60",
            "acc": bool(k % 3),
            "ground_truth": "A",
            "user_info": "The person is 59.",
        }
        for k in range(count)
    ]
    return lines("ap_all.jsonl", rows)


def test_a_judge_is_asked_and_its_certainty_weighed(capsys: Capture, tmp_path: Path) -> None:
    arguments = (pairs(60), "-j", "simulated:judge_noise=1.5,sloppy=0", "--calibrate", "isotonic", "-o", "run")
    found = document(capsys, *arguments)
    data = found["data"]
    assert list(data["estimates"])[:2] == ["Accuracy", "Coverage, certainty 80 and more"]
    values = {name: estimate["value"] for name, estimate in data["estimates"].items()}
    assert values["Accuracy"] > values["Shuffled persona"]
    assert [point["threshold"] for point in data["curve"]] == [50, 60, 70, 80, 90]
    assert data["calibrated"]["method"] == "isotonic"
    assert document(capsys, *arguments)["data"]["estimates"] == data["estimates"]
    assert (tmp_path / "run" / "report.html").is_file()
    fitted = json.loads((tmp_path / "run" / "calibration.json").read_text(encoding="utf-8"))
    assert fitted["judge"].startswith("simulated")


def test_a_published_file_is_evaluated_and_its_faults_told(capsys: Capture, tmp_path: Path) -> None:
    found = document(capsys, published())
    assert found["data"]["estimates"]["Accuracy"]["value"] == pytest.approx(2 / 3)
    assert found["data"]["filtering"]["helped"] is True
    assert any("60 of 60 items have the same wrong text" in warning for warning in found["warnings"])
    assert any("59 of 60 rows store another persona" in warning for warning in found["warnings"])
    assert [path.name for path in tmp_path.iterdir()] == ["ap_all.jsonl"]


def test_the_tables_are_for_people(capsys: Capture) -> None:
    assert run(published(), "--calibrate", "binning") == 0
    shown = capsys.readouterr()
    for words in ("Selective judging", "Kept from a certainty on", "Calibrated (binning)", "Always A"):
        assert words in shown.out
    assert "same wrong text" in shown.err


def test_a_dry_run_asks_nobody(capsys: Capture, tmp_path: Path) -> None:
    found = document(capsys, pairs(4), "-j", "simulated", "--dry-run")
    assert found["data"]["calls"] == 12
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (("pairs.jsonl",), "name who judges with --judge", 2),
        (("pairs.jsonl", "-j", "simulated", "--variant", "key"), "a persona 'key'", 5),
        (("ap_all.jsonl", "-j", "simulated"), "leave out --judge", 2),
        (("nothing.jsonl",), "no such file", 3),
        (("ap_all.jsonl", "--calibrate", "magic"), "one of isotonic, binning", 2),
    ],
)
def test_mistakes_are_one_sentence(arguments: tuple[str, ...], message: str, code: int, capsys: Capture) -> None:
    pairs(2)
    published()
    found = document(capsys, *arguments, code=code)
    assert message in found["data"]["error"]
