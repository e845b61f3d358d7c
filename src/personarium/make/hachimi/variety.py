"""How varied students' texts are: distinct-n and self-BLEU by characters or words, overlap of texts, SimHash distances.

Source: hachimi page, step 12 and "Works when" 3; the measures by characters are the population engine's.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from statistics import fmean, pstdev

from personarium.make.population.quality import distinct_n, kl_to_target, self_bleu
from personarium.text.distinct import distinct_ngrams
from personarium.text.near_duplicates import hamming

SEED = 42
MOST_PAIRS = 50_000  # of SimHash distances

__all__ = ["distinct_n", "distinct_share", "kl_to_target", "overlap", "repetition", "simhash_spread", "tokens"]


def tokens(text: str, unit: str = "character") -> list[str]:
    """A text's characters, or its words in lower case; blanks and punctuation are no tokens."""
    if unit == "word":
        words = ("".join(char for char in word if _speaks(char)).lower() for word in text.split())
        return [word for word in words if word]
    return [char for char in text if _speaks(char)]


def _speaks(char: str) -> bool:
    return not char.isspace() and unicodedata.category(char)[0] not in "PSC"


def distinct_share(texts: Sequence[str], n: int, unit: str = "character") -> float | None:
    """Mean over texts of distinct n-grams divided by n-grams; None when no text has n tokens."""
    if unit == "character":
        return distinct_n(texts, n)
    shares = [distinct_ngrams([text], n, words=lambda one: tokens(one, unit)).value for text in texts]
    known = [share for share in shares if share is not None]
    return fmean(known) if known else None


def repetition(texts: Sequence[str], unit: str = "character") -> float | None:
    """Self-BLEU-2: at most 2,000 texts, each against 20 others, seed 42; None for fewer than two texts."""
    return self_bleu([" ".join(tokens(text, unit)) for text in texts])


def overlap(a: str, b: str, unit: str = "character") -> float:
    """Jaccard overlap of two texts' sets of tokens; 0 where one has none."""
    first, second = set(tokens(a, unit)), set(tokens(b, unit))
    return len(first & second) / len(first | second) if first and second else 0.0


def simhash_spread(fingerprints: Sequence[int], seed: int = SEED) -> tuple[float, float] | None:
    """Mean and standard deviation of the Hamming distances of all pairs, or of 50,000 random ones; None for fewer than two."""
    count = len(fingerprints)
    if count < 2:
        return None
    if count * (count - 1) // 2 <= MOST_PAIRS:
        pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    else:
        chance = random.Random(seed)
        drawn = ((chance.randrange(count), chance.randrange(count - 1)) for _ in range(MOST_PAIRS))
        pairs = [(i, j + (j >= i)) for i, j in drawn]
    distances = [hamming(fingerprints[i], fingerprints[j]) for i, j in pairs]
    return fmean(distances), pstdev(distances)
