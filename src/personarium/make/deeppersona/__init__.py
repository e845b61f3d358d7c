"""DeepPersona: people with hundreds of attributes and an account of themselves (see ``method``).

Source: *DeepPersona: A Generative Engine for Scaling Deep Synthetic Personas*, arXiv 2511.07338.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.deeppersona.anchors import Anchors as Anchors
    from personarium.make.deeppersona.anchors import age_group as age_group
    from personarium.make.deeppersona.anchors import draw_anchors as draw_anchors
    from personarium.make.deeppersona.evaluation import evaluate_intrinsic as evaluate_intrinsic
    from personarium.make.deeppersona.evaluation import evaluate_qa as evaluate_qa
    from personarium.make.deeppersona.evaluation import judge_text as judge_text
    from personarium.make.deeppersona.evaluation import qa_questions as qa_questions
    from personarium.make.deeppersona.evaluation import qa_rubrics as qa_rubrics
    from personarium.make.deeppersona.maker import MAKER as MAKER
    from personarium.make.deeppersona.method import CONTRACT as CONTRACT
    from personarium.make.deeppersona.method import ERRATA as ERRATA
    from personarium.make.deeppersona.method import DeepPersonaConfig as DeepPersonaConfig
    from personarium.make.deeppersona.method import make_profile as make_profile
    from personarium.make.deeppersona.method import make_profiles as make_profiles
    from personarium.make.deeppersona.mining import Merged as Merged
    from personarium.make.deeppersona.mining import Mined as Mined
    from personarium.make.deeppersona.mining import merge_paths as merge_paths
    from personarium.make.deeppersona.mining import mine_taxonomy as mine_taxonomy
    from personarium.make.deeppersona.profile import Profile as Profile
    from personarium.make.deeppersona.profile import load_run as load_run
    from personarium.make.deeppersona.profile import save_run as save_run
    from personarium.make.deeppersona.profile import violations as violations
    from personarium.make.deeppersona.result import PersonasResult as PersonasResult
    from personarium.make.deeppersona.selection import CODE_MIX as CODE_MIX
    from personarium.make.deeppersona.selection import PAPER_MIX as PAPER_MIX
    from personarium.make.deeppersona.selection import category_quotas as category_quotas
    from personarium.make.deeppersona.selection import choose_in_bands as choose_in_bands
    from personarium.make.deeppersona.selection import select_attributes as select_attributes
    from personarium.make.deeppersona.survey import account_of as account_of
    from personarium.make.deeppersona.survey import collect_answers as collect_answers
    from personarium.make.deeppersona.survey import compare_values as compare_values
    from personarium.make.deeppersona.survey import mean_distances as mean_distances
    from personarium.make.deeppersona.survey import value_questions as value_questions
    from personarium.make.deeppersona.taxonomy import CATEGORIES as CATEGORIES
    from personarium.make.deeppersona.taxonomy import Taxonomy as Taxonomy
    from personarium.make.deeppersona.taxonomy import load_taxonomy as load_taxonomy

_HOME = "personarium.make.deeppersona"
_PUBLIC = {
    "anchors": "Anchors age_group draw_anchors",
    "evaluation": "evaluate_intrinsic evaluate_qa judge_text qa_questions qa_rubrics",
    "maker": "MAKER",
    "method": "CONTRACT ERRATA DeepPersonaConfig make_profile make_profiles",
    "mining": "Merged Mined merge_paths mine_taxonomy",
    "profile": "Profile load_run save_run violations",
    "result": "PersonasResult",
    "selection": "CODE_MIX PAPER_MIX category_quotas choose_in_bands select_attributes",
    "survey": "account_of collect_answers compare_values mean_distances value_questions",
    "taxonomy": "CATEGORIES Taxonomy load_taxonomy",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names.split()}
)
