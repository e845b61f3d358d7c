"""Judging in detail: what the second reader sees, and every kind of verdict."""

from __future__ import annotations

import pytest

from personarium.models.simulated.reading import read_facts
from personarium.models.simulated.second_reader import entails, look, says_farewell, turns
from personarium.models.simulated.validity import check
from personarium.models.simulated.verdicts import is_pair, is_verdict, meanings
from personarium.text.blocks import block
from tests.simulated.asking import EXACT, ask, prompt

PERSONA = "Name: Ann Lee\nAge: 34\nOccupation: florist\nPet: a cat\nHome: Leiden"
JOB = "What do you do for a living?"


def score(response: str, question: str = JOB, name: str = EXACT, form: str = "The final score is <1-5>") -> str:
    given = [
        block("persona", PERSONA),
        block("question", question),
        block("response", response),
        block("rubric", "Fit"),
    ]
    return ask(prompt(*given, form=form), name)[0]


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("I am a florist.", 5),
        ("Let us talk about the weather.", 1),
        ("I am a plumber.", 1),
        ("As an AI language model I have no job.", 1),
        ("I am a florist, and as an AI language model I enjoy it.", 3),
    ],
)
def test_quality_counts_carried_contradicted_and_disclosed(response: str, expected: int) -> None:
    assert score(response) == f"The final score is {expected}"


def test_nothing_relevant_is_four_and_nothing_to_judge_by_is_three_and_unread() -> None:
    assert score("Nice weather.", question="What is seven times two?") == "The final score is 4"
    text, ledger = ask(prompt(block("response", "Hello."), block("rubric", "Charm"), form="<1-5>"))
    assert (text, ledger.unread) == ("3", ["nothing to judge by"])


def test_invention_costs_one_point() -> None:
    assert score("I am a florist. My hobby is chess.") in ("The final score is 4", "The final score is 5")
    sight = look("I am a florist. My university was Uppsala.", tuple(read_facts(PERSONA)))
    assert sight.invented == ("university",)


def test_toxicity_is_five_minus_insults() -> None:
    given = [block("question", "Angry?"), block("response", "You idiot, shut up."), block("rubric", "Toxicity control")]
    assert ask(prompt(*given, form="<1-5>"))[0] == "3"


def test_a_reference_without_a_persona_gives_f1() -> None:
    given = [block("response", "blue whales swim"), block("reference", "blue whales sing"), block("rubric", "Match")]
    _, ledger = ask(prompt(*given, form="<1-5>"))
    assert dict(ledger.latents)["quality"] == pytest.approx(1 + 4 * 2 / 3)


@pytest.mark.parametrize(("form", "text"), [("<0-10>", "10"), ("<1-7>", "7"), ("<1-100>", "100"), ("<0.0-1.0>", "1")])
def test_scores_are_mapped_to_the_range_of_the_form(form: str, text: str) -> None:
    assert score("I am a florist.", form=form) == text


def test_leniency_and_verbosity_move_the_score() -> None:
    assert score("Rain again.", name=EXACT + ",leniency=2") == "The final score is 3"
    long = "I am a florist. " + "The rain keeps falling on the roof. " * 40
    assert score(long, name=EXACT + ",verbosity_bias=-1") == "The final score is 2"


def test_self_preference_likes_the_phrasing_of_its_own_bank() -> None:
    from personarium.models.simulated.phrases import phrases

    own = next(p for p in phrases("smalltalk", "A") if "{" not in p)
    assert score(own) == "The final score is 1"
    assert score(own, name=EXACT + ",self_preference=2") == "The final score is 3"
    assert score(own, name=EXACT + ",self_preference=2,bank=B") == "The final score is 1"


def test_several_evaluations_in_one_reply_pair_question_and_response_by_number() -> None:
    given = [block("persona", PERSONA)]
    for n, (question, response) in enumerate([(JOB, "I am a florist."), ("Do you have a pet?", "No idea.")], 1):
        given += [block("question", question, n), block("response", response, n)]
    form = "(1) Evaluation: <text> The final score is <1-5>\n(2) Evaluation: <text> The final score is <1-5>"
    text, _ = ask(prompt(*given, block("rubric", "Fit"), form=form))
    assert [line[-1] for line in text.splitlines()] == ["5", "1"]
    assert "florist" in text.splitlines()[0]


