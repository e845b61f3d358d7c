"""The comparison: per-item scores or verdicts in, a statement that survives a referee out.

For every pair a paired test over the items both answered (over groups of items where items are not independent), Holm's
correction over the pairs, and what would settle an open one. The best is found only where it beats *each* of the others:
an intersection-union test, which needs no correction; for any one contestant the chance to be called best although another
is as good is at most 1 - confidence. Then the same decision is tried on resampled items and on contestants that were made equal.

Source: standard statistics (:mod:`personarium.stats`); Berger (1982) for the intersection-union test; Holm (1979).
Units: differences are in points of the scale; the unit of analysis is named in every estimate.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from personarium.core.errors import UsageError
from personarium.core.results import Estimate
from personarium.measure.comparison.contest import Contest, ScoreTable, VerdictTable, pairs_of
from personarium.measure.comparison.judge_checks import check_judge, judge_refusals, judge_warnings, mean_words
from personarium.measure.comparison.planning import Settle, settle
from personarium.measure.comparison.resampling import Differences, control_of, leading_shares
from personarium.measure.comparison.result import AgentComparison, Control, Disagreement, PairResult, Standing
from personarium.measure.comparison.units import Units
from personarium.stats.comparisons import Comparison

if TYPE_CHECKING:
    from personarium.judges.admission import AdmissionRecord

FEW = 10  # units below which an interval is hardly to be trusted
LOST = 0.2  # measure/gate: with more failures than that nothing is decided
DIFFERENCE = 0.05  # of the scale's range: .05 for shares, .2 for 1 to 5 points


@dataclass(frozen=True)
class ComparisonConfig:
    """How the comparison is made.

    Args:
        confidence: Of intervals and of the decision; 1 - confidence is the level of the tests.
        power: Chance to find a difference, for planning.
        difference: The smallest difference that matters, in points; None: 5 % of the scale's range.
        most_missing: Share of the items that may lack a score; beyond it no winner is named.
        copies: Resampled item sets, and equal copies a pair, of the control.
        worst: Items shown on which contestants are furthest apart.
        seed: Of the resampling.
    """

    confidence: float = 0.95
    power: float = 0.8
    difference: float | None = None
    most_missing: float = LOST
    copies: int = 2_000
    worst: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.5 < self.confidence < 1 or not 0.5 <= self.power < 1:
            raise UsageError("confidence and power must lie between 0.5 and 1")
        if self.difference is not None and not self.difference > 0:
            raise UsageError(f"the smallest difference that matters must be above 0, found {self.difference:g}")
        if self.copies < 1 or self.worst < 0 or not 0 <= self.most_missing < 1:
            raise UsageError("copies must be at least 1, worst at least 0, most_missing from 0 to below 1")

    @property
    def alpha(self) -> float:
        """Level of the tests."""
        return 1 - self.confidence


def compare_agents(
    table: Contest, config: ComparisonConfig = ComparisonConfig(), *, admission: AdmissionRecord | None = None
) -> AgentComparison:
    """Say which contestant is better, and how sure that is.

    Args:
        table: Scores of every contestant on the same items, or verdicts between them.
        config: Confidence, power, what is shown.
        admission: What was measured of the judge beforehand; without it the report says "not admitted".

    Returns:
        The comparison. ``refusals`` says why no winner may be named (a judge that follows the place, ties only, too much
        missing); the figures are given all the same.

    Raises:
        UsageError: The scale has no better end.
    """
    if table.scale.higher_is_better is None:
        raise UsageError("nobody is better on a scale without a better end")
    units = Units(table)
    pairs = _corrected(table, units, pairs_of(table.contestants), config)
    against = _corrected(table, units, [(c, b) for c in table.contestants for b in sorted(table.baselines)], config)
    standings = _standings(table, units, config)
    leader = standings[0].name
    control = control_of(_differences(table, units, leader), leader, config.alpha, config.copies, config.seed)
    judge = check_judge(table, admission, config.confidence)
    refusals = (*judge_refusals(judge, table), *_table_refusals(table, pairs, config))
    best = leader if not refusals and _beats_all(leader, table, units, config) else None
    return AgentComparison(
        standings=standings,
        pairs=pairs,
        against_baselines=against,
        best=best,
        control=control,
        judge=judge,
        worst=_worst(table, config.worst),
        refusals=refusals,
        warnings=(
            *_table_warnings(pairs, against, standings, table.reason if isinstance(table, ScoreTable) else ""),
            *_control_warnings(control, config),
            *judge_warnings(judge, leader, table),
        ),
        savings=table.savings,
        scale=table.scale,
        source=table.source,
        confidence=config.confidence,
        items=len(table.items),
    )


# --- pairs ---


def _corrected(
    table: Contest, units: Units, pairs: Sequence[tuple[str, str]], config: ComparisonConfig
) -> tuple[PairResult, ...]:
    from personarium.stats import holm, paired_t

    columns = [table.pair(a, b) for a, b in pairs]
    tests = [paired_t(*units.paired(*column), units.name, config.confidence) for column in columns]
    adjusted = holm([_p(test) for test in tests])
    return tuple(
        _pair(table, units, pair, column, test, p, config)
        for pair, column, test, p in zip(pairs, columns, tests, adjusted, strict=True)
    )


def _p(test: Comparison) -> float | None:
    """The p-value; where every unit shows the same difference, by the signs: 2 / 2^n, and 1 for no difference at all."""
    if test.p is not None or test.effect.value is None:
        return test.p
    return 1.0 if test.effect.value == 0 else min(1.0, 2.0 ** (1 - test.effect.n))


def _pair(
    table: Contest,
    units: Units,
    pair: tuple[str, str],
    column: tuple[Sequence[float | None], Sequence[float | None]],
    test: Comparison,
    adjusted: float | None,
    config: ComparisonConfig,
) -> PairResult:
    a, b = pair
    effect = test.effect.value
    different = adjusted is not None and adjusted < config.alpha and effect is not None
    better = None if not different or effect is None else a if units.sign * effect > 0 else b
    missing = sum(x is None or y is None for x, y in zip(*column, strict=True))
    return PairResult(
        a,
        b,
        test,
        adjusted,
        better,
        missing / len(table.items),
        _if_worst(table, *column) if missing else None,
        _settle(test, config, table, better is not None),
    )


def _if_worst(table: Contest, first: Sequence[float | None], second: Sequence[float | None]) -> float:
    """Mean difference when every missing score is the worst there is; a comparison without a verdict is nobody's."""
    if isinstance(table, VerdictTable):
        kept = [x - y for x, y in zip(first, second, strict=True) if x is not None and y is not None]
        return sum(kept) / len(first)
    worst = table.scale.lo if table.scale.higher_is_better else table.scale.hi
    filled = [(worst if x is None else x) - (worst if y is None else y) for x, y in zip(first, second, strict=True)]
    return sum(filled) / len(filled)


