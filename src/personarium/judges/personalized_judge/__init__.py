"""A judge of personal taste that may say how sure it is, with everything that keeps it honest.

Source: *Can LLM be a Personalized Judge?*, arXiv 2406.11657.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.judges.personalized_judge.authors import author_pairs as author_pairs
    from personarium.judges.personalized_judge.authors import essay_pairs as essay_pairs
    from personarium.judges.personalized_judge.calibrating import CalibratedRun as CalibratedRun
    from personarium.judges.personalized_judge.calibrating import CertaintyCalibration as CertaintyCalibration
    from personarium.judges.personalized_judge.calibrating import calibrate_run as calibrate_run
    from personarium.judges.personalized_judge.calibrating import fit_certainty as fit_certainty
    from personarium.judges.personalized_judge.faults import ItemFaults as ItemFaults
    from personarium.judges.personalized_judge.faults import check_items as check_items
    from personarium.judges.personalized_judge.items import PreferenceItem as PreferenceItem
    from personarium.judges.personalized_judge.items import read_items as read_items
    from personarium.judges.personalized_judge.items import shuffled_personas as shuffled_personas
    from personarium.judges.personalized_judge.items import write_items as write_items
    from personarium.judges.personalized_judge.method import CONTRACT as CONTRACT
    from personarium.judges.personalized_judge.method import ERRATA as ERRATA
    from personarium.judges.personalized_judge.method import PersonalizedJudgeConfig as PersonalizedJudgeConfig
    from personarium.judges.personalized_judge.method import judge_item as judge_item
    from personarium.judges.personalized_judge.method import run_personalized_judge as run_personalized_judge
    from personarium.judges.personalized_judge.pairs import RatedReply as RatedReply
    from personarium.judges.personalized_judge.pairs import RatedTurn as RatedTurn
    from personarium.judges.personalized_judge.pairs import prism_turns as prism_turns
    from personarium.judges.personalized_judge.pairs import rated_pairs as rated_pairs
    from personarium.judges.personalized_judge.pairs import survey_pairs as survey_pairs
    from personarium.judges.personalized_judge.personas import describe_user as describe_user
    from personarium.judges.personalized_judge.personas import personas_of as personas_of
    from personarium.judges.personalized_judge.published import PublishedRun as PublishedRun
    from personarium.judges.personalized_judge.published import is_published as is_published
    from personarium.judges.personalized_judge.published import read_published_outputs as read_published_outputs
    from personarium.judges.personalized_judge.reading import Choice as Choice
    from personarium.judges.personalized_judge.reading import read_choice as read_choice
    from personarium.judges.personalized_judge.result import JudgedRun as JudgedRun
    from personarium.judges.personalized_judge.verdicts import JudgeVerdict as JudgeVerdict

_HOME = "personarium.judges.personalized_judge"
_PUBLIC = {
    "authors": "author_pairs essay_pairs",
    "calibrating": "CalibratedRun CertaintyCalibration calibrate_run fit_certainty",
    "faults": "ItemFaults check_items",
    "items": "PreferenceItem read_items shuffled_personas write_items",
    "method": "CONTRACT ERRATA PersonalizedJudgeConfig judge_item run_personalized_judge",
    "pairs": "RatedReply RatedTurn prism_turns rated_pairs survey_pairs",
    "personas": "describe_user personas_of",
    "published": "PublishedRun is_published read_published_outputs",
    "reading": "Choice read_choice",
    "result": "JudgedRun",
    "verdicts": "JudgeVerdict",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{_HOME}.{module}" for module, names in _PUBLIC.items() for name in names.split()}
)
