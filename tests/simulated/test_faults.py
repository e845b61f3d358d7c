"""Faults in detail: what a strict reader must refuse and a tolerant reader must bear."""

from __future__ import annotations

import pytest

from personarium.models.simulated.faults import broken_replies
from personarium.text.blocks import block
from personarium.text.form import Form
from personarium.text.holes import Unparsed
from tests.simulated.asking import EXACT, ask, prompt

FORMS = (
    ("<1-5>", {"number": 4}),
    ("Therefore, the final score is <1-5>", {"score": 4}),
    ("Feedback: <text> [RESULT] <1-5>", {"feedback": "Fine.", "result": 4}),
    ("[[<A|B>]] [[<1-100>]]", {"choice": "A", "number": 80}),
    ('{"score": <1-5>, "reason": <text>}', {"score": 4, "reason": "Fine."}),
    ('3 x "<text>"', {"items": ["a", "b", "c"]}),
    ("<yes|no>", {"yesno": True}),
)


@pytest.mark.parametrize(("pattern", "values"), FORMS)
def test_every_malformed_reply_is_refused_by_the_strict_reader(pattern: str, values: dict[str, object]) -> None:
    form = Form.parse(pattern)
    broken = broken_replies(form.fill(values), form)
    assert broken
    assert all(isinstance(form.read_strict(text), Unparsed) for _, text in broken)


def test_the_kinds_of_fault_that_a_form_can_have() -> None:
    kinds = {
        pattern: {kind for kind, _ in broken_replies(Form.parse(pattern).fill(values), Form.parse(pattern))}
        for pattern, values in FORMS
    }
    assert kinds["Therefore, the final score is <1-5>"] == {
        "truncated",
        "missing marker",
        "out of range",
        "two verdicts",
    }
    assert "wrong key" in kinds['{"score": <1-5>, "reason": <text>}']
    assert "wrong count" in kinds['3 x "<text>"']


@pytest.mark.parametrize("form", ["The final score is <1-5>", '{"score": <1-5>}', "[RESULT] <1-5>", "<1-5>"])
def test_sloppy_replies_are_read_by_the_tolerant_reader(form: str) -> None:
    seen = set()
    for k in range(40):
        messages = prompt(block("response", f"Hm {k}."), block("rubric", "Fit"), form=form)
        text, ledger = ask(messages, EXACT.replace("sloppy=0", "sloppy=1"))
        assert not isinstance(Form.parse(form).read(text), Unparsed)
        seen.add(ledger.fault)
    assert seen >= {"sloppy: preamble", "sloppy: fence"}


def test_empty_replies_and_free_speech() -> None:
    assert ask(prompt(block("response", "Hm."), form="<1-5>"), EXACT + ",empty=1")[0] == ""
    spoken, ledger = ask(prompt("Hello.", persona="Name: Ann"), EXACT.replace("sloppy=0", "sloppy=1") + ",malformed=1")
    assert spoken and ledger.fault == ""
