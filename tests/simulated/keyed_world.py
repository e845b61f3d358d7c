"""The keyed world of SIMULATED.md: personas in our own views and one question for each of their attributes."""

from __future__ import annotations

import random
from dataclasses import dataclass

from personarium.core.facets import Facet
from personarium.core.persona import Persona
from personarium.models.simulated import attributes

VIEWS = ("system", "card", "attributes", "statements", "biography", "personagym")


@dataclass(frozen=True, slots=True)
class Case:
    """One persona's text and the question about one of its attributes."""

    persona: str
    key: str
    question: str


def keyed_personas(n: int, size: int = 8, seed: int = 7) -> list[tuple[str, tuple[str, ...]]]:
    """Texts of ``n`` personas with ``size`` attributes each, in rotating views, and their keys."""
    rng = random.Random(seed)
    lexicon = attributes()
    out = []
    for i in range(n):
        keys = tuple(rng.sample(sorted(lexicon), size))
        facets = tuple(Facet(id=k, path=k, value=rng.choice(lexicon[k].values)) for k in keys)
        out.append((Persona(id=f"p{i}", facets=facets).view(VIEWS[i % len(VIEWS)]).text, keys))
    return out


def cases(n: int = 100, size: int = 8) -> list[Case]:
    """Every persona with every one of its questions."""
    return [Case(text, key, attributes()[key].question) for text, keys in keyed_personas(n, size) for key in keys]
