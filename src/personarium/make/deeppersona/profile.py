"""A deep persona: anchors, attributes, narrative; its rules, its form as a persona record, and the published run file.

Source: deeppersona page, "Takes and gives". Differs: what is missing and what was rejected is kept beside what is there;
values of sensitive attributes are marked private in the persona record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet
from personarium.core.files import existing, parse_json, read_text, replacing
from personarium.core.persona import Flags, Persona
from personarium.core.results import Failure, count_failures
from personarium.make.deeppersona.anchors import Anchors
from personarium.make.deeppersona.filling import LONGEST_VALUE, known_lines
from personarium.make.deeppersona.taxonomy import Taxonomy, category_of

WORDS = (150, 400)  # of a narrative
MAX_BYTES = 256 * 2**20
_NAMED = "Demographic Information.Name.Preferred first name"
_TABLES = {"age": "sampled", "gender": "sampled", "country": "sampled", "city": "sampled"}
_ANCHOR_PATHS = {
    "age": "social.age",
    "gender": "social.gender",
    "country": "social.country",
    "city": "social.city",
    "occupation": "social.occupation",
    "values": "values.orientation",
    "attitude": "personality.attitude to life",
    "attitude_details": "personality.attitude in detail",
    "coping": "personality.way of coping",
}


@dataclass(frozen=True)
class Profile:
    """One person.

    Args:
        id: Stable id.
        index: Number in its run, from 1.
        anchors: What the rest hangs on.
        values: Attribute path -> value, in the order of filling.
        summary: First person; "" where it failed.
        sections: Categories of which attributes were chosen, in the order of filling.
        missing: Chosen paths without a value.
        rejected: Why values were not taken -> how many.
        failures: Everything that failed.
    """

    id: str
    index: int
    anchors: Anchors
    values: Mapping[str, str]
    summary: str = ""
    sections: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    @property
    def attributes(self) -> int:
        """How many attributes have a value."""
        return len(self.values)

    @property
    def words(self) -> int:
        """Length of the narrative."""
        return len(self.summary.split())

    @property
    def name(self) -> str:
        """The first name where that attribute was filled, else ``Person 3``."""
        return self.values.get(_NAMED) or f"Person {self.index}"

    def table(self) -> str:
        """The attributes as lines under their sections."""
        return "\n".join(known_lines(self.values))

    def tree(self) -> dict[str, Any]:
        """The attributes as nested objects."""
        top: dict[str, Any] = {}
        for path, value in self.values.items():
            *above, leaf = path.split(".")
            node = top
            for step in above:
                node = node.setdefault(step, {})
            node[leaf] = value
        return top

    def persona(self, taxonomy: Taxonomy | None = None) -> Persona:
        """The person as a record that can be played, measured and saved.

        Args:
            taxonomy: Which attributes are sensitive; their facets are private. None marks none.
        """
        facets = [*self._anchor_facets(), *self._attribute_facets(taxonomy)]
        if self.summary:
            facets.append(Facet("", "summary", self.summary, "generated", text=self.summary))
        return Persona(
            id=self.id,
            name=self.name,
            kinds=("demographic", "individualized"),
            facets=tuple(facets),
            provenance={"system": "deeppersona", "index": self.index},
            flags=Flags(real_person=False, minor=self.anchors.minor),
        )

    def _anchor_facets(self) -> Iterable[Facet]:
        for name, path in _ANCHOR_PATHS.items():
            value = getattr(self.anchors, name)
            drawn = name in _TABLES or (name == "occupation" and not self.anchors.minor)
            if value != "":
                source = "declared" if name in self.anchors.fixed else "sampled" if drawn else "generated"
                yield Facet("", path, value, source)  # type: ignore[arg-type]
        if self.anchors.interests:
            yield Facet("", "interests", self.anchors.interests, "inferred")
        for number, told in enumerate(self.anchors.stories, 1):
            yield Facet("", f"story.{number}", told, "generated", text=told)

    def _attribute_facets(self, taxonomy: Taxonomy | None) -> Iterable[Facet]:
        for path, value in self.values.items():
            private = taxonomy is not None and bool(taxonomy.sensitive_kind(path))
            yield Facet("", path, value, "generated", visibility="private" if private else "public")

    def to_published(self, generated_at: str | None = None) -> dict[str, Any]:
        """The published object: when, which, one nested object for each category, ``Summary``.

        Args:
            generated_at: ISO time; now where it is None.
        """
        at = generated_at if generated_at is not None else datetime.now(UTC).isoformat(timespec="seconds")
        return {"Generated At": at, "Profile Index": self.index, **self.tree(), "Summary": self.summary}

    def as_row(self) -> dict[str, Any]:
        """JSON-ready; ``failures`` counts by kind, ``problems`` tells them."""
        return {
            "id": self.id,
            "index": self.index,
            "anchors": self.anchors.to_dict(),
            "values": dict(self.values),
            "summary": self.summary,
            "sections": list(self.sections),
            "missing": list(self.missing),
            "rejected": dict(sorted(self.rejected.items())),
            "problems": [asdict(f) | {"raw": list(f.raw)} for f in self.failures],
            "failures": count_failures(self.failures),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Profile:
        """The inverse of :meth:`as_row`."""
        return cls(
            row["id"],
            row["index"],
            Anchors.from_dict(row["anchors"]),
            dict(row["values"]),
            row["summary"],
            tuple(row["sections"]),
            tuple(row["missing"]),
            dict(row["rejected"]),
            tuple(Failure(**{**p, "raw": tuple(p["raw"])}) for p in row["problems"]),
        )


def violations(profile: Profile, taxonomy: Taxonomy, least: int = 0) -> list[str]:
    """Which rules of a deep persona a profile breaks, each as a sentence; executable predicates, no model.

    Attributes without a value break none: they are listed as missing.

    Args:
        profile: The person.
        taxonomy: Where its attributes must be from.
        least: So many attributes at least.
    """
    known = frozenset(taxonomy.paths)
    found = [f"{path} is no attribute of the taxonomy" for path in profile.values if path not in known]
    for path, value in profile.values.items():
        if not value.strip() or len(value) > LONGEST_VALUE:
            found.append(f"the value of {path} has {len(value)} characters, 1 to {LONGEST_VALUE} are allowed")
        if profile.anchors.minor and taxonomy.adult_only(path):
            found.append(f"{path} is not for a person of {profile.anchors.age}")
    filled = {category_of(path) for path in profile.values}
    found += [f"the section {name} is empty" for name in profile.sections if name not in filled]
    if profile.attributes < least:
        found.append(f"{profile.attributes} attributes, at least {least} are wanted")
    if not WORDS[0] <= profile.words <= WORDS[1]:
        found.append(f"the narrative has {profile.words} words, {WORDS[0]} to {WORDS[1]} are wanted")
    return found


def save_run(
    profiles: Sequence[Profile], path: str | Path, total: int | None = None, generated_at: str | None = None
) -> Path:
    """Write a run file as published: ``metadata``, then ``Profile_1``, ...

    Args:
        profiles: Who was made.
        path: A .json file.
        total: How many were wanted; as many as there are where it is None.
        generated_at: ISO time of all of them; now where it is None.

    Raises:
        StorageError: The disk refuses.
    """
    wanted = len(profiles) if total is None else total
    status = "completed" if len(profiles) >= wanted else "in_progress"
    data: dict[str, Any] = {
        "metadata": {"profiles_completed": len(profiles), "total_profiles": wanted, "status": status}
    }
    data |= {f"Profile_{profile.index}": profile.to_published(generated_at) for profile in profiles}
    path = Path(path)
    with replacing(path) as scratch:
        scratch.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def load_run(path: str | Path) -> list[tuple[int, dict[str, str], str]]:
    """Read a published run file.

    Returns:
        For each profile its number, its attributes by path, and its summary.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file and field.
    """
    path = existing(path)
    data = parse_json(read_text(path, "a DeepPersona run file", MAX_BYTES), str(path))
    if not isinstance(data, dict) or not isinstance(data.get("metadata"), dict):
        raise InvalidInput(str(path), "an object with metadata and Profile_1, ...", data, "metadata")
    return [_published(row, str(path), name) for name, row in data.items() if name.startswith("Profile_")]


def _published(row: Any, where: str, name: str) -> tuple[int, dict[str, str], str]:
    if not isinstance(row, dict) or not isinstance(row.get("Profile Index"), int):
        raise InvalidInput(where, "a profile with a number", row, f"{name}.Profile Index")
    summary = row.get("Summary", "")
    if not isinstance(summary, str):
        raise InvalidInput(where, "a text", summary, f"{name}.Summary")
    values: dict[str, str] = {}
    for category, node in row.items():
        if isinstance(node, dict):
            values |= _flat(node, category)
    return row["Profile Index"], values, summary


def _flat(node: Mapping[str, Any], above: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in node.items():
        path = f"{above}.{name}"
        found |= _flat(value, path) if isinstance(value, dict) else {path: str(value)}
    return found
