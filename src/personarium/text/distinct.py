"""Distinct-n: how many of the n-grams of texts are different ones.

Source: personaldialog page, "Works when" 7 (Li et al., arXiv 1510.03055).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from personarium.core.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Distinct:
    """N-grams of texts.

    Args:
        unique: Different ones.
        total: All of them.
        words: Words of the texts.
    """

    unique: int
    total: int
    words: int

    @property
    def value(self) -> float | None:
        """Unique / total; None where no text is long enough."""
        return self.unique / self.total if self.total else None


def blank_words(text: str) -> list[str]:
    """The words of a text: lower case, split at blanks."""
    return text.lower().split()


def distinct_ngrams(texts: Iterable[str], n: int, *, words: Callable[[str], Sequence[str]] = blank_words) -> Distinct:
    """Count the n-grams of texts; none goes across two texts.

    Args:
        texts: Any number of them, read once.
        n: Words an n-gram.
        words: How a text is cut into words.

    Raises:
        InvalidInput: n below 1.
    """
    if n < 1:
        raise InvalidInput("distinct-n", "n of at least 1", n, "n")
    seen: set[tuple[str, ...]] = set()
    total = length = 0
    for text in texts:
        said = words(text)
        length += len(said)
        total += max(0, len(said) - n + 1)
        seen.update(tuple(said[k : k + n]) for k in range(len(said) - n + 1))
    return Distinct(len(seen), total, length)
