"""Instruments: drift, echo, read-back, faithfulness, choices, comparisons; and their calibration on subjects of known truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.measure.apc.instrument import APCInstrument as APCInstrument
    from personarium.measure.apc.scoring import APCScore as APCScore
    from personarium.measure.apc.scoring import apc_score as apc_score
    from personarium.measure.calibrate.result import Calibration as Calibration
    from personarium.measure.calibrate.world import KeyedWorld as KeyedWorld
    from personarium.measure.calibrate.world import keyed_world as keyed_world
    from personarium.measure.choice_items import ChoiceItem as ChoiceItem
    from personarium.measure.choice_items import ChoiceReport as ChoiceReport
    from personarium.measure.choice_items import ask_choice as ask_choice
    from personarium.measure.comparison import AgentComparison as AgentComparison
    from personarium.measure.comparison import ComparisonConfig as ComparisonConfig
    from personarium.measure.comparison import compare_agents as compare_agents
    from personarium.measure.dialogue_retrieval import Retrieval as Retrieval
    from personarium.measure.dialogue_retrieval import retrieve_personas as retrieve_personas
    from personarium.measure.drift import DriftInstrument as DriftInstrument
    from personarium.measure.drift import ProjectionEffect as ProjectionEffect
    from personarium.measure.drift import dialogue_drift as dialogue_drift
    from personarium.measure.drift import drift_of_vectors as drift_of_vectors
    from personarium.measure.drift import projection_effect as projection_effect
    from personarium.measure.echo import dialogue_echo as dialogue_echo
    from personarium.measure.echo import echo_pairs as echo_pairs
    from personarium.measure.gate import Verdict as Verdict
    from personarium.measure.gate import check_gate as check_gate
    from personarium.measure.gate import run_gate as run_gate
    from personarium.measure.memory import compare_strategies as compare_strategies
    from personarium.measure.prompt_tournament import TournamentConfig as TournamentConfig
    from personarium.measure.prompt_tournament import TournamentResult as TournamentResult
    from personarium.measure.prompt_tournament import run_tournament as run_tournament
    from personarium.measure.reading_back import ReadBack as ReadBack
    from personarium.measure.reading_back import ReadBackConfig as ReadBackConfig
    from personarium.measure.reading_back import Said as Said
    from personarium.measure.reading_back import read_back as read_back
    from personarium.measure.reply_check import ReplyCheck as ReplyCheck
    from personarium.measure.reply_check import check_reply as check_reply

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "APCInstrument": "personarium.measure.apc.instrument",
        "APCScore": "personarium.measure.apc.scoring",
        "AgentComparison": "personarium.measure.comparison",
        "Calibration": "personarium.measure.calibrate.result",
        "ChoiceItem": "personarium.measure.choice_items",
        "ChoiceReport": "personarium.measure.choice_items",
        "ComparisonConfig": "personarium.measure.comparison",
        "DriftInstrument": "personarium.measure.drift",
        "KeyedWorld": "personarium.measure.calibrate.world",
        "ProjectionEffect": "personarium.measure.drift",
        "ReadBack": "personarium.measure.reading_back",
        "ReadBackConfig": "personarium.measure.reading_back",
        "ReplyCheck": "personarium.measure.reply_check",
        "Retrieval": "personarium.measure.dialogue_retrieval",
        "Said": "personarium.measure.reading_back",
        "TournamentConfig": "personarium.measure.prompt_tournament",
        "TournamentResult": "personarium.measure.prompt_tournament",
        "Verdict": "personarium.measure.gate",
        "apc_score": "personarium.measure.apc.scoring",
        "ask_choice": "personarium.measure.choice_items",
        "check_gate": "personarium.measure.gate",
        "check_reply": "personarium.measure.reply_check",
        "compare_agents": "personarium.measure.comparison",
        "compare_strategies": "personarium.measure.memory",
        "dialogue_drift": "personarium.measure.drift",
        "dialogue_echo": "personarium.measure.echo",
        "drift_of_vectors": "personarium.measure.drift",
        "echo_pairs": "personarium.measure.echo",
        "keyed_world": "personarium.measure.calibrate.world",
        "projection_effect": "personarium.measure.drift",
        "read_back": "personarium.measure.reading_back",
        "retrieve_personas": "personarium.measure.dialogue_retrieval",
        "run_gate": "personarium.measure.gate",
        "run_tournament": "personarium.measure.prompt_tournament",
    },
)
