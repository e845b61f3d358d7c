"""On Randomness in Agentic Evals: how far a score moves for no reason, and how many runs it takes to believe a change.

One run of a benchmark is one draw. From a table of repeated runs this gives, for each condition, mean and spread of
the run score, pass@k and pass^k; for two conditions their difference with an interval that names its population; and
for plans the runs needed and the smallest difference that can be found. Step numbers are those of the page.

Units: run scores, differences and spreads are on ``config.scale`` (100: points); transcripts are compared by token.

Source: "On Randomness in Agentic Evals", 2026, arXiv 2602.07150; methods/agentic-randomness.md.
Differs: divergence counts from 0 (the paper does not say); the non-central t beside the paper's z formula.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.contract import Row as ResultRow
from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate
from personarium.stats.arrays import Array
from personarium.stats.comparisons import Comparison
from personarium.stats.corrections import holm
from personarium.stats.divergence import DivergenceReport, divergence_of_runs
from personarium.stats.independent import welch_t
from personarium.stats.intervals import mean_interval, nested_bootstrap, two_sided_p
from personarium.stats.outcomes import Outcomes, Row, read_outcomes
from personarium.stats.paired import mcnemar_of
from personarium.stats.passk import PassKTable, pass_k_from_counts
from personarium.stats.power import PlanMethod, RunsNeeded, min_detectable_effect, runs_needed
from personarium.stats.randomness_report import (
    MIXED_TASKS,
    NEW_TASKS,
    SAME_TASKS,
    ConditionComparison,
    ConditionReport,
    Normality,
    RandomnessConfig,
    RandomnessReport,
)

__all__ = [
    "CONTRACT",
    "MIXED_TASKS",
    "NEW_TASKS",
    "SAME_TASKS",
    "ConditionComparison",
    "ConditionReport",
    "Normality",
    "RandomnessConfig",
    "RandomnessReport",
    "summarize",
]

SHAPIRO_MOST = 5_000  # above this many values the p-value of Shapiro-Wilk is no longer accurate (Royston 1995)


def summarize(
    source: str | Path | Iterable[Row] | Outcomes | Sequence[Outcomes], config: RandomnessConfig | None = None
) -> RandomnessReport:
    """Report on a table of repeated runs.

    Args:
        source: An ``outcomes.jsonl`` path, rows with ``condition, task_id, run, success``, or tables already read.
        config: Settings; the paper's if not given.

    Returns:
        The report; the same table and seed give the same one.

    Raises:
        NotFound: If the file does not exist.
        InvalidInput: At the first bad row, or if the baseline is not one of the conditions.
    """
    from personarium import __version__

    settings = config or RandomnessConfig()
    tables = [_with_successes(table, settings) for table in _tables(source)]
    conditions = tuple(_condition(table, settings) for table in tables)
    pairs = _pairs([table.condition for table in tables], settings.baseline)
    compared = [_compare(tables[a], tables[b], conditions[a], conditions[b], settings) for a, b in pairs]
    corrected = holm([found.p for found in compared])
    comparisons = tuple(replace(found, p_holm=p) for found, p in zip(compared, corrected))
    divergence = {table.condition: found for table in tables if (found := _divergence(table)) is not None}
    warnings = [text for table, found in zip(tables, conditions) for text in _warnings(table, found, settings)]
    warnings += [text for found in comparisons for text in _comparison_warnings(found)]
    return RandomnessReport(conditions, comparisons, divergence, settings, tuple(warnings), __version__)


def _condition(table: Outcomes, config: RandomnessConfig) -> ConditionReport:
    scores = table.run_means() * config.scale
    there = scores[~np.isnan(scores)]
    spread = float(there.std(ddof=1)) if there.size > 1 else None  # step 1
    population, envelope = _population(table), _envelope(table, config)
    return ConditionReport(
        condition=table.condition,
        unit=config.unit,
        pass1_mean=float(there.mean()) if there.size else None,
        run_sd=spread,
        run_range=(float(there.min()), float(there.max())) if there.size else None,
        run_sd_is=population,
        run_scores=tuple(None if math.isnan(score) else float(score) for score in scores),
        n_runs=int(there.size),
        n_tasks=sum(n > 0 for n, _ in table.task_counts()),
        missing=table.missing,
        not_run=len(table.tasks) * len(table.runs) - table.success.size,
        ci=_intervals(table, there, population, config),
        pass_at_k={row.k: _scaled(row.pass_at, config.scale) for row in envelope.rows},
        pass_pow_k={row.k: _scaled(row.pass_pow, config.scale) for row in envelope.rows},
        left_out={row.k: row.left_out for row in envelope.rows if row.left_out},
        normality=_normality(there, config.normality_level),
        runs_needed=_plan(spread, there.size, config, "z"),
        runs_needed_t=_plan(spread, there.size, config, "t"),
    )


def _envelope(table: Outcomes, config: RandomnessConfig) -> PassKTable:
    """Steps 2 and 3: pass@k and pass^k up to the largest run count; nothing where outcomes are not 0/1."""
    counts = table.task_counts()
    most = max(n for n, _ in counts)
    if not table.binary or most == 0:
        return PassKTable((), table.missing)
    ks = range(1, min(most, config.max_k or most) + 1)
    return pass_k_from_counts(counts, ks, table.tasks, table.missing, config.confidence)


def _plan(spread: float | None, runs: int, config: RandomnessConfig, method: PlanMethod) -> RunsNeeded | None:
    """Steps 4 and 8, from the pilot's own spread only; None where the pilot is too short or did not vary."""
    if spread is None or _flat(spread, config) or runs < config.min_pilot_runs:
        return None
    return runs_needed(spread, config.delta, config.alpha, config.power, method)


