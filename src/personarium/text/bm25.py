"""Exact Okapi BM25 over a list of texts: built in one pass, kept as plain arrays, grown without being built anew.

Source: Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and Beyond"; the idf that is never
negative is Lucene's.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput, UsageError
from personarium.text.tokenise import ascii_words as ascii_words
from personarium.text.tokenise import words as words

Tokens: TypeAlias = Callable[[str], list[str]]
Statistics = Literal["all", "masked"]
Mask: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.int32]

K1 = 1.5  # how soon a repeated word stops counting
B = 0.75  # how much a long text is held back


@dataclass(frozen=True, slots=True)
class BM25Arrays:
    """An index as a store keeps it: postings by term (compressed sparse columns) and the length of every text.

    Args:
        terms: The terms, each once.
        indptr: int64, one longer than ``terms``: the postings of term t are those from ``indptr[t]`` to ``indptr[t+1]``.
        docs: int32, the texts of the postings, ascending within a term.
        counts: int32, how often the term stands in that text; 1 or more.
        lengths: int32, tokens of each text, also of those without any.
    """

    terms: list[str]
    indptr: NDArray[np.int64]
    docs: Numbers
    counts: Numbers
    lengths: Numbers


class _Segment:
    """The postings of a run of consecutive texts, numbered from 0 within it; never changed."""

    def __init__(self, arrays: BM25Arrays) -> None:
        self.arrays = arrays

    def __len__(self) -> int:
        return len(self.arrays.lengths)

    @cached_property
    def numbers(self) -> dict[str, int]:
        return dict(zip(self.arrays.terms, range(len(self.arrays.terms))))

    def posting(self, term: str) -> tuple[Numbers, Numbers] | None:
        """The texts that have the term and how often; views, no copies."""
        number = self.numbers.get(term)
        if number is None:
            return None
        start, stop = self.arrays.indptr[number : number + 2]
        return self.arrays.docs[start:stop], self.arrays.counts[start:stop]


class BM25Index:
    """Scores every text for a query: sum over its tokens of idf * f * (k1 + 1) / (f + k1 * (1 - b + b * length / mean)).

    The idf of a term in n of N texts is ln(1 + (N - n + 0.5) / (n + 0.5)); a token that the query has twice counts twice.
    Make one with :meth:`build` or :meth:`from_arrays`. An index is never changed: :meth:`extended` gives a new one that
    shares the old postings, and its scores are, to the last bit, those of an index built of all texts at once.
    """

    def __init__(self, segments: Sequence[_Segment], k1: float, b: float, tokens: Tokens) -> None:
        if not (math.isfinite(k1) and k1 >= 0 and 0 <= b <= 1):
            raise UsageError(f"BM25 needs k1 of 0 or more and b from 0 to 1, found k1 {k1} and b {b}")
        self._segments = tuple(segments)
        self._starts = [0, *np.cumsum([len(segment) for segment in segments]).tolist()]
        self._lengths = np.concatenate([np.zeros(0, np.int32), *(segment.arrays.lengths for segment in segments)])
        self.k1, self.b, self.tokens = k1, b, tokens

    @classmethod
    def build(
        cls, documents: Iterable[str], *, k1: float = K1, b: float = B, tokens: Tokens = ascii_words
    ) -> BM25Index:
        """Index these texts, in this order.

        Args:
            documents: The texts; an empty one is kept and never found.
            k1: Saturation, 0 or more.
            b: Correction for length, from 0 to 1.
            tokens: Text -> tokens, for texts and queries alike: ``ascii_words``, ``words`` or your own.

        Raises:
            UsageError: When ``k1`` or ``b`` is out of range.
        """
        return cls([_Segment(_postings(documents, tokens))], k1, b, tokens)

    @classmethod
    def from_arrays(
        cls, arrays: BM25Arrays, *, k1: float = K1, b: float = B, tokens: Tokens = ascii_words
    ) -> BM25Index:
        """The index that :meth:`arrays` took apart.

        Raises:
            InvalidInput: When the arrays do not fit together (a damaged store).
        """
        return cls([_Segment(_checked(arrays))], k1, b, tokens)

    def arrays(self) -> BM25Arrays:
        """The whole index as plain arrays and one list of terms."""
        return _merged([segment.arrays for segment in self._segments])

    def extended(self, documents: Iterable[str]) -> BM25Index:
        """The index of these texts behind the present ones; takes time for the new texts, not for the old ones.

        New texts are a segment of their own. A segment that is at least half as long as the one before it is merged into
        it, so that there are never more than about log2(texts) of them and a text is copied as seldom.
        """
        grown = [segment.arrays for segment in self._segments] + [_postings(documents, self.tokens)]
        unchanged = len(self._segments)
        while len(grown) > 1 and 2 * len(grown[-1].lengths) >= len(grown[-2].lengths):
            grown[-2:] = [_merged(grown[-2:])]
            unchanged = min(unchanged, len(grown) - 1)
        return BM25Index([*self._segments[:unchanged], *map(_Segment, grown[unchanged:])], self.k1, self.b, self.tokens)

    def __len__(self) -> int:
        return len(self._lengths)

    def scores(self, query: str, *, mask: Mask | None = None, statistics: Statistics = "all") -> NDArray[np.float64]:
        """One score a text, in the order of the texts; 0 where no token of the query occurs.

        Args:
            query: What is looked for.
            mask: One bool a text; texts that are False score 0.
            statistics: Of which texts N, n and the mean length are taken: ``all``, or the ``masked`` ones alone, which
                gives them the very scores that an index of only them would give.

        Raises:
            UsageError: For other statistics or a mask that does not fit.
        """
        chosen = self._mask(mask, statistics)
        counted = chosen if statistics == "masked" else None
        lengths = self._lengths if counted is None else self._lengths[counted]
        total = np.zeros(len(self), np.float64)
        held_back = self.k1 * (1 - self.b + self.b * self._lengths / (lengths.mean() if lengths.any() else 1.0))
        for term, times in Counter(self.tokens(query)).items():
            found = self._found(term)
            weight = times * self._weight(found, counted, len(lengths))
            for docs, counts in found:
                total[docs] += weight * (counts * (self.k1 + 1) / (counts + held_back[docs]))
        if chosen is not None:
            total[~chosen] = 0.0
        return total

    def reach(self, query: str, *, mask: Mask | None = None, statistics: Statistics = "all") -> float:
        """What a text of mean length would score that has every word of the query once: a scale for :meth:`scores`.

        Words that no text has count too, so a query of which only a small word is found reaches little. Arguments as there.
        """
        chosen = self._mask(mask, statistics)
        counted = chosen if statistics == "masked" else None
        size = len(self) if counted is None else int(counted.sum())
        total = 0.0
        for term, times in Counter(self.tokens(query)).items():
            total += times * self._weight(self._found(term), counted, size)
        return total

    def top(
        self, query: str, k: int, *, mask: Mask | None = None, statistics: Statistics = "all"
    ) -> list[tuple[int, float]]:
        """The ``k`` best texts with a score above 0, best first, as (number, score); the earlier one of equals first.

        Raises:
            UsageError: As for :meth:`scores`, or a negative ``k``.
        """
        if k < 0:
            raise UsageError(f"the number of texts to find must be 0 or more, found {k}")
        scores = self.scores(query, mask=mask, statistics=statistics)
        found = np.flatnonzero(scores > 0)
        if len(found) > k > 0:
            least = np.partition(scores[found], len(found) - k)[len(found) - k]
            found = found[scores[found] >= least]  # all that tie with the last one stay until the order is known
        best = found[np.argsort(-scores[found], kind="stable")][:k]
        return list(zip(best.tolist(), scores[best].tolist()))

    def _weight(self, found: Sequence[tuple[NDArray[Any], Numbers]], counted: Mask | None, size: int) -> float:
        """The idf of a word among ``size`` texts."""
        n = sum(len(docs) if counted is None else int(counted[docs].sum()) for docs, _ in found)
        return math.log(1 + (size - n + 0.5) / (n + 0.5))

    def _found(self, term: str) -> list[tuple[NDArray[Any], Numbers]]:
        found = []
        for start, segment in zip(self._starts, self._segments):
            posting = segment.posting(term)
            if posting is not None:
                found.append((posting[0] + start, posting[1]))
        return found

    def _mask(self, mask: Mask | None, statistics: Statistics) -> Mask | None:
        if statistics not in get_args(Statistics):
            raise UsageError(f"BM25 statistics are those of 'all' or of the 'masked' texts, found {statistics!r}")
        if mask is None:
            return None
        chosen = np.asarray(mask)
        if chosen.dtype != np.bool_ or chosen.shape != (len(self),):
            raise UsageError(
                f"a mask over {len(self)} texts is as many bools, found {chosen.dtype} of shape {chosen.shape}"
            )
        return chosen


def _postings(documents: Iterable[str], tokens: Tokens) -> BM25Arrays:
    vocabulary: defaultdict[str, int] = defaultdict()
    vocabulary.default_factory = vocabulary.__len__  # a new term gets the next number
    flat: list[int] = []
    lengths: list[int] = []
    for document in documents:
        before = len(flat)
        flat.extend(map(vocabulary.__getitem__, tokens(document)))
        lengths.append(len(flat) - before)
    texts = max(len(lengths), 1)
    keys = np.asarray(flat, np.int64) * texts + np.repeat(np.arange(len(lengths)), lengths)
    keys, counts = np.unique(keys, return_counts=True)
    owners, docs = np.divmod(keys, texts)
    return BM25Arrays(
        terms=list(vocabulary),
        indptr=_pointers(owners, len(vocabulary)),
        docs=docs.astype(np.int32),
        counts=counts.astype(np.int32),
        lengths=np.asarray(lengths, np.int32),
    )


def _pointers(owners: NDArray[np.int64], terms: int) -> NDArray[np.int64]:
    """Where each term's postings start; ``owners`` are the term numbers of the postings, in any order."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(owners, minlength=terms), dtype=np.int64)])


