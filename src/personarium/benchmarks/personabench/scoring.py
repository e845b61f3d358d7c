"""The scores of PersonaBench: words of an answer, what was retrieved, use of outdated values, categories.

Source: PersonaBench (arXiv 2502.20616), page steps 6 to 9. Units: all scores are shares from 0 to 1; one value a question.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from personarium.core.errors import InvalidInput, UsageError

Alphabet = Literal["ascii", "any"]

SKIPPED = "Subjective"  # choice questions on personality; skipped everywhere (code)
CATEGORIES = ("Basic_information_easy", "Preference_easy", "Preference_hard", "Social_easy")
OVERALL = "Overall"
MAX_COMBINED = 300_000  # combinations of one question that are looked at in one step

_NO_WORD = re.compile(r"[^a-zA-Z0-9\s]")


def category_of(type_: str, difficulty: str) -> str | None:
    """The published name of a question's category; None for the type that is skipped.

    Only preferences are split by difficulty: every other type counts as easy, whatever the file says.
    """
    if type_ == SKIPPED:
        return None
    return "_".join([*type_.split(" "), *(difficulty if type_ == "Preference" else "easy").split(" ")])


# --- step 7: words ---


def word_set(text: str, alphabet: Alphabet = "ascii") -> frozenset[str]:
    """The words of a text, each once.

    ``ascii`` is the published rule: everything but ASCII letters, digits and blanks is removed, so that ``5'6"`` is 56,
    ``user-friendly`` one word, and an accented letter vanishes. ``any`` reads words of every script
    (:func:`personarium.text.tokenise.words`).
    """
    if alphabet == "any":
        from personarium.text.tokenise import words

        return frozenset(words(text))
    return frozenset(_NO_WORD.sub("", text).lower().split())


def answer_words(answer: Any, alphabet: Alphabet = "ascii", object_keys: bool = True) -> frozenset[str]:
    """The words of a gold answer: a text, a whole number, or a list whose items' words are united.

    Args:
        answer: As the file has it.
        alphabet: See :func:`word_set`.
        object_keys: Whether the key of a one-key object is a gold word too, as published (``{"Height": "5'6"}`` has the
            words height and 56).
    """
    items = answer if isinstance(answer, list | tuple) else [answer]
    return frozenset().union(*(word_set(_item_text(item, object_keys), alphabet) for item in items))


def _item_text(item: Any, object_keys: bool = True) -> str:
    return " ".join(map(str, item.values())) if isinstance(item, Mapping) and not object_keys else str(item)


def answer_text(answer: Any) -> str:
    """A gold answer as one line: its items joined by ", "."""
    return ", ".join(map(_item_text, answer)) if isinstance(answer, list | tuple) else str(answer)


@dataclass(frozen=True, slots=True)
class WordScores:
    """Precision, recall and F1 of two sets of words; 0 where a set is empty."""

    precision: float
    recall: float
    f1: float


def word_scores(gold: frozenset[str], predicted: frozenset[str]) -> WordScores:
    """Compare the words of the gold answer with those of the prediction; order and number do not count."""
    hits = len(gold & predicted)
    if not hits:
        return WordScores(0.0, 0.0, 0.0)
    precision, recall = hits / len(predicted), hits / len(gold)
    return WordScores(precision, recall, 2 * precision * recall / (precision + recall))


# --- step 6: retrieval ---


@dataclass(frozen=True, slots=True)
class RetrievalScores:
    """Recall and NDCG, each the best over the combinations of segments that prove the answer."""

    recall: float
    ndcg: float


def retrieval_scores(retrieved: Sequence[str], items: Iterable[Iterable[str]], k: int | None = None) -> RetrievalScores:
    """Score a ranked list against an answer whose items may each be stated in several segments.

    A combination takes one segment an item; recall and NDCG are maximised separately over all of them.

    Args:
        retrieved: Segment ids, best first, each once.
        items: For each item of the answer the segments that state it.
        k: How many were wanted. The ideal ranking has so many places, so that a list that was cut short gains nothing by
            it; None for as many as were retrieved (code, where the two are the same).

    Raises:
        UsageError: When an id was retrieved twice: its gain would count twice, and the NDCG could pass 1.
        InvalidInput: When the combinations are too many to be told apart.
    """
    if len(set(retrieved)) < len(retrieved):
        raise UsageError("a segment can be retrieved once; the repeated list of the gt-context is for reading alone")
    if not retrieved:
        return RetrievalScores(0.0, 0.0)
    gains = {segment: 1 / math.log2(rank + 2) for rank, segment in enumerate(retrieved)}
    places = len(retrieved) if k is None else k
    recall = ndcg = 0.0
    for chosen in _combinations([frozenset(item) for item in items], gains.keys()):
        hits = [gains[segment] for segment in gains if segment in chosen]
        ideal = sum(1 / math.log2(rank + 2) for rank in range(min(len(chosen), places)))
        recall = max(recall, len(hits) / len(chosen))
        ndcg = max(ndcg, sum(hits) / ideal)
    return RetrievalScores(recall, ndcg)


def _combinations(items: Sequence[frozenset[str]], retrieved: Iterable[str]) -> set[frozenset[str]]:
    """All sets of one segment an item, up to segments that make no difference.

    What was not retrieved and states no other item is only a miss, and one such segment stands for all of an item: so the
    sets stay few, where the full product can have more members than memory.
    """
    known, shared = set(retrieved), Counter(segment for item in items for segment in item)
    states: set[frozenset[str]] = {frozenset()}
    for item in items:
        telling = {segment for segment in item if segment in known or shared[segment] > 1}
        options = telling | set(sorted(item - telling)[:1])
        if len(states) * len(options) > MAX_COMBINED:
            raise InvalidInput("answer items", f"at most {MAX_COMBINED:,} combinations of segments", "more")
        states = {state | {segment} for state in states for segment in options}
    return {state for state in states if state}
