"""Near copies by meaning: vectors centred on the population's mean, a threshold that random pairs do not reach, a gate.

All members of one population speak of the same things, so their vectors lie close together; the mean is what they share,
and what is left tells them apart. Which cosine then means "a copy" is read off random pairs of the same population.

At most 0.1 % of random pairs may pass. That alone suits small populations: in a million rows 0.1 % of the pairs are five hundred
earlier rows for each row, and nobody would be new. So the threshold is also such that chance gives at most 1 % of all the rows
(``by_chance``) an earlier row above it. A population too small to show such rare cosines tells them by its tail: in d effective
dimensions a random cosine exceeds t with a probability that falls as a power of 1 - t², a straight line on logarithmic scales.

Source: the tail is that of cosines between random directions (Cai, Fan and Jiang 2013, angles in random packing on spheres); the
threshold over centred vectors is our own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput, UsageError
from personarium.core.population import Population
from personarium.text.embed import Embedder, Vectors, load_embedder
from personarium.text.joined_values import texts_of
from personarium.text.vector_search import NONE, Backend, Rows, VectorSearch, open_search

Source: TypeAlias = Population | Sequence[str] | NDArray[Any]
Reader: TypeAlias = Callable[[Rows], Vectors]  # row numbers -> their vectors

BLOCK = 2048  # rows that are compared with each other at once: 16 MB of cosines
AT_MEAN = 0.01  # one more coordinate, the same for all: rows that lie at the mean itself are like each other
TAIL = (0.02, 0.01, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 2e-5, 1e-5)  # shares of pairs that the tail is fitted to
FEWEST = 20  # pairs that must lie beyond a point of the tail


@dataclass(frozen=True, slots=True)
class GateLimits:
    """How alike two members may be.

    Args:
        random_pairs: Largest share of random pairs that may pass as near copies.
        by_chance: Largest share of all rows that may have an earlier row that near by chance alone; None asks for
            ``random_pairs`` only.
        floor: The threshold is never below this cosine: half alike is no copy, however varied the rest. 0.8 between
            centred vectors is about 0.9 between vectors as they come.
        ceiling: Above this cosine two members are copies, even where random pairs often are.
        sample: Rows that the mean is taken of.
        paired: Of these, rows that are paired with each other: 4,096 give 8 million pairs.
        seed: Chooses the sample.

    Raises:
        UsageError: On a share outside 0 to 1, cosines that are not 0 <= floor <= ceiling < 1, or a sample under 2.
    """

    random_pairs: float = 0.001
    by_chance: float | None = 0.01
    floor: float = 0.8
    ceiling: float = 0.95
    sample: int = 20_000
    paired: int = 4096
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("random_pairs", "by_chance"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise UsageError(f"{name} must lie between 0 and 1, found {value}")
        if not 0 <= self.floor <= self.ceiling < 1:
            raise UsageError(f"expected 0 <= floor <= ceiling < 1, found {self.floor} and {self.ceiling}")
        if min(self.sample, self.paired) < 2:
            raise UsageError(f"sample and paired must be at least 2, found {self.sample} and {self.paired}")


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What a population's own random pairs say about how alike its members are.

    Args:
        mean: (d,), the population's mean vector.
        threshold: Members whose cosine exceeds this are near copies.
        pairs: Random pairs that were looked at.
        passing: Their share above the threshold; over ``random_pairs`` only where the ceiling says so.
        quantile: The cosine that the share ``random_pairs`` of them exceeds.
        chance: The cosine that chance lets ``by_chance`` of the rows reach; None when not asked for, or too few pairs.
        rows: Rows of the population that this is for.
    """

    mean: Vectors
    threshold: float
    pairs: int
    passing: float
    quantile: float
    chance: float | None
    rows: int

    def centre(self, vectors: NDArray[Any]) -> Vectors:
        """Rows less the mean, of length 1 and one coordinate longer; a zero row (a text without words) stays zero.

        Raises:
            InvalidInput: When the vectors have another length, or hold something that is no finite number.
        """
        return _centred(_checked(vectors, len(self.mean)), self.mean)


def calibrate(sample: NDArray[Any], rows: int, limits: GateLimits | None = None) -> Calibration:
    """The mean and the threshold for a population of ``rows`` members, from a random sample of them.

    Args:
        sample: (n, d), any float type; the first ``limits.paired`` rows are paired with each other.
        rows: Members that the population has or will have.

    Raises:
        InvalidInput: On fewer than two rows, or values that are no finite numbers.
    """
    limits = limits or GateLimits()
    vectors = _checked(sample)
    spoken = vectors[np.any(vectors != 0, axis=1)]
    if len(spoken) < 2:
        raise InvalidInput("near copies", "at least two texts with words", f"{len(spoken)}")
    mean = spoken.mean(axis=0, dtype=np.float64).astype(np.float32)
    cosines = _pair_cosines(_centred(spoken[: limits.paired], mean))
    highest = _highest(cosines, max(limits.random_pairs, TAIL[0]))
    quantile = float(highest[int(limits.random_pairs * cosines.size)])
    wanted = None if limits.by_chance is None else 2 * limits.by_chance / max(rows, 2)  # a pair has one later row
    chance = None if wanted is None else _tail_cosine(highest, cosines.size, wanted)
    threshold = min(max(quantile, limits.floor, chance or 0.0), limits.ceiling)
    passing = float(np.count_nonzero(cosines > threshold) / cosines.size)
    return Calibration(mean, threshold, cosines.size, passing, quantile, chance, rows)


