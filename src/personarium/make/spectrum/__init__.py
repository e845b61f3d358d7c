"""SPeCtrum: individuals from social identity, personal identity and life context (see ``method``).

Source: *SPeCtrum*, arXiv 2502.08599.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.spectrum.evaluation import Guess as Guess
    from personarium.make.spectrum.evaluation import Truth as Truth
    from personarium.make.spectrum.evaluation import TwentyStatements as TwentyStatements
    from personarium.make.spectrum.evaluation import guess_accuracy as guess_accuracy
    from personarium.make.spectrum.evaluation import guess_who as guess_who
    from personarium.make.spectrum.evaluation import judge_statements as judge_statements
    from personarium.make.spectrum.evaluation import twenty_statements as twenty_statements
    from personarium.make.spectrum.extractor import ExtractedIntake as ExtractedIntake
    from personarium.make.spectrum.extractor import extract_intake as extract_intake
    from personarium.make.spectrum.intake import Intake as Intake
    from personarium.make.spectrum.intake import intake_questions as intake_questions
    from personarium.make.spectrum.intake import load_intakes as load_intakes
    from personarium.make.spectrum.intake import read_intake as read_intake
    from personarium.make.spectrum.maker import MAKER as MAKER
    from personarium.make.spectrum.method import CONTRACT as CONTRACT
    from personarium.make.spectrum.method import ERRATA as ERRATA
    from personarium.make.spectrum.method import SpectrumConfig as SpectrumConfig
    from personarium.make.spectrum.method import make_profiles as make_profiles
    from personarium.make.spectrum.method import personality_scores as personality_scores
    from personarium.make.spectrum.method import profile_figure as profile_figure
    from personarium.make.spectrum.method import profile_person as profile_person
    from personarium.make.spectrum.method import system_prompt as system_prompt
    from personarium.make.spectrum.method import value_scores as value_scores
    from personarium.make.spectrum.profile import COMBINATIONS as COMBINATIONS
    from personarium.make.spectrum.profile import Profile as Profile
    from personarium.make.spectrum.profile import combination as combination
    from personarium.make.spectrum.profile import load_profile as load_profile
    from personarium.make.spectrum.profile import load_profiles as load_profiles
    from personarium.make.spectrum.profile import save_profile as save_profile
    from personarium.make.spectrum.questionnaires import BFI_2_S as BFI_2_S
    from personarium.make.spectrum.questionnaires import PVQ_21 as PVQ_21
    from personarium.make.spectrum.questionnaires import Questionnaire as Questionnaire
    from personarium.make.spectrum.questionnaires import TraitScore as TraitScore
    from personarium.make.spectrum.questionnaires import domain_scores as domain_scores
    from personarium.make.spectrum.questionnaires import load_items as load_items
    from personarium.make.spectrum.questionnaires import questionnaire as questionnaire
    from personarium.make.spectrum.social import SocialField as SocialField
    from personarium.make.spectrum.social import SocialList as SocialList
    from personarium.make.spectrum.social import read_social as read_social
    from personarium.make.spectrum.social import social_fields as social_fields
    from personarium.make.spectrum.social import social_questions as social_questions
    from personarium.make.spectrum.social import social_text as social_text
    from personarium.make.spectrum.trials import SpectrumResult as SpectrumResult
    from personarium.make.spectrum.trials import evaluate_profiles as evaluate_profiles
    from personarium.make.spectrum.wording import centred as centred
    from personarium.make.spectrum.wording import importance_word as importance_word
    from personarium.make.spectrum.wording import level_word as level_word
    from personarium.make.spectrum.wording import sentences as sentences

_HOME = "personarium.make.spectrum"
_PUBLIC = {
    "evaluation": "Guess Truth TwentyStatements guess_accuracy guess_who judge_statements twenty_statements",
    "extractor": "ExtractedIntake extract_intake",
    "intake": "Intake intake_questions load_intakes read_intake",
    "maker": "MAKER",
    "method": "CONTRACT ERRATA SpectrumConfig make_profiles personality_scores "
    "profile_figure profile_person system_prompt value_scores",
    "profile": "COMBINATIONS Profile combination load_profile load_profiles save_profile",
    "questionnaires": "BFI_2_S PVQ_21 Questionnaire TraitScore domain_scores load_items questionnaire",
    "social": "SocialField SocialList read_social social_fields social_questions social_text",
    "trials": "SpectrumResult evaluate_profiles",
    "wording": "centred importance_word level_word sentences",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names.split()}
)
