"""Rating a dialogue: three scores from 1 to 5 by one judge call, whose mean is the match label.

Source: characterchat page, step 9.
Differs: the judge also reads the seeker's statement, so that it knows which problem was to be solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.dialogue import Dialogue
from personarium.core.results import Failure
from personarium.play.characterchat.steps import RATE
from personarium.play.termination import one_line_each

# The three questions in words, also the keys of the published files (in our own words).
QUESTIONS = {
    "mood_improved": "Did the seeker's mood improve during the conversation?",
    "problem_solved": "Was the seeker's problem solved by the supporter's advice?",
    "engaged": "Was the seeker engaged in the conversation?",
}


@dataclass(frozen=True, slots=True)
class Rating:
    """Three scores from 1 to 5 and the judge's reason."""

    mood_improved: int
    problem_solved: int
    engaged: int
    reason: str = ""

    @property
    def label(self) -> float:
        """The match label."""
        return match_label((self.mood_improved, self.problem_solved, self.engaged))


def match_label(scores: Sequence[float]) -> float:
    """The mean of a dialogue's scores."""
    return sum(scores) / len(scores)


async def rate_dialogue(
    dialogue: Dialogue, statement: str, judge: ChatModel, *, asks: int = 5, seed: int | None = 0, sample: int = 0
) -> Rating | Failure:
    """Have a dialogue rated; a rating that cannot be read is a failure and gives no label.

    Args:
        dialogue: The whole talk.
        statement: Who the seeker is, with its worry.
        judge: Who rates.
        asks: The most times the question is put.
        seed: The run's seed.
        sample: Tells equal talks apart.
    """
    answer = await RATE.ask(judge, rating_inputs(dialogue, statement), asks=asks, seed=seed, sample=sample)
    if answer.failure is not None:
        return answer.failure
    return Rating(answer["mood_improved"], answer["problem_solved"], answer["engaged"], answer["reason"])


def rating_inputs(dialogue: Dialogue, statement: str) -> dict[str, Any]:
    """What the judge sees."""
    lines = [f"- {name}: {question} 1 is not at all, 5 is completely." for name, question in QUESTIONS.items()]
    rubric = "\n".join(["Score each of these from 1 to 5, and give your reason first.", *lines])
    return {"statement": statement, "turns": one_line_each(dialogue.utterances), "rubric": rubric}
