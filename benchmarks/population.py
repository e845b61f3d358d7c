"""How fast a population is made: a million members of 20 fields under 8 rules, the curve from 10^4, the gate, and Faker beside it.

    python benchmarks/population.py [--quick]

Each figure is measured in a process of its own (memory is the highest resident set of that process), reading of the schema and
writing of the Parquet file included. The schema is the bundled ``students``: 20 fields, a joint quota, a margin, 8 rules. Faker, if it is
installed, makes 20 like fields row by row; it keeps no quota and no rule.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import Figure, run_alone

SCHEMA = "students"
NAMES = (
    "first_name",
    "last_name",
    "city",
    "job",
    "company",
    "street_name",
    "country",
    "color_name",
    "word",
    "month_name",
)


def make(count: int, folder: Path, distinct: bool) -> float:
    """Seconds for a whole population on disk."""
    from personarium.make.population import example_schema, make_population

    # Imports are paid once and by every size alike; they would hide the curve at its lower end.
    make_population(example_schema(SCHEMA), 100, folder / "first.parquet", distinct=distinct)
    start = time.perf_counter()
    made = make_population(example_schema(SCHEMA), count, folder / "people.parquet", seed=1, distinct=distinct)
    seconds = time.perf_counter() - start
    if made.members != count or any(row.missing for row in made.quotas):
        raise RuntimeError(f"{count - made.members} slots are empty, or a quota is not exact")
    return seconds


def gate(count: int, folder: Path) -> float:
    """Seconds of the lexical gate alone, over a finished population."""
    import polars as pl

    from personarium.make.population import LexicalGate

    frame = pl.read_parquet(folder / "people.parquet").head(count)
    start = time.perf_counter()
    accepted = 0
    checked = LexicalGate([path for path in frame.columns if path != "id"])
    for chunk in frame.iter_slices(100_000):
        accepted += int(checked.offer(chunk).sum())
    seconds = time.perf_counter() - start
    print(f"{count - accepted} of {count} refused", file=sys.stderr)
    return seconds


def faker(count: int) -> float:
    """Seconds for rows of 20 like fields with Faker, in memory."""
    from faker import Faker

    fake = Faker()
    Faker.seed(1)
    start = time.perf_counter()
    rows = [
        {name: getattr(fake, name)() for name in NAMES} | {f"n{k}": fake.random_int(0, 99) for k in range(10)}
        for _ in range(count)
    ]
    seconds = time.perf_counter() - start
    if len(rows[-1]) != 20:
        raise RuntimeError("Faker did not make 20 fields")
    return seconds


def child(mode: str, count: int, folder: Path) -> dict[str, float]:
    """One measurement, in this process."""
    cpu = time.process_time()
    if mode == "faker":
        seconds = faker(count)
    else:
        seconds = gate(count, folder) if mode == "gate" else make(count, folder, mode == "distinct")
    cpu = time.process_time() - cpu
    return {"s": seconds, "cpu": cpu, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def in_a_process(mode: str, count: int, folder: Path) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, "--mode", mode, "--count", str(count), "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{mode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def faker_problem() -> str:
    """Why Faker cannot be measured here; empty when it can."""
    from importlib.util import find_spec

    return "" if find_spec("faker") else "faker is not installed"


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    largest = 100_000 if quick else 1_000_000
    curve = [n for n in (10_000, 30_000, 100_000, 300_000, 1_000_000) if n <= largest]
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        found = {count: in_a_process("plain", count, place) for count in curve}
        gated = in_a_process("gate", largest, place)
        whole = in_a_process("distinct", largest, place)
        rows = 2_000 if quick else 20_000
        theirs = None if faker_problem() else in_a_process("faker", rows, place)
    top = found[largest]
    told = "; ".join(f"{n:,}: {1e6 * f['s'] / n:.1f} us, {f['mb']:.0f} MB" for n, f in found.items())
    figures = [
        Figure(f"{largest:,} members x 20 fields, 8 rules, Parquet", top["s"], "s", 15, at_most=True, note=told),
        Figure("the same, peak memory", top["mb"], "MB", 1000, at_most=True),
        Figure("time per member, largest against 100,000", _flat(found, largest), "x", 1.5, at_most=True),
        Figure(f"lexical gate over {largest:,}", gated["s"], "s", 120, at_most=True, note=f"{gated['mb']:.0f} MB"),
        Figure("made and gated", whole["s"], "s", note=f"{whole['mb']:.0f} MB"),
    ]
    if theirs is None:
        return [*figures, Figure("against row-by-row Faker, members a second", None, "x", note=faker_problem())]
    ratio = (largest / top["s"]) / (rows / theirs["s"])
    return [*figures, Figure("against row-by-row Faker, members a second", ratio, "x", note="20 like fields in memory")]


def _flat(found: dict[int, dict[str, float]], largest: int) -> float:
    """How much dearer a member of the largest population is than one of the population of 100,000."""
    return (found[largest]["s"] / largest) / (found[100_000]["s"] / 100_000)


def main() -> None:
    """The command line; ``--mode`` is how it starts itself."""
    if "--mode" not in sys.argv:
        run_alone(measure, "Populations: exact targets, rules, Parquet, and the near-duplicate gate.")
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    print(json.dumps(child(options.mode, options.count, options.folder)))


if __name__ == "__main__":
    main()
