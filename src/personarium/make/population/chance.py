"""Chance by place: every draw is a function of seed, stream, row and attempt, and of nothing that came before.

A generator that is advanced draw by draw would tie a row to all rows before it. Here the number for row i of a stream is a
mixed counter, so that a chunk, a resumed run and the whole run in one piece give the same rows.

Source: the mixing function is that of SplitMix64 (Steele, Lea and Flood 2014), the key is BLAKE2b of seed and stream.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Places: TypeAlias = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio, SplitMix64's increment
_OTHER_STEP = np.uint64(0xD1B54A32D192ED03)  # for the second counter; any odd number that is not the first
_TO_UNIT = 2.0**-53


def mixed(seed: int, stream: str, rows: Places, attempts: Places | int = 0) -> Places:
    """64 random bits for every row.

    Args:
        seed: Of the whole population.
        stream: What is drawn; streams are independent of each other.
        rows: Row numbers, from 0.
        attempts: Which draw of the row, from 0; one number for all rows or one for each.
    """
    key = np.uint64(int.from_bytes(hashlib.blake2b(f"{seed}|{stream}".encode(), digest_size=8).digest(), "big"))
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is meant
        again = _finish(key + np.asarray(attempts, dtype=np.uint64) * _OTHER_STEP)
        return _finish(again + (rows + np.uint64(1)) * _STEP)


def _finish(z: Places) -> Places:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniforms(seed: int, stream: str, rows: Places, attempts: Places | int = 0) -> NDArray[np.float64]:
    """A number in [0, 1) for every row (see :func:`mixed`)."""
    return (mixed(seed, stream, rows, attempts) >> np.uint64(11)).astype(np.float64) * _TO_UNIT


def shuffled(seed: int, stream: str, count: int) -> NDArray[np.int64]:
    """The numbers 0 to count - 1 in an order that seed and stream decide."""
    return np.argsort(mixed(seed, stream, np.arange(count, dtype=np.uint64)), kind="stable")