def test_a_list_of_scores_has_one_for_each_response() -> None:
    given = [block("persona", PERSONA), block("question", JOB)]
    given += [block("response", r, n) for n, r in enumerate(["I am a florist.", "Well.", "A florist, me."], 1)]
    assert ask(prompt(*given, form='n x {"score": <1-5>}'))[0] == '[{"score": 5}, {"score": 1}, {"score": 5}]'


def test_pairs_ties_scores_and_certainty() -> None:
    given = [block("persona", PERSONA), block("question", JOB)]
    better = [block("response_a", "Hm."), block("response_b", "I am a florist.")]
    equal = [block("response_a", "Hm."), block("response_b", "Ah.")]
    assert ask(prompt(*given, *better, form="[[<A|B>]]"))[0] == "[[B]]"
    assert ask(prompt(*given, *equal, form="[[<A|B|tie>]]"))[0] == "[[tie]]"
    assert ask(prompt(*given, *better, form="A: <1-5>, B: <1-5>"))[0] == "A: 1, B: 5"
    noisy = "simulated:sloppy=0,judge_noise=1"
    _, ledger = ask(prompt(*given, *better, form="[[<A|B>]] [[<1-100>]]"), noisy)
    text, _ = ask(prompt(*given, *better, form="[[<A|B>]] [[<1-100>]]"), noisy + ",overconfidence=1")
    assert text.endswith("[[100]]")
    assert ledger.role == "judge"


def test_statements_are_entailed_contradicted_or_neutral() -> None:
    assert entails("I live in Leiden with two dogs.", "The speaker has two dogs.") == "entailment"
    assert entails("I do not have dogs.", "The speaker has dogs.") == "contradiction"
    assert entails("I live in Leiden.", "The speaker plays chess.") == "neutral"
    given = [block("response", "I have two dogs."), block("statements", "1. She has two dogs.\n2. She plays chess.")]
    assert ask(prompt(*given, form="1: <yes|no>\n2: <yes|no>"))[0] == "1: yes\n2: no"


def test_flip_replaces_the_reading_by_another_label() -> None:
    given = [block("response", "I have two dogs."), block("statements", "She has two dogs.")]
    form = "<entailment|neutral|contradiction>"
    assert ask(prompt(*given, form=form))[0] == "entailment"
    assert ask(prompt(*given, form=form), EXACT.replace("flip=0", "flip=1"))[0] in ("neutral", "contradiction")


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("age = 34", False), ("age = 35", True), ("age < 40", False), ("age >= 40", True), ("colour != red", True),
        ("not (age = 34 and colour = red)", True), ("not (age = 34 and colour = blue)", False),
    ],
)  # fmt: skip
def test_plain_rules_are_checked(rule: str, broken: bool) -> None:
    assert bool(check(rule, "age: 34\ncolour: red").broken) == broken


def test_other_rules_pass_and_are_unread() -> None:
    given = [block("rules", "age < 40\nbe kind to animals"), block("draft", "age: 34")]
    text, ledger = ask(prompt(*given, form="<valid|invalid>"))
    assert (text, ledger.unread) == ("valid", ["rule: be kind to animals"])


def test_stop_after_a_goodbye_or_thanks_in_the_last_two_turns() -> None:
    assert says_farewell("Well, thank you, see you later!")
    assert turns("A: hi\nB: hello\nthere") == (("A", "hi"), ("B", "hello there"))
    for dialogue, verdict in (("A: bye!\nB: ok", "stop"), ("A: bye!\nB: wait\nA: what?\nB: this", "continue")):
        assert ask(prompt(block("dialogue", dialogue), form="<stop|continue>"))[0] == verdict


def test_labels_are_read_by_meaning() -> None:
    assert meanings(("supported", "refuted", "not enough information")) == ("yes", "no", "neutral")
    assert (
        is_verdict(("valid", "invalid")) and not is_verdict(("ADD", "NO_OP")) and not is_verdict(("A", "B", "C", "D"))
    )
    assert is_pair(("A", "B", "tie")) and not is_pair(("A", "B", "C", "D", "E"))


def test_a_plain_prompt_with_headings_and_result_is_judged() -> None:
    text = (
        "###The instruction to evaluate:\nSay what you do.\n\n###Response to evaluate:\nI sell fresh tulips.\n\n"
        "###Reference Answer (Score 5):\nI sell fresh tulips.\n\n###Score Rubrics:\nIs it right?\n\n"
        'The output format: "Feedback: (write a feedback) [RESULT] (an integer number between 1 and 5)"'
    )
    reply, ledger = ask(prompt(text))
    assert reply.endswith("[RESULT] 5") and ledger.role == "judge"
