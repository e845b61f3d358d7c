"""A small language model that can copy from its prompt: counts of word sequences, mixed with what the prompt goes on with.

It is trained in a second, needs no torch, gives exact probabilities of every word, and does one thing that profile views are
about: after "i live in" it can say what stands behind "live in" in a biography. How far it trusts the prompt is learnt for each
word by maximum likelihood, so it learns to ignore profiles that are wrong. It shows what the comparison of views can detect
and serves its tests and the demonstration; it is no stand-in for a large model.

Source: own design for the prodigy page, "Works when" 5; smoothing after Witten and Bell (1991), copying as an induction head does
(Olsson et al. 2022).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.make.prodigy.views import Example
from personarium.models.likelihood import TokenScore

Context = tuple[str, ...]
Vector = NDArray[np.float64]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[^\w\s]")
UNKNOWN = "<unknown>"  # every word that training did not show
ORDER = 2  # words of the response that the counts look back to
REACH = 2  # words that must agree with the prompt, at most
FEW = 5  # a word seen less often uses the trust that is learnt from all words
PROMPT_WORDS = 5_000  # the last words of a prompt that are looked at


def words_of(text: str) -> list[str]:
    """Lower-case words and signs."""
    return _WORD.findall(text.lower())


@dataclass(slots=True)
class _Counts:
    """How often each word followed a context."""

    following: Counter[str] = field(default_factory=Counter)
    total: int = 0

    def add(self, word: str) -> None:
        self.following[word] += 1
        self.total += 1


class CopyingModel:
    """A trained model; made by :meth:`fit`."""

    name = "copying"

    def __init__(self) -> None:
        """Use :meth:`fit`."""
        self._counts: dict[Context, _Counts] = defaultdict(_Counts)
        self._vocabulary: list[str] = []
        self._places: Mapping[str, int] = {}
        self._words: Vector = np.empty(0)
        self._trust: dict[str, float] = {}

    @classmethod
    def fit(cls, examples: Sequence[Example]) -> CopyingModel:
        """Learn from examples: counts first, then how far to trust the prompt after each word.

        Raises:
            InvalidInput: There is nothing to learn from.
        """
        model = cls()
        steps = [step for example in examples for step in _steps(example.prompt, words_of(example.response))]
        if not steps:
            raise InvalidInput("training examples", "at least one response with a word", "none")
        for word, contexts, _ in steps:
            for context in contexts:
                model._counts[context].add(word)
        model._set_vocabulary()
        model._learn_trust(steps)
        return model

    def _set_vocabulary(self) -> None:
        counts = self._counts[()]
        self._vocabulary = [*sorted(counts.following), UNKNOWN]
        self._places = {word: place for place, word in enumerate(self._vocabulary)}
        seen = np.array([counts.following[word] for word in self._vocabulary], dtype=np.float64)
        kinds = len(counts.following)
        self._words = (seen + kinds / len(self._vocabulary)) / (counts.total + kinds)

    # --- how far the prompt is trusted ---

    def _learn_trust(self, steps: Sequence[_Step]) -> None:
        """For each word before: the share of copying that makes the training most likely (a concave problem).

        The counts leave out the very token that they predict; otherwise they would always seem to know best.
        """
        pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for word, contexts, copies in steps:
            if copies:
                pair = (self._left_out(word, contexts), copies.get(word, 0.0))
                pairs[contexts[-1][-1] if contexts[-1] else ""].append(pair)
        together = [pair for some in pairs.values() for pair in some]
        self._trust = {before: _best_share(some) for before, some in pairs.items() if len(some) >= FEW}
        self._trust[UNKNOWN] = _best_share(together) if together else 0.0

    def _left_out(self, word: str, contexts: Sequence[Context]) -> float:
        """The counts' probability of a training token without that token itself."""
        value = 1.0 / len(self._vocabulary)
        for context in contexts:
            counts = self._counts[context]
            total, own = counts.total - 1, counts.following[word] - 1
            kinds = len(counts.following) - (own == 0)
            if total:
                value = (own + kinds * value) / (total + kinds)
        return value

    # --- scoring ---

    def score(self, prompt: str, response: str) -> list[TokenScore]:
        """Log-probability and rank of the response's words; an unknown word gets the share of all unknown words."""
        return [self._scored(word, contexts, copies) for word, contexts, copies in _steps(prompt, words_of(response))]

    def _scored(self, word: str, contexts: Sequence[Context], copies: Mapping[str, float]) -> TokenScore:
        values = self._by_counts(contexts)
        known = {copied: share for copied, share in copies.items() if copied in self._places}
        place = self._places.get(word, len(self._vocabulary) - 1)
        probability = float(values[place])
        if copies:
            before = contexts[-1][-1] if contexts[-1] else ""
            trust = self._trust.get(before, self._trust[UNKNOWN])
            values = values * (1 - trust)
            for copied, share in known.items():
                values[self._places[copied]] += trust * share
            unseen = (
                0.0 if word in self._places else copies.get(word, 0.0)
            )  # a word of the prompt that training never showed
            probability = float(values[place]) + trust * unseen
        rank = 1 + int((values > probability * (1 + 1e-12)).sum())
        return TokenScore(word, math.log(probability) if probability > 0 else -math.inf, rank)

    def _by_counts(self, contexts: Sequence[Context]) -> Vector:
        """The counts' probability of every word, from the shortest context to the longest."""
        values = self._words
        for context in contexts[1:]:
            counts = self._counts.get(context)
            if counts is None:
                break  # a longer context was not seen either
            kinds = len(counts.following)
            values = values * (kinds / (counts.total + kinds))
            for word, seen in counts.following.items():
                values[self._places[word]] += seen / (counts.total + kinds)
        return values


