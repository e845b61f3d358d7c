"""Finding a past session by its topic: shared nouns, faded by time, and how its age is said.

Source: LD-Agent (arXiv 2406.05925), "Event Memory"; ld-agent page, step 2 and "Works when" 1 to 3, 7 and 8.
Units: times and ages in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput

ERRATA = frozenset(
    {
        "one-candidate",
        "common-nouns-only",
        "empty-age",
        "float-age",
        "message-twice",
        "speaker-label",
        "traits-only-grow",
        "last-session-lost",
    }
)
DECAY_PER_S = 1e-7  # 1 / tau with tau = 1e7 s; half-life 80 days
UNDER_A_MINUTE = "less than a minute"
_UNITS = ((31_536_000, "years"), (2_592_000, "months"), (86_400, "days"), (3_600, "hours"), (60, "minutes"))


@dataclass(frozen=True, slots=True)
class Session:
    """A past session as the bank holds it.

    Args:
        id: Of its fact.
        summary: In words.
        nouns: Its topics, as lemmas.
        at: Time of its last message.
        evidence: Its observations.
    """

    id: str
    summary: str
    nouns: frozenset[str]
    at: float
    evidence: tuple[str, ...] = ()

    @property
    def topics(self) -> str:
        """The nouns as one text, in a fixed order: what is embedded."""
        return ", ".join(sorted(self.nouns))


@dataclass(frozen=True, slots=True)
class Match:
    """A session that fits a message: ``score`` is ``decay`` times (``overlap`` + the weighted likeness)."""

    session: Session
    overlap: float
    decay: float
    score: float


def topic_overlap(query: Collection[str], kept: Collection[str]) -> float:
    """Share of the query's nouns that the session has, and of the session's that the query has, averaged; 0 for an empty set."""
    asked, held = frozenset(query), frozenset(kept)
    shared = len(asked & held)
    return 0.5 * shared / len(asked) + 0.5 * shared / len(held) if shared else 0.0


def time_decay(age_s: float, per_s: float = DECAY_PER_S) -> float:
    """exp(-per_s * age): 0.9413 after a week, 0.0427 after a year.

    Raises:
        InvalidInput: A negative age (the session is dated after now) or rate.
    """
    if not age_s >= 0:
        raise InvalidInput("decay", "an age of 0 seconds or more (the session is dated after now)", age_s, "age_s")
    if not per_s >= 0:
        raise InvalidInput("decay", "a rate of 0 or more", per_s, "per_s")
    return math.exp(-per_s * age_s)


def match_sessions(
    candidates: Sequence[Session],
    query: Collection[str],
    now: float,
    per_s: float = DECAY_PER_S,
    *,
    likeness: Sequence[float] | None = None,
    likeness_weight: float = 0.0,
) -> list[Match]:
    """The candidates that share a noun with the message, best first; of equal scores the later candidate.

    Args:
        candidates: In the order in which a vector search found them.
        query: Nouns of the message.
        now: Time of the message.
        per_s: Rate of the decay; 0 leaves the overlap alone.
        likeness: Cosine of each candidate with the message, where the score is to hold it.
        likeness_weight: Its weight; 0 is the code (the paper speaks of both parts and gives no weights).
    """
    found: list[Match] = []
    for number, one in enumerate(candidates):
        overlap = topic_overlap(query, one.nouns)
        if overlap > 0:
            decay = time_decay(now - one.at, per_s)
            alike = likeness_weight * likeness[number] if likeness is not None else 0.0
            found.append(Match(one, overlap, decay, decay * (overlap + alike)))
    best_last = sorted(found, key=lambda match: match.score)  # of equal scores the later one is then the first
    return best_last[::-1]


def age_text(age_s: float, *, as_published: Published = False) -> str:
    """An age in words: years of 365 days, months of 30 days, days, hours and minutes, parts of 0 left out.

    Args:
        age_s: Seconds, 0 or more; fractions do not count.
        as_published: With ``float-age`` a float gives parts such as ``1.0 days``; with ``empty-age`` an age under a minute
            gives no text.

    Raises:
        InvalidInput: A negative age.
    """
    if not age_s >= 0:
        raise InvalidInput("age", "0 seconds or more", age_s, "age_s")
    faults = published_faults(as_published, ERRATA)
    rest = age_s if "float-age" in faults else int(age_s)
    parts: list[str] = []
    for size, name in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts) if parts or "empty-age" in faults else UNDER_A_MINUTE
