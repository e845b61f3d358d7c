r"""The prompted steps: the update of the memory (it lives with the strategy) and the final answer.

Source: personamem-v2 page, step B4. The wording is our own; the answer stands in ``\boxed{}``, the reply has at most 1,024 tokens.
"""

from __future__ import annotations

from personarium.core.chat import Sampling
from personarium.measure.choice_items import ChoiceStep
from personarium.remember.personamem_v2.steps import UPDATE
from personarium.text.form import Form

ANSWER = ChoiceStep(
    "personamem_v2.answer",
    "personarium.benchmarks.personamem_v2",
    "answer",
    Form.parse(r"Reasoning: <text> \boxed{<a|b|c|d>}"),
    Sampling(temperature=1.0, top_p=1.0, max_tokens=1024),
)
STEPS = (UPDATE, ANSWER)
STYLE = "({}) {}"
