"""The one question that a personalized judge is asked: which text is this user's, and how certain are you?

Source: personalized-judge page, steps 4 and 5. The wording is our own. The published prompt ends with an opening bracket; a
house prompt ends with its reply form, which shows the same brackets, and both kinds of reply are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form


def _form(inputs: Mapping[str, Any]) -> Form:
    letters = "A|B|C" if inputs["ties"] else "A|B"
    lo, hi = inputs["scale"] or (0, 0)
    certainty = f" [[<{lo}-{hi}>]]" if inputs["scale"] else ""
    return Form.parse(f"[[<{letters}>]]{certainty}")


CHOOSE = Step(
    "personalized_judge.choose",
    "personarium.judges.personalized_judge",
    "choose",
    _form,
    Sampling(temperature=0.7, max_tokens=15),
)
STEPS = (CHOOSE,)
