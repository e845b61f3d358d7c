"""The seeker's mood after each of its replies, and the rule that ends a dialogue.

Source: characterchat page, step 8.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from personarium.core.chat import ChatModel
from personarium.core.dialogue import Dialogue
from personarium.core.results import Failure
from personarium.models.step import Read
from personarium.play.characterchat.steps import MOOD
from personarium.play.dialogues import Ending
from personarium.text.form import Unparsed

WORST, BEST = 0, 5
LEVELS = ("hopeless", "very low", "low", "neither low nor well", "well", "confident")
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_WHOLE = re.compile(r"-?\d{1,9}")

Reason = Literal["mood", "cap"]


def read_mood(answer: str) -> int | None:
    """The first whole number of an answer, if it is from 0 to 5."""
    found = _WHOLE.search(answer)
    return int(found[0]) if found and WORST <= int(found[0]) <= BEST else None


def mood_stops(scores: Sequence[int], least: int = 5, good: int = 4, in_a_row: int = 2) -> bool:
    """Whether the moods so far end a dialogue.

    Args:
        scores: The readable scores, oldest first.
        least: So many there must be.
        good: From here on a mood is good.
        in_a_row: So many of the last must be good.
    """
    return len(scores) >= max(least, in_a_row) and all(score >= good for score in scores[-in_a_row:])


def without_brackets(text: str) -> str:
    """A text without what stands in round or square brackets."""
    return " ".join(_BRACKETED.sub(" ", text).split())


@dataclass(slots=True)
class MoodWatch:
    """The detector of one dialogue: asks for the mood after the seeker's reply and ends at good moods or at the cap.

    Args:
        model: Who reads moods.
        last_turn: The dialogue goes to its farewells when this turn is reached.
        least, good, in_a_row: See :func:`mood_stops`.
        asks: Tries while no reply comes; an answer without a number is not asked again (step 8).
        moods: Turn -> score (None: no score), filled as the dialogue goes on.
        reason: Why it ended.
        failures: Moods that could not be had.
    """

    model: ChatModel
    last_turn: int = 19
    least: int = 5
    good: int = 4
    in_a_row: int = 2
    asks: int = 5
    moods: dict[int, int | None] = field(default_factory=dict)
    reason: Reason = "cap"
    failures: list[Failure] = field(default_factory=list)

    @property
    def after(self) -> int:
        """Utterances from which on it is asked: the opening words and one of each speaker."""
        return 3

    async def ended(
        self, dialogue: Dialogue, *, seed: int | None = 0, sample: int = 0, repeat: int = 0, attempt: int = 0
    ) -> Ending:
        """Whether it is time for the farewells; a mood that cannot be read is no score and a counted failure."""
        answer = await MOOD.ask(
            self.model,
            mood_inputs(dialogue[-1].text),
            sample=sample,
            repeat=repeat,
            asks=self.asks,
            read=_reader(),
            seed=seed,
            sampling=MOOD.sampling.but(attempt=attempt),
        )
        score = None if answer.failure is not None else answer["mood"]
        failure = answer.failure
        if failure is None and score is None:
            failure = Failure("unparsed", f"no whole number from {WORST} to {BEST}", raw=(answer.text,))
        if failure is not None:
            self.failures.append(failure)
        self.moods[len(dialogue) - 1] = score
        if mood_stops([m for m in self.moods.values() if m is not None], self.least, self.good, self.in_a_row):
            self.reason = "mood"
            return Ending(True, failure)
        return Ending(len(dialogue) >= self.last_turn, failure)


def mood_inputs(said: str) -> dict[str, Any]:
    """What the question shows: the reply without brackets, and the six levels."""
    levels = "\n".join(f"{n}: {level}" for n, level in enumerate(LEVELS))
    return {"said": without_brackets(said) or said, "levels": levels}


def _reader() -> Read:
    def read(text: str) -> dict[str, Any] | Unparsed:
        return {"mood": read_mood(text)} if text.strip() else Unparsed("the reply is empty", text)

    return read
