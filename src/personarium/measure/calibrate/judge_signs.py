"""What shows in a judge's verdicts without knowing which of them are right.

These are the checks that reports make of their judge (judges/agreement, measure/comparison/judge_checks), brought to one form; a
judge that is bad and shows none of these signs fools the instrument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from personarium.measure.calibrate.rulings import JudgeInstrument, Ruling

UNREAD = 0.2  # measure/gate: with more failures than that nothing is decided
ENOUGH = 10
ALIKE = 0.9  # of the scores; the planted replies are spread over the whole scale
CONFIDENCE = 0.99  # several signs are looked for, and an honest judge should show none


def signs_of(instrument: JudgeInstrument, rulings: Sequence[Ruling]) -> tuple[str, ...]:
    """The signs, each in a few words; empty where nothing is held against the judge."""
    found = (
        _silence(rulings),
        _place(instrument, rulings),
        _orders(instrument, rulings),
        _certainty(rulings),
        _scores(rulings),
    )
    return tuple(sign for sign in found if sign)


def _silence(rulings: Sequence[Ruling]) -> str:
    lost = sum(ruling.outcome is None for ruling in rulings) / max(len(rulings), 1)
    return f"{lost:.0%} of the verdicts cannot be had or read" if lost > UNREAD else ""


def _place(instrument: JudgeInstrument, rulings: Sequence[Ruling]) -> str:
    """The trials have the right answer at every place equally often, so a place that wins more often is a liking for it."""
    from personarium.stats import wilson

    places = [said.first for ruling in rulings for said in ruling.said if said.first is not None]
    share = wilson(sum(places), len(places), "verdict", CONFIDENCE)
    if len(places) < ENOUGH or share.lo is None or share.hi is None or share.lo <= 1 / instrument.shown <= share.hi:
        return ""
    return f"what is shown first wins in {share.value:.0%}"


def _orders(instrument: JudgeInstrument, rulings: Sequence[Ruling]) -> str:
    """Two orders of a judge that reads nothing agree in one half."""
    from personarium.stats import wilson

    both = [{said.right for said in ruling.said} for ruling in rulings if len(ruling.said) > 1]
    agreed = wilson(sum(len(rights) == 1 for rights in both), len(both), "pair", CONFIDENCE)
    if not instrument.both_orders or len(both) < ENOUGH or agreed.lo is None or agreed.lo > 0.5:
        return ""
    return f"its two orders agree in {agreed.value:.0%}, which a coin does in 50 %"


def _certainty(rulings: Sequence[Ruling]) -> str:
    stated = [said.certainty for ruling in rulings for said in ruling.said if said.certainty is not None]
    same = len(stated) >= ENOUGH and len(set(stated)) == 1
    return f"always equally certain ({stated[0]:.0%})" if same else ""


def _scores(rulings: Sequence[Ruling]) -> str:
    given = Counter(score for ruling in rulings for score in ruling.scores or () if score is not None)
    if given.total() < ENOUGH:
        return ""
    score, often = given.most_common(1)[0]
    return f"{often / given.total():.0%} of the replies get {score:g}" if often >= ALIKE * given.total() else ""
