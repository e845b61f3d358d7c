"""Chance as SIMULATED.md, "Chance", defines it."""

from __future__ import annotations

from hashlib import blake2b
from statistics import fmean, pstdev

import pytest

from personarium.models.simulated.chance import Dice, uniform
from personarium.models.simulated.ledger import Ledger


def test_u_is_the_first_8_bytes_of_blake2b_of_seed_stream_key_over_2_to_the_64() -> None:
    digest = blake2b(b"3|drift|abc").digest()
    assert uniform(3, "drift", "abc") == int.from_bytes(digest[:8], "big") / 2**64


def test_streams_seeds_and_keys_are_independent() -> None:
    draws = [uniform(s, f"stream{t}", str(k)) for s in range(5) for t in range(5) for k in range(400)]
    assert len(set(draws)) == 10_000
    assert fmean(draws) == pytest.approx(0.5, abs=0.01)
    assert pstdev(draws) == pytest.approx(12**-0.5, abs=0.01)


def test_a_hit_is_recorded_with_its_stream_draw_and_threshold() -> None:
    ledger = Ledger()
    dice = Dice(1, ledger)
    happened = dice.hit("echo", "k", 0.4)
    assert ledger.draws == [("echo", uniform(1, "echo", "k"), 0.4)]
    assert happened == (uniform(1, "echo", "k") < 0.4)
    assert not any(dice.hit("never", str(k), 0.0) for k in range(100))
    assert all(dice.hit("always", str(k), 1.0) for k in range(100))


def test_normal_and_pick_have_the_right_distribution() -> None:
    dice = Dice(2, Ledger())
    normal = [dice.normal("z", str(k)) for k in range(4000)]
    assert fmean(normal) == pytest.approx(0, abs=0.05)
    assert pstdev(normal) == pytest.approx(1, abs=0.05)
    picked = [dice.pick("p", str(k), 4) for k in range(4000)]
    assert {n: pytest.approx(picked.count(n) / 4000, abs=0.03) for n in range(4)} == dict.fromkeys(range(4), 0.25)
