"""What the entailment head looks at: a statement beside the one sentence of the response that comes nearest to it.

Numpy and the static embedder only. The same functions make the rows that the head is trained on.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import chain
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from personarium.text.embed import Embedder

Array = NDArray[np.float64]

MOST_SENTENCES = 64  # of a response; the rest of a longer one is not looked at
MOST_CHARACTERS = 500  # of a sentence

NLI_NAMES = (
    "cosine", "soft_recall", "stem_recall", "weakest", "soft_precision", "stem_precision", "negation_differs",
    "negation_x_recall", "negated_statement", "antonym", "antonym_x_recall", "number_differs", "number_same",
    "number_missing", "rest_cosine", "rest_x_frame", "both_rest", "one_value", "one_value_x_rest", "question",
    "other_subject", "hypothetical", "ended_differs", "ended_x_recall", "log_length", "swapped", "query_cosine",
    "query_recall", "query_x_rest", "query_x_number", "heavy_recall",
)  # fmt: skip

_WORD = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[^\x00-\x7f\W]+")
_SENTENCE = re.compile(r"(?<=[.!?;\n])\s+|\s+(?=(?:but|although|though|however)\b)|\n+")
_CONTRACTIONS = (
    (re.compile(r"\b(?:can't|cannot|cant)\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n['’]t\b"), " not"),
    (re.compile(r"\b(?:dont|didnt|doesnt|isnt|havent)\b"), "do not"),
    (re.compile(r"['’](?:m|re|s|ve|ll|d)\b"), " "),
)
_WORDS: dict[str, Any] = tomllib.loads(
    (files("personarium.judges") / "data" / "entailment_words.toml").read_text(encoding="utf-8")
)
_STOP, _NEGATIONS, _LIGHT = (frozenset(_WORDS[name].split()) for name in ("stop", "negations", "light"))
_SAME: dict[str, str] = _WORDS["same"]
TOPICS: dict[str, str] = _WORDS["topics"]
_ONE_VALUE = re.compile(
    r"\b(?:favou?rite|best|name|called|years? old|born|live|lives|living|grew up|from|work as|works as|job|occupation|"
    r"profession|married|single|divorced|tall|hair|eyes|drive|am an?)\b"
)
_QUESTION_START = re.compile(r"^(?:do|does|did|are|is|have|has|can|could|would|what|who|where|when|why|how|which)\b")
_OTHER = re.compile(
    r"^(?:(?:well|oh|and|but|so|also)\W+)*(?:you|your|he|she|they|people|some|many|most|someone|everyone|"
    r"(?:my|a|the|his|her) (?:\w+ )?(?:friend|neighbou?r|cousin|boss|colleague|roommate|coworker|uncle|aunt)s?)\b",
    re.I,
)
_SELF = re.compile(r"\bi\b", re.I)
_INTERJECTION = re.compile(r"^\W*no(?=,| thanks| thank| way[,!])")
_HYPOTHETICAL = re.compile(
    r"\b(?:if|wonder|wondered|wish|maybe|perhaps|imagine|would|might|someday|interesting|nice|must be|heard|read about)"
    r"\b"
)
_ENDED = re.compile(r"\b(?:used to|no longer|any ?more|quit|gave up|stopped|retired from|back then|once was|former)\b")
_YES = re.compile(
    r"^\W*(?:yes|yeah|yep|sure|of course|absolutely|certainly|i (?:do|am|have)(?=\W*(?:[,.!]|$)))\b", re.I
)
_NO = re.compile(
    r"^\W*(?:no|nope|nah|not at all|not really|i (?:don['’]?t|do not|haven['’]?t)|i['’]m not|i am not)\W*(?:[,.!]|$)",
    re.I,
)
_POLAR = re.compile(r"^\W*(?:do|does|did|are|were|is|have|has|can|could|will) (?:you|your|i|there)\b", re.I)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, read: its words without stop words as stems, its vector, and the cues of polarity and kind."""

    text: str
    stems: tuple[str, ...]
    weights: Array
    words: Array
    vector: Array
    negations: int
    numbers: frozenset[str]
    ended: bool


