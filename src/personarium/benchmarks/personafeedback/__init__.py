"""PersonaFeedback as a benchmark: an explicit persona, a question, two replies, and people's choice between them.

Source: *PersonaFeedback*, arXiv 2506.12915.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.benchmarks.personafeedback.choosers import Chooser as Chooser
    from personarium.benchmarks.personafeedback.choosers import ModelChooser as ModelChooser
    from personarium.benchmarks.personafeedback.choosers import ScoreChooser as ScoreChooser
    from personarium.benchmarks.personafeedback.choosers import likelihood_chooser as likelihood_chooser
    from personarium.benchmarks.personafeedback.data_format import FeedbackSet as FeedbackSet
    from personarium.benchmarks.personafeedback.data_format import FieldMap as FieldMap
    from personarium.benchmarks.personafeedback.data_format import only as only
    from personarium.benchmarks.personafeedback.data_format import read_feedback as read_feedback
    from personarium.benchmarks.personafeedback.data_format import write_feedback as write_feedback
    from personarium.benchmarks.personafeedback.items import FeedbackItem as FeedbackItem
    from personarium.benchmarks.personafeedback.method import CONTRACT as CONTRACT
    from personarium.benchmarks.personafeedback.method import run_personafeedback as run_personafeedback
    from personarium.benchmarks.personafeedback.planted import facts_taken_up as facts_taken_up
    from personarium.benchmarks.personafeedback.planted import planted_items as planted_items
    from personarium.benchmarks.personafeedback.results import FeedbackReport as FeedbackReport
    from personarium.benchmarks.personafeedback.results import FeedbackResult as FeedbackResult

_HOME = "personarium.benchmarks.personafeedback"
_PUBLIC = {
    "choosers": "Chooser ModelChooser ScoreChooser likelihood_chooser",
    "data_format": "FeedbackSet FieldMap only read_feedback write_feedback",
    "items": "FeedbackItem",
    "method": "CONTRACT run_personafeedback",
    "planted": "facts_taken_up planted_items",
    "results": "FeedbackReport FeedbackResult",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names.split()}
)