def _merged(parts: Sequence[BM25Arrays]) -> BM25Arrays:
    """The parts as one, terms in the order of first appearance, as :func:`_postings` would have numbered them."""
    if len(parts) == 1:
        return parts[0]
    terms = list(dict.fromkeys(term for part in parts for term in part.terms))
    numbers = dict(zip(terms, range(len(terms))))
    starts = np.cumsum([0, *(len(part.lengths) for part in parts[:-1])])
    owners = np.concatenate([
        np.repeat(np.asarray([numbers[term] for term in part.terms], np.int64), np.diff(part.indptr))
        for part in parts
    ])  # fmt: skip
    order = np.argsort(owners, kind="stable")  # the texts of a term stay ascending, for each part's follow the last's
    docs = np.concatenate([part.docs + np.int32(start) for part, start in zip(parts, starts)])
    return BM25Arrays(
        terms=terms,
        indptr=_pointers(owners, len(terms)),
        docs=docs[order],
        counts=np.concatenate([part.counts for part in parts])[order],
        lengths=np.concatenate([part.lengths for part in parts]),
    )


def _checked(arrays: BM25Arrays) -> BM25Arrays:
    """The same arrays, if they can be those of an index."""

    def refuse(field: str, expected: str, found: object = None) -> InvalidInput:
        return InvalidInput("BM25 index", expected, found, field=field)

    for field, kind in (("indptr", np.int64), ("docs", np.int32), ("counts", np.int32), ("lengths", np.int32)):
        values = getattr(arrays, field)
        if values.ndim != 1 or values.dtype != kind:
            raise refuse(field, f"one row of {np.dtype(kind)}", f"{values.dtype} of shape {values.shape}")
    size = len(arrays.docs)
    if len(set(arrays.terms)) != len(arrays.terms):
        raise refuse("terms", "every term once")
    if len(arrays.indptr) != len(arrays.terms) + 1 or arrays.indptr[0] != 0 or arrays.indptr[-1] != size:
        raise refuse("indptr", f"{len(arrays.terms) + 1} places from 0 to {size}")
    if (np.diff(arrays.indptr) < 0).any():
        raise refuse("indptr", "ascending places")
    if size and not (arrays.docs.min() >= 0 and arrays.docs.max() < len(arrays.lengths)):
        raise refuse("docs", f"texts 0 to {len(arrays.lengths) - 1}", f"{arrays.docs.min()} to {arrays.docs.max()}")
    if not _once_a_term(arrays):
        raise refuse("docs", "ascending texts within a term")
    if len(arrays.counts) != size or (arrays.counts < 1).any():
        raise refuse("counts", f"{size} counts of 1 or more")
    held = np.bincount(arrays.docs, weights=arrays.counts, minlength=len(arrays.lengths))
    if not np.array_equal(held, arrays.lengths):
        raise refuse("lengths", "the number of tokens in the postings of each text")
    return arrays


def _once_a_term(arrays: BM25Arrays) -> bool:
    """Whether the texts of every term ascend (a text that stood twice would be scored once)."""
    rising = np.diff(arrays.docs) > 0
    first = arrays.indptr[1:-1]
    starts = first[(first > 0) & (first < len(arrays.docs))]
    rising[starts - 1] = True
    return bool(rising.all())
