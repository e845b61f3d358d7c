"""Options of generators as text: what is read, what is refused, and in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import UsageError
from personarium.make.option_values import listed, number, one_of, published, whole, whole_numbers, yes_no


@pytest.mark.parametrize(
    ("text", "least", "most", "value"),
    [("0", 0, 9, 0), (" 12 ", 0, 99, 12), ("007", 7, 7, 7), ("1000000", 1, 1_000_000, 1_000_000)],
)
def test_a_whole_number_is_read(text: str, least: int, most: int, value: int) -> None:
    assert whole("asks", text, least, most) == value


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1_0", "1 0", "x", "٣", "²", "10", "0" * 21, "9" * 5_000])
def test_anything_else_is_no_whole_number_from_0_to_9(text: str) -> None:
    with pytest.raises(UsageError, match="asks must be a whole number from 0 to 9, found "):
        whole("asks", text, 0, 9)


def test_a_whole_number_has_a_least_and_a_most_where_nothing_was_said() -> None:
    for text, least in (("1000001", 0), ("2", 3)):
        with pytest.raises(UsageError, match=f"k must be a whole number from {least} to 1,000,000, found '{text}'"):
            whole("k", text, least)


def test_whole_numbers_are_those_that_were_given() -> None:
    assert whole_numbers({"rounds": "3", "mix": "even"}, {"rounds": 1, "asks": 1}) == {"rounds": 3}
    with pytest.raises(UsageError, match="asks must be a whole number from 1 to"):
        whole_numbers({"rounds": "3", "asks": "0"}, {"rounds": 1, "asks": 1})


@given(st.text(max_size=30))
def test_a_whole_number_is_read_as_python_reads_plain_digits(text: str) -> None:
    digits = text.strip()
    plain = 0 < len(digits) <= 20 and set(digits) <= set("0123456789") and int(digits) <= 500
    if plain:
        assert whole("n", text, 0, 500) == int(digits)
    else:
        with pytest.raises(UsageError):
            whole("n", text, 0, 500)


@pytest.mark.parametrize(
    ("text", "value"), [("0.4", 0.4), (" 1 ", 1.0), ("-.5", -0.5), ("2.", 2.0), ("1e-3", 0.001), ("+3E2", 300.0)]
)
def test_a_number_is_read(text: str, value: float) -> None:
    assert number("threshold", text) == value


@pytest.mark.parametrize("text", ["", "near", "nan", "inf", "1e999", "1_0", "0,4", "٣", ".", "e3", "1" * 21])
def test_anything_else_is_no_number(text: str) -> None:
    with pytest.raises(UsageError, match="threshold must be a number, found "):
        number("threshold", text)


def test_one_of_some_words() -> None:
    assert one_of("output", " rows ", ("people", "rows")) == "rows"
    assert one_of("mix", "paper", {"paper": (5, 3, 2), "code": (4, 4, 2)}) == "paper"
    with pytest.raises(UsageError, match="output must be one of people, rows, found 'Rows'"):
        one_of("output", "Rows", ("people", "rows"))


def test_yes_or_no() -> None:
    assert (yes_no("gate", "yes"), yes_no("gate", " no")) == (True, False)
    with pytest.raises(UsageError, match="gate must be yes or no, found 'true'"):
        yes_no("gate", "true")


def test_a_list_has_commas_between() -> None:
    assert listed(" age, city of birth ,,") == ("age", "city of birth")
    assert listed("") == ()


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("yes", True),
        (" no ", False),
        ("a-fault, b-fault", {"a-fault", "b-fault"}),
        ("yes,a", {"yes", "a"}),
        ("", set()),
    ],
)
def test_published_faults_are_all_none_or_named(text: str, faults: object) -> None:
    assert published(text) == faults


def test_a_long_wrong_value_is_cut_and_stays_on_one_line() -> None:
    with pytest.raises(UsageError) as caught:
        yes_no("gate", "no\nyes" * 1_000)
    assert str(caught.value) == "gate must be yes or no, found 'no\\nyesno\\nyesno\\nyesno\\nyesno\\nyesno\\…"
