"""Reward calibration: is stated confidence honest? Asking for it, reading it, scoring it (see ``method``), and the bias probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.measure.reward_calibration.bias_probe import BiasProbe as BiasProbe
    from personarium.measure.reward_calibration.bias_probe import confidence_bias as confidence_bias
    from personarium.measure.reward_calibration.bias_probe import probe_texts as probe_texts
    from personarium.measure.reward_calibration.confidence_line import StatedConfidence as StatedConfidence
    from personarium.measure.reward_calibration.confidence_line import confidence_line as confidence_line
    from personarium.measure.reward_calibration.confidence_line import read_confidence as read_confidence
    from personarium.measure.reward_calibration.method import CONTRACT as CONTRACT
    from personarium.measure.reward_calibration.method import ERRATA as ERRATA
    from personarium.measure.reward_calibration.method import ConfidenceConfig as ConfidenceConfig
    from personarium.measure.reward_calibration.method import ask_questions as ask_questions
    from personarium.measure.reward_calibration.method import evaluate as evaluate
    from personarium.measure.reward_calibration.records import ConfidenceRecord as ConfidenceRecord
    from personarium.measure.reward_calibration.records import Question as Question
    from personarium.measure.reward_calibration.records import arithmetic_questions as arithmetic_questions
    from personarium.measure.reward_calibration.records import read_confidence_table as read_confidence_table
    from personarium.measure.reward_calibration.records import read_questions as read_questions
    from personarium.measure.reward_calibration.result import ConfidenceReport as ConfidenceReport

_HOME = "personarium.measure.reward_calibration"
_PUBLIC = {
    "bias_probe": ("BiasProbe", "confidence_bias", "probe_texts"),
    "confidence_line": ("StatedConfidence", "confidence_line", "read_confidence"),
    "method": ("CONTRACT", "ERRATA", "ConfidenceConfig", "ask_questions", "evaluate"),
    "records": ("ConfidenceRecord", "Question", "arithmetic_questions", "read_confidence_table", "read_questions"),
    "result": ("ConfidenceReport",),
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names}
)
