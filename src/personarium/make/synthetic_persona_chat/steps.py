"""The prompted steps: query, more queries, sentence, negations, dialogue, and the two critics; and the quality policies.

The prompts are the laboratory's own; the paper's tables of prompts were followed in what they ask for and show.

Source: Synthetic-Persona-Chat (arXiv 2312.10007), steps 2 to 7; temperature 0.7 in all parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form

_PACKAGE = "personarium.make.synthetic_persona_chat"
_SAMPLING = Sampling(temperature=0.7)


def _negations_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f'{{"negations": [{inputs["count"]} x <text>]}}')


def _dialogue_form(inputs: Mapping[str, Any]) -> Form:
    """One place for every turn, so that who speaks when is never in doubt."""
    turns = ", ".join(f'{{"User {k % 2 + 1}": <text>}}' for k in range(inputs["turns"]))
    return Form.parse(f'{{"turns": [{turns}]}}')


QUERY = Step("spc.query", _PACKAGE, "query", Form.parse('{"question": <text>}'), _SAMPLING)
MORE_QUERIES = Step("spc.more_queries", _PACKAGE, "more_queries", Form.parse('{"questions": [<text>, ...]}'), _SAMPLING)
SENTENCE = Step("spc.sentence", _PACKAGE, "sentence", Form.parse("<text>"), _SAMPLING)
NEGATIONS = Step("spc.negations", _PACKAGE, "negations", _negations_form, _SAMPLING)
GENERATE = Step("spc.generate", _PACKAGE, "generate", _dialogue_form, _SAMPLING)
FAITHFUL = Step("spc.faithful", _PACKAGE, "faithful", Form.parse("Reason: <text> Contradicts: <yes|no>"), _SAMPLING)
TOXIC = Step("spc.toxic", _PACKAGE, "toxic", Form.parse("Reason: <text> Toxic: <yes|no>"), _SAMPLING)
STEPS = (QUERY, MORE_QUERIES, SENTENCE, NEGATIONS, GENERATE, FAITHFUL, TOXIC)

# FED's names (page, step 7); what each means is said in our own words.
POLICIES: Mapping[str, str] = {
    "depth": "Which conversation goes deeper: do the two stay with a topic and learn something of each other?",
    "coherency": "Which conversation is more coherent: does every turn answer what was said before it?",
    "consistency": "In which conversation are the two more consistent with themselves and with their profiles?",
    "diversity": "Which conversation is more diverse: do words, topics and kinds of turn vary, without repetition?",
    "likable": "In which conversation are the two more likable: warm, attentive and interested in each other?",
}
# What the compared conversations answer.
INSTRUCTION = "Two people with these profiles have just met. Let them get to know each other in a natural conversation."
