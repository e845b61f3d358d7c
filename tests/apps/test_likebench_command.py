"""``personarium bench likebench``: users by rules and by a model, a file of ratings, files where the command says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from personarium.apps.cli.likebench import likebench
from personarium.benchmarks.likebench import draw_profiles, read_profiles, read_ratings, write_profiles

Capture = pytest.CaptureFixture[str]
SMALL = ("--profiles", "4", "--sessions", "2", "--turns", "2")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def run(*arguments: str) -> int:
    app = typer.Typer()
    app.command()(likebench)
    try:
        app(list(arguments), standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def data_of(capsys: Capture, *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(*arguments, "--json") == code
    document = json.loads(capsys.readouterr().out)
    found: dict[str, Any] = document["data"]
    return found


def test_users_by_rules_need_no_second_model(capsys: Capture) -> None:
    found = data_of(capsys, *SMALL, "--out", "r", "--baselines")
    assert found["counts"]["length_fit"] == {"rated": 16}
    assert found["counts"]["emotional_adaptation"] == {"na": 16}
    assert found["estimates"]["Likability"]["unit"] == "profile"
    assert found["difference_from_constant"]["n"] == 4
    assert len(found["session_means"]) == 2
    assert len(read_ratings(Path("r/ratings.jsonl"))) == 4 * 2 * 2 * 7
    assert [p.id for p in read_profiles(Path("r/profiles.json"))] == [p.id for p in draw_profiles(4)]
    assert Path("r/report.html").is_file()
    again = data_of(capsys, "--ratings", "r/ratings.jsonl")
    assert again["estimates"] == found["estimates"]
    assert again["coverage"] == found["coverage"]


def test_users_by_a_model_with_judge_memory_and_check(capsys: Capture) -> None:
    found = data_of(
        capsys, *SMALL, "--user-model", "simulated:seed=1", "--judge", "simulated:seed=2", "--judge-share", "0.5",
        "--memory", "dup", "--check-truth", "--fresh", "--out", "r",
    )  # fmt: skip
    assert found["estimates"]["Facts a profile"]["value"] > 0
    assert found["estimates"]["Truthful replies"]["value"] is not None
    assert found["estimates"]["Memory accuracy"]["failures"] == {}
    assert found["overruled"] == found["counts"]["callback"]["overruled"] > 0
    assert json.loads(Path("r/run.json").read_text())["config"]["history"] == "session"
    assert {rating.rater for rating in read_ratings(Path("r/ratings.jsonl"))} == {
        "simulated:seed=1",
        "simulated:seed=2",
    }


def test_for_people(capsys: Capture) -> None:
    assert run(*SMALL) == 0
    shown = capsys.readouterr().out
    assert "Likability" in shown
    assert "antisocial" in shown
    assert "session means: " in shown


def test_own_users_and_a_plan(capsys: Capture, tmp_path: Path) -> None:
    write_profiles(draw_profiles(3, seed=9), tmp_path / "mine.json")
    found = data_of(
        capsys, "--profiles-file", "mine.json", "--user-model", "simulated:seed=1", "--sessions", "2", "--turns", "3",
        "--memory", "dup", "--dry-run",
    )  # fmt: skip
    calls = {step["step"]: (step["model"], step["calls"]) for step in found["steps"]}
    assert calls == {
        "likebench.user": ("simulated:seed=1", 18),
        "likebench.reply": ("simulated", 18),
        "likebench.rate": ("simulated:seed=1", 18),
        "likebench.notes": ("simulated", 18),
        "likebench.facts": ("simulated:seed=1", 3),
    }
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--memory", "much"), "--memory must be dup or none"),
        (("--judge", "simulated"), "--judge needs a model that plays the users"),
        (("--check-truth",), "--check-truth needs a model"),
        (("--history", "none"), "history must be all or session"),
        (("--order", "none"), "order must be sessions or pooled"),
    ],
)
def test_mistakes_are_told_in_one_sentence(capsys: Capture, options: tuple[str, ...], says: str) -> None:
    found = data_of(capsys, *SMALL, *options, code=2)
    assert says in found["error"]


def test_nothing_measured_is_exit_code_1(capsys: Capture) -> None:
    found = data_of(capsys, *SMALL, "--user-model", "simulated/refuser", code=1)
    assert found["estimates"]["Likability"]["failures"] == {"not_held": 16}
