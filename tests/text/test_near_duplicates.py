"""SimHash and the near-duplicate gate: the hashes of the HACHIMI page, and no near pair lost."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import UsageError
from personarium.text.near_duplicates import ALL_ONES, NearDuplicateGate, hamming, near_pairs, simhash


def numbers(n: int) -> str:
    return ",".join(str(k) for k in range(1, n + 1))


def test_hachimi_w2_hashes() -> None:
    assert simhash("abcdef") == simhash("ab c\ndef") == 0xC4F67FFC2BDFFF7C
    assert simhash("abcdeg") == 0xCCFF7DFDB9F3F56E
    assert hamming(simhash("abcdef"), simhash("abcdeg")) == 15
    assert simhash("") == simhash("ab") == ALL_ONES
    assert simhash(numbers(200)) == 0x46E1C032CDBA8AAC
    assert hamming(simhash(numbers(200) + "."), simhash(numbers(200) + "!")) == 1


def test_fields_are_joined_by_a_full_width_bar() -> None:
    assert simhash(["ab", "cd"]) == simhash("ab｜cd") != simhash("ab|cd")


def test_hachimi_w2_the_gate_rejects_distance_3_and_accepts_4() -> None:
    gate = NearDuplicateGate()
    assert gate.offer("f200", simhash(numbers(200))) is None
    assert gate.offer("f215", simhash(numbers(215))) == "f200"
    assert gate.offer("f216", simhash(numbers(216))) is None
    assert len(gate) == 2


def test_hachimi_w2_of_two_threads_with_one_text_exactly_one_is_accepted() -> None:
    gate = NearDuplicateGate()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda k: gate.offer(k, simhash("the same text")), range(64)))
    assert sum(answer is None for answer in answers) == 1
    assert len(gate) == 1


def test_the_nearest_accepted_item_is_named() -> None:
    gate = NearDuplicateGate()
    gate.offer("far", 0b0)
    gate.offer("other", 0b111111)
    assert gate.find(0b110111) == "other"
    assert gate.find(0b11 << 62) == "far"
    assert gate.find(0xFFFF << 40) is None


@given(bits=st.sets(st.integers(0, 63), max_size=3), base=st.integers(0, ALL_ONES))
def test_no_pair_within_distance_3_is_missed(bits: set[int], base: int) -> None:
    changed = base ^ sum(1 << bit for bit in bits)
    gate = NearDuplicateGate()
    gate.offer("base", base)
    assert gate.find(changed) == "base"
    assert near_pairs([base, changed]) == [(0, 1, len(bits))]


def test_pairs_are_those_of_the_full_comparison() -> None:
    rng = random.Random(7)
    items = [rng.getrandbits(64) for _ in range(60)]
    items += [item ^ (1 << rng.randrange(64)) ^ (1 << rng.randrange(64)) for item in items]
    full = [
        (i, j, hamming(a, b))
        for i, a in enumerate(items)
        for j, b in enumerate(items[i + 1 :], i + 1)
        if hamming(a, b) <= 3
    ]
    assert near_pairs(items) == full
    assert near_pairs(items, threshold=0) == [pair for pair in full if pair[2] == 0]


@pytest.mark.parametrize("threshold", [-1, 4])
def test_thresholds_that_would_lose_pairs_are_refused(threshold: int) -> None:
    with pytest.raises(UsageError, match="0 to 3"):
        NearDuplicateGate(threshold)
    with pytest.raises(UsageError, match="0 to 3"):
        near_pairs([], threshold)
