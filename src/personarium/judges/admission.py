"""What is known of a judge before its word is taken: agreement, liking for a place, calibration; or plainly nothing.

Source: DESIGN.md, room judges; figures after the pages prometheus and personalized-judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.judges.agreement import AgreementReport, PositionBias
from personarium.judges.verdicts import Preference

NOT_ADMITTED = "not admitted: nothing has been measured of this judge"


@dataclass(frozen=True, slots=True)
class AdmissionRecord:
    """What is known of a judge on an instrument.

    Args:
        model: The judge's model.
        instrument: What it judges with (layout or instrument name); a record says nothing about another.
        n: Items measured.
        against: Who the truth was.
        agreement: Named figures with their intervals (``pearson``, ``accuracy``, ...).
        position_bias: Share of verdicts for the response shown first, over balanced orders.
        calibration: Named figures of stated certainty (``ece``, ``brier``, ...).
        failures: Missing verdicts by kind.
        parameters: The judge's parameters when it was measured.
        notes: What a reader must know.
    """

    model: str
    instrument: str
    n: int = 0
    against: str = ""
    agreement: Mapping[str, Estimate] = field(default_factory=dict)
    position_bias: Estimate | None = None
    calibration: Mapping[str, Estimate] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def admitted(self) -> bool:
        """Whether any agreement with somebody else has been measured; it does not say that the agreement is good."""
        return self.n > 0 and any(estimate.value is not None for estimate in self.agreement.values())

    @property
    def statement(self) -> str:
        """One sentence for a report."""
        if not self.admitted:
            return f"{self.model} on {self.instrument}: {NOT_ADMITTED}"
        figures = ", ".join(f"{name} {estimate}" for name, estimate in sorted(self.agreement.items()))
        place = "" if self.position_bias is None else f"; first place wins {self.position_bias}"
        return f"{self.model} on {self.instrument} against {self.against}: {figures}{place}"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; says ``admitted`` and the statement too."""
        plain = {name: getattr(self, name) for name in ("model", "instrument", "n", "against")}
        return {
            **plain,
            "agreement": {k: v.as_dict() for k, v in sorted(self.agreement.items())},
            "position_bias": None if self.position_bias is None else self.position_bias.as_dict(),
            "calibration": {k: v.as_dict() for k, v in sorted(self.calibration.items())},
            "failures": dict(self.failures),
            "parameters": dict(self.parameters),
            "notes": list(self.notes),
            "admitted": self.admitted,
            "statement": self.statement,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "admission record") -> AdmissionRecord:
        """Read what :meth:`as_dict` wrote.

        Raises:
            InvalidInput: A field is missing or not of its kind.
        """
        try:
            place = data["position_bias"]
            return cls(
                data["model"],
                data["instrument"],
                data["n"],
                data["against"],
                {k: Estimate(**v) for k, v in data["agreement"].items()},
                None if place is None else Estimate(**place),
                {k: Estimate(**v) for k, v in data["calibration"].items()},
                dict(data["failures"]),
                dict(data["parameters"]),
                tuple(data["notes"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(where, "the fields of an admission record", str(error)) from None


def admission_of(
    model: str,
    instrument: str,
    agreement: AgreementReport | None = None,
    position: PositionBias | None = None,
    calibration: Mapping[str, Estimate] | None = None,
) -> AdmissionRecord:
    """Put together what has been measured; without any of it the record is empty and says "not admitted".

    Args:
        model: The judge's model.
        instrument: What it judges with.
        agreement: Scores against a truth.
        position: From comparisons in both orders.
        calibration: From :func:`certainty_calibration`.
    """
    figures: dict[str, Estimate] = {}
    if agreement is not None:
        found = {"pearson": agreement.pearson, "kendall": agreement.kendall, "spearman": agreement.spearman}
        figures = {**found, "length bias": agreement.length_bias}
    return AdmissionRecord(
        model,
        instrument,
        agreement.pearson.n if agreement else 0,
        agreement.against if agreement else "",
        figures if agreement and agreement.pearson.n else {},
        position.first_wins if position and position.balanced else None,
        dict(calibration or {}),
        dict(agreement.failures) if agreement else {},
        dict(agreement.parameters) if agreement else {},
        agreement.notes if agreement else (),
    )


def certainty_calibration(preferences: Sequence[Preference], gold: Sequence[str | None]) -> dict[str, Estimate]:
    """Whether stated certainty means anything: calibration error, Brier score, accuracy, mean certainty.

    Args:
        preferences: Of a judge that was asked for its certainty; those without a winner or certainty are missing.
        gold: The right winner of each, None where it is not known.

    Raises:
        InvalidInput: When the two are not of one length.
    """
    from personarium.stats.arrays import present
    from personarium.stats.calibration import brier_score, expected_calibration_error
    from personarium.stats.intervals import mean_interval, wilson

    if len(preferences) != len(gold):
        raise InvalidInput("certainty calibration", "one gold label for each preference", len(gold))
    stated: list[float | None] = []
    right: list[float | None] = []
    for preference, truth in zip(preferences, gold, strict=True):
        known = preference.winner is not None and preference.certainty is not None and truth is not None
        stated.append((preference.certainty or 0.0) / 100 if known else None)
        right.append(float(preference.winner == truth) if known else None)
    known_right, missing = present(right)
    return {
        "ece": expected_calibration_error(stated, right),
        "brier": brier_score(stated, right),
        "accuracy": wilson(float(known_right.sum()), known_right.size, "item", missing=missing),
        "mean_confidence": mean_interval(stated, "item", method="mean stated confidence"),
    }


def unmeasured(model: str, instrument: str) -> AdmissionRecord:
    """The empty record of a judge of which nothing is known; its statement says "not admitted"."""
    return AdmissionRecord(model, instrument)
