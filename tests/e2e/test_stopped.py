"""Issue 2, bad input, the machine's part: disks that refuse, Ctrl-C, outputs that go nowhere; nothing lost, all resumable."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.gate import Gate
from e2e.user import (
    BENCH,
    CALLS,
    PROGRAM,
    answered,
    endpoint,
    environment,
    holding,
    manifest,
    personarium,
    rows,
    started,
    stop,
    until,
)

KEY = "sk-e2e-stopped-0f1e2d3c4b5a6978"
LIMITED = "import os,resource,sys; n=int(sys.argv[1]); resource.setrlimit(resource.RLIMIT_FSIZE,(n,n)); os.execv(sys.argv[2],sys.argv[2:])"


@pytest.mark.parametrize("limit", [0, 12_000, 45_000])  # met by run.json, by the cache, later by the cache
def test_a_file_size_limit_is_one_error_and_the_run_goes_on_without_it(tmp_path: Path, limit: int) -> None:
    stopped = personarium(*BENCH, "--out", "run", cwd=tmp_path, wrap=(sys.executable, "-c", LIMITED, str(limit)))
    assert stopped.code == 1
    assert "File too large" in stopped.said("error") or "the disk refused" in stopped.said("error")
    kept = (tmp_path / "run" / "calls.jsonl").read_bytes() if (tmp_path / "run" / "calls.jsonl").exists() else b""
    assert kept == b"" or kept.endswith(b"\n")
    again = personarium(*BENCH, "--out", "run", cwd=tmp_path)
    assert again.code == 0, again.err
    assert (tmp_path / "run" / "calls.jsonl").read_bytes().startswith(kept)
    keys = answered(tmp_path / "run")
    assert len(keys) == len(set(keys)) == CALLS
    assert (tmp_path / "run" / "report.html").is_file()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 160 kB, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"no tmpfs may be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_runs_full_is_one_error_and_the_run_goes_on_with_room(small_disk: Path, tmp_path: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 100_000)
    stopped = personarium(*BENCH, "--out", "disk/run", cwd=tmp_path)
    assert stopped.code == 1
    # Which file meets the limit first depends on timing; each says it in its own words.
    assert any(words in stopped.said("error") for words in ("No space left", "the disk is full", "the disk refused"))
    run = small_disk / "run"
    before = answered(run)
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    again = personarium(*BENCH, "--out", "disk/run", cwd=tmp_path)
    assert again.code == 0, again.err
    assert answered(run)[: len(before)] == before
    assert len(answered(run)) == len(set(answered(run))) == CALLS


@pytest.mark.parametrize("place", ["/dev/full/x", "/dev/full", "/proc/nothing/run"])
def test_a_place_where_no_folder_can_be_is_one_error(tmp_path: Path, place: str) -> None:
    if not Path(place).parent.parent.exists():
        pytest.skip(f"this machine has no {Path(place).parent.parent}")
    ended = personarium(*BENCH, "--out", place, cwd=tmp_path)
    assert ended.code == 1
    assert place in ended.said("error")


@pytest.mark.parametrize("arguments", [("systems",), ("systems", "--json"), BENCH, (*BENCH, "--json")])
def test_a_standard_output_that_refuses_is_one_error(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this machine has no /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error: ") == 1
    assert "No space left on device" in done.stderr
    for run in tmp_path.glob("runs/*"):  # the work itself is done and kept
        assert manifest(run)["status"] == "complete"


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "systems", "--json"], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 0
    assert err == b""


@pytest.mark.parametrize("as_json", [False, True])
def test_control_c_ends_with_130_and_the_same_command_goes_on(tmp_path: Path, as_json: bool) -> None:
    gate, run = Gate(4), tmp_path / "run"
    more = ("--json",) if as_json else ()
    with endpoint(gate) as server:
        arguments = (
            *BENCH,
            "--model",
            "openai/m",
            "--base-url",
            server.base_url,
            "--concurrency",
            "3",
            "--out",
            "run",
            *more,
        )
        with started(*arguments, cwd=tmp_path, OPENAI_API_KEY=KEY) as process:
            until(lambda: gate.waiting == 3 and len(gate.answered) == 4, "the gate", process)
            ended = stop(process, signal.SIGINT)
        assert ended.code == 130
        assert "the same command goes on from here" in ended.said("stopped")
        assert (manifest(run)["status"], manifest(run)["reason"]) == ("interrupted", "stopped by hand")
        kept = answered(run)
        assert len(kept) == 4
        gate.open()
        again = personarium(*arguments, cwd=tmp_path, OPENAI_API_KEY=KEY)
        assert again.code == 0, again.err
        assert answered(run)[:4] == kept
        assert len(gate.answered) == 10
    assert len(rows(run)) == 10
    assert holding(KEY, tmp_path) == []


def test_two_commands_do_not_work_in_one_folder(tmp_path: Path) -> None:
    gate = Gate(1)
    with endpoint(gate) as server:
        arguments = (*BENCH, "--model", "openai/m", "--base-url", server.base_url, "--out", "run")
        with started(*arguments, cwd=tmp_path) as process:
            until(lambda: len(gate.answered) == 1 and gate.waiting > 0, "the gate", process)
            second = personarium(*arguments, cwd=tmp_path)
            assert second.code == 2
            assert f"is in use by process {process.pid}" in second.said("error")


def test_a_damaged_manifest_is_one_error_and_touches_nothing(tmp_path: Path) -> None:
    assert personarium(*BENCH, "--out", "run", cwd=tmp_path).code == 0
    path = tmp_path / "run" / "run.json"
    path.write_bytes(path.read_bytes()[:200])
    kept = (tmp_path / "run" / "calls.jsonl").read_bytes()
    ended = personarium(*BENCH, "--out", "run", "--json", cwd=tmp_path)
    assert ended.code == 5
    assert "run.json: expected a run's JSON document" in ended.document["data"]["error"]
    assert (tmp_path / "run" / "calls.jsonl").read_bytes() == kept


def test_an_unfinished_run_can_be_reported(tmp_path: Path) -> None:
    gate, run = Gate(4), tmp_path / "run"
    with endpoint(gate) as server:
        arguments = (*BENCH, "--model", "openai/m", "--base-url", server.base_url, "--out", "run")
        with started(*arguments, cwd=tmp_path) as process:
            until(lambda: gate.waiting > 0 and len(gate.answered) == 4, "the gate", process)
            stop(process, signal.SIGKILL)
    ended = personarium("report", "run", "--json", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.document["data"]["status"] == "interrupted"
    assert any("interrupted" in text for text in ended.document["warnings"])
    assert (run / "report.html").stat().st_size > 1000
