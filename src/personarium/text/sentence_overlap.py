"""Overlap of two short texts that are cut into tokens already: sentence BLEU, ROUGE-N, -L and -SU, METEOR.

All take token sequences, so that each text is cut once however often it is compared, and cost time linear in the shorter units
counted (METEOR: n log n; ROUGE-L: a machine word for 64 cells). All are shares in [0, 1], higher is more alike.

Source: Papineni et al. (2002) with smoothing 1 of Chen and Cherry (2014); Lin (2004), "ROUGE"; Banerjee and Lavie (2005), "METEOR", with
the constants and the greedy alignment of the Natural Language Toolkit; pages persobench (step 5) and perseval (step 7).
Differs: METEOR has no WordNet here: words match exactly or by stem, synonyms only where a table is given; the stem is the house's
small cut of Porter's.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from personarium.core.errors import InvalidInput
from personarium.text.overlap_metrics import longest_common_subsequence
from personarium.text.similarity import stem

Unit = TypeVar("Unit")
Tokens = Sequence[str]
Synonyms = Callable[[str], frozenset[str]]

BLEU_ORDER, BLEU_EPSILON = 4, 0.1  # smoothing 1: a count of 0 becomes 0.1
SKIP = 4  # ROUGE-SU4: at most so many words between the two of a pair
METEOR_ALPHA, METEOR_BETA, METEOR_GAMMA = 0.9, 3.0, 0.5


def ngram_counts(tokens: Tokens, n: int) -> Counter[tuple[str, ...]]:
    """How often each run of ``n`` tokens occurs; raises InvalidInput for n below 1."""
    if n < 1:
        raise InvalidInput("n-grams", "n of at least 1", n, "n")
    return Counter(tuple(tokens[k : k + n]) for k in range(len(tokens) - n + 1))


def skip_units(tokens: Tokens, skip: int = SKIP) -> Counter[tuple[str, ...]]:
    """The units of ROUGE-SU: every token, and every ordered pair with at most ``skip`` tokens between."""
    units: Counter[tuple[str, ...]] = Counter((token,) for token in tokens)
    for ahead in range(1, skip + 2):
        units.update(zip(tokens, tokens[ahead:], strict=False))
    return units


def pooled_f(a: Mapping[Unit, int], b: Mapping[Unit, int]) -> float:
    """F measure of the overlap of two multisets (precision and recall alike); 0 where one is empty."""
    total = sum(a.values()) + sum(b.values())
    if len(a) > len(b):
        a, b = b, a
    shared = sum(min(count, b.get(unit, 0)) for unit, count in a.items())
    return 2 * shared / total if shared else 0.0


def rouge_n(reply: Tokens, reference: Tokens, n: int) -> float:
    """ROUGE-N: F measure of the shared n-grams."""
    return pooled_f(ngram_counts(reply, n), ngram_counts(reference, n))


def rouge_l_f(reply: Tokens, reference: Tokens) -> float:
    """ROUGE-L: F measure (precision and recall alike) of the longest common subsequence; 0 where a text is empty."""
    total = len(reply) + len(reference)
    return 2 * longest_common_subsequence(reply, reference) / total if total else 0.0


def rouge_su(reply: Tokens, reference: Tokens, skip: int = SKIP) -> float:
    """ROUGE-SU: F measure of shared tokens and skip-bigrams, pooled."""
    return pooled_f(skip_units(reply, skip), skip_units(reference, skip))


def sentence_bleu(reply: Tokens, reference: Tokens, most: int = BLEU_ORDER, epsilon: float = BLEU_EPSILON) -> float:
    """BLEU of one sentence against one reference, equal weights, brevity penalty.

    Args:
        reply: What was said.
        reference: What should have been said.
        most: The longest n-gram.
        epsilon: What stands for a count of 0 (smoothing 1); 0 leaves it, so that the score is 0.

    Returns:
        0 where not one word is shared, however it is smoothed.
    """
    if not reply:
        return 0.0
    logs = 0.0
    for n in range(1, most + 1):
        said, wanted = ngram_counts(reply, n), ngram_counts(reference, n)
        shared = float(sum(min(count, wanted[gram]) for gram, count in said.items()))
        if shared == 0 and (n == 1 or epsilon == 0):
            return 0.0
        logs += math.log((shared or epsilon) / max(1, sum(said.values())))
    penalty = min(1.0, math.exp(1 - len(reference) / len(reply)))
    return penalty * math.exp(logs / most)


def meteor(reply: Tokens, reference: Tokens, synonyms: Synonyms | None = None) -> float:
    """METEOR: harmonic mean that favours recall nine to one, less for scattered matches.

    Args:
        reply: What was said; case does not matter.
        reference: What should have been said.
        synonyms: The words that mean the same as a word, for a third stage of matching; none by default.
    """
    said, wanted = [word.lower() for word in reply], [word.lower() for word in reference]
    matches = _aligned(said, wanted, synonyms)
    if not matches:
        return 0.0
    precision, recall = len(matches) / len(said), len(matches) / len(wanted)
    mean = precision * recall / (METEOR_ALPHA * precision + (1 - METEOR_ALPHA) * recall)
    chunks = 1 + sum(b != (a[0] + 1, a[1] + 1) for a, b in pairwise(matches))
    scattered = chunks / len(matches)
    return float(mean * (1 - METEOR_GAMMA * scattered**METEOR_BETA))


def _aligned(said: list[str], wanted: list[str], synonyms: Synonyms | None) -> list[tuple[int, int]]:
    """Pairs of places, each place used once: the same word first, then the same stem, then a synonym; from the end."""
    left, right = set(range(len(said))), set(range(len(wanted)))
    found: list[tuple[int, int]] = []
    stages: list[Callable[[str], frozenset[str]]] = [lambda word: frozenset([word]), lambda w: frozenset([stem(w)])]
    keys: list[Callable[[str], str]] = [lambda word: word, stem]
    if synonyms is not None:
        stages.append(synonyms)
        keys.append(lambda word: word)
    for wide, key in zip(stages, keys, strict=True):
        places: dict[str, list[int]] = {}
        for j in sorted(right):
            places.setdefault(key(wanted[j]), []).append(j)
        for i in sorted(left, reverse=True):
            most = max(((places[form][-1], form) for form in wide(said[i]) if places.get(form)), default=None)
            if most is not None:
                places[most[1]].pop()
                found.append((i, most[0]))
                left.discard(i)
                right.discard(most[0])
    return sorted(found)
