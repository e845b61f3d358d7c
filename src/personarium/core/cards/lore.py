"""Lorebooks at work: which entries of a book a dialogue calls up, why, and which ones the token budget leaves out.

A pure function of book, dialogue and options: what matched in earlier turns is worked out again from the history and never
stored with the dialogue.

Source: Character Card V3 specification, Lorebook Fields and Decorators; V2 for ``selective`` and ``token_budget``.
Differs: where the specification leaves the choice to the application, ours is written at the constants and methods below.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from personarium.core.cards.decorators import Decorators
from personarium.core.cards.lore_entries import Entry, EntryReader
from personarium.core.cards.lore_keys import PATTERN_TEXT
from personarium.core.cards.lorebook import read_book
from personarium.core.cards.macros import Macros
from personarium.core.dialogue import Dialogue
from personarium.core.facets import Value
from personarium.core.tokens import estimate_tokens

if TYPE_CHECKING:
    from personarium.core.cards.record import Card

MAX_NOTES = 200
_MOMENTS = 4_096  # earlier turns whose matches are remembered

Cause = Literal["constant", "activate", "before", "key"]


@dataclass(frozen=True, slots=True)
class Active:
    """An entry that matches, and why.

    Args:
        entry: Which one.
        text: Its content with macros replaced.
        cause: ``key``; ``constant`` (field or decorator); ``activate`` (``@@activate``); ``before``
            (``@@keep_activate_after_match``).
        key: With cause ``key``, the key as the book writes it.
        message: With cause ``key``, the index of the message it stands in; None when it stands in another entry.
        by: The index of that other entry.
    """

    entry: Entry
    text: str
    cause: Cause
    key: str = ""
    message: int | None = None
    by: int | None = None


@dataclass(frozen=True, slots=True)
class Activated:
    """What a scan found.

    Args:
        entries: What goes into the prompt, in insertion order; entries without content are not among them.
        dropped: What the token budget left out, first dropped first.
        tokens: Estimate for ``entries``, 4 characters a token.
        disabled: The prompts that ``@@disable_ui_prompt`` switches off.
        notes: What the scan did not look at.
    """

    entries: tuple[Active, ...] = ()
    dropped: tuple[Active, ...] = ()
    tokens: int = 0
    disabled: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def indices(self) -> tuple[int, ...]:
        """The places of the entries in the book, in insertion order."""
        return tuple(active.entry.index for active in self.entries)


@dataclass(frozen=True, slots=True)
class _Moment:
    """The dialogue as it stood before one turn of the character."""

    texts: Sequence[str]
    own: int  # messages of the character among them
    greeting: int
    user_icon: str | None
    macros: Macros
    before: frozenset[int] = frozenset()  # entries that matched in an earlier turn


class _Why(NamedTuple):
    cause: Cause
    key: int = -1
    message: int | None = None
    by: int | None = None


class Lorebook:
    """A lorebook ready to be scanned; make it once and scan it at every turn.

    Args:
        book: A ``character_book`` with its required fields filled (:func:`fill_book`).
        char: What ``{{char}}`` stands for in keys and contents.
        user: What ``{{user}}`` stands for.
        seed: Of random macros.

    Raises:
        InvalidInput: When it has more than 100,000 different keys.
    """

    def __init__(self, book: Mapping[str, Value], *, char: str = "", user: str = "User", seed: int = 0) -> None:
        self.book = book
        self.macros = Macros(char, user, seed=seed)
        reader = EntryReader(self.macros)
        self.entries = tuple(reader.read(n, raw, book.get("scan_depth")) for n, raw in enumerate(book["entries"]))
        self.notes = _bounded(reader.notes)
        self._index, self._written = reader.index, reader.written
        self._index.build()
        self.recursive = book.get("recursive_scanning") is True  # undefined: the application decides, ours does not
        ordered = sorted(self.entries, key=lambda entry: (entry.order, entry.index))
        self._rank = {entry.index: rank for rank, entry in enumerate(ordered)}
        self._recalls = {e.index: self._index.hits(e.content) for e in self._enabled if self.recursive and _still(e)}
        self._before: OrderedDict[bytes, frozenset[int]] = OrderedDict()

    @classmethod
    def of(cls, card: Card | Mapping[str, Value], *, user: str = "User", seed: int = 0) -> Lorebook:
        """The lorebook of a card (empty when it has none), or a filled ``character_book``."""
        if isinstance(card, Mapping):
            return cls(card, user=user, seed=seed)
        return cls(card.book or {"entries": ()}, char=card.called, user=user, seed=seed)

    def __len__(self) -> int:
        return len(self.entries)

    def scan(self, dialogue: Dialogue, speaker: str, *, greeting: int = 0, user_icon: str | None = None) -> Activated:
        """The entries that the dialogue calls up for the character's next turn.

        Only what was said is looked at, never a name, and patterns look at the last 5,000 characters of each message.

        Args:
            dialogue: What was said so far.
            speaker: The character's id in it.
            greeting: Which greeting began it, for ``@@is_greeting`` (0 is ``first_mes``).
            user_icon: Name of the user's icon, for ``@@is_user_icon``; None ignores that decorator.
        """
        texts = [u.text for u in dialogue.utterances]
        own = [u.speaker == speaker for u in dialogue.utterances]
        now = self._moment(texts, own, len(texts), greeting, user_icon)
        if self._stateful:
            now = replace(now, before=self._matched_before(texts, own, now))
        return self._within_budget(self._matches(now), now)

    # -- what is worked out once ---------------------------------------------------------------------------------------

    @cached_property
    def _stateful(self) -> frozenset[int]:
        """Entries that depend on earlier turns."""
        return frozenset(
            e.index for e in self._enabled if e.said.keep_activate_after_match or e.said.dont_activate_after_match
        )

    @cached_property
    def _enabled(self) -> tuple[Entry, ...]:
        return tuple(e for e in self.entries if e.enabled)

    @cached_property
    def _unkeyed(self) -> tuple[int, ...]:
        """Entries that can match without any key."""
        return tuple(
            e.index for e in self._enabled if e.constant or e.said.activate or e.said.keep_activate_after_match
        )

    @cached_property
    def _keyed(self) -> dict[int, list[int]]:
        """Number of a key -> the entries that it can make match."""
        found: dict[int, list[int]] = {}
        for e in self._enabled:
            for key in dict.fromkeys((*e.keys, *(e.secondary or ()), *(k for some in e.additional for k in some))):
                found.setdefault(key, []).append(e.index)
        return found

    @cached_property
    def _deepest(self) -> int:
        return max((e.scan_depth for e in self._enabled), default=0)

    # -- scanning ------------------------------------------------------------------------------------------------------

    def _moment(
        self, texts: Sequence[str], own: Sequence[bool], end: int, greeting: int, user_icon: str | None
    ) -> _Moment:
        count = sum(own[:end])
        return _Moment(texts[:end], count, greeting, user_icon, replace(self.macros, turn=count))

    def _matched_before(self, texts: Sequence[str], own: Sequence[bool], now: _Moment) -> frozenset[int]:
        """The stateful entries that matched before any earlier turn of the character.

        Every utterance of the character but one that opens the dialogue was a turn: the opening one is the greeting,
        which no prompt was made for. The specification's "more than once" is read as its concepts page has it, "after a
        match".
        """
        matched: frozenset[int] = frozenset()
        trail = hashlib.blake2b(repr((now.greeting, now.user_icon)).encode("utf-8", "replace"), digest_size=16)
        for end, (text, is_own) in enumerate(zip(texts, own, strict=True)):
            if is_own and end:
                key = trail.digest()
                found = self._before.get(key)
                if found is None:
                    then = self._moment(texts, own, end, now.greeting, now.user_icon)
                    matches = self._matches(replace(then, before=matched))
                    found = self._before[key] = matched | (self._stateful & matches.keys())
                    if len(self._before) > _MOMENTS:
                        self._before.popitem(last=False)
                matched = found
            trail.update(b"%d%d:" % (is_own, len(text)))
            trail.update(text.encode("utf-8", "replace"))
        return matched

    def _matches(self, moment: _Moment) -> dict[int, _Why]:
        """All entries that match, in the order in which they were found: by index, then what those call up."""
        seen = _Seen(len(moment.texts))
        first = max(0, len(moment.texts) - self._deepest)
        for place in range(len(moment.texts) - 1, first - 1, -1):
            seen.in_message(self._index.hits(moment.texts[place]), place)
        found: dict[int, _Why] = {}
        waiting = {*self._unkeyed, *self._called_by(seen.messages)}
        while waiting:
            fresh = {}
            for index in sorted(waiting):
                why = _why(self.entries[index], seen, moment)
                if why is not None:
                    fresh[index] = why
            found |= fresh
            if not self.recursive:
                break
            waiting = {*self._called_by(self._recalled(fresh, seen, moment))} - found.keys()
        return found

    def _called_by(self, keys: Iterable[int]) -> Iterator[int]:
        for key in keys:
            yield from self._keyed.get(key, ())

    def _recalled(self, fresh: Iterable[int], seen: _Seen, moment: _Moment) -> Iterator[int]:
        """Keys that stand in the contents of entries just found, and were in no content before."""
        scanning = replace(moment.macros, scanning=True)
        for index in fresh:
            keys = self._recalls.get(index)
            if keys is None:
                keys = self._index.hits(scanning.expand(self.entries[index].content))
            for key in keys:
                if key not in seen.contents:
                    seen.contents[key] = index
                    yield key

    def _within_budget(self, matches: Mapping[int, _Why], now: _Moment) -> Activated:
        """What goes into the prompt, and what the book's token budget leaves out of it."""
        matching = self._ordered(matches, now)
        kept = [active for active in matching if active.text.strip()]
        dropped = _over(kept, self.book.get("token_budget"))
        gone = {active.entry.index for active in dropped}
        entries = tuple(active for active in kept if active.entry.index not in gone)
        tokens = sum(estimate_tokens(active.text) for active in entries)
        switched = (a.entry.said.disable_ui_prompt for a in matching if a.entry.index not in gone)
        return Activated(entries, dropped, tokens, frozenset(name for name in switched if name), self._not_seen(now))

    def _ordered(self, matches: Mapping[int, _Why], now: _Moment) -> list[Active]:
        """The matching entries in insertion order, with the text that they come to in this turn."""
        expand, written = now.macros.expand, self._written
        ordered = ((self.entries[n], matches[n]) for n in sorted(matches, key=self._rank.__getitem__))
        return [
            Active(entry, expand(entry.content), why.cause, written.get(why.key, ""), why.message, why.by)
            for entry, why in ordered
        ]

    def _not_seen(self, now: _Moment) -> tuple[str, ...]:
        if not self._index.has_patterns:
            return ()
        first = max(0, len(now.texts) - self._deepest)
        long = [n for n in range(first, len(now.texts)) if len(now.texts[n]) > PATTERN_TEXT]
        return tuple(f"message {n}: patterns looked at its last {PATTERN_TEXT:,} characters" for n in long)


