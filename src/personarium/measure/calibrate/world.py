"""The keyed world: personas whose every fact, question and alternative is known, in plain text.

Source: SIMULATED.md, "What a calibration may say".
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from personarium.core.errors import UsageError
from personarium.core.facets import Facet
from personarium.core.persona import Persona
from personarium.judges.entailment import KeyedFact, RuleOracle

World = Literal["keyed", "shipped", "foreign"]
CLAIMS: Mapping[str, str] = {
    "keyed": "Keyed world: the measured value may be set against the realised truth.",
    "shipped": "Shipped texts: only the order of the knobs and of the controls may be read, "
    "together with the share of requests that had something to read.",
    "foreign": "Foreign texts: nothing may be claimed; this is a demonstration.",
}
BANK = "B"  # SIMULATED.md, "Playing": bank A is for training and tuning, published calibrations use B


@dataclass(frozen=True)
class KeyedWorld:
    """Personas made of the attribute lexicon, and the questions that ask for their attributes.

    Args:
        personas: Each with one facet an attribute; facet id and path are the attribute's key.
        questions: Persona id -> questions, each about one attribute of that persona.
        asked: Persona id -> the attribute keys that its questions ask for, in the same order.
    """

    personas: tuple[Persona, ...]
    questions: Mapping[str, tuple[str, ...]]
    asked: Mapping[str, tuple[str, ...]]
    label: World = field(default="keyed", init=False)

    def oracle(self, persona: Persona) -> RuleOracle:
        """An estimator that knows the lexicon: exact here, of no use elsewhere."""
        return _oracle(persona)


def keyed_world(n: int = 40, attributes: int = 8, questions: int = 4, seed: int = 7) -> KeyedWorld:
    """Make a keyed world.

    Args:
        n: Personas (SIMULATED.md's own checks use 100).
        attributes: Facts each (its checks use 8).
        questions: Questions each, at most one an attribute.
        seed: Of the draw of attributes and values.

    Raises:
        UsageError: More attributes than the lexicon has, or more questions than attributes.
    """
    from personarium.models.simulated import attributes as lexicon

    table = lexicon()
    if not 1 <= questions <= attributes <= len(table) or n < 1:
        raise UsageError(
            f"a keyed world has at least 1 persona and 1 <= questions <= attributes <= {len(table)}, "
            f"found {n} personas, {questions} questions, {attributes} attributes"
        )
    rng = random.Random(f"keyed world {seed}")
    personas, asked = [], {}
    for i in range(n):
        keys = rng.sample(sorted(table), attributes)
        facets = tuple(Facet(id=key, path=key, value=rng.choice(table[key].values)) for key in keys)
        personas.append(Persona(id=f"keyed-{i:03d}", facets=facets))
        asked[f"keyed-{i:03d}"] = tuple(keys[:questions])
    texts = {who: tuple(table[key].question for key in keys) for who, keys in asked.items()}
    return KeyedWorld(tuple(personas), texts, asked)


@lru_cache(maxsize=4096)
def _oracle(persona: Persona) -> RuleOracle:
    return RuleOracle(keyed_facts(persona))


def keyed_facts(persona: Persona) -> list[KeyedFact]:
    """A keyed persona's statements with what the lexicon knows of their keys."""
    from personarium.measure.apc.playing import statements_by_facet
    from personarium.models.simulated import attributes as lexicon

    table, said = lexicon(), statements_by_facet(persona)
    facts = []
    for facet in persona.facets:
        attribute, value = table[facet.path], str(facet.value)
        others = tuple(v for v in attribute.values if v != value)
        facts.append(KeyedFact(said[facet.id], facet.path, value, others, (attribute.question,)))
    return facts
