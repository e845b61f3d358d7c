"""Typed writing: what a model wants to keep goes into its own store, or into quarantine with the reason.

Source: PersonaVLM (arXiv 2604.13074), four memory types; personavlm page, steps 1 and 3, statement 5.
Differs: the operations and their rules are not published. Here: add, update, delete, ignore; an entry names the words that it
rests on, and is refused when nobody said them.
Units: times in seconds since 1970 (UTC); dates as YYYY-MM-DD.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from personarium.core.errors import shorten
from personarium.core.results import Failure
from personarium.remember.keeping import same_words
from personarium.remember.records import LONGEST_NAME, Fact, Observation, Operation
from personarium.remember.strategy import UserView
from personarium.text.similarity import content_stems, letters_and_digits

STORES = ("core", "semantic", "episodic", "procedural")
WISHES = ("add", "update", "delete", "ignore")
MEDIA = "media"  # where an observation and an entry keep references to pictures; the pictures themselves are not read
MOST_CHARACTERS = 2000  # of one entry


class _Refused(Exception):
    """Why an entry is not written; it never leaves this module."""


@dataclass
class Desk:
    """The stores while a batch of edits is written: what was there, and what the batch itself has changed.

    Args:
        held: Id -> entry that holds now, in the order of recording; ``+2`` is the entry that operation 2 makes.
        operations: The edits so far.
        quarantined: What could not be written, with the reasons.
        ignored: Entries that said themselves that nothing is to be kept.
    """

    held: dict[str, Fact]
    operations: list[Operation] = field(default_factory=list)
    quarantined: list[Failure] = field(default_factory=list)
    ignored: int = 0

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> Desk:
        """A desk with these entries."""
        return cls({fact.id: fact for fact in facts})

    def write(self, entries: Sequence[Any], talk: Sequence[Observation], where: str) -> None:
        """Write the entries of one reply; one that cannot be used is put into quarantine, and the others are written.

        Args:
            entries: Mappings with ``action``, ``store``, ``target``, ``topic``, ``memory``, ``date`` and ``quote``.
            talk: The observations that they were read from.
            where: Name of the talk, for the quarantine.
        """
        for number, entry in enumerate(entries):
            try:
                self._write(entry, talk)
            except _Refused as refusal:
                raw = (shorten(entry, 500),)
                self.quarantined.append(Failure("unparsed", str(refusal), f"{where}, entry {number}", raw))

    def _write(self, entry: Any, talk: Sequence[Observation]) -> None:
        if not isinstance(entry, Mapping):
            raise _Refused("an entry is no object")
        action = _word(entry, "action")
        if action not in WISHES:
            raise _Refused(f"the action is none of {', '.join(WISHES)}")
        if action == "ignore":
            self.ignored += 1
            return
        source = _source(_text(entry, "quote"), talk)
        if action == "add":
            self._add(entry, source)
        else:
            self._change(action, entry, source)

    def _add(self, entry: Mapping[str, Any], source: Observation) -> None:
        kind = _word(entry, "store")
        if kind not in STORES:
            raise _Refused(f"the store is none of {', '.join(STORES)}")
        text, key = _memory(entry), _text(entry, "topic")[:LONGEST_NAME]
        key = "" if key.casefold() == "none" else key
        at = source.at if kind != "episodic" else _date(entry)
        same = next((one for one in self.held.values() if _is_same(one, kind, text)), None)
        if same is not None:
            self._confirm(same, source)
            return
        attributes = _media(source)
        operation = Operation("add", "", kind, key, text, "user", at, (source.id,), attributes=attributes)
        self._hold(operation, Fact("", kind, key, text, valid_from=at, evidence=(source.id,), attributes=attributes))

    def _change(self, action: str, entry: Mapping[str, Any], source: Observation) -> None:
        target = _text(entry, "target").strip("[]")
        old = self.held.get(target)
        if old is None:
            raise _Refused(f"no entry that holds is called {shorten(target, 40)}")
        if action == "delete":
            del self.held[target]
            self.operations.append(Operation("delete", target, at=source.at, evidence=(source.id,)))
            return
        if _word(entry, "store") not in ("", "none", old.kind):
            raise _Refused(f"entry {target} is in the store {old.kind}")
        text = _memory(entry)
        at = _date(entry) if old.kind == "episodic" else source.at
        evidence: tuple[str, ...] = (source.id,)
        if _taken_over(text, old, source):  # words of the old entry live on, and so must its sources
            evidence = tuple(dict.fromkeys((*old.evidence, source.id)))
        attributes = {**old.attributes, **_media(source)}
        del self.held[target]
        operation = Operation(
            "update", target, old.kind, old.key, text, old.holder, at, evidence, attributes=attributes
        )
        self._hold(operation, replace(old, text=text, valid_from=at, evidence=evidence, replaces=target))

    def _confirm(self, same: Fact, source: Observation) -> None:
        if source.id not in same.evidence:
            self.held[same.id] = replace(same, evidence=(*same.evidence, source.id))
            self.operations.append(Operation("mark", same.id, evidence=(source.id,)))

    def _hold(self, operation: Operation, fact: Fact) -> None:
        id = f"+{len(self.operations)}"
        self.operations.append(operation)
        self.held[id] = replace(fact, id=id)


def kept_by(view: UserView, strategy: str, *kinds: str, ended: bool = False) -> list[Fact]:
    """Entries of a strategy's kinds that it keeps itself, or that somebody has put right by hand, in the order of recording."""
    return [one for one in view.facts(*kinds, ended=ended) if one.strategy in ("", strategy)]


def in_time_order(facts: Iterable[Fact]) -> list[Fact]:
    """Entries by the time since when they hold, those of one time in the order of recording."""
    return sorted(facts, key=lambda one: one.recorded_at if one.valid_from is None else one.valid_from)


def _is_same(one: Fact, kind: str, text: str) -> bool:
    return one.kind == kind and one.holder == "user" and same_words(one.text) == same_words(text)


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def _word(entry: Mapping[str, Any], name: str) -> str:
    return _text(entry, name).casefold()


def _memory(entry: Mapping[str, Any]) -> str:
    text = _text(entry, "memory")
    if not text or len(text) > MOST_CHARACTERS:
        raise _Refused(f"the memory is not a text of 1 to {MOST_CHARACTERS} characters")
    return text


def _date(entry: Mapping[str, Any]) -> float:
    try:
        return datetime.strptime(_text(entry, "date")[:10], "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise _Refused("an episodic entry needs its date as YYYY-MM-DD") from None


def _source(quote: str, talk: Sequence[Observation]) -> Observation:
    """The last message that holds the quoted words, whatever their case, spacing and punctuation."""
    wanted = letters_and_digits(quote)
    found = [one for one in talk if wanted and wanted in letters_and_digits(one.text)]
    if not found:
        raise _Refused("the quoted words were not said in this talk")
    return found[-1]


def _media(source: Observation) -> dict[str, list[str]]:
    references = source.meta.get(MEDIA)
    kept = [one for one in references if isinstance(one, str)] if isinstance(references, list) else []
    return {MEDIA: kept} if kept else {}


def _taken_over(text: str, old: Fact, source: Observation) -> bool:
    """Whether a new text, or the key that it keeps, has content of the old entry that the message does not have itself."""
    said = set(content_stems(source.text))
    kept = (set(content_stems(text)) & set(content_stems(old.text))) | set(content_stems(old.key))
    return bool(kept - said)
