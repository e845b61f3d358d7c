"""One user's memory as a strategy sees it, from two sources: lists from the replayed state, searches from the partition."""

from __future__ import annotations

from collections.abc import Sequence

from personarium.remember.partition_view import PartitionView
from personarium.remember.replay import State
from personarium.remember.strategy import HYBRID, Hit, Weights
from personarium.remember.view import ReplayedView
from personarium.text.embed import Embedder


class LiveView(ReplayedView):
    """A view for a user whose state is in memory anyway: what is listed is not read from the log again.

    Args:
        state: After the same event as the partition.
        searched: The partition's view.
        embedder: As in the partition.
    """

    def __init__(self, state: State, searched: PartitionView, embedder: Embedder) -> None:
        super().__init__(searched.user, state, searched.now, embedder)
        self._searched = searched

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
        """As :meth:`UserView.search`."""
        return self._searched.search(query, k, kinds, weights=weights, ended=ended, strategy=strategy)