def _detectable(spread: float | None, runs: Sequence[int], config: RandomnessConfig) -> float | None:
    """Step 5; sides of unequal size count by their harmonic mean."""
    if spread is None or _flat(spread, config) or min(runs) < config.min_pilot_runs:
        return None
    return min_detectable_effect(spread, 2 / (1 / runs[0] + 1 / runs[1]), config.alpha, config.power)


def _normality(scores: Array, level: float) -> Normality:
    """Step 6: Shapiro-Wilk on the run scores."""
    from scipy import stats

    n = int(scores.size)
    if n < 3 or np.ptp(scores) <= 1e-12 * float(np.abs(scores).max()):
        return Normality(None, None, n, None, "not defined: fewer than three runs, or runs that do not vary")
    if n > SHAPIRO_MOST:
        return Normality(None, None, n, None, f"not made: p is inaccurate above {SHAPIRO_MOST} runs")
    w, p = (float(x) for x in stats.shapiro(scores))
    return Normality(w, p, n, p >= level)


def _compare(
    table_a: Outcomes, table_b: Outcomes, a: ConditionReport, b: ConditionReport, config: RandomnessConfig
) -> ConditionComparison:
    """Step 7: fixed tasks by Welch on run scores, new tasks by the bootstrap, single runs by McNemar."""
    over_runs = _over_runs(a, b, config)
    fixed = a.run_sd_is == b.run_sd_is == SAME_TASKS and set(table_a.tasks) == set(table_b.tasks)
    anew = a.run_sd_is == b.run_sd_is == NEW_TASKS
    same = over_runs if fixed and over_runs.p is not None else None
    new = over_runs if anew and over_runs.p is not None else _over_tasks(table_a, table_b, config)
    single = _single_runs(table_a, table_b, config)
    head = same or single or new
    spread = _pooled(a.run_sd, b.run_sd) if fixed or anew else None
    runs = (a.n_runs, b.n_runs)
    return ConditionComparison(
        a.condition,
        b.condition,
        head.effect.value,
        (head.effect.lo, head.effect.hi),
        head.p,
        None,
        SAME_TASKS if same else NEW_TASKS,
        same,
        new,
        single,
        _detectable(spread, runs, config),
        _plan(spread, min(runs), config, "z"),
        _plan(spread, min(runs), config, "t"),
    )


def _over_runs(a: ConditionReport, b: ConditionReport, config: RandomnessConfig) -> Comparison:
    found = welch_t(a.run_scores, b.run_scores, "run", config.confidence)
    return replace(found, effect=_about(found.effect, a.run_sd_is))


def _over_tasks(table_a: Outcomes, table_b: Outcomes, config: RandomnessConfig) -> Comparison:
    """Tasks drawn anew, then runs within each; only tasks with outcomes on both sides, the others counted."""
    in_a, in_b = table_a.by_task(), table_b.by_task()
    shared = [task for task in in_a if task in in_b]
    arms = [[side[task] for task in shared] for side in (in_a, in_b)]
    effect, drawn = nested_bootstrap(
        arms, "task", config.draws, config.seed, config.confidence, "mean difference over shared tasks"
    )
    alone = len(in_a) + len(in_b) - 2 * len(shared)
    effect = _about(_scaled(effect, config.scale), NEW_TASKS, {"unshared_tasks": alone} if alone else {})
    if not drawn.size:
        return Comparison(
            "bootstrap over tasks", effect.value, None, None, effect, "not defined: under two shared tasks"
        )
    return Comparison("bootstrap over tasks", effect.value, None, two_sided_p(drawn), effect)


def _single_runs(table_a: Outcomes, table_b: Outcomes, config: RandomnessConfig) -> Comparison | None:
    """Exact McNemar where every task has at most one outcome a side and outcomes are 0/1."""
    in_a, in_b = table_a.by_task(), table_b.by_task()
    shared = [task for task in in_a if task in in_b]
    single = all(side[task].size == 1 for side in (in_a, in_b) for task in shared)
    if not shared or not single or not (table_a.binary and table_b.binary):
        return None
    found = mcnemar_of([in_a[t][0] for t in shared], [in_b[t][0] for t in shared], "task")
    effect = _about(_scaled(found.effect, config.scale), "new tasks, of which one run each was seen")
    return replace(found, effect=effect)


def _divergence(table: Outcomes) -> DivergenceReport | None:
    """Step 9, where at least two runs of a task have transcripts."""
    if not any(len(runs) > 1 for runs in table.transcripts.values()):
        return None
    return divergence_of_runs(table.transcripts, table.token_unit)