_Step = tuple[str, tuple[Context, ...], Mapping[str, float]]


def _steps(prompt: str, response: Sequence[str]) -> Iterator[_Step]:
    """For each word of a response: the word, its contexts from short to long, and what the prompt goes on with."""
    asked = words_of(prompt)[-PROMPT_WORDS:]
    followers = _followers(asked)
    last = "\n" + " ".join(words_of(_last_line(prompt)))  # the line break marks it as no word of the response
    for place, word in enumerate(response):
        before = ("<start>", *response[:place])[-ORDER:]
        shorter = tuple(tuple(before[len(before) - k :]) for k in range(len(before) + 1))
        yield word, (*shorter, (last, *before)), _copies(followers, response[:place])


def _last_line(prompt: str) -> str:
    """What was said last: the line before the speaker's own tag."""
    lines = prompt.rstrip().splitlines()
    return lines[-2] if len(lines) > 1 else ""


def _followers(words: Sequence[str]) -> dict[Context, Counter[str]]:
    found: dict[Context, Counter[str]] = defaultdict(Counter)
    for place in range(1, len(words)):
        for reach in range(1, REACH + 1):
            if place >= reach:
                found[tuple(words[place - reach : place])][words[place]] += 1
    return found


def _copies(followers: Mapping[Context, Counter[str]], said: Sequence[str]) -> dict[str, float]:
    """What follows the last words of the response in the prompt, by the longest agreement; empty when nothing agrees."""
    for reach in range(min(REACH, len(said)), 0, -1):
        found = followers.get(tuple(said[-reach:]))
        if found:
            total = sum(found.values())
            return {word: count / total for word, count in found.items()}
    return {}


def _best_share(pairs: Sequence[tuple[float, float]]) -> float:
    """The share s in [0, n / (n + 1)] that maximises the sum of log((1 - s) a + s b), by bisection of its slope."""
    a, b = np.array(pairs, dtype=np.float64).T
    lo, hi = 0.0, len(pairs) / (len(pairs) + 1)

    def slope(share: float) -> float:
        return float(((b - a) / ((1 - share) * a + share * b)).sum())

    if slope(hi) >= 0:
        return hi
    for _ in range(50):
        middle = (lo + hi) / 2
        lo, hi = (middle, hi) if slope(middle) > 0 else (lo, middle)
    return lo
