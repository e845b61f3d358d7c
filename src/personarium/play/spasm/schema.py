"""Schema sampling: one value per field, drawn by seed, person and draw alone.

Source: SPASM, spasm page, step 1; pool sizes from the release's run_stats.json.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet
from personarium.core.persona import Persona

FieldValue = str | int
Fields = Mapping[str, FieldValue]

# Field -> where it stands in a persona record.
PATHS: Mapping[str, str] = {
    "age": "social.age",
    "gender": "social.gender",
    "occupation": "social.occupation",
    "location": "social.location",
    "domain": "session.domain",
    "emotion": "session.emotion",
    "behaviour": "style.behaviour",
}
# How a field is said in the second person; fields of other schemas are said as "Your <field> is <value>."
_SAID: Mapping[str, str] = {
    "age": "You are {v} years old.",
    "gender": "You are a {v}.",
    "occupation": "You work as {a} {v}.",
    "location": "You live in {v}.",
    "domain": "You have come to talk about {v}.",
    "emotion": "You feel {v} at the moment.",
    "behaviour": "You are somebody who {v}.",
}


@dataclass(frozen=True, slots=True)
class Schema:
    """What persons are drawn from.

    Args:
        pools: Field -> its possible values, in the order in which fields are drawn and shown.
        rules: What makes a combination implausible, in plain words for the validator.

    Raises:
        InvalidInput: When there is no field, or a pool is empty or has a value twice.
    """

    pools: Mapping[str, tuple[FieldValue, ...]]
    rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.pools:
            raise InvalidInput("schema", "at least one field", "none")
        for name, pool in self.pools.items():
            if not pool or len(set(pool)) < len(pool):
                raise InvalidInput("schema", "values that are all different, at least one", list(pool)[:5], name)

    def draw(self, seed: int, person: int, draw: int = 0) -> dict[str, FieldValue]:
        """All fields of one person, drawn again from the start for every ``draw``.

        Each field has its own stream, so a longer pool of one field disturbs no other field.
        """
        return {name: random.Random(f"{seed}|{person}|{draw}|{name}").choice(pool) for name, pool in self.pools.items()}


def read_schema(text: str, where: str = "schema") -> Schema:
    """Read a schema from TOML (``[fields.NAME]`` with ``pool`` or ``range = [lo, hi]``; ``[rules] lines``).

    Raises:
        InvalidInput: Naming the place and the field.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(where, f"a TOML file ({error})") from error
    fields = data.get("fields")
    if not isinstance(fields, dict):
        raise InvalidInput(where, "tables [fields.NAME]", fields, "fields")
    rules = data.get("rules", {}).get("lines", [])
    return Schema({name: _pool(entry, where, name) for name, entry in fields.items()}, tuple(rules))


@lru_cache(maxsize=1)
def default_schema() -> Schema:
    """The bundled schema: 77 occupations, 50 locations, 110 domains, 12 emotions, age, gender, behaviour."""
    text = (files("personarium.play.spasm") / "data" / "schema.toml").read_text(encoding="utf-8")
    return read_schema(text, "schema.toml")


def _pool(entry: Any, where: str, name: str) -> tuple[FieldValue, ...]:
    if isinstance(entry, dict) and isinstance(entry.get("pool"), list):
        return tuple(entry["pool"])
    span = entry.get("range") if isinstance(entry, dict) else None
    if not (isinstance(span, list) and len(span) == 2 and all(isinstance(x, int) for x in span) and span[0] <= span[1]):
        raise InvalidInput(where, "pool = [...] or range = [lo, hi]", entry, name)
    return tuple(range(span[0], span[1] + 1))


def lines_of(fields: Fields) -> str:
    """Fields as ``name: value`` lines."""
    return "\n".join(f"{name}: {value}" for name, value in fields.items())


def sentences_of(fields: Fields) -> list[str]:
    """Each field as a sentence in the second person."""
    return [_sentence(name, str(value)) for name, value in fields.items()]


def _sentence(name: str, value: str) -> str:
    article = "an" if value[:1].lower() in "aeiou" else "a"
    said = _SAID.get(name)
    return said.format(v=value, a=article) if said else f"Your {name.replace('_', ' ')} is {value}."


def persona_of(id: str, fields: Fields, description: str, fields_shown: bool = True) -> Persona:
    """The person as a record: the drawn fields, each with its sentence, and the crafted description.

    Args:
        id: Stable id.
        fields: As drawn.
        description: As crafted.
        fields_shown: Whether the drawn fields are facets of the record, so that views show them beside the description.
    """
    said = zip(fields.items(), sentences_of(fields), strict=True)
    drawn = [Facet(f"f-{name}", PATHS.get(name, name), value, "sampled", text=words) for (name, value), words in said]
    crafted = Facet("description", "description", description, "generated")
    return Persona(id=id, kinds=("demographic",), facets=(*(drawn if fields_shown else ()), crafted))
