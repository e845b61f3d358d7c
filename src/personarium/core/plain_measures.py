"""What can be measured on texts without a model: style distance, a knowledge checklist, drift.

Source: rpla-survey page, point 9; spasm page, point 8.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from personarium.core.errors import InvalidInput
from personarium.core.guards import normalise

Vector = Sequence[float]
Embed = Callable[[list[str]], Sequence[Vector]]


def trigrams(text: str) -> Counter[str]:
    """Counts of character 3-grams, lower case, runs of blanks collapsed."""
    said = " ".join(text.lower().split())
    return Counter(said[i : i + 3] for i in range(len(said) - 2))


def style_distance(text: str, reference: str) -> float | None:
    """1 - cosine of the character-3-gram counts, in [0, 1]; None when either text has fewer than three characters."""
    ours, theirs = trigrams(text), trigrams(reference)
    if not ours or not theirs:
        return None
    dot = sum(count * theirs[gram] for gram, count in ours.items())
    norm = math.sqrt(sum(c * c for c in ours.values()) * sum(c * c for c in theirs.values()))
    return min(1.0, max(0.0, 1.0 - dot / norm))


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """Something the persona knows, and the answers that show it; one of them in a reply is enough."""

    id: str
    accepted: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.accepted, str) or not self.accepted or not all(normalise(a) for a in self.accepted):
            raise InvalidInput(f"checklist item {self.id}", "answers with letters or digits", self.accepted, "accepted")


def knowledge_checklist(
    replies: str | Sequence[str], items: Sequence[ChecklistItem]
) -> tuple[float | None, dict[str, bool]]:
    """Share of items whose accepted answer occurs in a reply (normalised), and which; None without items."""
    plain = [normalise(reply) for reply in ([replies] if isinstance(replies, str) else replies)]
    found = {item.id: any(normalise(a) in reply for a in item.accepted for reply in plain) for item in items}
    return (sum(found.values()) / len(found) if found else None), found


def cosine(a: Vector, b: Vector) -> float | None:
    """Cosine of two vectors; None when one of them is zero."""
    norm = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / norm if norm else None


def drift(utterances: Sequence[Vector], persona: Vector) -> float | None:
    """How much farther from the persona text the last third of the utterances is than the first.

    Args:
        utterances: Embeddings of one speaker's utterances, in order.
        persona: Embedding of the persona text.

    Returns:
        mean(d over last third) - mean(d over first third), d = 1 - cosine, a third = max(1, floor(n / 3)); None for
        fewer than two utterances or a zero vector.

    Source: spasm page, point 8 (the laboratory's formula).
    """
    cosines = [cosine(e, persona) for e in utterances]
    if len(cosines) < 2 or any(c is None for c in cosines):
        return None
    distances = [1.0 - c for c in cosines if c is not None]
    third = max(1, len(distances) // 3)
    return sum(distances[-third:]) / third - sum(distances[:third]) / third
