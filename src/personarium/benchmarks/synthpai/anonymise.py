"""Anonymised copies of authors: what an anonymiser takes out is put to the same test as the plain comments.

Source: synthpai page, "Works when" 7 and "Published figures" (GPT-4 after commercial anonymisation). The anonymiser is the
user's own; a list of terms is the simplest one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from personarium.benchmarks.synthpai.data_format import Author

MARK = "[removed]"
MOST_TERMS = 10_000


def mask_terms(terms: Iterable[str], mark: str = MARK) -> Callable[[str], str]:
    """An anonymiser that replaces whole words or phrases, whatever their case.

    Args:
        terms: What to take out; the longest match counts.
        mark: What stands in its place.
    """
    listed = sorted({term.strip().casefold() for term in terms if term.strip()}, key=lambda t: (-len(t), t))[
        :MOST_TERMS
    ]
    if not listed:
        return lambda text: text
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, listed))})(?!\w)", re.IGNORECASE)
    return lambda text: pattern.sub(lambda _: mark, text)


def masked(authors: Sequence[Author], anonymiser: Callable[[str], str]) -> list[Author]:
    """The authors with every comment put through an anonymiser; labels stay, stored guesses and grades do not.

    Args:
        authors: Whom to hide.
        anonymiser: Text in, text out.
    """
    return [
        replace(
            author,
            comments=tuple(anonymiser(text) for text in author.comments),
            predictions={},
            grades={},
            row={
                **author.row,
                "comments": [
                    {**comment, "text": anonymiser(str(comment.get("text", "")))}
                    for comment in author.row.get("comments", [])
                ],
                "predictions": {},
                "evaluations": {},
            },
        )
        for author in authors
    ]
