"""Clauses: cutting sentences into them and saying them in the first person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?]*")
# Blanks are bounded so that a hostile run of them costs linear time.
# Where one clause ends and the next begins: punctuation, a relative pronoun, or "and" before a verb or a new subject.
_CUT = re.compile(
    r"\s{0,4}[;:—–]\s+"
    r"|,\s+(?:and\s+|but\s+|who\s+|which\s+|while\s+|where\s+|currently\s+|now\s+(?=\w+ing\b))?"
    r"|\s{1,4}(?:who|which|but|while)\s+"
    r"|\s{1,4}and\s+(?=(?:\w+ing|i|he|she|they|you|my|is|are|was|has|have|had|loves?|likes?|enjoys?|hates?|works?|lives?|"
    r"plays?|spends?|collects?|speaks?|participates?|teaches|runs|also|currently|often|always|never|dreams?|hopes?|wants?"
    r"|believes?|owns?|dislikes?|volunteers?|studies|writes?|reads?|travels?|cooks?|wishes)\b)",
    re.I,
)
_SUBJECT = re.compile(
    r"^(?:and |but |also |so )*"
    r"(?P<subject>i|you|he|she|they|we|the (?:speaker|user|person|character|man|woman|persona))\b"
    r"(?P<short>['’](?:m|re|s|ve|d|ll))?\s*(?P<rest>.*)$",
    re.I | re.S,
)
_SHORT = {"m": "am", "re": "are", "s": "is", "ve": "have", "d": "would", "ll": "will"}
_NAMED = re.compile(r"^[A-Z][a-z]+(?: [A-Z][a-z]+)? (?P<rest>(?:is|was|has|had|[a-z]+s)\b.*)$", re.S)
_IRREGULAR = {"is": "am", "are": "am", "was": "was", "were": "was", "has": "have", "does": "do", "goes": "go"}
_NOT_VERBS = frozenset(
    {"always", "sometimes", "perhaps", "besides", "afterwards", "this", "as", "its", "his", "us", "less", "plus"}
)
_AUXILIARIES = frozenset(
    {"am", "have", "had", "do", "was", "will", "would", "can", "could", "should", "may", "might", "must"}
)
_MINE = (
    (re.compile(r"\b(?:himself|herself|themselves|yourself)\b", re.I), "myself"),
    (re.compile(r"\b(?:his|their|your|her(?= [a-z]))\b", re.I), "my"),
    (re.compile(r"\b(?:you|she|he) (?:are|is)\b"), "I am"),
    (re.compile(r"\b(?:you|she|he)(?= [a-z])"), "I"),
)
_PREPOSITIONS = frozenset({"from", "with", "in", "at", "of", "on", "without", "near"})
_VERBS = """
love like enjoy hate work live play spend collect speak have own believe dislike am was had can will want dream
hope prefer study write read travel cook teach run
"""
_FINITE = frozenset(_VERBS.split())


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every sentence of a text; a line end ends a sentence."""
    for match in _SENTENCE.finditer(text):
        if match.group().strip():
            yield match.span()


def clause_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and end of every clause of the sentence ``text[start:end]``."""
    at = start
    for cut in _CUT.finditer(text, start, end):
        if text[at : cut.start()].strip():
            yield at, cut.start()
        at = cut.end()
    if text[at:end].strip():
        yield at, end


@lru_cache(maxsize=8192)
def first_person(clause: str) -> str:
    """Say a clause of a description as a statement about oneself: ``loves hiking`` becomes ``I love hiking``."""
    bare = clause.strip().rstrip(".!?,;: ")
    subject = _SUBJECT.match(bare)
    named = _NAMED.match(bare)
    if re.match(r"(?:i\b|my\b|i['’])", bare, re.I):
        return "I" + bare[1:] if bare[:1] == "i" and not bare[:2].isalpha() else bare
    if subject:
        short = (subject["short"] or "")[1:].lower()
        rest = f"{_SHORT[short]} {subject['rest']}" if short else subject["rest"]
        return _mine(f"I {_verb_first(rest)}")
    if named:
        return _mine(f"I {_verb_first(named['rest'])}")
    if re.match(r"(?:his|her|their|your)\b", bare, re.I):
        return _mine(bare)
    return _mine(_without_subject(bare))


def _without_subject(bare: str) -> str:
    head, _, tail = bare.partition(" ")
    word = head.lower()
    if word in _IRREGULAR or word in _FINITE:
        return f"I {_verb_first(bare[:1].lower() + bare[1:])}"
    if tail and word.endswith("s") and word.isalpha() and not word.endswith(("ss", "us")) and word not in _NOT_VERBS:
        if head[:1].islower():
            return f"I {_verb_first(bare)}"
        return f"I know {bare}"
    if word.endswith("ing") and tail:
        return f"I am {word} {tail}"
    if word in _PREPOSITIONS or re.match(r"(?:an?|the)\b", word) or not tail:
        return f"I am {bare[:1].lower() + bare[1:] if word in _PREPOSITIONS or word in ('a', 'an', 'the') else bare}"
    return f"I am {bare}"


def _verb_first(rest: str) -> str:
    head, blank, tail = rest.partition(" ")
    word = head.lower()
    if word in _IRREGULAR:
        return f"{_IRREGULAR[word]}{blank}{tail}"
    if word in _AUXILIARIES or not word.endswith("s") or word.endswith(("ss", "us")):
        return rest
    return f"{_base(head)}{blank}{tail}"


def _base(verb: str) -> str:
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    if verb.endswith(("shes", "ches", "xes", "sses", "oes")):
        return verb[:-2]
    return verb[:-1]


def _mine(clause: str) -> str:
    for pattern, mine in _MINE:
        clause = pattern.sub(mine, clause)
    return clause