def _settle(test: Comparison, config: ComparisonConfig, table: Contest, decided: bool) -> Settle | None:
    effect = test.effect
    if effect.value is None or test.statistic is None or not test.statistic:
        spread = _spread_from_interval(effect, config.confidence)
    else:
        spread = abs(effect.value / test.statistic) * math.sqrt(effect.n)
    scale = table.scale
    # A verdict is worth 1 to one side and -1 to the other, so differences have twice the range of the shares.
    width = (scale.hi - scale.lo) * (2 if isinstance(table, VerdictTable) else 1)
    difference = config.difference or DIFFERENCE * width
    return settle(
        spread, effect.value or 0.0, effect.n, difference, decided=decided, alpha=config.alpha, power=config.power
    )


def _spread_from_interval(effect: Estimate, confidence: float) -> float:
    from scipy import stats

    if effect.lo is None or effect.hi is None or effect.n < 2:
        return 0.0
    half = (effect.hi - effect.lo) / 2
    return float(half / stats.t.ppf((1 + confidence) / 2, effect.n - 1) * math.sqrt(effect.n))


# --- the best ---


def _differences(table: Contest, units: Units, leader: str) -> Differences:
    """What the leader is ahead of each rival, a column a rival (positive is better); units that lack one are left out."""
    import numpy as np

    rivals = [name for name in table.contestants if name != leader]
    columns = []
    for rival in rivals:
        own, other = units.paired(*table.pair(leader, rival))
        columns.append(units.sign * (own - other))
    matrix = np.stack(columns, axis=1)
    return Differences(tuple(rivals), matrix)


def _beats_all(leader: str, table: Contest, units: Units, config: ComparisonConfig) -> bool:
    """Whether the leader beats each of the others, one-sided: an intersection-union test."""
    from personarium.stats import paired_t

    for rival in table.contestants:
        if rival == leader:
            continue
        test = paired_t(*units.paired(*table.pair(leader, rival)), units.name)
        p = _p(test)
        ahead = test.effect.value is not None and units.sign * test.effect.value > 0
        if not ahead or p is None or p / 2 >= config.alpha:
            return False
    return True


