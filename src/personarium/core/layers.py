"""Layers of a persona, from general to specific, and the rule by which they stack into one.

Source: rpla-survey page, point 7 (the laboratory's own rule).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from personarium.core.errors import InvalidInput
from personarium.core.facets import (
    Facet,
    Value,
    freeze,
    mapping,
    one_of,
    rethrow,
    split_fields,
    text,
    texts,
    thaw,
    unique,
)

LayerKind = Literal["demographic", "character", "individualized", "session"]
LAYER_KINDS: tuple[str, ...] = get_args(LayerKind)  # from general to specific; rpla-survey page, point 7


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a persona can know and must keep to itself.

    Args:
        known_topics: The only topics it knows; None restricts nothing.
        unknown_topics: Topics it knows nothing of.
        time_limit: Last year it can know of (BC negative); None for no limit.
        never_disclose: Topics it must not tell.
        extra: Fields that this version does not know; kept and written back.
    """

    known_topics: tuple[str, ...] | None = None
    unknown_topics: tuple[str, ...] = ()
    time_limit: int | None = None
    never_disclose: tuple[str, ...] = ()
    extra: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = "knowledge"
        if self.known_topics is not None:
            object.__setattr__(self, "known_topics", unique(texts(self.known_topics, where, "known_topics")))
        for name in ("unknown_topics", "never_disclose"):
            object.__setattr__(self, name, unique(texts(getattr(self, name), where, name)))
        if isinstance(self.time_limit, bool) or not isinstance(self.time_limit, (int, type(None))):
            raise InvalidInput(where, "a whole year, BC negative", self.time_limit, "time_limit")
        object.__setattr__(self, "extra", freeze(dict(self.extra), where, "extra"))

    def merge(self, other: Knowledge) -> Knowledge:
        """The scope of both: known topics by intersection, limits by the earliest, the rest by union."""
        if self.known_topics is None or other.known_topics is None:
            known = self.known_topics if other.known_topics is None else other.known_topics
        else:
            known = tuple(t for t in self.known_topics if t in other.known_topics)
        limits = [y for y in (self.time_limit, other.time_limit) if y is not None]
        return Knowledge(
            known,
            (*self.unknown_topics, *other.unknown_topics),
            min(limits) if limits else None,
            (*self.never_disclose, *other.never_disclose),
            {**self.extra, **other.extra},
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; what is at its default is left out."""
        out: dict[str, Any] = thaw(self.extra)
        if self.known_topics is not None:
            out["known_topics"] = list(self.known_topics)
        if self.unknown_topics:
            out["unknown_topics"] = list(self.unknown_topics)
        if self.time_limit is not None:
            out["time_limit"] = self.time_limit
        if self.never_disclose:
            out["never_disclose"] = list(self.never_disclose)
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "knowledge", at: str = "knowledge") -> Knowledge:
        """Read what :meth:`to_dict` wrote; raises InvalidInput naming ``where`` and the field."""
        names = ("known_topics", "unknown_topics", "time_limit", "never_disclose")
        known, extra = split_fields(mapping(data, where, at), names)
        return rethrow(lambda: cls(**known, extra=extra), where, at)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a stack.

    Args:
        name: What conflicts call it.
        kind: ``demographic`` < ``character`` < ``individualized`` < ``session``.
        facets: Its statements. Several facets of one path stand or fall together.
        knowledge: Its knowledge scope.
        extra: Fields that this version does not know; kept and written back.
    """

    name: str
    kind: LayerKind
    facets: tuple[Facet, ...] = ()
    knowledge: Knowledge = field(default_factory=Knowledge)
    extra: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        text(self.name, "layer", "name")
        one_of(self.kind, LAYER_KINDS, f"layer {self.name}", "kind")
        object.__setattr__(self, "facets", with_ids(self.facets, f"layer {self.name}"))
        object.__setattr__(self, "extra", freeze(dict(self.extra), f"layer {self.name}", "extra"))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        out = {**thaw(self.extra), "name": self.name, "kind": self.kind, "facets": [f.to_dict() for f in self.facets]}
        return out if self.knowledge == Knowledge() else {**out, "knowledge": self.knowledge.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "layer", at: str = "layer") -> Layer:
        """Read what :meth:`to_dict` wrote; raises InvalidInput naming ``where`` and the field."""
        known, extra = split_fields(mapping(data, where, at), ("name", "kind", "facets", "knowledge"))
        for name in ("name", "kind"):
            if name not in known:
                raise InvalidInput(where, f"a layer with a {name}", field=f"{at}.{name}")
        known["facets"] = read_facets(known.get("facets", []), where, f"{at}.facets")
        known["knowledge"] = Knowledge.from_dict(known.get("knowledge", {}), where, f"{at}.knowledge")
        return rethrow(lambda: cls(**known, extra=extra), where, at)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one layer says of one path: its value, with where it is from."""

    layer: str
    kind: str
    value: Value
    source: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """A path for which two layers have different values; ``winner`` is one of ``claims``."""

    path: str
    claims: tuple[Claim, ...]
    winner: Claim

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "path": self.path,
            "values": [_claim_dict(c) for c in self.claims],
            "winner": _claim_dict(self.winner),
        }


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a stack comes to: the facets and knowledge that hold, and every conflict there was."""

    facets: tuple[Facet, ...]
    knowledge: Knowledge
    conflicts: tuple[Conflict, ...]


def stack(layers: Sequence[Layer]) -> Resolution:
    """Merge layers from general to specific, path by path.

    A later value replaces an earlier one if it is declared, or if the earlier one is not declared and the later
    confidence is not lower. Every path with two different values is a conflict, whoever wins. Known topics merge by
    intersection, time limits by the earliest, what must not be disclosed by union (a path that any layer keeps secret
    stays secret).

    Args:
        layers: In any order of kinds; layers of one kind stack in the order given.

    Source: rpla-survey page, point 7 (the laboratory's own rule).
    """
    ordered = sorted(layers, key=lambda layer: LAYER_KINDS.index(layer.kind))
    claims: dict[str, list[tuple[Claim, tuple[Facet, ...]]]] = {}
    knowledge = Knowledge()
    for layer in ordered:
        knowledge = knowledge.merge(layer.knowledge)
        for path, facets in _by_path(layer.facets).items():
            claims.setdefault(path, []).append((_claim(layer, facets), facets))
    kept: list[Facet] = []
    conflicts: list[Conflict] = []
    for path, entries in claims.items():
        winner, facets = _winner(entries)
        kept += _keep_secrets(facets, entries)
        if any(claim.value != winner.value for claim, _ in entries):
            conflicts.append(Conflict(path, tuple(claim for claim, _ in entries), winner))
    return Resolution(with_ids(kept, "stack", repair=True), knowledge, tuple(conflicts))


def _winner(entries: Sequence[tuple[Claim, tuple[Facet, ...]]]) -> tuple[Claim, tuple[Facet, ...]]:
    best = entries[0]
    for entry in entries[1:]:
        earlier, later = best[0], entry[0]
        if later.source == "declared" or (earlier.source != "declared" and later.confidence >= earlier.confidence):
            best = entry
    return best


def _keep_secrets(facets: Iterable[Facet], entries: Sequence[tuple[Claim, tuple[Facet, ...]]]) -> list[Facet]:
    if not any(f.secret for _, group in entries for f in group):
        return list(facets)
    return [replace(f, visibility="never_disclose") for f in facets]


def _by_path(facets: Iterable[Facet]) -> dict[str, tuple[Facet, ...]]:
    groups: dict[str, tuple[Facet, ...]] = {}
    for facet in facets:
        groups[facet.path] = (*groups.get(facet.path, ()), facet)
    return groups


def _claim(layer: Layer, facets: tuple[Facet, ...]) -> Claim:
    """What a layer says of a path; several facets of one path count by their best source and confidence."""
    value = facets[0].value if len(facets) == 1 else tuple(f.value for f in facets)
    declared = [f for f in facets if f.source == "declared"]
    source = "declared" if declared else facets[0].source
    return Claim(layer.name, layer.kind, value, source, max(f.confidence for f in declared or facets))


def _claim_dict(claim: Claim) -> dict[str, Any]:
    return {
        "layer": claim.layer,
        "kind": claim.kind,
        "value": thaw(claim.value),
        "source": claim.source,
        "confidence": claim.confidence,
    }


def with_ids(facets: Iterable[Facet], where: str, repair: bool = False) -> tuple[Facet, ...]:
    """The facets with an id each: a facet without one is called by its path, ``#2`` and so on when repeated.

    Raises:
        InvalidInput: When two facets carry the same id (with ``repair`` the later one gets a number instead).
    """
    facets = tuple(facets)
    taken: set[str] = set()
    for facet in facets:
        if not isinstance(facet, Facet):
            raise InvalidInput(where, "a Facet", facet, "facets")
        if facet.id and facet.id in taken and not repair:
            raise InvalidInput(where, "facet ids that differ", facet.id, "facets")
        taken.add(facet.id)
    if len(taken) == len(facets) and "" not in taken:
        return facets
    used: set[str] = set() if repair else taken - {""}
    out: list[Facet] = []
    for facet in facets:
        if facet.id and (not repair or facet.id not in used):
            out.append(facet)
        else:
            out.append(replace(facet, id=_free_id(facet.id or facet.path, used)))
        used.add(out[-1].id)
    return tuple(out)


def _free_id(wanted: str, used: set[str]) -> str:
    name, n = wanted, 1
    while name in used:
        n += 1
        name = f"{wanted}#{n}"
    return name


def read_facets(data: object, where: str, at: str) -> tuple[Facet, ...]:
    """A list of facet objects from a file."""
    if not isinstance(data, (list, tuple)):
        raise InvalidInput(where, "a list of facets", data, at)
    return tuple(Facet.from_dict(f, where, f"{at}[{i}]") for i, f in enumerate(data))
