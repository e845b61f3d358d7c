"""The published faults of PersonaTree that ``as_published`` brings back, by id.

Source: personatree page, "Works when" 4, 6, 7 and "Traps".
"""

from __future__ import annotations

from personarium.core.errata import Published, published_faults

ERRATA = (
    "inner-node-overwritten",
    "sixth-root",
    "leaf-becomes-branch",
    "delete-grows-tree",
    "line-regex",
    "system-less-crash",
    "mixed-length-units",
    "gold-trigger",
    "future-context",
    "failed-call-c",
    "judge-failure-zero",
)


def faults(as_published: Published) -> frozenset[str]:
    """The erratum ids that are switched on; raises UsageError on an id that this system does not have."""
    return published_faults(as_published, ERRATA)
