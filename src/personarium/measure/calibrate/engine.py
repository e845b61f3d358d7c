"""Run an instrument over simulated subjects whose behaviour is known, and say what it can and cannot detect.

Source: DESIGN.md ("Calibrated instruments"); SIMULATED.md, "Negative controls" and "What a calibration may say".
Units: one unit is one persona under one subject.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.results import Estimate, Instrument, count_failures
from personarium.measure.calibrate.controls import applying, compare, failures_of, find_leak
from personarium.measure.calibrate.result import Calibration, ControlResult, Detectable, Point, Unit
from personarium.measure.calibrate.truth import TRUTHS, Exchange, Explained, Truth, read_share
from personarium.measure.calibrate.world import BANK, CLAIMS, KeyedWorld, World, keyed_world

if TYPE_CHECKING:
    from personarium.stats.arrays import Array

FIDELITY: Mapping[str, Sequence[Any]] = {"fidelity": (0.0, 0.25, 0.5, 0.75, 1.0)}
ALPHA = 0.05
POWER = 0.8  # issue 2: "the smallest difference it detects at 80 % power"
SURPRISING = 0.01
DRAWS = 1_000
Progress = Callable[[str], None]


@dataclass(frozen=True)
class _Bench:
    """What stays the same over all subjects of one calibration."""

    instrument: Instrument
    personas: Sequence[Persona]
    truth: Truth
    base: Mapping[str, Any]
    seed: int
    progress: Progress

    async def measure(
        self, setting: str, seed: int, values: Mapping[str, Any], control: str = ""
    ) -> tuple[list[Unit], list[Exchange]]:
        """Measure one subject, persona by persona, so that every exchange is known to belong to one unit."""
        from personarium.models.simulated import SimulatedModel

        head = f"simulated/{control}" if control else "simulated"
        pairs = {"bank": BANK, **self.base, **values, "seed": seed}
        inner = SimulatedModel(f"{head}:{','.join(f'{k}={v}' for k, v in pairs.items())}")
        self.progress(inner.name)
        units, exchanges = [], []
        for persona in self.personas:
            subject = Explained(inner)
            scores = await self.instrument.measure(subject, [persona], self.seed)
            units += [
                Unit(
                    setting, inner.name, s.id or persona.id, self.truth(subject.exchanges), s.value, _count(s.failures)
                )
                for s in scores
            ]
            exchanges += subject.exchanges
        return units, exchanges


async def calibrate(
    instrument: Instrument,
    *,
    grid: Mapping[str, Sequence[Any]] = FIDELITY,
    personas: KeyedWorld | Sequence[Persona] | None = None,
    world: World | None = None,
    truth: tuple[str, Truth] | None = None,
    base: Mapping[str, Any] | None = None,
    seeds: Sequence[int] = (1,),
    controls: bool = True,
    chance: float | None = None,
    equals: int = 12,
    n_power: Sequence[int] = (10, 20, 50, 100, 200),
    seed: int = 0,
    progress: Progress = lambda name: None,
) -> Calibration:
    """Calibrate an instrument on simulated subjects.

    Args:
        instrument: Anything that measures how a subject plays personas. It sees ordinary chat models.
        grid: Knob -> settings; several knobs give every combination, the first one names the truth.
        personas: A keyed world (default: 40 personas), or personas of any other origin.
        world: Where other personas are from; without it they are ``foreign`` and nothing may be claimed.
        truth: (name, function of one unit's exchanges) where the knob's own truth is not what the instrument is after.
        base: Parameters of every subject beside bank B, for instance ``{"patience": 12}``.
        seeds: Each gives one subject a grid point; no two subjects of a calibration share a seed.
        controls: Whether to run the negative controls that apply.
        chance: The score of knowing nothing, for the insider; None takes the best of the ignorant controls.
        equals: Subjects that differ in seed only, for the false alarms; every pair of them is tested.
        n_power: Numbers of personas to give the smallest detectable difference for.
        seed: Seed of the instrument's own draws and of the intervals.
        progress: Called with each subject's name before it is measured.

    Returns:
        The calibration; what is wrong with the instrument stands in ``findings``.

    Raises:
        UsageError: An empty grid, an unknown knob without a ``truth``, no personas, fewer than two equal subjects.
    """
    people = keyed_world() if personas is None else personas
    label: World = people.label if isinstance(people, KeyedWorld) else (world or "foreign")
    bench = _Bench(
        instrument,
        people.personas if isinstance(people, KeyedWorld) else tuple(people),
        (truth or _truth_of(grid))[1],
        base or {},
        seed,
        progress,
    )
    if not bench.personas:
        raise UsageError("a calibration needs at least one persona")
    if equals < 2:
        raise UsageError(f"false alarms need at least 2 equal subjects, found {equals}")
    numbers = itertools.count(1 + 1_000 * seed)  # a fresh subject seed for every subject
    swept, exchanges = await _sweep(bench, grid, seeds, numbers)
    equal, more = await _equal_subjects(bench, equals, numbers)
    exchanges += more
    table, leak = await _controls(bench, equal[0], exchanges, numbers, chance) if controls else ((), "")
    units = tuple(unit for _, part in swept for unit in part)
    points = tuple(_point(values, part) for values, part in swept)
    slope = _slope(points)
    found = Calibration(
        instrument=instrument.name,
        scale=instrument.scale,
        judge=str(getattr(getattr(instrument, "judge", None), "name", "")),
        world=label,
        claim=CLAIMS[label],
        knob=next(iter(grid)),
        truth_name=(truth or _truth_of(grid))[0],
        points=points,
        units=units,
        rank=_rank(units, seed),
        rank_of_points=_rank_of_points(points),
        slope=slope,
        detectable=_detectable(swept, equal, slope, n_power),
        false_alarms=_false_alarms(equal),
        honest=_mean([unit.measured for unit in equal[0]]),
        honest_name=equal[0][0].subject,
        controls=table,
        leak=leak,
        read=read_share(exchanges),
        unread=sum(bool(e.ledger.unread) for e in exchanges) / len(exchanges) if exchanges else 0.0,
        findings=(),
        seed=seed,
        note=str(getattr(instrument, "note", "")),
    )
    return _with_findings(found)


def _truth_of(grid: Mapping[str, Sequence[Any]]) -> tuple[str, Truth]:
    if not grid or any(not settings for settings in grid.values()):
        raise UsageError(
            "a calibration grid has at least one knob with settings, for instance {'fidelity': [0, 0.5, 1]}"
        )
    knob = next(iter(grid))
    if knob not in TRUTHS:
        known = ", ".join(TRUTHS)
        raise UsageError(f"no realised truth is known for the knob '{knob}'; give truth=, or take one of {known}")
    return TRUTHS[knob]


# -- running -----------------------------------------------------------------------------------------------------------

Sweep = list[tuple[dict[str, Any], list[Unit]]]


async def _sweep(
    bench: _Bench, grid: Mapping[str, Sequence[Any]], seeds: Sequence[int], numbers: itertools.count[int]
) -> tuple[Sweep, list[Exchange]]:
    swept: Sweep = []
    exchanges: list[Exchange] = []
    for settings in itertools.product(*grid.values()):
        values = dict(zip(grid, settings, strict=True))
        units: list[Unit] = []
        for offset in seeds:
            own, more = await bench.measure(_label(values), next(numbers) + 1_000_000 * offset, values)
            units += own
            exchanges += more
        swept.append((values, units))
    return swept, exchanges


async def _equal_subjects(
    bench: _Bench, equals: int, numbers: itertools.count[int]
) -> tuple[list[list[Unit]], list[Exchange]]:
    """Subjects with the default parameters, none with another's seed; the first is the honest one."""
    subjects, exchanges = [], []
    for _ in range(equals):
        units, more = await bench.measure("honest", next(numbers), {})
        subjects.append(units)
        exchanges += more
    return subjects, exchanges


async def _controls(
    bench: _Bench,
    honest: Sequence[Unit],
    exchanges: Sequence[Exchange],
    numbers: itertools.count[int],
    chance: float | None,
) -> tuple[tuple[ControlResult, ...], str]:
    roles = frozenset(exchange.ledger.role for exchange in exchanges)
    units = {name: (await bench.measure(name, next(numbers), {}, name))[0] for name in applying(roles)}
    table = tuple(compare(name, own, honest, bench.instrument.scale) for name, own in units.items())
    return table, find_leak(units, bench.instrument.scale, chance)


# -- reckoning ---------------------------------------------------------------------------------------------------------


def _label(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{knob}={value:g}" if isinstance(value, float) else f"{knob}={value}" for knob, value in values.items()
    )


def _count(failures: Sequence[Any]) -> dict[str, int]:
    return count_failures(failures)


def _mean(values: Sequence[float | None]) -> Estimate:
    from personarium.stats import mean_interval

    return mean_interval(values, "persona")


def _point(values: dict[str, Any], units: Sequence[Unit]) -> Point:
    return Point(_label(values), values, _mean([u.truth for u in units]), _mean([u.measured for u in units]))


def _rank(units: Sequence[Unit], seed: int) -> Estimate:
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


def _rank_of_points(points: Sequence[Point]) -> Estimate:
    from personarium.stats import spearman

    return spearman([p.truth.value for p in points], [p.measured.value for p in points], "grid point")


def _slope(points: Sequence[Point]) -> float | None:
    import numpy as np

    known = [
        (p.truth.value, p.measured.value) for p in points if p.truth.value is not None and p.measured.value is not None
    ]
    if len(known) < 2:
        return None
    x, y = np.array(known, dtype=np.float64).T
    spread = float(((x - x.mean()) ** 2).sum())
    return float(((x - x.mean()) * (y - y.mean())).sum() / spread) if spread > 0 else None


def _detectable(
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
        difference = _smallest_paired(n, sigma)
    known = slope is not None and abs(slope) > 0
    return Detectable(n, design, sigma, difference, difference / abs(slope) if known and slope is not None else None)


def _smallest_paired(n: int, sigma: float) -> float:
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


def _false_alarms(equal: Sequence[Sequence[Unit]]) -> Estimate:
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


def _with_findings(found: Calibration) -> Calibration:
    from dataclasses import replace

    return replace(found, findings=tuple(_findings(found)))


_FINDINGS = {
    "at or above": "Controls that score at or above the honest subject",
    "not told apart": "Controls that are not told apart from the honest subject",
}
_SILENT = ("/mute", "/unparsable")  # SIMULATED.md, "Works when" 8: 0 for unparsed must be caught


def _findings(c: Calibration) -> list[str]:
    out = [_following(c)]
    if c.leak:
        out.append(f"{c.leak} The instrument fails.")
    if _too_many(c.false_alarms):
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


def _too_many(alarms: Estimate) -> bool:
    """Beyond what a right test gives by chance once in a hundred calibrations."""
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
