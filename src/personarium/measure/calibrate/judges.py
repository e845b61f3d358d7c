"""Calibrate a judge-based instrument: the judge is varied, and the replies it reads are planted.

The subject's calibration (:mod:`engine`) asks whether an instrument follows what a subject does. Here the replies are written, so
it is known which of two is better, and the judge is what changes: its noise, its liking for a place, for length, for its own
words, its leniency, its honesty about how sure it is. Every figure is the instrument's own, read by its own parsers and rules.

Source: issue 6, "Calibration everywhere"; SIMULATED.md, "Judging", "Negative controls", "What a calibration may say".
Units: one trial is one pair of replies (or one voice); intervals are over personas.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from personarium.core.chat import Message, Reply, Sampling
from personarium.core.errors import UsageError
from personarium.core.results import Estimate
from personarium.measure.calibrate.judge_knobs import NOISE, OVERCONFIDENCE, Knob, knobs_of
from personarium.measure.calibrate.judge_reckoning import (
    TRICK_JUDGES,
    Asked,
    accuracy_by_gap,
    accuracy_of,
    alarms_between_equals,
    certainty_point,
    findings_of,
    persona_means,
    share_by_persona,
    smallest_advantages,
    unequal,
)
from personarium.measure.calibrate.judge_result import (
    BrokenJudge,
    CertaintyPoint,
    JudgeCalibration,
    KnobPoint,
    Trick,
)
from personarium.measure.calibrate.judge_signs import signs_of
from personarium.measure.calibrate.planted import GAPS, TRICKS, Kind, PlantedWorld, Trial, planted_world
from personarium.measure.calibrate.rulings import JudgeInstrument
from personarium.measure.calibrate.truth import PLAIN
from personarium.measure.calibrate.world import CLAIMS

if TYPE_CHECKING:
    from personarium.models.simulated import SimulatedModel

BROKEN = ("first", "certain", "flatterer", "constant", "unparsable", "mute", "refuser", "insider")
PAIRS = (50, 100, 200, 400)
Progress = Callable[[str], None]


async def calibrate_judge(
    instrument: JudgeInstrument,
    *,
    personas: int | PlantedWorld = 40,
    settings: Mapping[str, Sequence[float]] | None = None,
    controls: bool = True,
    equals: int = 12,
    n_power: Sequence[int] = PAIRS,
    seed: int = 0,
    progress: Progress = lambda name: None,
) -> JudgeCalibration:
    """Calibrate an instrument in which a judge speaks, over simulated judges and planted replies.

    Args:
        instrument: It sees ordinary chat models and plain texts.
        personas: How many, or a planted world.
        settings: Parameter of the judge -> settings, to vary these only; all that show, at their usual settings, when left out.
        controls: Whether to try the judges and the players that do one thing wrong.
        equals: Judges that differ in their seed only, for the false alarms.
        n_power: Numbers of pairs to give the smallest detectable difference for.
        seed: Of judges and intervals.
        progress: Called with each judge's name before it is asked.

    Raises:
        UsageError: A parameter that this instrument cannot show, fewer than two equal judges, fewer than four personas.
    """
    world = planted_world(personas) if isinstance(personas, int) else personas
    if len(world.personas) < 4 or equals < 2:
        raise UsageError(
            f"a judge is calibrated on at least 4 personas and 2 equal judges, found {len(world.personas)} and {equals}"
        )
    knobs, silent = _chosen(instrument, settings)
    bench = _Bench(instrument, world, seed, progress)
    honest = await bench.honest()
    equal = [await bench.equal(k) for k in range(equals)]
    found = JudgeCalibration(
        instrument=instrument.name,
        reads=instrument.reads,
        judge=judge_name({}),
        note=instrument.note,
        claim=CLAIMS["keyed"],
        personas=len(world.personas),
        chance=1 / instrument.shown,
        accuracy=accuracy_of(honest),
        by_gap=accuracy_by_gap(honest),
        knobs=tuple([await bench.point(knob, value) for knob in knobs for value in knob.settings]),
        not_varied=silent,
        certainty=tuple([await bench.sureness(value) for value in OVERCONFIDENCE])
        if instrument.states_certainty
        else (),
        false_alarms=alarms_between_equals(equal),
        limits=smallest_advantages(instrument, honest, equal, n_power),
        limit_unit="share of replies that say anything of the persona"
        if instrument.reads == "voice"
        else "facts a reply",
        broken=tuple([await bench.broken(name, honest) for name in BROKEN]) if controls else (),
        honest_signs=signs_of(instrument, honest.rulings),
        tricks=await bench.tricks() if controls else (),
        calls=bench.calls,
        unread=bench.unread,
        findings=(),
        seed=seed,
    )
    return replace(found, findings=tuple(findings_of(found)))


def planned_calls(
    instrument: JudgeInstrument,
    personas: int,
    settings: Mapping[str, Sequence[float]] | None = None,
    controls: bool = True,
    equals: int = 12,
) -> int:
    """About how many questions :func:`calibrate_judge` puts to judges; arguments as there."""
    knobs, _ = _chosen(instrument, settings)
    voices = instrument.reads == "voice"
    unequal = len(GAPS) + voices
    sets = unequal + sum(len(knob.settings) * _SETS.get(knob.trials, len(GAPS)) for knob in knobs)
    sets += len(OVERCONFIDENCE) * unequal if instrument.states_certainty else 0
    sets += equals * (len(GAPS) if voices else 1)
    if controls:
        sets += len(BROKEN) * unequal + len(TRICKS) * (1 if voices else len(TRICK_JUDGES))
    return sets * personas * instrument.calls


_SETS: Mapping[Kind, int] = {"equal": 1, "long": 1, "own": 1}  # the rest has one trial for each gap


def _chosen(
    instrument: JudgeInstrument, settings: Mapping[str, Sequence[float]] | None
) -> tuple[tuple[Knob, ...], Mapping[str, str]]:
    knobs, silent = knobs_of(instrument)
    if settings is None:
        return knobs, silent
    by_name = {knob.name: knob for knob in knobs}
    for name in settings:
        if name not in by_name:
            why = silent.get(name, f"it shows {', '.join(by_name)}")
            raise UsageError(f"{instrument.name} cannot show the judge's parameter '{name}': {why}")
    return tuple(replace(by_name[name], settings=tuple(values)) for name, values in settings.items()), silent


def judge_name(values: Mapping[str, Any], control: str = "") -> str:
    """A simulated judge's name without its seed."""
    head = f"simulated/{control}" if control else "simulated"
    return f"{head}:{','.join(f'{k}={v}' for k, v in values.items())}" if values else head


