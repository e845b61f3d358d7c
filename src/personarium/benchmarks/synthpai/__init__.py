"""SynthPAI as a benchmark: what can a model guess about the author of a handful of comments?

Source: *A Synthetic Dataset for Personal Attribute Inference*, arXiv 2406.07217. The maker of such comments stands in
:mod:`personarium.make.synthpai`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.synthpai.anonymise import mask_terms as mask_terms
    from personarium.benchmarks.synthpai.anonymise import masked as masked
    from personarium.benchmarks.synthpai.data_format import Author as Author
    from personarium.benchmarks.synthpai.data_format import Label as Label
    from personarium.benchmarks.synthpai.data_format import Prediction as Prediction
    from personarium.benchmarks.synthpai.data_format import read_authors as read_authors
    from personarium.benchmarks.synthpai.data_format import write_authors as write_authors
    from personarium.benchmarks.synthpai.grading import GradingConfig as GradingConfig
    from personarium.benchmarks.synthpai.grading import grade_by_rules_alone as grade_by_rules_alone
    from personarium.benchmarks.synthpai.grading import grade_stored as grade_stored
    from personarium.benchmarks.synthpai.grading import read_decisions as read_decisions
    from personarium.benchmarks.synthpai.method import CONTRACT as CONTRACT
    from personarium.benchmarks.synthpai.method import ERRATA as ERRATA
    from personarium.benchmarks.synthpai.method import infer as infer
    from personarium.benchmarks.synthpai.method import run_synthpai as run_synthpai
    from personarium.benchmarks.synthpai.method import run_synthpai_grading as run_synthpai_grading
    from personarium.benchmarks.synthpai.results import Graded as Graded
    from personarium.benchmarks.synthpai.results import SynthPAIResult as SynthPAIResult

_HOME = "personarium.benchmarks.synthpai"
_PUBLIC = {
    "anonymise": ("mask_terms", "masked"),
    "data_format": ("Author", "Label", "Prediction", "read_authors", "write_authors"),
    "grading": ("GradingConfig", "grade_by_rules_alone", "grade_stored", "read_decisions"),
    "method": ("CONTRACT", "ERRATA", "infer", "run_synthpai", "run_synthpai_grading"),
    "results": ("Graded", "SynthPAIResult"),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
