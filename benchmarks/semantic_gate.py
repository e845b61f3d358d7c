"""The semantic gate over many members of one schema: how long it takes, which planted near-copies it finds, beside SemHash.

    python benchmarks/semantic_gate.py [--quick]

A member is twenty values joined: names, words of small and large domains, numbers, phrases. One in a hundred is a copy of an
earlier member: in half of them one value is changed to another of its field, in half two neighbouring words change places. A copy
counts as found when the gate names the very member that it was made from. Texts are made before the clock starts; embedding is
part of the time. SemHash gets the same embedder, so that the difference is the method: vectors as they come and its threshold 0.9,
or vectors centred on their mean and our threshold. ``make perf`` installs it.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from figures import Figure, machine, run_alone

SEMHASH = "0.5.0"
SYLLABLES = (
    "ba be bo da de do fa fi ga ka ki la le li lo ma mi mo na ne no pa ra re ri ro sa se ta te ti to va vi za zo"
)
QUALITIES = (
    "quiet bold patient stubborn generous witty careful restless dreamy loyal proud gentle blunt curious tidy shy"
)
TRADES = (
    "baker diver clerk nurse mason pilot tailor farmer welder teacher printer cook surveyor gardener actor locksmith"
)
PLACES = "harbour valley village suburb island market plateau forest station delta castle quarry meadow lagoon"
PASTIMES = (
    "chess kites choirs maps beetles pottery canoes radios poems puppets recipes clocks mosses dances stamps ferns"
)
AIMS = "open finish repair sell paint visit learn teach save record forget leave build translate"
THINGS = (
    "a small school|the old boat|her father's shop|a long novel|the bridge|a debt|two languages|an orchard|the choir"
)
WHEN = "before winter|one day|as soon as there is money|with a friend|against all advice|every weekend|in secret|again"


def domains(rng: random.Random) -> list[list[str]]:
    """The values of the twenty fields."""
    syllables, qualities, trades = SYLLABLES.split(), QUALITIES.split(), TRADES.split()
    places, pastimes, aims = PLACES.split(), PASTIMES.split(), AIMS.split()
    given = ["".join(rng.choices(syllables, k=2)).capitalize() for _ in range(300)]
    family = ["".join(rng.choices(syllables, k=3)).capitalize() for _ in range(900)]
    town = [
        "".join(rng.choices(syllables, k=3)).capitalize() + rng.choice(["ville", "ton", "burg"]) for _ in range(400)
    ]
    sentences = [
        f"wants to {aim} {thing} {when}" for aim in aims for thing in THINGS.split("|") for when in WHEN.split("|")
    ]
    return [
        given,
        family,
        ["woman", "man", "neither"],
        [str(age) for age in range(18, 91)],
        town,
        [f"{a} {b}" for a in ("northern", "eastern", "southern", "western", "inner", "upper") for b in places],
        [f"{a} {b}" for a in ("apprentice", "master", "retired", "self-employed", "night-shift") for b in trades],
        ["no school", "primary school", "apprenticeship", "college", "university", "doctorate"],
        [f"{income / 10:.1f}" for income in range(80, 900)],
        ["single", "engaged", "married", "divorced", "widowed"],
        [f"{count} children" for count in range(6)],
        qualities,
        [f"{a} with strangers" for a in qualities],
        [f"collects {one}" for one in pastimes] + [f"teaches {one}" for one in pastimes],
        [
            f"afraid of {one}"
            for one in ("heights", "dogs", "debts", "silence", "crowds", "illness", "storms", "failure")
        ],
        sentences,
        [f"once lived in a {place} abroad" for place in places] + ["never left the country"],
        ["sleeps badly", "sleeps like a stone", "wakes at five", "works at night", "naps after lunch"],
        [
            f"trusts {one}"
            for one in ("doctors", "neighbours", "nobody", "the papers", "a sister", "the priest", "science")
        ],
        [f"{hours} hours of sport a week" for hours in range(15)],
    ]


def members(count: int, seed: int = 0) -> tuple[list[str], dict[int, int], set[int]]:
    """The texts; planted copy -> what it is a copy of; and which of the copies have a value changed."""
    rng = random.Random(seed)
    fields = domains(rng)
    rows = list(zip(*[rng.choices(values, k=count) for values in fields]))
    texts = ["; ".join(row) for row in rows]
    chosen = rng.sample(range(count), 2 * (count // 100))
    planted = {max(pair): min(pair) for pair in zip(chosen[::2], chosen[1::2])}
    changed = set()
    for k, (copy, original) in enumerate(planted.items()):
        if k % 2:
            texts[copy] = swapped(texts[original], rng)
        else:
            texts[copy] = "; ".join(with_other_value(rows[original], fields, rng))
            changed.add(copy)
    return texts, planted, changed


def with_other_value(row: Sequence[str], fields: list[list[str]], rng: random.Random) -> list[str]:
    """The row with one value changed to another of its field."""
    out = list(row)
    k = rng.randrange(len(row))
    while out[k] == row[k]:
        out[k] = rng.choice(fields[k])
    return out


def swapped(text: str, rng: random.Random) -> str:
    """The text with two neighbouring words in each other's place."""
    words = text.split(" ")
    k = rng.randrange(len(words) - 1)
    words[k], words[k + 1] = words[k + 1], words[k]
    return " ".join(words)


# -- what is measured --------------------------------------------------------------------------------------------------


def ours(texts: list[str]) -> tuple[dict[int, int], dict[str, Any]]:
    """Near copy -> the earlier row it is nearest to."""
    from personarium.text.semantic_gate import near_copies

    found = near_copies(texts, backend="hnsw", most=len(texts))
    about = found.calibration
    if about is None:
        raise RuntimeError("nothing was calibrated")
    limits = {"threshold": about.threshold, "passing": about.passing, "quantile": about.quantile}
    return {pair.row: pair.earlier for pair in found.pairs}, limits


