"""What the rulings of a calibration of judges come to: shares, false alarms, limits, certainty, findings.

Units: shares are means over personas; a margin is the difference of two scores, or 1, 0, -1 for a verdict.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from personarium.core.results import Estimate
from personarium.measure.calibrate.judge_knobs import Figure
from personarium.measure.calibrate.judge_result import CertaintyPoint, JudgeCalibration, Limit
from personarium.measure.calibrate.planted import Trial
from personarium.measure.calibrate.reckoning import ALPHA, smallest_paired, too_many
from personarium.measure.calibrate.rulings import JudgeInstrument, Ruling

TRICK_JUDGES: Mapping[str, Mapping[str, float]] = {
    "honest judge": {},
    "judge that likes length": {"verbosity_bias": 0.5},
}


@dataclass(frozen=True)
class Asked:
    """What one judge made of some trials."""

    trials: Sequence[Trial]
    rulings: Sequence[Ruling]


def persona_means(
    trials: Sequence[Trial], rulings: Sequence[Ruling], figure: Figure = "outcome"
) -> dict[str, float | None]:
    """Persona id -> mean over its trials; None where none could be had."""
    values: dict[str, list[float]] = {trial.persona.id: [] for trial in trials}
    for trial, ruling in zip(trials, rulings, strict=True):
        values[trial.persona.id] += _values(ruling, figure)
    return {who: math.fsum(own) / len(own) if own else None for who, own in values.items()}


def _values(ruling: Ruling, figure: Figure) -> list[float]:
    if figure == "first":
        return [0.5 if said.first is None else float(said.first) for said in ruling.said]
    return [] if ruling.outcome is None else [ruling.outcome]


def share_by_persona(trials: Sequence[Trial], rulings: Sequence[Ruling], figure: Figure = "outcome") -> Estimate:
    """Mean of the personas' means; ties count one half, what could not be had is missing.

    The interval is Wilson's, as wide as if every persona were one trial: means that are all 1 are not beyond doubt.
    """
    from personarium.stats import wilson

    means = list(persona_means(trials, rulings, figure).values())
    known = [mean for mean in means if mean is not None]
    return wilson(math.fsum(known), len(known), "persona", missing=len(means) - len(known))


def unequal(asked: Asked) -> tuple[list[Trial], list[Ruling]]:
    """The trials in which something is better than something."""
    kept = [(t, r) for t, r in zip(asked.trials, asked.rulings, strict=True) if t.gap]
    return [t for t, _ in kept], [r for _, r in kept]


def accuracy_of(asked: Asked) -> Estimate:
    """Share of the trials of unequal worth that the better one wins."""
    return share_by_persona(*unequal(asked))


def accuracy_by_gap(asked: Asked) -> dict[int, Estimate]:
    """The same for each number of facts that one carries more."""
    found = {}
    for gap in sorted({trial.gap for trial in asked.trials}):
        pairs = [(t, r) for t, r in zip(asked.trials, asked.rulings, strict=True) if t.gap == gap]
        found[gap] = share_by_persona([t for t, _ in pairs], [r for _, r in pairs])
    return found


def _margins(asked: Asked) -> list[float]:
    return [ruling.margin for ruling in asked.rulings if ruling.margin is not None]


def alarms_between_equals(equal: Sequence[Asked]) -> Estimate:
    """Of pairs: judges that call two equal contestants different. Of voices: pairs of equal readers that are called different."""
    from personarium.stats import paired_t, wilson

    if equal[0].trials[0].kind == "voice":
        means = [list(persona_means(asked.trials, asked.rulings).values()) for asked in equal]
        tests = [paired_t(a, b, "persona").p for a, b in itertools.combinations(means, 2)]
    else:
        tests = [paired_t(margins, [0.0] * len(margins), "pair").p for margins in map(_margins, equal)]
    known = [p for p in tests if p is not None]
    rate = sum(p < ALPHA for p in known) / len(known) if known else 0.0
    n = min(len(equal), len(known))  # pairs that share a reader are not independent
    return wilson(rate * n, n, "equal judge", missing=len(tests) - len(known))


def smallest_advantages(
    instrument: JudgeInstrument, graded: Asked, equal: Sequence[Asked], n_power: Sequence[int]
) -> tuple[Limit, ...]:
    """From the spread of the margins of equal pairs, and from how far one fact moves the margin."""
    by_gap: dict[int, list[float]] = {}
    for trial, ruling in zip(graded.trials, graded.rulings, strict=True):
        if ruling.margin is not None:
            by_gap.setdefault(trial.gap, []).append(ruling.margin)
    means = {gap: math.fsum(margins) / len(margins) for gap, margins in by_gap.items()}
    if instrument.reads == "voice":
        said = [margin for gap, margins in by_gap.items() for margin in margins if gap]
        slope = math.fsum(said) / len(said) - means.get(0, 0.0) if said else 0.0
        sigma = math.sqrt(2) * _spread([margin for margins in by_gap.values() for margin in margins])
    else:
        slope, sigma = means.get(1, 0.0), _spread([margin for asked in equal for margin in _margins(asked)])
    if sigma <= 0 or slope <= 0:
        return ()
    return tuple(Limit(n, smallest_paired(n, sigma) / slope) for n in n_power if n > 1)


def _spread(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def certainty_point(overconfidence: float, asked: Asked, seed: int) -> CertaintyPoint:
    """What the stated certainties are worth, ties and verdicts without one left out."""
    from personarium.stats import mean_interval
    from personarium.stats.calibration import auroc, expected_calibration_error, reliability_curve

    rows = [
        (trial.persona.id, said.certainty, float(said.right))
        for trial, ruling in zip(asked.trials, asked.rulings, strict=True)
        for said in ruling.said
        if said.certainty is not None and said.right is not None
    ]
    who, stated, right = [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
    error = expected_calibration_error(stated, right, 10, "persona", who, draws=500, seed=seed)
    apart = auroc(stated, right, "persona", who, draws=500, seed=seed)
    bins = reliability_curve(stated, right, 10, "persona", who)
    return CertaintyPoint(
        overconfidence,
        mean_interval(stated, "verdict"),
        mean_interval(right, "verdict"),
        error,
        apart,
        tuple((b.mean_confidence, b.accuracy) for b in bins if b.mean_confidence is not None),
    )


# --- findings ---


def findings_of(c: JudgeCalibration) -> list[str]:
    """The sentences to print, the most important first."""
    out = [_accuracy(c)]
    if c.honest_signs:
        out.append(f"It holds against the honest judge: {'; '.join(c.honest_signs)}.")
    unseen = [row.judge for row in c.broken if row.verdict == "fools it"]
    if unseen:
        out.append(f"Judges that are less accurate and show no sign of it: {', '.join(unseen)}.")
    for judge in TRICK_JUDGES:
        named = [row.trick for row in c.tricks if row.verdicts.get(judge) == "fools it"]
        if named:
            out.append(f"Players that win before the {judge}: {', '.join(named)}.")
    if too_many(c.false_alarms):
        out.append(f"It raises false alarms: {c.false_alarms}.")
    for point in c.certainty:
        if point.overconfidence == 0 and point.error.lo is not None and point.error.lo > 0.1:
            out.append(f"Even without overconfidence its stated certainty is off by {point.error}.")
    if c.unread >= 0.01:
        out.append(f"The judge did not understand {c.unread:.1%} of the requests.")
    return out


def _accuracy(c: JudgeCalibration) -> str:
    lo = c.accuracy.lo
    if lo is None or lo <= c.chance:
        return f"The honest judge is not told apart from chance ({c.chance:.2f}): accuracy {c.accuracy}."
    return f"The honest judge finds the better one: accuracy {c.accuracy}, chance {c.chance:.2f}."
