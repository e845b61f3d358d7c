"""Sentence embeddings: the protocol, the static default that needs no torch and no network, others by name.

The static table is distilled from all-MiniLM-L6-v2 and fitted to its sentence vectors (see ``docs/embedder.md`` for
what is lost and how fast it is, and ``tools/distil_embedder.py`` for how it is made). A text's vector is the sum of its tokens' rows, scaled to length 1;
the rows carry the tokens' weights already.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput, NotFound, StorageError, UsageError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

BLOCK = 8192  # texts pooled at once: bounds the working memory, not the number of texts
LONG = 512  # tokens; a longer text is pooled alone, so that one long text does not slow down a block
STRIDE = 65536  # rows gathered at once for a long text
KEPT_CHUNKS = 100_000  # blank-separated chunks whose token ids are kept (about 20 MB)
KEPT_LENGTH = 32  # characters; longer chunks are rare and not worth keeping


@runtime_checkable
class Embedder(Protocol):
    """Anything that turns texts into vectors of one length; ``name`` says everything that changes the vectors."""

    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row for each text: (n, dim) float32, length 1; a text without any known token gives a zero row."""
        ...


class StaticEmbedder:
    """The embedder that every machine has: a 128-dimensional token table, no torch, about 50,000 texts a second.

    The table is read at the first use. A text's vector depends on that text alone, not on its neighbours in the call.
    Word order is not seen: "the dog bit the man" and "the man bit the dog" are the same.

    Source: model2vec (distillation, SIF weights by token rank) and its tokenlearn (rows fitted to sentence vectors);
        all-MiniLM-L6-v2 (Apache-2.0).
    Differs: the fit stays near the distilled tokens and also keeps cosines (tools/fit_embedder.py); 8-bit codes with one scale a row instead of 16-bit floats; unknown and padding tokens weigh nothing.
    """

    @property
    def name(self) -> str:
        """Name and checksum of the table."""
        meta = read_meta()
        return f"static/{meta['name']}@{meta['files']['codes.npy']['sha256'][:8]}"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(read_meta()["dim"])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, one row a text; zero for a text that is empty or has no known token.

        Args:
            texts: Any number of texts of any length.

        Raises:
            InvalidInput: When ``texts`` is one text or holds something that is no text.
        """
        _check_texts(texts)
        table, pieces = _load()
        out = np.zeros((len(texts), table.shape[1]), np.float32)
        for start in range(0, len(texts), BLOCK):
            ids = [pieces.read(text) for text in texts[start : start + BLOCK]]
            out[start : start + len(ids)] = _sum_rows(table, ids)
        return _normalised(out)


class SentenceTransformerEmbedder:
    """A sentence-transformers model as an embedder (extra ``hf``); texts of blanks give zero rows as everywhere.

    Args:
        model: Hub id or folder.

    Raises:
        UsageError: When sentence-transformers is not installed.
        NotFound: When the model cannot be loaded.
    """

    def __init__(self, model: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found,unused-ignore]
        except ImportError as error:
            raise UsageError(
                f"the embedder hf/{model} needs sentence-transformers, which is not installed; "
                "run pip install sentence-transformers or use the embedder 'static'"
            ) from error
        try:
            self._model: Any = SentenceTransformer(model)
        except (OSError, ValueError) as error:
            raise NotFound(f"no sentence-transformers model '{model}' could be loaded: {error}") from error
        self.name = f"hf/{model}"
        self.dim = int(self._model.encode(["a"]).shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, one row a text; zero for a text of blanks."""
        _check_texts(texts)
        out = np.zeros((len(texts), self.dim), np.float32)
        spoken = [i for i, text in enumerate(texts) if text.strip()]
        if spoken:
            out[spoken] = self._model.encode([texts[i] for i in spoken], show_progress_bar=False)
        return _normalised(out)


def load_embedder(name: str = "static") -> Embedder:
    """An embedder by name.

    Args:
        name: ``static`` (the built-in table) or ``hf/<id or path>`` (any sentence-transformers model).

    Raises:
        UsageError: On any other name, and for ``hf/`` where sentence-transformers is not installed.
        NotFound: When the ``hf/`` model cannot be loaded.
    """
    if name == "static":
        return StaticEmbedder()
    kind, _, model = name.partition("/")
    if kind == "hf" and model:
        return SentenceTransformerEmbedder(model)
    raise UsageError(f"no embedder '{name}': expected 'static' or 'hf/<id or path of a sentence-transformers model>'")


def is_common(word: str) -> bool:
    """Whether a word is one of the 30,000 or so that the static table knows as a whole; a rare name is not."""
    pieces = _load()[1].read(word.lower())
    return len(pieces) == 1


