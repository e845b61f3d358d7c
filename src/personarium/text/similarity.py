"""How alike two texts are, without any model: word and character n-grams, content stems, nearest names."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

# Words that carry no content of their own: articles, pronouns, auxiliaries, prepositions, conjunctions, fillers.
_FUNCTION_WORDS = """
    a about after again all also always am an and any are as at be because been before being but by can could did do
    does doing don done down during for from get gets got had has have having he her here hers him his how i if in
    into is it its just let like ll me more most much my myself no nor not now of off on once one only or other our
    ours out over own quite re really s same she should so some such t than that the their theirs them then there
    these they this those through to too under until up upon us ve very was we well were what when where which while
    who whom why will with would yes you your yours yourself
"""
STOP_WORDS: frozenset[str] = frozenset(_FUNCTION_WORDS.split())
# Words on -ly that are no adverbs, so that they meet their plural ("families").
_NO_ADVERB = frozenset(["family", "supply", "assembly", "monopoly", "anomaly", "butterfly", "melancholy"])
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_VOWEL = re.compile(r"[aeiouy]")


def word_ngrams(text: str, n: int) -> list[tuple[str, ...]]:
    """Word n-grams in order, repeats kept; words are lower-cased and split at blanks (punctuation stays on them)."""
    words = text.lower().split()
    return [tuple(words[k : k + n]) for k in range(len(words) - n + 1)]


def echo_overlap(reply: str, before: str, n: int = 4) -> float | None:
    """Share of the reply's word n-grams that occur in the utterance before it; None for a reply of under ``n`` words.

    Source: SPASM (arXiv 2604.09212), step 8, "Echo".
    """
    grams = word_ngrams(reply, n)
    if not grams:
        return None
    known = set(word_ngrams(before, n))
    return sum(gram in known for gram in grams) / len(grams)


def character_ngrams(text: str, n: int = 3) -> Counter[str]:
    """Counts of character n-grams, lower case, runs of blanks collapsed to one."""
    plain = " ".join(text.lower().split())
    return Counter(plain[k : k + n] for k in range(len(plain) - n + 1))


def style_distance(a: str, b: str) -> float | None:
    """1 - cosine of the character-3-gram counts, within [0, 1]; None if a text has under 3 characters.

    Source: RPLA survey (arXiv 2404.18231) page, step 9: "thou art wise" against "you are wise" 0.4279.
    """
    left, right = character_ngrams(a), character_ngrams(b)
    if not left or not right:
        return None
    dot = sum(count * right[gram] for gram, count in left.items())
    norms = math.sqrt(sum(c * c for c in left.values()) * sum(c * c for c in right.values()))
    return max(0.0, 1.0 - dot / norms)


def letters_and_digits(text: str) -> str:
    """Lower case, and nothing but letters and digits (of any script). Source: RPLA survey page, step 8."""
    return "".join(char for char in text.lower() if char.isalnum())


def mentions(text: str, wanted: str) -> bool:
    """Whether ``wanted`` occurs in ``text`` when both are reduced to letters and digits; an empty one never does."""
    needle = letters_and_digits(wanted)
    return bool(needle) and needle in letters_and_digits(text)


def stem(word: str) -> str:
    """A word without its English inflection: plural and third person -s, past -ed, -ing, and -ly.

    A deliberately small cut-down of the Porter stemmer's steps 1a-1c: "studies" and "studied" give "studi", "running"
    "run", "hopes", "hoped" and "hoping" "hop"; irregular forms stay apart. Two words are the same content if their
    stems are equal; a stem is no word.
    """
    word = word.lower().replace("’", "'").removesuffix("'s").removesuffix("'")
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    word = _without_ending(_without_plural(word))
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 2 and word.endswith("y") and word[-2] not in "aeiou":
        word = word[:-1] + "i"
    return word


def _without_ending(word: str) -> str:
    if word.endswith("eed") or word in _NO_ADVERB:
        return word
    for ending, least in (("ingly", 3), ("edly", 3), ("ing", 2), ("ed", 2), ("ly", 4)):
        rest = word.removesuffix(ending)
        if rest == word or len(rest) < least or not _VOWEL.search(rest):
            continue
        if len(rest) == 2 and ending != "ly" and rest[0] in "aeiou":
            return rest + "e"
        doubled = len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] not in "lsz"
        return rest[:-1] if doubled else rest
    return word


def _without_plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ches", "shes", "xes", "zes")):
        return word[:-2]
    if word.endswith("ies"):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def content_stems(text: str) -> list[str]:
    """The stems of the words that carry content, in order, repeats kept; stop words and single letters left out."""
    words = (match[0].lower().replace("’", "'") for match in _WORD.finditer(text))
    kept = (word for word in words if word not in STOP_WORDS and _short_form(word) not in STOP_WORDS)
    return [stem(word) for word in kept if len(word) > 1 or word.isdigit()]


def _short_form(word: str) -> str:
    """``doesn't`` -> ``does``, ``you're`` -> ``you``, ``can't`` -> ``can``."""
    head = word.partition("'")[0]
    return head.removesuffix("n") if word.endswith("n't") and head != "can" else head


def nearest(name: str, choices: Iterable[str], n: int = 3) -> list[str]:
    """The ``n`` choices that look most like ``name``, best first (for "did you mean ..." in error messages).

    Case, blanks, ``-`` and ``_`` do not matter; choices that are under 60 of 100 alike are left out.
    """
    from rapidfuzz import fuzz, process

    ranked = process.extract(name, list(choices), scorer=fuzz.WRatio, processor=_folded, limit=n, score_cutoff=60)
    return [choice for choice, _, _ in ranked]


def _folded(name: str) -> str:
    return " ".join(name.casefold().replace("-", " ").replace("_", " ").split())
