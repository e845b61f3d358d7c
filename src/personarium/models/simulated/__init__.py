"""A rule-based subject whose behaviour is known exactly: a measuring standard, not a language model."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from personarium.models.simulated.ledger import Ledger as Ledger
    from personarium.models.simulated.parameters import CONTROLS as CONTROLS
    from personarium.models.simulated.parameters import Parameters as Parameters
    from personarium.models.simulated.parameters import canonical_name as canonical_name
    from personarium.models.simulated.parameters import parse_name as parse_name
    from personarium.models.simulated.reading import attributes as attributes
    from personarium.models.simulated.subject import SimulatedModel as SimulatedModel

_EXPORTS = {
    "CONTROLS": "parameters",
    "Ledger": "ledger",
    "Parameters": "parameters",
    "SimulatedModel": "subject",
    "attributes": "reading",
    "canonical_name": "parameters",
    "parse_name": "parameters",
}
__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
