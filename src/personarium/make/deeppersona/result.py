"""Everything that a run of DeepPersona made: people, losses, and the numbers that describe them.

Source: deeppersona page, "Takes and gives" and "Published figures". Units: attributes and words are counted for each person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from personarium.core.persona import Persona
from personarium.core.results import Estimate, Failure, count_failures
from personarium.make.deeppersona.profile import Profile, violations
from personarium.make.deeppersona.taxonomy import Taxonomy, category_of


@dataclass(frozen=True)
class PersonasResult:
    """People and losses.

    Args:
        profiles: Who was made.
        taxonomy: The tree.
        lost: Why the others are missing.
        seed: Of the run.
        model: Who wrote.
    """

    profiles: tuple[Profile, ...]
    taxonomy: Taxonomy
    lost: tuple[Failure, ...] = ()
    seed: int = 0
    model: str = ""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that failed."""
        return (*self.lost, *(f for profile in self.profiles for f in profile.failures))

    def personas(self) -> list[Persona]:
        """The people as records."""
        return [profile.persona(self.taxonomy) for profile in self.profiles]

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row for each person, and one for each that is lost."""
        yield from (profile.as_row() for profile in self.profiles)
        yield from ({"id": f.where, "reason": f.reason, "failures": count_failures([f])} for f in self.lost)

    def violations(self, least: int = 0) -> dict[str, list[str]]:
        """Which rules each person breaks; people who break none are not in it."""
        found = {profile.id: violations(profile, self.taxonomy, least) for profile in self.profiles}
        return {id: broken for id, broken in found.items() if broken}

    def rejected(self) -> dict[str, int]:
        """Values that were not taken, by reason."""
        total: Counter[str] = Counter()
        for profile in self.profiles:
            total.update(profile.rejected)
        return dict(sorted(total.items()))

    def estimates(self) -> dict[str, Estimate]:
        """Filled attributes, sections and words of a person, and the share of chosen attributes that have a value."""
        from personarium.stats import bootstrap_mean

        columns: dict[str, list[float]] = {
            "Attributes of a person": [profile.attributes for profile in self.profiles],
            "Filled sections of a person": [len({category_of(p) for p in profile.values}) for profile in self.profiles],
            "Words of the narrative": [profile.words for profile in self.profiles],
            "Share of chosen attributes with a value": [
                profile.attributes / (profile.attributes + len(profile.missing)) for profile in self.profiles
            ],
        }
        return {name: bootstrap_mean(values, "person", seed=self.seed) for name, values in columns.items()}

    def section(self) -> dict[str, Any]:
        """A table for the report: each person's depth and what went wrong."""
        rows = [
            [profile.id, profile.attributes, len(profile.missing), sum(profile.rejected.values()), profile.words,
             len(violations(profile, self.taxonomy))]
            for profile in self.profiles
        ]  # fmt: skip
        columns = ["person", "attributes", "missing", "values rejected", "words of the narrative", "broken rules"]
        return {"kind": "table", "title": "Deep personas", "columns": columns, "rows": rows}
