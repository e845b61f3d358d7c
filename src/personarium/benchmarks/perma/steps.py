"""The prompted steps of PERMA: five that make a world, five that put a memory to the test.

Source: perma page, steps 2, 4, 5, 7, 8 (making), 9, 10, 11 (testing); temperatures from the code. The prompts are in
our own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.benchmarks.perma.options import LETTERS
from personarium.core.chat import Sampling
from personarium.models.step import Step
from personarium.text.form import Form

_HERE = "personarium.benchmarks.perma"
WRITING = Sampling(temperature=0.5, max_tokens=16_384)  # page, step 2
LONGEST_PAUSE = 60  # days between two events of a domain: with 3 of them 1 to 6 months
EXCHANGES = 5  # a dialogue has 5 to 10 turns (page, step 4)


def _timeline_form(inputs: Mapping[str, Any]) -> Form:
    when = f'"days_later": <0-{LONGEST_PAUSE}>, "period": <Morning|Afternoon|Evening>'
    entry = f'{{{when}, "description": <text>, "task_goal": <text>, "dependencies": <text>}}'
    return Form.parse(f"{inputs['count']} x {entry}")


def _dialogue_form(inputs: Mapping[str, Any]) -> Form:
    turns = f'[{inputs["exchanges"]} x {{"user": <text>, "assistant": <text>}}]'
    return Form.parse(f'{{"conversation": {turns}, "preferences": [<text>, ...]}}')


def _restyle_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse(f'{inputs["count"]} x "<text>"')


TIMELINE = Step("perma.timeline", _HERE, "timeline", _timeline_form, WRITING)
DIALOGUE = Step("perma.dialogue", _HERE, "dialogue", _dialogue_form, WRITING)
RESTYLE = Step("perma.restyle", _HERE, "restyle", _restyle_form, WRITING)
QUESTION = Step("perma.question", _HERE, "question", Form.parse('{"question": <text>}'), WRITING)
OPTIONS = Step(
    "perma.options",
    _HERE,
    "options",
    Form.parse("{" + ", ".join(f'"{letter}": <text>' for letter in LETTERS) + "}"),
    WRITING,
)
MAKING = (TIMELINE, DIALOGUE, RESTYLE, QUESTION, OPTIONS)

ANSWER = Step("perma.answer", _HERE, "answer", Form.parse(f"<{'|'.join(LETTERS)}>"), Sampling(temperature=0.1))
ASSIST = Step("perma.assist", _HERE, "assist", None, Sampling(temperature=0.3))
USER = Step(
    "perma.user",
    _HERE,
    "user",
    Form.parse("Words: <words: text> Verdict: <CONTINUE|TERMINATE>"),
    Sampling(temperature=0.3),
)
COMPLETE = Step(
    "perma.complete",
    _HERE,
    "complete",
    Form.parse("EXPLANATION: <text> VERDICT: <True|False>"),
    Sampling(temperature=0.1),
)
REMEMBERED = Step("perma.remembered", _HERE, "remembered", Form.parse("Memory Score: <1-4>"), Sampling(temperature=0.1))
TESTING = (ANSWER, ASSIST, USER, COMPLETE, REMEMBERED)
STEPS = (*MAKING, *TESTING)
