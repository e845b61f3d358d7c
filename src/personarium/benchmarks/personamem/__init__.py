"""PersonaMem: multiple-choice questions about a user who changes, asked at places of a long talk.

Source: *Know Me, Respond to Me*, arXiv 2504.14225.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.personamem.data_format import Contexts as Contexts
    from personarium.benchmarks.personamem.data_format import PersonaMemItem as PersonaMemItem
    from personarium.benchmarks.personamem.data_format import read_items as read_items
    from personarium.benchmarks.personamem.data_format import write_result_csv as write_result_csv
    from personarium.benchmarks.personamem.letters import read_answer as read_answer
    from personarium.benchmarks.personamem.letters import right_as_published as right_as_published
    from personarium.benchmarks.personamem.method import CONTRACT as CONTRACT
    from personarium.benchmarks.personamem.method import ERRATA as ERRATA
    from personarium.benchmarks.personamem.method import PersonaMemConfig as PersonaMemConfig
    from personarium.benchmarks.personamem.method import merge_system as merge_system
    from personarium.benchmarks.personamem.method import run_personamem as run_personamem
    from personarium.benchmarks.personamem.results import PersonaMemResult as PersonaMemResult
    from personarium.benchmarks.personamem.scripted import Timeline as Timeline
    from personarium.benchmarks.personamem.scripted import timelines as timelines
    from personarium.benchmarks.personamem.scripted import write_scripted as write_scripted
    from personarium.benchmarks.personamem.types import canonical_type as canonical_type

_HOME = "personarium.benchmarks.personamem"
_PUBLIC = {
    "data_format": ("Contexts", "PersonaMemItem", "read_items", "write_result_csv"),
    "letters": ("read_answer", "right_as_published"),
    "method": ("CONTRACT", "ERRATA", "PersonaMemConfig", "merge_system", "run_personamem"),
    "results": ("PersonaMemResult",),
    "scripted": ("Timeline", "timelines", "write_scripted"),
    "types": ("canonical_type",),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
