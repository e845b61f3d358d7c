"""How many sentences a second the static embedder turns into vectors, on real sentences.

    python benchmarks/embedder.py [--quick]

Sentences: every utterance and persona line of Synthetic-Persona-Chat's test part where ``../shared/data`` is there,
else the 10,000 questions that come with the package. Each round starts with an empty memory of known words.
"""

from __future__ import annotations

import csv
import re
import time
from itertools import cycle, islice
from pathlib import Path

from figures import Figure, middle, run_alone

CHAT = "synthetic-persona-chat/Synthetic-Persona-Chat_test.csv"
TARGET = 20_000


def sentences(count: int) -> tuple[list[str], str]:
    """Real sentences and where they come from."""
    path = Path(__file__).resolve().parents[2] / "shared" / "data" / CHAT
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        lines = [re.sub(r"^User [12]: ", "", line) for cell in cells for line in cell.split("\n")]
        found, source = [line for line in lines if line.strip()], "Synthetic-Persona-Chat"
    else:
        from personarium.benchmarks.personagym.bundled import load_questions

        found = [one for tasks in load_questions().values() for asked in tasks.values() for one in asked]
        source = "PersonaGym questions"
    return list(islice(cycle(found), count)), f"{len(found):,} different lines of {source}"


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    from personarium.text import embed

    texts, source = sentences(10_000 if quick else 50_000)
    embedder = embed.load_embedder("static")
    embedder.embed(texts[:10])  # reads the table
    walls, cpus = [], []
    for _ in range(1 if quick else 5):
        embed._load.cache_clear()
        embedder.embed(texts[:1])
        wall, cpu = time.perf_counter(), time.process_time()
        embedder.embed(texts)
        walls.append(len(texts) / (time.perf_counter() - wall))
        cpus.append(len(texts) / (time.process_time() - cpu))
    words = sum(len(text.split()) for text in texts) / len(texts)
    note = f"{len(texts):,} sentences, {words:.0f} words on average; {source}"
    return [Figure("static embedding, sentences", middle(walls), "/s", TARGET, per_cpu_s=middle(cpus), note=note)]


if __name__ == "__main__":
    run_alone(measure, "Static embedding.")
