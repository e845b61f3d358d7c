"""How far apart two texts are, behind one protocol, for many pairs of the same texts at once.

A distance is 0 for a text and itself (METEOR's penalty leaves a little) and at least 0 otherwise; those here are at most 1. ``between`` gets all texts and the pairs as two arrays
of places, so that each text is cut or embedded once.

Source: page perseval, step 7 and "Works when" 7.
Differs: stop words are the fixed list of ``english_stop_words``, and no word is brought to its dictionary form unless a function for it
is given (the published code uses WordNet); the Jensen-Shannon divergence is not rounded (there to 4 digits) unless ``digits`` says so; a text
without any token is 0 from an equal one and 1 from any other (there not a number).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import UsageError
from personarium.text.distinct import blank_words
from personarium.text.english_stop_words import ENGLISH_STOP_WORDS
from personarium.text.sentence_overlap import (
    meteor,
    ngram_counts,
    pooled_f,
    rouge_l_f,
    sentence_bleu,
    skip_units,
)
from personarium.text.similarity import stem

if TYPE_CHECKING:
    from personarium.text.embed import Embedder

Places: TypeAlias = NDArray[np.int64]
Array: TypeAlias = NDArray[np.float64]
Cut = Callable[[str], Sequence[str]]
Prepared = TypeVar("Prepared")

PAIR_BLOCK = 65_536  # pairs of vectors multiplied at once, which bounds the working memory
CONTIGUOUS = 5  # the published "ROUGE-SU4": runs of 5 words and nothing else
_PUNCTUATION = re.compile(r"[^\w\s]|[\d+]")


@runtime_checkable
class TextDistance(Protocol):
    """A distance of texts; ``name`` says everything that changes it."""

    @property
    def name(self) -> str: ...

    @property
    def symmetric(self) -> bool:
        """Whether d(a, b) = d(b, a), so that each pair need be computed once."""
        ...

    def between(self, texts: Sequence[str], left: Places, right: Places) -> Array:
        """The distance of ``texts[left[k]]`` from ``texts[right[k]]`` for every k."""
        ...


def content_words(text: str, lemma: Callable[[str], str] | None = None) -> list[str]:
    """The words that a published comparison keeps: lower case, no punctuation, no digits, no stop words.

    Args:
        text: Any text.
        lemma: Brings a word to its dictionary form; without it words stay as they are.
    """
    kept = [word for word in _PUNCTUATION.sub("", text).lower().split() if word not in ENGLISH_STOP_WORDS]
    return kept if lemma is None else [lemma(word) for word in kept]


@dataclass(frozen=True)
class OverlapDistance:
    """1 - a share of overlap of two texts that are each prepared once.

    Args:
        name: Its name.
        cut: How a text is cut into tokens.
        prepare: What is kept of a text's tokens (they themselves, counts of units).
        alike: The share, from what was kept of the two.
        symmetric: Whether the order does not matter.
        published_empty: Texts without a unit are 1 apart even if they are equal, as in the published code.
    """

    name: str
    cut: Cut
    prepare: Callable[[Sequence[str]], Any]
    alike: Callable[[Any, Any], float]
    symmetric: bool = True
    published_empty: bool = False

    def between(self, texts: Sequence[str], left: Places, right: Places) -> Array:
        """See :class:`TextDistance`."""
        kept = {text: self.prepare(self.cut(text)) for text in dict.fromkeys(texts)}
        prepared = [kept[text] for text in texts]
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return np.fromiter((self._one(prepared[i], prepared[j]) for i, j in pairs), np.float64, len(left))

    def _one(self, a: Any, b: Any) -> float:
        if not a and not b:
            return float(self.published_empty)
        return min(1.0, max(0.0, 1.0 - self.alike(a, b)))


@dataclass(frozen=True)
class EmbeddingDistance:
    """1 - cosine of two texts' vectors, at most 1 (opposite directions count as unrelated).

    Args:
        embedder: Makes the vectors; None is the static table of the package.
    """

    embedder: Embedder | None = None
    symmetric: bool = True

    @property
    def name(self) -> str:
        """The embedder's name and what is made of it."""
        return f"embedding/{self._embedder().name}"

    def between(self, texts: Sequence[str], left: Places, right: Places) -> Array:
        """See :class:`TextDistance`."""
        distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        vectors = self._embedder().embed(list(distinct))
        places = np.fromiter((distinct[text] for text in texts), np.int64, len(texts))
        a, b = places[left], places[right]
        out = np.empty(len(a))
        for start in range(0, len(a), PAIR_BLOCK):
            block = slice(start, start + PAIR_BLOCK)
            out[block] = 1.0 - np.einsum("kd,kd->k", vectors[a[block]], vectors[b[block]])
        out[a == b] = 0.0
        return np.clip(out, 0.0, 1.0)

    def _embedder(self) -> Embedder:
        from personarium.text.embed import StaticEmbedder

        return self.embedder or StaticEmbedder()