def _intervals(table: Outcomes, scores: Array, population: str, config: RandomnessConfig) -> dict[str, Estimate]:
    over_runs = mean_interval(scores, "run", config.confidence, "mean of run scores")
    over_tasks, _ = nested_bootstrap(
        [list(table.by_task().values())], "task", config.draws, config.seed, config.confidence, "mean over tasks"
    )
    return {
        "over_runs": _about(over_runs, population),
        "over_tasks": _about(_scaled(over_tasks, config.scale), NEW_TASKS),
    }


def _population(table: Outcomes) -> str:
    """What the spread of the run scores speaks about, read off which tasks the runs share."""
    appearances, runs = table.tasks_of_runs(), len(table.runs)
    if all(n == runs for n in appearances):
        return SAME_TASKS
    return NEW_TASKS if all(n == 1 for n in appearances) else MIXED_TASKS


def _warnings(table: Outcomes, found: ConditionReport, config: RandomnessConfig) -> Iterable[str]:
    name = found.condition
    if found.n_runs == 0:
        yield f"{name}: all {found.missing} outcomes are missing, so nothing can be said"
        return
    if found.n_runs < config.min_pilot_runs:
        yield (
            f"{name}: {found.n_runs} of the {config.min_pilot_runs} runs that a plan needs: runs needed and the "
            "smallest detectable difference are not given"
        )
    elif found.run_sd is not None and _flat(found.run_sd, config):
        yield f"{name}: the run score did not vary at all (a fixed seed or a cache?), so nothing can be planned from it"
    if found.run_sd_is == MIXED_TASKS:
        yield f"{name}: runs do not cover the same tasks, so the spread of run scores mixes runs and tasks"
    if not found.pass_at_k:
        yield f"{name}: outcomes are not all 0 or 1, so pass@k and pass^k are not given (set success_at)"
    if found.missing:
        yield f"{name}: {found.missing} outcomes are missing and left out of n"


def _comparison_warnings(found: ConditionComparison) -> Iterable[str]:
    if found.p is None:
        yield f"{found.a} and {found.b}: not comparable ({found.new_tasks.note})"
    elif found.speaks_about == NEW_TASKS and found.single_runs is not None:
        yield f"{found.a} and {found.b}: one run a side says nothing about run-to-run spread"


def _tables(source: str | Path | Iterable[Row] | Outcomes | Sequence[Outcomes]) -> list[Outcomes]:
    if isinstance(source, Outcomes):
        return [source]
    if isinstance(source, Sequence) and source and all(isinstance(table, Outcomes) for table in source):
        tables = [table for table in source if isinstance(table, Outcomes)]
        if len({table.condition for table in tables}) != len(tables):
            raise InvalidInput("outcomes", "one table for each condition", [table.condition for table in tables])
        return tables
    return read_outcomes(source)  # type: ignore[arg-type]


def _with_successes(table: Outcomes, config: RandomnessConfig) -> Outcomes:
    if config.success_at is None:
        return table
    judged = np.where(np.isnan(table.success), np.nan, table.success >= config.success_at)
    return replace(table, success=judged)


def _pairs(names: Sequence[str], baseline: str | None) -> list[tuple[int, int]]:
    if baseline is None:
        return list(combinations(range(len(names)), 2))
    if baseline not in names:
        raise InvalidInput("config", f"one of the conditions {list(names)}", baseline, "baseline")
    at = names.index(baseline)
    return [(i, at) for i in range(len(names)) if i != at]


def _pooled(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else math.sqrt((first**2 + second**2) / 2)


def _flat(spread: float, config: RandomnessConfig) -> bool:
    return spread <= 1e-12 * config.scale


def _scaled(found: Estimate, scale: float) -> Estimate:
    value, lo, hi = (None if x is None else x * scale for x in (found.value, found.lo, found.hi))
    return replace(found, value=value, lo=lo, hi=hi)


def _about(found: Estimate, population: str, failures: dict[str, int] | None = None) -> Estimate:
    """The estimate, with the population it speaks about in its method."""
    counted = {**found.failures, **(failures or {})}
    return replace(found, method=f"{found.method}; speaks about {population}", failures=counted)


async def _example(model: ChatModel, seed: int) -> list[ResultRow]:
    """Three conditions of 12 tasks and 6 runs drawn under the seed; the system asks no model."""
    rng = np.random.default_rng(seed)
    rows = [
        {"condition": name, "task_id": f"t{task:02}", "run": run, "success": int(rng.random() < chance)}
        for name, shift in (("plain", 0.0), ("same", 0.0), ("better", 0.3))
        for task, chance in enumerate(np.clip(np.linspace(0, 0.8, 12) + shift, 0, 1))
        for run in range(6)
    ]
    return [_save(summarize(rows, RandomnessConfig(draws=500, seed=seed)))]


def _save(report: RandomnessReport) -> ResultRow:
    missing = sum(found.missing for found in report.conditions)
    return {**report.as_dict(), "id": "report", "failures": {"missing": missing}}


CONTRACT = Contract(example=_example, load=RandomnessReport.from_dict, save=_save)
