"""How fast the runner is with a model that answers at once: one scorer, full transcript, cache off, on, and replayed.

    python benchmarks/runner.py [--quick]

A sample is one persona prompt of about 900 characters and a reply of about 200, parsed and scored. Each figure is measured
in a process of its own (memory is the highest resident set of that process), opening and closing of the run included.
Inspect AI runs the same prompts, replies and scorer with its ``.eval`` log; its mock outputs carry a usage, because it
would otherwise fetch a tokenizer to count tokens. ``make perf`` installs it.
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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from figures import Figure, middle, run_alone

INSPECT = "0.3.285"
PERSONA = "You are Ada, a retired marine engineer from Porto who keeps bees and distrusts short answers. " * 8
REPLY = "I would look at the hull first, then at the people who were there that night. " * 2
SCORE = re.compile(r"final score is ([1-5])\s*$")


def question(number: int) -> str:
    """What one sample asks."""
    return f"Question {number}: what would you do when the harbour lights go out?"


def reply_to(asked: str) -> str:
    """What the model answers."""
    return f"{REPLY}Therefore, the final score is {len(asked) % 5 + 1}"


def score(text: str) -> int:
    """The scorer."""
    found = SCORE.search(text)
    return int(found[1]) if found else 0


def items(count: int) -> Iterator[int]:
    """Made as they are needed."""
    yield from range(count)


# -- ours and the least there is ---------------------------------------------------------------------------------------


class Instant:
    """Answers at once."""

    name = "instant"

    def __init__(self) -> None:
        from personarium.core.chat import Reply, Usage  # Inspect's process does without us

        self.reply, self.usage = Reply, Usage

    async def generate(self, messages: Any, sampling: Any = None) -> Any:
        return self.reply(reply_to(messages[-1]["content"]), usage=self.usage(230, 60, 1))


async def session(folder: Path, count: int, cache: bool) -> float:
    """Samples a second of one session, opening and closing included."""
    from personarium.core.chat import Sampling
    from personarium.runs import Run

    start = time.perf_counter()
    sampling = Sampling(temperature=0.7, seed=1)
    with Run.open(folder, {"count": count}, cache=cache) as run:
        model = run.model(Instant(), role="player")

        async def work(number: int) -> int:
            messages = [{"role": "system", "content": PERSONA}, {"role": "user", "content": question(number)}]
            return score((await model.generate(messages, sampling)).text)

        outcomes = await run.map("ask", items(count), work, key=str, total=count)
        mean = sum(outcome.value or 0 for outcome in outcomes) / count
        run.write_summary({"mean": mean})
    if not 1 <= mean <= 5 or run.counts["failed"]:
        raise RuntimeError(f"the run went wrong: mean {mean}, {run.counts}")
    return count / (time.perf_counter() - start)


async def bare(folder: Path, count: int) -> float:
    """The least there is: one loop that asks, scores and appends a JSON line; the measure of the machine."""
    start = time.perf_counter()
    model, total = Instant(), 0
    with (folder / "calls.jsonl").open("w") as file:
        for number in items(count):
            messages = [{"role": "system", "content": PERSONA}, {"role": "user", "content": question(number)}]
            reply = await model.generate(messages)
            total += score(reply.text)
            file.write(json.dumps({"item": number, "messages": messages, "reply": reply.text}) + "\n")
    return count / (time.perf_counter() - start)


# -- Inspect AI --------------------------------------------------------------------------------------------------------


def inspect_session(folder: Path, count: int) -> float:
    """Samples a second of Inspect's own evaluation, with its log."""
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessageSystem, ChatMessageUser, ModelOutput, ModelUsage, get_model
    from inspect_ai.scorer import Score, mean, scorer

    @scorer(metrics=[mean()])
    def graded() -> Any:
        async def read(state: Any, target: Any) -> Any:
            return Score(value=score(state.output.completion))

        return read

    def answer(messages: Sequence[Any], *_: Any) -> Any:
        output = ModelOutput.from_content("mockllm/model", reply_to(messages[-1].text))
        output.usage = ModelUsage(input_tokens=230, output_tokens=60, total_tokens=290)
        return output

    samples = [
        Sample(id=str(n), input=[ChatMessageSystem(content=PERSONA), ChatMessageUser(content=question(n))], target="-")
        for n in items(count)
    ]
    model = get_model("mockllm/model", custom_outputs=answer)
    start = time.perf_counter()
    task = Task(dataset=MemoryDataset(samples), scorer=graded())
    logs = evaluate(
        task, model=model, log_dir=str(folder), log_format="eval", display="none", max_connections=100, max_samples=100
    )
    rate = count / (time.perf_counter() - start)
    if logs[0].status != "success" or logs[0].results.completed_samples != count:
        raise RuntimeError(f"Inspect did not finish: {logs[0].status}")
    return rate


