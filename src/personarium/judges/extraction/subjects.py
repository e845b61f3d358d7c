"""Whom a text is about, and whether a clause speaks of that person or of somebody else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from personarium.judges.extraction.vocabulary import is_word
from personarium.text.similarity import STOP_WORDS

_KINDS = {
    "i": "I", "my": "I", "you": "you", "your": "you", "she": "she", "her": "she", "he": "he", "his": "he",
    "they": "they", "their": "they",
}  # fmt: skip
_FIRST = re.compile(
    r"\W{0,8}(?:(?:and|but|also|now|maybe|perhaps|probably|apparently|today|in [12]\d{3})\b,?\s)?([A-Za-z]{1,5})(?=[\s'’])",
    re.IGNORECASE,
)
# A pronoun, a macro or a name (and no article: "A loud chef"), directly before a blank or an apostrophe.
SUBJECT = re.compile(
    r"\W{0,8}(?:(?P<pronoun>[Ii]|[Yy]ou|[Ss]he|[Hh]e|[Tt]hey)|(?P<macro>\{\{char\}\}|<BOT>)"
    r"|(?P<name>(?!An?\s[a-z])[^\W\d_a-z][\w’'-]{0,40}(?:\s[^\W\d_a-z][\w-]{0,40}){0,2}))(?=[\s'’])",
)
POSSESSIVE = re.compile(
    r"\W{0,8}(?:(?P<pronoun>[Mm]y|[Yy]our|[Hh]er|[Hh]is|[Tt]heir)|(?P<macro>\{\{char\}\}|<BOT>)['’]s"
    r"|(?P<name>[^\W\d_a-z][\w-]{0,40}(?:\s[^\W\d_a-z][\w-]{0,40}){0,2})['’]s)\s"
)


@dataclass
class Subject:
    """The person that a text is about, as far as it has been read.

    Attributes:
        main: ``I``, ``you``, ``she``, ``he``, ``they``; "" when no sentence begins with a pronoun.
        name: The name that its sentences use, once one did.
    """

    main: str = ""
    name: str = ""

    def is_pronoun(self, word: str) -> bool:
        """Whether a pronoun (``I``, ``her``) means this person; where no sentence begins with one, the first does."""
        kind = _KINDS.get(word.lower(), "")
        self.main = self.main or kind
        return kind == self.main

    def is_name(self, name: str) -> bool:
        """Whether a name means this person: any name can be the first, then it is this one, whole or in part."""
        if self.main in ("I", "you"):
            return False
        words = name.split()
        if words[0].lower() in STOP_WORDS or is_word(words[0], "no_names"):
            return False
        return not self.name or words[0] in self.name.split() or self.name.split()[0] in words

    def owns(self, found: re.Match[str]) -> bool:
        """Whether the subject or possessive that was matched is this person."""
        if found["macro"]:
            return True
        return self.is_pronoun(found["pronoun"]) if found["pronoun"] else self.is_name(found["name"])


def subject_of(sentences: Iterable[str]) -> Subject:
    """Whom sentences are about: the pronoun that most of them begin with (the first one on a tie)."""
    first = (_FIRST.match(sentence) for sentence in sentences)
    counts = Counter(_KINDS[m[1].lower()] for m in first if m and m[1].lower() in _KINDS)
    return Subject(max(counts, key=counts.__getitem__) if counts else "")
