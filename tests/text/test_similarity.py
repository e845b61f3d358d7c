"""How alike texts are: the numbers of the SPASM and RPLA survey pages, stems, nearest names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.text.similarity import (
    content_stems,
    echo_overlap,
    letters_and_digits,
    mentions,
    nearest,
    stem,
    style_distance,
    word_ngrams,
)


def test_spasm_w6_echo() -> None:
    assert echo_overlap("the cat sat on the sofa", "the cat sat on the mat today") == pytest.approx(2 / 3)
    assert echo_overlap("The cat sat on it", "the CAT sat on it") == 1.0
    assert echo_overlap("a b c", "a b c") is None


def test_rpla_w6_style_distance() -> None:
    assert style_distance("thou art wise", "thou art wise") == pytest.approx(0, abs=1e-12)
    assert style_distance("thou art wise", "you are wise") == pytest.approx(0.4279, abs=5e-5)
    assert style_distance("abc", "xyz") == 1
    assert style_distance("Thou  ART\nwise", "thou art wise") == pytest.approx(0, abs=1e-12)
    assert style_distance("", "you are wise") is None


@pytest.mark.parametrize("said", ["555-0142", "555 0142", "5550142", "(555) 01-42"])
def test_rpla_w5_a_secret_is_found_however_it_is_written(said: str) -> None:
    assert mentions(f"Call me: {said}.", "555-0142")


def test_another_number_and_nothing_are_no_secret() -> None:
    assert not mentions("555-0143", "555-0142")
    assert not mentions("anything", "--")
    assert letters_and_digits("Ünï-Code 42!") == "ünïcode42"


def test_word_ngrams_keep_repeats() -> None:
    assert word_ngrams("a b a b a", 2) == [("a", "b"), ("b", "a"), ("a", "b"), ("b", "a")]
    assert word_ngrams("a", 2) == []


@pytest.mark.parametrize(
    "words",
    ["study studies studied studying", "run runs running", "hope hopes hoped hoping", "cat cats cat's",
     "live lives lived",
     "family families", "box boxes", "happy happily", "use uses used using", "need needs", "play plays played playing",
     "watch watches watched", "teach teaches teaching", "quick quickly"],
)  # fmt: skip
def test_inflections_share_a_stem(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 1


def test_content_stems_leave_the_function_words_out() -> None:
    assert content_stems("I don't like it when she's studying the cats!") == ["studi", "cat"]
    assert content_stems("") == []
    assert content_stems("42 is x") == ["42"]


def test_nearest_names() -> None:
    assert nearest("personagim", ["personagym", "prometheus", "apc"]) == ["personagym"]
    assert nearest("Judge noise", ["judge_noise", "leniency", "patience"])[0] == "judge_noise"
    assert nearest("qqqq", ["judge_noise", "leniency"]) == []
    assert len(nearest("a", ["ab", "ac", "ad"], n=2)) <= 2


@given(a=st.text(max_size=50), b=st.text(max_size=50))
def test_measures_stay_in_their_ranges(a: str, b: str) -> None:
    distance, echo = style_distance(a, b), echo_overlap(a, b)
    assert distance is None or 0 <= distance <= 1
    assert echo is None or 0 <= echo <= 1
    assert style_distance(b, a) == (distance if distance is None else pytest.approx(distance))
    assert letters_and_digits(letters_and_digits(a)) == letters_and_digits(a)
    assert all(one for one in content_stems(a))