class Reader:
    """Reads texts into sentences; keeps the vectors of words it has seen.

    Args:
        embedder: Gives the vectors of sentences and words.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self._words: dict[str, Array] = {}

    def read(self, texts: Sequence[str]) -> list[Sentence]:
        """Each text as one sentence; all vectors of a call are made together."""
        plain = [expand(text[:MOST_CHARACTERS]) for text in texts]
        found = [_WORD.findall(text) for text in plain]
        kept = [[w for w in words if w not in _STOP] for words in found]
        self._learn(chain.from_iterable(kept))
        vectors = self.embedder.embed(plain).astype(np.float64)
        return [self._sentence(*parts) for parts in zip(texts, plain, found, kept, vectors, strict=True)]

    def _sentence(self, text: str, plain: str, words: list[str], kept: list[str], vector: Array) -> Sentence:
        stems: dict[str, str] = {}
        for word in kept:
            stems.setdefault(stem(word), word)
        rows = [self._words[word] for word in stems.values()]
        matrix = np.stack(rows) if rows else np.zeros((0, self.embedder.dim))
        digits = frozenset(s for s in stems if s[0].isdigit())
        # Numbers and names count as much as any other word; very common verbs count half.
        weights = np.array([0.5 if s in _LIGHT else 1.0 for s in stems])
        negations = sum(word in _NEGATIONS for word in _WORD.findall(_INTERJECTION.sub("", plain)))
        return Sentence(text, tuple(stems), weights, matrix, vector, negations, digits, bool(_ENDED.search(plain)))

    def _learn(self, words: Iterable[str]) -> None:
        new = sorted({word for word in words if word not in self._words})
        if len(self._words) + len(new) > 50_000:
            self._words.clear()
            new = sorted(set(words) | set(new))
        for word, row in zip(new, self.embedder.embed(new).astype(np.float64), strict=True):
            self._words[word] = row


def expand(text: str) -> str:
    """Lower-case, contractions written out."""
    out = text.lower()
    for pattern, full in _CONTRACTIONS:
        out = pattern.sub(full, out)
    return out


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A light stem: number words as digits, a few irregular forms, common endings cut."""
    word = _SAME.get(word, word)
    for ending in ("ing", "ied", "ies", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending in ("ied", "ies") else "")
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word


@lru_cache(maxsize=1)
def _antonyms() -> frozenset[tuple[str, str]]:
    pairs = [pair.split() for pair in _WORDS["antonyms"]]
    return frozenset(chain.from_iterable(((stem(a), stem(b)), (stem(b), stem(a))) for a, b in pairs))


def first_person(statements: Sequence[str], names: Sequence[str] = ()) -> list[str]:
    """Statements about a named character as the character would say them ("Alice has" -> "I has"); others unchanged.

    Args:
        statements: What is known of one character.
        names: Names to replace; where there are none, a capitalised word that begins at least half of three or more
            statements is taken for the name.
    """
    known = [*names] or _common_start(statements)
    if not known:
        return list(statements)
    name = "|".join(re.escape(n) for n in sorted(known, key=len, reverse=True))
    own, whose = re.compile(rf"\b(?:{name})['’]s?\b"), re.compile(rf"\b(?:{name})\b")
    return [
        re.sub(
            r"\b[Hh]is\b|\b[Hh]er\b|\b[Tt]heir\b",
            "my",
            re.sub(r"\b[Ss]?[Hh]e\b", "I", whose.sub("I", own.sub("my", s))),
        )
        for s in statements
    ]


def _common_start(statements: Sequence[str]) -> list[str]:
    starts = Counter(m[1] for s in statements if (m := re.match(r"\s*([A-Z][a-z]+)(?:['’]s)?\b", s)))
    if len(statements) < 3 or not starts:
        return []
    word, count = starts.most_common(1)[0]
    return [word] if 2 * count >= len(statements) and word.lower() not in _STOP else []


def sentences(response: str, query: str = "") -> list[str]:
    """The sentences of a response; a yes or no to the query's yes/no question adds the query's words."""
    parts = [part.strip() for part in _SENTENCE.split(response) if part.strip()][:MOST_SENTENCES]
    asked = [part.strip() for part in _SENTENCE.split(query) if "?" in part]
    if parts and asked and _POLAR.match(asked[-1]):
        said = asked[-1].rstrip("? ")
        if _NO.match(parts[0]):
            parts.append(f"I do not {said}.")
        elif _YES.match(parts[0]):
            parts.append(f"I {said}.")
    return parts or [""]


def nli_row(statement: Sentence, candidates: Sequence[Sentence], query: Sentence) -> Array:
    """The features of :data:`NLI_NAMES` for the candidate that comes nearest to the statement."""
    best = max(candidates, key=lambda c: _nearness(statement, c))
    return _pair(statement, best, query)


def _nearness(a: Sentence, b: Sentence) -> float:
    exact = len(set(a.stems) & set(b.stems)) / max(len(a.stems), 1)
    return float(a.vector @ b.vector) + exact


def _soft(a: Sentence, b: Sentence) -> tuple[float, float, float]:
    """Weighted recall of a's words in b, precision of b's words in a, and a's least found word, by cosines of words."""
    if not a.stems or not b.stems:
        return 0.0, 0.0, 0.0
    near = np.clip(a.words @ b.words.T, 0.0, 1.0)
    found, said = near.max(axis=1), near.max(axis=0)
    recall = float(found @ a.weights / a.weights.sum())
    return recall, float(said @ b.weights / b.weights.sum()), float(found.min())


