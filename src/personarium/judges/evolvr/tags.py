"""The tagged text of a record: its two answers, the two true scores, the rule check, the reversal of scores.

Source: EvolvR (arXiv 2508.06046), steps 2 and 3 and "Data formats".
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

# Answers are short; the bound keeps a run of opening tags linear.
_ANSWER = re.compile(r"<ANSWER>([^<>]{0,200})</ANSWER>")
_TRUE = re.compile(r"<Score([12])_TRUE_ANSWER>([^<>]{0,200})</Score\1_TRUE_ANSWER>")
_SPACED = re.compile(r"(<(?:Score[12]_TRUE_)?ANSWER>)[ \t\n]{0,200}([^<>]{0,200}?)[ \t\n]{0,200}(</)")


@dataclass(frozen=True, slots=True)
class Checked:
    """What the rule check says.

    Args:
        text: The output with the blanks inside its tags taken off; None where it is dropped.
        reason: Why it is dropped; empty where it is kept.
    """

    text: str | None
    reason: str = ""

    @property
    def kept(self) -> bool:
        """Whether the record goes on."""
        return self.text is not None


def answers_of(text: str) -> list[str]:
    """What stands inside the ANSWER tags, in order, outer blanks taken off."""
    return [found.strip() for found in _ANSWER.findall(text)]


def true_scores(text: str) -> dict[int, str]:
    """Story (1 or 2) -> its true score as written."""
    return {int(story): score.strip() for story, score in _TRUE.findall(text)}


def with_true_scores(text: str, first: str, second: str) -> str:
    """Append the two true scores, as the published records do."""
    return f"{text.rstrip()}\n{_true(1, first)}\n{_true(2, second)}"


def _true(story: int, score: str) -> str:
    return f"<Score{story}_TRUE_ANSWER>{score}</Score{story}_TRUE_ANSWER>"


def rule_check(text: str) -> Checked:
    """Exactly two answers and both true scores, equal as strings; then blanks inside the tags are taken off.

    Source: step 3, rule check.
    """
    answers, truth = answers_of(text), true_scores(text)
    if set(truth) != {1, 2}:
        missing = ", ".join(f"Score{k}_TRUE_ANSWER" for k in (1, 2) if k not in truth)
        return Checked(None, f"the tag {missing} is missing")
    opened = text.count("<ANSWER>")
    if len(answers) != 2 or opened != 2 or text.count("</ANSWER>") != 2:
        return Checked(None, f"two ANSWER tags are wanted, found {max(opened, len(answers))}")
    for k, answer in enumerate(answers, 1):
        if answer != truth[k]:
            return Checked(None, f"ANSWER {k} is '{answer}', and the true score is '{truth[k]}'")
    return Checked(_SPACED.sub(r"\1\2\3", text))


def with_scores(text: str, scores: tuple[int, int]) -> str:
    """The same text with other scores in its two answers and in its true tags."""
    answers = iter(scores)

    def answer(match: re.Match[str]) -> str:
        score = next(answers, None)
        return match[0] if score is None else f"<ANSWER>{score}</ANSWER>"

    replaced = _ANSWER.sub(answer, text)
    by_story: Mapping[str, int] = {"1": scores[0], "2": scores[1]}
    return _TRUE.sub(lambda match: _true(int(match[1]), str(by_story[match[1]])), replaced)


def reversed_scores(scores: tuple[int, int], rng: random.Random) -> tuple[int, int]:
    """Wrong scores for a pair: the story that had more gets less.

    low is drawn from 1..4 and high from low + 1..5, again if the two are the original pair; equal scores stay as they are.

    Source: step 3, robustness check.
    """
    first, second = scores
    if first == second:
        return scores
    while True:
        low = rng.randint(1, 4)
        high = rng.randint(low + 1, 5)
        if (low, high) != (min(scores), max(scores)):
            break
    return (high, low) if first < second else (low, high)
