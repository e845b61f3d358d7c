"""All benchmarks, one after the other, in one table; what ``make perf`` runs.

    python benchmarks/run_all.py [--quick] [--only NAME ...] [--write]

Targets are those of the issues. Ratios are taken inside one run; absolute rates depend on the machine, so its load stands
beside them and every rate is also given for each second of processor time. ``--write`` stores the figures in
``benchmarks/results.json`` and puts the table into ``docs/performance.md``. Exit code 1: a benchmark could not be run.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from figures import Figure, machine, plain_table, rows

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"
RESULTS = HERE / "results.json"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
NAMES = ("imports", "embedder", "simulated", "runner", "endpoint", "cards", "lorebook")


def run_one(name: str, quick: bool) -> tuple[list[Figure], str]:
    """The figures of one benchmark in a process of its own, and why there are none."""
    command = [sys.executable, str(HERE / f"{name}.py"), "--json", *(["--quick"] if quick else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return [], done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
    return [Figure(**one) for one in json.loads(done.stdout.splitlines()[-1])], ""


def versions() -> dict[str, str]:
    """What was measured, and against what."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in ("personarium", "aiohttp", "pydantic", "numpy", "tokenizers", "inspect-ai"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit() -> str:
    """The commit that was measured; empty outside a checkout."""
    command = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def document(figures: list[Figure], about: dict[str, Any]) -> dict[str, Any]:
    """Everything that is stored."""
    from dataclasses import asdict

    return {**about, "figures": [{**asdict(figure), "met": figure.met} for figure in figures]}


def page_table(figures: list[Figure], about: dict[str, Any]) -> str:
    """The table and its circumstances for the page."""
    here, packages = about["machine"], ", ".join(f"{k} {v}" for k, v in about["versions"].items())
    head, *body = rows(figures)
    lines = [
        f"`{about['command']}`, {about['when']}, commit {about['commit'] or 'unknown'}: {here['cores']} cores "
        f"({here['processor']}), {here['system']}, Python {here['python']}; load average "
        f"{' '.join(map(str, about['load_before']))} before, {' '.join(map(str, here['load']))} after. {packages}.",
        "",
        "| " + " | ".join(head) + " |",
        "| " + " | ".join("---" for _ in head) + " |",
    ]
    return "\n".join([*lines, *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in body)])


def put_into_page(text: str) -> None:
    """Replace what stands between the two markers of the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE.name} lacks the markers {BEGIN} and {END}; put them where the table belongs")
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure what issue 2 demands.")
    parser.add_argument("--quick", action="store_true", help="fewer samples and rounds: to see that it works")
    parser.add_argument("--only", action="append", choices=NAMES, help="one benchmark; may be repeated")
    parser.add_argument("--write", action="store_true", help="store the figures and rewrite the table of the page")
    options = parser.parse_args()
    before, figures, broken = machine()["load"], [], {}
    for name in options.only or NAMES:
        start = time.perf_counter()
        found, why = run_one(name, options.quick)
        figures += found
        if why:
            broken[name] = why
        print(f"{name}: {why or 'done'} ({time.perf_counter() - start:.0f} s)", file=sys.stderr, flush=True)
    about = {
        "command": shlex.join(["python", "benchmarks/run_all.py", *sys.argv[1:]]),
        "when": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "load_before": before,
        "versions": versions(),
    }
    print(plain_table(figures))
    load = " ".join(map(str, about["machine"]["load"]))
    print(f"\n{about['machine']['cores']} cores, load {' '.join(map(str, before))} before, {load} after")
    missed = [figure.what for figure in figures if figure.met in ("no", "not measured")]
    print("every target is met" if not missed and not broken else f"not met: {'; '.join([*missed, *broken])}")
    if options.write:
        RESULTS.write_text(json.dumps(document(figures, about), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        put_into_page(page_table(figures, about))
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
