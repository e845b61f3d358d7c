"""What a HACHIMI run is set to and what it gives: students with their slots, and why a place stayed empty.

Source: hachimi page, "Takes and gives"; constants from the code's defaults there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from personarium.core.errata import Published
from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.published import HACHIMI_SLOT, persona_from_hachimi
from personarium.core.results import Failure
from personarium.make.hachimi.published import faults
from personarium.make.hachimi.schema import FIELDS, StudentSchema, student_schema
from personarium.make.hachimi.slots import EQUAL_MIX, check_mix


@dataclass(frozen=True)
class HachimiConfig:
    """The constants of paper and code.

    Args:
        mix: Level -> share of the population: a quarter each.
        rounds: Of the deep validator: 3.
        attempts: Full drafts of one slot, near duplicates included: 4.
        threshold: Hamming distance that is still a near duplicate: 3.
        chunk_size: Records of one file, and slots that are drafted together: 50.
        outline: Whether the slot also fixes name, stages and grades (ours; see :mod:`personarium.make.hachimi.outline`).
        names_shown: How many of the names taken so far the enrolment writer sees: 100 (ours; unbounded in the code, where
            nobody sees them).
        asks: Most times one question is put while its reply cannot be read: 2 (ours; not stated).
        seed: Of schedule, variety and outlines.
        as_published: False, True or a set of erratum ids (:mod:`personarium.make.hachimi.published`).
    """

    mix: Mapping[str, float] = field(default_factory=lambda: dict(EQUAL_MIX))
    rounds: int = 3
    attempts: int = 4
    threshold: int = 3
    chunk_size: int = 50
    outline: bool = False
    names_shown: int = 100
    asks: int = 2
    seed: int = 0
    as_published: Published = False

    def __post_init__(self) -> None:
        check_mix(self.mix)
        faults(self.as_published)  # refuses unknown ids
        for name in ("rounds", "attempts", "chunk_size", "asks"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")
        if not 0 <= self.threshold <= 3:
            raise UsageError(f"threshold must be within 0 to 3, found {self.threshold}")
        if self.names_shown < 0:
            raise UsageError(f"names_shown must be at least 0, found {self.names_shown}")

    @property
    def faults(self) -> frozenset[str]:
        """The erratum ids that are switched on."""
        return faults(self.as_published)


PAPER = HachimiConfig()


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the population.

    Args:
        sid: From 1.
        slot: The published slot object.
        record: The record; None when the place stayed empty.
        attempts: How many drafts were made; None for a record that an earlier session had finished.
        revisions: Writer -> how often it revised in the last attempt.
        reason: Why the place stayed empty: the rules broken at last, or what failed.
        failures: Kind -> replies that could not be used.
    """

    sid: int
    slot: Mapping[str, Any]
    record: Mapping[str, Any] | None
    attempts: int | None = None
    revisions: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    failures: Mapping[str, int] = field(default_factory=dict)

    def as_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": f"student/{self.sid:07d}",
            "sid": self.sid,
            "slot": dict(self.slot),
            "record": None if self.record is None else dict(self.record),
            "attempts": self.attempts,
            "revisions": dict(self.revisions),
            "reason": self.reason,
            "failures": dict(self.failures),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Place:
        """The inverse of :meth:`as_row`."""
        return cls(**{name: value for name, value in row.items() if name != "id"})


@dataclass(frozen=True)
class HachimiResult:
    """Everything that was made.

    Args:
        config: The constants.
        schema: The school.
        places: One for each slot, in order, empty ones included.
        models: Role -> model name.
    """

    config: HachimiConfig
    schema: StudentSchema
    places: tuple[Place, ...]
    models: Mapping[str, str]

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records, in order of ids."""
        return [dict(place.record) for place in self.places if place.record is not None]

    @property
    def personas(self) -> list[Persona]:
        """The students as personas."""
        return [persona_of(record, self.schema) for record in self.records]

    @property
    def lost(self) -> tuple[Failure, ...]:
        """One failure for every place that stayed empty."""
        return tuple(Failure("missing", p.reason, f"student {p.sid}") for p in self.places if p.record is None)

    @property
    def failures(self) -> dict[str, int]:
        """Kind -> replies that could not be used, in all."""
        total: Counter[str] = Counter()
        for place in self.places:
            total.update(place.failures)
        return dict(sorted(total.items()))

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each place."""
        return [place.as_row() for place in self.places]


def persona_of(record: Mapping[str, Any], schema: StudentSchema) -> Persona:
    """A record as a persona: the same facets in every language.

    Raises:
        InvalidInput: Naming the key that a persona cannot hold.
    """
    chinese = student_schema("zh").keys
    known = {schema.keys[name]: chinese[name] for name in ("id", *FIELDS)}
    data = {known.get(key, key): value for key, value in record.items() if key != schema.keys["slot"]}
    persona = persona_from_hachimi({**data, HACHIMI_SLOT: record.get(schema.keys["slot"])})
    return replace(persona, language=schema.language)