def load_lorebook(path: str | Path, *, char: str = "", user: str = "User", seed: int = 0) -> Lorebook:
    """A lorebook from a file of its own (``{"spec": "lorebook_v3", "data": ...}``); arguments as for :class:`Lorebook`.

    Raises:
        NotFound: When there is no such file.
        InvalidInput: Naming file and field, when it is larger than 16 MiB or no such lorebook.
    """
    book, notes = read_book(path)
    lorebook = Lorebook(book, char=char, user=user, seed=seed)
    lorebook.notes = (*notes, *lorebook.notes)
    return lorebook


def _over(entries: Sequence[Active], budget: float | None) -> tuple[Active, ...]:
    """The entries to drop so that the others fit, first dropped first."""
    tokens = sum(estimate_tokens(active.text) for active in entries)
    dropped: list[Active] = []
    if budget is not None and tokens > budget:
        for active in drop_order(entries):
            if tokens <= budget:
                break
            dropped.append(active)
            tokens -= estimate_tokens(active.text)
    return tuple(dropped)


def drop_order(entries: Iterable[Active]) -> list[Active]:
    """What is left out first when there is too little room: lowest priority, then highest insertion order."""
    return sorted(entries, key=lambda a: (a.entry.priority, -a.entry.order, -a.entry.index))


