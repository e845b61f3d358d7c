"""The three prompted roles of LD-Agent: event summary, persona extraction, response generator.

Source: ld-agent page, steps 1, 3 and 4; API defaults of sampling as in the code; the prompts are the laboratory's own.
"""

from __future__ import annotations

from typing import Any

from personarium.models.step import Step
from personarium.text.form import Form
from personarium.text.holes import Unparsed, fold
from personarium.text.refusals import is_refusal

_PACKAGE = "personarium.remember.ld_agent"
NO_TRAIT = "NO_TRAIT"
_NOTHING = frozenset({"none", "nothing", "n/a", "no trait", "unknown"})
SHORTEST_TRAIT = 4  # characters; the code keeps what is longer than 3

EVENT_SUMMARY = Step("ld_agent.event_summary", _PACKAGE, "event_summary", Form.parse('{"content": <text>}'))
_STATEMENT = Form.parse('{"statement": <text>}')
PERSONA_EXTRACTION = Step("ld_agent.persona_extraction", _PACKAGE, "persona_extraction", _STATEMENT)
RESPONSE_GENERATOR = Step("ld_agent.response_generator", _PACKAGE, "response_generator")
STEPS = (EVENT_SUMMARY, PERSONA_EXTRACTION, RESPONSE_GENERATOR)


def read_trait(reply: str) -> dict[str, Any] | Unparsed:
    """A persona extraction's reply: the form, or the bare text of the code; no trait is the empty text.

    Kept if NO_TRAIT is not in it and it is longer than 3 characters (ld-agent page, step 3).
    """
    text = reply.strip()
    if not text or is_refusal(text):
        return Unparsed("the model declined" if text else "the reply is empty", reply)
    read = _STATEMENT.read(reply)
    if not isinstance(read, Unparsed):
        text = str(read["statement"]).strip()
    elif any(mark in text for mark in "{}[]"):
        return read  # a form that cannot be read is no bare text
    kept = NO_TRAIT not in text and len(text) >= SHORTEST_TRAIT and fold(text).strip(" .") not in _NOTHING
    return {"statement": " ".join(text.split()) if kept else ""}


def read_reply(text: str) -> dict[str, Any] | Unparsed:
    """A spoken reply; an empty or a declining one is none."""
    if not text.strip() or is_refusal(text):
        return Unparsed("the model declined" if text.strip() else "the reply is empty", text)
    return {"text": text.strip()}
