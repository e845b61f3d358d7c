"""The offline estimate of traits: counting the words by which users describe themselves. Simple, visible, weak.

Source: personavlm page, step 3 (inference of the personality shown in a session, by a model in the paper).
Differs: without a model this rule stands in. It reads "I am quiet" and nothing subtler; most talks give no estimate, which is
what they should give.
Units: scores on the scale that is passed in; a word counts once a sentence.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files

from personarium.core.sentences import sentence_spans

LEAST = 2  # self-descriptions of a trait that make an estimate; one is not enough
_OF_MYSELF = re.compile(r"\b(?:i am|i'm|i was|i feel|i felt|i get|i got|makes me|made me)\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:not|never|no longer|hardly|isn't|aren't|wasn't|don't|didn't)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


def scores_by_words(texts: Iterable[str], scale: tuple[float, float]) -> dict[str, float]:
    """Trait -> score, for traits of which the texts hold at least ``LEAST`` self-descriptions.

    Args:
        texts: What the user said.
        scale: Lowest and highest score. The score lies at (high + 1) / (high + low + 2) of it, so that two words never give
            the very end.
    """
    counts: dict[str, list[int]] = {}
    for text in texts:
        for start, stop in sentence_spans(text):
            for trait, end in _described(text[start:stop]):
                counts.setdefault(trait, [0, 0])[end] += 1
    lo, hi = scale
    return {
        trait: lo + (hi - lo) * (high + 1) / (high + low + 2)
        for trait, (low, high) in sorted(counts.items())
        if high + low >= LEAST
    }


def _described(sentence: str) -> list[tuple[str, int]]:
    plain = sentence.replace("’", "'").lower()
    if not _OF_MYSELF.search(plain) or _DENIED.search(plain) or plain.rstrip().endswith("?"):
        return []
    known = _words()
    return [known[word] for word in dict.fromkeys(_WORD.findall(plain)) if word in known]


@lru_cache(maxsize=1)
def _words() -> Mapping[str, tuple[str, int]]:
    table = tomllib.loads((files(__package__) / "data" / "trait_words.toml").read_text(encoding="utf-8"))
    ends = (("low", 0), ("high", 1))
    return {word: (trait, end) for trait, row in table.items() for name, end in ends for word in row[name].split()}
