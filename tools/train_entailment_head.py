"""Train the entailment head (relevance and NLI) on template rows and measure it on rows that are new to it.

    python tools/train_entailment_head.py ../shared/data src/personarium/judges/data/entailment_head

Split: a fifth of the statements (by hash) is held out, and wording bank B is held out; training sees bank A of the
other statements only. Besides, 60 rows written by hand and, for relevance, questions of real dialogues are measured.
Deterministic: the same data and library versions give the same file.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import sys
import warnings
import zipfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import entailment_rows as made
from entailment_rows import Row

from personarium.judges.entailment import NLI_LABELS, RELEVANCE_LABELS
from personarium.judges.entailment.features import (
    NLI_NAMES,
    Reader,
    first_person,
    layers,
    nli_row,
    relevance_rows,
    sentences,
    topic_vectors,
)
from personarium.text.embed import StaticEmbedder

NAME = "static-templates-1"
HANDWRITTEN = Path(__file__).parent / "entailment_handwritten.tsv"
SEED = 1
PINS = 24  # rows whose probabilities stand in the meta file, so that a test sees when features or lists change


def main() -> None:
    """Make the rows, train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    sets = make_sets(arguments.data)
    bench = Bench()
    arrays: dict[str, np.ndarray] = {}
    arrays |= fit(bench.relevance(sets["relevance/train"]), sets["relevance/train"], "relevance", RELEVANCE_LABELS)
    arrays |= fit(bench.nli(sets["nli/train"]), sets["nli/train"], "nli", NLI_LABELS)
    arrays = {name: value.astype(np.float32) for name, value in arrays.items()}
    accuracy = {name: bench.measure(name, rows, arrays) for name, rows in sets.items()}
    write(arguments.folder, arrays, accuracy, bench, sets)
    print(json.dumps(accuracy, indent=2))


def make_sets(data: Path) -> dict[str, list[Row]]:
    """All rows, by what they are for."""
    statements, utterances = made.read_statements(data)
    held = [s for s in statements if hashlib.blake2b(s.encode(), digest_size=2).digest()[0] % 5 == 0]
    known = [s for s in statements if s not in set(held)]
    half = len(utterances) // 2
    said = {"A": utterances[:half], "B": utterances[half:]}
    turns = made.natural_turns(data)
    pairs = sorted({(s, question) for s, question, _ in turns})
    return {
        "relevance/train": made.relevance_rows(known, "A", SEED) + made.natural_rows(pairs, known, SEED),
        "relevance/held out: statements and bank": made.relevance_rows(held, "B", SEED),
        "relevance/held out: statements, real questions": made.natural_rows(pairs, held, SEED),
        "nli/train": [row for k in range(3) for row in made.nli_rows(known, said["A"], "A", SEED + k)]
        + made.natural_replies(turns, known, SEED),
        "nli/held out: statements and bank": made.nli_rows(held, said["B"], "B", SEED),
        "nli/held out: statements only": made.nli_rows(held, said["A"], "A", SEED + 100),
        "nli/held out: bank only": made.nli_rows(known, said["B"], "B", SEED),
        "nli/held out: statements, real replies that repeat them": made.natural_replies(turns, held, SEED),
        "nli/written by hand": handwritten(),
    }


def handwritten() -> list[Row]:
    """The rows of the file beside this tool."""
    lines = HANDWRITTEN.read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [Row(s, q, r, label, "hand", s, "hand") for s, q, r, label in cells]


