"""What a calibration of a judge-based instrument found: knobs, certainty, detection limits, false alarms, what fools it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from personarium.core.results import Estimate
from personarium.measure.calibrate.result import STANDING_SENTENCE, as_plain
from personarium.measure.calibrate.rulings import Reads


@dataclass(frozen=True, slots=True)
class KnobPoint:
    """One setting of one of the judge's parameters.

    Args:
        knob: The parameter.
        value: Its setting; everything else is as of the honest judge.
        figure: What is measured, in words.
        planted: What the judge's parameters make of these trials; None where no formula says it.
        measured: The instrument's own figure, interval over personas.
    """

    knob: str
    value: float
    figure: str
    planted: float | None
    measured: Estimate


@dataclass(frozen=True, slots=True)
class CertaintyPoint:
    """What stated certainty is worth at one setting of overconfidence.

    Args:
        overconfidence: The judge's parameter.
        stated: Mean stated certainty.
        right: Share of these verdicts that are right.
        error: Expected calibration error, ten bins.
        auroc: Chance that a right verdict was stated with more certainty than a wrong one.
        bins: Mean stated certainty, share right and number, bin by bin.
    """

    overconfidence: float
    stated: Estimate
    right: Estimate
    error: Estimate
    auroc: Estimate
    bins: tuple[tuple[float, Estimate], ...]


@dataclass(frozen=True, slots=True)
class BrokenJudge:
    """One judge that does one thing wrong.

    Args:
        judge: Its name, ``simulated/<control>``.
        what: What it does.
        accuracy: On pairs of unequal worth.
        difference: Its accuracy minus the honest judge's, paired by persona.
        signs: What shows in the verdicts without knowing the truth.
        verdict: ``caught`` (a sign shows), ``fools it`` (less accurate, and nothing shows) or ``harmless``.
        failures: Kind -> count.
    """

    judge: str
    what: str
    accuracy: Estimate
    difference: Estimate
    signs: tuple[str, ...]
    verdict: str
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trick:
    """One negative control as a player, before the judge.

    Args:
        trick: Its name.
        what: What it does.
        shares: Judge -> share of trials that it wins against an honest reply with half of the facts (of voices: in which its
            persona is recovered).
        verdicts: Judge -> ``fools it``, ``not told apart``, ``caught`` or ``not scored``.
    """

    trick: str
    what: str
    shares: Mapping[str, Estimate]
    verdicts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Limit:
    """The smallest true difference between two subjects that is found with 80 % power at level .05.

    Args:
        n: Pairs (of voices: replies of each).
        difference: See :attr:`JudgeCalibration.limit_unit`.
    """

    n: int
    difference: float


@dataclass(frozen=True)
class JudgeCalibration:
    """A judge-based instrument held against planted trials and simulated judges.

    Args:
        instrument: Its name.
        reads: ``pair``, ``score`` or ``voice``.
        judge: The honest judge with its parameters.
        note: How the trials are shown.
        claim: What may be claimed.
        personas: How many.
        chance: Accuracy of knowing nothing.
        accuracy: Of the honest judge.
        by_gap: Facts that the better reply carries more (of a voice: all) -> accuracy.
        knobs: Every setting of every parameter that was varied.
        not_varied: Parameter -> why it cannot show.
        certainty: One entry a setting of overconfidence; empty where no certainty is stated.
        false_alarms: Share of equal comparisons that are called different at level .05.
        limits: Smallest differences.
        limit_unit: What they are counted in.
        broken: The judges that do one thing wrong.
        honest_signs: What is held against the honest judge, wrongly.
        tricks: The players that do one thing wrong.
        calls: Of all judges together.
        unread: Share of the honest judge's requests in which it did not understand something.
        findings: Sentences to print.
        seed: Of the calibration.
    """

    instrument: str
    reads: Reads
    judge: str
    note: str
    claim: str
    personas: int
    chance: float
    accuracy: Estimate
    by_gap: Mapping[int, Estimate]
    knobs: tuple[KnobPoint, ...]
    not_varied: Mapping[str, str]
    certainty: tuple[CertaintyPoint, ...]
    false_alarms: Estimate
    limits: tuple[Limit, ...]
    limit_unit: str
    broken: tuple[BrokenJudge, ...]
    honest_signs: tuple[str, ...]
    tricks: tuple[Trick, ...]
    calls: int
    unread: float
    findings: tuple[str, ...]
    seed: int
    sentence: str = STANDING_SENTENCE

    @property
    def fooled_by(self) -> tuple[str, ...]:
        """Broken judges that pass unseen, and tricks that win before the honest judge."""
        judges = [row.judge for row in self.broken if row.verdict == "fools it"]
        return (*judges, *(row.trick for row in self.tricks if "fools it" in list(row.verdicts.values())[:1]))

    def at(self, knob: str) -> list[KnobPoint]:
        """The settings of one parameter."""
        return [point for point in self.knobs if point.knob == knob]

    def rows(self) -> list[dict[str, Any]]:
        """Rows for a plot, one a setting: x planted, y measured."""
        return [
            {"x": p.planted, "y": p.measured.value, "setting": f"{p.knob}={p.value:g}", "figure": p.figure}
            for p in self.knobs
        ]

    def estimates(self) -> dict[str, dict[str, Any]]:
        """The headline numbers as ``summary.json`` takes them."""
        found = {"Accuracy against the planted truth": self.accuracy, "False alarms": self.false_alarms}
        if self.certainty:
            found["Calibration error of stated certainty"] = self.certainty[0].error
        return {name: estimate.as_dict() for name, estimate in found.items()}

    def sections(self) -> list[dict[str, Any]]:
        """Report sections (docs/report.md)."""
        from personarium.measure.calibrate.judge_sections import sections_of

        return sections_of(self)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        out: dict[str, Any] = as_plain(asdict(self))
        out["by_gap"] = {str(gap): estimate.as_dict() for gap, estimate in self.by_gap.items()}
        return out