def _standings(table: Contest, units: Units, config: ComparisonConfig) -> tuple[Standing, ...]:
    from personarium.stats import mean_interval

    columns = table.values
    means = {name: mean_interval(units.means(columns[name]), units.name, config.confidence) for name in columns}
    leads = leading_shares(
        {name: units.sign * units.means(columns[name]) for name in table.contestants}, config.copies, config.seed
    )

    def rank(name: str) -> tuple[bool, float]:
        value = means[name].value
        return (name in table.baselines, math.inf if value is None else -units.sign * value)

    return tuple(
        Standing(
            name,
            means[name],
            leads.get(name),
            dict(table.failures.get(name, {})),
            mean_words(table, name),
            name in table.baselines,
        )
        for name in sorted(columns, key=rank)
    )


# --- what speaks against it ---


def _table_refusals(table: Contest, pairs: Sequence[PairResult], config: ComparisonConfig) -> list[str]:
    found = []
    for name in table.contestants:
        column = table.values[name]
        missing = sum(value is None for value in column)
        if missing == len(column):
            found.append(f"{name} has no score at all")
        elif missing > config.most_missing * len(column):
            found.append(f"{name} has no score on {missing} of {len(column)} items")
    if not found and all(pair.test.effect.value is None for pair in pairs):
        found.append("no item has a score of two contestants")
    elif not found and isinstance(table, ScoreTable) and all(_never_differ(table, pair) for pair in pairs):
        found.append("the contestants have the same score on every item: ties only")
    return found


def _never_differ(table: ScoreTable, pair: PairResult) -> bool:
    both = zip(*table.pair(pair.a, pair.b), strict=True)
    return all(x == y for x, y in both if x is not None and y is not None)


def _table_warnings(
    pairs: Sequence[PairResult],
    against: Sequence[PairResult],
    standings: Sequence[Standing],
    reason: str,
) -> list[str]:
    found = []
    few = min((pair.test.effect.n for pair in pairs), default=0)
    if few < FEW:
        found.append(
            f"only {few} {pairs[0].test.effect.unit}s are compared: intervals of so few are hardly to be trusted"
        )
    for pair in pairs:
        if pair.if_missing_worst is not None and pair.test.effect.value is not None:
            turned = pair.if_missing_worst * pair.test.effect.value < 0
            if turned:
                found.append(
                    f"{pair.a} against {pair.b}: {pair.share_missing:.0%} of the items lack a score, and the difference "
                    f"turns round ({pair.test.effect.value:+.3g} to {pair.if_missing_worst:+.3g}) when these count as the worst"
                )
    missing = {standing.name: standing.mean.failures.get("missing", 0) for standing in standings}
    if any(missing.values()) and not any("turns round" in text for text in found):
        told = ", ".join(f"{name} {count}" for name, count in missing.items() if count)
        why = f", mostly: {reason}" if reason else ""
        found.append(f"scores are missing ({told}){why}; a pair counts only where both have one")
    return [*found, *_baseline_warnings(against)]


def _control_warnings(control: Control, config: ComparisonConfig) -> list[str]:
    called = control.equal_called_different
    if called is None or called <= 2 * config.alpha:
        return []
    return [
        f"on scores like these, contestants that are equal are called different in {called:.0%} of the cases, "
        f"not in {config.alpha:.0%}: more items are needed before the verdicts mean what they say"
    ]


def _baseline_warnings(against: Sequence[PairResult]) -> list[str]:
    return [
        f"{pair.a} is not better than the baseline {pair.b} ({pair.test.effect})"
        for pair in against
        if pair.better != pair.a and pair.test.effect.value is not None
    ]


# --- the worst disagreements ---


def _worst(table: Contest, number: int) -> tuple[Disagreement, ...]:
    apart = (
        (-abs(x - y), k, a, b, x, y)
        for a, b in pairs_of(table.contestants)
        for k, (x, y) in enumerate(zip(*table.pair(a, b), strict=True))
        if x is not None and y is not None and x != y
    )
    return tuple(_disagreement(table, *row[1:]) for row in heapq.nsmallest(number, apart))


def _disagreement(table: Contest, k: int, a: str, b: str, x: float, y: float) -> Disagreement:
    if (x < y) == bool(table.scale.higher_is_better):
        a, b, x, y = b, a, y, x
    texts = table.texts
    return Disagreement(
        table.items[k].id,
        table.items[k].prompt,
        a,
        b,
        x,
        y,
        texts[a][k] if a in texts else None,
        texts[b][k] if b in texts else None,
        _feedback(table, k, a, b),
    )


def _feedback(table: Contest, k: int, a: str, b: str) -> str:
    if isinstance(table, ScoreTable):
        return ""
    column = table.verdicts.get((a, b)) or table.verdicts.get((b, a))
    found = column[k] if column else None
    return "" if found is None else "\n\n".join(words for words in found.feedback if words)
