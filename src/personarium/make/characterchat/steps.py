"""The prompted steps of the bank: invent, enrich, state, put into the second person, add.

Source: characterchat page, steps 1 and 2. The prompts are in our own words; temperatures are not stated there: 1.0 where
something is invented, 0 where a given text is reworded.
"""

from __future__ import annotations

from typing import Any

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.play.characterchat.characters import FIELDS
from personarium.text.form import Form, Unparsed
from personarium.text.json_reading import json_values

_HERE = "personarium.make.characterchat"
LONGEST_FIELD = 4_000  # characters that are kept of one field
_PROFILE = Form.parse("{" + ", ".join(f'"{name}": <text>' for name in FIELDS) + "}")

INVENT = Step("characterchat.invent", _HERE, "invent", _PROFILE, Sampling(temperature=1.0))
ENRICH = Step("characterchat.enrich", _HERE, "enrich", _PROFILE, Sampling(temperature=1.0))
STATE = Step("characterchat.state", _HERE, "state", Form.parse('{"statement": <text>}'), Sampling(temperature=0.0))
REWORD = Step("characterchat.reword", _HERE, "reword", Form.parse('{"text": <text>}'), Sampling(temperature=0.0))
ADD = Step(
    "characterchat.add", _HERE, "add", Form.parse('{"additional_information": <text>}'), Sampling(temperature=1.0)
)
STEPS = (INVENT, ENRICH, STATE, REWORD, ADD)


def read_profile(reply: str) -> dict[str, Any] | Unparsed:
    """The 16 fields of a profile as texts; a list of texts is joined, other keys are left out."""
    reason = "no JSON object was found"
    for value in json_values(reply):
        if isinstance(value, dict):
            found = {key: _text(value, key) for key in FIELDS}
            missing = [key for key, text in found.items() if not text]
            if not missing:
                return found
            reason = f"the field '{missing[0]}' is missing or blank"
    return Unparsed(reason, reply)


def _text(profile: dict[str, Any], name: str) -> str:
    value = profile.get(name, profile.get(name.replace("_", " ")))
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = "; ".join(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()[:LONGEST_FIELD]