class Bench:
    """Features and figures with one reader."""

    def __init__(self) -> None:
        self.embedder = StaticEmbedder()
        self.reader = Reader(self.embedder)
        self.topics = topic_vectors(self.embedder)

    def features(self, name: str, rows: Sequence[Row]) -> np.ndarray:
        """The matrix of a set by its name."""
        return self.relevance(rows) if name.startswith("relevance") else self.nli(rows)

    def relevance(self, rows: Sequence[Row]) -> np.ndarray:
        """(n, features)"""
        out = []
        for row in rows:
            told, asked = self.reader.read([own(row.statement), row.query])
            out.append(relevance_rows([told], asked, self.topics)[0])
        return np.stack(out)

    def nli(self, rows: Sequence[Row]) -> np.ndarray:
        """(n, features)"""
        out = []
        for row in rows:
            told, asked, *parts = self.reader.read([own(row.statement), row.query, *sentences(row.response, row.query)])
            out.append(nli_row(told, parts, asked))
        return np.stack(out)

    def measure(self, name: str, rows: Sequence[Row], arrays: dict[str, Any]) -> dict[str, Any]:
        """Accuracy, its trivial baseline, recall by label; for relevance also the area under the ROC curve."""
        from sklearn.metrics import roc_auc_score

        head = name.split("/")[0]
        labels = RELEVANCE_LABELS if head == "relevance" else NLI_LABELS
        found = layers(self.features(name, rows), arrays, head)
        right = np.array([labels.index(row.label) for row in rows])
        hit = found.argmax(axis=1) == right
        out: dict[str, Any] = {"n": len(rows), "accuracy": share(hit), "most_common_label": share(right == mode(right))}
        out["recall"] = {label: share(hit[right == k]) for k, label in enumerate(labels) if (right == k).any()}
        if head == "relevance":
            out["auc"] = round(float(roc_auc_score(right, found[:, 1])), 3)
        else:
            kinds = sorted({row.kind for row in rows})
            out["accuracy_by_kind"] = {k: share(hit[[row.kind == k for row in rows]]) for k in kinds}
        return out


def own(statement: str) -> str:
    """The statement in the first person."""
    return first_person([statement], [*made.NAMES])[0]


def share(hit: np.ndarray) -> float:
    """Share of true, three digits."""
    return round(float(np.mean(hit)), 3)


def mode(values: np.ndarray) -> int:
    """The most common value."""
    return int(np.bincount(values).argmax())


def fit(rows: np.ndarray, labelled: Sequence[Row], head: str, labels: Sequence[str]) -> dict[str, np.ndarray]:
    """Weights of one hidden layer on standardised rows."""
    from sklearn.neural_network import MLPClassifier

    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    target = np.array([labels.index(row.label) for row in labelled])
    hidden, alpha = (16, 3.0) if head == "relevance" else (24, 0.3)
    model = MLPClassifier((hidden,), alpha=alpha, max_iter=100, n_iter_no_change=100, random_state=SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the number of passes is fixed on purpose
        model.fit((rows - mean) / scale, target)
    w1, b1 = model.coefs_[1], model.intercepts_[1]
    if len(labels) == 2:  # one logistic output: the same as a softmax over (0, output)
        w1, b1 = np.hstack([np.zeros_like(w1), w1]), np.concatenate([np.zeros_like(b1), b1])
    parts = {"mean": mean, "scale": scale, "w0": model.coefs_[0], "b0": model.intercepts_[0], "w1": w1, "b1": b1}
    return {f"{head}_{name}": np.asarray(value) for name, value in parts.items()}


def write(
    folder: Path, arrays: dict[str, np.ndarray], accuracy: dict[str, Any], bench: Bench, sets: dict[str, list[Row]]
) -> None:
    """``head.npz`` and ``meta.json``."""
    data = npz(arrays)
    meta = {
        "name": NAME,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "embedder": bench.embedder.name,
        "features": {"relevance": len(arrays["relevance_mean"]), "nli": list(NLI_NAMES)},
        "trained_on": "template rows from the persona sentences of Synthetic-Persona-Chat, test split (CC BY 4.0)",
        "held_out": "a fifth of the statements by hash; wording bank B; both",
        "command": "python tools/train_entailment_head.py ../shared/data src/personarium/judges/data/entailment_head",
        "versions": {name: version(name) for name in ("scikit-learn", "numpy")},
        "accuracy": accuracy,
        "pins": pins(arrays, bench, sets),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "head.npz").write_bytes(data)
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")


def pins(arrays: dict[str, np.ndarray], bench: Bench, sets: dict[str, list[Row]]) -> list[dict[str, Any]]:
    """Held-out rows with the probabilities they get, in the order of the labels."""
    rows = random.Random(SEED).sample(sets["nli/held out: statements and bank"], PINS)
    nli = layers(bench.nli(rows), arrays, "nli")
    relevance = layers(bench.relevance(rows), arrays, "relevance")[:, 1]
    return [
        {"statement": own(r.statement), "query": r.query, "response": r.response, "nli": list(p), "relevance": float(q)}
        for r, p, q in zip(rows, nli.tolist(), relevance, strict=True)
    ]


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    """An .npz archive with fixed dates, so that equal arrays give equal bytes."""
    named = {**arrays, "relevance_labels": np.array(RELEVANCE_LABELS), "nli_labels": np.array(NLI_LABELS)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in sorted(named.items()):
            part = io.BytesIO()
            np.save(part, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), part.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
