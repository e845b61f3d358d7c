"""The seven prompts of HACHIMI: five writers that own their keys, a fast and a deep validator.

Source: hachimi page, steps 2, 5 and 6 (tokens, temperatures); the prompts are in our own words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from personarium.core.chat import Sampling
from personarium.make.hachimi.published import PATTERN_AS_TUPLES
from personarium.make.hachimi.schema import WRITERS, StudentSchema
from personarium.models.step import Step
from personarium.text.form import Form

_HERE = "personarium.make.hachimi"
# Writer -> most tokens, temperature (step 2).
_DRAWN = {
    "enrolment": (700, 0.98),
    "academic": (600, 0.90),
    "personality": (900, 1.00),
    "social": (1100, 1.02),
    "health": (1100, 0.96),
}
VERDICT = Form.parse(
    '{"issues": [{"code": <text>, "desc": <text>, "owner": <text>, "fields": [<text>, ...], "hint": <text>}, ...], '
    '"final_ready": <yes|no>}'
)


def _form(owner: str) -> Any:
    """The JSON object with exactly the keys that a writer owns, in the schema's language."""

    def form(inputs: Mapping[str, Any]) -> Form:
        schema: StudentSchema = inputs["schema"]
        holes = ", ".join(f'"{schema.keys[field]}": {_hole(field, inputs)}' for field in WRITERS[owner])
        return Form.parse("{" + holes + "}")

    return form


def _hole(field: str, inputs: Mapping[str, Any]) -> str:
    schema: StudentSchema = inputs["schema"]
    if field == "age":
        return "<6-20>"
    if field == "gender":
        return f"<{'|'.join(schema.genders)}>"
    if field == "grade":
        return f"<{'|'.join(schema.grades)}>"
    if field == "stages":
        return "{" + ", ".join(f'"{stage.key}": <text>' for stage in schema.stages.values()) + "}"
    if field in ("strong", "weak"):
        return f"[<{'|'.join(schema.subjects)}>, ...]" if inputs["outlined"] else "[<text>, ...]"
    return "<text>"


WRITE: Mapping[str, Step] = {
    owner: Step(f"hachimi.{owner}", _HERE, owner, _form(owner), Sampling(temperature=drawn, max_tokens=tokens))
    for owner, (tokens, drawn) in _DRAWN.items()
}
FAST = Step("hachimi.fast", _HERE, "fast", VERDICT, Sampling(temperature=0.1, max_tokens=450))
DEEP = Step("hachimi.deep", _HERE, "deep", VERDICT, Sampling(temperature=0.2, max_tokens=1100))
STEPS = (*WRITE.values(), FAST, DEEP)


def shown_pattern(schema: StudentSchema, faults: Collection[str] = ()) -> str:
    """The agent name's expression as the validators' prompts show it.

    Differs: as published it stands in a formatted string, so that ``{1,2}`` reaches the model as ``(1, 2)``
    (``agent-pattern-as-tuples``).
    """
    if PATTERN_AS_TUPLES not in faults:
        return schema.agent_name
    return schema.agent_name.replace("{1,2}", "(1, 2)").replace("{1,3}", "(1, 3)")
