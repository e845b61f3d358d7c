"""The prompted step: one question with four lettered replies, behind the talk so far or beside a memory of it.

Source: personamem page, step 5. The wording is our own; question, instruction and options stand in the published order, and no
sampling parameters are set, as published.
"""

from __future__ import annotations

from personarium.core.chat import Sampling
from personarium.measure.choice_items import ChoiceStep
from personarium.text.form import Form

ANSWER = ChoiceStep(
    "personamem.answer",
    "personarium.benchmarks.personamem",
    "answer",
    Form.parse("Final answer: (<a|b|c|d>)"),
    Sampling(),
)
STEPS = (ANSWER,)
STYLE = "({}) {}"
