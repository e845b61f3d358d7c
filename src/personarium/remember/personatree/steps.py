"""The prompted steps of PersonaTree: edits of the tree, the two-step variant, answering, and the judge's reward.

Source: personatree page, steps 3, 7, 8, 9 and 11 (temperatures and limits); the prompts are the laboratory's, the published ones
are Chinese and not copied.
Differs: replies are asked for in the house's reply form; ``parse_edits`` reads them, so that no line is read by guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.remember.personatree.grammar import Parsed, parse_edits
from personarium.remember.personatree.segmentation import Turn
from personarium.text.form import Form, Unparsed

_PACKAGE = "personarium.remember.personatree"
_EDITS = Form.parse('n x <ADD|UPDATE|DELETE|NO_OP>(<path>, "<text>")')
LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TAGGED = re.compile(r"<final_answer>\s{0,9}\(?\s{0,9}([a-z])\b", re.IGNORECASE)


def _answer_form(inputs: Mapping[str, Any]) -> Form:
    if not inputs["options"]:
        return Form.parse("Answer: <text>")
    letters = LETTERS[: max(2, len(str(inputs["options"]).splitlines()))]
    return Form.parse(f"Final answer: (<{'|'.join(letters)}>)")


EDIT = Step(
    "personatree.edit",
    _PACKAGE,
    "edit",
    _EDITS,
    Sampling(temperature=0.2, top_p=0.9, max_tokens=24576, extra={"presence_penalty": 1.05}),
)
DESCRIBE = Step(
    "personatree.describe",
    _PACKAGE,
    "describe",
    Form.parse('{"facts": <text>}'),
    Sampling(temperature=0.3, top_p=0.8),
)
PLACE = Step("personatree.place", _PACKAGE, "place", _EDITS, Sampling(temperature=0.2, top_p=0.9))
ANSWER = Step("personatree.answer", _PACKAGE, "answer", _answer_form, Sampling(temperature=0.7, top_p=0.8))
ENOUGH = Step("personatree.enough", _PACKAGE, "enough", Form.parse("Enough: <yes|no>"), Sampling(temperature=0.0))
REWRITE = Step(
    "personatree.rewrite", _PACKAGE, "rewrite", Form.parse("n x Query: <text>"), Sampling(temperature=0.7, top_p=0.8)
)
REWARD = Step("personatree.reward", _PACKAGE, "reward", Form.parse("Reward: <-1.0-1.0>"), Sampling(temperature=0.0))
STEPS = (EDIT, DESCRIBE, PLACE, ANSWER, ENOUGH, REWRITE, REWARD)

POLICY_RULES = {
    "closed": "Use only paths of the tree.",
    "branches": "You may add a leaf that is missing, below the roots and branches of the tree.",
    "open": "You may add leaves and branches that are missing.",
}


def dialogue_lines(chunk: Sequence[Turn]) -> str:
    """A chunk as the prompts show it: one line a message, so that no message can speak in another one's name."""
    return "\n".join(f"{turn['role']}: {' '.join(str(turn['content']).split())}" for turn in chunk)


def read_edit_lines(reply: str, as_published: bool | frozenset[str] = False) -> dict[str, Any] | Unparsed:
    """A reply as ``{"parsed": Parsed}``; one without any edit and without ``NO_OP()`` is unparsed."""
    parsed: Parsed = parse_edits(reply, as_published)
    if not parsed.edits and not parsed.no_op:
        return Unparsed("no edit line and no NO_OP() was found", reply)
    return {"parsed": parsed}


def read_tagged(reply: str) -> str | None:
    """The letter behind the last ``<final_answer>`` tag of the published answer format; None where there is none."""
    found = _TAGGED.findall(reply)
    return found[-1].lower() if found else None
