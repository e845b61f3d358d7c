"""What the units of a calibration come to: rank correlation, slope, detection limits, false alarms, findings.

Source: SIMULATED.md, "What a calibration may say".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from personarium.core.results import Estimate
from personarium.measure.calibrate.controls import failures_of
from personarium.measure.calibrate.result import Calibration, Detectable, Point, Unit

if TYPE_CHECKING:
    from personarium.stats.arrays import Array

Sweep = list[tuple[dict[str, Any], list[Unit]]]
ALPHA = 0.05
POWER = 0.8  # issue 2: "the smallest difference it detects at 80 % power"
SURPRISING = 0.01
DRAWS = 1_000


def label(values: Mapping[str, Any]) -> str:
    """Knobs and values as one text."""
    return ", ".join(
        f"{knob}={value:g}" if isinstance(value, float) else f"{knob}={value}" for knob, value in values.items()
    )


def mean_of(values: Sequence[float | None]) -> Estimate:
    """Mean over personas with its t interval."""
    from personarium.stats import mean_interval

    return mean_interval(values, "persona")


def point_of(values: dict[str, Any], units: Sequence[Unit]) -> Point:
    """One setting of the grid: mean truth and mean measured value."""
    return Point(label(values), values, mean_of([u.truth for u in units]), mean_of([u.measured for u in units]))


def rank_of_units(units: Sequence[Unit], seed: int) -> Estimate:
    """Spearman's rho over units; personas stand under several subjects, so whole personas are resampled."""
    import numpy as np

    from personarium.stats import bootstrap

    kept = [u for u in units if u.truth is not None and u.measured is not None]
    missing = {"missing": len(units) - len(kept)} if len(kept) < len(units) else {}
    if len(kept) < 2:
        return Estimate(
            None, None, None, 0, "persona", "Spearman rho, not defined: fewer than two units", 0.95, missing
        )
    columns = (np.array([u.truth for u in kept]), np.array([u.measured for u in kept]))
    groups = [u.persona for u in kept]
    return bootstrap(
        columns, _spearman, "persona", groups, draws=DRAWS, seed=seed, name="Spearman rho", failures=missing
    )


def _spearman(x: Array, y: Array) -> float | None:
    import numpy as np
    from scipy.stats import rankdata

    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])


def rank_of_points(points: Sequence[Point]) -> Estimate:
    """Spearman's rho of the grid points' means."""
    from personarium.stats import spearman

    return spearman([p.truth.value for p in points], [p.measured.value for p in points], "grid point")


def slope_of(points: Sequence[Point]) -> float | None:
    """Measured units per unit of truth through the grid's means; None where the truth does not vary."""
    import numpy as np

    known = [
        (p.truth.value, p.measured.value) for p in points if p.truth.value is not None and p.measured.value is not None
    ]
    if len(known) < 2:
        return None
    x, y = np.array(known, dtype=np.float64).T
    spread = float(((x - x.mean()) ** 2).sum())
    return float(((x - x.mean()) * (y - y.mean())).sum() / spread) if spread > 0 else None


def smallest_differences(
    swept: Sweep, equal: Sequence[Sequence[Unit]], slope: float | None, n_power: Sequence[int]
) -> tuple[Detectable, ...]:
    """From the spread that was measured: of paired differences (neighbouring settings, equal subjects), of values."""
    subjects = [part for _, part in swept] + [list(part) for part in equal]
    neighbours = [*itertools.pairwise(part for _, part in swept), *zip(equal[::2], equal[1::2], strict=False)]
    paired = _pooled_sd([_differences(a, b) for a, b in neighbours])
    groups = _pooled_sd([[u.measured for u in part if u.measured is not None] for part in subjects])
    found = [*((n, "paired", paired) for n in n_power), *((n, "two_groups", groups) for n in n_power)]
    return tuple(_smallest(n, design, sigma, slope) for n, design, sigma in found if sigma > 0 and n > 1)


def _smallest(n: int, design: str, sigma: float, slope: float | None) -> Detectable:
    from personarium.stats import min_detectable_effect

    if design == "two_groups":
        difference = min_detectable_effect(sigma, n, ALPHA, POWER, "t")
    else:
        difference = smallest_paired(n, sigma)
    known = slope is not None and abs(slope) > 0
    return Detectable(n, design, sigma, difference, difference / abs(slope) if known and slope is not None else None)


