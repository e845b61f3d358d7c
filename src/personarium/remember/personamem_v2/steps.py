"""The prompted step of the agentic memory: the notes so far and a part of the talk give the new notes.

Source: personamem-v2 page, step B3. The wording is our own.
"""

from __future__ import annotations

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form

UPDATE = Step(
    "personamem_v2.update",
    "personarium.remember.personamem_v2",
    "update",
    Form.parse("n x - <fact: text>"),
    Sampling(temperature=1.0, top_p=1.0, max_tokens=1024),
)
STEPS = (UPDATE,)
