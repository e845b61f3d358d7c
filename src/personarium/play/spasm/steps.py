"""The prompted steps of SPASM: validator, crafter, and the two speakers' instructions.

Source: spasm page, steps 2 to 4 (temperatures); the prompts are the laboratory's, the paper's are not published.
"""

from __future__ import annotations

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.play.role_audit import AUDIT
from personarium.play.termination import TERMINATION
from personarium.text.form import Form

_PACKAGE = "personarium.play.spasm"

VALIDATE = Step(
    "spasm.validate",
    _PACKAGE,
    "validate",
    Form.parse("Reason: <text> Verdict: <accept|reject>"),
    Sampling(temperature=0.3),
)
CRAFT = Step("spasm.craft", _PACKAGE, "craft", Form.parse('{"description": <text>}'), Sampling(temperature=0.7))
# The two speakers' instructions; they are part of a system message and not asked by themselves.
CLIENT_PROMPT = Step("spasm.client", _PACKAGE, "client")
RESPONDER_PROMPT = Step("spasm.responder", _PACKAGE, "responder")
STEPS = (VALIDATE, CRAFT, TERMINATION, AUDIT)
