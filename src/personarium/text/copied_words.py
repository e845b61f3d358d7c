"""Word sequences that one text took from another as they stand: how much of the source, how much of what was said.

A prompt says "You live in Riga", the player "I live in Riga": first and second person count as the same word. Case and punctuation
at the edges of words do not matter.

Source: DESIGN.md, "The engines" (read-back: copy rate); n = 4 words as for echoes (spasm page, point 8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

NGRAM = 4
MASK = "…"
_EDGES = ".,;:!?\"'()[]{}“”‘’–—-…*_"
_SENTENCE = re.compile(r"[\n.!?;]+(?:\s|$)|\n")
_PERSON: Mapping[str, str] = {
    "you": "i",
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
    "are": "am",
    "you're": "i'm",
    "you’re": "i'm",
    "i’m": "i'm",
}
Words = tuple[str, ...]


def copy_rate(source: str, said: str, n: int = NGRAM) -> float | None:
    """Share of the source's n-word sequences that were said as they stand; None for a source without words.

    Args:
        source: The persona text as the speaker was given it, taken sentence by sentence; a sentence of fewer words is one
            sequence of its own length.
        said: What was said.
        n: Words of a sequence.
    """
    wanted = _sequences(source, n)
    if not wanted:
        return None
    words = _words(said)
    spoken = {gram for size in {len(gram) for gram in wanted} for gram in _grams(words, size)}
    return len(wanted & spoken) / len(wanted)


def recited_share(source: str, said: str, n: int = NGRAM) -> float | None:
    """Share of the words said that stand in a sequence taken from the source; None where nothing was said."""
    words = _words(said)
    return sum(_taken(words, source, n)) / len(words) if words else None


def masked(said: str, source: str, n: int = NGRAM) -> str:
    """What was said, every word of a sequence taken from the source replaced by :data:`MASK`."""
    shown = [word for word in said.split() if _plain(word)]
    taken = _taken(_words(said), source, n)
    return " ".join(MASK if hide else word for word, hide in zip(shown, taken, strict=True))


def _taken(words: list[str], source: str, n: int) -> list[bool]:
    """For each word whether it stands in a sequence of the source."""
    known, taken = _sequences(source, n), [False] * len(words)
    for size in sorted({len(gram) for gram in known}):
        for start, gram in enumerate(_grams(words, size)):
            if gram in known:
                taken[start : start + size] = [True] * size
    return taken


def _sequences(source: str, n: int) -> set[Words]:
    sentences = [_words(part) for part in _SENTENCE.split(source)]
    return {gram for words in sentences if words for gram in _grams(words, min(n, len(words)))}


def _grams(words: list[str], n: int) -> Iterator[Words]:
    return (tuple(words[k : k + n]) for k in range(len(words) - n + 1))


def _words(text: str) -> list[str]:
    return [plain for word in text.split() if (plain := _plain(word))]


def _plain(word: str) -> str:
    bare = word.strip(_EDGES).lower()
    return _PERSON.get(bare, bare)
