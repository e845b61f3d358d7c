"""Fingerprints of many rows at once are those of one row at a time, and the gate decides as the one-by-one gate does."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personarium.core.errors import UsageError
from personarium.text.near_duplicates import NearDuplicateGate, hamming, simhash
from personarium.text.row_fingerprints import BatchGate, Column, RowHasher

WORDS = ("a", "", "bc d", "grün｜x", "M", "7", "12", "a longer value", "日本語テスト", "𝒳y", "\ud800z", " \t\n")


def column(values: list[str]) -> Column:
    distinct = list(dict.fromkeys(values))
    return distinct, np.array([distinct.index(value) for value in values], dtype=np.int64)


def numbers(n: int) -> str:
    return ",".join(str(k) for k in range(1, n + 1))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(WORDS) | st.text(max_size=12), min_size=4, max_size=4), min_size=1, max_size=20)
)
def test_rows_are_hashed_as_their_joined_fields(rows: list[list[str]]) -> None:
    columns = [column(list(values)) for values in zip(*rows, strict=True)]
    assert RowHasher().fingerprints(columns).tolist() == [simhash(row) for row in rows]


def test_hachimi_w2_hashes() -> None:
    texts = ["abcdef", "ab c\ndef", "abcdeg", "", "ab", numbers(200)]
    found = RowHasher().fingerprints([column(texts)]).tolist()
    assert found[0] == found[1] == 0xC4F67FFC2BDFFF7C
    assert found[2] == 0xCCFF7DFDB9F3F56E
    assert found[3] == found[4] == 2**64 - 1
    assert found[5] == 0x46E1C032CDBA8AAC


def test_hachimi_w2_the_gate_rejects_distance_3_and_accepts_4() -> None:
    found = RowHasher().fingerprints([column([numbers(200), numbers(215), numbers(216)])])
    assert BatchGate().offer(found).tolist() == [-1, 0, -1]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 3), st.integers(1, 199))
def test_decisions_are_those_of_one_by_one(seed: int, threshold: int, cut: int) -> None:
    rng = random.Random(seed)
    bases = [rng.getrandbits(64) for _ in range(12)]
    items = []
    for _ in range(200):
        item = rng.choice(bases)
        for _ in range(rng.randrange(6)):
            item ^= 1 << rng.randrange(64)
        items.append(item)
    single = NearDuplicateGate(threshold)
    wanted = [single.offer(k, item) is None for k, item in enumerate(items)]
    gate, offered = BatchGate(threshold), np.array(items, dtype=np.uint64)
    near = np.concatenate([gate.offer(offered[:cut]), gate.offer(offered[cut:])])
    assert (near < 0).tolist() == wanted
    assert len(gate) == sum(wanted)
    for k in np.flatnonzero(near >= 0):
        assert hamming(items[k], int(gate.accepted[near[k]])) <= threshold


def survivors_are_far(count: int) -> None:
    """Every surviving pair is farther apart than the threshold, by comparing all of them."""
    rng = np.random.default_rng(5)
    items = rng.integers(0, 2**63, count, dtype=np.uint64)
    items[count // 2 :] = items[: count - count // 2] ^ (
        np.uint64(1) << rng.integers(0, 63, count - count // 2).astype(np.uint64)
    )
    gate = BatchGate()
    gate.offer(rng.permutation(items))
    kept = gate.accepted
    assert len(kept) == count - count // 2 or len(kept) < count
    for k, one in enumerate(kept[:-1]):
        far = kept[k + 1 :] ^ one
        for _ in range(3):
            far &= far - np.uint64(1)
        assert far.all()


def test_no_near_pair_survives_exhaustively() -> None:
    survivors_are_far(2000)


@pytest.mark.slow
def test_no_near_pair_survives_exhaustively_among_20_000() -> None:
    survivors_are_far(20_000)


def test_many_like_rows_take_no_quadratic_time() -> None:
    gate = BatchGate()
    same = np.full(200_000, 0x123456789ABCDEF0, dtype=np.uint64)
    assert (gate.offer(same) >= 0).sum() == 199_999
    close = same ^ (np.uint64(1) << (np.arange(200_000) % 64).astype(np.uint64))
    assert (gate.offer(close) == 0).all()


def test_thresholds_that_would_lose_pairs_are_refused() -> None:
    with pytest.raises(UsageError, match="0 to 3"):
        BatchGate(4)
