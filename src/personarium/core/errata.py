"""Which published faults a call brings back."""

from __future__ import annotations

from collections.abc import Collection

from personarium.core.errors import UsageError

Published = bool | Collection[str]


def published_faults(as_published: Published, known: Collection[str]) -> frozenset[str]:
    """The erratum ids that are switched on.

    Args:
        as_published: False for none, True for all, or a set of ids.
        known: The system's erratum ids.

    Raises:
        UsageError: On an id that the system does not have.
    """
    if isinstance(as_published, bool):
        return frozenset(known) if as_published else frozenset()
    wanted = frozenset([as_published] if isinstance(as_published, str) else as_published)
    unknown = sorted(wanted - set(known))
    if unknown:
        raise UsageError(f"no erratum '{unknown[0]}'; this system has {', '.join(sorted(known))}")
    return wanted
