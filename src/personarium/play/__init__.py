"""Playing personas: agents, the dialogue engine, ends of talks, audits of roles, the best of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.play.agents import Agent as Agent
    from personarium.play.agents import CallableAgent as CallableAgent
    from personarium.play.agents import Speaker as Speaker
    from personarium.play.agents import Spoken as Spoken
    from personarium.play.agents import as_spoken as as_spoken
    from personarium.play.characters import CardAgent as CardAgent
    from personarium.play.characters import agent_for as agent_for
    from personarium.play.characters import opened as opened
    from personarium.play.dialogues import Casting as Casting
    from personarium.play.dialogues import Detector as Detector
    from personarium.play.dialogues import Ending as Ending
    from personarium.play.dialogues import Played as Played
    from personarium.play.dialogues import play_dialogue as play_dialogue
    from personarium.play.dialogues import play_dialogues as play_dialogues
    from personarium.play.remembering import RememberingAgent as RememberingAgent
    from personarium.play.role_audit import Audit as Audit
    from personarium.play.role_audit import Finding as Finding
    from personarium.play.role_audit import audit_roles as audit_roles
    from personarium.play.role_audit import audit_summary as audit_summary
    from personarium.play.role_audit import duplicate_dialogues as duplicate_dialogues
    from personarium.play.role_audit import replace_contacts as replace_contacts
    from personarium.play.role_audit import scan as scan
    from personarium.play.selection import BestOf as BestOf
    from personarium.play.selection import Candidate as Candidate
    from personarium.play.selection import best_of as best_of
    from personarium.play.selection import choose as choose
    from personarium.play.survey.asking import SurveyConfig as SurveyConfig
    from personarium.play.survey.asking import run_survey as run_survey
    from personarium.play.survey.cohorts import compare_cohorts as compare_cohorts
    from personarium.play.survey.comparison import compare_with_people as compare_with_people
    from personarium.play.survey.human import load_human as load_human
    from personarium.play.survey.questions import Questionnaire as Questionnaire
    from personarium.play.survey.reading import load_questionnaire as load_questionnaire
    from personarium.play.survey.result import SurveyResult as SurveyResult
    from personarium.play.termination import TerminationDetector as TerminationDetector

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Agent": "personarium.play.agents",
        "Audit": "personarium.play.role_audit",
        "BestOf": "personarium.play.selection",
        "CallableAgent": "personarium.play.agents",
        "Candidate": "personarium.play.selection",
        "CardAgent": "personarium.play.characters",
        "Casting": "personarium.play.dialogues",
        "Detector": "personarium.play.dialogues",
        "Ending": "personarium.play.dialogues",
        "Finding": "personarium.play.role_audit",
        "Played": "personarium.play.dialogues",
        "Questionnaire": "personarium.play.survey.questions",
        "RememberingAgent": "personarium.play.remembering",
        "Speaker": "personarium.play.agents",
        "Spoken": "personarium.play.agents",
        "SurveyConfig": "personarium.play.survey.asking",
        "SurveyResult": "personarium.play.survey.result",
        "TerminationDetector": "personarium.play.termination",
        "agent_for": "personarium.play.characters",
        "as_spoken": "personarium.play.agents",
        "audit_roles": "personarium.play.role_audit",
        "audit_summary": "personarium.play.role_audit",
        "best_of": "personarium.play.selection",
        "choose": "personarium.play.selection",
        "compare_cohorts": "personarium.play.survey.cohorts",
        "compare_with_people": "personarium.play.survey.comparison",
        "duplicate_dialogues": "personarium.play.role_audit",
        "load_human": "personarium.play.survey.human",
        "load_questionnaire": "personarium.play.survey.reading",
        "opened": "personarium.play.characters",
        "play_dialogue": "personarium.play.dialogues",
        "play_dialogues": "personarium.play.dialogues",
        "replace_contacts": "personarium.play.role_audit",
        "run_survey": "personarium.play.survey.asking",
        "scan": "personarium.play.role_audit",
    },
)
