"""BLEU and ROUGE-L of one reply against one reference: how many n-grams, and how long a subsequence, they share.

Both punish a good reply in other words; they are for comparison with published figures, not a goal.

Source: Papineni et al. (2002), "BLEU"; Lin (2004), "ROUGE"; constants of the caption evaluation package of Chen et al.
(arXiv 1504.00325), which the long-term dialogue papers use; ld-agent page, step 7 and "Works when" 5.
Differs: the package cuts words with an external tokenizer that drops punctuation; here words and punctuation marks are
tokens, and the cut can be replaced.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

from personarium.core.errors import InvalidInput

Tokens = Callable[[str], Sequence[str]]
EMPTY_REPLY = "&"  # what stands for an empty reply (ld-agent page, step 7)
ROUGE_BETA = 1.2
# The package's constants against a division by zero.
_TINY, _SMALL = 1e-15, 1e-9
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")


def scored_words(text: str) -> list[str]:
    """The tokens of a text that is scored: lower case, words with their apostrophes, punctuation marks apart."""
    return _TOKEN.findall(text.lower())


def bleu(reply: str, reference: str, most: int = 4, *, words: Tokens = scored_words) -> tuple[float, ...]:
    """BLEU-1 to BLEU-``most`` of one reply, cumulative, with the brevity penalty.

    Args:
        reply: What was said; an empty one counts as the single token ``&``.
        reference: What should have been said.
        most: The longest n-gram.
        words: How a text is cut into tokens.

    Returns:
        ``most`` numbers in [0, 1]; published tables show them times 100.

    Raises:
        InvalidInput: ``most`` below 1.
    """
    if most < 1:
        raise InvalidInput("BLEU", "n-grams of at least 1 word", most, "most")
    said, wanted = _said(reply, words), words(reference)
    short = math.exp(1 - len(wanted) / len(said)) if len(said) < len(wanted) else 1.0
    product, found = 1.0, []
    for n in range(1, most + 1):
        grams = _ngrams(said, n)
        shared = sum((grams & _ngrams(wanted, n)).values())
        product *= (shared + _TINY) / (sum(grams.values()) + _SMALL)
        found.append(min(short * product ** (1 / n), 1.0))
    return tuple(found)


def rouge_l(reply: str, reference: str, beta: float = ROUGE_BETA, *, words: Tokens = scored_words) -> float:
    """ROUGE-L: F of precision and recall of the longest common subsequence, recall weighed ``beta`` times.

    Args:
        reply: What was said; an empty one counts as the single token ``&``.
        reference: What should have been said.
        beta: 1.2 in the caption evaluation package.
        words: How a text is cut into tokens.

    Returns:
        A number in [0, 1]; 0 where nothing is shared.
    """
    said, wanted = _said(reply, words), words(reference)
    shared = longest_common_subsequence(said, wanted)
    if not shared:
        return 0.0
    precision, recall = shared / len(said), shared / len(wanted)
    return (1 + beta**2) * precision * recall / (recall + beta**2 * precision)


def longest_common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence of two token sequences.

    One row of the table is one whole number, so that long texts cost a machine word for 64 cells.

    Source: Hyyrö (2004), "Bit-parallel LCS-length computation revisited".
    """
    places: dict[str, int] = {}
    for at, token in enumerate(b):
        places[token] = places.get(token, 0) | 1 << at
    full = (1 << len(b)) - 1
    row = full
    for token in a:
        matched = row & places.get(token, 0)
        row = ((row + matched) | (row - matched)) & full
    return len(b) - row.bit_count()


def _said(reply: str, words: Tokens) -> Sequence[str]:
    return words(reply) or [EMPTY_REPLY]


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[k : k + n]) for k in range(len(tokens) - n + 1))
