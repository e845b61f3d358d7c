"""Which readings hold: a later "moved to" or "no longer" ends an earlier value, and a statement is kept once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from personarium.core.facets import Facet
from personarium.core.persona import DESCRIPTION
from personarium.judges.extraction.record import pointer
from personarium.judges.extraction.statements import QUOTED, Reading
from personarium.judges.extraction.vocabulary import vocabulary


def holding(readings: Iterable[Reading], text: str) -> tuple[list[Reading], list[str]]:
    """The readings that hold, and a note for each that a later one ended.

    An ended value keeps its path with ``until`` when the year is known; otherwise the statement stays as a description
    that says "Formerly". "I used to live in Rome" says so itself and is quoted.
    """
    kept: list[Reading] = []
    notes: list[str] = []
    by_path: dict[str, list[int]] = {}
    gone: set[int] = set()
    for reading in readings:
        for index in _ended_by(reading, kept, by_path):
            kept[index] = _formerly(kept[index], reading, text)
            gone.add(kept[index].quote[0])
            notes.append(f"{reading.path}: {text[slice(*kept[index].place)]!r} was ended by a later statement")
        if reading.kind == "ended" and reading.until is None:
            continue  # its clause is quoted
        if reading.path != DESCRIPTION:
            by_path.setdefault(reading.path, []).append(len(kept))
        kept.append(reading)
    stale = [r for r in kept if not (r.path == DESCRIPTION and not r.kind and r.quote[0] in gone)]
    return stale, notes


def _ended_by(reading: Reading, kept: list[Reading], by_path: dict[str, list[int]]) -> list[int]:
    """The earlier readings that this one ends; each is looked at once, so that the whole stays linear."""
    row = vocabulary().paths.get(reading.path)
    if reading.kind not in ("ended", "update") or row is None:
        return []
    earlier = by_path.get(reading.path, [])
    if reading.kind == "update":
        ends = [] if row.several else [k for k in earlier if kept[k].kind != "ended" and kept[k].value != reading.value]
        if not row.several:
            by_path[reading.path] = []
        return ends
    same = [k for k in earlier[-8:] if _folded(kept[k].value) == _folded(reading.value) and kept[k].kind != "ended"]
    by_path[reading.path] = [k for k in earlier[-8:] if k not in same]
    return same


def _folded(value: str | tuple[str, ...]) -> str:
    return " ".join(str(value).lower().split())


def _formerly(old: Reading, new: Reading, text: str) -> Reading:
    year = new.until if new.kind == "ended" else new.since
    if year is not None:
        return replace(old, kind="ended", until=year)
    return Reading(DESCRIPTION, f"Formerly: {text[slice(*old.quote)]}", old.place, old.quote, QUOTED, "ended")


def as_facets(readings: Iterable[Reading], text: str, where: str) -> tuple[Facet, ...]:
    """Readings as facets; the same path and value is one facet with the evidence of all."""
    found: dict[tuple[str, str], Facet] = {}
    for reading in readings:
        key = (reading.path, f"{_folded(reading.value)}|{reading.until}")
        evidence = pointer(where, reading.quote)
        old = found.get(key)
        if old is not None:
            proofs = old.evidence if evidence in old.evidence[-1:] else (*old.evidence[:63], evidence)
            found[key] = replace(old, evidence=proofs, confidence=max(old.confidence, reading.confidence))
            continue
        found[key] = _facet(reading, text, evidence)
    counts: dict[str, int] = {}
    out = []
    for facet in found.values():
        counts[facet.path] = number = counts.get(facet.path, 0) + 1
        out.append(replace(facet, id=facet.path if number == 1 else f"{facet.path}#{number}"))
    return tuple(out)


def _quoted(reading: Reading, text: str) -> str:
    return " ".join(text[slice(*reading.quote)].split())


def _facet(reading: Reading, text: str, evidence: str) -> Facet:
    said = None
    if reading.kind == "ended" and reading.path != DESCRIPTION:  # "You live in Rome" would be wrong now
        said = f"Until {reading.until}: {_quoted(reading, text)}"
    elif reading.whole:
        said = _quoted(reading, text)
    return Facet(
        "",
        reading.path,
        reading.value,
        "extracted",
        (evidence,),
        reading.confidence,
        reading.since if reading.since != reading.until else None,
        reading.until,
        text=said,
    )