class SemanticGate:
    """Accepts members that are not nearly those accepted before, in the order in which they are offered.

    Args:
        calibration: Of a sample of the population that is to come.
        backend: See :func:`personarium.text.vector_search.open_search`.

    Raises:
        UsageError: The population is too large for the exact backend and the extra ``dedup`` is not installed.
    """

    def __init__(self, calibration: Calibration, backend: Backend = "auto") -> None:
        self.calibration = calibration
        self._search = open_search(len(calibration.mean) + 1, calibration.rows, backend)
        self._offered = 0
        self._accepted = 0

    def __len__(self) -> int:
        return self._accepted

    def offer(self, vectors: NDArray[Any]) -> Rows:
        """Check and accept in order.

        Args:
            vectors: (n, d), of the embedder that the calibration's came from.

        Returns:
            For each row -1 if it was accepted, else the number (counted from 0 over all that was ever offered) of an accepted
            row that it is near to. A zero row is accepted and never compared.
        """
        rows = self.calibration.centre(vectors)
        near = [self._offer(rows[start : start + BLOCK]) for start in range(0, len(rows), BLOCK)]
        return np.concatenate([np.empty(0, np.int64), *near])

    def _offer(self, rows: Vectors) -> Rows:
        numbers = np.arange(self._offered, self._offered + len(rows))
        found, cosine = self._search.nearest(rows)
        near = np.where(cosine > self.calibration.threshold, found, NONE)
        free = np.flatnonzero((near == NONE) & rows.any(axis=1))
        winner = _first_come(rows[free] @ rows[free].T > self.calibration.threshold)
        own = winner == np.arange(free.size)
        near[free[~own]] = numbers[free[winner[~own]]]
        self._search.add(numbers[free[own]], rows[free[own]])
        self._offered += len(rows)
        self._accepted += int(np.count_nonzero(near == NONE))
        return near


@dataclass(frozen=True, slots=True)
class NearCopy:
    """A row, the earlier row that it is nearest to (both from 0), and the cosine of their centred vectors."""

    row: int
    earlier: int
    cosine: float


@dataclass(frozen=True, slots=True)
class NearCopies:
    """The near copies of a population.

    Args:
        pairs: The nearest pairs, nearest first (then by row); at most as many as were asked for.
        found: Rows that are near copies of an earlier one, all of them.
        rows: Rows of the population.
        calibration: Threshold and what it rests on; None when there were not two rows with words.
    """

    pairs: tuple[NearCopy, ...]
    found: int
    rows: int
    calibration: Calibration | None

    @property
    def share(self) -> float:
        """Share of the rows that are near copies; 0 of none."""
        return self.found / self.rows if self.rows else 0.0


def near_copies(
    source: Source,
    *,
    limits: GateLimits | None = None,
    embedder: Embedder | None = None,
    fields: Sequence[str] = (),
    backend: Backend = "auto",
    most: int = 1000,
    progress: Callable[[int], None] | None = None,
) -> NearCopies:
    """Which rows are near copies of an earlier row: one pass over the whole population, in blocks.

    Args:
        source: A population (the values of its rows are joined, never template text), texts, or vectors (n, d).
        limits: How alike two rows may be.
        embedder: The static one by default.
        fields: Columns of a population to join; all but ``id`` when empty.
        backend: ``auto`` is exact up to 100,000 rows and approximate beyond (extra ``dedup``).
        most: Pairs that are returned; all are counted.
        progress: Called with the number of rows done after each block.

    Raises:
        InvalidInput: On a field that the population lacks, or vectors of a wrong shape.
        UsageError: The population is too large for the exact backend and the extra ``dedup`` is not installed.
    """
    rows, read = _reader(source, embedder, fields)
    limits = limits or GateLimits()
    sample = read(_sampled(rows, limits))
    if np.count_nonzero(np.any(sample != 0, axis=1)) < 2:
        return NearCopies((), 0, rows, None)
    calibration = calibrate(sample, rows, limits)
    search = open_search(sample.shape[1] + 1, rows, backend)
    earlier, cosines = np.full(rows, NONE, np.int64), np.full(rows, -1, np.float32)
    for start in range(0, rows, BLOCK):
        numbers = np.arange(start, min(start + BLOCK, rows))
        earlier[numbers], cosines[numbers] = _nearest_earlier(calibration.centre(read(numbers)), numbers, search)
        if progress is not None:
            progress(int(numbers[-1]) + 1)
    found = np.flatnonzero(cosines > calibration.threshold)
    first = found[np.argsort(-cosines[found], kind="stable")[:most]]
    pairs = tuple(NearCopy(int(k), int(earlier[k]), float(cosines[k])) for k in first)
    return NearCopies(pairs, len(found), rows, calibration)


