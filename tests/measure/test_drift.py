"""Drift by the laboratory's formula, its effect size, and the instrument on subjects whose drift is planted."""

from __future__ import annotations

import math

import pytest

from personarium.core import Dialogue, Persona
from personarium.core.results import Instrument, Score
from personarium.measure import DriftInstrument, dialogue_drift, drift_of_vectors, projection_effect
from personarium.measure.drift import QUESTIONS, SCALE
from personarium.models import ScriptedModel, open_model
from personarium.play import Agent

NURSE = Persona.from_row({
    "id": "nurse", "name": "Ann", "age": 42, "occupation": "nurse", "home": "Leeds", "hobby": "chess", "pet": "two cats",
    "food": "lentil soup", "music": "jazz", "fear": "heights", "drink": "green tea", "sport": "rowing", "hair": "red",
    "season": "autumn", "book": "Middlemarch",
})  # fmt: skip


@pytest.mark.parametrize(("last", "wanted"), [(90, 0.7756), (45, 0.2215)])
def test_nine_utterances_turning_away(last: int, wanted: float) -> None:
    angles = [math.radians(last * k / 8) for k in range(9)]
    score = drift_of_vectors([(math.cos(a), math.sin(a)) for a in angles], (1.0, 0.0))
    assert score.value == pytest.approx(wanted, abs=5e-5)
    assert score.parts["turn 1"] == pytest.approx(0.0)


def test_missing_is_not_zero() -> None:
    assert drift_of_vectors([(1.0, 0.0)] * 6, (1.0, 0.0)).value == pytest.approx(0.0)
    for vectors in ([(1.0, 0.0)], [(1.0, 0.0), (0.0, 0.0)]):
        score = drift_of_vectors(vectors, (1.0, 0.0), "d")
        assert score.value is None
        assert [f.kind for f in score.failures] == ["missing"]


def test_only_the_named_speaker_counts() -> None:
    talk = Dialogue(
        "d", [("client", "I play chess."), ("tested", "Stars."), ("client", "I play chess."), ("tested", "Rain.")]
    )
    score = dialogue_drift(talk, "client", "I play chess.")
    assert score.value == pytest.approx(0.0, abs=1e-6)
    assert list(score.parts) == ["turn 1", "turn 2"]


def test_effect_of_projection_has_sign_and_size() -> None:
    ours = [Score(v, SCALE) for v in (0.0, 0.1, 0.2, None)]
    theirs = [Score(v, SCALE) for v in (0.2, 0.3, 0.4)]
    effect = projection_effect(ours, theirs)
    assert effect.difference.value == pytest.approx(-0.2)
    assert effect.d.value == pytest.approx(-2.0)
    assert effect.d.failures == {"missing": 1}
    assert effect.p_value is not None


async def test_the_instrument_asks_the_same_of_everybody() -> None:
    model = ScriptedModel(lambda messages, sampling: "I am a nurse.")
    instrument = DriftInstrument(turns=14)
    assert isinstance(instrument, Instrument)
    scores = await instrument.measure(model, [NURSE], seed=3)
    assert [s.id for s in scores] == ["nurse"]
    assert scores[0].value == pytest.approx(0.0, abs=1e-6)
    assert len(scores[0].parts) == 14
    asked = [call.messages[-1]["content"] for call in model.calls]
    assert asked == [*QUESTIONS, *QUESTIONS[:2]]


async def test_a_failed_dialogue_is_missing() -> None:
    scores = await DriftInstrument(turns=2).measure(ScriptedModel([""]), [NURSE])
    assert scores[0].value is None
    assert scores[0].failures[0].kind == "empty"


async def test_partner_may_be_a_model_or_a_speaker() -> None:
    for partner in (ScriptedModel(["a?", "b?"]), Agent(None, ScriptedModel(["a?", "b?"]), id="host")):
        (played,) = await DriftInstrument(partner, turns=2).play(ScriptedModel(["x", "y"]), [NURSE])
        assert [u.text for u in played.dialogue] == ["a?", "x", "b?", "y"]


async def test_planted_drift_is_seen() -> None:
    people = [
        Persona.from_row({**{f.path: f.value for f in NURSE.facets}, "id": f"p{k}", "age": 20 + k}) for k in range(20)
    ]

    async def mean(parameters: str) -> float:
        subject = open_model(f"simulated:patience=50,{parameters}")
        scores = await DriftInstrument().measure(subject, people, seed=5)
        values = [s.value for s in scores if s.value is not None]
        assert len(values) == 20
        return sum(values) / 20

    steady, drifting = await mean("drift=0,seed=1"), await mean("drift=0.1,seed=2")
    assert drifting > steady + 0.03
