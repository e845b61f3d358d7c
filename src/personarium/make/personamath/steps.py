"""The prompted steps of PersonaMath: sort a persona, solve, rewrite, reflect.

Source: personamath page, steps 1 and 2. The official prompts are not published; these are our own words. The temperatures
are not stated either: 0 where one answer is wanted, else 0.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.core.chat import Sampling
from personarium.make.personamath.bank import CLASSES
from personarium.models.step import Step
from personarium.text.form import Form

_HERE = "personarium.make.personamath"


def solution_form(inputs: Mapping[str, Any]) -> Form:
    """The reply form of a solution: the answer checker says what stands in the box."""
    return Form.parse(str(inputs["form"]))


CLASSIFY = Step(
    "personamath.classify", _HERE, "classify", Form.parse(f"<class: {'|'.join(CLASSES)}>"), Sampling(temperature=0.0)
)
SOLVE = Step("personamath.solve", _HERE, "solve", solution_form, Sampling(temperature=0.7))
REWRITE = Step("personamath.rewrite", _HERE, "rewrite", Form.parse('{"problem": <text>}'), Sampling(temperature=0.7))
REFLECT = Step("personamath.reflect", _HERE, "reflect", solution_form, Sampling(temperature=0.7))
STEPS = (CLASSIFY, SOLVE, REWRITE, REFLECT)
