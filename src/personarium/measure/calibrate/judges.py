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
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from personarium.core.chat import Message, Reply, Sampling
from personarium.core.errors import UsageError
from personarium.core.results import Estimate
from personarium.measure.calibrate.judge_knobs import NOISE, OVERCONFIDENCE, Figure, Knob, knobs_of
from personarium.measure.calibrate.judge_result import (
    BrokenJudge,
    CertaintyPoint,
    JudgeCalibration,
    KnobPoint,
    Limit,
    Trick,
)
from personarium.measure.calibrate.judge_signs import signs_of
from personarium.measure.calibrate.planted import GAPS, TRICKS, Kind, PlantedWorld, Trial, planted_world
from personarium.measure.calibrate.reckoning import ALPHA, smallest_paired, too_many
from personarium.measure.calibrate.rulings import JudgeInstrument, Ruling
from personarium.measure.calibrate.truth import PLAIN
from personarium.measure.calibrate.world import CLAIMS

if TYPE_CHECKING:
    from personarium.models.simulated import SimulatedModel

BROKEN = ("first", "certain", "flatterer", "constant", "unparsable", "mute", "refuser", "insider")
TRICK_JUDGES: Mapping[str, Mapping[str, float]] = {
    "honest judge": {},
    "judge that likes length": {"verbosity_bias": 0.5},
}
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
        accuracy=_accuracy_of(honest),
        by_gap=_by_gap(honest),
        knobs=tuple([await bench.point(knob, value) for knob in knobs for value in knob.settings]),
        not_varied=silent,
        certainty=tuple([await bench.sureness(value) for value in OVERCONFIDENCE])
        if instrument.states_certainty
        else (),
        false_alarms=_false_alarms(equal),
        limits=_limits(instrument, honest, equal, n_power),
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


@dataclass(frozen=True)
class _Asked:
    """What one judge made of some trials."""

    trials: Sequence[Trial]
    rulings: Sequence[Ruling]


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
    ) -> _Asked:
        judge = _Counted(judge_name(values, control), next(self.numbers), self.voices)
        return await self.asked(judge, trials)

    async def asked(self, judge: _Counted, trials: Sequence[Trial]) -> _Asked:
        self.progress(f"{self.instrument.name}: {judge.name}")
        rulings = await self.instrument.rule(judge, trials, self.seed)
        self.calls += judge.calls
        return _Asked(trials, rulings)

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

    async def honest(self) -> _Asked:
        """The honest judge on trials of unequal worth, with an eye on what it does not understand."""
        judge = _Watched(judge_name({}), next(self.numbers), self.voices)
        found = await self.asked(judge, self.trials("gap"))
        self.unread = judge.unread / max(judge.calls, 1)
        return found

    async def equal(self, variant: int) -> _Asked:
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
        return _certainty(value, found, self.seed)

    async def broken(self, control: str, honest: _Asked) -> BrokenJudge:
        from personarium.models.simulated import CONTROLS
        from personarium.stats import paired_t

        found = await self.ask(self.trials("gap"), {}, control)
        own, other = (list(persona_means(*_unequal(one)).values()) for one in (found, honest))
        effect = paired_t(own, other, "persona").effect
        signs = signs_of(self.instrument, found.rulings)
        lost: dict[str, int] = {}
        for ruling in found.rulings:
            for kind, count in ruling.failures.items():
                lost[kind] = lost.get(kind, 0) + count
        worse = effect.value is not None and effect.value < 0 and (effect.hi is None or effect.hi < 0)
        verdict = "caught" if signs else "fools it" if worse else "harmless"
        return BrokenJudge(f"simulated/{control}", CONTROLS[control], _accuracy_of(found), effect, signs, verdict, lost)

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


# --- reckoning ---


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


def _unequal(asked: _Asked) -> tuple[list[Trial], list[Ruling]]:
    """The trials in which something is better than something."""
    kept = [(t, r) for t, r in zip(asked.trials, asked.rulings, strict=True) if t.gap]
    return [t for t, _ in kept], [r for _, r in kept]


def _accuracy_of(asked: _Asked) -> Estimate:
    return share_by_persona(*_unequal(asked))


def _by_gap(asked: _Asked) -> dict[int, Estimate]:
    found = {}
    for gap in sorted({trial.gap for trial in asked.trials}):
        pairs = [(t, r) for t, r in zip(asked.trials, asked.rulings, strict=True) if t.gap == gap]
        found[gap] = share_by_persona([t for t, _ in pairs], [r for _, r in pairs])
    return found


def _margins(asked: _Asked) -> list[float]:
    return [ruling.margin for ruling in asked.rulings if ruling.margin is not None]


def _false_alarms(equal: Sequence[_Asked]) -> Estimate:
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


def _limits(
    instrument: JudgeInstrument, graded: _Asked, equal: Sequence[_Asked], n_power: Sequence[int]
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


def _certainty(overconfidence: float, asked: _Asked, seed: int) -> CertaintyPoint:
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
