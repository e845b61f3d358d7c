"""What a calibration found: points, detection limits, false alarms, controls, findings; as data and as report sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from personarium.core.results import Estimate, Scale

STANDING_SENTENCE = (  # SIMULATED.md, "What a calibration may say"; every output carries it
    "Made with a simulated subject: shows what this instrument can detect when the text is plain; "
    "says nothing about any language model."
)


@dataclass(frozen=True, slots=True)
class Unit:
    """One persona under one subject.

    Args:
        setting: Label of the grid point, or of the control.
        subject: The subject's canonical name.
        persona: Persona id.
        truth: Realised truth from the ledgers; None where nothing was there to realise it.
        measured: The instrument's value; None where it failed.
        failures: Kind -> count of what failed while measuring.
    """

    setting: str
    subject: str
    persona: str
    truth: float | None
    measured: float | None
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """One setting of the grid.

    Args:
        setting: Label, for instance ``fidelity=0.5``.
        values: Knob -> value.
        truth: Mean realised truth over the personas.
        measured: Mean measured value over the personas.
    """

    setting: str
    values: Mapping[str, Any]
    truth: Estimate
    measured: Estimate


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest difference between two subjects that a test finds with 80 % power at level .05.

    Args:
        n: Personas (a side, for ``two_groups``).
        design: ``paired`` (the same personas under both subjects) or ``two_groups``.
        sigma: Standard deviation that was measured and assumed: of the differences, or of the values.
        difference: On the instrument's scale.
        truth: The same as realised truth (difference divided by the slope of the grid); None without a slope.
    """

    n: int
    design: str
    sigma: float
    difference: float
    truth: float | None


@dataclass(frozen=True, slots=True)
class ControlResult:
    """One negative control beside the honest subject.

    Args:
        control: Its name, ``simulated/<control>``.
        what: What it does wrong.
        score: Its mean over the personas.
        difference: Its score minus the honest subject's, paired by persona.
        verdict: ``caught`` (worse, and the interval leaves 0 out), ``not told apart``, ``at or above`` the honest
            subject, ``not scored`` (every value failed and is counted), or ``no direction`` (the scale has none).
        failures: Kind -> count.
    """

    control: str
    what: str
    score: Estimate
    difference: Estimate
    verdict: str
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calibration:
    """An instrument held against simulated subjects whose behaviour is known.

    Args:
        instrument: Its name.
        scale: Its scale.
        judge: Name of the judge with its parameters, "" where none is used.
        world: ``keyed``, ``shipped`` or ``foreign``.
        claim: What may be claimed in that world.
        knob: The parameter that was varied.
        truth_name: What the realised truth is.
        points: One entry a setting of the grid.
        units: Every (persona, subject) of the grid.
        rank: Spearman's rho of measured value and realised truth over all units, interval by resampling personas.
        rank_of_points: The same over the means of the grid points.
        slope: Measured units per unit of truth, least squares through the grid's means; None when not defined.
        detectable: Smallest differences at 80 % power.
        false_alarms: Share of all pairs of subjects that differ in seed only and yet differ by a paired t test at .05.
        honest: The honest subject's score.
        honest_name: Its name and parameters.
        controls: The table "what fools this instrument".
        leak: Why the instrument fails as leaking; "" when it does not.
        read: Share of the played requests that had a relevant fact to read.
        unread: Share of all requests in which the subject did not understand something.
        findings: Sentences to print.
        seed: Seed of the calibration.
        note: What the instrument says of its own means (the accuracy of an estimator).
    """

    instrument: str
    scale: Scale
    judge: str
    world: str
    claim: str
    knob: str
    truth_name: str
    points: tuple[Point, ...]
    units: tuple[Unit, ...]
    rank: Estimate
    rank_of_points: Estimate
    slope: float | None
    detectable: tuple[Detectable, ...]
    false_alarms: Estimate
    honest: Estimate
    honest_name: str
    controls: tuple[ControlResult, ...]
    leak: str
    read: float | None
    unread: float
    findings: tuple[str, ...]
    seed: int
    note: str = ""
    sentence: str = STANDING_SENTENCE

    @property
    def follows(self) -> bool:
        """Whether the measured value rises with the truth (the interval of the rank correlation is above 0)."""
        return self.rank.lo is not None and self.rank.lo > 0

    @property
    def passed(self) -> bool:
        """Whether nothing disqualifies the instrument: no leak, and its value moves with the truth, up or down."""
        return (
            not self.leak and self.rank.lo is not None and self.rank.hi is not None and self.rank.lo * self.rank.hi > 0
        )

    @property
    def fooled_by(self) -> tuple[str, ...]:
        """Controls that score at or above the honest subject or cannot be told from it."""
        return tuple(c.control for c in self.controls if c.verdict in ("at or above", "not told apart"))

    def rows(self) -> list[dict[str, Any]]:
        """Rows for a plot, one a unit: x realised truth, y measured value, and the setting."""
        return [
            {"x": u.truth, "y": u.measured, "setting": u.setting, "persona": u.persona, "subject": u.subject}
            for u in self.units
        ]

    def estimates(self) -> dict[str, dict[str, Any]]:
        """The headline numbers as ``summary.json`` takes them."""
        return {
            "Rank correlation with the realised truth": self.rank.as_dict(),
            "False alarms between equal subjects": self.false_alarms.as_dict(),
            "Honest subject": self.honest.as_dict(),
        }

    def sections(self) -> list[dict[str, Any]]:
        """Report sections (docs/report.md): curve, detection numbers, controls, findings."""
        from personarium.measure.calibrate.sections import sections_of

        return sections_of(self)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; :func:`calibration_from_dict` reads it."""
        out: dict[str, Any] = as_plain(asdict(self))
        return out


def calibration_from_dict(data: Mapping[str, Any]) -> Calibration:
    """What :meth:`Calibration.as_dict` wrote."""
    given = dict(data)
    for name in ("rank", "rank_of_points", "false_alarms", "honest"):
        given[name] = Estimate(**given[name])
    given["scale"] = Scale(**given["scale"])
    given["units"] = tuple(Unit(**unit) for unit in given["units"])
    given["detectable"] = tuple(Detectable(**row) for row in given["detectable"])
    given["points"] = tuple(
        Point(p["setting"], p["values"], Estimate(**p["truth"]), Estimate(**p["measured"])) for p in given["points"]
    )
    given["controls"] = tuple(
        ControlResult(**{**c, "score": Estimate(**c["score"]), "difference": Estimate(**c["difference"])})
        for c in given["controls"]
    )
    given["findings"] = tuple(given["findings"])
    return Calibration(**given)


def as_plain(value: Any) -> Any:
    """Tuples as lists, whatever they stand in, so that JSON gives back what was written."""
    if isinstance(value, Mapping):
        return {key: as_plain(inner) for key, inner in value.items()}
    return [as_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value
