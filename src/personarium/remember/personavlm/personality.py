"""The personality state: scores that move slowly with every talk, counted, and put into words.

Source: PersonaVLM (arXiv 2604.13074), personality evolving mechanism, p_t = m_t p_{t-1} + (1 - m_t) q_t; personavlm page,
step 4, statements 1, 2 and 7, and its traps.
Differs: the schedule of m_t is not published; here m_t = min(momentum, n / (n + 1)), n being the talks before this one, so that
the first talks count as a plain mean (``warm_start=False``: m_t = momentum from the start). Every trait has its own n,
because a talk may show one trait and not another.
Units: scores on ``scale``, 0 to 1 by default; n in talks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from personarium.core.errors import InvalidInput

MEANINGS: Mapping[str, str] = {
    "openness": "curious, full of ideas, drawn to the new",
    "conscientiousness": "orderly, thorough, reliable",
    "extraversion": "sociable, lively, quick to talk",
    "agreeableness": "warm, considerate, ready to give way",
    "neuroticism": "easily worried, upset or hurt",
}
TRAITS = tuple(MEANINGS)
# What a trait at its low and at its high end suggests for the style of a reply; nothing here is about its content.
STYLES: Mapping[str, tuple[str, str]] = {
    "openness": ("plain words and concrete examples", "room for ideas, images and unusual angles"),
    "conscientiousness": ("a loose form, the essentials first", "an orderly form, with steps and precise details"),
    "extraversion": ("a calm and short tone that does not press for talk", "a lively and sociable tone"),
    "agreeableness": ("a matter-of-fact and direct tone", "a warm and considerate tone"),
    "neuroticism": ("an even and brief tone", "a calm and reassuring tone, one thing at a time"),
}
UNKNOWN = "Nothing is known yet about this person's personality; an ordinary friendly style will do."
GUARD = (
    "These are weak signs from talks. They may shape tone, length and form, and nothing else: facts, advice, doubts and "
    "disagreement stay what they would be for anybody. Do not flatter, do not mention them, and decide nothing about the "
    "person by them."
)
_TWO_SIDED = 1.96  # standard deviations of a 95 per cent interval


@dataclass(frozen=True, slots=True)
class Momentum:
    """How the state moves.

    Args:
        momentum: Share of the old score that is kept, in [0, 1).
        warm_start: Whether the first talks count more: m_t = min(momentum, n / (n + 1)).
        scale: Lowest and highest score.
        talk_noise: How far the estimate of one talk is off, as a standard deviation and a share of the scale. No figure is
            published; 0.3 is a careful guess (one talk alone then never counts as clear), and all that the stated
            uncertainty rests on.

    Raises:
        InvalidInput: On a momentum outside [0, 1), a scale that does not rise, or a negative noise.
    """

    momentum: float = 0.9
    warm_start: bool = True
    scale: tuple[float, float] = (0.0, 1.0)
    talk_noise: float = 0.3

    def __post_init__(self) -> None:
        if not 0.0 <= self.momentum < 1.0:
            raise InvalidInput("personality", "a momentum from 0 up to, not including, 1", self.momentum, "momentum")
        if not (all(map(math.isfinite, self.scale)) and self.scale[0] < self.scale[1]):
            raise InvalidInput("personality", "a lowest and a higher highest score", self.scale, "scale")
        if not 0.0 <= self.talk_noise < math.inf:
            raise InvalidInput("personality", "a noise of 0 or more", self.talk_noise, "talk_noise")

    @property
    def start(self) -> float:
        """The score before anything was seen: the middle of the scale."""
        return (self.scale[0] + self.scale[1]) / 2

    def kept(self, n: int) -> float:
        """m_t: the share of the old score that is kept after ``n`` earlier talks."""
        return min(self.momentum, n / (n + 1)) if self.warm_start else self.momentum


@dataclass(frozen=True, slots=True)
class Level:
    """One trait: its score ``p``, and the ``n`` talks that it rests on."""

    p: float
    n: int = 0


@dataclass(frozen=True, slots=True)
class Personality:
    """The state of all traits.

    Args:
        levels: Trait -> level; all five.
        talks: Talks with an estimate of at least one trait.
        updated_at: Time of the last of them; None before the first.
    """

    levels: Mapping[str, Level] = field(default_factory=dict)
    talks: int = 0
    updated_at: float | None = None


def moved(level: Level, score: float | None, rule: Momentum) -> Level:
    """A trait after one more talk: p = m p + (1 - m) score. Without an estimate (None) nothing changes, n included.

    Raises:
        InvalidInput: On a score outside the scale.
    """
    if score is None:
        return level
    lo, hi = rule.scale
    if not lo <= score <= hi:  # also refuses what is no number
        raise InvalidInput("personality", f"a score from {lo:g} to {hi:g}", score, "score")
    kept = rule.kept(level.n)
    return Level(kept * level.p + (1 - kept) * score, level.n + 1)


def replayed(talks: Iterable[tuple[float, Mapping[str, float]]], rule: Momentum) -> Personality:
    """The state after talks, each with its time and the scores that it gave, in order.

    Raises:
        InvalidInput: On a score outside the scale.
    """
    levels = dict.fromkeys(TRAITS, Level(rule.start))
    counted, last = 0, None
    for at, scores in talks:
        usable = [trait for trait in TRAITS if trait in scores]
        for trait in usable:
            levels[trait] = moved(levels[trait], scores[trait], rule)
        if usable:
            counted, last = counted + 1, at
    return Personality(levels, counted, last)


def uncertainty(n: int, rule: Momentum) -> float:
    """Half the width of a 95 per cent interval around p after ``n`` talks, in units of the scale; the scale's at n = 0.

    It follows from the weights of the talks alone: 1 / n at first, (1 - m) / (1 + m) of one talk's variance in the long run.
    """
    width = rule.scale[1] - rule.scale[0]
    if n == 0:
        return width
    share = 0.0
    for talk in range(n):
        kept = rule.kept(talk)
        share = kept * kept * share + (1 - kept) ** 2
        if talk >= 1000:  # the sum has long settled
            break
    return min(width, _TWO_SIDED * rule.talk_noise * width * math.sqrt(share))


def in_words(state: Personality, rule: Momentum) -> str:
    """What the prompt says of the state: a function of every trait's (p, n) and of nothing else."""
    known = [trait for trait in TRAITS if trait in state.levels and state.levels[trait].n]
    if not known:
        return UNKNOWN
    lines = [f"- {trait}: {_level_words(trait, state.levels[trait], rule)}" for trait in known]
    return "\n".join(["Personality as far as talks have shown it:", *lines, GUARD])


def _level_words(trait: str, level: Level, rule: Momentum) -> str:
    lo, hi = rule.scale
    off = uncertainty(level.n, rule)
    talks = "1 talk" if level.n == 1 else f"{level.n} talks"
    shown = f"{level.p:.2f} ± {off:.2f} on {lo:g} to {hi:g}, {talks}"
    away = level.p - rule.start
    if abs(away) <= off:
        return f"not clear yet ({shown})"
    strength = "very" if abs(away) > 0.3 * (hi - lo) else "rather"
    return f"{strength} {'high' if away > 0 else 'low'} ({shown}); suits: {STYLES[trait][away > 0]}"
