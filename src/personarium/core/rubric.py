"""A score rubric: one criterion and a description of what earns each of the five scores."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from personarium.core.chat import canonical_json
from personarium.core.errors import InvalidInput

LEVELS = 5  # prometheus page: scores 1 to 5


@dataclass(frozen=True, slots=True)
class Rubric:
    """What a judge scores by.

    Args:
        criterion: The question the score answers; one paragraph.
        levels: What earns score 1, 2, 3, 4, 5, in this order; none empty.
        reference: An answer that would earn a 5; None when there is none (judging without one is markedly worse).
        id: Stable name; empty means a hash of the content.

    Raises:
        InvalidInput: When there are not exactly five levels, or criterion, a level or the reference is empty.

    Source: Prometheus (arXiv 2310.08491); page prometheus, "How it works" 1.
    """

    criterion: str
    levels: tuple[str, ...]
    reference: str | None = None
    id: str = ""

    def __post_init__(self) -> None:
        where = f"rubric {self.id}".rstrip()
        _said(self.criterion, where, "criterion")
        if isinstance(self.levels, str) or len(self.levels) != LEVELS:
            found = self.levels if isinstance(self.levels, str) else f"{len(self.levels)} levels"
            raise InvalidInput(where, "five levels, for scores 1 to 5", found, "levels")
        object.__setattr__(self, "levels", tuple(self.levels))
        for score, level in enumerate(self.levels, 1):
            _said(level, where, f"levels[{score}]")
        if self.reference is not None:
            _said(self.reference, where, "reference")
        if not self.id:
            digest = hashlib.blake2b(canonical_json(self._content()).encode(), digest_size=6).hexdigest()
            object.__setattr__(self, "id", f"rubric-{digest}")

    def render(self, with_reference: bool = False) -> str:
        """``[criterion]`` and then ``Score 1: ...`` to ``Score 5: ...``, one a line.

        Args:
            with_reference: Put the reference answer before the rubric; without a reference that section is absent.
        """
        lines = [f"[{self.criterion}]", *(f"Score {k}: {level}" for k, level in enumerate(self.levels, 1))]
        if with_reference and self.reference is not None:
            lines.insert(0, f"Reference answer (score 5): {self.reference}\n")
        return "\n".join(lines)

    def check_score(self, score: object) -> int:
        """The score as an int.

        Raises:
            InvalidInput: Unless it is a whole number from 1 to 5 (0, 6, 3.5, True and "4" are refused).
        """
        whole = isinstance(score, int) or (isinstance(score, float) and score.is_integer())
        if isinstance(score, bool) or not whole or not 1 <= score <= LEVELS:  # type: ignore[operator]
            raise InvalidInput(f"rubric {self.id}", "a whole score from 1 to 5", score, "score")
        return int(score)  # type: ignore[call-overload, no-any-return]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {"id": self.id, **self._content()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "rubric") -> Rubric:
        """Read what :meth:`to_dict` wrote.

        Raises:
            InvalidInput: Naming ``where`` and the field.
        """
        levels = data.get("levels")
        if not isinstance(levels, (list, tuple)):
            raise InvalidInput(where, "a list of five texts", levels, "levels")
        try:
            return cls(data.get("criterion", ""), tuple(levels), data.get("reference"), data.get("id", ""))
        except InvalidInput as error:
            raise InvalidInput(where, error.expected, error.found, error.field) from None

    def _content(self) -> dict[str, Any]:
        return {"criterion": self.criterion, "levels": list(self.levels), "reference": self.reference}


def _said(value: object, where: str, name: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(where, "a text that is not empty", value, name)
