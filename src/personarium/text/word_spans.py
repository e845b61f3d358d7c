"""Where the words of a text stand in it, the same words that a search compares."""

from __future__ import annotations

from personarium.text.tokenise import APOSTROPHES, word_pattern, words


def word_spans(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The words of a text as :func:`personarium.text.tokenise.words` gives them, and where each begins and ends in it.

    Words are folded one by one, so that a character that is only taken apart by folding (``½``) parts no words here.
    """
    found: list[str] = []
    spans: list[tuple[int, int]] = []
    plain = text if text.isascii() else text.translate(APOSTROPHES)  # one character for one: the places stay
    for one in word_pattern().finditer(plain):
        written = one[0]
        for word in (written.lower().removesuffix("'s"),) if written.isascii() else words(written):
            found.append(word)
            spans.append(one.span())
    return found, spans
