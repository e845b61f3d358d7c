"""Personarium: the laboratory for personas in language models. Make, play, remember, measure, steer.

Nothing heavy is imported until it is used; ``personarium.run(...)`` runs a coroutine from a script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.core import Dialogue as Dialogue
    from personarium.core import Estimate as Estimate
    from personarium.core import Facet as Facet
    from personarium.core import Persona as Persona
    from personarium.core import Population as Population
    from personarium.core import Rubric as Rubric
    from personarium.core import Sampling as Sampling
    from personarium.core import Score as Score
    from personarium.core import Utterance as Utterance
    from personarium.models import open_model as open_model
    from personarium.play import Agent as Agent
    from personarium.runs import Run as Run
    from personarium.runs import run_sync as run

__version__ = "0.1.0"

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Agent": "personarium.play",
        "Dialogue": "personarium.core",
        "Estimate": "personarium.core",
        "Facet": "personarium.core",
        "Persona": "personarium.core",
        "Population": "personarium.core",
        "Rubric": "personarium.core",
        "Run": "personarium.runs",
        "Sampling": "personarium.core",
        "Score": "personarium.core",
        "Utterance": "personarium.core",
        "open_model": "personarium.models",
        "run": "personarium.runs:run_sync",
    },
)