def smallest_paired(n: int, sigma: float) -> float:
    """The smallest mean difference that a paired t test on n units finds with the usual power."""
    from scipy.optimize import brentq

    from personarium.stats import power_paired_t

    return float(brentq(lambda d: power_paired_t(n, d, sigma, ALPHA) - POWER, 1e-9 * sigma, 100 * sigma))


def _differences(a: Sequence[Unit], b: Sequence[Unit]) -> list[float]:
    return [
        x.measured - y.measured for x, y in zip(a, b, strict=False) if x.measured is not None and y.measured is not None
    ]


def _pooled_sd(samples: Sequence[Sequence[float]]) -> float:
    squares, freedom = 0.0, 0
    for sample in samples:
        if len(sample) > 1:
            mean = math.fsum(sample) / len(sample)
            squares += math.fsum((value - mean) ** 2 for value in sample)
            freedom += len(sample) - 1
    return math.sqrt(squares / freedom) if freedom else 0.0


def false_alarms(equal: Sequence[Sequence[Unit]]) -> Estimate:
    """Share of pairs with p < .05; a pair whose differences do not vary has no p and counts as missing.

    Pairs that share a subject are not independent: the interval is as wide as if there were only as many pairs as
    there are subjects.
    """
    from personarium.stats import paired_t, wilson

    tests = [
        paired_t([u.measured for u in a], [u.measured for u in b], "persona").p
        for a, b in itertools.combinations(equal, 2)
    ]
    known = [p for p in tests if p is not None]
    if not known:
        return wilson(0, 0, "equal subject", missing=len(tests))
    rate = sum(p < ALPHA for p in known) / len(known)
    return wilson(rate * len(equal), len(equal), "equal subject", missing=len(tests) - len(known))


_FINDINGS = {
    "at or above": "Controls that score at or above the honest subject",
    "not told apart": "Controls that are not told apart from the honest subject",
}
_SILENT = ("/mute", "/unparsable")  # SIMULATED.md, "Works when" 8: 0 for unparsed must be caught


def findings_of(c: Calibration) -> list[str]:
    """The sentences to print, the most important first."""
    out = [_following(c)]
    if c.leak:
        out.append(f"{c.leak} The instrument fails.")
    if too_many(c.false_alarms):
        out.append(f"It raises false alarms: {c.false_alarms} of equal pairs differ at the .05 level.")
    for verdict, words in _FINDINGS.items():
        named = [control.control for control in c.controls if control.verdict == verdict]
        if named:
            out.append(f"{words}: {', '.join(named)}.")
    for control in c.controls:
        if control.control.endswith(_SILENT) and control.score.value is not None and not control.failures:
            out.append(
                f"The control {control.control} ({control.what}) gets a score: what cannot be read is not counted."
            )
    if c.read is not None and c.read < 0.5:
        out.append(
            f"Only {c.read:.0%} of the requests had a fact to read; the rest cannot show whether one is carried."
        )
    lost = sum(unit.measured is None for unit in c.units)
    if lost:
        kinds = ", ".join(f"{n} {kind}" for kind, n in failures_of(c.units).items())
        out.append(f"{lost} of {len(c.units)} units of the grid could not be measured ({kinds or 'no reason given'}).")
    if c.rank.value is not None and c.rank.value > 0.9999:
        out.append("Instrument and subject agree perfectly everywhere: look for shared code.")
    if c.unread >= 0.01:  # SIMULATED.md, "What is asked"
        out.append(f"The subject did not understand {c.unread:.1%} of the requests.")
    return out


def too_many(alarms: Estimate) -> bool:
    """Whether alarms are beyond what a right test gives by chance once in a hundred calibrations."""
    from personarium.stats import wilson

    if alarms.value is None:
        return False
    least = wilson(alarms.value * alarms.n, alarms.n, alarms.unit, 1 - 2 * SURPRISING).lo
    return least is not None and least > ALPHA


def _following(c: Calibration) -> str:
    if c.rank.value is None:
        return f"The measured value has no rank correlation with the {c.truth_name} ({c.rank.method})."
    if c.follows:
        return f"The measured value follows the {c.truth_name}: rank correlation {c.rank}."
    if c.rank.hi is not None and c.rank.hi < 0:
        return f"The measured value falls where the {c.truth_name} rises: rank correlation {c.rank}."
    return f"The measured value does not follow the {c.truth_name}: rank correlation {c.rank}."
