"""What keeps a report a file that a phone can open; everything left out is counted, never dropped in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

# Items of one section; docs/report.md lists them.
SECTION_LIMIT = 100
ROWS = 500
MARKS = 200  # bars and dots
UNITS = 500  # single units behind one dot
LINES = 12
POINTS = 500
BINS = 200
ANSWERS = 100
DIALOGUES = 20
TURNS = 200
EXAMPLES = 50
PROMPTS = 40
MESSAGES = 24
SMALL = 60  # raw replies, facts, reasons, columns: things that come by the handful
NOTICES = 20
# Characters.
LABEL = 200
ONE_TEXT = 8_000
ALL_TEXTS = 3_000_000
AFTER_ALL = 200
PAGE = 16_000_000  # the section that passes it is the last


@dataclass(frozen=True, slots=True)
class Taken(Generic[T]):
    """The first items of a sequence, and how many there were."""

    items: Sequence[T]
    total: int

    @property
    def left_out(self) -> int:
        """How many are not shown."""
        return self.total - len(self.items)


def take(items: Sequence[T], limit: int, total: int | None = None) -> Taken[T]:
    """At most ``limit`` items; ``total`` is how many there are where ``items`` are already a selection."""
    return Taken(items[:limit], max(total or 0, len(items)))


class Clip:
    """Cuts long texts, and all texts once a page is full; each cut says how many characters are missing.

    Args:
        budget: Characters of all texts together.
    """

    def __init__(self, budget: int = ALL_TEXTS) -> None:
        self._left = budget

    def __call__(self, text: str, limit: int = ONE_TEXT) -> str:
        """The text, or its beginning and what is missing."""
        allowed = min(limit, self._left) if self._left > AFTER_ALL else min(limit, AFTER_ALL)
        shown = text[:allowed]
        self._left -= len(shown)
        missing = len(text) - len(shown)
        return f"{shown}… [{missing:,} more characters in the run folder]" if missing else shown
