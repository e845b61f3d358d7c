"""Choices in detail: the order of reasons, and what is read of options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from personarium.core.chat import Sampling
from personarium.models.simulated import SimulatedModel
from personarium.models.simulated.arithmetic import result
from personarium.models.simulated.printed import options_in
from personarium.text.blocks import block
from personarium.text.form import Form
from tests.simulated.asking import EXACT, ask, prompt


def choose(question: str, options: str, name: str = EXACT, persona: str = "") -> tuple[str, list[tuple[str, str]]]:
    text, ledger = ask(
        prompt(block("question", question), block("options", options), form="<A|B|C>", persona=persona), name
    )
    return text, ledger.acts


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("What is 12 + 7 x 3?", 33), ("What is (2 + 3) * 4?", 20), ("15% of 80", 12), ("the sum of 3 and 4", 7),
        ("Twelve? No: 9 divided by 3", 3), ("half of 10", 5), ("It was 2024-05-13", None), ("5 / 0", None),
        ("no sums", None),
        ("1,200 + 34", 1234), ("10 - 2 - 3", 5),
    ],
)  # fmt: skip
def test_arithmetic_in_the_text(text: str, value: float | None) -> None:
    assert result(text) == (None if value is None else pytest.approx(value))


def test_arithmetic_comes_before_facts() -> None:
    assert choose("What is 2 + 3?", "A. 6\nB. 5\nC. 4", persona="Age: 4")[0] == "B"


def test_learnt_answers_come_from_the_knowledge_file(tmp_path: Path) -> None:
    file = tmp_path / "learnt.json"
    file.write_text(json.dumps({"Which river is longest?": "the Amber"}), encoding="utf-8")
    options = "A. the Birch\nB. the Cobalt\nC. the Amber"
    assert choose("Which river is longest?", options, f"{EXACT},knowledge={file}")[0] == "C"


def test_options_marked_by_a_trait_follow_theta_b() -> None:
    options = "A. Keep in the background.\nB. Start conversations.\nC. I cannot answer this."
    assert choose("At a party?", options, EXACT + ",traits=E:5")[0] == "B"
    assert choose("At a party?", options, EXACT + ",traits=E:-5")[0] == "A"
    assert choose("At a party?", options, EXACT + ",abstain=1")[0] == "C"


def test_first_overrides_everything() -> None:
    assert choose("What is 2 + 3?", "A. 6\nB. 5\nC. 4", EXACT + ",first=1")[0] == "A"


def test_reason_and_certainty_stand_beside_the_choice() -> None:
    given = [block("question", "Which pet do you have?"), block("options", "A. a dog\nB. a cat\nC. a parrot")]
    text, _ = ask(
        prompt(*given, form="Reason: <text>\nAnswer: <A|B|C>\nCertainty: <0-100>", persona="Pet: a cat"),
        "simulated:sloppy=0,ability=0.8,seed=1",
    )
    assert "cat" in text.splitlines()[0] and text.endswith("Certainty: 80")


def test_lettered_lines_in_a_plain_prompt_are_options() -> None:
    reply, ledger = ask(prompt("Which is 2 + 2?\nA) 3\nB) 4\nC) 5\nAnswer with only the letter."))
    assert (reply, ledger.role) == ("B", "chooser")


def test_yes_or_no_about_a_fact() -> None:
    messages = prompt(block("question", "Do you have a cat as a pet?"), form="<yes|no>", persona="Pet: a cat")
    assert ask(messages)[0] == "yes"


@pytest.mark.parametrize("text", ["A. x\nB. y", "(A) x\n(B) y", "A) x\nB) y", "A: x\nB: y", "1 = x\n2 = y", "- x\n- y"])
def test_options_are_read_in_any_usual_notation(text: str) -> None:
    assert [o.text for o in options_in(text)] == ["x", "y"]


def test_several_questions_are_answered_by_number() -> None:
    given = [block("question", "What is 2 + 3?", 1), block("options", "A. 5\nB. 6", 1)]
    given += [block("question", "What is 4 + 4?", 2), block("options", "A. 9\nB. 8", 2)]
    assert ask(prompt(*given, form="1: <A|B>\n2: <A|B>"))[0] == "1: A\n2: B"


def test_the_range_of_the_form_is_no_sum_to_work_out() -> None:
    subject = SimulatedModel("simulated:ability=1,seed=11")
    asked = [{"role": "user", "content": "Kindly ponder this.\n\n" + Form.parse("Score: <1-5>").show()}]
    ledger = subject.explain(asked, Sampling(temperature=0.0))
    assert ledger.unread == ["a number is asked for: Kindly ponder this."]
