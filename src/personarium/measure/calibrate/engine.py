"""Run an instrument over simulated subjects whose behaviour is known, and say what it can and cannot detect.

Source: DESIGN.md ("Calibrated instruments"); SIMULATED.md, "Negative controls" and "What a calibration may say".
Units: one unit is one persona under one subject.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from personarium.core.errors import UsageError
from personarium.core.persona import Persona
from personarium.core.results import Instrument, count_failures
from personarium.measure.calibrate.controls import applying, compare, find_leak
from personarium.measure.calibrate.reckoning import (
    Sweep,
    false_alarms,
    findings_of,
    label,
    mean_of,
    point_of,
    rank_of_points,
    rank_of_units,
    slope_of,
    smallest_differences,
)
from personarium.measure.calibrate.result import Calibration, ControlResult, Unit
from personarium.measure.calibrate.truth import TRUTHS, Exchange, Explained, Truth, read_share
from personarium.measure.calibrate.world import BANK, CLAIMS, KeyedWorld, World, keyed_world

FIDELITY: Mapping[str, Sequence[Any]] = {"fidelity": (0.0, 0.25, 0.5, 0.75, 1.0)}
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
                    setting,
                    inner.name,
                    s.id or persona.id,
                    self.truth(subject.exchanges),
                    s.value,
                    count_failures(s.failures),
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
    origin: World = people.label if isinstance(people, KeyedWorld) else (world or "foreign")
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
    points = tuple(point_of(values, part) for values, part in swept)
    slope = slope_of(points)
    found = Calibration(
        instrument=instrument.name,
        scale=instrument.scale,
        judge=str(getattr(getattr(instrument, "judge", None), "name", "")),
        world=origin,
        claim=CLAIMS[origin],
        knob=next(iter(grid)),
        truth_name=(truth or _truth_of(grid))[0],
        points=points,
        units=units,
        rank=rank_of_units(units, seed),
        rank_of_points=rank_of_points(points),
        slope=slope,
        detectable=smallest_differences(swept, equal, slope, n_power),
        false_alarms=false_alarms(equal),
        honest=mean_of([unit.measured for unit in equal[0]]),
        honest_name=equal[0][0].subject,
        controls=table,
        leak=leak,
        read=read_share(exchanges),
        unread=sum(bool(e.ledger.unread) for e in exchanges) / len(exchanges) if exchanges else 0.0,
        findings=(),
        seed=seed,
        note=str(getattr(instrument, "note", "")),
    )
    return replace(found, findings=tuple(findings_of(found)))


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


async def _sweep(
    bench: _Bench, grid: Mapping[str, Sequence[Any]], seeds: Sequence[int], numbers: itertools.count[int]
) -> tuple[Sweep, list[Exchange]]:
    swept: Sweep = []
    exchanges: list[Exchange] = []
    for settings in itertools.product(*grid.values()):
        values = dict(zip(grid, settings, strict=True))
        units: list[Unit] = []
        for offset in seeds:
            own, more = await bench.measure(label(values), next(numbers) + 1_000_000 * offset, values)
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
