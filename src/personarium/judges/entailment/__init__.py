"""Does a fact matter for a question, and does an answer carry, miss or contradict it: estimators behind one protocol.

Three estimators: :class:`RuleOracle` (exact, for tests and calibration), :class:`JudgeEstimator` (a chat model) and
:class:`HeadEstimator` (a small trained head, no model call). :class:`CachedRelevance` around any of them computes the
relevance of a (statement, query) once.

Direction: all ask whether the *statement* follows from the *response* (which may say more), as the APC code does.

Source: Quantifying and Optimizing Global Faithfulness in Persona-driven Role-playing (arXiv 2405.07726), page apc.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.judges.entailment.asked import ENTAILMENT as ENTAILMENT
    from personarium.judges.entailment.asked import RELEVANCE as RELEVANCE
    from personarium.judges.entailment.asked import ZERO_VECTOR_ERRATUM as ZERO_VECTOR_ERRATUM
    from personarium.judges.entailment.asked import JudgeEstimator as JudgeEstimator
    from personarium.judges.entailment.cached import CachedRelevance as CachedRelevance
    from personarium.judges.entailment.head import Head as Head
    from personarium.judges.entailment.head import HeadEstimator as HeadEstimator
    from personarium.judges.entailment.head import label_order as label_order
    from personarium.judges.entailment.head import read_head as read_head
    from personarium.judges.entailment.rules import KeyedFact as KeyedFact
    from personarium.judges.entailment.rules import RuleOracle as RuleOracle
    from personarium.judges.entailment.rules import asks_for as asks_for
    from personarium.judges.entailment.rules import label_by_rule as label_by_rule
    from personarium.judges.entailment.triples import CONTRADICTED as CONTRADICTED
    from personarium.judges.entailment.triples import ENTAILED as ENTAILED
    from personarium.judges.entailment.triples import NEUTRAL as NEUTRAL
    from personarium.judges.entailment.triples import NLI_LABELS as NLI_LABELS
    from personarium.judges.entailment.triples import ONE_HOT as ONE_HOT
    from personarium.judges.entailment.triples import PUBLISHED_ZERO as PUBLISHED_ZERO
    from personarium.judges.entailment.triples import RELEVANCE_LABELS as RELEVANCE_LABELS
    from personarium.judges.entailment.triples import EntailmentEstimator as EntailmentEstimator
    from personarium.judges.entailment.triples import Triple as Triple

_HOME = "personarium.judges.entailment"
_NAMES = {
    "asked": "ENTAILMENT RELEVANCE ZERO_VECTOR_ERRATUM JudgeEstimator",
    "cached": "CachedRelevance",
    "head": "Head HeadEstimator label_order read_head",
    "rules": "KeyedFact RuleOracle asks_for label_by_rule",
    "triples": "CONTRADICTED ENTAILED NEUTRAL NLI_LABELS ONE_HOT PUBLISHED_ZERO RELEVANCE_LABELS EntailmentEstimator Triple",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _NAMES.items() for name in names.split()}
)
