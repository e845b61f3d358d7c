"""What is known of the judge of a comparison, from the comparison itself: place, length, contradictions, silence.

Source: DESIGN.md, rules 2 and 5; the liking for a place and for length after the page prometheus.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personarium.core.results import Estimate
from personarium.measure.comparison.contest import Contest, ScoreTable, VerdictTable, pairs_of

if TYPE_CHECKING:
    from personarium.judges.admission import AdmissionRecord
    from personarium.judges.agreement import PositionBias
    from personarium.judges.verdicts import Preference

ENOUGH = 10  # verdicts below which nothing is held against a judge
UNREAD = 0.2  # measure/gate: with more failures than that nothing is decided
LIKED = "the longer reply is preferred"


@dataclass(frozen=True, slots=True)
class JudgeCheck:
    """What the comparison itself shows of its judge.

    Args:
        name: The judge; empty where the scores came without one.
        admission: What was measured of it beforehand, or the empty record.
        position: Liking for a place and agreement of the two orders; None for scores.
        length: Rank correlation of length and score over all replies, or share of decided pairs won by the longer
            reply; None where texts are not known.
        at_equal_length: Pair -> the effect that is left between replies of equal length (regression on the ratio of
            lengths); only pairs whose lengths vary.
        asked: Verdicts asked for.
        read: Verdicts that could be read.
    """

    name: str
    admission: AdmissionRecord | None
    position: PositionBias | None
    length: Estimate | None
    at_equal_length: Mapping[tuple[str, str], Estimate]
    asked: int
    read: int

    @property
    def likes_length(self) -> bool:
        """Whether longer replies do better beyond chance; they may also *be* better."""
        if self.length is None or self.length.lo is None:
            return False
        return self.length.lo > (0.0 if self.position is None else 0.5)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; pairs as ``a minus b``."""
        return {
            "name": self.name,
            "admission": None if self.admission is None else self.admission.as_dict(),
            "position": None if self.position is None else self.position.as_dict(),
            "length": None if self.length is None else self.length.as_dict(),
            "at_equal_length": {f"{a} minus {b}": e.as_dict() for (a, b), e in self.at_equal_length.items()},
            "asked": self.asked,
            "read": self.read,
        }


def check_judge(table: Contest, admission: AdmissionRecord | None, confidence: float) -> JudgeCheck | None:
    """Look at the judge; None where nobody judged and the replies are not known either."""
    if not table.judge and not table.texts and isinstance(table, ScoreTable):
        return None
    if admission is None and table.judge:
        from personarium.judges.admission import unmeasured

        admission = unmeasured(table.judge, table.source)
    if isinstance(table, ScoreTable):
        values = [value for column in table.values.values() for value in column]
        read = sum(value is not None for value in values)
        return JudgeCheck(
            table.judge,
            admission,
            None,
            _length_of_scores(table),
            _at_equal_length(table, confidence),
            len(values),
            read,
        )
    from personarium.judges.agreement import position_bias

    found = [p for p in table.preferences() if p.orders]  # of two equal wordings nobody was asked
    asked = [order for p in found for order in p.orders]
    return JudgeCheck(
        table.judge,
        admission,
        position_bias(found),
        _length_of_verdicts(table, confidence),
        _at_equal_length(table, confidence),
        len(asked),
        sum(order.winner is not None for order in asked),
    )


# --- length ---


def words(text: str) -> int:
    """Length in words."""
    return len(text.split())


def _length_of_scores(table: ScoreTable) -> Estimate | None:
    from personarium.judges.agreement import length_bias

    names = [name for name in table.values if name in table.texts]
    if not names:
        return None
    texts = [text for name in names for text in table.texts[name]]
    return length_bias(texts, [value for name in names for value in table.values[name]])


def _length_of_verdicts(table: VerdictTable, confidence: float) -> Estimate | None:
    from personarium.stats import wilson

    longer = decided = 0
    for (a, b), found in table.verdicts.items():
        if a not in table.texts or b not in table.texts:
            continue
        for preference, first, second in zip(found, table.texts[a], table.texts[b], strict=True):
            won_by_longer = _longer_won(preference, first, second)
            decided += won_by_longer is not None
            longer += won_by_longer is True
    return wilson(longer, decided, "decided pair", confidence) if decided else None


def _longer_won(preference: Preference | None, a: str | None, b: str | None) -> bool | None:
    if preference is None or preference.winner not in ("A", "B") or a is None or b is None or words(a) == words(b):
        return None
    return (preference.winner == "A") == (words(a) > words(b))


