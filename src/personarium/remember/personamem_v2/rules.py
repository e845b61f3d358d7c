"""Writing the memory without a model: plain statements and typed turns, each with its holder.

A typed turn is an observation that says in ``meta`` what it tells, with the benchmark's own field names: ``preference``, ``who``,
``updated`` and ``prev_pref``, ``pref_type``.

Source: personamem-v2 page, "Works when" 6 and Traps (a friend's preference stored as the user's is a typical error).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from personarium.remember.keeping import same_words
from personarium.remember.personamem_v2.bullets import Bullet
from personarium.remember.personamem_v2.writing import Version
from personarium.remember.reading import Claim, read_claims
from personarium.remember.records import Observation
from personarium.text.similarity import content_stems

SELF = frozenset({"", "user", "self", "me", "myself", "the user"})
_FORGET = re.compile(
    r"\b(?:forget|delete|remove|do not remember|don['’]t remember|erase)\s+(?:everything\s+|what\s+I\s+said\s+)?"
    r"(?:(?:that|about|of)\s+)?(?P<what>[^.!?]{2,200})",
    re.IGNORECASE,
)
_YES = frozenset({"true", "1", "yes"})


@dataclass(slots=True)
class _Pages:
    """The memory while it is written; no entry ever goes that does not stand in a version."""

    bullets: list[Bullet]
    saved: frozenset[str]
    versions: list[Version]
    read: list[str]
    unsaved: bool = False

    def put(self, bullet: Bullet, one: Observation) -> None:
        """Add an entry; one that is there has one more source."""
        for k, held in enumerate(self.bullets):
            if held.holder == bullet.holder and same_words(held.text) == same_words(bullet.text):
                self.bullets[k] = replace(held, sources=tuple(dict.fromkeys((*held.sources, *bullet.sources))))
                break
        else:
            self.bullets.append(bullet)
        self.unsaved = True
        self.read.append(one.id)

    def take_back(self, gone: Sequence[Bullet], one: Observation) -> None:
        """Remove entries; when one of them is in no version yet, what stood there until now becomes one."""
        if not gone:
            return
        if any(held.text not in self.saved for held in gone):
            self.save()
        self.bullets = [held for held in self.bullets if held not in gone]
        self.unsaved = True
        self.read.append(one.id)

    def save(self) -> None:
        """Keep the memory as a version."""
        read = tuple(dict.fromkeys(self.read))
        self.versions.append(Version(tuple(self.bullets), read, read[-1] if read else ""))
        self.saved = frozenset(held.text for held in self.bullets)
        self.unsaved = False
        self.read = []


def write_by_rules(before: Sequence[Bullet], new: Sequence[Observation]) -> list[Version]:
    """The versions of a memory that plain rules make of new observations; empty when nothing changes.

    A version is made at the end, and before that where an entry is taken back that was new: so every value that was ever
    held stands in one.
    """
    pages = _Pages(list(before), frozenset(held.text for held in before), [], [])
    for one in new:
        if "preference" in one.meta:
            _typed(pages, one)
            continue
        if one.speaker != "user":
            continue
        _forget(pages, one)
        told = replace(one, text=_FORGET.sub(" ", one.text))  # a wish to forget tells nothing
        for claim in read_claims([told]):
            _claim(pages, claim, one)
    if pages.unsaved:
        pages.save()
    return pages.versions


def _typed(pages: _Pages, one: Observation) -> None:
    """A typed turn."""
    text = str(one.meta["preference"]).strip()
    who = " ".join(str(one.meta.get("who") or "").split()).casefold()
    holder = "user" if who in SELF else who
    old = str(one.meta.get("prev_pref") or "") if _is_yes(one.meta.get("updated")) else ""
    asked_to_forget = "forget" in str(one.meta.get("pref_type") or "").casefold()
    out = {same_words(value) for value in (old, text if asked_to_forget else "") if value.strip()}
    gone = [held for held in pages.bullets if held.holder == holder and same_words(held.value) in out]
    pages.take_back(gone, one)
    if text and not asked_to_forget:
        pages.put(Bullet(text if holder == "user" else f"{holder}: {text}", (one.id,), "", holder, text), one)


def _claim(pages: _Pages, claim: Claim, one: Observation) -> None:
    """A plain statement."""
    mine = [held for held in pages.bullets if held.holder == claim.holder]
    same = same_words(claim.value)
    if claim.change == "ends":
        ended = [held for held in mine if same_words(held.value) == same and claim.key in ("", held.key)]
        pages.take_back(ended, one)
        return
    instead = same_words(claim.instead_of)
    old = [held for held in mine if instead and same_words(held.value) == instead]
    if claim.key and claim.single:
        old += [held for held in mine if held.key == claim.key and same_words(held.value) != same and held not in old]
    key = claim.key or next((held.key for held in old), "")
    pages.take_back(old, one)
    pages.put(Bullet(_in_words(claim, key), (one.id,), key, claim.holder, claim.value), one)


def _forget(pages: _Pages, one: Observation) -> None:
    """A request to forget: every entry that has all of its content words, or whose value it names."""
    for found in _FORGET.finditer(one.text):
        wanted = set(content_stems(found["what"])) - {"like", "lov", "enjoy", "prefer", "favourit", "favorit"}
        gone = [held for held in pages.bullets if wanted and wanted <= set(content_stems(held.text))]
        gone += [held for held in pages.bullets if (v := set(content_stems(held.value))) and v <= wanted]
        pages.take_back(gone, one)


def _in_words(claim: Claim, key: str) -> str:
    """A statement as an entry: ``drink: tea``, ``sister's drink: cocoa``; the sentence itself where there is no matter."""
    label = key.rpartition(".")[2].replace("_", " ")
    whose = "" if claim.holder == "user" else f"{claim.holder}'s "
    return f"{whose}{label}: {claim.value}" if label else claim.sentence


def _is_yes(value: object) -> bool:
    return value is True or str(value).strip().casefold() in _YES
