"""One user's memory as a strategy sees it, made from a replayed state: the reference that every faster view must agree with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from personarium.remember.ranking import cosines, rank
from personarium.remember.records import Fact, Observation
from personarium.remember.replay import ARCHIVED, State
from personarium.remember.strategy import HYBRID, SAID, Hit, Weights
from personarium.text.bm25 import BM25Index, words
from personarium.text.embed import Embedder


def searchable(entry: Fact | Observation) -> str:
    """The text by which an entry is found: its words, those of its key, and the sentence that it was read from."""
    if isinstance(entry, Observation):
        return entry.text
    key = entry.key.replace(".", " ").replace("_", " ")
    return " ".join(part for part in (entry.text, key, str(entry.attributes.get("quote", ""))) if part)


def began(entry: Fact | Observation) -> float:
    """When an entry was said, or began to hold, or was recorded: what its age is counted from."""
    if isinstance(entry, Observation):
        return entry.at
    return entry.recorded_at if entry.valid_from is None else entry.valid_from


class ReplayedView:
    """A :class:`UserView` over a replayed state. Search is exact and made anew for each view.

    Args:
        user: Whose memory.
        state: What the log says.
        now: The time that the view is of.
        embedder: For the meaning part of a search.
    """

    def __init__(self, user: str, state: State, now: float, embedder: Embedder) -> None:
        self.user, self.state, self.now, self._embedder = user, state, now, embedder

    def observations(self, after: str = "") -> Sequence[Observation]:
        """As :meth:`UserView.observations`; archived ones are left out."""
        said = list(self.state.observations.values())
        if after:
            said = said[[one.id for one in said].index(after) + 1 :] if after in self.state.observations else said
        return [one for one in said if ARCHIVED not in one.meta]

    def observation(self, id: str) -> Observation | None:
        """The observation of that id, archived or not."""
        return self.state.observations.get(id)

    def facts(self, *kinds: str, ended: bool = False, strategy: str | None = None) -> Sequence[Fact]:
        """As :meth:`UserView.facts`; archived ones only with ``ended``."""
        return [one for one in self.state.facts.values() if _wanted(one, kinds, ended, strategy)]

    def fact(self, id: str) -> Fact | None:
        """The fact of that id, whether it holds or not."""
        return self.state.facts.get(id)

    def search(
        self,
        query: str,
        k: int,
        kinds: Sequence[str] = (),
        *,
        weights: Weights = HYBRID,
        ended: bool = False,
        strategy: str | None = None,
    ) -> list[Hit]:
        """As :meth:`UserView.search`. Word statistics are those of the entries that are searched."""
        facts = [one for one in self.state.facts.values() if _wanted(one, kinds, ended, strategy)]
        said = self.observations() if not kinds or SAID in kinds else []
        entries: list[Fact | Observation] = [*said, *facts]
        if not entries or k <= 0:
            return []
        index = BM25Index.build([searchable(one) for one in entries], tokens=words)
        found, scores, parts = rank(
            index.scores(query),
            self._cosines(query, entries, weights),
            np.maximum(0.0, self.now - np.array([began(one) for one in entries])),
            np.array([one.importance if isinstance(one, Fact) else 0.5 for one in entries]),
            weights,
            k,
            reach=index.reach(query),
        )
        return [
            Hit(entries[i], float(score), {name: float(values[n]) for name, values in parts.items()})
            for n, (i, score) in enumerate(zip(found.tolist(), scores, strict=True))
        ]

    def _cosines(self, query: str, entries: Sequence[Fact | Observation], weights: Weights) -> NDArray[np.float32]:
        if not weights.meaning:
            return np.zeros(len(entries), np.float32)
        asked = self._embedder.embed([query])[0]
        rows = [self._vectors[type(one), one.id] for one in entries]
        return cosines(np.stack(rows), asked)

    @cached_property
    def _vectors(self) -> dict[tuple[type, str], NDArray[np.float16]]:
        entries: list[Fact | Observation] = [*self.state.observations.values(), *self.state.facts.values()]
        rows = self._embedder.embed([searchable(one) for one in entries]).astype(np.float16)
        return {(type(one), one.id): row for one, row in zip(entries, rows, strict=True)}


def _wanted(fact: Fact, kinds: Sequence[str], ended: bool, strategy: str | None) -> bool:
    if kinds and fact.kind not in kinds:
        return False
    if strategy is not None and fact.strategy != strategy:
        return False
    return ended or (fact.current and ARCHIVED not in fact.attributes)
