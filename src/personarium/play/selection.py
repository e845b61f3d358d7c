"""The best of several samples, chosen by a score that the caller brings."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from personarium.core.dialogue import Dialogue
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.play.agents import Speaker, Spoken

Scored = float | None
Scorer = Callable[[str, Dialogue], "Scored | Awaitable[Scored]"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sample: what was said and its score (None: not said, or the scorer could not score it)."""

    spoken: Spoken
    score: float | None


@dataclass(frozen=True, slots=True)
class BestOf:
    """A speaker that draws ``n`` turns and says the one with the highest score.

    The first one wins ties. A failed draw or a score of None never wins; if no draw has a score, the turn is a failure.

    Args:
        speaker: Who draws.
        n: How many draws.
        scorer: ``(text, dialogue) -> score`` or an awaitable of it; higher is better; None where it cannot be scored.

    Raises:
        UsageError: When ``n`` is below 1.

    Source: apc page, best-of-n; the scorer is a callable, because this room does not score.
    """

    speaker: Speaker
    n: int
    scorer: Scorer

    def __post_init__(self) -> None:
        if self.n < 1:
            raise UsageError(f"best-of-n needs n of at least 1, found {self.n}")

    @property
    def id(self) -> str:
        """The speaker's id."""
        return self.speaker.id

    async def reply(
        self, dialogue: Dialogue, *, seed: int | None = 0, sample: int = 0, repeat: int = 0, attempt: int = 0
    ) -> Spoken:
        """The best of ``n`` turns."""
        drawn = await self.candidates(dialogue, seed=seed, sample=sample, repeat=repeat, attempt=attempt)
        return choose(drawn, self.id)

    async def candidates(
        self, dialogue: Dialogue, *, seed: int | None = 0, sample: int = 0, repeat: int = 0, attempt: int = 0
    ) -> list[Candidate]:
        """All ``n`` draws with their scores; draw k of sample s is sample ``s * n + k`` of the speaker."""
        drawn: list[Candidate] = []
        for k in range(self.n):
            spoken = await self.speaker.reply(
                dialogue, seed=seed, sample=sample * self.n + k, repeat=repeat, attempt=attempt
            )
            drawn.append(
                Candidate(spoken, None if spoken.failure else await _score(self.scorer, spoken.text, dialogue))
            )
        return drawn


def best_of(speaker: Speaker, n: int, scorer: Scorer) -> BestOf:
    """A speaker that says the best of ``n`` draws (see :class:`BestOf`)."""
    return BestOf(speaker, n, scorer)


def choose(candidates: Sequence[Candidate], where: str = "") -> Spoken:
    """The candidate with the highest score, the first one among equals; a failure when none has a score."""
    scored = [c for c in candidates if c.score is not None]
    if scored:
        return max(scored, key=lambda c: c.score if c.score is not None else 0.0).spoken
    failed = [c.spoken.failure for c in candidates if c.spoken.failure is not None]
    if failed:
        return Spoken("", failed[0])
    raw = tuple(c.spoken.text for c in candidates)
    return Spoken("", Failure("missing", "no draw could be scored", where, raw))


async def _score(scorer: Scorer, text: str, dialogue: Dialogue) -> float | None:
    found = scorer(text, dialogue)
    return await found if inspect.isawaitable(found) else found
