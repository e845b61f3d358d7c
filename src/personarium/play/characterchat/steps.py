"""The prompted steps of the dialogues: tone, aspect, mood, rating; and what wraps a turn.

Source: characterchat page, steps 4 to 9. The prompts are in our own words; temperatures are not stated there: turns and tone
samples 1.0 (the endpoint's default in the original), everything that is read as a choice or score 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form

_HERE = "personarium.play.characterchat"
NONE = "NONE"
SCORES = ("mood_improved", "problem_solved", "engaged")


def _tones(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f'{inputs["count"]} x When the other says "<cue: text>", you say "<answer: text>".')


def _names(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f"Aspect: <{'|'.join([*inputs['names'], NONE])}>")


TONE = Step("characterchat.tone", _HERE, "tone", _tones, Sampling(temperature=1.0))
ASPECT = Step("characterchat.aspect", _HERE, "aspect", _names, Sampling(temperature=0.0))
MOOD = Step("characterchat.mood", _HERE, "mood", Form.parse("Mood: <0|1|2|3|4|5>"), Sampling(temperature=0.0))
RATE = Step(
    "characterchat.rate",
    _HERE,
    "rate",
    Form.parse('{"reason": <text>, "mood_improved": <1-5>, "problem_solved": <1-5>, "engaged": <1-5>}'),
    Sampling(temperature=0.0),
)
# What a turn and a farewell wrap around the partner's last utterance; part of a message, not asked by themselves.
TURN = Step("characterchat.turn", _HERE, "turn")
FAREWELL = Step("characterchat.farewell", _HERE, "farewell")
STEPS = (TONE, ASPECT, MOOD, RATE)
