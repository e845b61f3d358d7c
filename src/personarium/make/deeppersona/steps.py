"""The prompted steps of DeepPersona: anchors, attributes, narrative; mining of attributes; the judges.

Source: deeppersona page, steps 1 to 3, 5, 6, 9 to 12, with the temperatures of the official code (the narrative has that of
the attributes; the page states none for stage 1 and for the judges, which answer at 0). Prompts are in our own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from personarium.core.chat import Sampling
from personarium.make.deeppersona.taxonomy import CATEGORIES
from personarium.models.step import Step
from personarium.text.form import Form, Unparsed
from personarium.text.json_reading import json_values

_HERE = "personarium.make.deeppersona"
_WARM, _FILLING, _COOL, _COLD = (Sampling(temperature=t) for t in (0.8, 0.5, 0.2, 0.0))
_DEEPEST = 8  # levels of nested objects that are read as paths


def _stories_form(inputs: Mapping[str, Any]) -> Form:
    n = inputs["count"]
    return Form.parse(f'{{"personal_stories": [{n} x <text>], "key_life_events": [{n} x [<text>, ...]]}}')


def _fill_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse("{" + ", ".join(f"{json.dumps(p, ensure_ascii=False)}: <text>" for p in inputs["paths"]) + "}")


OCCUPATION = Step("deeppersona.occupation", _HERE, "occupation", Form.parse('{"status": <text>}'), _FILLING)
VALUES = Step("deeppersona.values", _HERE, "values", Form.parse('{"values_orientation": <text>}'), _WARM)
ATTITUDE = Step(
    "deeppersona.attitude",
    _HERE,
    "attitude",
    Form.parse('{"attitude": <text>, "attitude_details": <text>, "coping_mechanism": <text>}'),
    _WARM,
)
STORIES = Step("deeppersona.stories", _HERE, "stories", _stories_form, _WARM)
INTERESTS = Step("deeppersona.interests", _HERE, "interests", Form.parse('{"interests": [2 x <text>]}'), _COOL)
CAREER_NEEDED = Step(
    "deeppersona.career",
    _HERE,
    "career",
    Form.parse('{"is_career_needed": <yes|no>, "reasoning": <text>}'),
    Sampling(temperature=0.3),
)
FILL = Step("deeppersona.fill", _HERE, "fill", _fill_form, _FILLING)
NARRATIVE = Step("deeppersona.narrative", _HERE, "narrative", None, _FILLING)

# Stage 1: mining attributes from texts.
LABEL = Step("deeppersona.label", _HERE, "label", Form.parse("Personal: <none|partly|fully>"), _COLD)
MINE = Step(
    "deeppersona.mine",
    _HERE,
    "mine",
    Form.parse(f'n x PATH(<category: {"|".join(CATEGORIES)}>, topic: "<text>", attribute: "<text>")'),
    _COLD,
)
CHECK = Step(
    "deeppersona.check",
    _HERE,
    "check",
    Form.parse('{"personal": <yes|no>, "coherent": <yes|no>, "right_level": <yes|no>}'),
    _COLD,
)

# Evaluation.
RECOVER = Step(
    "deeppersona.recover", _HERE, "recover", Form.parse('n x FACT(attribute: "<text>", answer: "<text>")'), _COLD
)
RATE = Step(
    "deeppersona.rate",
    _HERE,
    "rate",
    Form.parse("Uniqueness: <uniqueness: 1-5> Actionability: <actionability: 1-5>"),
    _COLD,
)
ANSWER = Step("deeppersona.answer", _HERE, "answer", None, Sampling(temperature=0.7))

MAKING = (OCCUPATION, VALUES, ATTITUDE, STORIES, INTERESTS, CAREER_NEEDED, FILL, NARRATIVE)
MINING = (LABEL, MINE, CHECK)
JUDGING = (RECOVER, RATE, ANSWER)


def read_object(text: str) -> dict[str, Any] | Unparsed:
    """The JSON object of a reply, nested objects flattened to dotted paths; what it holds is checked elsewhere.

    A reply may lack some of the paths or have others: only a reply without any object is unparsed.
    """
    for value in json_values(text):
        if isinstance(value, dict):
            return dict(_flat(value, ""))
    return Unparsed("no JSON object was found", text)


def _flat(node: Mapping[str, Any], above: str, depth: int = 1) -> Iterator[tuple[str, Any]]:
    for name, value in node.items():
        path = f"{above}.{name}" if above else str(name)
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _flat(value, path, depth + 1)
        else:
            yield path, value


def listed(values: Sequence[str]) -> str:
    """Texts as a bulleted list, one a line."""
    return "\n".join(f"- {' '.join(value.split())}" for value in values)
