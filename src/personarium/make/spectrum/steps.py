"""The prompted steps of SPeCtrum: the four instruments answered for a figure, the two summaries, the two tests.

Source: spectrum page, steps 1 to 6; the prompts are in our own words. The page states no temperature; the published code
sends none, so the endpoints' own 1.0 stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.core.chat import Sampling
from personarium.make.spectrum.questionnaires import HI, LO
from personarium.make.spectrum.social import DOES_NOT_APPLY, SocialQuestion, social_questions
from personarium.models.step import Step
from personarium.text.choices import read_yes_no
from personarium.text.form import Form, Unparsed

_HERE = "personarium.make.spectrum"
_FREE = Sampling(temperature=1.0)
STATEMENTS = 10  # of each self: ten that others know, ten that are kept hidden


def _social_form(inputs: Mapping[str, Any]) -> Form:
    questions = social_questions(inputs.get("faults", frozenset()))
    holes = ", ".join(f'"{q.field}": {_social_hole(q)}' for q in questions)
    unsure = f'"unsure": [<{"|".join(q.field for q in questions)}>, ...]'
    return Form.parse(f'{{"answers": {{{holes}}}, {unsure}}}')


def _social_hole(question: SocialQuestion) -> str:
    if not question.options or question.open:
        return "<text>"
    options = [*question.options, DOES_NOT_APPLY, *([question.withhold] if question.withhold else [])]
    hole = f"<{'|'.join(options)}>"
    return f"[{hole}, ...]" if question.several else hole


def _answers_form(inputs: Mapping[str, Any]) -> Form:
    return Form.parse("{" + ", ".join(f'"{code}": <{LO}-{HI}>' for code in inputs["codes"]) + "}")


def _summary_form(inputs: Mapping[str, Any]) -> Form:
    holes = ", ".join(f'"{name}": <text>' for name in inputs["domains"])
    return Form.parse(f'{{"characteristics": <text>, "domains": {{{holes}}}, "therapist": <text>, "everyday": <text>}}')


SOCIAL = Step("spectrum.social", _HERE, "social", _social_form, _FREE)
PERSONALITY = Step("spectrum.personality", _HERE, "personality", _answers_form, _FREE)
VALUES = Step("spectrum.values", _HERE, "values", _answers_form, _FREE)
PERSONALITY_SUMMARY = Step("spectrum.personality_summary", _HERE, "personality_summary", _summary_form, _FREE)
VALUE_SUMMARY = Step(
    "spectrum.value_summary",
    _HERE,
    "value_summary",
    Form.parse('{"characteristics": <text>, "therapist": <text>, "everyday": <text>}'),
    _FREE,
)
CONTEXT = Step(
    "spectrum.context",
    _HERE,
    "context",
    Form.parse('{"weekday": <text>, "weekend": <text>, "loves": [5 x <text>], "hates": [5 x <text>]}'),
    _FREE,
)
TWENTY = Step(
    "spectrum.twenty_statements",
    _HERE,
    "twenty",
    Form.parse(f'{{"open_self": [{STATEMENTS} x <text>], "hidden_self": [{STATEMENTS} x <text>]}}'),
    _FREE,
)
VERDICT = Step(
    "spectrum.verdict", _HERE, "verdict", Form.parse("Answer: <answer: yes|no> Reason: <reason: text>"), _FREE
)
GUESS = Step(
    "spectrum.guess_who",
    _HERE,
    "guess",
    Form.parse('{"character": <text>, "series": <text>, "reason": <text>}'),
    _FREE,
)
PLAY = Step("spectrum.play", _HERE, "play")  # a system message; it is part of what an agent is sent and asked by nobody

STEPS = (
    SOCIAL,
    PERSONALITY,
    VALUES,
    PERSONALITY_SUMMARY,
    VALUE_SUMMARY,
    CONTEXT,
    TWENTY,
    VERDICT,
    GUESS,
)


def read_verdict(text: str) -> dict[str, Any] | Unparsed:
    """Yes or no with its line, by the form or by the first words; a reply without either is unparsed, never "no"."""
    assert isinstance(VERDICT.form, Form)
    read = VERDICT.form.read(text)
    if not isinstance(read, Unparsed):
        return read
    said = read_yes_no(text)
    return said if isinstance(said, Unparsed) else {"answer": said, "reason": " ".join(text.split())[:1000]}
