"""PersonaMem-v2 as a benchmark: queries with four replies, to users whose preferences are mostly implicit.

Source: *PersonaMem-v2*, arXiv 2512.06688. The memory agent stands in :mod:`personarium.remember.personamem_v2`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.personamem_v2.boxed_letter import ERRATA as ERRATA
    from personarium.benchmarks.personamem_v2.boxed_letter import boxed_answer as boxed_answer
    from personarium.benchmarks.personamem_v2.boxed_letter import read_boxed as read_boxed
    from personarium.benchmarks.personamem_v2.boxed_letter import reward as reward
    from personarium.benchmarks.personamem_v2.data_format import Histories as Histories
    from personarium.benchmarks.personamem_v2.data_format import V2Item as V2Item
    from personarium.benchmarks.personamem_v2.data_format import read_items as read_items
    from personarium.benchmarks.personamem_v2.data_format import shuffled_options as shuffled_options
    from personarium.benchmarks.personamem_v2.method import CONTRACT as CONTRACT
    from personarium.benchmarks.personamem_v2.method import agent_memories as agent_memories
    from personarium.benchmarks.personamem_v2.method import run_personamem_v2 as run_personamem_v2
    from personarium.benchmarks.personamem_v2.results import V2Result as V2Result
    from personarium.benchmarks.personamem_v2.scripted import write_scripted as write_scripted

_HOME = "personarium.benchmarks.personamem_v2"
_PUBLIC = {
    "boxed_letter": ("ERRATA", "boxed_answer", "read_boxed", "reward"),
    "data_format": ("Histories", "V2Item", "read_items", "shuffled_options"),
    "method": ("CONTRACT", "agent_memories", "run_personamem_v2"),
    "results": ("V2Result",),
    "scripted": ("write_scripted",),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
