"""The one prompt: persona, question, two replies; a letter.

Source: personafeedback page, "Takes and gives". The wording is our own, the paper's is not known.
"""

from __future__ import annotations

from personarium.core.chat import Sampling
from personarium.measure.choice_items import letter_form
from personarium.models.step import Step

CHOOSE = Step(
    "personafeedback.choose",
    "personarium.benchmarks.personafeedback",
    "choose",
    letter_form,
    Sampling(temperature=0.0),
)
STEPS = (CHOOSE,)
