"""BLEU and ROUGE-L: hand-made values, bounds, and hostile input."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput
from personarium.text.overlap_metrics import bleu, longest_common_subsequence, rouge_l, scored_words

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12)


def test_a_hand_made_pair() -> None:
    scores = bleu("i like my small dog", "i really like my small dog")
    assert [round(score, 4) for score in scores] == [0.8187, 0.7090, 0.6498, 0.5789]
    assert round(rouge_l("i like my small dog", "i really like my small dog"), 4) == 0.8944


def test_repeated_words_count_as_often_as_in_the_reference() -> None:
    assert bleu("the the the the", "the cat sat there", 1)[0] == pytest.approx(0.25)


def test_a_longer_reply_is_not_punished_for_brevity() -> None:
    assert bleu("a b c d", "a b", 1)[0] == pytest.approx(0.5)


def test_an_empty_reply_counts_as_one_token_and_shares_nothing() -> None:
    assert rouge_l("", "a b") == 0
    assert max(bleu("", "a b")) < 1e-6
    assert rouge_l("", "&") == 1
    assert rouge_l("a", "") == 0


def test_words_are_lower_case_with_punctuation_apart() -> None:
    assert scored_words("Don't stop, Ana!") == ["don't", "stop", ",", "ana", "!"]


@given(WORDS, WORDS)
def test_the_longest_common_subsequence_is_that_of_the_table(a: list[str], b: list[str]) -> None:
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a, 1):
        for k, y in enumerate(b, 1):
            table[i][k] = table[i - 1][k - 1] + 1 if x == y else max(table[i - 1][k], table[i][k - 1])
    assert longest_common_subsequence(a, b) == table[-1][-1]


@given(WORDS, WORDS)
def test_scores_are_within_bounds_and_whole_for_the_same_text(a: list[str], b: list[str]) -> None:
    said, gold = " ".join(a), " ".join(b)
    assert all(0 <= score <= 1 for score in (*bleu(said, gold), rouge_l(said, gold)))
    if a:
        assert rouge_l(said, said) == pytest.approx(1)
        assert bleu(said, said, min(4, len(a)))[-1] == pytest.approx(1)


def test_long_texts_are_scored() -> None:
    long = " ".join(f"w{n % 997}" for n in range(20_000))
    assert rouge_l(long, long) == pytest.approx(1)


def test_at_least_one_word_is_needed() -> None:
    with pytest.raises(InvalidInput, match="at least 1"):
        bleu("a", "b", 0)
