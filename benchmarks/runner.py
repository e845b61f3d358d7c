"""How fast the runner is with a model that answers at once: one scorer, full transcript, cache off, on, and replayed.

    python benchmarks/runner.py [--samples 20000] [--memory-samples 100000] [--json]

The rate per CPU second tells what the machine would do if it had nothing else to do; compare it where cores are shared.
Each figure is measured in a process of its own (memory is the highest resident set of that process). A sample is one
persona prompt of about 900 characters and a reply of about 200, parsed and scored.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from personarium.core.chat import Reply, Sampling, Usage
from personarium.runs import Run, run_sync

PERSONA = "You are Ada, a retired marine engineer from Porto who keeps bees and distrusts short answers. " * 8
REPLY = "I would look at the hull first, then at the people who were there that night. " * 2
SCORE = re.compile(r"final score is ([1-5])\s*$")


class Instant:
    """Answers at once."""

    name = "instant"

    async def generate(self, messages: list, sampling: Sampling) -> Reply:
        question = messages[-1]["content"]
        score = len(question) % 5 + 1
        return Reply(f"{REPLY}Therefore, the final score is {score}", usage=Usage(230, 60, 1))


def items(count: int) -> Iterator[int]:
    """Made as they are needed."""
    yield from range(count)


async def session(folder: Path, count: int, cache: bool) -> float:
    """Samples a second of one session, opening and closing included."""
    start = time.perf_counter()
    sampling = Sampling(temperature=0.7, seed=1)
    with Run.open(folder, {"count": count}, cache=cache) as run:
        model = run.model(Instant(), role="player")

        async def work(number: int) -> int:
            question = f"Question {number}: what would you do when the harbour lights go out?"
            messages = [{"role": "system", "content": PERSONA}, {"role": "user", "content": question}]
            reply = await model.generate(messages, sampling)
            found = SCORE.search(reply.text)
            return int(found[1]) if found else 0

        outcomes = await run.map("ask", items(count), work, key=str, total=count)
        mean = sum(outcome.value or 0 for outcome in outcomes) / count
        run.write_summary({"mean": mean})
    return count / (time.perf_counter() - start)


async def bare(folder: Path, count: int) -> float:
    """The least there is: one loop that asks, scores and appends a JSON line; the measure of the machine."""
    start = time.perf_counter()
    model, sampling, total = Instant(), Sampling(temperature=0.7, seed=1), 0
    with (folder / "calls.jsonl").open("w") as file:
        for number in items(count):
            question = f"Question {number}: what would you do when the harbour lights go out?"
            messages = [{"role": "system", "content": PERSONA}, {"role": "user", "content": question}]
            reply = await model.generate(messages, sampling)
            found = SCORE.search(reply.text)
            total += int(found[1]) if found else 0
            file.write(json.dumps({"item": number, "messages": messages, "reply": reply.text}) + "\n")
    return count / (time.perf_counter() - start)


def measure(mode: str, count: int, folder: Path) -> dict[str, float | str]:
    """One figure."""
    cpu = time.process_time()
    folder.mkdir(exist_ok=True)
    work = bare(folder, count) if mode == "bare loop" else session(folder, count, cache=mode != "cache off")
    rate = run_sync(work)
    cpu = time.process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "what": mode,
        "samples": count,
        "per_s": round(rate),
        "per_cpu_s": round(count / cpu),
        "peak_mb": round(peak_mb),
    }


def in_a_process(mode: str, count: int, folder: Path) -> dict:
    command = [sys.executable, __file__, "--mode", mode, "--samples", str(count), "--folder", str(folder)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--memory-samples", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--mode", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.mode:
        print(json.dumps(measure(options.mode, options.samples, options.folder)))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        figures = [
            in_a_process("bare loop", options.samples, folder / "bare"),
            in_a_process("cache off", options.samples, folder / "off"),
            in_a_process("cache on", options.samples, folder / "on"),
            in_a_process("replay", options.samples, folder / "on"),
            in_a_process("cache off", options.memory_samples, folder / "many-off"),
            in_a_process("cache on", options.memory_samples, folder / "many"),
            in_a_process("replay", options.memory_samples, folder / "many"),
        ]
    if options.json:
        print(json.dumps(figures))
        return
    for figure in figures:
        line = "{what:10} {samples:>8,} samples {per_s:>8,} per s {per_cpu_s:>8,} per CPU second, peak {peak_mb} MB"
        print(line.format(**figure))


if __name__ == "__main__":
    main()
