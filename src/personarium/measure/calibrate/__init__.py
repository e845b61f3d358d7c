"""What an instrument can and cannot detect: calibration on simulated subjects whose behaviour is known.

Source: SIMULATED.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.measure.calibrate.engine import FIDELITY as FIDELITY
    from personarium.measure.calibrate.engine import calibrate as calibrate
    from personarium.measure.calibrate.judge_result import JudgeCalibration as JudgeCalibration
    from personarium.measure.calibrate.judges import calibrate_judge as calibrate_judge
    from personarium.measure.calibrate.planted import PlantedWorld as PlantedWorld
    from personarium.measure.calibrate.planted import Trial as Trial
    from personarium.measure.calibrate.planted import planted_world as planted_world
    from personarium.measure.calibrate.result import STANDING_SENTENCE as STANDING_SENTENCE
    from personarium.measure.calibrate.result import Calibration as Calibration
    from personarium.measure.calibrate.result import ControlResult as ControlResult
    from personarium.measure.calibrate.result import Detectable as Detectable
    from personarium.measure.calibrate.result import Point as Point
    from personarium.measure.calibrate.result import Unit as Unit
    from personarium.measure.calibrate.result import calibration_from_dict as calibration_from_dict
    from personarium.measure.calibrate.rulings import JudgeInstrument as JudgeInstrument
    from personarium.measure.calibrate.rulings import Ruling as Ruling
    from personarium.measure.calibrate.truth import TRUTHS as TRUTHS
    from personarium.measure.calibrate.truth import Exchange as Exchange
    from personarium.measure.calibrate.truth import Explained as Explained
    from personarium.measure.calibrate.truth import fact_share as fact_share
    from personarium.measure.calibrate.truth import neutral_drift as neutral_drift
    from personarium.measure.calibrate.truth import turn_share as turn_share
    from personarium.measure.calibrate.world import CLAIMS as CLAIMS
    from personarium.measure.calibrate.world import KeyedWorld as KeyedWorld
    from personarium.measure.calibrate.world import keyed_world as keyed_world

_ENGINE, _RESULT = "personarium.measure.calibrate.engine", "personarium.measure.calibrate.result"
_JUDGES, _PLANTED = "personarium.measure.calibrate.judges", "personarium.measure.calibrate.planted"
_RULINGS = "personarium.measure.calibrate.rulings"
_TRUTH, _WORLD = "personarium.measure.calibrate.truth", "personarium.measure.calibrate.world"
_EXPORTS = {
    "CLAIMS": _WORLD,
    "Calibration": _RESULT,
    "ControlResult": _RESULT,
    "Detectable": _RESULT,
    "Exchange": _TRUTH,
    "Explained": _TRUTH,
    "FIDELITY": _ENGINE,
    "JudgeCalibration": "personarium.measure.calibrate.judge_result",
    "JudgeInstrument": _RULINGS,
    "KeyedWorld": _WORLD,
    "PlantedWorld": _PLANTED,
    "Point": _RESULT,
    "Ruling": _RULINGS,
    "STANDING_SENTENCE": _RESULT,
    "TRUTHS": _TRUTH,
    "Trial": _PLANTED,
    "Unit": _RESULT,
    "calibrate": _ENGINE,
    "calibrate_judge": _JUDGES,
    "calibration_from_dict": _RESULT,
    "fact_share": _TRUTH,
    "keyed_world": _WORLD,
    "neutral_drift": _TRUTH,
    "planted_world": _PLANTED,
    "turn_share": _TRUTH,
}
__all__, __getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
