"""The two prompted steps of PersoBench: the next reply, without and with a reasoning field before it.

Source: PersoBench (arXiv 2410.03198), page step 2: zero-shot, greedy, at most 110 words a field, 110 new tokens (220 with reasoning).
The prompt is in our own words.
"""

from __future__ import annotations

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form

WORDS = 110
_PACKAGE = "personarium.benchmarks.persobench"

REPLY = Step(
    "persobench.reply", _PACKAGE, "reply", Form.parse('{"response": <text>}'), Sampling(temperature=0.0, max_tokens=110)
)
REASONED = Step(
    "persobench.reasoned",
    _PACKAGE,
    "reply",
    Form.parse('{"reasoning": <text>, "response": <text>}'),
    Sampling(temperature=0.0, max_tokens=220),
)
STEPS = (REPLY, REASONED)
