"""Killed at any moment, a run loses at most the calls in flight and repeats none that had returned."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from personarium.runs import read_calls, read_run

CHILD = Path(__file__).with_name("child.py")
ITEMS = 60


def run_child(folder: Path, *options: str, items: int = ITEMS) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHILD), str(folder / "run"), str(folder / "log"), str(items), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def events(folder: Path, event: str) -> list[str]:
    log = folder / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.split(" ", 1)[1] for line in lines if line.startswith(event)]


def recorded(folder: Path) -> list[str]:
    return [call["messages"][-1]["content"] for call in read_calls(folder / "run" / "calls.jsonl")]


def check_resumes(folder: Path) -> None:
    """Run once more to the end: what had returned is asked once, every question is recorded once, all is answered."""
    returned, before = set(events(folder, "got")) | set(recorded(folder)), len(events(folder, "called"))
    again = run_child(folder)
    assert again.returncode == 0, again.stderr
    assert returned.isdisjoint(events(folder, "called")[before:])
    questions = sorted(f"question {number}{turn}" for number in range(ITEMS) for turn in "ab")
    assert sorted(recorded(folder)) == questions
    answers = json.loads((folder / "run" / "summary.json").read_text())["answers"]
    assert answers == [f"answer to question {n}a answer to question {n}b" for n in range(ITEMS)]
    record = read_run(folder / "run")
    assert record.status == "complete"
    assert record.totals.calls == len(questions)


@pytest.mark.parametrize("event", ["called", "got"])
@pytest.mark.parametrize("count", [1, 23, 119])
def test_killed_at_an_event(tmp_path: Path, event: str, count: int) -> None:
    assert run_child(tmp_path, "--die-at", event, str(count)).returncode == -signal.SIGKILL
    assert read_run(tmp_path / "run").status == "interrupted"
    check_resumes(tmp_path)


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_a_random_moment(tmp_path: Path, seed: int) -> None:
    moment = random.Random(seed).uniform(0.0, 0.06)
    run_child(tmp_path, "--die-after", f"{moment:.4f}")
    check_resumes(tmp_path)


def test_killed_twice(tmp_path: Path) -> None:
    run_child(tmp_path, "--die-at", "got", "31")
    returned, before = set(events(tmp_path, "got")), len(events(tmp_path, "called"))
    run_child(tmp_path, "--die-at", "got", "87")
    assert returned.isdisjoint(events(tmp_path, "called")[before:])
    check_resumes(tmp_path)


def test_a_finished_run_is_repeated_without_a_call(tmp_path: Path) -> None:
    assert run_child(tmp_path).returncode == 0
    calls = (tmp_path / "run" / "calls.jsonl").read_bytes()
    assert run_child(tmp_path).returncode == 0
    assert len(events(tmp_path, "called")) == 2 * ITEMS
    assert (tmp_path / "run" / "calls.jsonl").read_bytes() == calls


def test_control_c_finishes_writing_and_says_how_to_go_on(tmp_path: Path) -> None:
    stopped = run_child(tmp_path, "--interrupt-at", "40")
    assert stopped.returncode == 130
    assert stopped.stderr.strip().count("\n") == 0
    assert "the same command goes on" in stopped.stderr
    record = read_run(tmp_path / "run")
    assert (record.status, record.reason) == ("interrupted", "stopped by hand")
    assert record.ended is not None
    check_resumes(tmp_path)


def test_a_torn_last_line_is_cut_off_and_asked_again(tmp_path: Path) -> None:
    run_child(tmp_path, "--die-at", "got", "50")
    path = tmp_path / "run" / "calls.jsonl"
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(b'{"key":"half of a rec')
    check_resumes(tmp_path)
    assert path.read_bytes().startswith(whole)
    assert read_run(tmp_path / "run").warnings["torn_lines"] == 1


def test_a_lost_cache_is_made_again_from_the_transcript(tmp_path: Path) -> None:
    assert run_child(tmp_path).returncode == 0
    for file in (tmp_path / "run").glob("cache.sqlite*"):
        file.unlink()
    check_resumes(tmp_path)


@pytest.mark.parametrize("limit", [9_000, 40_000, 100_000])  # met by the first call, by the cache, by the cache later
def test_a_file_size_limit_is_one_error_and_the_run_goes_on_later(tmp_path: Path, limit: int) -> None:
    stopped = run_child(tmp_path, "--file-limit", str(limit))
    assert stopped.returncode == 1
    errors = [line for line in stopped.stderr.splitlines() if "Error" in line]
    assert len(errors) == 1
    assert errors[0].startswith("StorageError: ")
    whole = (tmp_path / "run" / "calls.jsonl").read_bytes()
    assert whole == b"" or whole.endswith(b"\n")
    assert read_run(tmp_path / "run").status == "failed"
    check_resumes(tmp_path)
    assert (tmp_path / "run" / "calls.jsonl").read_bytes().startswith(whole)
