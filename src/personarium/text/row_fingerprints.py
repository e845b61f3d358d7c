"""SimHash of very many rows at once, and the gate for them: the same fingerprints and decisions as one by one.

The votes of a text are the sum of the votes of its 3-grams. A row is its field values joined by a bar, so its votes are those
inside each value plus those around each bar. Both are worked out once for each distinct value, and once for each distinct pair
of neighbouring ends; a row is then a sum of some forty table rows.

Source: HACHIMI, step 8; the 28-bit candidate keys are those of Manku, Jain and Das Sarma (2007): fingerprints within distance 3
share one of four 16-bit blocks and, of the 48 bits beside it, one of four 12-bit parts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import UsageError
from personarium.text.near_duplicates import BAR

Codes: TypeAlias = NDArray[np.int64]
Fingerprints: TypeAlias = NDArray[np.uint64]
Column: TypeAlias = tuple[Sequence[str], Codes]  # the distinct values, and for each row which of them it has

_AT_ONCE = 4096  # rows whose votes are summed together: they stay in the processor's cache
_MAX_GRAMS = 2_000_000  # remembered 3-grams (150 MB); a table that grows beyond is begun anew
_SHORTEST, _LONGEST = 2048, 131_072  # fingerprints that are compared with each other at once
_KEYS = tuple((block, part) for block in range(4) for part in range(4))


class RowHasher:
    """64-bit SimHash of rows; remembers the 3-grams it has seen."""

    def __init__(self) -> None:
        self._rows: dict[int, int] = {}
        self._bits: NDArray[np.int32] = np.empty((1024, 64), dtype=np.int32)

    def fingerprints(self, columns: Sequence[Column]) -> Fingerprints:
        """The fingerprint of every row.

        Args:
            columns: The fields in the order in which they are joined.
        """
        rows = len(columns[0][1])
        plain = _joined_shorts([_without_blanks(column) for column in columns])
        parts = [(self.votes(values), codes) for values, codes in plain]
        parts += [self._around_bar(left, right) for left, right in pairwise(plain)]
        out = np.empty(rows, dtype=np.uint64)
        for start in range(0, rows, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            votes = np.zeros((len(range(rows)[part]), 64), dtype=np.int32)
            for table, codes in parts:
                votes += table[codes[part]]
            out[part] = np.packbits(votes >= 0, axis=1).view(">u8").ravel()
        return out

    def votes(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """The sum of the votes of each text's 3-grams: one row a text, one column a bit, highest bit first."""
        from scipy import sparse

        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
        counts = np.maximum(lengths - 2, 0)
        if not counts.any():
            return np.zeros((len(texts), 64), dtype=np.int32)
        ends = np.cumsum(counts)
        starts = np.repeat(np.cumsum(lengths) - lengths - (ends - counts), counts) + np.arange(ends[-1])
        keys = points[starts] << np.uint64(42) | points[starts + 1] << np.uint64(21) | points[starts + 2]
        grams, which = np.unique(keys, return_inverse=True)
        table = sparse.csr_matrix(
            (np.ones(len(which), dtype=np.int32), which.ravel(), np.concatenate([[0], ends])), (len(texts), len(grams))
        )
        votes: NDArray[np.int32] = table @ self._bits_of(grams)
        return votes

    def _bits_of(self, grams: NDArray[np.uint64]) -> NDArray[np.int32]:
        if len(self._rows) + len(grams) > _MAX_GRAMS:
            self._rows.clear()
        places = np.fromiter((self._rows.get(key, -1) for key in grams.tolist()), dtype=np.int64, count=len(grams))
        new = np.flatnonzero(places < 0)
        if new.size:
            self._learn(grams[new].tolist())
            places[new] = np.arange(len(self._rows) - new.size, len(self._rows))
        return self._bits[places]

    def _learn(self, keys: list[int]) -> None:
        digests = b"".join(_low_half(key) for key in keys)
        bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8).reshape(-1, 8), axis=1)
        first, last = len(self._rows), len(self._rows) + len(keys)
        if last > len(self._bits):
            grown = np.empty((max(last, 2 * len(self._bits)), 64), dtype=np.int32)
            grown[:first] = self._bits[:first]
            self._bits = grown
        self._bits[first:last] = 2 * bits.astype(np.int32) - 1
        self._rows.update(zip(keys, range(first, last)))

    def _around_bar(self, left: Column, right: Column) -> tuple[NDArray[np.int32], Codes]:
        """The votes of the 3-grams that hold the bar between two columns."""
        before, which_before = np.unique(np.array([value[-2:] for value in left[0]], dtype=object), return_inverse=True)
        after, which_after = np.unique(np.array([value[:2] for value in right[0]], dtype=object), return_inverse=True)
        pairs = which_before.ravel()[left[1]] * len(after) + which_after.ravel()[right[1]]
        distinct, codes = np.unique(pairs, return_inverse=True)
        texts = [before[pair // len(after)] + BAR + after[pair % len(after)] for pair in distinct.tolist()]
        return self.votes(texts), codes.ravel()


def _low_half(key: int) -> bytes:
    gram = chr(key >> 42) + chr(key >> 21 & 0x1FFFFF) + chr(key & 0x1FFFFF)
    return hashlib.md5(gram.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()[8:]


def _without_blanks(column: Column) -> Column:
    return ["".join(value.split()) for value in column[0]], column[1]


def _joined_shorts(columns: list[Column]) -> list[Column]:
    """Columns in which no value but those of the last has under two characters: shorter ones are joined to the next.

    A 3-gram then holds at most one bar that stands between two columns.
    """
    out: list[Column] = []
    waiting: Column | None = None
    for column in columns:
        joined = column if waiting is None else _paired(waiting, column)
        if min(map(len, joined[0]), default=2) < 2:
            waiting = joined
        else:
            out.append(joined)
            waiting = None
    return out if waiting is None else [*out, waiting]


def _paired(left: Column, right: Column) -> Column:
    pairs, codes = np.unique(left[1] * len(right[0]) + right[1], return_inverse=True)
    width = len(right[0])
    return [left[0][pair // width] + BAR + right[0][pair % width] for pair in pairs.tolist()], codes.ravel()


class BatchGate:
    """Accepts fingerprints in order, batch by batch, each if it is far from all accepted before.

    Args:
        threshold: Largest Hamming distance that still counts as a duplicate, 0 to 3.

    Raises:
        UsageError: The threshold is not within 0 to 3.

    Source: HACHIMI, step 8 (check and accept in order).
    """

    def __init__(self, threshold: int = 3) -> None:
        if not 0 <= threshold <= 3:
            raise UsageError(f"The near-duplicate threshold must be within 0 to 3, found {threshold}.")
        self.threshold = threshold
        self._accepted: Fingerprints = np.empty(0, dtype=np.uint64)
        self._shelves: list[_Shelf] = []
        self._slice = _SHORTEST

    def __len__(self) -> int:
        return len(self._accepted)

    @property
    def accepted(self) -> Fingerprints:
        """What was accepted, in order."""
        return self._accepted

    def offer(self, fingerprints: Fingerprints) -> NDArray[np.int64]:
        """Accept what is far from everything accepted before, in the order given.

        Returns:
            For each offered one -1 if it was accepted; otherwise the place (in the order of acceptance) of an accepted one
            that it is near to.
        """
        near = np.empty(len(fingerprints), dtype=np.int64)
        start = 0
        while start < len(fingerprints):
            part = slice(start, start + self._slice)
            near[part] = self._offer(fingerprints[part])
            start += self._slice
            # Where most are refused, short slices spare comparing them with each other; where few are, long ones are fast.
            many = float(np.mean(near[part] < 0)) > 0.5
            self._slice = min(2 * self._slice, _LONGEST) if many else max(self._slice // 2, _SHORTEST)
        return near

    def _offer(self, fingerprints: Fingerprints) -> NDArray[np.int64]:
        near = self._near_accepted(fingerprints)
        free = np.flatnonzero(near < 0)
        winner = _first_come(fingerprints[free], self.threshold)
        own = winner == np.arange(free.size)
        place = np.full(len(fingerprints), -1, dtype=np.int64)
        place[free[own]] = len(self._accepted) + np.arange(int(own.sum()))
        near[free[~own]] = place[free[winner[~own]]]
        self._store(fingerprints[free[own]])
        return near

    def _store(self, new: Fingerprints) -> None:
        if new.size:
            self._shelves.append(_Shelf(new, len(self._accepted)))
            self._accepted = np.concatenate([self._accepted, new])
        # Shelves of like size are put together, so that there are never many of them.
        while len(self._shelves) > 1 and self._shelves[-2].size <= 2 * self._shelves[-1].size:
            last, before = self._shelves.pop(), self._shelves.pop()
            self._shelves.append(_Shelf(self._accepted[before.first : last.first + last.size], before.first))

    def _near_accepted(self, fingerprints: Fingerprints) -> NDArray[np.int64]:
        near = np.full(len(fingerprints), -1, dtype=np.int64)
        for shelf in self._shelves:
            shelf.find(fingerprints, self._accepted, self.threshold, near)
        return near


class _Shelf:
    """Accepted fingerprints, sorted by each of the sixteen keys."""

    def __init__(self, fingerprints: Fingerprints, first: int) -> None:
        self.first, self.size = first, len(fingerprints)
        self._orders: list[NDArray[np.int32]] = []
        self._keys: list[NDArray[np.uint32]] = []
        for which in _KEYS:
            keys = _key(fingerprints, *which)
            order = np.argsort(keys, kind="stable").astype(np.int32)
            self._orders.append(order)
            self._keys.append(keys[order])

    def find(self, fingerprints: Fingerprints, accepted: Fingerprints, threshold: int, near: NDArray[np.int64]) -> None:
        """Note in ``near``, for every fingerprint that has nothing there, the place of an accepted one near to it."""
        for which, order, sorted_keys in zip(_KEYS, self._orders, self._keys):
            due = np.flatnonzero(near < 0)
            keys = _key(fingerprints[due], *which)
            by_key = np.argsort(keys, kind="stable")
            due, keys = due[by_key], keys[by_key]  # neighbours in the search are neighbours in memory
            at = np.searchsorted(sorted_keys, keys, side="left")
            end = np.searchsorted(sorted_keys, keys, side="right")
            while (alive := at < end).any():
                due, at, end = due[alive], at[alive], end[alive]
                place = self.first + order[at].astype(np.int64)
                close = _within(fingerprints[due] ^ accepted[place], threshold)
                near[due[close]] = place[close]
                due, at, end = due[~close], at[~close] + 1, end[~close]


def _key(fingerprints: Fingerprints, block: int, part: int) -> NDArray[np.uint32]:
    """A 16-bit block and one of the four 12-bit parts of the bits beside it."""
    right = np.uint64(16 * (block + 1) % 64)
    left = np.uint64(-16 * (block + 1) % 64)
    turned = fingerprints >> right | fingerprints << left if right else fingerprints
    other = turned >> np.uint64(12 * part) & np.uint64(0xFFF)
    return (turned >> np.uint64(48) << np.uint64(12) | other).astype(np.uint32)


def _within(differing: Fingerprints, threshold: int) -> NDArray[np.bool_]:
    """Whether at most so many bits are set: the lowest set bit is cleared that often."""
    for _ in range(threshold):
        differing = differing & (differing - np.uint64(1))
    return np.equal(differing, 0)


def _first_come(fingerprints: Fingerprints, threshold: int) -> NDArray[np.int64]:
    """For each fingerprint the first accepted one that it is near to, in order; its own place if it is accepted."""
    _, first, which = np.unique(fingerprints, return_index=True, return_inverse=True)
    winner = first[which.ravel()]
    single = np.flatnonzero(winner == np.arange(len(fingerprints)))
    lower, upper = _pairs_within(fingerprints[single], threshold)
    order = np.lexsort((lower, upper))
    for i, j in zip(single[lower[order]].tolist(), single[upper[order]].tolist()):
        if winner[i] == i and winner[j] == j:
            winner[j] = i
    return winner[winner]  # a copy of a rejected one follows it to who rejected it


def _pairs_within(fingerprints: Fingerprints, threshold: int) -> tuple[Codes, Codes]:
    """All pairs of places within the threshold, the lower place first; a pair may occur more than once."""
    lowers: list[Codes] = [np.empty(0, dtype=np.int64)]
    uppers: list[Codes] = [np.empty(0, dtype=np.int64)]
    for which in _KEYS if threshold and len(fingerprints) > 1 else ():
        keys = _key(fingerprints, *which)
        order = np.argsort(keys, kind="stable")
        ordered, values = keys[order], fingerprints[order]
        alive = np.arange(len(order) - 1)
        step = 1
        while (alive := alive[alive + step < len(order)]).size:
            alive = alive[ordered[alive] == ordered[alive + step]]
            close = alive[_within(values[alive] ^ values[alive + step], threshold)]
            lowers.append(order[close])
            uppers.append(order[close + step])
            step += 1
    return np.concatenate(lowers), np.concatenate(uppers)
