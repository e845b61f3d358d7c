"""User profiles: 35 facets and 9 dimensions of style as short descriptions, interests from a tree, four kinds of user.

Source: likebench page, step 2 and "Data formats".
Differs: the paper's list of facets was not published in what could be read. These are the 30 facets of the Big Five as the
public-domain IPIP-NEO names them and five more (ambiguity tolerance, internal control, competitiveness, forgivingness,
optimism); the nine dimensions of style, the descriptions and the topics are our own. Social: the seven facets that say how
somebody treats people are all high, antisocial: all low. Predictable: the facets of a domain go together; unpredictable: half
of them do not.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from personarium.benchmarks.likebench.metrics import bundled
from personarium.core.errors import InvalidInput, UsageError
from personarium.core.facets import Facet
from personarium.core.files import MAX_FILE_BYTES, parse_json, read_text, replacing
from personarium.core.persona import Persona

LEVELS = ("low", "middle", "high")
INTERESTS = 4  # of one user; not stated in what was read
MOST_PROFILES, MOST_CHARACTERS = 10_000, 2_000  # of a file; of one description


@dataclass(frozen=True)
class Profile:
    """One simulated user.

    Args:
        id: Stable name.
        social: Social or antisocial.
        predictable: Consistent or surprising.
        facets: Facet -> description.
        style: Dimension of style -> description.
        interests: Paths in the tree of topics (``outdoors/walking/city walks``).
        levels: Facet or dimension -> ``low``, ``middle`` or ``high``: the planted truth, which prompts never show and
            rule-based users live by. Empty where it is not known.
    """

    id: str
    social: bool
    predictable: bool
    facets: Mapping[str, str]
    style: Mapping[str, str]
    interests: tuple[str, ...]
    levels: Mapping[str, str] = field(default_factory=dict)

    @property
    def topics(self) -> tuple[str, ...]:
        """The last steps of the interests."""
        return tuple(path.rpartition("/")[2] for path in self.interests)

    @property
    def text(self) -> str:
        """As prompts show it to the user model (and to nobody else)."""
        lines = [*self.facets.values(), *self.style.values()]
        return "\n".join([*lines, *([f"You are interested in {', '.join(self.topics)}."] if self.interests else [])])

    def persona(self) -> Persona:
        """The same user as a persona record, for other systems."""
        described = [(f"personality.{k}", v) for k, v in self.facets.items()]
        described += [(f"style.{k}", v) for k, v in self.style.items()]
        facets = [Facet(path, path, text, "generated", text=text) for path, text in described]
        liked = [Facet(f"interest-{k}", "interests", path, "sampled") for k, path in enumerate(self.interests)]
        return Persona(id=self.id, kinds=("individualized",), facets=(*facets, *liked))

    def to_dict(self) -> dict[str, Any]:
        """As files have it."""
        return {
            "id": self.id,
            "kind": {"social": self.social, "predictable": self.predictable},
            "facets": dict(self.facets),
            "style": dict(self.style),
            "interests": list(self.interests),
            **({"levels": dict(self.levels)} if self.levels else {}),
        }

    @classmethod
    def from_dict(cls, data: object, where: str = "profile") -> Profile:
        """Read and check what :meth:`to_dict` wrote.

        Raises:
            InvalidInput: Naming ``where`` and the field.
        """
        if not isinstance(data, dict):
            raise InvalidInput(where, "an object", data)
        id, interests = data.get("id"), data.get("interests", [])
        if not isinstance(id, str) or not id.strip() or len(id) > 200:
            raise InvalidInput(where, "a text of 1 to 200 characters", id, "id")
        kind = data.get("kind")
        if not isinstance(kind, dict) or any(not isinstance(kind.get(k), bool) for k in ("social", "predictable")):
            raise InvalidInput(where, "an object with social and predictable, each true or false", kind, "kind")
        if not isinstance(interests, list) or not all(isinstance(i, str) and i.strip() for i in interests):
            raise InvalidInput(where, "a list of paths", interests, "interests")
        facets, style = (_descriptions(data.get(name), where, name) for name in ("facets", "style"))
        return cls(
            id, kind["social"], kind["predictable"], facets, style, tuple(interests), _levels(data.get("levels"), where)
        )


def _descriptions(value: object, where: str, name: str) -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        raise InvalidInput(where, "an object: name -> description", value, name)
    for key, text in value.items():
        if not isinstance(text, str) or not text.strip() or len(text) > MOST_CHARACTERS:
            raise InvalidInput(where, f"a text of 1 to {MOST_CHARACTERS:,} characters", text, f"{name}.{key}")
    return value


def _levels(value: object, where: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or any(level not in LEVELS for level in value.values()):
        raise InvalidInput(where, f"an object: name -> {', '.join(LEVELS)}", value, "levels")
    return value


def read_profiles(path: str | Path) -> list[Profile]:
    """Read a JSON list of profiles.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, entry and field.
    """
    where = str(path)
    data = parse_json(read_text(Path(path), "a JSON list of profiles", MAX_FILE_BYTES), where)
    if not isinstance(data, list) or not 0 < len(data) <= MOST_PROFILES:
        raise InvalidInput(where, f"a list of 1 to {MOST_PROFILES:,} profiles", data)
    found = [Profile.from_dict(entry, f"{where}: profile {k}") for k, entry in enumerate(data, 1)]
    seen: set[str] = set()
    for k, profile in enumerate(found, 1):
        if profile.id in seen:
            raise InvalidInput(f"{where}: profile {k}", "an id that was not there before", profile.id, "id")
        seen.add(profile.id)
    return found


def write_profiles(profiles: Sequence[Profile], path: str | Path) -> Path:
    """Write a JSON list of profiles, whole or not at all; raises StorageError when the disk refuses."""
    path = Path(path)
    with replacing(path) as scratch:
        text = json.dumps([p.to_dict() for p in profiles], ensure_ascii=False, indent=1)
        scratch.write_text(text + "\n", encoding="utf-8")
    return path


# --- drawn under a seed ---


@lru_cache(maxsize=1)
def facet_table() -> Mapping[str, Mapping[str, Any]]:
    """The 35 facets: domain, descriptions by level, whether they are core to being social."""
    table: Mapping[str, Mapping[str, Any]] = bundled("facets.toml")["facets"]
    return table


@lru_cache(maxsize=1)
def style_table() -> Mapping[str, Mapping[str, str]]:
    """The nine dimensions of style: descriptions by level."""
    table: Mapping[str, Mapping[str, str]] = bundled("facets.toml")["style"]
    return table


@lru_cache(maxsize=1)
def interest_paths() -> tuple[str, ...]:
    """Every path of the tree of topics, root/branch/leaf."""
    tree = bundled("topics.toml")["topics"]
    return tuple(f"{root}/{b}/{leaf}" for root, branches in tree.items() for b in branches for leaf in branches[b])


def core_facets() -> tuple[str, ...]:
    """The facets that say whether somebody is social."""
    return tuple(name for name, entry in facet_table().items() if entry.get("core"))


def draw_profiles(count: int, seed: int = 0, interests: int = INTERESTS) -> list[Profile]:
    """Users drawn without any model; the four kinds come by turns.

    Args:
        count: How many.
        seed: Of every draw; user k depends on seed and k alone.
        interests: Of each user, from different roots of the tree.

    Raises:
        UsageError: More interests than the tree has roots, or none.
    """
    roots = {path.partition("/")[0] for path in interest_paths()}
    if not 1 <= interests <= len(roots):
        raise UsageError(f"interests must be from 1 to {len(roots)}, found {interests}")
    return [_drawn(k, seed, interests) for k in range(count)]


def _drawn(k: int, seed: int, interests: int) -> Profile:
    rng = random.Random(f"likebench profile|{seed}|{k}")
    social, predictable = k % 2 == 0, k // 2 % 2 == 0
    levels = _facet_levels(rng, social, predictable)
    facets = {name: str(facet_table()[name][level]) for name, level in levels.items()}
    style_levels = {name: rng.choice(LEVELS) for name in style_table()}
    style = {name: style_table()[name][level] for name, level in style_levels.items()}
    id = f"user{k:04d}"
    return Profile(id, social, predictable, facets, style, _interests(rng, interests), {**levels, **style_levels})


def domain_levels(rng: random.Random, social: bool) -> dict[str, str]:
    """The level of each domain; how somebody treats people is given by the kind."""
    side = "high" if social else "low"
    free = {name: rng.choice(LEVELS) for name in ("neuroticism", "openness", "conscientiousness")}
    return {**free, "extraversion": side, "agreeableness": side}


def _facet_levels(rng: random.Random, social: bool, predictable: bool) -> dict[str, str]:
    domains = domain_levels(rng, social)
    expected = {name: expected_level(name, domains) for name in facet_table()}
    if predictable:
        return expected
    surprising: set[str] = set()
    for domain in (*domains, "other"):
        free = [n for n, e in facet_table().items() if e["domain"] == domain and not e.get("core")]
        surprising.update(rng.sample(free, (len(free) + 1) // 2))
    return {
        name: rng.choice([other for other in LEVELS if other != level]) if name in surprising else level
        for name, level in expected.items()
    }


def expected_level(facet: str, domains: Mapping[str, str]) -> str:
    """The level of a facet in somebody whose facets go together."""
    entry = facet_table()[facet]
    level = domains[entry.get("like", entry["domain"])]
    return LEVELS[2 - LEVELS.index(level)] if entry.get("reversed") else level


def _interests(rng: random.Random, count: int) -> tuple[str, ...]:
    by_root: dict[str, list[str]] = {}
    for path in interest_paths():
        by_root.setdefault(path.partition("/")[0], []).append(path)
    return tuple(rng.choice(by_root[root]) for root in rng.sample(sorted(by_root), count))
