"""Commands that a workspace runs: in processes of their own, watched, stopped gently, gone on with."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from personarium.apps.workspace import Workspace
from personarium.apps.workspace.jobs import arguments_of
from personarium.core.errors import NotFound, UsageError

GYM = ["bench", "personagym", "-n", "2", "--task", "Toxicity"]


def test_a_job_runs_to_its_end_tells_how_far_it_is_and_leaves_a_run_with_its_report(tmp_path: Path) -> None:
    with Workspace(tmp_path) as work:
        job = work.jobs.start(GYM, "first")
        assert job.wait(120) == 0, list(job.lines)
        assert job.state["done"] == job.state["total"]
        assert any("Toxicity" in line for line in job.lines)
        [row] = work.runs.rows()
        assert (row.name, row.status, row.kind, row.has_report) == ("first", "complete", "personagym", True)
        assert arguments_of(work.runs.get("first").command) == GYM


def test_a_job_that_is_stopped_is_interrupted_and_the_same_command_goes_on_and_pays_for_nothing_twice(
    tmp_path: Path,
) -> None:
    arguments = ["bench", "personagym", "-n", "40", "--concurrency", "1"]
    with Workspace(tmp_path) as work:
        job = work.jobs.start(arguments, "long")
        with pytest.raises(UsageError, match="running already"):
            work.jobs.start(arguments, "long")
        for _ in range(600):
            if job.state.get("done", 0) >= 2:
                break
            time.sleep(0.05)
        assert job.state["done"] >= 2, list(job.lines)
        work.jobs.stop("long")
        assert job.wait(30) != 0
        before = work.runs.get("long")
        assert before.status == "interrupted"
        with pytest.raises(NotFound):
            work.jobs.stop("long")
        again = work.jobs.start(arguments_of(before.command), "long")
        for _ in range(600):
            if again.state.get("cached", 0) >= before.totals.calls or not again.running:
                break
            time.sleep(0.05)
        assert again.state["cached"] >= before.totals.calls
    assert not again.running  # closing the workspace stops what runs


def test_a_command_that_is_refused_says_why(tmp_path: Path) -> None:
    with Workspace(tmp_path) as work:
        job = work.jobs.start(["bench", "personagym", "-n", "0"], "wrong")
        assert job.wait(60) == 2
        assert any("-n" in line or "personas" in line for line in job.lines)
        with pytest.raises(UsageError, match="--out"):
            work.jobs.start([*GYM, "--out", "/tmp/elsewhere"], "x")


def test_the_run_folder_stands_before_what_has_no_flag_and_comes_off_again(tmp_path: Path) -> None:
    arguments = ["calibrate", "--personas=2", "--", "nonsense"]
    with Workspace(tmp_path) as work:
        job = work.jobs.start(arguments, "x")
        assert job.command == f"personarium calibrate --personas=2 --out {tmp_path}/runs/x -- nonsense"
        assert arguments_of(job.command) == arguments
        assert job.wait(60) == 2
        assert any("nonsense" in line for line in job.lines)


@pytest.mark.parametrize("command", ["", "rm -rf x", "python -m personarium demo"])
def test_only_our_own_commands_are_repeated(command: str) -> None:
    with pytest.raises(UsageError):
        arguments_of(command)
