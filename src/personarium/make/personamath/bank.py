"""The persona bank: short descriptions with an occupation class, and the order in which they are drawn.

Source: personamath page, step 1b and "Works when" 7. Version 1 draws from the whole bank (the 200,000 personas of Persona
Hub), version 2 per class of occupation. Ten of the eleven classes are the major groups of ISCO-08; what the paper's eleventh
is could not be read: ours is "not in work". The bundled bank was written for this project.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from personarium.core.errors import InvalidInput
from personarium.core.persona import Persona
from personarium.core.population import Population

# Major groups of ISCO-08 (International Labour Office, 2012), and our eleventh.
CLASSES = (
    "managers",
    "professionals",
    "technicians",
    "clerical support",
    "service and sales",
    "skilled agriculture",
    "craft and related trades",
    "plant and machine operators",
    "elementary occupations",
    "armed forces",
    "not in work",
)
CLASS_FACETS = ("occupation_class", "class")
LONGEST_PERSONA = 2000  # characters


@dataclass(frozen=True, slots=True)
class BankPersona:
    """One persona of the bank.

    Args:
        id: Stable name.
        text: Who it is, as the rewriter is told.
        occupation_class: One of :data:`CLASSES`, or empty when it is not sorted yet.
    """

    id: str
    text: str
    occupation_class: str = ""

    def __post_init__(self) -> None:
        if not self.text.strip() or len(self.text) > LONGEST_PERSONA:
            raise InvalidInput(f"persona {self.id}", f"a text of 1 to {LONGEST_PERSONA} characters", self.text, "text")
        if self.occupation_class and self.occupation_class not in CLASSES:
            raise InvalidInput(
                f"persona {self.id}", f"one of {', '.join(CLASSES)}", self.occupation_class, "occupation_class"
            )


@dataclass(frozen=True)
class Drawn:
    """What was drawn.

    Args:
        slots: One persona a slot; None where its class has nobody.
        missing: Class without personas -> how many slots it leaves empty.
    """

    slots: tuple[BankPersona | None, ...]
    missing: Mapping[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """Class -> personas drawn, in the order of :data:`CLASSES`."""
        found = [p.occupation_class for p in self.slots if p is not None]
        return {name: found.count(name) for name in (*CLASSES, "") if name in found}


def draw_personas(bank: Sequence[BankPersona], count: int, *, per_class: bool, seed: int) -> Drawn:
    """Draw the personas of ``count`` rewrites.

    Args:
        bank: Whom to draw from.
        count: How many.
        per_class: Whether every class gets the same share (counts differ by at most one); else from the whole bank.
        seed: Of the draw. Whoever draws more under one seed gets the same personas first.

    Returns:
        Nobody is drawn twice while somebody else is left (in its class); a class without personas leaves its slots empty.
    """
    if not per_class:
        endless = _endlessly(bank, random.Random(f"{seed}|personas"))
        return Drawn(tuple(next(endless) for _ in range(count)) if bank else (None,) * count, MappingProxyType({}))
    lanes = {name: _lane(bank, name, seed) for name in CLASSES}
    order = list(CLASSES)
    random.Random(f"{seed}|classes").shuffle(order)  # so that no class is always the one with a persona more
    slots = []
    missing: dict[str, int] = {}
    for k in range(count):
        name = order[k % len(order)]
        slots.append(next(lanes[name], None))
        if slots[-1] is None:
            missing[name] = missing.get(name, 0) + 1
    return Drawn(tuple(slots), MappingProxyType(missing))


def _lane(bank: Sequence[BankPersona], name: str, seed: int) -> Iterator[BankPersona]:
    return _endlessly([p for p in bank if p.occupation_class == name], random.Random(f"{seed}|personas of {name}"))


def _endlessly(people: Sequence[BankPersona], rng: random.Random) -> Iterator[BankPersona]:
    """Everybody once in random order, then again in another."""
    while people:
        yield from rng.sample(people, len(people))


def bank_of(personas: Iterable[Persona]) -> tuple[BankPersona, ...]:
    """Personas as a bank: the text is their statements, the class their facet ``occupation_class`` (or ``class``)."""
    return tuple(
        BankPersona(persona.id, persona.view("statements").text.strip()[:LONGEST_PERSONA], _class_of(persona))
        for persona in personas
    )


def _class_of(persona: Persona) -> str:
    for path in CLASS_FACETS:
        found = persona.value(path)
        if found is not None:
            return str(found)
    return ""


def load_bank(path: Path) -> tuple[BankPersona, ...]:
    """A bank from any file of personas (Persona-Hub lines, JSON Lines, Parquet, CSV).

    Raises:
        NotFound, InvalidInput: As of any population; also for a class that is none, and for an empty file.
    """
    bank = bank_of(Population.load(path))
    if not bank:
        raise InvalidInput(str(path), "at least one persona", "none")
    return bank


@lru_cache(maxsize=1)
def example_bank() -> tuple[BankPersona, ...]:
    """The bundled bank: five invented people a class."""
    text = (files("personarium.make.personamath") / "data" / "personas.toml").read_text(encoding="utf-8")
    return tuple(
        BankPersona(f"{name}/{k}", said, name)
        for name, people in tomllib.loads(text).items()
        for k, said in enumerate(people)
    )
