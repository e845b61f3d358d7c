"""Recall with both time axes: what holds now, what held before it, and questions about what was.

Source: PersonaVLM (arXiv 2604.13074), four memory types; personavlm page, step 1, statement 3 (preference drift).
Differs: how the paper ranks entries is not published; here the house's hybrid search finds them, and an entry brings the
version before it with it, and the date on which that ended.
Units: times in seconds since 1970 (UTC).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from personarium.remember.personavlm.retrieval import line_of, was_never_right
from personarium.remember.personavlm.writing import STORES, kept_by
from personarium.remember.recollection import day
from personarium.remember.records import Fact, Observation
from personarium.remember.replay import ARCHIVED
from personarium.remember.strategy import SAID, Hit, Recalled, UserView

WIDTH = 10  # hits that are looked at for each entry wanted
EARLIER = 1  # earlier versions that an entry brings with it
TYPED = "fact"  # the kind of what the user states as a fact, without any strategy
_PAST = re.compile(
    r"\b(?:use(?:d)? to|formerly|former|previous(?:ly)?|in the past|back then|no longer|any ?more)\b", re.IGNORECASE
)


def asks_for_past(query: str) -> bool:
    """Whether a question is about what was ("what did I use to like")."""
    return _PAST.search(query) is not None


def recall_entries(view: UserView, query: str, k: int, strategy: str, said: bool) -> list[Recalled]:
    """The entries for a query, best first, each followed by what it took the place of last.

    An utterance that is found stands for the entries that came of it. A question about what was gets what has ended, the latest
    first when none of it shares anything with the question. What was said and went into no entry counts only if ``said``.
    """
    if k <= 0:
        return []
    shelf = _Shelf.of(view, strategy)
    every = len(view.facts(*STORES, TYPED, ended=True)) + len(view.observations())
    found: list[Recalled] = []
    for width in (WIDTH * k, every):  # the wider search is needed only when many hits are of one matter
        hits = view.search(query, width, (*STORES, TYPED, SAID), ended=True)
        found = _found(shelf, hits, asks_for_past(query), said)
        if len(found) >= k or len(hits) < width:
            break
    return found[:k]


def _found(shelf: _Shelf, hits: Sequence[Hit], past: bool, said: bool) -> list[Recalled]:
    ended = list(shelf.ended(hits)) if past else []
    found = ended or list(shelf.held(hits))
    beside = [(hit.entry, hit) for hit in hits if isinstance(hit.entry, Observation)]
    return found + [_said(one, hit) for one, hit in beside if said and one.id not in shelf.cited]


def core_entries(view: UserView, strategy: str, most: int) -> list[Recalled]:
    """Who the person is: the latest entries of the core store, oldest first."""
    facts = sorted(kept_by(view, strategy, "core"), key=lambda one: one.valid_from or one.recorded_at)
    return [_recalled(one, "who the user is", None) for one in facts[-most:]] if most else []


def _entries(view: UserView, strategy: str) -> Iterator[Fact]:
    for one in kept_by(view, strategy, *STORES, TYPED, ended=True):
        if not was_never_right(one) and ARCHIVED not in one.attributes:
            yield one


@dataclass(frozen=True)
class _Shelf:
    """The entries by id, which took the place of which, and which came of an utterance."""

    facts: Mapping[str, Fact]
    later: Mapping[str, Fact]
    cited: Mapping[str, Sequence[Fact]]

    @classmethod
    def of(cls, view: UserView, strategy: str) -> _Shelf:
        facts = {one.id: one for one in _entries(view, strategy)}
        cited: dict[str, list[Fact]] = {}
        for one in facts.values():
            for source in one.evidence:
                cited.setdefault(source, []).append(one)
        return cls(facts, {one.replaces: one for one in facts.values() if one.replaces}, cited)

    def versions(self, one: Fact) -> list[Fact]:
        """All versions of an entry, the newest first."""
        while one.id in self.later:
            one = self.later[one.id]
        chain = [one]
        while chain[-1].replaces in self.facts:
            chain.append(self.facts[chain[-1].replaces])
        return chain

    def held(self, hits: Sequence[Hit]) -> Iterator[Recalled]:
        """What holds, each with the version before it; then what has ended without a successor."""
        over: list[Recalled] = []
        seen: set[str] = set()
        for hit, one in self._meant(hits):
            chain = self.versions(one)
            if chain[0].id in seen:
                continue
            seen.add(chain[0].id)
            shown = [_recalled(version, _why(version, hit), hit) for version in chain[: 1 + EARLIER]]
            if chain[0].current:
                yield from shown
            else:
                over += shown
        yield from over

    def ended(self, hits: Sequence[Hit]) -> Iterator[Recalled]:
        """What has ended of what was found, else all that has ended, the latest first."""
        found = {
            one.id: (one, hit) for hit, any_ in self._meant(hits) for one in self.versions(any_) if not one.current
        }
        if found:
            yield from (_recalled(one, "asked for what was", hit) for one, hit in found.values())
            return
        ended = [one for one in self.facts.values() if not one.current]
        for one in sorted(ended, key=lambda one: one.valid_to or 0.0, reverse=True):
            yield _recalled(one, "asked for what was", None)

    def _meant(self, hits: Sequence[Hit]) -> Iterator[tuple[Hit, Fact]]:
        for hit in hits:
            if hit.entry.id in self.facts:
                yield hit, self.facts[hit.entry.id]
            else:
                yield from ((hit, one) for one in self.cited.get(hit.entry.id, ()))


def _why(one: Fact, hit: Hit) -> str:
    if one.id == hit.entry.id:
        parts = sorted(hit.parts.items(), key=lambda part: -part[1])
        return "found by " + ", ".join(f"{name} {value:.2f}" for name, value in parts if value > 0)
    return f"came of {hit.entry.id}" if hit.entry.id in one.evidence else f"another version of what {hit.entry.id} says"


def _recalled(one: Fact, reason: str, hit: Hit | None) -> Recalled:
    if one.valid_to is not None:
        reason = f"{reason}; held until {day(one.valid_to)}"
    text = line_of(replace(one, valid_from=None, valid_to=None))
    text = text if one.valid_to is None else f"no longer, until {day(one.valid_to)}: {text}"
    score, parts = (0.0, {}) if hit is None else (hit.score, hit.parts)
    return Recalled(text, reason, score, one.kind, (one.id,), one.evidence, one.valid_from, parts)


def _said(one: Observation, hit: Hit) -> Recalled:
    ids = (one.id,)
    return Recalled(
        f"{one.speaker}: {one.text}", "was said, and is in no entry", hit.score, SAID, ids, ids, one.at, hit.parts
    )
