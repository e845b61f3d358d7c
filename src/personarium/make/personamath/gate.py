"""The gate: a rewritten problem is accepted only if independent solutions agree, and agree with what it was made from.

Source: personamath page, step 1b and "Works when" 4 ([design]: the paper does not say how rewrites without a reference
answer are filtered).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from personarium.make.personamath.answers import AnswerChecker
from personarium.make.personamath.number_words import NumberDifference, number_difference
from personarium.make.personamath.variety import plain_words
from personarium.text.holes import Unparsed

Reason = Literal["", "unchanged", "numbers", "unparsed", "disagree", "parent"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one rewrite.

    Args:
        reason: Empty when it passes; else ``unchanged`` (the parent's words), ``numbers`` (not those of the parent),
            ``unparsed`` (a solution without a readable answer), ``disagree`` (solutions differ) or ``parent`` (they agree on
            another answer than the parent's).
        answer: The answer that all solutions agree on; empty if they do not.
        unparsed: Solutions without a readable answer.
        difference: Numbers lost and added.
    """

    reason: Reason = ""
    answer: str = ""
    unparsed: int = 0
    difference: NumberDifference = NumberDifference()

    @property
    def passed(self) -> bool:
        """Whether the rewrite is accepted."""
        return not self.reason

    def __str__(self) -> str:
        said = {
            "": "passed",
            "unchanged": "the rewrite is the parent word for word",
            "numbers": f"the numbers are not the parent's: {self.difference}",
            "unparsed": f"{self.unparsed} solutions have no readable answer",
            "disagree": "the solutions do not agree",
            "parent": f"the solutions agree on {self.answer}, which is not the parent's answer",
        }
        return said[self.reason]


def words_verdict(parent: str, child: str, keep_numbers: bool = True) -> Verdict:
    """The first half of the gate, which needs no solution: other words, and the same numbers where they are to be kept."""
    if plain_words(parent) == plain_words(child):
        return Verdict("unchanged")
    difference = number_difference(parent, child)
    return Verdict("numbers" if difference and keep_numbers else "", difference=difference)


def judge_rewrite(
    answers: Sequence[str | Unparsed],
    checker: AnswerChecker,
    parent_answer: str,
    words: Verdict,
) -> Verdict:
    """The whole gate.

    Args:
        answers: What the independent solutions of the rewrite say (k = 3).
        checker: When two answers are the same.
        parent_answer: The checked answer of the problem that was rewritten; it binds only a rewrite with the same numbers.
        words: What :func:`words_verdict` said.
    """
    difference = words.difference
    if not words.passed:
        return words
    read = [answer for answer in answers if not isinstance(answer, Unparsed)]
    unparsed = len(answers) - len(read)
    if unparsed or not read:
        return Verdict("unparsed", unparsed=unparsed, difference=difference)
    if not all(checker.same(read[0], other) for other in read[1:]):
        return Verdict("disagree", difference=difference)
    if not difference and not checker.same(read[0], parent_answer):
        return Verdict("parent", read[0], difference=difference)
    return Verdict("", read[0], difference=difference)
