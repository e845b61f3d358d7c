"""The table "what fools this instrument": every negative control that applies, beside the honest subject.

Source: SIMULATED.md, "Negative controls".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from personarium.core.results import Estimate, Scale
from personarium.measure.calibrate.result import ControlResult, Unit

PLAYERS = (
    "mute", "refuser", "constant", "parrot", "copycat", "generic", "contrary", "other", "flatterer", "windbag",
)  # fmt: skip
FORMS = ("mute", "refuser", "constant", "unparsable")
CHOOSERS = ("first", "other", "flatterer")
LEAK_CONFIDENCE = 0.99  # a leak fails the instrument, so chance must not look like one


def applying(roles: frozenset[str]) -> tuple[str, ...]:
    """The controls that mean something for an instrument whose requests were understood as these roles.

    ``constant`` (the knowledge of nothing) and ``insider`` always apply.
    """
    found: list[str] = []
    if "player" in roles:
        found += PLAYERS
    if roles & {"chooser", "respondent", "gamer", "judge", "reader", "writer"}:
        found += FORMS
    if roles & {"chooser", "respondent", "gamer"}:
        found += CHOOSERS
    if "judge" in roles:
        found += ["first", "certain", "flatterer"]
    return tuple(dict.fromkeys([*found, "constant", "insider"]))


def compare(control: str, units: Sequence[Unit], honest: Sequence[Unit], scale: Scale) -> ControlResult:
    """A control's scores beside the honest subject's, paired by persona."""
    from personarium.models.simulated import CONTROLS
    from personarium.stats import mean_interval, paired_t

    own = [unit.measured for unit in units]
    score = mean_interval(own, "persona")
    effect = paired_t(own, [unit.measured for unit in honest], "persona").effect
    verdict = _verdict(score, effect, scale.higher_is_better)
    return ControlResult(f"simulated/{control}", CONTROLS[control], score, effect, verdict, failures_of(units))


def _verdict(score: Estimate, difference: Estimate, higher_is_better: bool | None) -> str:
    if score.value is None or difference.value is None:
        return "not scored"
    if higher_is_better is None:
        return "no direction"
    better = difference.value if higher_is_better else -difference.value
    if better >= 0:
        return "at or above"
    if difference.lo is None or difference.hi is None:  # differences that do not vary are beyond doubt
        return "caught"
    return "not told apart" if difference.lo <= 0 <= difference.hi else "caught"


def find_leak(results: Mapping[str, Sequence[Unit]], scale: Scale, chance: float | None) -> str:
    """Whether the insider, which knows nothing but what its prompt gives away, scores above chance.

    Args:
        results: Control -> its units; ``insider`` and ``constant`` at least.
        scale: Which end is good.
        chance: The score of knowing nothing; None takes the better of the controls ``constant`` and ``generic``.

    Returns:
        One sentence, or "".
    """
    from personarium.stats import mean_interval, paired_t

    insider = [unit.measured for unit in results["insider"]]
    if scale.higher_is_better is None or all(value is None for value in insider):
        return ""
    sign = 1.0 if scale.higher_is_better else -1.0
    if chance is not None:
        gap = mean_interval([None if v is None else v - chance for v in insider], "persona", LEAK_CONFIDENCE)
        against = f"chance ({chance:.3g})"
    else:
        name, values = _ignorant(results, sign)
        if not values:
            return ""
        gap = paired_t(insider, values, "persona", LEAK_CONFIDENCE).effect
        against = f"the control {name}, which knows nothing"
    if gap.value is None or sign * gap.value <= 0:
        return ""
    near = gap.lo if sign > 0 else gap.hi
    if near is not None and sign * near <= 0:
        return ""
    return (
        f"The insider scores {abs(gap.value):.3g} better than {against}: something in the prompt gives the answer away."
    )


def _ignorant(results: Mapping[str, Sequence[Unit]], sign: float) -> tuple[str, list[float | None]]:
    """Whichever of the controls that know nothing does best."""
    best: tuple[str, list[float | None]] = ("", [])
    top = -float("inf")
    for name in ("constant", "generic"):
        values = [unit.measured for unit in results.get(name, ())]
        kept = [value for value in values if value is not None]
        if kept and sign * sum(kept) / len(kept) > top:
            top, best = sign * sum(kept) / len(kept), (name, values)
    return best


def failures_of(units: Sequence[Unit]) -> dict[str, int]:
    """All failures of these units, kind -> count, keys sorted."""
    total: dict[str, int] = {}
    for unit in units:
        for kind, number in unit.failures.items():
            total[kind] = total.get(kind, 0) + number
    return dict(sorted(total.items()))