# -- rows --------------------------------------------------------------------------------------------------------------


def _reader(source: Source, embedder: Embedder | None, fields: Sequence[str]) -> tuple[int, Reader]:
    """How many rows there are, and their vectors by number."""
    if isinstance(source, np.ndarray):
        vectors = source
        _checked(vectors[:0])
        return len(vectors), lambda rows: _checked(vectors[rows])
    if isinstance(source, str):
        raise InvalidInput("near copies", "a population, a list of texts or an array of vectors", source)
    chosen = embedder or load_embedder()
    if isinstance(source, Population):
        texts = texts_of(source, fields)
        return len(source), lambda rows: chosen.embed(texts(rows))
    listed = source
    return len(listed), lambda rows: chosen.embed([listed[int(row)] for row in rows])


def _sampled(rows: int, limits: GateLimits) -> Rows:
    """Row numbers in random order, so that the first of them are a random sample too."""
    return np.random.default_rng(limits.seed).permutation(rows)[: max(limits.sample, limits.paired)]


def _nearest_earlier(rows: Vectors, numbers: Rows, search: VectorSearch) -> tuple[Rows, Vectors]:
    """The nearest row of all before each, those of its own block included; the rows are then kept."""
    found, best = search.nearest(rows)
    here = rows @ rows.T
    here[~np.tri(len(rows), k=-1, dtype=np.bool_)] = -1
    place = here.argmax(axis=1)
    cosine = here[np.arange(len(rows)), place]
    closer = cosine > best
    found[closer], best[closer] = numbers[place[closer]], cosine[closer]
    spoken = np.flatnonzero(rows.any(axis=1))
    search.add(numbers[spoken], rows[spoken])
    return found, best


def _first_come(near: NDArray[np.bool_]) -> Rows:
    """For each row the first accepted one that it is near to, in order; its own place if it is accepted."""
    winner = np.arange(len(near))
    for i in np.flatnonzero(np.count_nonzero(near, axis=1) > 1).tolist():
        if winner[i] == i:
            later = i + 1 + np.flatnonzero(near[i, i + 1 :])
            winner[later[winner[later] == later]] = i
    return winner


def _checked(vectors: NDArray[Any], dim: int | None = None) -> Vectors:
    found = np.asarray(vectors)
    if found.ndim != 2 or found.dtype.kind != "f" or (dim is not None and found.shape[1] != dim):
        wanted = "rows of floats" if dim is None else f"rows of {dim} floats"
        raise InvalidInput("vectors", wanted, f"{found.dtype} of shape {found.shape}")
    rows = found.astype(np.float32)
    strange = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if strange.size:
        raise InvalidInput(f"vectors: row {strange[0] + 1}", "finite numbers", rows[strange[0]].tolist())
    return rows


def _centred(vectors: Vectors, mean: Vectors) -> Vectors:
    spoken = np.any(vectors != 0, axis=1)
    rows = np.full((len(vectors), len(mean) + 1), AT_MEAN, np.float32)
    rows[:, :-1] = vectors - mean
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[~spoken] = 0
    return rows


# -- random pairs ------------------------------------------------------------------------------------------------------


def _pair_cosines(rows: Vectors) -> Vectors:
    """The cosines of all pairs of rows, each once."""
    out = np.empty(len(rows) * (len(rows) - 1) // 2, np.float32)
    filled = 0
    for start in range(0, len(rows), 512):
        block = rows[start : start + 512]
        cosines = block @ rows[: start + len(block)].T
        chosen = cosines[np.tri(len(block), cosines.shape[1], start - 1, dtype=np.bool_)]
        out[filled : filled + len(chosen)] = chosen
        filled += len(chosen)
    return out


def _highest(cosines: Vectors, share: float) -> Vectors:
    """This share of the cosines and one more, highest first."""
    count = min(int(share * cosines.size) + 1, cosines.size)
    return np.sort(np.partition(cosines, cosines.size - count)[cosines.size - count :])[::-1]


def _tail_cosine(highest: Vectors, pairs: int, share: float) -> float | None:
    """The cosine that this share of random pairs exceeds, however rare: the line of the tail, carried on."""
    points = [(p, float(highest[int(p * pairs)])) for p in TAIL if p * pairs >= FEWEST]
    line = np.array([(-np.log(p), -np.log1p(-t * t)) for p, t in points if 0 < t < 1])
    if len(line) < 2:
        return None
    slope, level = np.polyfit(line[:, 0], line[:, 1], 1)
    return float(np.sqrt(-np.expm1(-max(slope * -np.log(share) + level, 0.0))))
