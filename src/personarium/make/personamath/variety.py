"""How varied a set of problems is: word types, type-token ratio, texts that occur twice.

Source: personamath page, "Gives" and "Works when" 6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Variety:
    """Words of a set of texts; a text that occurs again after normalisation is counted once.

    Args:
        texts: Different texts.
        duplicates: Texts that were there already.
        tokens: Words of the different texts.
        types: Different words.
    """

    texts: int
    duplicates: int
    tokens: int
    types: int

    @property
    def type_token_ratio(self) -> float | None:
        """Types divided by tokens; None without any word. Falls with the amount of text: compare equal amounts only."""
        return self.types / self.tokens if self.tokens else None


def plain_words(text: str) -> str:
    """Lower case, words joined by one blank, punctuation off."""
    return " ".join(_WORD.findall(text.lower()))


def variety_of(texts: Iterable[str]) -> Variety:
    """The variety of a set of texts."""
    plain = [plain_words(text) for text in texts]
    distinct = dict.fromkeys(plain)
    tokens = [word for text in distinct for word in text.split()]
    return Variety(len(distinct), len(plain) - len(distinct), len(tokens), len(set(tokens)))
