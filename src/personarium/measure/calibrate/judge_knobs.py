"""The parameters of a simulated judge: what is varied, on which trials, and what its formulas make of them.

Source: SIMULATED.md, "Judging": s = q + leniency + verbosity_bias x log2(words / 40) + self_preference (own phrasing) +
judge_noise x z; the first of a pair wins if s1 + position_bias > s2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import Literal

from personarium.measure.calibrate.planted import Kind, Trial
from personarium.measure.calibrate.rulings import JudgeInstrument

NOISE = 0.5  # SIMULATED.md, "Parameters": the default
RIGHT, FIRST, LONGER, OWN, FOUND = (
    "share won by the better reply",
    "share won by the reply shown first",
    "share won by the longer reply",
    "share won by the reply in the judge's own words",
    "share in which the speaker is found",
)
Figure = Literal["outcome", "first"]
Planted = Callable[[float, Sequence[Trial]], "float | None"]


@dataclass(frozen=True)
class Knob:
    """One parameter.

    Args:
        name: As a model's name has it.
        settings: What it is set to.
        trials: On which trials it shows.
        words: What is measured.
        planted: Setting and trials -> what must come out of a judge without rounding.
        figure: Whether the outcome of a trial is taken or the place of each verdict.
    """

    name: str
    settings: tuple[float, ...]
    trials: Kind
    words: str
    planted: Planted
    figure: Figure = "outcome"


def _share(shift: float, noise: float = NOISE) -> float:
    """How often the reply wins that leads by so much."""
    if noise == 0:
        return 0.5 if shift == 0 else float(shift > 0)
    return NormalDist().cdf(shift / (noise * math.sqrt(2)))


def _of_gaps(noise: float, trials: Sequence[Trial]) -> float:
    """One fact of four is one point."""
    return fmean(_share(trial.gap, noise) for trial in trials)


def _nothing(value: float, trials: Sequence[Trial]) -> None:
    return None


_NOISE = Knob("judge_noise", (0.0, 0.5, 1.0, 2.0, 4.0), "gap", RIGHT, _of_gaps)
_PLACE = Knob("position_bias", (0.0, 0.25, 0.5, 1.0), "equal", FIRST, lambda v, _: _share(v), "first")
_LENGTH = Knob(
    "verbosity_bias", (0.0, 0.1, 0.25, 0.5), "long", LONGER, lambda v, t: fmean(_share(v * x.longer) for x in t)
)
_SELF = Knob("self_preference", (0.0, 0.25, 0.5, 1.0), "own", OWN, lambda v, _: _share(v))
_LENIENCY = Knob("leniency", (-4.0, -2.0, 0.0, 2.0, 4.0), "gap", RIGHT, lambda _, t: _of_gaps(NOISE, t))
_FLIP = Knob("flip", (0.0, 0.1, 0.2, 0.4), "gap", RIGHT, _nothing)
_ABILITY = Knob("ability", (0.25, 0.5, 0.75, 1.0), "voice", FOUND, lambda v, _: v)
_FIRST = Knob(
    "first",
    (0.0, 0.25, 0.5, 1.0),
    "voice",
    "share for the candidate shown first",
    lambda v, _: v + (1 - v) / 4,
    "first",
)

OVERCONFIDENCE = (0.0, 0.5, 1.0)
ALONE = "each reply is scored by itself, so it has no place"
SCORED = "both replies are scored by themselves, and a simulated judge's score does not depend on the place"
BOTH = "a verdict compares, and whatever is added to both sides cancels out"
CHOOSES = "a reader of voices compares nothing and grades nothing; its skill is the parameter ability"
LABELS = "this judge answers yes or no; its error is the parameter flip"
COMPARES = "this judge gives scores or verdicts; flip exchanges labels"


def knobs_of(instrument: JudgeInstrument) -> tuple[tuple[Knob, ...], Mapping[str, str]]:
    """What is varied for an instrument, and why the rest is not."""
    if instrument.reads == "voice":
        silent = ["judge_noise", "position_bias", "verbosity_bias", "self_preference", "leniency", "flip"]
        return (_ABILITY, _FIRST), {**dict.fromkeys(silent, CHOOSES), **_unsure(instrument)}
    if instrument.name.startswith("apc"):
        silent = ["judge_noise", "verbosity_bias", "self_preference", "leniency"]
        return (_FLIP,), {**dict.fromkeys(silent, LABELS), "position_bias": ALONE, **_unsure(instrument)}
    if instrument.reads == "score":
        place = SCORED if instrument.both_orders else ALONE
        return (_NOISE, _LENGTH, _SELF, _LENIENCY), {"position_bias": place, "flip": COMPARES, **_unsure(instrument)}
    return (_NOISE, _PLACE, _LENGTH, _SELF), {"leniency": BOTH, "flip": COMPARES, **_unsure(instrument)}


def _unsure(instrument: JudgeInstrument) -> dict[str, str]:
    return {} if instrument.states_certainty else {"overconfidence": "no certainty is asked for"}
