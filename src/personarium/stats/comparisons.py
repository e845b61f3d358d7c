"""The one shape in which every two-sample test reports: statistic, p, effect with interval, n and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from personarium.core.results import Estimate


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test of a difference.

    Args:
        test: Name of the test.
        statistic: Its statistic; None where the test is not defined.
        df: Degrees of freedom, if it has any.
        p: Two-sided p; None where the test is not defined (never 0 or 1 instead).
        effect: Size of the difference with its interval, n, unit and missing counts.
        note: Why something is not defined, or which variant ran.
    """

    test: str
    statistic: float | None
    df: float | None
    p: float | None
    effect: Estimate
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {**asdict(self), "effect": self.effect.as_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Comparison:
        """Load what :meth:`as_dict` gave."""
        return cls(**{**data, "effect": Estimate(**data["effect"])})
