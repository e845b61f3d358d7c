"""Instruments: drift, echo, persona retrieval, faithfulness, and their calibration on subjects whose truth is known."""

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

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "APCInstrument": "personarium.measure.apc.instrument",
        "APCScore": "personarium.measure.apc.scoring",
        "Calibration": "personarium.measure.calibrate.result",
        "DriftInstrument": "personarium.measure.drift",
        "KeyedWorld": "personarium.measure.calibrate.world",
        "ProjectionEffect": "personarium.measure.drift",
        "Retrieval": "personarium.measure.dialogue_retrieval",
        "Verdict": "personarium.measure.gate",
        "apc_score": "personarium.measure.apc.scoring",
        "check_gate": "personarium.measure.gate",
        "dialogue_drift": "personarium.measure.drift",
        "dialogue_echo": "personarium.measure.echo",
        "drift_of_vectors": "personarium.measure.drift",
        "echo_pairs": "personarium.measure.echo",
        "keyed_world": "personarium.measure.calibrate.world",
        "projection_effect": "personarium.measure.drift",
        "retrieve_personas": "personarium.measure.dialogue_retrieval",
        "run_gate": "personarium.measure.gate",
    },
)
