"""Finding the few pieces of a bank that are most like a message, and what stands around them.

Source: memorybank page, steps 3 to 5 and "Works when" 5.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, cast

from personarium.remember.memorybank.bank import Exchange
from personarium.remember.records import Fact
from personarium.text.embed import Embedder, load_embedder

if TYPE_CHECKING:
    from personarium.text.bm25 import BM25Index

Retriever = Literal["embedding", "bm25"]
EXPAND_CHARACTERS = 200
KEPT_INDEXES = 4  # of the users who asked last; made again from the pieces when it is not there


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that can be found: an exchange, the summary of a day, or a fact that was stated as such.

    Args:
        kind: Its kind.
        date: The day it is of.
        words: What word search reads.
        text: What the prompt shows.
        id: Of the fact, or of the exchange's first observation.
        sources: The observations behind it.
        at: When it was said or began to hold.
        exchange: The exchange, where it is one.
    """

    kind: str
    date: str
    words: str
    text: str
    id: str
    sources: tuple[str, ...] = ()
    at: float | None = None
    exchange: Exchange | None = field(default=None, compare=False)

    @property
    def full(self) -> str:
        """What is embedded: the text with its day, as the code words it."""
        if self.exchange is not None:
            return f"Conversation content on {self.date}: {self.text}"
        return f"The summary of the conversation on {self.date} is: {self.text}"


def piece_of(one: Exchange, user: str, assistant: str) -> Piece:
    """An exchange as a piece; a side that said nothing is not named."""
    spoken = ((user, one.query), (assistant, one.response))
    text = "; ".join(f"{name}: {said}" for name, said in spoken if said)
    return Piece("said", one.date, one.words, text, one.id, one.ids, one.at, one)


def piece_of_fact(fact: Fact, day: str) -> Piece:
    """A daily summary, or a fact that was stated as such, as a piece."""
    text = f"{fact.key}: {fact.text}" if fact.kind == "fact" and fact.key else fact.text
    return Piece(fact.kind, day, text, text, fact.id, fact.evidence, fact.valid_from)


def scores(pieces: Sequence[Piece], query: str, retriever: Retriever, embedder: Embedder | None = None) -> Any:
    """How well each piece fits a query; 0 or less where it has nothing in common with it.

    Args:
        pieces: What is searched.
        query: The user's latest message, and nothing else.
        retriever: ``embedding``: cosine of whole pieces (flat L2 over vectors of length 1 gives the same order). ``bm25``:
            over the pieces' words, k1 1.5, b 0.75.
        embedder: For ``embedding``; the static default when left out.

    Returns:
        An array, one number a piece.
    """
    if retriever == "bm25":
        return _index(tuple(piece.words for piece in pieces)).scores(query)
    chosen = embedder or load_embedder()
    return _vectors(cast(Hashable, chosen), tuple(piece.full for piece in pieces)) @ chosen.embed([query])[0]


def best(values: Any, k: int) -> list[int]:
    """Numbers of the ``k`` best values above 0, best first; the earlier of equals first."""
    import numpy as np

    order = np.argsort(-np.asarray(values), kind="stable")
    return [int(at) for at in order if values[at] > 0][: max(k, 0)]


@lru_cache(maxsize=KEPT_INDEXES)
def _index(texts: tuple[str, ...]) -> BM25Index:
    from personarium.text.bm25 import BM25Index, ascii_words

    return BM25Index.build(texts, tokens=ascii_words)


@lru_cache(maxsize=KEPT_INDEXES)
def _vectors(embedder: Embedder, texts: tuple[str, ...]) -> Any:
    return embedder.embed(texts)


def around(pieces: Sequence[Piece], at: int, most: int = EXPAND_CHARACTERS) -> list[int]:
    """A hit and its neighbours of the same day, the next ones first, while all together have at most ``most`` characters.

    Args:
        pieces: In the order of the bank.
        at: Number of the hit.
        most: Characters; 0 gives the hit alone.

    Returns:
        Numbers in the order of the bank; the hit alone where it is longer than ``most``.
    """
    low = high = at
    length = len(pieces[at].text)
    grown = True
    while grown:
        grown = False
        for place in (high + 1, low - 1):
            if not 0 <= place < len(pieces) or not _of_one_day(pieces[place], pieces[at]):
                continue
            length += len(pieces[place].text)
            if length > most:
                return list(range(low, high + 1))
            low, high, grown = min(low, place), max(high, place), True
    return list(range(low, high + 1))


def _of_one_day(one: Piece, other: Piece) -> bool:
    return (one.kind, one.date) == (other.kind, other.date) and one.exchange is not None
