"""Distances of golds and outputs, document by document: measured from texts, kept as three tables, read back.

Source: page perseval, "Takes and gives" and "Data formats" (arXiv 2407.00453).
Differs: the distance's name stands beside the tables, so that no run goes on with another one; an empty score is a missing one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.measure.perseval.data_format import GOLD, Item
from personarium.text.text_distances import TextDistance

Array: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]

BATCH = 250  # documents whose texts are compared in one go, which bounds the working memory


@dataclass(frozen=True, slots=True)
class SourceDistances:
    """Distances of one source (the golds, or one model's outputs) on one document, or stacked over documents.

    Args:
        pairs: (..., U, U): from user i's text to user j's; NaN on the diagonal and where missing.
        to_document: (..., U).
        to_gold: (..., U): from the same user's gold; zeros for the golds themselves.
    """

    pairs: Array
    to_document: Array
    to_gold: Array

    def of(self, users: Places) -> SourceDistances:
        """The same for some users only."""
        if len(users) == len(self.to_document):
            return self
        return SourceDistances(self.pairs[np.ix_(users, users)], self.to_document[users], self.to_gold[users])

    @classmethod
    def stack(cls, sources: Sequence[SourceDistances]) -> SourceDistances:
        """One more axis in front; all must have the same number of users."""
        return cls(
            np.stack([s.pairs for s in sources]),
            np.stack([s.to_document for s in sources]),
            np.stack([s.to_gold for s in sources]),
        )


@dataclass(frozen=True, slots=True)
class DocumentDistances:
    """All distances of one document.

    Args:
        id: The document.
        users: Its users, in the order of all arrays.
        golds: Among the users' own texts.
        outputs: By model.
    """

    id: str
    users: tuple[str, ...]
    golds: SourceDistances
    outputs: Mapping[str, SourceDistances]

    def __post_init__(self) -> None:
        size = len(self.users)
        if len(set(self.users)) < size:
            raise InvalidInput(f"document {self.id}", "users that are all different", self.users)
        for name, source in ((GOLD, self.golds), *self.outputs.items()):
            shapes = (source.pairs.shape, source.to_document.shape, source.to_gold.shape)
            if shapes != ((size, size), (size,), (size,)):
                raise InvalidInput(f"document {self.id}, {name}", f"distances of {size} users", shapes)
            for values in (source.pairs, source.to_document, source.to_gold):
                wrong = (values < 0) | np.isinf(values)
                if wrong.any():
                    raise InvalidInput(
                        f"document {self.id}, {name}", "distances of at least 0, finite", float(values[wrong][0])
                    )


def source_distances(
    users: Sequence[str],
    pairs: Mapping[tuple[str, str], float],
    to_document: Mapping[str, float],
    to_gold: Mapping[str, float] | None = None,
    symmetric: bool = True,
) -> SourceDistances:
    """Distances that are at hand, for instance from people.

    Args:
        users: The order.
        pairs: (user, user) -> distance; one way is enough where they are symmetric.
        to_document: User -> distance; absent is missing.
        to_gold: User -> distance; None for the golds themselves.
        symmetric: Take d(j, i) for a missing d(i, j).
    """
    square = np.full((len(users), len(users)), np.nan)
    for i, a in enumerate(users):
        for j, b in enumerate(users):
            if a != b:
                square[i, j] = pairs.get((a, b), pairs.get((b, a), np.nan) if symmetric else np.nan)
    golds = dict.fromkeys(users, 0.0) if to_gold is None else to_gold
    return SourceDistances(square, _column(users, to_document), _column(users, golds))


def _column(users: Sequence[str], values: Mapping[str, float]) -> Array:
    return np.array([values.get(user, np.nan) for user in users], np.float64)


# --- from texts ---


def measure_distances(items: Iterable[Item], distance: TextDistance, batch: int = BATCH) -> list[DocumentDistances]:
    """The distances of all texts that belong to the same document.

    Args:
        items: Documents with golds and outputs.
        distance: How far two texts are apart.
        batch: Documents compared in one go.
    """
    return [one for group in _batches(items, batch) for one in _measure(group, distance)]


def iter_distances(
    items: Iterable[Item], distance: TextDistance, batch: int = BATCH
) -> Iterator[list[DocumentDistances]]:
    """:func:`measure_distances` batch by batch."""
    for group in _batches(items, batch):
        yield _measure(group, distance)


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    group: list[Item] = []
    for item in items:
        group.append(item)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


class _Pairs:
    """Collects which texts are to be compared, and hands the distances out in the same order."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._left: list[Places] = []
        self._right: list[Places] = []

    def add(self, texts: Sequence[str]) -> int:
        """Where the first of these texts stands."""
        start = len(self.texts)
        self.texts.extend(texts)
        return start

    def ask(self, left: Places, right: Places) -> None:
        self._left.append(left)
        self._right.append(right)

    def measured(self, distance: TextDistance) -> Iterator[Array]:
        """One array for every question, in order."""
        if not self._left:
            return iter(())
        sizes = [len(one) for one in self._left]
        found = distance.between(self.texts, np.concatenate(self._left), np.concatenate(self._right))
        return iter(np.split(found, np.cumsum(sizes)[:-1]))


def _measure(items: Sequence[Item], distance: TextDistance) -> list[DocumentDistances]:
    asked = _Pairs()
    for item in items:
        document = asked.add([item.full_text])
        starts: dict[str, int] = {}
        for name, texts in item.sources():
            start = starts[name] = asked.add([text or "" for text in texts])
            own = start + np.arange(len(item.users))
            i, j = _corners(len(item.users), distance.symmetric)
            asked.ask(start + i, start + j)
            asked.ask(own, np.full(len(own), document))
            asked.ask(own, starts[GOLD] + np.arange(len(own)))
    found = asked.measured(distance)
    return [_assembled(item, found, distance.symmetric) for item in items]


def _corners(size: int, symmetric: bool) -> tuple[Places, Places]:
    i, j = np.triu_indices(size, 1)
    return (i, j) if symmetric else (np.concatenate([i, j]), np.concatenate([j, i]))


def _assembled(item: Item, found: Iterator[Array], symmetric: bool) -> DocumentDistances:
    sources: dict[str, SourceDistances] = {}
    gold = np.array([text is not None for text in item.golds], bool)
    for name, texts in item.sources():
        size = len(item.users)
        there = np.array([text is not None for text in texts], bool)
        pairs = np.full((size, size), np.nan)
        i, j = _corners(size, symmetric)
        values = next(found)
        pairs[i, j] = values
        if symmetric:
            pairs[j, i] = values
        pairs[~there, :] = pairs[:, ~there] = np.nan
        to_document, to_gold = next(found), next(found)
        sources[name] = SourceDistances(
            pairs, np.where(there, to_document, np.nan), np.where(there & gold, to_gold, np.nan)
        )
    return DocumentDistances(item.id, item.users, sources.pop(GOLD), sources)
