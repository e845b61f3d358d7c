"""Where the sentences of a text begin and end."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A sentence ends at . ! or ? before a blank and a capital letter or digit (or, in a card, a name that is still a macro);
# not after initials and common titles.
_END = re.compile(
    r"[.!?][\"'”’)]?\s+(?=[\"'“‘(]?(?:[^\W_a-z]|(?i:\{\{(?:char|user)\}\}|<(?:char|user|bot)>)))",
)
_TITLE = re.compile(r"(?:^|[\s(])(?:[A-Z]|Dr|Mr|Mrs|Ms|Prof|St|Sr|Jr|Mt|vs|No|approx|e\.g|i\.e)\.$")


# What str.splitlines splits at, with the blanks behind it; found one at a time, so that a text of a million lines takes
# no room.
_BREAK = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")


def line_spans(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Start and end (exclusive) of every line of a text, or of a part of it, with the blanks and blank lines behind it."""
    end = len(text) if end is None else end
    while start < end:
        found = _BREAK.search(text, start, end)
        stop = found.end() if found else end
        yield start, stop
        start = stop


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end (exclusive) of every sentence and line of a text, blanks around them left out, in order.

    What looks like a title or an initial ends no sentence; no sentence goes over a line break.
    """
    for at, stop in line_spans(text):
        line = text[at:stop]
        start = 0
        for end in _END.finditer(line):
            if not _TITLE.search(line[max(start, end.start() - 9) : end.start() + 1]):
                yield from _stripped(text, at + start, at + end.end())
                start = end.end()
        yield from _stripped(text, at + start, stop)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What stands from ``start`` to ``end`` without the blanks around it, if there is anything else."""
    said = text[start:end]
    kept = said.strip()
    if kept:
        start += len(said) - len(said.lstrip())
        yield start, start + len(kept)
