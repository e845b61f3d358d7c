"""Inventories in detail: label words, item texts, behaviour of the parameters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.models.simulated.inventory import bank, category, lookup, shares, thresholds
from personarium.models.simulated.printed import labels_in, ladder, meaning
from personarium.text.blocks import block
from tests.simulated.asking import EXACT, ask, prompt

ORDERED = (
    ("strongly disagree", "disagree", "slightly disagree", "neutral", "slightly agree", "agree", "strongly agree"),
    (
        "Very Inaccurate",
        "Moderately Inaccurate",
        "Neither Accurate Nor Inaccurate",
        "Moderately Accurate",
        "Very Accurate",
    ),
    ("never", "rarely", "sometimes", "often", "always"),
    ("not at all", "a little", "moderately", "quite", "extremely"),
    ("not like me at all", "not like me", "a little like me", "somewhat like me", "like me", "very much like me"),
    ("very untrue of me", "somewhat untrue of me", "neutral", "somewhat true of me", "very true of me"),
    ("very unlikely", "unlikely", "likely", "very likely"),
)


@pytest.mark.parametrize("labels", ORDERED)
def test_label_words_are_ordered_by_meaning(labels: tuple[str, ...]) -> None:
    found = [meaning(label) for label in labels]
    assert None not in found
    assert found == sorted(found, key=lambda m: m or 0.0)
    assert len(set(found)) == len(found)


def test_words_of_no_scale_have_no_meaning() -> None:
    assert [meaning(w) for w in ("a red house", "Leiden", "go home at once and sleep")] == [None] * 3


@pytest.mark.parametrize(
    "text",
    ["1 = strongly disagree, 5 = strongly agree", "from 1 (strongly disagree) to 5 (strongly agree)",
     "on a scale from strongly disagree (1) to strongly agree (5)"],
)  # fmt: skip
def test_anchors_inside_a_sentence_give_the_direction(text: str) -> None:
    rising = ladder(text, (), 1, 5)
    falling = ladder(text.replace("1", "x").replace("5", "1").replace("x", "5"), (), 1, 5)
    assert rising is not None and rising.answer_of(4) == "5"
    assert falling is not None and falling.answer_of(4) == "1"
    assert len(labels_in(text)) == 2


@given(st.floats(-5, 5), st.integers(2, 11))
def test_shares_sum_to_one_and_categories_follow_the_draw(level: float, categories: int) -> None:
    found = shares(level, categories)
    assert sum(found) == pytest.approx(1)
    assert len(thresholds(categories)) == categories - 1
    below = 0.0
    for place in reversed(range(categories)):
        if found[place] > 1e-9:
            assert category(level, categories, below + found[place] / 2) == place
        below += found[place]


@pytest.mark.parametrize(
    "text",
    [
        "Make friends easily.",
        "I make friends easily",
        "You make friends easily.",
        "I see myself as someone who makes friends easily",
    ],
)
def test_a_statement_is_known_in_any_person(text: str) -> None:
    assert lookup(text) == ("E", 1)


def test_the_bank_is_not_the_key_file() -> None:
    assert len(bank()) > 1800
    assert {trait for trait, _ in bank().values()} >= set("OCEAN")


def test_an_unknown_item_has_theta_zero_and_is_unread() -> None:
    given_ = [block("item", "I enjoy frobnicating blorbs."), block("options", "1 = disagree\n2 = neutral\n3 = agree")]
    _, ledger = ask(prompt(*given_, form="<1-3>"), EXACT + ",traits=E:2")
    assert ("theta", 0.0) in ledger.latents and ledger.unread == ["item: I enjoy frobnicating blorbs."]


def test_first_takes_the_first_printed_label_and_faking_the_desirable_end() -> None:
    options = block("options", "A. Very Accurate\nB. Neither\nC. Very Inaccurate")
    messages = prompt(block("item", "Get upset easily."), options, form="<A|B|C>")
    assert ask(messages, EXACT + ",first=1")[0] == "A"
    assert ask(messages, EXACT + ",faking=5")[0] == "C"


def test_the_persona_states_a_level_and_gain_weighs_it() -> None:
    messages = prompt(
        block("item", "Am the life of the party."), form="<1-5>", persona="You are extremely extraverted."
    )
    for gain, theta in ((0.75, 1.5), (0.0, 0.0)):
        _, ledger = ask(messages, f"{EXACT},gain={gain}")
        assert dict(ledger.latents)["theta:E"] == pytest.approx(theta)


def test_a_plain_prompt_with_lettered_labels_is_answered_by_its_letter() -> None:
    text = (
        'Given a statement of you: "You worry about things."\nPlease choose from the following options.\nOptions:\n'
        "(A). Very Accurate\n(B). Moderately Accurate\n(C). Neither Accurate Nor Inaccurate\n"
        "(D). Moderately Inaccurate\n"
        "(E). Very Inaccurate\n\nAnswer:"
    )
    reply, ledger = ask(prompt(text), EXACT + ",traits=N:5")
    assert (reply, ledger.role, ledger.rule) == ("A", "respondent", "ordered labels")
