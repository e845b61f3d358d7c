"""What a user has: a shell in which to run commands, an endpoint, patience. Nothing of ours is imported into a command."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personarium.testing.stub import StubServer

PROGRAM = (sys.executable, "-c", "from personarium.apps.cli import main; main()")
KEY = "sk-e2e-4f1d9b7c2a6e8035-secret"
BENCH = ("bench", "personagym", "--personas", "1", "--task", "Persona Consistency")
CALLS = 14  # of BENCH with one judge: ten answers, score examples and verdicts for two batches
PATIENCE_S = 90.0
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PROXY", re.IGNORECASE)


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one document of ``--json``; fails when anything else stands on standard output."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self
        document: dict[str, Any] = json.loads(lines[0])
        assert set(document) == {"status", "data", "warnings"}
        return document

    def said(self, kind: str) -> str:
        """The one line of this kind on standard error; there must be no traceback beside it."""
        assert "Traceback" not in self.err, self.err
        lines = [line for line in self.err.splitlines() if line.startswith(f"{kind}: ")]
        assert len(lines) == 1, self.err
        return lines[0]


def environment(**more: str) -> dict[str, str]:
    """This environment without the keys and proxies that may be in it."""
    plain = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
    return {**plain, "COLUMNS": "200", "NO_COLOR": "1", "OMP_NUM_THREADS": "1", **more}


def personarium(*arguments: str, cwd: Path, stdin: str = "", wrap: tuple[str, ...] = (), **env: str) -> Ended:
    """Run a command to its end."""
    done = subprocess.run(
        [*wrap, *PROGRAM, *arguments],
        cwd=cwd,
        env=environment(**env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@contextmanager
def started(*arguments: str, cwd: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A command that is still running; killed when the block ends."""
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=cwd,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def stop(process: subprocess.Popen[str], by: signal.Signals) -> Ended:
    """Send a signal and wait for the end."""
    process.send_signal(by)
    out, err = process.communicate(timeout=PATIENCE_S)
    return Ended(process.returncode, out, err)


def until(met: Callable[[], bool], what: str, process: subprocess.Popen[str] | None = None) -> None:
    """Wait until a condition is met; the end of the process or of the patience is a failure."""
    end = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < end, f"waited in vain for {what}"
        if process is not None and process.poll() is not None:
            raise AssertionError(f"the command ended before {what}: {process.communicate()}")
        time.sleep(0.002)


def lines(path: Path) -> list[str]:
    """The whole lines of a file; none when there is no file yet."""
    text = path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
    return text.split("\n")[:-1]


def calls(run: Path) -> list[dict[str, Any]]:
    """The records of a run's calls."""
    return [json.loads(line) for line in lines(run / "calls.jsonl")]


def answered(run: Path) -> list[str]:
    """The keys of the calls that got a reply."""
    return [call["key"] for call in calls(run) if "reply" in call]


def manifest(run: Path) -> dict[str, Any]:
    """``run.json``."""
    found: dict[str, Any] = json.loads((run / "run.json").read_text())
    return found


def rows(run: Path) -> list[dict[str, Any]]:
    """The result table."""
    import polars as pl

    return pl.read_parquet(run / "results.parquet").to_dicts()


@contextmanager
def endpoint(model: Any = None, **options: Any) -> Iterator[StubServer]:
    """An OpenAI-compatible endpoint in a thread of its own, so that a command can ask it and a test can look inside."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = StubServer(model, record=True, **options)
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(PATIENCE_S)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(PATIENCE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_S)
        loop.close()


def asked(server: StubServer) -> list[str]:
    """The questions that reached the endpoint, in order."""
    return [body["messages"][-1]["content"] for body in server.bodies]


def holding(key: str, folder: Path) -> list[Path]:
    """The files under a folder that hold the key; tables are read, because Parquet compresses what stands in them."""
    return [path for path in folder.rglob("*") if path.is_file() and key.encode() in _plain_bytes(path)]


def _plain_bytes(path: Path) -> bytes:
    if path.suffix == ".parquet":
        import polars as pl

        return repr(pl.read_parquet(path).to_dicts()).encode()
    return path.read_bytes()