# --- asking ---


@dataclass
class _Counted:
    """A judge whose calls are counted; the instrument sees an ordinary model.

    With ``crowd`` every request is read by somebody else of the same parameters: a simulated reader's skill is drawn once for a
    person and a question, and where the question is always the same, one reader would know everything or nothing.
    """

    name: str
    seed: int
    crowd: bool
    calls: int = 0

    def __post_init__(self) -> None:
        from personarium.models.simulated import SimulatedModel

        self.open, self.one = SimulatedModel, SimulatedModel(self.seeded(self.seed))

    def seeded(self, seed: int) -> str:
        return f"{self.name}{',' if ':' in self.name else ':'}seed={seed}"

    async def generate(self, messages: Sequence[Message], sampling: Sampling = PLAIN) -> Reply:
        self.calls += 1
        return await self.who(messages).generate(messages, sampling)

    def who(self, messages: Sequence[Message]) -> SimulatedModel:
        if not self.crowd:
            return self.one
        text = f"{self.seed}|{messages[-1]['content']}".encode()
        return self.open(self.seeded(int.from_bytes(hashlib.blake2b(text, digest_size=6).digest(), "big")))


class _Watched(_Counted):
    """The same, which also counts the requests in which something was not understood."""

    unread = 0

    async def generate(self, messages: Sequence[Message], sampling: Sampling = PLAIN) -> Reply:
        self.unread += bool(self.who(messages).explain(messages, sampling).unread)
        return await super().generate(messages, sampling)


