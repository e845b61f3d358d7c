"""The nearest of the vectors kept so far: exact by blocked matrix products, or approximate by an HNSW graph (extra ``dedup``).

Rows have length 1 or are zero; the inner product is then the cosine.

Source: Malkov and Yashunin (2018), hierarchical navigable small worlds, as built by usearch.
"""

from __future__ import annotations

import importlib
from typing import Any, Literal, Protocol, TypeAlias, cast, get_args

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import UsageError
from personarium.text.embed import Vectors

Backend = Literal["auto", "exact", "hnsw"]
Rows: TypeAlias = NDArray[np.int64]

EXACT_ROWS = 100_000  # up to so many rows "auto" compares all with all: about 20 s on two idle cores, 50 MB
CHUNK = 8192  # kept vectors that are compared at once; with 2,048 queries 64 MB of cosines
NONE = -1


class VectorSearch(Protocol):
    """Keeps vectors under their numbers and finds the nearest one."""

    def add(self, numbers: Rows, vectors: Vectors) -> None:
        """Keep these rows."""
        ...

    def nearest(self, vectors: Vectors) -> tuple[Rows, Vectors]:
        """For each row the number of the nearest kept one and their cosine; -1 and -1.0 where nothing is kept."""
        ...


def open_search(dim: int, rows: int, backend: Backend = "auto") -> VectorSearch:
    """A search for about so many rows.

    Args:
        dim: Length of a vector.
        rows: How many will be kept, roughly; ``auto`` is exact up to 100,000 and HNSW beyond.
        backend: ``exact`` takes time that grows with the square of the rows, ``hnsw`` needs the extra ``dedup``.

    Raises:
        UsageError: When HNSW is wanted and usearch is not installed, or there is no such backend.
    """
    if backend not in get_args(Backend):
        raise UsageError(f"no backend '{backend}' for near copies: expected one of {', '.join(get_args(Backend))}")
    if backend == "exact" or (backend == "auto" and rows <= EXACT_ROWS):
        return ExactSearch(dim)
    try:
        return HnswSearch(dim)
    except ImportError as error:
        raise UsageError(
            f"near copies among {rows:,} rows need the extra 'dedup' ({error.name} is not installed): "
            f"pip install 'personarium[dedup]'; the backend 'exact' does without, is the default up to {EXACT_ROWS:,} "
            "rows and takes time that grows with their square"
        ) from None


class ExactSearch:
    """Compares with everything kept, chunk by chunk, so that the working memory does not grow with the rows."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._chunks: list[Vectors] = []
        self._numbers: list[Rows] = []
        self._used = CHUNK  # rows of the last chunk that are filled

    def add(self, numbers: Rows, vectors: Vectors) -> None:
        """Keep these rows."""
        start = 0
        while start < len(numbers):
            if self._used == CHUNK:
                self._chunks.append(np.empty((CHUNK, self._dim), np.float32))
                self._numbers.append(np.empty(CHUNK, np.int64))
                self._used = 0
            size = min(CHUNK - self._used, len(numbers) - start)
            self._chunks[-1][self._used : self._used + size] = vectors[start : start + size]
            self._numbers[-1][self._used : self._used + size] = numbers[start : start + size]
            self._used += size
            start += size

    def nearest(self, vectors: Vectors) -> tuple[Rows, Vectors]:
        """The nearest kept row of each; of equally near ones the first that was kept."""
        found, best = _nothing(len(vectors))
        each = np.arange(len(vectors))
        for k, (chunk, numbers) in enumerate(zip(self._chunks, self._numbers)):
            filled = self._used if k == len(self._chunks) - 1 else CHUNK
            cosines = vectors @ chunk[:filled].T
            place = cosines.argmax(axis=1)
            cosine = cosines[each, place]
            better = cosine > best
            found[better], best[better] = numbers[place[better]], cosine[better]
        return found, best


class HnswSearch:
    """A graph of half-precision vectors: finds the nearest of a million in a fraction of a millisecond, nearly always.

    Rows are added by one thread, so that the graph, and with it every answer, depends on the rows and their order alone;
    searching uses all cores.

    Args:
        dim: Length of a vector.
        connectivity: Neighbours of a row in the graph.
        expansion_add: Candidates looked at when a row is added.
        expansion_search: Candidates looked at in a search.

    Raises:
        ImportError: When usearch is not installed.
    """

    def __init__(self, dim: int, connectivity: int = 16, expansion_add: int = 64, expansion_search: int = 64) -> None:
        index = importlib.import_module("usearch.index")
        self._index: Any = index.Index(
            ndim=dim,
            metric="ip",
            dtype="f16",
            connectivity=connectivity,
            expansion_add=expansion_add,
            expansion_search=expansion_search,
            enable_key_lookups=False,
        )

    def add(self, numbers: Rows, vectors: Vectors) -> None:
        """Keep these rows."""
        if len(numbers):
            self._index.add(numbers.astype(np.uint64), vectors, threads=1)

    def nearest(self, vectors: Vectors) -> tuple[Rows, Vectors]:
        """A nearest kept row of each; the cosine is that of half-precision vectors, right to about 0.001."""
        found, best = _nothing(len(vectors))
        if len(self._index) and len(vectors):
            matches = self._index.search(vectors, 1)
            # One query gives one-dimensional matches; a search that met nobody leaves its place undefined.
            met = np.asarray(getattr(matches, "counts", np.full(1, len(matches)))) > 0
            keys = np.asarray(matches.keys).reshape(len(vectors), -1)
            distances = np.asarray(matches.distances, np.float32).reshape(len(vectors), -1)
            found[met] = keys[met, 0].astype(np.int64)
            best[met] = 1 - distances[met, 0]
        return found, cast(Vectors, np.minimum(best, 1.0))


def _nothing(count: int) -> tuple[Rows, Vectors]:
    return np.full(count, NONE, np.int64), np.full(count, -1.0, np.float32)
