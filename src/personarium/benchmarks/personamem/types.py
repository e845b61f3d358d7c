"""The seven query types, under whatever label a version of the files has for them.

Source: personamem page, "Data formats".
"""

from __future__ import annotations

from collections.abc import Mapping

LABELS: Mapping[str, tuple[str, ...]] = {
    "facts": ("recall_user_shared_facts", "recalling_facts_mentioned_by_the_user"),
    "latest": ("acknowledge_latest_user_preferences",),
    "evolution": ("track_full_preference_evolution", "track_full_preference_updates"),
    "reasons": (
        "revisit_reasons_behind_preference_updates",
        "recalling_the_reasons_behind_previous_updates",
    ),
    "ideas": ("suggest_new_ideas",),
    "recommendations": ("provide_preference_aligned_recommendations",),
    "scenarios": ("generalize_to_new_scenarios", "generalizing_to_new_scenarios"),
}
TYPES = tuple(LABELS)
_TYPE_OF = {label: name for name, labels in LABELS.items() for label in labels}


def canonical_type(label: str) -> str:
    """The type that a label of the files stands for; an unknown label is its own type."""
    return _TYPE_OF.get(label.strip(), label.strip())


def is_known(label: str) -> bool:
    """Whether a label is one of the files' eleven."""
    return label.strip() in _TYPE_OF
