"""How far a strategy has dealt with a log, when it deals with some utterances later than with others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from personarium.remember.records import Observation
from personarium.remember.strategy import UserView


def dealt_with(view: UserView, new: Sequence[Observation], settled: Callable[[Observation], bool]) -> str:
    """What a proposal gives as ``through``: the last observation before the first new one that is not settled.

    Args:
        view: The memory as it stands.
        new: What the strategy was given to read; everything else was dealt with before.
        settled: Whether a new one is dealt with now.

    Returns:
        Its id; empty when no new one before it is settled. What an erasure made be read again may come before what was dealt with
        long ago: the memory then goes on from there without reading that anew.
    """
    fresh = {one.id for one in new}
    through, passed = "", False
    for one in view.observations():
        if one.id in fresh and not settled(one):
            break
        through, passed = one.id, passed or one.id in fresh
    return through if passed else ""
