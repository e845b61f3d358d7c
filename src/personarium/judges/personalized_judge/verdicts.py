"""What a judge said of each item: the letter, the certainty, or why there is none.

Source: personalized-judge page, "Takes and gives" (arXiv 2406.11657).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from personarium.core.results import Failure, count_failures
from personarium.judges.personalized_judge.items import Letter


@dataclass(frozen=True, slots=True)
class JudgeVerdict:
    """The verdict on one item.

    Args:
        id: The item's id.
        truth: The right letter.
        letter: The letter given; None where there is no verdict.
        certainty: As stated, on the run's scale; None where none was.
        failure: Why there is no verdict; beside a letter, why there is no certainty.
        text: The last reply.
        asks: How often the question was put.
    """

    id: str
    truth: Letter
    letter: Letter | None
    certainty: int | None = None
    failure: Failure | None = None
    text: str = ""
    asks: int = 1

    @property
    def right(self) -> bool | None:
        """Whether it is right; None without a verdict, which is neither."""
        return None if self.letter is None else self.letter == self.truth

    def as_row(self) -> dict[str, Any]:
        """JSON-ready form; ``failures`` counts by kind."""
        problem = None if self.failure is None else asdict(self.failure) | {"raw": list(self.failure.raw)}
        plain = {name: getattr(self, name) for name in ("id", "truth", "letter", "certainty", "text", "asks", "right")}
        return {**plain, "problem": problem, "failures": count_failures([self.failure] if self.failure else [])}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> JudgeVerdict:
        """The inverse of :meth:`as_row`."""
        problem = row["problem"]
        failure = None if problem is None else Failure(**{**problem, "raw": tuple(problem["raw"])})
        return cls(row["id"], row["truth"], row["letter"], row["certainty"], failure, row["text"], row["asks"])