class AsEncoder:
    """The static embedder as SemHash wants it."""

    def __init__(self, threshold: float | None) -> None:
        from personarium.text.embed import load_embedder

        self._embedder = load_embedder()
        self._centred = threshold is not None

    def encode(self, inputs: Sequence[str], **_: Any) -> Any:
        """Vectors, less their mean where asked for."""
        vectors = self._embedder.embed(list(inputs))
        return vectors - vectors.mean(axis=0) if self._centred else vectors


def theirs(texts: list[str], threshold: float | None) -> tuple[dict[int, int], dict[str, Any]]:
    """What SemHash calls duplicates, and of what; ``threshold`` is that of centred vectors."""
    from semhash import SemHash

    place = {text: k for k, text in reversed(list(enumerate(texts)))}
    hashed = SemHash.from_records(texts, model=AsEncoder(threshold))
    result = hashed.self_deduplicate(threshold=0.9 if threshold is None else threshold)
    found = {place[one.record]: place[one.duplicate_of] for one in result.filtered}
    return found, {"threshold": 0.9 if threshold is None else threshold}


def child(mode: str, count: int, threshold: float | None) -> dict[str, float]:
    """One pass, measured in this process."""
    from personarium.text.embed import load_embedder

    texts, planted, changed = members(count)
    load_embedder().embed(texts[:10])  # reads the table
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start, cpu = time.perf_counter(), time.process_time()
    found, about = ours(texts) if mode == "ours" else theirs(texts, threshold)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    right = {copy for copy, original in planted.items() if found.get(copy) == original or found.get(original) == copy}
    copies = set(planted) | set(planted.values())
    return {
        "s": seconds,
        "cpu": cpu,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before,
        "found": 100 * len(right) / len(planted),
        "changed": 100 * len(right & changed) / len(changed),
        "swapped": 100 * len(right - changed) / (len(planted) - len(changed)),
        "others": 100 * sum(row not in copies for row in found) / (count - len(copies)),
        "load": machine()["load"][0],
        **about,
    }


def in_a_process(mode: str, count: int, threshold: float | None = None) -> dict[str, float]:
    """One pass in a process of its own."""
    command = [sys.executable, __file__, "--mode", mode, "--rows", str(count)]
    command += [] if threshold is None else ["--threshold", str(threshold)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{mode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def problem(package: str, wanted: str = "") -> str:
    """Why a package cannot be measured with; empty when it can."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version(package)
    except PackageNotFoundError:
        return f"{package} {wanted} is not installed; `make perf` installs it"
    return "" if wanted in ("", found) else f"{package} {wanted} is wanted, {found} is installed"


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    many, few = (20_000, 5_000) if quick else (1_000_000, 100_000)
    what = f"semantic gate over {many:,} rows"
    if problem("usearch"):
        return [Figure(what, None, "s", 900, at_most=True, note=problem("usearch"))]
    large, small = in_a_process("ours", many), in_a_process("ours", few)
    return [
        Figure(what, large["s"], "s", 900 * many / 1e6, at_most=True, note=told(large)),
        Figure(f"{what}, processor time", large["cpu"], "s"),
        Figure(f"{what}, planted near-copies found", large["found"], "%", 95, note=kinds(large)),
        Figure(
            f"{what}, other rows called copies",
            10 * large["others"],
            "per 1,000",
            note="by chance; about 10 are allowed",
        ),
        Figure(f"{what}, random pairs that pass", 1000 * large["passing"], "per 1,000", 1, at_most=True),
        Figure(f"{what}, memory beside the texts", large["mb"], "MB"),
        *both(few, small),
    ]


def both(count: int, small: dict[str, float]) -> list[Figure]:
    """Ours and SemHash's on the same rows."""
    what = f"{count:,} rows"
    figures = pair(f"semantic gate over {what}", small)
    if problem("semhash", SEMHASH):
        return [*figures, Figure(f"SemHash {SEMHASH} on {what}", None, "s", note=problem("semhash", SEMHASH))]
    plain = in_a_process("semhash", count)
    centred = in_a_process("semhash", count, small["threshold"])
    return [
        *figures,
        *pair(f"SemHash {SEMHASH} on {what}", plain),
        *pair(f"SemHash {SEMHASH} on {what}, centred", centred),
        Figure("semantic gate, times as fast as SemHash, processor time", plain["cpu"] / small["cpu"], "x"),
    ]


def pair(what: str, run: dict[str, float]) -> list[Figure]:
    """Time and what was found."""
    others = f"{run['others']:.2f} % of the other rows called copies"
    return [
        Figure(what, run["s"], "s", note=told(run)),
        Figure(f"{what}, planted near-copies found", run["found"], "%", note=f"{kinds(run)}; {others}"),
    ]


def told(run: dict[str, float]) -> str:
    """The circumstances of a pass."""
    return f"cosine over {run['threshold']:.3f}; {run['cpu']:.0f} s of processor time; load {run['load']:.1f}"


def kinds(run: dict[str, float]) -> str:
    """What was found, by kind of copy."""
    return f"value changed {run['changed']:.1f} %, words swapped {run['swapped']:.1f} %"


def main() -> None:
    """The command line; ``--mode`` is how it starts itself."""
    if "--mode" not in sys.argv:
        run_alone(measure, "Near copies by meaning among the members of one schema.")
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--threshold", type=float)
    options = parser.parse_args()
    print(json.dumps(child(options.mode, options.rows, options.threshold)))


if __name__ == "__main__":
    main()
