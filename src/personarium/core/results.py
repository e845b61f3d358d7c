"""What an instrument reports: scores with their failures, and estimates that are never bare floats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from personarium.core.chat import ChatModel

FailureKind = Literal["unparsed", "refused", "abstained", "empty", "error", "missing"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a value is missing. A failure is counted and shown; it is never a number and never a pass.

    Args:
        kind: ``unparsed`` (a reply that could not be read), ``refused``, ``abstained``, ``empty``, ``error`` (no
            reply), ``missing`` (nothing to measure).
        reason: One sentence.
        where: The item or step it happened at.
        raw: The reply texts that failed, oldest first.
    """

    kind: FailureKind
    reason: str
    where: str = ""
    raw: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """The range of a score; ``higher_is_better`` is None where neither end is good. ``unit`` names what is counted."""

    lo: float
    hi: float
    higher_is_better: bool | None = True
    unit: str = "points"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its uncertainty.

    Args:
        value: The estimate; None when nothing could be measured.
        lo: Lower end of the interval, None when not defined.
        hi: Upper end.
        n: Number of independent units.
        unit: What was counted as independent (``persona``, ``question``, ``run``, ...).
        method: How value and interval were made, for instance ``mean, bootstrap over personas``.
        confidence: Coverage of the interval.
        failures: How many values are missing, by kind.
    """

    value: float | None
    lo: float | None
    hi: float | None
    n: int
    unit: str
    method: str
    confidence: float = 0.95
    failures: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {**asdict(self), "failures": dict(self.failures)}

    def __str__(self) -> str:
        if self.value is None:
            return f"not measured (n={self.n} {self.unit})"
        span = "" if self.lo is None or self.hi is None else f" [{self.lo:.3g}, {self.hi:.3g}]"
        return f"{self.value:.3g}{span} (n={self.n} {self.unit})"

    def _repr_html_(self) -> str:
        """The estimate as a notebook shows it."""
        from personarium.core.notebook import estimate_html

        return estimate_html(self)


@dataclass(frozen=True, slots=True)
class Score:
    """What one instrument gave one subject on one item or set of items.

    Args:
        value: On ``scale``; None when it could not be measured.
        scale: The range.
        parts: Named or per-item components; None marks a part that failed.
        failures: One entry for every missing value.
        id: The item, persona or dialogue that was scored.
        detail: Whatever explains the value (per-statement table, reasons); JSON-ready.
    """

    value: float | None
    scale: Scale
    parts: Mapping[str, float | None] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "id": self.id,
            "value": self.value,
            "scale": asdict(self.scale),
            "parts": dict(self.parts),
            "failures": [asdict(f) for f in self.failures],
            "detail": dict(self.detail),
        }

    def _repr_html_(self) -> str:
        """The score as a notebook shows it."""
        from personarium.core.notebook import score_html

        return score_html(self)


def count_failures(failures: Iterable[Failure]) -> dict[str, int]:
    """How many failures of each kind, keys sorted."""
    return dict(sorted(Counter(f.kind for f in failures).items()))


def main_reason(failures: Iterable[Failure]) -> str:
    """Why most of them failed, in words; the first of several equally frequent reasons, "" without failures."""
    (reason, _), *_ = [*Counter(f.reason for f in failures).most_common(1), ("", 0)]
    return reason


@runtime_checkable
class Instrument(Protocol):
    """Something that measures how a subject plays personas.

    ``measure`` asks the subject (any chat model) to play each persona and returns one score for each independent
    unit, in a fixed order; the same subject, personas and seed give the same scores.
    """

    @property
    def name(self) -> str: ...

    @property
    def scale(self) -> Scale: ...

    async def measure(self, subject: ChatModel, personas: Sequence[Any], seed: int = ...) -> list[Score]: ...
