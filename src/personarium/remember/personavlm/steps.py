"""The prompted steps of PersonaVLM: what to keep of a talk, what it shows of the person, and the next action of a reply.

Source: personavlm page, steps 2 and 3; the prompts are the laboratory's, the paper's were not available.
"""

from __future__ import annotations

from typing import Any

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.remember.personavlm.personality import TRAITS
from personarium.remember.personavlm.writing import STORES, WISHES
from personarium.text.form import Form
from personarium.text.holes import Unparsed
from personarium.text.json_reading import read_list

_PACKAGE = "personarium.remember.personavlm"
_PRECISE = Sampling(temperature=0.0)
ANSWER = "answer"
LEVELS = ("very low", "low", "middle", "high", "very high")
NO_SIGN = "no sign"

_ENTRY = (
    f'{{"action": <{"|".join(WISHES)}>, "store": <{"|".join(STORES)}>, "target": <text>, "topic": <text>, '
    '"memory": <text>, "date": <text>, "quote": <text>}'
)
EXTRACT = Step("personavlm.extract", _PACKAGE, "extract", Form.parse(f"n x {_ENTRY}"), _PRECISE)
INFER = Step(
    "personavlm.infer",
    _PACKAGE,
    "infer",
    Form.parse("{" + ", ".join(f'"{trait}": <{"|".join([*LEVELS, NO_SIGN])}>' for trait in TRAITS) + "}"),
    _PRECISE,
)
ACT = Step(
    "personavlm.act",
    _PACKAGE,
    "act",
    Form.parse(f'{{"thought": <text>, "action": <{ANSWER}|{"|".join(STORES)}>, "text": <text>}}'),
    Sampling(temperature=0.7),
)
STEPS = (EXTRACT, INFER, ACT)


def read_entries(reply: str) -> dict[str, Any] | Unparsed:
    """The entries of a reply, good and bad: each is checked where it is written, so that one bad entry loses no other."""
    form = EXTRACT.form_for({})
    whole = form.read(reply) if form is not None else Unparsed("no form", reply)
    if not isinstance(whole, Unparsed):
        return whole
    items = read_list(reply)
    if isinstance(items, Unparsed) or not any(isinstance(item, dict) for item in items):
        return whole
    return {"items": items}
