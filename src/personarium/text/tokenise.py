"""A text as the words a search compares: plain ASCII words, or words of any language."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_ASCII_WORD = re.compile(r"[a-z0-9]+")
APOSTROPHES = str.maketrans(dict.fromkeys("‘’ʼ′´＇", "'"))
# Scripts whose words are not parted by blanks: each character is a token. Thai, Lao, Burmese, Khmer; kana; Han (with the
# extensions); and Hangul, where the particles cling to their word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
_UNSPACED += "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_MARKS = ((0x300, 0x3100), (0xA600, 0xAC00), (0xFB00, 0xFE30))  # where the combining marks of living scripts stand


def ascii_words(text: str) -> list[str]:
    """The runs of a-z and 0-9 of the lower-cased text, in order; every other character parts words.

    Source: PersonaBench page (arXiv 2502.20616), statement 4.
    """
    return _ASCII_WORD.findall(text.lower())


def words(text: str) -> list[str]:
    """The words of a text in any language, in order, so that the same word is the same token however it is typed.

    Letters and digits (with their combining marks) make a word; compatibility forms are folded (NFKC) and case is folded.
    All apostrophes are one; within a word they belong to it (``don't``), and an ending ``'s`` is dropped (``Ana's`` meets
    ``Ana``). Where a script sets no blanks between words (Chinese, Japanese, Thai, ...), and in Korean, whose particles
    cling to the word, each character is a token.
    """
    if text.isascii():
        plain = text.lower()
    else:
        plain = unicodedata.normalize("NFKC", text.translate(APOSTROPHES)).casefold()
    return [found.removesuffix("'s") for found in word_pattern().findall(plain)]


@cache
def word_pattern() -> re.Pattern[str]:
    """What counts as one word of :func:`words`; for those who need its place as well."""
    marks = "".join(
        re.escape(chr(code))
        for start, stop in _MARKS
        for code in range(start, stop)
        if unicodedata.category(chr(code)).startswith("M")
    )
    spaced = rf"(?:(?![{_UNSPACED}])[^\W_][{marks}]*)+"
    return re.compile(rf"[{_UNSPACED}](?<![\W_])[{marks}]*|{spaced}(?:'{spaced})*")
