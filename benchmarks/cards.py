"""How fast a folder of character cards becomes a cast: read, validated, split into facets and indexed.

    python benchmarks/cards.py [--quick]

Each card is a JSON file of version 2 with about 2 KB of text and a lorebook of three entries. Reading takes place in a
process of its own, which starts with the import; writing the files is not counted.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from figures import Figure, middle, run_alone

WORDS = [
    "harbour",
    "lantern",
    "orchard",
    "copper",
    "winter",
    "letter",
    "garden",
    "quarrel",
    "compass",
    "kitchen",
    "violin",
    "ledger",
    "meadow",
    "thunder",
    "bridge",
    "chapel",
    "feather",
    "market",
    "anchor",
    "story",
    "mirror",
    "needle",
    "river",
    "saddle",
    "tunnel",
    "window",
    "basket",
    "candle",
    "engine",
    "island",
]


def sentence(draw: random.Random) -> str:
    """Some ten words, sometimes about the character by its macro."""
    said = " ".join(draw.choice(WORDS) for _ in range(draw.randint(6, 14)))
    return f"{{{{char}}}} keeps a {said}." if draw.random() < 0.3 else f"The {said}."


def prose(draw: random.Random, sentences: int) -> str:
    """Some sentences."""
    return " ".join(sentence(draw) for _ in range(sentences))


def card(number: int) -> dict[str, Any]:
    """One card."""
    draw = random.Random(number)
    entries = [
        {
            "keys": draw.sample(WORDS, 3),
            "content": prose(draw, 2),
            "extensions": {"depth": 4},
            "enabled": True,
            "insertion_order": 100 * place,
        }
        for place in range(3)
    ]
    example = "".join(f"<START>\n{{{{user}}}}: {sentence(draw)}\n{{{{char}}}}: {sentence(draw)}\n" for _ in range(2))
    data = {
        "name": f"Wanderer {number}",
        "description": prose(draw, 12),
        "personality": ", ".join(draw.sample(WORDS, 4)),
        "scenario": prose(draw, 2),
        "first_mes": prose(draw, 4),
        "mes_example": example,
        "creator_notes": prose(draw, 1),
        "system_prompt": "",
        "post_history_instructions": "",
        "alternate_greetings": [prose(draw, 3)],
        "character_book": {"name": "", "extensions": {}, "entries": entries},
        "tags": draw.sample(WORDS, 3),
        "creator": "made up",
        "character_version": "1.0",
        "extensions": {"talkativeness": "0.5"},
    }
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}


def write(folder: Path, count: int) -> float:
    """Write the cards; the mean size of a file in KB."""
    total = 0
    for number in range(count):
        text = json.dumps(card(number), ensure_ascii=False, indent=2)
        total += len(text)
        (folder / f"{number:05}.json").write_text(text, encoding="utf-8")
    return total / count / 1024


def bare(folder: Path) -> None:
    """The least there is: every file read and parsed; the measure of the machine."""
    for path in sorted(folder.iterdir()):
        json.loads(path.read_text(encoding="utf-8"))


def child(mode: str, folder: Path, count: int) -> dict[str, float]:
    """One reading, measured in this process, the import included."""
    start, cpu = time.perf_counter(), time.process_time()
    if mode == "bare":
        bare(folder)
    else:
        from personarium.core.cards import load_cast

        cast = load_cast(folder)
        if len(cast) != count or cast.problems or len(cast.named("wanderer 7")) != 1 or not cast.tags:
            raise RuntimeError(f"the cast went wrong: {len(cast)} personas, {list(cast.problems.values())[:3]}")
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {"s": seconds, "cpu": cpu, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def in_a_process(mode: str, folder: Path, count: int) -> dict[str, float]:
    """One reading in a process of its own."""
    command = [sys.executable, __file__, "--mode", mode, "--folder", str(folder), "--cards", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{mode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    count, rounds = (1_000, 1) if quick else (10_000, 3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write(folder, count)
        least = [in_a_process("bare", folder, count) for _ in range(rounds)]
        found = [in_a_process("cast", folder, count) for _ in range(rounds)]
    what, note = f"{count:,} card files", f"median of {rounds}, files of {size:.1f} KB"
    limit = 10 * count / 10_000
    return [
        Figure(
            f"{what} only read and parsed",
            middle([r["s"] for r in least]),
            "s",
            None,
            note="the measure of the machine",
        ),
        Figure(
            f"{what} loaded, validated, indexed", middle([r["s"] for r in found]), "s", limit, at_most=True, note=note
        ),
        Figure(f"{what}, processor time", middle([r["cpu"] for r in found]), "s", note=note),
        Figure(f"peak memory of a cast of {count:,}", middle([r["mb"] for r in found]), "MB", note=note),
    ]


def main() -> None:
    """The command line; ``--mode`` is how it starts itself."""
    if "--mode" not in sys.argv:
        run_alone(measure, "Character cards read as a cast.")
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--cards", type=int, required=True)
    options = parser.parse_args()
    print(json.dumps(child(options.mode, options.folder, options.cards)))


if __name__ == "__main__":
    main()
