"""Which attributes a person gets: a quota for every category, and in each some near, some farther, some far from the core.

Source: deeppersona page, steps 6 to 8. Differs: the mix is the paper's 5:3:2 (``mix-40-40-20`` gives that of the code); the
embeddings are those of any :class:`~personarium.text.embed.Embedder`, the paper's are of text-embedding-ada-002.
Units: ranks count from 0, the most similar first; quotas are numbers of attributes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from personarium.core.errors import UsageError
from personarium.make.deeppersona.taxonomy import words_of

if TYPE_CHECKING:
    from personarium.text.embed import Embedder, Vectors

Mix = tuple[int, int, int]
PAPER_MIX: Mix = (5, 3, 2)
CODE_MIX: Mix = (4, 4, 2)
LEAST = 10  # attributes of a category, however small it is (code)


def category_quotas(leaves: Mapping[str, int], target: int, least: int = LEAST) -> dict[str, int]:
    """How many attributes each category may have: in proportion to its leaves, rounded down, at least ``least``.

    Args:
        leaves: Number of leaves of each category that is kept.
        target: Attributes wanted in all.
        least: Of each category.

    Returns:
        Quotas; their sum may exceed the target.
    """
    total = sum(leaves.values())
    return {name: max(least, target * count // total) for name, count in leaves.items()}


def choose_in_bands(ranked: Sequence[str], quota: int, rng: random.Random, mix: Mix = PAPER_MIX) -> list[str]:
    """Attributes of one category: the very nearest, some of the middle third of the ranks, some of the last third.

    Args:
        ranked: All of them, the most similar to the person first.
        quota: How many are wanted.
        rng: Chance; the near ones do not depend on it.
        mix: Near, middle and far parts.

    Returns:
        As many as the quota says, or all there are; near, middle, far, then those that fill up from unused ranks.
    """
    n, parts = len(ranked), sum(mix)
    if n <= quota:
        return list(ranked)
    near = min(quota * mix[0] // parts, n // 3)
    middle = min(quota * mix[1] // parts, 2 * n // 3 - n // 3)
    far = min(quota * mix[2] // parts, n - 2 * n // 3)
    places = list(range(near))
    places += rng.sample(range(n // 3, 2 * n // 3), middle)
    places += rng.sample(range(2 * n // 3, n), far)
    taken = set(places)
    unused = [place for place in range(n) if place not in taken]
    places += rng.sample(unused, quota - len(places))
    return [ranked[place] for place in places]


def select_attributes(
    categories: Mapping[str, Sequence[str]],
    core: str,
    target: int,
    embedder: Embedder,
    rng: random.Random,
    mix: Mix = PAPER_MIX,
    least: int = LEAST,
) -> dict[str, list[str]]:
    """The attributes of one person, by category, in the order of the tree.

    Args:
        categories: Category -> its leaf paths; those that are kept.
        core: What is known of the person, as text.
        target: How many in all, at most.
        embedder: Compares the core with the paths.
        rng: Chance.
        mix: Near, middle and far parts.
        least: Quota of the smallest categories.

    Raises:
        UsageError: A target below 1.
    """
    if target < 1:
        raise UsageError(f"a person needs at least 1 attribute, found {target}")
    quotas = category_quotas({name: len(paths) for name, paths in categories.items()}, target, least)
    chosen = [
        path
        for name, paths in categories.items()
        for path in choose_in_bands(ranked_paths(paths, core, embedder), quotas[name], rng, mix)
    ]
    kept = set(cut_to(chosen, target, rng))
    found = {name: [path for path in paths if path in kept] for name, paths in categories.items()}
    return {name: paths for name, paths in found.items() if paths}


def cut_to(chosen: Sequence[str], target: int, rng: random.Random) -> list[str]:
    """At most ``target`` of the chosen ones, drawn at random."""
    return list(chosen) if len(chosen) <= target else rng.sample(list(chosen), target)


def ranked_paths(paths: Sequence[str], core: str, embedder: Embedder) -> list[str]:
    """Paths by the cosine of their words with a text, the most similar first; ties in their order."""
    import numpy as np

    from personarium.text.embed import cosine

    similarities = cosine(embedder.embed([core])[0], _embedded(tuple(paths), _Named(embedder)))
    order = np.argsort(-np.round(similarities, 6), kind="stable")
    return [paths[place] for place in order]


@dataclass(frozen=True)
class _Named:
    """An embedder as a key of the cache: it is known by its name, which says all that changes its vectors."""

    embedder: Embedder = field(compare=False)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.embedder.name)


@lru_cache(maxsize=256)
def _embedded(paths: tuple[str, ...], named: _Named) -> Vectors:
    return named.embedder.embed([words_of(path) for path in paths])
