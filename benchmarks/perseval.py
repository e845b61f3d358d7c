"""How fast PerSEval and EGISES are over 1,000 documents, 10 users and 10 models, with embedding distances; and a plain loop beside it.

    python benchmarks/perseval.py [--quick]

The whole way is measured: every text (1,000 documents of 200 words, 10,000 golds, 100,000 outputs of 12 words) is embedded, all distances are
taken, all models are scored. The plain loop computes the same formula number by number from the finished distances; both must agree to 12
digits.
"""

from __future__ import annotations

import math
import random
import resource
import time
from typing import Any

from figures import Figure, run_alone

DOCUMENTS, USERS, MODELS = 1_000, 10, 10


def make_items(documents: int, seed: int = 1) -> list[Any]:
    """Documents with golds and outputs of drawn words; no two texts are equal."""
    from personarium.measure.perseval import Item

    rng = random.Random(seed)
    words = [
        f"{a}{b}" for a in ("red", "old", "sea", "sun", "rain", "book") for b in ("house", "light", "man", "s", "y")
    ]
    words += ["travel", "garden", "winter", "market", "doctor", "guitar", "bridge", "coffee", "school", "letter"]

    def text(length: int) -> str:
        return " ".join(rng.choices(words, k=length))

    users = tuple(f"u{k}" for k in range(USERS))
    return [
        Item(
            f"d{k}",
            text(200),
            users,
            tuple(text(12) for _ in users),
            {f"m{m}": tuple(text(12) for _ in users) for m in range(MODELS)},
        )
        for k in range(documents)
    ]


def plain_score(documents: list[Any], model: str) -> tuple[float, float]:
    """DEGRESS and PerSEval of one model, as the formulas are written."""
    degress, products = [], []
    for one in documents:
        source = one.outputs[model]
        x, y = deviations(one.golds), deviations(source)
        found = plain_degress(x, y)
        factor = plain_penalty(source.to_gold.tolist())
        degress.append(sum(found) / len(found))
        products.append(sum(a * b for a, b in zip(found, factor, strict=True)) / len(found))
    return sum(degress) / len(degress), sum(products) / len(products)


def deviations(source: Any) -> list[list[float]]:
    """Step 1."""
    pairs, q = source.pairs.tolist(), source.to_document.tolist()
    n, found = len(q), []
    for i in range(n):
        weights = [math.exp(pairs[i][j] / q[i] if q[i] else 0.0) if j != i else 0.0 for j in range(n)]
        total = sum(weights)
        found.append([pairs[i][j] * weights[j] / total if j != i else 0.0 for j in range(n)])
    return found


def plain_degress(x: list[list[float]], y: list[list[float]]) -> list[float]:
    """Step 2."""
    n = len(x)
    return [
        sum((min(x[i][j], y[i][j]) + 1e-5) / (max(x[i][j], y[i][j]) + 1e-5) for j in range(n) if j != i) / (n - 1)
        for i in range(n)
    ]


def plain_penalty(a: list[float]) -> list[float]:
    """Step 4."""

    def s(value: float, alpha: float, beta: float) -> float:
        return 1 / (1 + 10**alpha * math.exp(-(10**beta) * value))

    least, mean = min(a), sum(a) / len(a)
    drop = s(least / (1 - least + 1e-7), 4, 1)
    return [1 - s(drop + s((one - least) / (mean - least + 1e-7), 4, 1), 3, 1) + 1e-7 for one in a]


def measure(quick: bool = False) -> list[Figure]:
    """All figures of this benchmark."""
    from personarium.measure.perseval import measure_distances, score_models
    from personarium.text.text_distances import text_distance

    count = 100 if quick else DOCUMENTS
    items, distance = make_items(count), text_distance("embedding")
    score_models(measure_distances(items[:2], distance))  # reads the table, imports what is lazy
    start, cpu = time.perf_counter(), time.process_time()
    documents = measure_distances(items, distance)
    between = time.perf_counter()
    scores = score_models(documents)
    end, cpu = time.perf_counter(), time.process_time() - cpu
    plain = {model: plain_score(documents, model) for model in scores}
    loop = time.perf_counter() - end
    worst = max(
        max(abs((one.degress or 0) - plain[model][0]), abs((one.perseval or 0) - plain[model][1]))
        for model, one in scores.items()
    )
    if worst > 1e-12:
        raise RuntimeError(f"the plain loop and the arrays differ by {worst}")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = (
        f"distances {between - start:.1f} s, scores {end - between:.2f} s; {cpu:.1f} s of processor; {megabytes:.0f} MB"
    )
    what = f"PerSEval, {count:,} documents x {USERS} users x {MODELS} models, embedding distance"
    return [
        Figure(what, end - start, "s", 30, at_most=True, note=told),
        Figure("the formula alone, arrays", end - between, "s"),
        Figure("the formula alone, plain loop", loop, "s", note=f"agree to {worst:.0e}"),
        Figure("arrays against the plain loop", loop / (end - between), "x"),
    ]


if __name__ == "__main__":
    run_alone(measure, "PerSEval and EGISES, vectorised, beside a plain loop of the formula.")