def inspect_problem() -> str:
    """Why Inspect cannot be measured here; empty when it can."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("inspect-ai")
    except PackageNotFoundError:
        return f"inspect-ai {INSPECT} is not installed; `make perf` installs it"
    return "" if found == INSPECT else f"inspect-ai {INSPECT} is wanted, {found} is installed"


# -- processes ---------------------------------------------------------------------------------------------------------


def child(mode: str, count: int, folder: Path) -> dict[str, float]:
    """One session, measured in this process."""
    folder.mkdir(exist_ok=True)
    cpu = time.process_time()
    if mode == "inspect":
        rate = inspect_session(folder, count)
    else:
        from personarium.runs import run_sync

        rate = run_sync(bare(folder, count) if mode == "bare" else session(folder, count, cache=mode != "off"))
    cpu = time.process_time() - cpu
    return {"rate": rate, "cpu": count / cpu, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def in_a_process(mode: str, count: int, folder: Path) -> dict[str, float]:
    """One session in a process of its own."""
    command = [sys.executable, __file__, "--mode", mode, "--samples", str(count), "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{mode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def rounds_of(place: Path, count: int, rounds: int) -> dict[str, list[dict[str, float]]]:
    """Every mode in turn, ``rounds`` times."""
    found: dict[str, list[dict[str, float]]] = {"bare": [], "off": [], "on": [], "replay": []}
    for number in range(rounds):
        for mode, seen in found.items():
            folder = place / f"{'on' if mode == 'replay' else mode}-{number}"
            seen.append(in_a_process(mode, count, folder))
    return found


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    count, rounds, many = (2_000, 1, 10_000) if quick else (10_000, 5, 100_000)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        found = rounds_of(place, count, rounds)
        large = {mode: in_a_process(mode, many, place / f"many-{mode}") for mode in ("off", "on")}
        theirs = [] if inspect_problem() else in_turn(place, count, 100 if quick else 1_000, 1 if quick else 3)
    figures = [
        rate("a bare loop that appends JSON lines, samples", found["bare"], None, "the measure of the machine"),
        rate("runner, cache off, samples", found["off"], 10_000, f"median of {rounds} x {count:,}"),
        rate("runner, cache on, samples", found["on"], 5_000, f"median of {rounds} x {count:,}"),
        rate("replay with parsing and scoring, calls", found["replay"], 10_000, f"a finished run of {count:,} calls"),
    ]
    for mode, words in (("off", "cache off"), ("on", "cache on")):
        peak = large[mode]["mb"]
        figures.append(Figure(f"peak memory of {many:,} samples, {words}", peak, "MB", 400, at_most=True))
    return figures + against_inspect(theirs)


def in_turn(place: Path, count: int, their_count: int, rounds: int) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Inspect and the runner in turn."""
    return [
        (
            in_a_process("inspect", their_count, place / f"inspect-{number}"),
            in_a_process("off", count, place / f"against-{number}"),
        )
        for number in range(rounds)
    ]


def rate(what: str, runs: list[dict[str, float]], target: float | None, note: str) -> Figure:
    """Samples a second, median over rounds."""
    return Figure(
        what,
        middle([run["rate"] for run in runs]),
        "/s",
        target,
        per_cpu_s=middle([run["cpu"] for run in runs]),
        note=note,
    )


def against_inspect(pairs: list[tuple[dict[str, float], dict[str, float]]]) -> list[Figure]:
    """Inspect's own rate, and how many times as fast the runner is."""
    what = f"runner, cache off, against Inspect AI {INSPECT}"
    if not pairs:
        return [Figure(what, None, "x", 50, note=inspect_problem())]
    ratio = middle([ours["rate"] / theirs["rate"] for theirs, ours in pairs])
    cpu = middle([ours["cpu"] / theirs["cpu"] for theirs, ours in pairs])
    inspect = rate(f"Inspect AI {INSPECT} with its .eval log, samples", [theirs for theirs, _ in pairs], None, "")
    return [inspect, Figure(what, ratio, "x", 50, per_cpu_s=cpu, note=f"median of {len(pairs)} neighbouring pairs")]


def main() -> None:
    """The command line; ``--mode`` is how it starts itself."""
    if "--mode" not in sys.argv:
        run_alone(measure, "The runner with an instant model.")
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", required=True)
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    print(json.dumps(child(options.mode, options.samples, options.folder)))


if __name__ == "__main__":
    main()
