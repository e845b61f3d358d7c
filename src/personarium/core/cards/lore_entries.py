"""The entries of a lorebook, each read once: its keys as numbers in an index, its decorators, what is left of its content.

Source: Character Card V3 specification, ``entries`` Fields. What needs an open choice there is decided so: a blank key
never matches, and one invalid pattern among an entry's keys makes that the entry's keys never match.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from personarium.core.cards.decorators import Decorators, read_decorators
from personarium.core.cards.lore_keys import KeyIndex, is_slashed, key_of
from personarium.core.cards.lorebook import POSITIONS
from personarium.core.cards.macros import Macros

# Messages that are scanned where neither entry nor book says how many; our choice, the specifications have none.
SCAN_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a lorebook, read once.

    Args:
        index: Its place in the book, from 0.
        enabled: One that is not never matches.
        content: What it adds to the prompt, decorators gone, macros as they stand.
        order: ``insertion_order``; lower stands earlier.
        priority: Lower is left out earlier when the budget is too small; 0 where the entry has none.
        position: ``before_char`` or ``after_char``.
        scan_depth: Last messages that its keys are looked for in.
        constant: Matches without any key.
        said: What its decorators say.
        keys: Numbers of its keys; with ``secondary`` one of those is needed too.
        secondary: Numbers of the secondary keys; None when the entry is not selective.
        additional: Of each ``@@additional_keys`` one is needed.
        excluded: None of these may be there.
    """

    index: int
    enabled: bool
    content: str
    order: float
    priority: float
    position: str
    scan_depth: int
    constant: bool
    said: Decorators
    keys: tuple[int, ...]
    secondary: tuple[int, ...] | None
    additional: tuple[tuple[int, ...], ...]
    excluded: tuple[int, ...]

    @property
    def source(self) -> str:
        """What spans of a prompt call it: the id of the card's facet, counted from 1."""
        return f"card.lorebook.{self.index + 1}"


class EntryReader:
    """Reads the entries of one book.

    Args:
        macros: What stands for macros in plain keys.

    Attributes:
        index: Has all keys of the entries that were read.
        written: Number of a key -> the key as the book writes it.
        notes: What was ignored, one sentence each.
    """

    def __init__(self, macros: Macros) -> None:
        self.macros = macros
        self.index = KeyIndex()
        self.written: dict[int, str] = {}
        self.notes: list[str] = []

    def read(self, index: int, raw: Mapping[str, Any], book_depth: float | None) -> Entry:
        """One entry with its required fields filled; ``book_depth`` is the book's own ``scan_depth``."""
        said, content, ignored = read_decorators(raw["content"])
        self.notes += (f"entries[{index}]: {note}" for note in ignored)
        use_regex = raw["use_regex"]
        keys, valid = self._numbers(raw["keys"], index, raw)
        selective = raw.get("selective") is True and raw.get("secondary_keys") and not use_regex
        return Entry(
            index=index,
            enabled=raw["enabled"],
            content=content,
            order=raw["insertion_order"],
            priority=raw.get("priority", 0),
            position=raw["position"] if raw.get("position") in POSITIONS else POSITIONS[0],
            scan_depth=_first_of(said.scan_depth, book_depth, SCAN_DEPTH),
            constant=(said.constant or raw.get("constant") is True) and not use_regex,
            said=said,
            keys=keys if valid else (),
            secondary=self._numbers(raw["secondary_keys"], index, raw)[0] if selective else None,
            additional=tuple(self._all_or_none(keys, index, raw) for keys in said.additional_keys),
            excluded=() if use_regex else self._numbers(said.exclude_keys, index, raw)[0],
        )

    def _all_or_none(self, written: Iterable[str], index: int, raw: Mapping[str, Any]) -> tuple[int, ...]:
        numbers, valid = self._numbers(written, index, raw)
        return numbers if valid else ()

    def _numbers(self, written: Iterable[str], index: int, raw: Mapping[str, Any]) -> tuple[tuple[int, ...], bool]:
        """Numbers of the keys, each once, and whether every pattern among them is valid."""
        found: dict[int, None] = {}
        valid = True
        for text in written:
            number, is_pattern = self._number(text, raw)
            if number is not None:
                self.written.setdefault(number, text)
                found[number] = None
            elif is_pattern:
                valid = False
                self.notes.append(f"entries[{index}]: not a pattern that RE2 reads and has room for: {text[:60]!r}")
            elif text.strip():
                self.notes.append(f"entries[{index}]: one long key too many, not looked for: {text[:60]!r}")
        return tuple(found), valid

    def _number(self, written: str, raw: Mapping[str, Any]) -> tuple[int | None, bool]:
        use_regex = raw["use_regex"]
        is_pattern = use_regex or is_slashed(written)
        shown = written if is_pattern else self.macros.expand(written)
        whole = raw["extensions"].get("match_whole_words") is True  # as several programs write it
        key = key_of(shown, use_regex, raw.get("case_sensitive"), whole)
        return (None, False) if key is None else (self.index.add(key), is_pattern)


def _first_of(said: int | None, book: float | None, otherwise: int) -> int:
    return said if said is not None else max(0, int(book)) if book is not None else otherwise