def cosine(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Cosines of all rows of ``a`` with all rows of ``b``, in [-1, 1]; a zero vector has cosine 0 with anything.

    Args:
        a: (d,) or (n, d), of any length.
        b: (d,) or (m, d).

    Returns:
        Shape ``a.shape[:-1] + b.shape[:-1]``: (n, m) for two matrices, () for two vectors.
    """
    left, right = (_normalised(np.asarray(x, np.float64)) for x in (a, b))
    return cast("NDArray[np.float64]", np.clip(np.asarray(left @ right.T), -1.0, 1.0))


def read_meta() -> dict[str, Any]:
    """What is known of the static table: source, dimensions, command, versions, checksums (``meta.json`` beside it)."""
    return dict(_meta())


# -- the table ---------------------------------------------------------------------------------------------------------


def _bytes(name: str) -> bytes:
    try:
        return (files("personarium.text") / "data" / "static_embedder" / name).read_bytes()
    except OSError as error:
        raise StorageError(
            f"the static embedder's file {name} is not in the package; install personarium again"
        ) from error


@lru_cache(maxsize=1)
def _meta() -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(_bytes("meta.json")))


@lru_cache(maxsize=1)
def _load() -> tuple[Vectors, _Pieces]:
    from tokenizers import Tokenizer

    codes = np.load(io.BytesIO(_bytes("codes.npy")), allow_pickle=False)
    scales = np.load(io.BytesIO(_bytes("scales.npy")), allow_pickle=False)
    if codes.shape != (_meta()["rows"], _meta()["dim"]) or scales.shape != codes.shape[:1]:
        raise StorageError(f"the static embedder's table has shape {codes.shape}, not that of its meta file")
    table = codes.astype(np.float32) * scales.astype(np.float32)[:, None]
    return table, _Pieces(Tokenizer.from_str(_bytes("tokenizer.json").decode("utf-8")))


class _Pieces(dict[str, tuple[int, ...]]):
    """Token ids of blank-separated chunks, kept: a blank is always a token boundary, so chunks can be read alone.

    Only the tokenizer's one-text call is used: it starts no threads, so that a later fork is safe and needs neither a
    warning nor the TOKENIZERS_PARALLELISM variable.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer

    def read(self, text: str) -> list[int]:
        """The token ids of a text."""
        return list(chain.from_iterable(map(self.__getitem__, text.split(" "))))

    def __missing__(self, chunk: str) -> tuple[int, ...]:
        # Half of a surrogate pair is legal in a Python string and in no UTF-8 text; it becomes "?".
        known = chunk.encode("utf-8", "replace").decode("utf-8")
        ids = tuple(self._tokenizer.encode(known, add_special_tokens=False).ids)
        if len(chunk) <= KEPT_LENGTH:
            if len(self) >= KEPT_CHUNKS:
                self.clear()
            self[chunk] = ids
        return ids


def _sum_rows(table: Vectors, ids: list[list[int]]) -> Vectors:
    """Sums of table rows, one for each list of ids; added token by token, so a row never depends on its neighbours."""
    lengths = np.fromiter(map(len, ids), np.int64, len(ids))
    long = np.flatnonzero(lengths > LONG)
    lengths[long] = 0
    short = [[] if len(row) > LONG else row for row in ids] if len(long) else ids
    order = np.argsort(-lengths, kind="stable")
    flat = np.fromiter(chain.from_iterable(short), np.int32, int(lengths.sum()))
    starts, falling = (np.cumsum(lengths) - lengths)[order], -lengths[order]
    sums = np.zeros((len(ids), table.shape[1]), np.float32)
    for j in range(int(lengths.max(initial=0))):
        active = int(np.searchsorted(falling, -j, side="left"))  # texts with more than j tokens stand first
        sums[:active] += table[flat[starts[:active] + j]]
    out = np.empty_like(sums)
    out[order] = sums
    for i in long:
        out[i] = _sum_long(table, ids[i])
    return out


def _sum_long(table: Vectors, row: list[int]) -> Vectors:
    ids = np.asarray(row, np.int32)
    parts = [table[ids[k : k + STRIDE]].sum(axis=0, dtype=np.float64) for k in range(0, len(ids), STRIDE)]
    return cast(Vectors, np.sum(parts, axis=0).astype(np.float32))


def _normalised(rows: NDArray[Any]) -> NDArray[Any]:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return cast("NDArray[Any]", np.divide(rows, length, out=np.zeros_like(rows), where=length > 0))


def _check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise InvalidInput("embed", "a list of texts", texts)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise InvalidInput(f"embed: text {i}", "a text", text)
