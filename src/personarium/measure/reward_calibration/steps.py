"""The one prompt of the evaluation: a question, its answer, and how sure the model is.

Source: reward-calibration page, step 2 (answer first, then "Confidence:" and a number 0 to 10).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form


def _form(inputs: Mapping[str, Any]) -> Form:
    answer = f"<{'|'.join(inputs['letters'])}>" if inputs["letters"] else "<text>"
    reasoning = "Reasoning: <text>\n" if inputs["reasoning"] else ""
    return Form.parse(f"{reasoning}Answer: {answer}\nConfidence: <0-10>")


ANSWER = Step(
    "reward_calibration.answer",
    "personarium.measure.reward_calibration",
    "answer",
    _form,
    Sampling(temperature=0.0),
)
