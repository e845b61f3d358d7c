"""The order of options: what belongs to an option moves with it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.text.option_order import arranged, chance_of_all, rotations, shuffled, with_gold_at

TEXTS = st.lists(st.text(max_size=5), min_size=2, max_size=26)


def test_the_right_option_is_swapped_into_a_place() -> None:
    there = with_gold_at("pqrs", 1, 3)
    assert (there.texts, there.letter, there.order) == (("p", "s", "r", "q"), "D", (0, 3, 2, 1))
    assert with_gold_at("pqrs", 1, 1).texts == ("p", "q", "r", "s")


def test_rotations_put_it_at_every_place() -> None:
    assert ["".join(one.texts) for one in rotations("pqrs", 1)] == ["qprs", "pqrs", "prqs", "psrq"]
    assert [one.letter for one in rotations("pqrs", 1)] == ["A", "B", "C", "D"]
    assert chance_of_all(4) == 1 / 256


@given(texts=TEXTS, seed=st.integers(), data=st.data())
def test_text_and_truth_and_right_option_stay_together(texts: list[str], seed: int, data: st.DataObject) -> None:
    gold = data.draw(st.integers(0, len(texts) - 1))
    truths = [f"truth {k}" for k in range(len(texts))]
    for shown in (shuffled(texts, gold, seed), *rotations(texts, gold)):
        assert shown.carried(texts) == shown.texts
        assert shown.carried(truths)[shown.gold] == f"truth {gold}"
        assert shown.original(shown.letter) == gold
        assert sorted(shown.order) == list(range(len(texts)))
    assert shuffled(texts, gold, seed) == shuffled(texts, gold, seed)


def test_a_shuffle_favours_no_place() -> None:
    places = Counter(shuffled("pqrs", 0, seed).gold for seed in range(4000))
    assert all(abs(places[k] - 1000) < 110 for k in range(4))  # four standard deviations


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: arranged(["a"], 0), "2 to 26 options"),
        (lambda: arranged(["a"] * 27, 0), "2 to 26 options"),
        (lambda: arranged("ab", 2), "a right option from 0 to 1"),
        (lambda: with_gold_at("ab", 5, 0), "a right option from 0 to 1"),
        (lambda: with_gold_at("ab", 0, 2), "a place from 0 to 1"),
        (lambda: arranged("ab", 0, (0, 0)), "every number from 0 to 1 once"),
        (lambda: arranged("ab", 0).original("C"), "a letter from A to B"),
        (lambda: arranged("ab", 0).original(""), "a letter from A to B"),
        (lambda: arranged("ab", 0).carried("abc"), "2 values"),
    ],
)
def test_bad_input_is_refused(call: object, expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        call()  # type: ignore[operator]