def jensen_shannon_alike(a: Mapping[str, int], b: Mapping[str, int], digits: int | None = None) -> float:
    """1 - the Jensen-Shannon divergence (base 2) of two word counts; only shared words need to be looked at."""
    if not a or not b:
        return 0.0
    if len(a) > len(b):
        a, b = b, a
    m, n, shared = sum(a.values()), sum(b.values()), 0.0
    for word, count in a.items():
        if other := b.get(word):
            p, q = count / m, other / n
            shared += p * math.log2((p + q) / p) + q * math.log2((p + q) / q)
    found = min(1.0, max(0.0, 1.0 - shared / 2))
    return 1.0 - (found if digits is None else round(found, digits))


def _stems(cut: Cut, text: str) -> list[str]:
    return [stem(word) for word in cut(text)]


def _rouge_l(cut: Cut) -> TextDistance:
    return OverlapDistance("rouge_l", partial(_stems, cut), list, rouge_l_f)


def _rouge_su4(cut: Cut) -> TextDistance:
    return OverlapDistance("rouge_su4", cut, skip_units, pooled_f)


def _contiguous(cut: Cut) -> TextDistance:
    return OverlapDistance("contiguous5", cut, partial(ngram_counts, n=CONTIGUOUS), pooled_f, published_empty=True)


def _jsd(cut: Cut) -> TextDistance:
    return OverlapDistance("jsd", cut, Counter, jensen_shannon_alike)


def _jsd4(cut: Cut) -> TextDistance:
    return OverlapDistance("jsd4", cut, Counter, partial(jensen_shannon_alike, digits=4))


def _bleu(cut: Cut) -> TextDistance:
    return OverlapDistance("bleu", cut, list, partial(sentence_bleu, epsilon=0.0), symmetric=False)


def _meteor(cut: Cut) -> TextDistance:
    return OverlapDistance("meteor", cut, list, meteor, symmetric=False)


_BY_NAME: Mapping[str, Callable[[Cut], TextDistance]] = {
    "rouge_l": _rouge_l,
    "rouge_su4": _rouge_su4,
    "contiguous5": _contiguous,
    "jsd": _jsd,
    "jsd4": _jsd4,
    "bleu": _bleu,
    "meteor": _meteor,
}
DISTANCES = ("embedding", *_BY_NAME)
CUTS: Mapping[str, Cut] = {"content": content_words, "blank": blank_words}


def text_distance(name: str, words: str | Cut = "content", embedder: Embedder | None = None) -> TextDistance:
    """A distance by name.

    Args:
        name: ``embedding`` (1 - cosine), ``rouge_l`` (stemmed), ``rouge_su4`` (tokens and skip-bigrams), ``contiguous5`` (what the
            published experiments call ROUGE-SU4), ``jsd`` (base 2; ``jsd4`` rounded to 4 digits as published), ``bleu`` (of a
            sentence, not smoothed: many are 1), ``meteor`` (words and stems, no synonyms). Also ``bertscore/<model>`` (extra ``hf``).
        words: How the overlap distances cut a text: ``content`` (:func:`content_words`), ``blank`` (lower case, at blanks), or a function.
        embedder: Of ``embedding``; None is the static table.

    Raises:
        UsageError: On any other name.
    """
    if isinstance(words, str) and words not in CUTS:
        raise UsageError(f"no words '{words}': expected {' or '.join(CUTS)}, or a function")
    if name == "embedding":
        return EmbeddingDistance(embedder)
    if name.startswith("bertscore/"):
        from personarium.text.bertscore import BertScoreDistance

        return BertScoreDistance(name.partition("/")[2])
    if name not in _BY_NAME:
        raise UsageError(f"no distance '{name}': expected one of {', '.join(DISTANCES)}, bertscore/<model>")
    return _BY_NAME[name](CUTS[words] if isinstance(words, str) else words)
