"""Who finds the documents: BM25, sentence embeddings, the first ones, the oracle, or a memory of your own.

Source: PersonaBench (arXiv 2502.20616), page steps 3 and 4; BM25 as in its statement 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from personarium.benchmarks.personabench.data_format import Chunk, Question
from personarium.core.errors import UsageError

if TYPE_CHECKING:
    from personarium.text.embed import Embedder

NAMES = ("bm25", "embedding", "first", "oracle")


@dataclass(frozen=True, slots=True)
class Passage:
    """What the reader is shown, and the documents that it rests on.

    Args:
        text: A document's text, or what a memory made of some.
        segments: Ids of the documents, the most important first; they are what retrieval is scored by.
    """

    text: str
    segments: tuple[str, ...]


@runtime_checkable
class Searcher(Protocol):
    """One person's documents, ready to be asked."""

    async def top(self, question: str, k: int) -> Sequence[Passage]:
        """At most ``k`` passages, best first."""
        ...


@runtime_checkable
class Retriever(Protocol):
    """Anything that can take in a person's documents and find the ones that answer a question.

    A memory system takes part by this protocol: ``fit`` observes the documents (they come in the files' order; each has a
    time), ``top`` recalls. It is never shown the questions beforehand, nor any answer or truth row. A
    :class:`~personarium.core.errors.RemoteError` that either raises is counted as a failure of the question.
    """

    @property
    def name(self) -> str: ...

    async def fit(self, person: str, chunks: Sequence[Chunk]) -> Searcher:
        """Take in this person's documents and nothing of anybody else's."""
        ...


def passage_of(chunk: Chunk) -> Passage:
    """A document as it is."""
    return Passage(chunk.text, (chunk.id,))


@dataclass(frozen=True)
class BM25Retriever:
    """Exact BM25, one index a person; a document without any word of the question is not found."""

    k1: float = 1.5
    b: float = 0.75

    @property
    def name(self) -> str:
        """With the constants where they are not the usual ones."""
        return "bm25" if (self.k1, self.b) == (1.5, 0.75) else f"bm25:k1={self.k1},b={self.b}"

    async def fit(self, person: str, chunks: Sequence[Chunk]) -> Searcher:
        """Index the documents' JSON."""
        from personarium.text.bm25 import BM25Index

        index = BM25Index.build((chunk.text for chunk in chunks), k1=self.k1, b=self.b)
        return _Ranked(chunks, lambda question, k: [number for number, _ in index.top(question, k)])


@dataclass(frozen=True)
class EmbeddingRetriever:
    """The nearest vectors by inner product, as published (there with all-MiniLM-L6-v2, all-mpnet-base-v2 and bge-m3).

    Ours have length 1, so that the inner product is the cosine; of equally near documents the first comes first.
    """

    embedder: Embedder

    @property
    def name(self) -> str:
        """The embedder's."""
        return self.embedder.name

    async def fit(self, person: str, chunks: Sequence[Chunk]) -> Searcher:
        """Embed the documents' JSON."""
        vectors = self.embedder.embed([chunk.text for chunk in chunks])

        def nearest(question: str, k: int) -> list[int]:
            near = vectors @ self.embedder.embed([question])[0]
            return [int(number) for number in (-near).argsort(kind="stable")[:k]]

        return _Ranked(chunks, nearest)


@dataclass(frozen=True)
class FirstRetriever:
    """The trivial baseline: the same first documents, whatever is asked."""

    name: str = field(default="first", init=False)

    async def fit(self, person: str, chunks: Sequence[Chunk]) -> Searcher:
        """Keep them in order."""
        return _Ranked(chunks, lambda question, k: list(range(min(k, len(chunks)))))


@dataclass(frozen=True)
class Oracle:
    """Not a retriever but the upper bound: the reader gets the first segment that is listed for each item (gt-context)."""

    name: str = field(default="gt-context", init=False)


def gt_context(question: Question, k: int, repeat: bool = False) -> tuple[str, ...]:
    """The first segment of every item of the answer (page, step 4).

    Args:
        question: With its truth row.
        k: How many segments are wanted; more items than that are an error.
        repeat: Repeat the list until there are ``k``, as the reader gets it; retrieval is scored by each once.

    Raises:
        UsageError: When the answer has more than ``k`` items.
    """
    listed = [segments[0] for segments in (question.items or {}).values()]
    if len(listed) > k:
        raise UsageError(f"question {question.id} has {len(listed)} items, which do not fit into k = {k} segments")
    if repeat and listed:
        return tuple(listed[place % len(listed)] for place in range(k))
    return tuple(dict.fromkeys(listed))


def open_retriever(name: str, embedder: str = "static") -> Retriever | Oracle:
    """A retriever by name.

    Args:
        name: ``bm25``, ``embedding``, ``first`` (the same documents always) or ``oracle``.
        embedder: Of ``embedding``: ``static`` or ``hf/<id or path>``.

    Raises:
        UsageError: On another name.
    """
    if name == "embedding":
        from personarium.text.embed import load_embedder

        return EmbeddingRetriever(load_embedder(embedder))
    made = {"bm25": BM25Retriever, "first": FirstRetriever, "oracle": Oracle}
    if name not in made:
        raise UsageError(f"no retriever is called '{name}'; there are {', '.join(NAMES)}")
    opened: Retriever | Oracle = made[name]()
    return opened


@dataclass(frozen=True)
class _Ranked:
    """Documents and a rule that ranks them by number."""

    chunks: Sequence[Chunk]
    rank: Callable[[str, int], list[int]]

    async def top(self, question: str, k: int) -> Sequence[Passage]:
        return [passage_of(self.chunks[number]) for number in self.rank(question, k)]
