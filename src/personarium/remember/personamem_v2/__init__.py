"""PersonaMem-v2's memory agent: one short readable bullet text for each user, with versions and a causality guard.

Source: *PersonaMem-v2*, arXiv 2512.06688. The benchmark stands in :mod:`personarium.benchmarks.personamem_v2`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.remember.personamem_v2.config import PersonaMemV2Config as PersonaMemV2Config
    from personarium.remember.personamem_v2.history import Chunks as Chunks
    from personarium.remember.personamem_v2.history import History as History
    from personarium.remember.personamem_v2.history import history_of as history_of
    from personarium.remember.personamem_v2.history import split_history as split_history
    from personarium.remember.personamem_v2.method import PersonaMemV2 as PersonaMemV2
    from personarium.remember.personamem_v2.method import current_text as current_text
    from personarium.remember.personamem_v2.recipe import training_recipe as training_recipe
    from personarium.remember.personamem_v2.writing import Written as Written
    from personarium.remember.personamem_v2.writing import write_memory as write_memory

_HOME = "personarium.remember.personamem_v2"
_PUBLIC = {
    "config": ("PersonaMemV2Config",),
    "history": ("Chunks", "History", "history_of", "split_history"),
    "method": ("PersonaMemV2", "current_text"),
    "recipe": ("training_recipe",),
    "writing": ("Written", "write_memory"),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
