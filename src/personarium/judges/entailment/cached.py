"""Relevance of a statement to a question, computed once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from personarium.judges.entailment.triples import EntailmentEstimator, Triple


class CachedRelevance:
    """Any estimator with its relevance kept: a second scoring of the same (statement, query) computes nothing.

    Scorings at the same time share one computation. What failed (None) is not kept. Entailment depends on the response
    and goes through.

    Args:
        inner: The estimator.
        limit: The most pairs kept; the oldest go first.

    Attributes:
        computed: How many relevances ``inner`` was asked for.
        reused: How many were answered without asking.
    """

    def __init__(self, inner: EntailmentEstimator, limit: int = 1_000_000) -> None:
        self.inner = inner
        self.name = inner.name
        self.computed = self.reused = 0
        self._limit = limit
        self._kept: dict[tuple[str, str], float] = {}
        self._underway: dict[tuple[str, str], asyncio.Future[dict[str, float | None]]] = {}

    async def relevance(self, statements: Sequence[str], query: str) -> list[float | None]:
        """As ``inner``, asked once for each new pair."""
        found: dict[str, float | None] = {}
        asked = 0
        while missing := [s for s in dict.fromkeys(statements) if s not in found]:
            found |= {s: self._kept[s, query] for s in missing if (s, query) in self._kept}
            new = [s for s in missing if s not in found and (s, query) not in self._underway]
            if new:
                found |= await self._compute(new, query)
                asked += len(new)
            waiting = [s for s in missing if s not in found]
            if waiting and (waiting[0], query) in self._underway:
                others = await asyncio.shield(self._underway[waiting[0], query])
                found |= {s: others[s] for s in waiting if s in others}
        self.reused += len(statements) - asked
        return [found[s] for s in statements]

    async def entailment(self, statements: Sequence[str], query: str, response: str) -> list[Triple | None]:
        """As ``inner``."""
        return await self.inner.entailment(statements, query, response)

    async def _compute(self, new: Sequence[str], query: str) -> dict[str, float | None]:
        future: asyncio.Future[dict[str, float | None]] = asyncio.get_running_loop().create_future()
        self._underway.update({(s, query): future for s in new})
        found: dict[str, float | None] = {}
        try:
            found = dict(zip(new, await self.inner.relevance(new, query), strict=True))
        finally:  # whoever waits learns what there is; after a failure it is empty and they ask themselves
            for s in new:
                del self._underway[s, query]
            future.set_result(found)
        self.computed += len(new)
        self._keep({(s, query): value for s, value in found.items() if value is not None})
        return found

    def _keep(self, found: Mapping[tuple[str, str], float]) -> None:
        self._kept.update(found)
        while len(self._kept) > self._limit:
            del self._kept[next(iter(self._kept))]
