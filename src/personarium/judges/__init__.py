"""Where somebody reads a text and returns a typed answer: judges, raters, ensembles, entailment, and what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.judges.admission import AdmissionRecord as AdmissionRecord
    from personarium.judges.admission import admission_of as admission_of
    from personarium.judges.admission import certainty_calibration as certainty_calibration
    from personarium.judges.admission import unmeasured as unmeasured
    from personarium.judges.agreement import AgreementReport as AgreementReport
    from personarium.judges.agreement import PositionBias as PositionBias
    from personarium.judges.agreement import agreement_report as agreement_report
    from personarium.judges.agreement import length_bias as length_bias
    from personarium.judges.agreement import position_bias as position_bias
    from personarium.judges.ensemble import Ensemble as Ensemble
    from personarium.judges.entailment import CachedRelevance as CachedRelevance
    from personarium.judges.entailment import EntailmentEstimator as EntailmentEstimator
    from personarium.judges.entailment import HeadEstimator as HeadEstimator
    from personarium.judges.entailment import JudgeEstimator as JudgeEstimator
    from personarium.judges.entailment import KeyedFact as KeyedFact
    from personarium.judges.entailment import RuleOracle as RuleOracle
    from personarium.judges.entailment import Triple as Triple
    from personarium.judges.evolvr import EvolvRConfig as EvolvRConfig
    from personarium.judges.evolvr import EvolvRResult as EvolvRResult
    from personarium.judges.evolvr import run_evolvr as run_evolvr
    from personarium.judges.extraction import Extraction as Extraction
    from personarium.judges.extraction import extract_by_model as extract_by_model
    from personarium.judges.extraction import extract_by_rules as extract_by_rules
    from personarium.judges.judging import Judge as Judge
    from personarium.judges.judging import Rater as Rater
    from personarium.judges.layouts import Asked as Asked
    from personarium.judges.layouts import Layout as Layout
    from personarium.judges.layouts import Reading as Reading
    from personarium.judges.persona_check import PersonaCheck as PersonaCheck
    from personarium.judges.persona_check import check_persona as check_persona
    from personarium.judges.persona_findings import Finding as Finding
    from personarium.judges.personalized_judge import JudgedRun as JudgedRun
    from personarium.judges.personalized_judge import PersonalizedJudgeConfig as PersonalizedJudgeConfig
    from personarium.judges.personalized_judge import run_personalized_judge as run_personalized_judge
    from personarium.judges.raters import PersonRater as PersonRater
    from personarium.judges.raters import Sheet as Sheet
    from personarium.judges.raters import TableRater as TableRater
    from personarium.judges.verdicts import Grade as Grade
    from personarium.judges.verdicts import Order as Order
    from personarium.judges.verdicts import Preference as Preference

_NAMES = {
    "admission": "AdmissionRecord admission_of certainty_calibration unmeasured",
    "agreement": "AgreementReport PositionBias agreement_report length_bias position_bias",
    "ensemble": "Ensemble",
    "entailment": "CachedRelevance EntailmentEstimator HeadEstimator JudgeEstimator KeyedFact RuleOracle Triple",
    "evolvr": "EvolvRConfig EvolvRResult run_evolvr",
    "extraction": "Extraction extract_by_model extract_by_rules",
    "judging": "Judge Rater",
    "layouts": "Asked Layout Reading",
    "persona_check": "PersonaCheck check_persona",
    "persona_findings": "Finding",
    "personalized_judge": "JudgedRun PersonalizedJudgeConfig run_personalized_judge",
    "raters": "PersonRater Sheet TableRater",
    "verdicts": "Grade Order Preference",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"personarium.judges.{module}" for module, names in _NAMES.items() for name in names.split()}
)