def _at_equal_length(table: Contest, confidence: float) -> dict[tuple[str, str], Estimate]:
    found = {}
    for a, b in pairs_of(table.contestants):
        if a in table.texts and b in table.texts:
            left = _left_at_equal_length(*table.pair(a, b), table.texts[a], table.texts[b], table.unit, confidence)
            if left is not None:
                found[a, b] = left
    return found


def _left_at_equal_length(
    first: Sequence[float | None],
    second: Sequence[float | None],
    texts_a: Sequence[str | None],
    texts_b: Sequence[str | None],
    unit: str,
    confidence: float,
) -> Estimate | None:
    """Intercept of the difference on log2 of the ratio of lengths; None with fewer than ten items or equal lengths."""
    from scipy import stats

    rows = [
        (x - y, math.log2((words(s) + 1) / (words(t) + 1)))
        for x, y, s, t in zip(first, second, texts_a, texts_b, strict=True)
        if x is not None and y is not None and s is not None and t is not None
    ]
    if len(rows) < ENOUGH or len({ratio for _, ratio in rows}) < 3:
        return None
    line = stats.linregress([ratio for _, ratio in rows], [difference for difference, _ in rows])
    half = float(stats.t.ppf((1 + confidence) / 2, len(rows) - 2) * line.intercept_stderr)
    value = float(line.intercept)
    method = "difference at equal length, linear in log2 of the ratio of words"
    return Estimate(value, value - half, value + half, len(rows), unit, method, confidence)


# --- what is held against it ---


def judge_refusals(check: JudgeCheck | None, table: Contest) -> list[str]:
    """Why nothing of what this judge says may name a winner; each begins with the judge's name."""
    if check is None:
        return []
    who = f"the judge {check.name}" if check.name else "whoever gave the scores"
    if check.asked and not check.read:
        return [f"{who} gave no verdict that could be read, of {check.asked} that were wanted"]
    found = _silence(check, who) if check.name else []
    if isinstance(table, VerdictTable):
        return [*found, *_of_verdicts(check, table, who)]
    values = {value for column in table.values.values() for value in column if value is not None}
    if len(values) == 1 and check.read >= ENOUGH:
        found.append(f"{who} gave every reply the same score ({next(iter(values)):g}) and tells nothing apart")
    return found


def _silence(check: JudgeCheck, who: str) -> list[str]:
    unread = 1 - check.read / check.asked if check.asked else 0.0
    return [f"{who} could not be read in {unread:.0%} of its verdicts"] if unread > UNREAD else []


def _of_verdicts(check: JudgeCheck, table: VerdictTable, who: str) -> list[str]:
    place = check.position
    assert place is not None
    winners = [p.winner for p in table.preferences() if p.winner is not None]
    found = []
    if place.consistent.n >= ENOUGH and place.consistent.hi is not None and place.consistent.hi < 0.5:
        said = place.first_wins.value
        where = "" if said is None else f" (the response shown first wins {said:.0%})"
        kept = f"{place.consistent.value:.0%}"
        found.append(f"{who} contradicts itself when the order is turned: only {kept} of the pairs agree{where}")
    elif len(winners) >= ENOUGH and set(winners) == {"tie"}:
        found.append(f"{who} gave ties only, {len(winners)} of them")
    if not place.balanced and place.first_wins.n >= ENOUGH:
        found.append(f"{who} was shown the pairs in one order only, so that a liking for a place cannot be seen")
    return found


def judge_warnings(check: JudgeCheck | None, leader: str, table: Contest) -> list[str]:
    """What a reader must know of the judge although a winner may be named."""
    if check is None:
        return []
    found = []
    if check.admission is not None and not check.admission.admitted:
        found.append(check.admission.statement)
    place = check.position
    if place is not None:
        if place.flagged:
            found.append(f"the judge likes a place: the response shown first wins {place.first_wins}")
        if place.consistent.n >= ENOUGH and place.consistent.lo is not None and place.consistent.lo <= 0.5:
            found.append(
                f"the two orders agree in {place.consistent} of the pairs, which a coin may do: "
                "either the pairs are equal, or the judge cannot tell them apart"
            )
    if check.likes_length and _leader_is_longest(leader, table):
        found.append(
            f"{LIKED} ({check.length}), and {leader} writes the longest replies: see the effect at equal length"
        )
    return found


def _leader_is_longest(leader: str, table: Contest) -> bool:
    lengths = {name: mean_words(table, name) for name in table.contestants}
    own = lengths.get(leader)
    return own is not None and all(own >= (other or 0.0) for other in lengths.values())


def mean_words(table: Contest, name: str) -> float | None:
    """Mean length of a contestant's replies in words; None where they are not known."""
    found = [words(text) for text in table.texts.get(name, ()) if text is not None]
    return sum(found) / len(found) if found else None
