"""What a recall gives: entries with reasons and sources, and the text that a prompt shows, inside its budget and its frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from personarium.core.tokens import estimate_tokens
from personarium.remember.strategy import Recalled
from personarium.text.blocks import block, blocks


@dataclass(frozen=True, slots=True)
class Recollection:
    """What was recalled for a query, best first.

    Args:
        query: What was asked; empty for what always stands in the prompt.
        items: The entries that fit the budget.
        left_out: How many more did not fit.
    """

    query: str
    items: tuple[Recalled, ...]
    left_out: int = 0

    @property
    def text(self) -> str:
        """One line an entry, with its date; nothing when nothing was recalled."""
        return "\n".join(line_of(item) for item in self.items)

    @property
    def tokens(self) -> int:
        """Tokens of :attr:`text`, by the rule of four characters a token."""
        return estimate_tokens(self.text)

    @property
    def block(self) -> str:
        """The text as a prompt shows it: inside a ``<memory>`` block that it cannot close; empty when there is nothing."""
        return block("memory", self.text) if self.items else ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form with reasons and sources."""
        shown = ("text", "reason", "score", "kind", "at")
        items = [
            {
                **{name: getattr(item, name) for name in shown},
                "ids": list(item.ids),
                "sources": list(item.sources),
                "parts": dict(item.parts),
            }
            for item in self.items
        ]
        return {"query": self.query, "items": items, "left_out": self.left_out, "tokens": self.tokens}


def within(query: str, found: Sequence[Recalled], budget_tokens: int | None) -> Recollection:
    """The entries that fit a budget, in their order; one that does not fit is left out, and smaller ones may follow it."""
    kept: list[Recalled] = []
    letters = 0
    for item in found:
        more = len(line_of(item)) + 1
        if budget_tokens is None or -(-(letters + more - 1) // 4) <= budget_tokens:
            kept.append(item)
            letters += more
    return Recollection(query, tuple(kept), len(found) - len(kept))


def line_of(item: Recalled) -> str:
    """An entry as the prompt shows it: its date, and its text on one line (line ends inside become blanks)."""
    text = " ".join(item.text.split())
    return f"- {text}" if item.at is None else f"- {day(item.at)}: {text}"


def day(at: float) -> str:
    """The date of a time, in UTC: ``2026-05-01``."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def without_recalled(text: str) -> str:
    """A text without the ``<memory>`` blocks in it: what was recalled is never taken for something new that was said."""
    if "<memory" not in text:
        return text
    kept: list[str] = []
    end = 0
    for found in blocks(text):
        if found.tag == "memory":
            kept.append(text[end : found.start])
            end = found.end
    return "".join([*kept, text[end:]]).strip() if kept else text
