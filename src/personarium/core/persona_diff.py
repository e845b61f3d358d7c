"""What changed between two personas: facets added, removed and changed, and the persona's other fields.

Facets are paired by what they say first, then by path (of several sentences the most alike), so that a sentence put in at
the top does not make all the others look changed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from personarium.core.chat import canonical_json
from personarium.core.facets import Facet
from personarium.core.persona import Persona
from personarium.core.views import show_value

Change = Literal["same", "removed", "added"]
MOST_WORDS = 2000  # of a text that is compared word by word; longer ones are shown as replaced whole
MOST_COMPARISONS = 200_000  # of words with equal words, so that a text of one word over and over costs no more
MOST_CANDIDATES = 50  # facets of one path that a facet is compared with
ALIKE = 0.4  # share of words that two sentences must have in common to be one sentence changed
_WORD = re.compile(r"\s+|[^\W_]+|[\W_]", re.UNICODE)
_IDENTITY = ("id", "version", "parent_version")  # who the record is and how often it was edited; not what it says


@dataclass(frozen=True, slots=True)
class FacetChange:
    """One facet before and after, and the names of its fields that differ (``value``, ``confidence``, ...)."""

    before: Facet
    after: Facet
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of the persona (``flags.minor``) before and after, JSON-ready; None where it was not there."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class PersonaDiff:
    """What changed from one persona to another.

    Args:
        added: Facets of the second that the first has not.
        removed: Facets of the first that the second has not.
        changed: Facets of both that differ.
        fields: Fields of the persona itself that differ; id and version among them.
        unchanged: How many facets are the same.
        moved: Whether facets that both have stand in another order; views show them in order.
    """

    added: tuple[Facet, ...]
    removed: tuple[Facet, ...]
    changed: tuple[FacetChange, ...]
    fields: tuple[FieldChange, ...]
    unchanged: int
    moved: bool

    @property
    def equal(self) -> bool:
        """Whether the two say the same; id and version may differ."""
        told = [change for change in self.fields if change.name not in _IDENTITY]
        return not (self.added or self.removed or self.changed or told or self.moved)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "equal": self.equal,
            "added": [f.to_dict() for f in self.added],
            "removed": [f.to_dict() for f in self.removed],
            "changed": [
                {"before": c.before.to_dict(), "after": c.after.to_dict(), "fields": list(c.fields)}
                for c in self.changed
            ],
            "fields": [{"name": c.name, "before": c.before, "after": c.after} for c in self.fields],
            "unchanged": self.unchanged,
            "moved": self.moved,
        }


def diff_personas(before: Persona, after: Persona) -> PersonaDiff:
    """Compare two personas, facet by facet.

    Args:
        before: The first.
        after: The second.
    """
    pairs = _pairs(before.facets, after.facets)
    changes = [FacetChange(a, b, _fields(a, b)) for a, b in pairs]
    left, right = {id(a) for a, _ in pairs}, {id(b) for _, b in pairs}
    places = {id(facet): place for place, facet in enumerate(after.facets)}
    order = [places[id(b)] for _, b in pairs]
    return PersonaDiff(
        added=tuple(f for f in after.facets if id(f) not in right),
        removed=tuple(f for f in before.facets if id(f) not in left),
        changed=tuple(change for change in changes if change.fields),
        fields=_persona_fields(before, after),
        unchanged=sum(not change.fields for change in changes),
        moved=order != sorted(order),
    )


# How equal facets are paired, surest first; what is left is paired by path and likeness.
_KEYS: tuple[Callable[[Facet], Hashable], ...] = (
    lambda facet: canonical_json(facet.to_dict()),
    lambda facet: (facet.path, facet.text, canonical_json(facet.to_dict().get("value"))),
)


def _pairs(before: Sequence[Facet], after: Sequence[Facet]) -> list[tuple[Facet, Facet]]:
    """Facets of both that belong together, in the order of the first."""
    partner: dict[int, Facet] = {}
    taken: set[int] = set()
    for key in _KEYS:
        free = _groups([f for f in reversed(after) if id(f) not in taken], key)
        for facet in before:
            if id(facet) not in partner and (found := free.get(key(facet))):
                partner[id(facet)] = found.pop()
                taken.add(id(partner[id(facet)]))
    rest = _groups([f for f in after if id(f) not in taken], _path)
    repeated = {path for group in (before, after) for path, found in _groups(group, _path).items() if len(found) > 1}
    for facet in before:
        candidates = rest.get(facet.path, [])
        if id(facet) not in partner and candidates:
            best = _most_alike(facet, candidates) if facet.path in repeated else candidates[0]
            if best is not None:
                partner[id(facet)] = best
                candidates.remove(best)
    return [(facet, partner[id(facet)]) for facet in before if id(facet) in partner]


def _path(facet: Facet) -> Hashable:
    return facet.path


def _groups(facets: Sequence[Facet], key: Callable[[Facet], Hashable]) -> dict[Hashable, list[Facet]]:
    groups: dict[Hashable, list[Facet]] = defaultdict(list)
    for facet in facets:
        groups[key(facet)].append(facet)
    return groups


def _most_alike(facet: Facet, candidates: Sequence[Facet]) -> Facet | None:
    """The candidate that shares most words with the facet; None when the best shares under two fifths of them."""
    likeness = [(_likeness(facet, one), -place) for place, one in enumerate(candidates[:MOST_CANDIDATES])]
    share, place = max(likeness)
    return candidates[-place] if share >= ALIKE else None


def _likeness(one: Facet, other: Facet) -> float:
    a, b = set(_said(one)), set(_said(other))
    return len(a & b) / max(1, len(a | b)) + (0.1 if one.id == other.id else 0.0)


def _said(facet: Facet) -> list[str]:
    return f"{facet.text or ''} {show_value(facet.value)}"[:4000].lower().split()


def _fields(before: Facet, after: Facet) -> tuple[str, ...]:
    """Names of the fields that differ; the id alone is no difference, for it may only have been counted anew."""
    a, b = before.to_dict(), after.to_dict()
    names = dict.fromkeys([*a, *b])
    return tuple(n for n in names if n != "id" and canonical_json(a.get(n)) != canonical_json(b.get(n)))


def _persona_fields(before: Persona, after: Persona) -> tuple[FieldChange, ...]:
    a, b = before.to_dict(), after.to_dict()
    del a["facets"], b["facets"]
    return tuple(_leaves("", a, b))


def _leaves(name: str, before: Any, after: Any) -> Iterator[FieldChange]:
    """The smallest parts that differ: keys of objects and items of lists of one length, dots and brackets in the name."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            yield from _leaves(f"{name}.{key}" if name else key, before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _leaves(f"{name}[{place}]", one, other)
    elif canonical_json(before) != canonical_json(after):
        yield FieldChange(name, before, after)


def word_changes(before: str, after: str) -> list[tuple[Change, str]]:
    """Two texts as stretches of words that are the same, removed or added, in reading order.

    The stretches that are not ``added`` join to ``before``, those that are not ``removed`` to ``after``. Texts of more than
    2,000 words, and such as repeat one word without end, are taken as replaced whole.
    """
    a, b = _WORD.findall(before), _WORD.findall(after)
    if not _comparable(a, b):
        return [(kind, text) for kind, text in (("removed", before), ("added", after)) if text]  # type: ignore[misc]
    out: list[tuple[Change, str]] = []
    for operation, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if operation == "equal":
            out.append(("same", "".join(a[i:j])))
            continue
        out += [("removed", "".join(a[i:j]))] if i < j else []
        out += [("added", "".join(b[k:m]))] if k < m else []
    return out


def _comparable(a: list[str], b: list[str]) -> bool:
    if max(len(a), len(b)) > MOST_WORDS:
        return False
    counts: dict[str, int] = defaultdict(int)
    for word in b:
        counts[word] += 1
    return sum(counts.get(word, 0) for word in a) <= MOST_COMPARISONS
