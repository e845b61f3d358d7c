"""Chance without state: every draw is a hash of the seed, the name of the decision and what is decided about."""

from __future__ import annotations

from hashlib import blake2b
from statistics import NormalDist

from personarium.models.simulated.ledger import Ledger

_NORMAL = NormalDist()
_SPAN = 2.0**64
# The inverse normal is undefined at 0; half of the smallest step of `uniform` stands for it.
_SMALLEST = 0.5 / _SPAN
_LARGEST = 1.0 - 2.0**-53


def uniform(seed: int, stream: str, key: str) -> float:
    """A number in [0, 1): the first 8 bytes of BLAKE2b of ``seed|stream|key``, big-endian, divided by 2**64.

    Args:
        seed: The subject's seed.
        stream: The decision; each has its own stream, so changing one parameter disturbs no other draw.
        key: What the decision is about (an occasion, or a person and topic).
    """
    digest = blake2b(f"{seed}|{stream}|{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / _SPAN


class Dice:
    """Draws for one request; whatever decides something is written into the ledger."""

    __slots__ = ("ledger", "seed")

    def __init__(self, seed: int, ledger: Ledger) -> None:
        self.seed, self.ledger = seed, ledger

    def u(self, stream: str, key: str) -> float:
        """A uniform draw in [0, 1); not recorded."""
        return uniform(self.seed, stream, key)

    def hit(self, stream: str, key: str, p: float) -> bool:
        """Whether something with probability ``p`` happens; recorded as (stream, u, p)."""
        u = uniform(self.seed, stream, key)
        self.ledger.draws.append((stream, u, p))
        return u < p

    def normal(self, stream: str, key: str) -> float:
        """A standard normal draw."""
        return _NORMAL.inv_cdf(min(max(uniform(self.seed, stream, key), _SMALLEST), _LARGEST))

    def pick(self, stream: str, key: str, n: int) -> int:
        """One of ``n`` equally likely places, 0 .. n - 1."""
        return min(int(uniform(self.seed, stream, key) * n), n - 1)
