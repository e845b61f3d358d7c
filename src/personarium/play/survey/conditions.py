"""Skip logic: when a question is asked, as plain data over earlier answers; nothing is evaluated as code.

One clause: a question and the answers that count, as a list (``{work: [employed, student]}``) or as a range of numbers
(``{age: {min: 18}}``). All clauses of one mapping must hold; of a list of mappings one is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SKIPPED = object()  # the answer of a question that was rightly not asked


@dataclass(frozen=True, slots=True)
class Clause:
    """One requirement.

    Args:
        question: The earlier question.
        accepted: Answers that count; of several chosen options one is enough, of a ranking the first place counts.
        lo: Lowest number that counts, where there are no accepted answers.
        hi: Highest.
    """

    question: str
    accepted: tuple[Any, ...] = ()
    lo: float | None = None
    hi: float | None = None

    def met(self, answer: Any) -> bool | None:
        """Whether an answer counts; None when there is no answer to decide by (it was asked for and failed)."""
        if answer is None:
            return None
        if answer is SKIPPED:
            return False
        if not self.accepted:
            return (self.lo is None or answer >= self.lo) and (self.hi is None or answer <= self.hi)
        return any(one in self.accepted for one in answer) if isinstance(answer, tuple) else answer in self.accepted


@dataclass(frozen=True, slots=True)
class Condition:
    """When a question is asked: in one of ``any_of`` every clause holds."""

    any_of: tuple[tuple[Clause, ...], ...]

    @property
    def questions(self) -> frozenset[str]:
        """The ids it speaks of."""
        return frozenset(clause.question for clauses in self.any_of for clause in clauses)

    def met(self, answers: Mapping[str, Any]) -> bool | None:
        """Whether the question is asked; None where a failed answer leaves it open.

        Args:
            answers: Question id -> answer, None (failed) or :data:`SKIPPED`.
        """
        return _any(_all(clause.met(answers[clause.question]) for clause in clauses) for clauses in self.any_of)


def _all(parts: Any) -> bool | None:
    found = list(parts)
    return False if False in found else None if None in found else True


def _any(parts: Any) -> bool | None:
    found = list(parts)
    return True if True in found else None if None in found else False
