"""How long a fresh process takes to import the package, to show its help, to read a persona.

    python benchmarks/imports.py [--quick]

Each figure is the median of ten processes after one that warms the disk; the time of an empty Python process stands
beside them and is not taken off.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from figures import Figure, middle, run_alone

IMPORT = "import personarium"
PERSONA = "from personarium import Persona; Persona.from_text('You are Ada, a retired marine engineer from Porto.')"
HELP = "from personarium.apps.cli import main; import sys; sys.argv = ['personarium', '--help']; main()"


def once(command: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of one process."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            assert process.stderr is not None
            raise RuntimeError(f"{command} failed: {process.stderr.read().decode()[-500:]}")
    return wall, used.ru_utime + used.ru_stime


def timed(what: str, command: list[str], target: float | None, times: int) -> Figure:
    """The median of ``times`` processes."""
    once(command)
    runs = [once(command) for _ in range(times)]
    wall, cpu = (middle([run[i] for run in runs]) for i in (0, 1))
    return Figure(what, wall, "s", target, at_most=True, note=f"{cpu:.2f} s of processor time; median of {times}")


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    times = 3 if quick else 10
    script = Path(sys.executable).with_name("personarium")
    shell = [str(script), "--help"] if script.exists() else [sys.executable, "-c", HELP]
    return [
        timed("an empty Python process", [sys.executable, "-c", "pass"], None, times),
        timed("import personarium", [sys.executable, "-c", IMPORT], 0.15, times),
        timed("personarium --help", shell, 0.4, times),
        timed("Persona.from_text, fresh process", [sys.executable, "-c", PERSONA], 0.25, times),
    ]


if __name__ == "__main__":
    run_alone(measure, "Import times.")
