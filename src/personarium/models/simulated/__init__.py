"""A rule-based subject whose behaviour is known exactly: a measuring standard, not a language model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.models.simulated.ledger import Ledger as Ledger
    from personarium.models.simulated.parameters import CONTROLS as CONTROLS
    from personarium.models.simulated.parameters import Parameters as Parameters
    from personarium.models.simulated.parameters import canonical_name as canonical_name
    from personarium.models.simulated.parameters import parse_name as parse_name
    from personarium.models.simulated.reading import attributes as attributes
    from personarium.models.simulated.subject import SimulatedModel as SimulatedModel

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "CONTROLS": "personarium.models.simulated.parameters",
        "Ledger": "personarium.models.simulated.ledger",
        "Parameters": "personarium.models.simulated.parameters",
        "SimulatedModel": "personarium.models.simulated.subject",
        "attributes": "personarium.models.simulated.reading",
        "canonical_name": "personarium.models.simulated.parameters",
        "parse_name": "personarium.models.simulated.parameters",
    },
)