@dataclass
class _Bench:
    """One instrument, one world; every judge gets a seed of its own, so that no two share their draws."""

    instrument: JudgeInstrument
    world: PlantedWorld
    seed: int
    progress: Progress
    calls: int = 0
    unread: float = 0.0
    kept: dict[str, list[Trial]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers = itertools.count(900_001 + 1_000 * self.seed)
        self.voices = self.instrument.reads == "voice"

    async def ask(
        self, trials: Sequence[Trial], values: Mapping[str, Any] = MappingProxyType({}), control: str = ""
    ) -> Asked:
        judge = _Counted(judge_name(values, control), next(self.numbers), self.voices)
        return await self.asked(judge, trials)

    async def asked(self, judge: _Counted, trials: Sequence[Trial]) -> Asked:
        self.progress(f"{self.instrument.name}: {judge.name}")
        rulings = await self.instrument.rule(judge, trials, self.seed)
        self.calls += judge.calls
        return Asked(trials, rulings)

    def trials(self, kind: Kind) -> list[Trial]:
        """The trials of a kind; for a reader of voices those of unequal worth are voices, silent ones too."""
        if kind not in self.kept:
            made: Mapping[str, Callable[[], list[Trial]]] = {
                "gap": self.world.voices if self.voices else self.world.gaps,
                "voice": lambda: [trial for trial in self.world.voices() if trial.gap],
                "equal": self.world.equal,
                "long": self.world.long,
                "own": self.world.own,
            }
            self.kept[kind] = made[kind]()
        return self.kept[kind]

    async def honest(self) -> Asked:
        """The honest judge on trials of unequal worth, with an eye on what it does not understand."""
        judge = _Watched(judge_name({}), next(self.numbers), self.voices)
        found = await self.asked(judge, self.trials("gap"))
        self.unread = judge.unread / max(judge.calls, 1)
        return found

    async def equal(self, variant: int) -> Asked:
        """An honest judge of another seed on pairs of equal worth (on the same voices)."""
        return await self.ask(self.trials("voice") if self.voices else self.world.equal(variant))

    async def point(self, knob: Knob, value: float) -> KnobPoint:
        found = await self.ask(self.trials(knob.trials), {knob.name: value})
        measured = share_by_persona(found.trials, found.rulings, knob.figure)
        return KnobPoint(knob.name, value, knob.words, knob.planted(value, found.trials), measured)

    async def sureness(self, value: float) -> CertaintyPoint:
        """Of a judge twice as noisy as the honest one, so that there are wrong verdicts to be unsure of."""
        noisy = {} if self.voices else {"judge_noise": 2 * NOISE}
        found = await self.ask(self.trials("gap"), {"overconfidence": value, **noisy})
        return certainty_point(value, found, self.seed)

    async def broken(self, control: str, honest: Asked) -> BrokenJudge:
        from personarium.models.simulated import CONTROLS
        from personarium.stats import paired_t

        found = await self.ask(self.trials("gap"), {}, control)
        own, other = (list(persona_means(*unequal(one)).values()) for one in (found, honest))
        effect = paired_t(own, other, "persona").effect
        signs = signs_of(self.instrument, found.rulings)
        lost: dict[str, int] = {}
        for ruling in found.rulings:
            for kind, count in ruling.failures.items():
                lost[kind] = lost.get(kind, 0) + count
        worse = effect.value is not None and effect.value < 0 and (effect.hi is None or effect.hi < 0)
        verdict = "caught" if signs else "fools it" if worse else "harmless"
        return BrokenJudge(f"simulated/{control}", CONTROLS[control], accuracy_of(found), effect, signs, verdict, lost)

    async def tricks(self) -> tuple[Trick, ...]:
        from personarium.models.simulated import CONTROLS

        rows = []
        for name in TRICKS:
            trials = await self.world.tricks((name,), self.voices)
            shares = {}
            for judge, values in TRICK_JUDGES.items():
                if self.voices and values:
                    continue
                asked = await self.ask(trials, values)
                shares[judge] = share_by_persona(asked.trials, asked.rulings)
            verdicts = {judge: _trick_verdict(share, 1 / self.instrument.shown) for judge, share in shares.items()}
            rows.append(
                Trick(name, CONTROLS[name] if name != "windbag" else "400 words that say nothing", shares, verdicts)
            )
        return tuple(rows)


def _trick_verdict(share: Estimate, chance: float) -> str:
    """Against an honest reply one half is a draw; of a voice that says nothing more than chance is too much."""
    if share.value is None:
        return "not scored"
    lo, hi = (share.value if end is None else end for end in (share.lo, share.hi))
    return "fools it" if lo > chance else "caught" if hi < chance else "not told apart"
