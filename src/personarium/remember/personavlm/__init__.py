"""PersonaVLM: typed memory stores, replies that look things up, and a slowly moving personality."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.remember.personavlm.method import CONTRACT as CONTRACT
    from personarium.remember.personavlm.method import PersonaVLM as PersonaVLM
    from personarium.remember.personavlm.method import PersonaVLMConfig as PersonaVLMConfig
    from personarium.remember.personavlm.personality import Level as Level
    from personarium.remember.personavlm.personality import Momentum as Momentum
    from personarium.remember.personavlm.personality import Personality as Personality
    from personarium.remember.personavlm.personality import in_words as in_words
    from personarium.remember.personavlm.personality import moved as moved
    from personarium.remember.personavlm.personality import replayed as replayed
    from personarium.remember.personavlm.retrieval import LookUp as LookUp
    from personarium.remember.personavlm.retrieval import Response as Response
    from personarium.remember.personavlm.retrieval import Used as Used

_NAMES = {
    "method": "CONTRACT PersonaVLM PersonaVLMConfig",
    "personality": "Level Momentum Personality in_words moved replayed",
    "retrieval": "LookUp Response Used",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()}
)
