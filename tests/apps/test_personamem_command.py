"""``personarium bench personamem`` and ``bench personamem-v2``: scripted users, own files, memories by name."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.personamem import personamem, personamem_v2
from personarium.benchmarks import personamem as v1
from personarium.benchmarks import personamem_v2 as v2

Capture = pytest.CaptureFixture[str]


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


def test_scripted_users_with_the_talk_itself(capsys: Capture) -> None:
    found = document(capsys, personamem, "--users", "2", "--out", "r")
    assert found["data"]["questions"] == 18
    assert list(found["data"]["estimates"])[:2] == ["Accuracy", "No context"]
    assert any("Scripted users" in text for text in found["warnings"])
    rows = list(csv.DictReader(Path("r/result.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 18
    assert Path("r/report.html").is_file()


def test_a_memory_by_name_on_own_files(capsys: Capture) -> None:
    questions, contexts = v1.write_scripted(".", v1.timelines(2))
    found = document(
        capsys, personamem, str(questions), str(contexts), "--memory", "personamem-v2", "--persona", "hidden"
    )
    assert found["data"]["questions"] == 12
    assert found["data"]["estimates"]["Accuracy"]["value"] > found["data"]["estimates"]["No context"]["value"]
    assert not any("Scripted users" in text for text in found["warnings"])


def test_a_model_may_write_the_memory(capsys: Capture) -> None:
    document(
        capsys, personamem, "--users", "1", "--memory", "personamem-v2", "--writer", "simulated:seed=1", "--out", "r"
    )
    calls = [json.loads(line) for line in Path("r/calls.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {call["step"] for call in calls} == {"personamem_v2.update", "personamem.answer"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("questions.csv",), "give the questions and their contexts"),
        (("--memory", "elephant"), "no memory strategy 'elephant'"),
        (("--persona", "maybe"), "seen or hidden"),
        (("--erratum", "typo"), "no erratum 'typo'"),
    ],
)
def test_bad_options_are_refused(arguments: tuple[str, ...], says: str, capsys: Capture) -> None:
    assert says in document(capsys, personamem, *arguments, code=2)["data"]["error"]


def test_a_dry_run_asks_nobody(capsys: Capture) -> None:
    assert run(personamem, "--users", "1", "--dry-run") == 0
    assert "--- first prompt of personamem.answer ---" in capsys.readouterr().out
    assert not Path("runs").exists()


def test_v2_scripted_users(capsys: Capture) -> None:
    found = document(capsys, personamem_v2, "--users", "3", "--out", "r")
    assert found["data"]["questions"] == 12
    names = list(found["data"]["estimates"])
    assert names[:6] == ["Accuracy", "Anti-stereotypical", "Updated", "Other people's", "No memory", "Full history"]
    assert "Tokens read per answer" in Path("r/report.html").read_text(encoding="utf-8")


def test_v2_own_files_for_people(capsys: Capture) -> None:
    path = v2.write_scripted(".", 2)
    assert run(personamem_v2, str(path), "--no-full-history", "--writer", "simulated:seed=1") == 0
    shown = capsys.readouterr().out
    assert "PersonaMem-v2: 8 queries, memory personamem-v2" in shown
    assert "anti_stereotypical_pref" in shown
    assert "Full history" not in shown


def test_v2_the_query_aware_memory(capsys: Capture) -> None:
    document(capsys, personamem_v2, "--users", "1", "--as-published", "--out", "r")
    calls = Path("r/calls.jsonl").read_text(encoding="utf-8").splitlines()
    updates = [call for call in map(json.loads, calls) if call["step"] == "personamem_v2.update"]
    assert len(updates) == 4  # one chunk for each query


def test_v2_a_folder_for_the_histories_and_a_bad_size(capsys: Capture) -> None:
    path = v2.write_scripted(".", 1)
    Path("elsewhere").mkdir()
    moved = path.rename("elsewhere/benchmark.csv")
    assert document(capsys, personamem_v2, str(moved), "--histories", ".")["data"]["questions"] == 4
    assert "32k, 128k" in document(capsys, personamem_v2, str(moved), "--size", "1M", code=5)["data"]["error"]