@dataclass(slots=True)
class _Seen:
    """Where keys were seen: the latest message, and the first entry whose content has them."""

    count: int
    messages: dict[int, int] = field(default_factory=dict)
    contents: dict[int, int] = field(default_factory=dict)

    def in_message(self, keys: Iterable[int], place: int) -> None:
        for key in keys:
            self.messages.setdefault(key, place)

    def place(self, key: int, depth: int) -> tuple[int | None, int | None]:
        """The message within the last ``depth`` ones, or the entry, that has the key."""
        message = self.messages.get(key)
        return (
            (message, None) if message is not None and message >= self.count - depth else (None, self.contents.get(key))
        )

    def first(self, keys: Iterable[int], depth: int) -> int | None:
        """The first of the keys that was seen."""
        oldest = max(0, self.count - depth)
        for key in keys:
            if self.messages.get(key, -1) >= oldest or key in self.contents:
                return key
        return None

    def allows(self, entry: Entry) -> bool:
        """Whether ``@@additional_keys`` and ``@@exclude_keys`` let the entry match."""
        depth = entry.scan_depth
        if any(self.first(keys, depth) is None for keys in entry.additional):
            return False
        return self.first(entry.excluded, depth) is None


def _why(entry: Entry, seen: _Seen, moment: _Moment) -> _Why | None:
    """Why an enabled entry matches; None when it does not.

    What the specification wants in any case goes first, the forbidding before the commanding:
    ``@@dont_activate_after_match``, ``@@activate``, ``@@dont_activate``, ``@@keep_activate_after_match``.
    """
    said, again = entry.said, entry.index in moment.before
    if said.dont_activate_after_match and again:
        return None
    if said.activate:
        return _Why("activate")
    if said.dont_activate:
        return None
    if said.keep_activate_after_match and again:
        return _Why("before")
    if not _may(said, moment) or ((entry.additional or entry.excluded) and not seen.allows(entry)):
        return None
    if entry.constant:
        return _Why("constant")
    key = seen.first(entry.keys, entry.scan_depth)
    if key is None or (entry.secondary is not None and seen.first(entry.secondary, entry.scan_depth) is None):
        return None
    return _Why("key", key, *seen.place(key, entry.scan_depth))


def _may(said: Decorators, moment: _Moment) -> bool:
    """Whether greeting, turn and user icon let an entry match."""
    if said.is_greeting is not None and said.is_greeting != moment.greeting:
        return False
    if said.activate_only_after is not None and moment.own < said.activate_only_after:
        return False
    if said.activate_only_every is not None and moment.own % said.activate_only_every:
        return False
    return said.is_user_icon is None or moment.user_icon is None or said.is_user_icon == moment.user_icon


def _still(entry: Entry) -> bool:
    """Whether macros cannot change the entry's content."""
    return "{{" not in entry.content and "<" not in entry.content


def _bounded(notes: list[str]) -> tuple[str, ...]:
    more = len(notes) - MAX_NOTES
    return (*notes[:MAX_NOTES], *([f"entries: {more:,} more notes"] if more > 0 else []))
