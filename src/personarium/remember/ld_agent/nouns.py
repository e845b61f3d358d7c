"""Which nouns a text holds, without a tagger: closed word lists, endings, and the word before.

A plain rule: a word is a noun unless a list or its ending says that it is something else; words that are verbs and nouns alike
("walk", "dream") are decided by the word before them. It knows everyday English only, takes unknown words for nouns, and does
not disambiguate further. Against the tagger of spaCy's small English model on 283 user messages of the MemoryBank data that were
not looked at while the lists were written: precision 0.90, recall 0.88 (common nouns; missed most often: "today"). Any callable
``text -> set of lemmas`` can take its place (a part-of-speech tagger, for instance).

Source: the laboratory's own (``lexicon.toml``); the code of LD-Agent uses a statistical tagger, ld-agent page, steps 1 and 2.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

Nouns = Callable[[str], "set[str]"]

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|[.!?:;,\n]")
_ENDS = frozenset(".!?:;\n")
_VERB_ENDINGS = ("ize", "ise", "ify")
_ADJECTIVE_ENDINGS = ("ful", "less", "ous", "able", "ible", "ive", "al", "ic", "ish", "iest", "ent", "ate")
_LEAST = 3  # letters of a word that an ending can be cut from


def find_nouns(text: str, *, proper: bool = True) -> set[str]:
    """The nouns of a text as lemmas, lower case.

    Args:
        text: English text.
        proper: Whether names count too (capital letters inside a sentence); as published they do not.
    """
    return {lemma for lemma, name in _nouns(text) if proper or not name}


def common_nouns(text: str) -> set[str]:
    """The nouns of a text without names: the published choice."""
    return find_nouns(text, proper=False)


def lemma(word: str) -> str:
    """The singular of a noun; a word that is none, or is the same in both numbers, stays."""
    word = word.lower()
    known = _lexicon()["plurals"].get(word)
    if known is not None:
        return known
    if len(word) <= _LEAST or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if word.endswith("oes") and len(word) > 4:
        return word[:-2]
    return word[:-1]


def _nouns(text: str) -> Iterator[tuple[str, bool]]:
    before = ""
    for found in _WORD.finditer(text):
        word = found[0]
        if word in _ENDS or word == ",":
            before = "" if word in _ENDS else ","
            continue
        plain = word.replace("’", "'")
        lower = plain.lower()
        name = before != "" and plain[:1].isupper() and lower not in _set("function") and not lower.startswith("i'")
        base = plain.removesuffix("'s").removesuffix("'S").lower()
        if name:
            yield base, True
        elif "'" not in base and _is_noun(base, before):
            yield lemma(base), False
        before = lower


def _is_noun(word: str, before: str) -> bool:
    if len(word) < 2 or word in _set("function"):
        return False
    single = lemma(word)
    if single in _set("nouns"):
        return not (word.endswith("ing") and before in _set("before_ing"))
    if word in _set("both") or (single in _set("both") and word not in _set("verb_forms")):
        return _by_the_word_before(single, word, before)
    if word in _set("adverbs") or word in _set("adjectives") or word in _set("verbs") or word in _set("verb_forms"):
        return False
    return not _is_verb_form(word) and not _is_modifier(word)


def _by_the_word_before(single: str, word: str, before: str) -> bool:
    """Whether a word that is verb and noun alike is a noun here."""
    if before in _set("before_verb") or (word != single and before in {"", *_set("before_s")}):
        return False
    if before in _set("before_noun") or before in _set("adjectives") or _is_modifier(before):
        return True
    return single in _set("mostly_nouns") and (word == single or before != "")


def _is_verb_form(word: str) -> bool:
    """An inflected verb of the list, or a word with the ending of a verb."""
    if word.endswith(_VERB_ENDINGS) and len(word) > 5:
        return True
    for ending in ("ing", "ed", "es", "s"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 2 and _stems_of(rest) & _set("verbs"):
            return True
    return word.endswith(("ing", "ed")) and len(word) > 4 and any(letter in "aeiouy" for letter in word[:-3])


def _stems_of(rest: str) -> set[str]:
    """The first forms that a verb without its ending may have: ``lov``, ``stopp``, ``stud(i)``."""
    forms = {rest, rest + "e"}
    if len(rest) > 2 and rest[-1] == rest[-2]:
        forms.add(rest[:-1])
    if rest.endswith("i"):
        forms.add(rest[:-1] + "y")
    return forms


def _is_modifier(word: str) -> bool:
    """An adverb or adjective by its ending."""
    if word in _set("nouns") or len(word) <= 4:
        return False
    return word.endswith("ly") or word.endswith(_ADJECTIVE_ENDINGS)


@lru_cache(maxsize=1)
def _lexicon() -> Mapping[str, Mapping[str, str]]:
    table = tomllib.loads((files(__package__) / "lexicon.toml").read_text(encoding="utf-8"))
    words = {name: dict.fromkeys(text.split(), "") for name, text in table.items() if isinstance(text, str)}
    return {**words, "plurals": dict(table["plurals"])}


@lru_cache(maxsize=16)
def _set(name: str) -> frozenset[str]:
    return frozenset(_lexicon()[name])