def _rest_cosine(a: Sentence, b: Sentence, only_a: list[int], only_b: list[int]) -> float:
    """How like the words that only one of the two has are: other values of one slot are alike."""
    if not only_a or not only_b:
        return 0.0
    u, v = a.words[only_a].sum(axis=0), b.words[only_b].sum(axis=0)
    return float(u @ v / (np.linalg.norm(u) * np.linalg.norm(v) + 1e-9))


def _pair(a: Sentence, b: Sentence, query: Sentence) -> Array:
    recall, precision, weakest = _soft(a, b)
    shared = set(a.stems) & set(b.stems)
    stem_recall, stem_precision = len(shared) / max(len(a.stems), 1), len(shared) / max(len(b.stems), 1)
    only_a = [i for i, s in enumerate(a.stems) if s not in shared]
    only_b = [i for i, s in enumerate(b.stems) if s not in shared]
    rest = _rest_cosine(a, b, only_a, only_b)
    opposed = any((a.stems[i], b.stems[j]) in _antonyms() for i in only_a for j in only_b)
    negation = float((a.negations > 0) != (b.negations > 0))
    ended = float(a.ended != b.ended)
    one = float(bool(_ONE_VALUE.search(a.text.lower()) and _ONE_VALUE.search(b.text.lower())))
    both_rest = float(bool(only_a) and bool(only_b))
    text = b.text.strip().lower()
    question = float(text.endswith("?") or bool(_QUESTION_START.match(text)))
    other = float(bool(_OTHER.match(b.text)) and not _OTHER.match(a.text) and not _SELF.search(b.text))
    differs = float(bool(a.numbers and b.numbers) and not a.numbers & b.numbers)
    swapped = float(len(only_a) == 1 and 1 <= len(only_b) <= 2) * stem_recall
    weighty = [s for s, w in zip(a.stems, a.weights, strict=True) if w == 1.0]
    heavy = sum(s in shared for s in weighty) / len(weighty) if weighty else stem_recall
    asked, asked_recall = float(a.vector @ query.vector), _soft(a, query)[0]
    return np.array([
        a.vector @ b.vector, recall, stem_recall, weakest, precision, stem_precision, negation, negation * recall,
        float(a.negations > 0), float(opposed), opposed * recall,
        differs, float(bool(a.numbers & b.numbers)),
        float(bool(a.numbers - b.numbers)), rest, rest * stem_recall, both_rest, one, one * both_rest * stem_recall,
        question, other, float(bool(_HYPOTHETICAL.search(text))), ended, ended * recall,
        np.log1p(len(b.stems)) - np.log1p(len(a.stems)), swapped, asked, asked_recall, asked * rest, asked * differs,
        heavy,
    ])  # fmt: skip


def relevance_rows(statements: Sequence[Sentence], query: Sentence, topics: Array) -> Array:
    """One row a statement: scalars, likeness in topics, and the products of the two vectors (n, features).

    Args:
        statements: Read statements.
        query: The read query.
        topics: (k, dim) vectors of topics, see :func:`topic_vectors`.
    """
    asked = _topic_share(query.vector[None, :], topics)[0]
    told = _topic_share(np.stack([s.vector for s in statements]), topics)
    rows = []
    for sentence, share in zip(statements, told, strict=True):
        recall, precision, _ = _soft(sentence, query)
        common = set(sentence.stems) & set(query.stems)
        scalars = [
            sentence.vector @ query.vector, recall, precision, len(common) / max(len(sentence.stems), 1),
            len(common) / max(len(query.stems), 1), float(bool(common)), float(share @ asked), float(share.max()),
            float(asked.max()), float(share.argmax() == asked.argmax()), np.log1p(len(query.stems)),
            np.log1p(len(sentence.stems)),
        ]  # fmt: skip
        rows.append(np.concatenate([scalars, share * asked, sentence.vector * query.vector]))
    return np.stack(rows)


def _topic_share(vectors: Array, topics: Array) -> Array:
    near = 12.0 * (vectors @ topics.T)  # sharp enough that one or two topics carry most of the weight
    near = np.exp(near - near.max(axis=1, keepdims=True))
    return cast(Array, near / near.sum(axis=1, keepdims=True))


def topic_vectors(embedder: Embedder) -> Array:
    """The vectors of :data:`TOPICS`, in order."""
    return cast(Array, embedder.embed(list(TOPICS.values())).astype(np.float64))


def layers(rows: Array, arrays: dict[str, Any], prefix: str) -> Array:
    """Probabilities (n, labels) of a stored head: standardised rows, one hidden layer or none, softmax."""
    hidden = (rows - arrays[f"{prefix}_mean"]) / arrays[f"{prefix}_scale"]
    if f"{prefix}_w0" in arrays:
        hidden = np.maximum(hidden @ arrays[f"{prefix}_w0"] + arrays[f"{prefix}_b0"], 0.0)
    logits = hidden @ arrays[f"{prefix}_w1"] + arrays[f"{prefix}_b1"]
    logits = np.exp(logits - logits.max(axis=1, keepdims=True))
    return cast(Array, logits / logits.sum(axis=1, keepdims=True))
