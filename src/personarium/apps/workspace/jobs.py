"""Commands that a workspace runs for somebody: each in a process of its own, watched, stopped gently, and gone on with.

A job is a command line of Personarium with a run folder of the workspace, so that whatever the command line can do can be
started here, and whatever was started here can be repeated in a terminal.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personarium.core.errors import NotFound, StorageError, UsageError
from personarium.runs.progress import PROGRAM

TAIL = 200  # lines of output that are kept of a job
PATIENCE_S = 15.0  # how long a stopped job may take to bring everything to disk


@dataclass(eq=False)
class Job:
    """One command that was started.

    Args:
        name: Of its run folder.
        command: As somebody would type it.
        process: The process.

    Attributes:
        state: The last progress it told (the fields of :class:`~personarium.runs.progress.Snapshot`, and ``text``).
        lines: What else it said, the last lines.
    """

    name: str
    command: str
    process: subprocess.Popen[str]
    state: Mapping[str, Any] = field(default_factory=dict)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL))
    _readers: list[threading.Thread] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process.poll() is None

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self.process.poll()

    def stop(self) -> None:
        """Ask it to stop; what has returned is kept, and the same command goes on from there."""
        if self.running:
            self.process.send_signal(signal.SIGINT)

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait for its end and give its exit code; kills it when it takes longer than that."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        for reader in self._readers:
            reader.join()
        return code

    def watch(self) -> None:
        """Read along what it says."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        for stream in (self.process.stdout, self.process.stderr):
            reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
            reader.start()
            self._readers.append(reader)

    def _read(self, stream: Any) -> None:
        with stream:
            for line in stream:
                self._hear(line.rstrip("\n"))

    def _hear(self, line: str) -> None:
        try:
            told = json.loads(line)
        except ValueError:
            told = None
        if isinstance(told, dict) and "stage" in told:
            self.state = told
        elif isinstance(told, dict) and "note" in told:
            self.lines.append(str(told["note"]))
        elif line.strip():
            self.lines.append(line)


class Jobs:
    """The jobs of one workspace; any number of threads may use it.

    Args:
        folder: Where the run folders are.
        home: Working folder of the commands: paths in them are meant from there.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home = folder, home
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, arguments: Sequence[str], name: str) -> Job:
        """Start a command, or go on with it.

        Args:
            arguments: The command line behind ``personarium``, without ``--out``.
            name: Name of its run folder; the same name with the same command goes on with that run.

        Raises:
            UsageError: When the job of this name is running, or the command names a run folder of its own.
            StorageError: When no process can be started.
        """
        if _without_out(arguments) != list(arguments):
            raise UsageError("the run folder of a job is named by the workspace; leave --out away")
        with self._lock:
            if name in self._jobs and self._jobs[name].running:
                raise UsageError(f"'{name}' is running already")
            self.folder.mkdir(parents=True, exist_ok=True)
            end = arguments.index("--") if "--" in arguments else len(arguments)
            whole = [*arguments[:end], "--out", str(self.folder / name), *arguments[end:]]
            job = self._jobs[name] = Job(name, shlex.join(["personarium", *whole]), self._spawn(whole))
        job.watch()
        return job

    def get(self, name: str) -> Job | None:
        """The job of this name that was started here, running or ended; None when there was none."""
        return self._jobs.get(name)

    def running(self) -> list[Job]:
        """The jobs that run, in the order in which they were started."""
        return [job for job in self._jobs.values() if job.running]

    def stop(self, name: str) -> None:
        """Ask a job to stop (see :meth:`Job.stop`); raises NotFound when no job of this name runs."""
        job = self._jobs.get(name)
        if job is None or not job.running:
            raise NotFound(f"no job '{name}' is running")
        job.stop()

    def close(self) -> None:
        """Stop everything and wait until it is on disk."""
        running = self.running()
        for job in running:
            job.stop()
        for job in running:
            job.wait(PATIENCE_S)

    def _spawn(self, arguments: Sequence[str]) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                [sys.executable, "-m", "personarium", *arguments],
                cwd=self.home,
                env={**os.environ, PROGRAM: "json", "COLUMNS": "100", "NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # Ctrl-C at the studio's terminal reaches the studio, which then stops its jobs gently
            )
        except OSError as error:
            raise StorageError(f"the command cannot be started ({error.strerror or error})") from error


def arguments_of(command: str) -> list[str]:
    """The arguments of a recorded command, without its run folder: what :meth:`Jobs.start` takes.

    Raises:
        UsageError: When it is no command of Personarium.
    """
    words = shlex.split(command)
    if not words or words[0] != "personarium":
        raise UsageError("the run does not say by which command it was made; repeat it from a terminal")
    return _without_out(words[1:])


def _without_out(arguments: Sequence[str]) -> list[str]:
    """A command line without its run folder; what stands behind ``--`` is no option."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept: list[str] = []
    words = iter(arguments[:end])
    for word in words:
        if word in ("--out", "-o"):
            next(words, None)
        elif not word.startswith("--out="):
            kept.append(word)
    return [*kept, *arguments[end:]]
