"""Near duplicates by 64-bit SimHash: fingerprints, distances, a gate for growing populations, and all near pairs.

One text at a time: :func:`simhash` and :class:`NearDuplicateGate`. A million rows: :mod:`personarium.text.row_fingerprints`, which
gives the same fingerprints and the same decisions.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Hashable, Sequence

from personarium.core.errors import UsageError

BAR = "\uff5c"  # the full-width bar that joins the fields of a record (HACHIMI step 8)
BLOCK_BITS = 16
ALL_ONES = (1 << 64) - 1


def simhash(fields: str | Sequence[str]) -> int:
    """64-bit SimHash of a text, or of a record's fields joined by a full-width bar.

    Whitespace is removed; every character 3-gram counts as often as it occurs; the lowest 64 bits of its MD5 vote. A
    text of under 3 characters has no votes and is all ones.

    Source: HACHIMI, step 8 and "Works when" 2 (code, not the paper's formula).
    """
    import numpy as np

    text = "".join((fields if isinstance(fields, str) else BAR.join(fields)).split())
    grams = Counter(text[k : k + 3] for k in range(len(text) - 2))
    if not grams:
        return ALL_ONES
    digests = b"".join(_low_half(gram) for gram in grams)
    bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8).reshape(-1, 8), axis=1).astype(np.int64)
    votes = np.fromiter(grams.values(), dtype=np.int64, count=len(grams)) @ (2 * bits - 1)
    return int.from_bytes(np.packbits(votes >= 0).tobytes(), "big")


def _low_half(gram: str) -> bytes:
    return hashlib.md5(gram.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()[8:]


def hamming(a: int, b: int) -> int:
    """Number of bits in which two fingerprints differ."""
    return (a ^ b).bit_count()


def blocks_of(fingerprint: int) -> tuple[tuple[int, int], ...]:
    """The four 16-bit blocks of a fingerprint, each with its place; two within distance 3 share at least one."""
    return tuple((k, fingerprint >> (BLOCK_BITS * k) & 0xFFFF) for k in range(4))


class NearDuplicateGate:
    """Accepts fingerprints that are far from all accepted before; checking and accepting is one atomic step.

    Args:
        threshold: Largest Hamming distance that still counts as a duplicate, 0 to 3 (with four blocks, more would miss
            pairs).

    Raises:
        UsageError: The threshold is not within 0 to 3.

    Source: HACHIMI, step 8. Differs: all four blocks are indexed, the published offline search uses the top one only.
    """

    def __init__(self, threshold: int = 3) -> None:
        if not 0 <= threshold <= 3:
            raise UsageError(f"The near-duplicate threshold must be within 0 to 3, found {threshold}.")
        self.threshold = threshold
        self._keys: list[Hashable] = []
        self._fingerprints: list[int] = []
        self._index: dict[tuple[int, int], list[int]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._keys)

    def offer(self, key: Hashable, fingerprint: int) -> Hashable | None:
        """Accept the fingerprint and return None, or return the key of the nearest duplicate (earliest on ties).

        An empty text should not be offered: HACHIMI accepts it without storing it.
        """
        with self._lock:
            place = self._nearest(fingerprint)
            if place is not None:
                return self._keys[place]
            place = len(self._keys)
            self._keys.append(key)
            self._fingerprints.append(fingerprint)
            for one in blocks_of(fingerprint):
                self._index.setdefault(one, []).append(place)
            return None

    def find(self, fingerprint: int) -> Hashable | None:
        """The key of the nearest accepted duplicate, or None; accepts nothing."""
        with self._lock:
            place = self._nearest(fingerprint)
            return None if place is None else self._keys[place]

    def _nearest(self, fingerprint: int) -> int | None:
        near = {place for one in blocks_of(fingerprint) for place in self._index.get(one, ())}
        distances = ((hamming(fingerprint, self._fingerprints[place]), place) for place in near)
        best = min((pair for pair in distances if pair[0] <= self.threshold), default=None)
        return None if best is None else best[1]


def near_pairs(fingerprints: Sequence[int], threshold: int = 3) -> list[tuple[int, int, int]]:
    """All pairs within the threshold as (first index, second index, distance), in order; 0 to 3 bits.

    Only items that share one of four 16-bit blocks are compared, which loses no pair at distance 3 or less.

    Raises:
        UsageError: The threshold is not within 0 to 3.
    """
    if not 0 <= threshold <= 3:
        raise UsageError(f"The near-duplicate threshold must be within 0 to 3, found {threshold}.")
    index: dict[tuple[int, int], list[int]] = {}
    pairs: list[tuple[int, int, int]] = []
    for k, fingerprint in enumerate(fingerprints):
        near = sorted({other for one in blocks_of(fingerprint) for other in index.get(one, ())})
        distances = ((other, k, hamming(fingerprint, fingerprints[other])) for other in near)
        pairs.extend(pair for pair in distances if pair[2] <= threshold)
        for one in blocks_of(fingerprint):
            index.setdefault(one, []).append(k)
    return sorted(pairs)
