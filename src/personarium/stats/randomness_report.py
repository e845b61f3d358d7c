"""The records of a randomness report: one a condition, one a comparison; they save as summary.json and load again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, NotFound
from personarium.core.results import Estimate
from personarium.stats.arrays import checked_share
from personarium.stats.comparisons import Comparison
from personarium.stats.divergence import DivergenceReport
from personarium.stats.power import RunsNeeded

SAME_TASKS = "new runs of the same tasks"
NEW_TASKS = "new runs of new tasks"
MIXED_TASKS = "new runs of partly new tasks"


@dataclass(frozen=True, slots=True)
class RandomnessConfig:
    """Settings of a randomness report; defaults are the paper's.

    Args:
        alpha: Two-sided level of plans.
        power: Power of plans.
        delta: Difference that plans should find, on the report's scale (paper: 2 points).
        scale: What a task solved every time counts; 100 gives the paper's points.
        confidence: Coverage of all intervals.
        draws: Draws of the bootstrap over tasks.
        seed: Its seed.
        min_pilot_runs: Runs a condition needs before its spread is used in a plan (page, "Traps").
        normality_level: Shapiro-Wilk p from which run scores count as normal.
        max_k: Largest k of pass@k; None goes up to the largest run count.
        success_at: Outcomes of at least this count as success; None takes them as they are (then pass@k needs 0/1).
        baseline: Condition all others are compared with; None compares every pair.
    """

    alpha: float = 0.05  # page, step 4
    power: float = 0.8  # page, step 4
    delta: float = 2.0  # page, "Published figures": 9 runs for 2 points
    scale: float = 100.0  # page, "Traps": points on a 0-100 scale
    confidence: float = 0.95
    draws: int = 10_000  # page, step 7
    seed: int = 0
    min_pilot_runs: int = 5  # page, "Traps"
    normality_level: float = 0.05  # page, step 6
    max_k: int | None = None
    success_at: float | None = None
    baseline: str | None = None

    def __post_init__(self) -> None:
        checked_share(self.alpha, "alpha")
        checked_share(self.power, "power")
        checked_share(self.confidence, "confidence")
        if not 0 < self.delta <= self.scale:
            raise InvalidInput(
                "config", f"a difference above 0 and at most the scale, {self.scale}", self.delta, "delta"
            )
        if self.draws < 1 or (self.max_k is not None and self.max_k < 1) or self.min_pilot_runs < 2:
            found = (self.draws, self.max_k, self.min_pilot_runs)
            raise InvalidInput("config", "draws and max_k of at least 1, min_pilot_runs of at least 2", found)

    @property
    def unit(self) -> str:
        """Name of the scale in tables."""
        return {100.0: "points", 1.0: "share"}.get(self.scale, f"of {self.scale:g}")


@dataclass(frozen=True, slots=True)
class Normality:
    """Shapiro-Wilk on the run scores; without p where it cannot be made (``note`` says why)."""

    w: float | None
    p: float | None
    n: int
    passed: bool | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ConditionReport:
    """What repeated runs say about one condition; scores are in ``unit``.

    Args:
        condition: Its name.
        unit: ``points`` or ``share``.
        pass1_mean: Mean of the run scores.
        run_sd: Their standard deviation (n-1); None below two runs.
        run_range: Least and greatest run score.
        run_sd_is: What the spread of the run scores speaks about: runs over one fixed set of tasks, or runs that
            each drew their own tasks.
        run_scores: pass@1 of each run, None for a run without outcomes.
        n_runs: Runs with outcomes.
        n_tasks: Tasks with outcomes.
        missing: Outcomes that were null.
        not_run: Cells of the task x run table without a row (allowed; tasks may have fewer runs).
        ci: ``over_runs`` (t interval of the mean run score) and ``over_tasks`` (bootstrap of tasks, then runs);
            each method text says which population it speaks about.
        pass_at_k: For each k the estimate over tasks with at least k outcomes; empty where outcomes are not 0/1.
        pass_pow_k: The same for pass^k.
        left_out: For each k the tasks with fewer than k outcomes, if there are any.
        normality: Shapiro-Wilk on the run scores.
        runs_needed: Runs a side for the configured difference at this condition's spread (z formula).
        runs_needed_t: The same by the non-central t, right for few runs.
    """

    condition: str
    unit: str
    pass1_mean: float | None
    run_sd: float | None
    run_range: tuple[float, float] | None
    run_sd_is: str
    run_scores: tuple[float | None, ...]
    n_runs: int
    n_tasks: int
    missing: int
    not_run: int
    ci: Mapping[str, Estimate]
    pass_at_k: Mapping[int, Estimate]
    pass_pow_k: Mapping[int, Estimate]
    left_out: Mapping[int, tuple[str, ...]]
    normality: Normality
    runs_needed: RunsNeeded | None
    runs_needed_t: RunsNeeded | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        estimates = {
            name: {str(key): value.as_dict() for key, value in getattr(self, name).items()}
            for name in ("ci", "pass_at_k", "pass_pow_k")
        }
        return {
            **asdict(self),
            **estimates,
            "run_range": None if self.run_range is None else list(self.run_range),
            "run_scores": list(self.run_scores),
            "left_out": {str(k): list(tasks) for k, tasks in self.left_out.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ConditionReport:
        """Load what :meth:`as_dict` gave."""
        return cls(
            **{
                **data,
                "run_range": None if data["run_range"] is None else tuple(data["run_range"]),
                "run_scores": tuple(data["run_scores"]),
                "ci": {name: Estimate(**value) for name, value in data["ci"].items()},
                "pass_at_k": {int(k): Estimate(**value) for k, value in data["pass_at_k"].items()},
                "pass_pow_k": {int(k): Estimate(**value) for k, value in data["pass_pow_k"].items()},
                "left_out": {int(k): tuple(tasks) for k, tasks in data["left_out"].items()},
                "normality": Normality(**data["normality"]),
                "runs_needed": _plan(data["runs_needed"]),
                "runs_needed_t": _plan(data["runs_needed_t"]),
            }
        )


@dataclass(frozen=True, slots=True)
class ConditionComparison:
    """Two conditions set against each other.

    Args:
        a: First condition.
        b: Second condition.
        delta: Difference a - b of the headline test, in the report's unit.
        ci: Its interval.
        p: Its two-sided p.
        p_holm: The same corrected over all comparisons of the report.
        speaks_about: The population of the headline, which is the first of ``same_tasks``, ``single_runs`` and
            ``new_tasks`` that could be made.
        same_tasks: Welch t on run scores; only where both ran the same fixed tasks at least twice.
        new_tasks: Paired bootstrap over shared tasks, then runs (Welch where each run drew its own tasks).
        single_runs: Exact McNemar, where each task has one outcome a side.
        mde: Smallest difference these runs would find (z formula).
        runs_needed: Runs a side for the configured difference, at the pooled spread (z formula).
        runs_needed_t: The same by the non-central t.
    """

    a: str
    b: str
    delta: float | None
    ci: tuple[float | None, float | None]
    p: float | None
    p_holm: float | None
    speaks_about: str
    same_tasks: Comparison | None
    new_tasks: Comparison
    single_runs: Comparison | None
    mde: float | None
    runs_needed: RunsNeeded | None
    runs_needed_t: RunsNeeded | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        tests = {
            name: None if getattr(self, name) is None else getattr(self, name).as_dict()
            for name in ("same_tasks", "new_tasks", "single_runs")
        }
        return {**asdict(self), **tests, "ci": list(self.ci)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ConditionComparison:
        """Load what :meth:`as_dict` gave."""
        tests = {
            name: None if data[name] is None else Comparison.from_dict(data[name])
            for name in ("same_tasks", "new_tasks", "single_runs")
        }
        plans = {name: _plan(data[name]) for name in ("runs_needed", "runs_needed_t")}
        return cls(**{**data, **tests, **plans, "ci": tuple(data["ci"])})


@dataclass(frozen=True, slots=True)
class RandomnessReport:
    """Everything a table of repeated runs says; ``warnings`` names what could not be said.

    Args:
        conditions: One report a condition.
        comparisons: One a pair.
        divergence: For each condition with transcripts, where its runs part.
        config: The settings.
        warnings: Sentences for the reader.
        version: Version of the package that made it.
        method: Slug of the system.
    """

    conditions: tuple[ConditionReport, ...]
    comparisons: tuple[ConditionComparison, ...]
    divergence: Mapping[str, DivergenceReport]
    config: RandomnessConfig
    warnings: tuple[str, ...] = ()
    version: str = ""
    method: str = field(default="agentic-randomness")

    def as_dict(self) -> dict[str, Any]:
        """The document of summary.json."""
        return {
            "method": self.method,
            "version": self.version,
            "config": asdict(self.config),
            "conditions": [condition.as_dict() for condition in self.conditions],
            "comparisons": [comparison.as_dict() for comparison in self.comparisons],
            "divergence": {name: found.as_dict() for name, found in self.divergence.items()},
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RandomnessReport:
        """Load what :meth:`as_dict` gave.

        Raises:
            InvalidInput: If the document is not such a report.
        """
        try:
            return cls(
                tuple(ConditionReport.from_dict(entry) for entry in data["conditions"]),
                tuple(ConditionComparison.from_dict(entry) for entry in data["comparisons"]),
                {name: DivergenceReport(**found) for name, found in data["divergence"].items()},
                RandomnessConfig(**data["config"]),
                tuple(data["warnings"]),
                data["version"],
                data["method"],
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InvalidInput("summary", "a randomness report as written by `save`", str(error)) from error

    def save(self, path: str | Path) -> None:
        """Write summary.json."""
        text = json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> RandomnessReport:
        """Read summary.json.

        Raises:
            NotFound: If there is no such file.
            InvalidInput: If it is not a randomness report.
        """
        if not Path(path).is_file():
            raise NotFound(f"no summary at {path}")
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise InvalidInput(str(path), "a JSON document", str(error)) from error
        return cls.from_dict(data)


def _plan(data: Mapping[str, Any] | None) -> RunsNeeded | None:
    return None if data is None else RunsNeeded(**data)
