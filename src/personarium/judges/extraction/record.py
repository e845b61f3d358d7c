"""What was read out of a text: facets, each with the exact place where it stands, and what could not be used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet
from personarium.core.persona import DESCRIPTION, Persona
from personarium.core.results import Failure

Place = tuple[int, int]  # start and end (exclusive), in characters of the text
_EVIDENCE = re.compile(r"\[(\d{1,12}):(\d{1,12})\]\Z")


@dataclass(frozen=True, slots=True)
class Extraction:
    """Facets read out of a text.

    Args:
        text: The text that was read.
        where: What the evidence calls it (a file's name).
        facets: In reading order; ``evidence`` holds ``where[start:end]``, exact characters of ``text``.
        method: ``rules``, or the model and the prompt's version.
        failures: Replies and entries that could not be used, each with its reason.
        notes: What was decided on the way, one sentence each (a statement that a later one replaced).
        covered: Share of the text's sentences that gave a facet with a path of its own (not ``description``); None for
            a text without sentences.
    """

    text: str = field(repr=False)
    where: str
    facets: tuple[Facet, ...]
    method: str
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    covered: float | None = None

    def places(self, facet: Facet) -> tuple[Place, ...]:
        """Where a facet stands in the text, as (start, end)."""
        return tuple(read_place(pointer) for pointer in facet.evidence)

    def quotes(self, facet: Facet) -> tuple[str, ...]:
        """The words that a facet was read from."""
        return tuple(self.text[start:end] for start, end in self.places(facet))

    def persona(self, id: str = "", name: str = "") -> Persona:
        """A persona of these facets.

        Args:
            id: Stable name; empty means a hash of the content.
            name: What the persona is called; empty takes the name that was read, if one was.

        Raises:
            InvalidInput: When nothing was read.
        """
        if not self.facets:
            raise InvalidInput(self.where, "a text that says something of a person", "no statement")
        read = next((str(f.value) for f in self.facets if f.path == "social.name"), "")
        origin = {"format": "text", "file": self.where, "read_by": self.method}
        return Persona(id=id, name=name or read, facets=self.facets, provenance=origin)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; the quotes stand beside the places."""
        return {
            "where": self.where,
            "method": self.method,
            "facets": [{**f.to_dict(), "quotes": list(self.quotes(f))} for f in self.facets],
            "covered": self.covered,
            "notes": list(self.notes),
            "failures": [{"kind": f.kind, "reason": f.reason, "item": f.where} for f in self.failures],
        }


def pointer(where: str, place: Place) -> str:
    """The evidence that points to a place: ``notes.txt[12:57]``."""
    return f"{where}[{place[0]}:{place[1]}]"


def read_place(evidence: str) -> Place:
    """The place that an evidence points to.

    Raises:
        InvalidInput: When it does not end in ``[start:end]``.
    """
    found = _EVIDENCE.search(evidence)
    if found is None:
        raise InvalidInput("evidence", "a pointer such as notes.txt[12:57]", evidence)
    return int(found[1]), int(found[2])


def covered_share(sentences: Sequence[Place], facets: Iterable[Facet]) -> float | None:
    """Share of the sentences in which a facet with a path of its own has evidence; linear in both."""
    if not sentences:
        return None
    starts = sorted(read_place(e)[0] for f in facets if f.path != DESCRIPTION for e in f.evidence)
    found = at = 0
    for start, end in sentences:
        while at < len(starts) and starts[at] < start:
            at += 1
        found += at < len(starts) and starts[at] < end
    return found / len(sentences)
