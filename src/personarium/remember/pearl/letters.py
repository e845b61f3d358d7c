"""Readers of an answer's letter: the reference's, with its mistakes, and one that does not guess.

Source: PEARL official code; pearl page, step 9, statement 2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from personarium.text.choices import read_letter
from personarium.text.holes import Unparsed
from personarium.text.option_order import LETTERS

_READ = 8000  # characters of a reply's end; an answer stands there
_TAGGED = re.compile(r"<ans>([^<]{0,2000})</ans>", re.IGNORECASE)
_PUBLISHED_TAGS = re.compile(r"<ans>(.*?)</ans>", re.DOTALL)
_PUBLISHED_STOP = re.compile(r"(?<!\w)([A-Z])\.")
_PUBLISHED_ALONE = re.compile(r"(?<!\S)([A-D])(?!\S)")
# A capital that stands alone: no part of a word or of an abbreviation such as "U.S.".
_ALONE = re.compile(r"(?<![\w.'’])([A-Z])(?![\w'’])(?!\.\w)")
_SET_OFF = re.compile(r"\s{0,4}[)\].:,*]|\W*\Z")
_WORDS_BEHIND = re.compile(
    r"\s+(?!(?:or|and|but|nor|is|was|because|since|as)\b)[a-z]"
)  # "A man": an article, "I am": a pronoun
_DENIED = re.compile(r"\b(?:not|never|n't|n’t|nor|neither|except|than|rather)\s+[\"'(\[*]{0,3}\Z", re.IGNORECASE)


def published_letter(text: str) -> str:
    """As published: the first tag's first character in upper case, else the first capital before a full stop, else the
    first A to D standing alone; empty is wrong. "A man in a red coat" is A, "the U.S. flag, so B" is U.
    """
    tagged = _PUBLISHED_TAGS.search(text)
    if tagged:
        inner = tagged[1].strip().upper()
        return inner[0] if inner[:1].isalpha() else inner
    found = _PUBLISHED_STOP.search(text) or _PUBLISHED_ALONE.search(text)
    return found[1] if found else ""


def chosen_letter(text: str, options: Sequence[str] | int) -> str | Unparsed:
    """The letter that a reply chooses; where none is chosen for sure it is unparsed, never guessed.

    Read are, in this order: what stands in ``<ans></ans>``; the house's tolerant reader; and one offered letter that stands at
    the end or is set off by brackets, a colon or a comma, if no other offered letter stands alone anywhere.

    Args:
        text: The reply.
        options: The option texts in the order shown, or their number.
    """
    tagged = _TAGGED.findall(text)
    if tagged:
        return read_letter(tagged[-1], options)
    read = read_letter(text, options)
    if not isinstance(read, Unparsed):
        return read
    count = options if isinstance(options, int) else len(options)
    return _set_off(text[-_READ:], LETTERS[:count]) or read


def _set_off(text: str, letters: str) -> str:
    """The one offered letter that stands alone in a text, if it is set off where it stands; else nothing."""
    chosen: set[str] = set()
    marked = False
    for match in _ALONE.finditer(text):
        if match[1] not in letters or (match[1] in "AI" and _WORDS_BEHIND.match(text, match.end())):
            continue
        if _DENIED.search(text[max(0, match.start() - 20) : match.start()]):
            return ""
        chosen.add(match[1])
        marked = marked or bool(_SET_OFF.match(text, match.end()))
    return chosen.pop() if len(chosen) == 1 and marked else ""
