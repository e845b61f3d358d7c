"""Readers of the answer letter: the published scorer, which looks at the gold letter, and one that does not.

Source: personamem page, step 6 and "Works when" 1 (official ``inference_standalone_openai.py``).
Differs: the house prompt ends with ``Final answer: (b)``; that cue is read as the published token ``<final_answer>`` is. A reply
that opens by declining, and marks no answer, is a refusal, whatever letters stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from personarium.text.holes import Unparsed
from personarium.text.refusals import is_refusal

LETTERS = "abcd"
LONGEST = 200_000  # characters of a reply that are read, its last ones
_TOKEN = re.compile(r"<final_answer>|\bfinal answer[ \t*_]{0,4}:", re.IGNORECASE)
_CLOSING = "</final_answer>"
_IN_PARENTHESES = re.compile(r"\(([a-d])\)")
_ALONE = re.compile(r"\b([a-d])\b")


def letters_in(text: str) -> frozenset[str]:
    """The letters (a) to (d) in parentheses, in either case; only if there are none, those that stand alone."""
    lower = text.lower()
    return frozenset(_IN_PARENTHESES.findall(lower) or _ALONE.findall(lower))


def marked_answer(reply: str) -> str:
    """What follows the last ``<final_answer>``, without a closing tag; the whole reply where there is no such token."""
    tail = _TOKEN.split(reply[-LONGEST:])[-1].strip()
    return tail.removesuffix(_CLOSING).strip()


def read_answer(reply: str, options: Sequence[str] = LETTERS) -> str | Unparsed:
    """The gold-free reader: the only letter behind the token, else the only letter of the whole reply.

    The article "a" counts as a letter where none stands in parentheses: a known weakness that is kept, for without it the
    bare answer "a" could not be read.
    """
    text = reply[-LONGEST:]
    if not _TOKEN.search(text) and is_refusal(reply):
        return Unparsed("the reply declines", reply)
    for part in (marked_answer(text), text):
        found = letters_in(part)
        if len(found) == 1:
            letter = next(iter(found))
            return letter if LETTERS.index(letter) < len(options) else Unparsed(f"({letter}) is not offered", reply)
    return Unparsed("the reply has no letter, or several", reply)


def right_as_published(reply: str, gold: str) -> bool:
    """The published scorer: the letters behind the token, or those of the whole reply, are exactly the gold one.

    Because it tries twice with the gold letter at hand, it can call two different letters right.
    """
    text = reply[-LONGEST:]
    return letters_in(marked_answer(text)) == {gold} or letters_in(text) == {gold}


def read_as_published(reply: str, gold: str) -> str | Unparsed:
    """The letter that the published scorer's verdict amounts to: the gold one where it says right."""
    return gold if right_as_published(reply, gold) else read_answer(reply)
