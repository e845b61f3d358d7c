"""BM25: the formula against a naive reading of it, arrays that come back, texts that are added, masks, two tokenizers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput, UsageError
from personarium.text.bm25 import BM25Arrays, BM25Index, Statistics, ascii_words, words

TEXT = st.lists(st.sampled_from(["tea", "cat", "rain", "owl", "sea"]), max_size=8).map(" ".join)
TEXTS = st.lists(TEXT, max_size=9)


def naive(documents: list[str], query: str, k1: float = 1.5, b: float = 0.75) -> list[float]:
    split = [ascii_words(document) for document in documents]
    mean = sum(map(len, split)) / max(len(split), 1) or 1.0
    scores = []
    for tokens in split:
        score = 0.0
        for token in ascii_words(query):
            n, f = sum(token in other for other in split), tokens.count(token)
            idf = math.log(1 + (len(split) - n + 0.5) / (n + 0.5))
            score += idf * f * (k1 + 1) / (f + k1 * (1 - b + b * len(tokens) / mean)) if f else 0.0
        scores.append(score)
    return scores


def test_three_texts_by_hand() -> None:
    index = BM25Index.build(["the tea", "tea tea green cup", ""])
    # N 3, n 2: idf ln(1 + 1.5/2.5) = 0.470004; mean length 2; f*2.5/(f + 1.5*(0.25 + 0.75*length/2))
    assert index.scores("Tea!") == pytest.approx([0.4700036 * 2.5 / 2.5, 0.4700036 * 5 / 4.625, 0.0], abs=1e-6)
    assert index.scores("tea tea") == pytest.approx(2 * index.scores("tea"))
    assert [number for number, _ in index.top("tea", 5)] == [1, 0]


@given(TEXTS, TEXT, st.sampled_from([(1.5, 0.75), (0.0, 0.0), (1.2, 1.0)]))
def test_scores_are_those_of_the_naive_reading(
    documents: list[str], query: str, constants: tuple[float, float]
) -> None:
    k1, b = constants
    index = BM25Index.build(documents, k1=k1, b=b)
    assert index.scores(query) == pytest.approx(naive(documents, query, k1, b), rel=1e-12)


@given(st.lists(TEXTS, min_size=1, max_size=6), TEXT)
def test_an_extended_index_scores_to_the_last_bit_like_one_built_anew(parts: list[list[str]], query: str) -> None:
    grown = BM25Index.build(parts[0])
    for part in parts[1:]:
        grown = grown.extended(part)
    whole = BM25Index.build(document for part in parts for document in part)
    assert len(grown) == len(whole)
    assert grown.scores(query).tolist() == whole.scores(query).tolist()
    assert grown.top(query, 3) == whole.top(query, 3)
    assert_same(grown.arrays(), whole.arrays())


def test_extending_leaves_the_old_index_as_it_was_and_keeps_few_segments() -> None:
    old = grown = BM25Index.build(["owl"])
    for k in range(100):
        grown = grown.extended([f"owl {k}"])
    assert len(old) == 1
    assert len(grown) == 101
    assert len(grown._segments) <= 8
    assert old.scores("owl") == pytest.approx(naive(["owl"], "owl"))


@given(TEXTS, TEXT)
def test_arrays_give_the_index_back(documents: list[str], query: str) -> None:
    index = BM25Index.build(documents)
    again = BM25Index.from_arrays(index.arrays())
    assert again.scores(query).tolist() == index.scores(query).tolist()
    assert_same(again.arrays(), index.arrays())


def assert_same(left: BM25Arrays, right: BM25Arrays) -> None:
    assert left.terms == right.terms
    for field in ("indptr", "docs", "counts", "lengths"):
        mine, theirs = getattr(left, field), getattr(right, field)
        assert mine.dtype == theirs.dtype
        assert mine.tolist() == theirs.tolist()


def test_the_arrays_are_compressed_sparse_columns() -> None:
    arrays = BM25Index.build(["b a b", "", "a"]).arrays()
    assert arrays.terms == ["b", "a"]
    assert arrays.indptr.tolist() == [0, 1, 3]
    assert arrays.indptr.dtype == np.int64
    assert arrays.docs.tolist() == [0, 0, 2]
    assert arrays.docs.dtype == np.int32
    assert arrays.counts.tolist() == [2, 1, 1]
    assert arrays.counts.dtype == np.int32
    assert arrays.lengths.tolist() == [3, 0, 1]
    assert arrays.lengths.dtype == np.int32


@pytest.mark.parametrize(
    ("field", "damaged"),
    [
        ("terms", ["b", "b"]),
        ("indptr", np.array([0, 1, 9])),
        ("indptr", np.array([0, 4, 3])),
        ("docs", np.array([0, 0, 7], np.int32)),
        ("docs", np.array([0, 2, 2], np.int32)),
        ("docs", np.array([0.0, 0.0, 2.0])),
        ("counts", np.array([2, 0, 1], np.int32)),
        ("counts", np.array([2, 1], np.int32)),
        ("lengths", np.array([4, 0, 1], np.int32)),
    ],
)
def test_damaged_arrays_are_refused_by_name(field: str, damaged: Any) -> None:
    arrays = BM25Index.build(["b a b", "", "a"]).arrays()
    with pytest.raises(InvalidInput, match=f"BM25 index: field '{field}'"):
        BM25Index.from_arrays(replace(arrays, **{field: damaged}))


@given(st.lists(st.tuples(TEXT, st.booleans()), max_size=9), TEXT)
def test_a_mask_hides_texts_and_its_statistics_are_theirs_or_all(rows: list[tuple[str, bool]], query: str) -> None:
    documents, mask = [text for text, _ in rows], np.array([shown for _, shown in rows], bool)
    index = BM25Index.build(documents)
    apart = BM25Index.build(text for text, shown in rows if shown)
    assert index.scores(query, mask=mask, statistics="masked")[mask] == pytest.approx(apart.scores(query), rel=1e-12)
    statistics: Statistics
    for statistics in ("all", "masked"):
        assert not index.scores(query, mask=mask, statistics=statistics)[~mask].any()
    assert index.scores(query, mask=mask)[mask].tolist() == index.scores(query)[mask].tolist()


def test_top_gives_equals_in_the_order_of_the_texts_and_nothing_that_scores_0() -> None:
    index = BM25Index.build(["cat", "owl", "cat", "owl owl", "cat", "rain"])
    assert [number for number, _ in index.top("cat", 2)] == [0, 2]
    assert [number for number, _ in index.top("cat owl", 4)] == [3, 1, 0, 2]
    assert [number for number, _ in index.top("cat", 9)] == [0, 2, 4]
    assert index.top("cat", 9, mask=np.array([False, True, True, True, False, True])) == [(2, index.scores("cat")[2])]
    assert index.top("cat", 0) == index.top("dog", 3) == BM25Index.build([]).top("cat", 3) == []


@given(TEXTS, TEXT, st.integers(1, 10))
def test_top_is_the_full_order_cut_off(documents: list[str], query: str, k: int) -> None:
    index = BM25Index.build(documents)
    full = sorted(enumerate(index.scores(query).tolist()), key=lambda pair: -pair[1])
    assert index.top(query, k) == [pair for pair in full if pair[1] > 0][:k]


def test_values_out_of_range_are_refused() -> None:
    index = BM25Index.build(["cat"])
    with pytest.raises(UsageError, match="k1 of 0 or more and b from 0 to 1, found k1 -1"):
        BM25Index.build(["cat"], k1=-1)
    with pytest.raises(UsageError, match="b nan"):
        BM25Index.build(["cat"], b=math.nan)
    with pytest.raises(UsageError, match="1 texts is as many bools"):
        index.scores("cat", mask=np.array([1]) > np.array([[0]]))
    with pytest.raises(UsageError, match="'all' or of the 'masked'"):
        index.scores("cat", statistics="some")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="0 or more, found -1"):
        index.top("cat", -1)


def test_ascii_words_are_runs_of_letters_and_digits() -> None:
    assert ascii_words('{"Time":"2024/Oct/14/09:14 AM"} user-friendly café_x') == [
        *("time", "2024", "oct", "14", "09", "14", "am", "user", "friendly", "caf", "x")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ana's don’t 'quoted' dogs' snake_case", ["ana", "don't", "quoted", "dogs", "snake", "case"]),
        ("CAFÉ cafe\u0301 Straße ΣΟΦΌΣ ＦＵＬＬ１", ["café", "café", "strasse", "σοφόσ", "full1"]),
        ("東京に行く、2024年", ["東", "京", "に", "行", "く", "2024", "年"]),
        ("한국어는 ok", ["한", "국", "어", "는", "ok"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("... !?", []),
    ],
)
def test_words_of_any_language(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text(max_size=40))
def test_words_of_any_text_are_found_however_it_is_cased(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)
    assert words(text.replace("'", "’")) == words(text)


def test_reach_is_the_score_of_a_text_of_mean_length_with_every_word_once() -> None:
    index = BM25Index.build(["red fox", "blue fox", "red sky"])
    assert index.reach("red fox") == pytest.approx(float(index.scores("red fox")[0]))
    assert index.reach("red nothing") > index.reach("red")
    assert index.reach("") == 0.0
    mask = np.array([True, True, False])
    alone = BM25Index.build(["red fox", "blue fox"])
    assert index.reach("red fox", mask=mask, statistics="masked") == alone.reach("red fox")
