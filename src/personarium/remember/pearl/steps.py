"""The prompted steps of PEARL: a concept's description, the question without private names, and the answer.

Source: pearl page, steps 3, 5 and 7 (temperatures and lengths); the prompts are the laboratory's. The reference shows pictures
and clips to the model; here their descriptions and names are shown.
Differs: the letter is wanted on a line of its own, and ``<ans></ans>`` is read as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form

_PACKAGE = "personarium.remember.pearl"


def _letters(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f"Answer: <{'|'.join(inputs['letters'])}>")


DESCRIBE = Step(
    "pearl.describe",
    _PACKAGE,
    "describe",
    Form.parse('{"description": <text>}'),
    Sampling(temperature=0.7, max_tokens=512),
)
REWRITE = Step(
    "pearl.rewrite",
    _PACKAGE,
    "rewrite",
    Form.parse('{"question": <text>}'),
    Sampling(temperature=0.0, max_tokens=512),
)
ANSWER = Step("pearl.answer", _PACKAGE, "answer", _letters, Sampling(temperature=0.0, max_tokens=1024))
STEPS = (DESCRIBE, REWRITE, ANSWER)
