"""Short answers: letters, yes and no, numbers, entailment labels, stop or continue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.text.choices import (
    Entailment,
    read_entailment,
    read_letter,
    read_letter_strict,
    read_number,
    read_stop,
    read_yes_no,
)
from personarium.text.holes import Unparsed

OPTIONS = ["black tea", "green tea", "water", "none of these"]


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("B", "B"), ("b", "B"), ("(B)", "B"), ("[B]", "B"), ("**B**", "B"), ("B.", "B"), ("Answer: B", "B"),
        ("B. green tea", "B"), ("B) green tea", "B"), ("The answer is (B).", "B"), ("**Answer:** B", "B"),
        ("I like it green, so my answer is B.", "B"), ("Green tea.", "B"), ("The answer is green tea.", "B"),
        ("The answer is A. No, the answer is B.", "B"), ("Option B", "B"), ("B, because it is mild.", "B"),
        ("Let me think.\n\nB", "B"), ("none of these", "D"),
        ("A or B", None), ("A, B", None), ("E", None), ("", None), ("A good question.", None), ("coffee", None),
        ("B. black tea", None), ("I would rather not say.", None), ("The answer is not C", None),
    ],
)  # fmt: skip
def test_letters(reply: str, letter: str | None) -> None:
    read = read_letter(reply, OPTIONS)
    assert (None if isinstance(read, Unparsed) else read) == letter
    assert not isinstance(read, Unparsed) or read.reason


def test_option_texts_may_be_unknown() -> None:
    assert read_letter("Answer: C", 4) == "C"
    assert isinstance(read_letter("green tea", 4), Unparsed)


@pytest.mark.parametrize(
    ("reply", "letter"), [("B", "B"), (" B\n", "B"), ("b", None), ("(B)", None), ("B.", None), ("E", None), ("", None)]
)
def test_strict_letters(reply: str, letter: str | None) -> None:
    read = read_letter_strict(reply, 4)
    assert (None if isinstance(read, Unparsed) else read) == letter


def test_one_option_is_no_choice() -> None:
    with pytest.raises(InvalidInput, match="2 to 26 options"):
        read_letter("A", ["only"])


@pytest.mark.parametrize(
    ("reply", "answer"),
    [("Yes.", True), ("yes", True), ("**No**", False), ("No, because it rains.", False), ("Answer: yes", True),
     ("Yes, I would.", True), ("maybe", None), ("No idea", None), ("", None), ("Yes and no", None),
     ("Not sure.", None)],
)  # fmt: skip
def test_yes_and_no(reply: str, answer: bool | None) -> None:
    read = read_yes_no(reply)
    assert (None if isinstance(read, Unparsed) else read) is answer


@pytest.mark.parametrize(
    ("reply", "number"),
    [("4", 4), ("4/5", 4), ("**4**", 4), ("Score: 4 out of 5", 4), ("4 - agree", 4), ("4.", 4), ("My rating is 4.", 4),
     ("4.5", None), ("6", None), ("0", None), ("3 or 4", None), ("4/10", None), ("", None), ("four", None),
     ("-4", None)],
)  # fmt: skip
def test_numbers_in_a_range(reply: str, number: int | None) -> None:
    read = read_number(reply, 1, 5)
    assert (None if isinstance(read, Unparsed) else read) == number


def test_numbers_may_be_decimal_negative_or_percent() -> None:
    assert read_number("0.25", 0, 1, integer=False) == 0.25
    assert read_number("-2", -3, 3) == -2
    assert read_number("85%", 0, 100) == 85


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("entailed", Entailment.ENTAILED), ("Entailment.", Entailment.ENTAILED), (" entails\n", Entailment.ENTAILED),
        ("**neutral**", Entailment.NEUTRAL), ("contradict", Entailment.CONTRADICTED), ("NEUTRAL!", Entailment.NEUTRAL),
        ("Contradicted.", Entailment.CONTRADICTED), ("contradiction", Entailment.CONTRADICTED),
        ("contradicts", Entailment.CONTRADICTED), ("Label: entailed", Entailment.ENTAILED),
        ("maybe", None), ("not entailed", None), ("entailed or neutral", None), ("", None),
    ],
)  # fmt: skip
def test_entailment_labels_have_one_spelling(reply: str, label: Entailment | None) -> None:
    read = read_entailment(reply)
    assert (None if isinstance(read, Unparsed) else read) is label


@pytest.mark.parametrize(
    ("reply", "stop"),
    [("STOP", True), ("Decision: stop.", True), ("continue", False), ("**Continue**", False), ("hm", None)],
)
def test_stop_or_continue(reply: str, stop: bool | None) -> None:
    read = read_stop(reply)
    assert (None if isinstance(read, Unparsed) else read) is stop


SCRAPS = st.lists(
    st.sampled_from(
        ["A", "B", "(", ")", ".", " ", "\n", "answer", " is ", ":", "yes", "no", "4", "/5", "-", "**", ",", "tea"]
    ),
    max_size=12,
).map("".join)


@given(reply=st.one_of(SCRAPS, st.text(max_size=60)))
def test_no_parser_of_short_answers_raises(reply: str) -> None:
    assert isinstance(read_letter(reply, OPTIONS), (str, Unparsed))
    assert isinstance(read_letter_strict(reply, 4), (str, Unparsed))
    assert isinstance(read_yes_no(reply), (bool, Unparsed))
    assert isinstance(read_number(reply, 1, 5), (int, Unparsed))
    assert isinstance(read_entailment(reply), (Entailment, Unparsed))
    assert isinstance(read_stop(reply), (bool, Unparsed))


@given(reply=st.one_of(SCRAPS, st.text(max_size=60)))
def test_reading_what_was_read_changes_nothing(reply: str) -> None:
    letter, number, label = read_letter(reply, 4), read_number(reply, 1, 5), read_entailment(reply)
    assert isinstance(letter, Unparsed) or read_letter(letter, 4) == letter
    assert isinstance(number, Unparsed) or read_number(str(number), 1, 5) == number
    assert isinstance(label, Unparsed) or read_entailment(label.value) is label
