"""All benchmarks, one after the other, in one table; what ``make perf`` runs.

    python benchmarks/run_all.py [--quick] [--only NAME ...] [--write]

With ``--only`` the figures of the other benchmarks stay as they were measured, each with its own circumstances.
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
NAMES = (
    "imports",
    "embedder",
    "simulated",
    "runner",
    "endpoint",
    "cards",
    "lorebook",
    "population",
    "semantic_gate",
    "memory",
    "perseval",
    "ratings",
    "server",
    "studio",
    "studio_stage",
)


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
    for package in (
        "personarium",
        "aiohttp",
        "fastapi",
        "nicegui",
        "pydantic",
        "uvicorn",
        "numpy",
        "tokenizers",
        "usearch",
        "inspect-ai",
        "faker",
        "semhash",
        "lancedb",
    ):
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


def document(measured: dict[str, list[Figure]], about: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything that is stored: the sessions of measuring, oldest first, each benchmark in the last that measured it."""
    from dataclasses import asdict

    sessions = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    for session in sessions:
        kept = {name: found for name, found in session["benchmarks"].items() if name not in measured}
        session["benchmarks"] = kept
    now = {name: [{**asdict(figure), "met": figure.met} for figure in found] for name, found in measured.items()}
    return [session for session in [*sessions, {**about, "benchmarks": now}] if session["benchmarks"]]


def page(sessions: list[dict[str, Any]]) -> str:
    """The tables of all sessions for the page."""
    blocks = []
    for session in sessions:
        stored = [row for found in session["benchmarks"].values() for row in found]
        figures = [Figure(**{k: v for k, v in row.items() if k != "met"}) for row in stored]
        blocks.append(page_table(figures, session))
    return "\n\n".join(blocks)


def page_table(figures: list[Figure], about: dict[str, Any]) -> str:
    """One session's table with its circumstances."""
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
    parser = argparse.ArgumentParser(description="Measure what the issues demand.")
    parser.add_argument("--quick", action="store_true", help="fewer samples and rounds: to see that it works")
    parser.add_argument("--only", action="append", choices=NAMES, help="one benchmark; may be repeated")
    parser.add_argument("--write", action="store_true", help="store the figures and rewrite the table of the page")
    options = parser.parse_args()
    before, broken = machine()["load"], {}
    measured: dict[str, list[Figure]] = {}
    for name in options.only or NAMES:
        start = time.perf_counter()
        found, why = run_one(name, options.quick)
        if why:
            broken[name] = why
        else:
            measured[name] = found
        print(f"{name}: {why or 'done'} ({time.perf_counter() - start:.0f} s)", file=sys.stderr, flush=True)
    about = {
        "command": shlex.join(["python", "benchmarks/run_all.py", *sys.argv[1:]]),
        "when": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "load_before": before,
        "versions": versions(),
    }
    figures = [figure for found in measured.values() for figure in found]
    print(plain_table(figures))
    load = " ".join(map(str, about["machine"]["load"]))
    print(f"\n{about['machine']['cores']} cores, load {' '.join(map(str, before))} before, {load} after")
    missed = [figure.what for figure in figures if figure.met in ("no", "not measured")]
    print("every target is met" if not missed and not broken else f"not met: {'; '.join([*missed, *broken])}")
    if options.write:
        sessions = document(measured, about)
        RESULTS.write_text(json.dumps(sessions, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        put_into_page(page(sessions))
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
