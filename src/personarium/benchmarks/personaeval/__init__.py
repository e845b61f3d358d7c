"""PersonaEval: can a judge tell who is speaking? The admission test of judges of role play.

Source: *PersonaEval: Are LLM Evaluators Human Enough to Judge Role-Play?*, arXiv 2508.10014.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.personaeval.builder import BuilderConfig as BuilderConfig
    from personarium.benchmarks.personaeval.builder import Built as Built
    from personarium.benchmarks.personaeval.builder import Work as Work
    from personarium.benchmarks.personaeval.builder import build_items as build_items
    from personarium.benchmarks.personaeval.data_format import bundled_items as bundled_items
    from personarium.benchmarks.personaeval.data_format import read_items as read_items
    from personarium.benchmarks.personaeval.data_format import write_items as write_items
    from personarium.benchmarks.personaeval.items import Candidate as Candidate
    from personarium.benchmarks.personaeval.items import Exchange as Exchange
    from personarium.benchmarks.personaeval.items import Identification as Identification
    from personarium.benchmarks.personaeval.items import IdentificationItem as IdentificationItem
    from personarium.benchmarks.personaeval.method import CONTRACT as CONTRACT
    from personarium.benchmarks.personaeval.method import ERRATA as ERRATA
    from personarium.benchmarks.personaeval.method import PersonaEvalConfig as PersonaEvalConfig
    from personarium.benchmarks.personaeval.method import run_personaeval as run_personaeval
    from personarium.benchmarks.personaeval.metrics import Metrics as Metrics
    from personarium.benchmarks.personaeval.metrics import identification_metrics as identification_metrics
    from personarium.benchmarks.personaeval.metrics import rank_of_truth as rank_of_truth
    from personarium.benchmarks.personaeval.parsing import read_probabilities as read_probabilities
    from personarium.benchmarks.personaeval.published import read_published_results as read_published_results
    from personarium.benchmarks.personaeval.published import write_published_results as write_published_results
    from personarium.benchmarks.personaeval.result import PersonaEvalResult as PersonaEvalResult
    from personarium.benchmarks.personaeval.sources import read_profiles as read_profiles
    from personarium.benchmarks.personaeval.sources import read_script as read_script
    from personarium.benchmarks.personaeval.sources import works_of_scenes as works_of_scenes

_HOME = "personarium.benchmarks.personaeval"
_PUBLIC = {
    "builder": ("BuilderConfig", "Built", "Work", "build_items"),
    "data_format": ("bundled_items", "read_items", "write_items"),
    "items": ("Candidate", "Exchange", "Identification", "IdentificationItem"),
    "method": ("CONTRACT", "ERRATA", "PersonaEvalConfig", "run_personaeval"),
    "metrics": ("Metrics", "identification_metrics", "rank_of_truth"),
    "parsing": ("read_probabilities",),
    "published": ("read_published_results", "write_published_results"),
    "result": ("PersonaEvalResult",),
    "sources": ("read_profiles", "read_script", "works_of_scenes"),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
