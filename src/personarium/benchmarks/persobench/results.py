"""What PersoBench found: values row by row, both views of failed replies, comparison by row id.

Source: page persobench, steps 6 to 8 and "Works when" 1 and 7 (arXiv 2410.03198).
Differs: a call that was lost, and a label that could not be had, are missing and counted in both views, never the worst value; the published
code knows neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any, Literal, get_args

from personarium.core.errors import UsageError
from personarium.core.results import Failure, count_failures

if TYPE_CHECKING:
    from personarium.benchmarks.persobench.ranking import RankingInput
    from personarium.core.results import Estimate
    from personarium.stats import Comparison

View = Literal["worst", "valid"]
VIEWS: tuple[View, ...] = get_args(View)
WORST: Mapping[str, float] = {"C score": -1.0}  # 0 for all others
ASPECTS: Mapping[str, tuple[str, ...]] = {
    "personalisation": ("C score", "P consistency", "IDF overlap", "Persona distance", "UniEval groundedness"),
    "fluency": (
        "BLEU",
        "ROUGE-1",
        "ROUGE-2",
        "ROUGE-L",
        "METEOR",
        "BERTScore precision",
        "BERTScore recall",
        "BERTScore F1",
        "UniEval naturalness",
        "UniEval understandability",
    ),
    "diversity": ("Dist-1", "Dist-2"),
    "coherence": ("UE score", "UniEval coherence", "UniEval engagingness", "UniEval overall"),
}
METRICS = tuple(metric for metrics in ASPECTS.values() for metric in metrics)
STAND_IN = "stand-in"  # how the name of a scorer begins that stands for a published one
_GROUPS = ("C score, P consistency", "UE score", "Persona distance", "UniEval", "BERTScore")
FORMAT_FAILURES = ("unparsed", "empty", "refused")  # replies that came and are no JSON object with a response


@dataclass(frozen=True)
class RowResult:
    """One row.

    Args:
        id: The row's.
        reply: The cleaned reply; None on failure.
        values: Metric -> value, for metrics that could be had; empty on failure.
        failures: Why there is no reply, or why a metric is missing.
        rescued: The reply was found by the better parser only.
        published: Values that stand at this row only as published, whatever its reply.
        response_seconds: How long the reply took, where it is known.
    """

    id: str
    reply: str | None
    values: Mapping[str, float] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    rescued: bool = False
    published: Mapping[str, float] = field(default_factory=dict)
    response_seconds: float | None = None

    @property
    def malformed(self) -> bool:
        """A reply came, and it is no JSON object with a response."""
        return self.reply is None and any(f.kind in FORMAT_FAILURES for f in self.failures)

    def value(self, metric: str, view: View) -> float | None:
        """The value of one metric; in the view ``worst`` a malformed reply has the worst."""
        if metric in self.published and view == "worst":
            return self.published[metric]
        if self.malformed and view == "worst":
            return WORST.get(metric, 0.0)
        return self.values.get(metric)

    def as_row(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "id": self.id,
            "reply": self.reply,
            "values": dict(self.values),
            "rescued": self.rescued,
            "published": dict(self.published),
            "response_seconds": self.response_seconds,
            "problems": [{**asdict(f), "raw": list(f.raw)} for f in self.failures],
            "failures": count_failures(self.failures),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> RowResult:
        """The inverse of :meth:`as_row`."""
        failures = tuple(Failure(**{**problem, "raw": tuple(problem["raw"])}) for problem in row["problems"])
        known = {name: row[name] for name in ("id", "reply", "values", "rescued", "published", "response_seconds")}
        return cls(**known, failures=failures)


@dataclass(frozen=True)
class PersoBenchResult:
    """One model on one dataset, with or without reasoning.

    Args:
        rows: One entry a row, in order.
        model: Who replied.
        reasoning: Whether a reasoning field was asked for.
        parser: Which cleaning.
        scorers: Metric group -> what measured it; says where a stand-in was used.
        seed: Of the bootstrap.
        faults: Erratum ids that were switched on.
    """

    rows: tuple[RowResult, ...]
    model: str
    reasoning: bool = False
    parser: str = "published"
    scorers: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    faults: frozenset[str] = frozenset()

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that some row has, in the order of their aspects."""
        present = {metric for row in self.rows for metric in row.values}
        return tuple(metric for metric in METRICS if metric in present)

    def label(self, metric: str) -> str:
        """The metric's name for people: one that a stand-in measured says so."""
        group = next((group for group in _GROUPS if metric in group or metric.startswith(group)), "")
        return f"{metric} ({STAND_IN})" if self.scorers.get(group, "").startswith(STAND_IN) else metric

    @property
    def malformed(self) -> int:
        """Replies that came and are no JSON object with a response."""
        return sum(row.malformed for row in self.rows)

    @property
    def rescued(self) -> int:
        """Replies that only the better parser found."""
        return sum(row.rescued for row in self.rows)

    @property
    def failure_ratio(self) -> float | None:
        """Malformed replies of those that came, rounded to 3; lost calls count in neither."""
        came = sum(row.reply is not None or row.malformed for row in self.rows)
        return round(self.malformed / came, 3) if came else None

    @property
    def failures(self) -> tuple[Failure, ...]:
        """All of them, in order."""
        return tuple(failure for row in self.rows for failure in row.failures)

    def values(self, metric: str, view: View = "worst") -> list[float | None]:
        """One value a row.

        Args:
            metric: One of ``METRICS``.
            view: ``worst``: a malformed reply has the worst value, as published; ``valid``: it is missing.

        Raises:
            UsageError: On another metric or view.
        """
        if view not in VIEWS:
            raise UsageError(f"view must be {' or '.join(VIEWS)}, found '{view}'")
        if metric not in METRICS:
            raise UsageError(f"no metric '{metric}'; there are {', '.join(METRICS)}")
        return [row.value(metric, view) for row in self.rows]

    def estimates(self, view: View = "worst") -> dict[str, Estimate]:
        """Mean over rows with a 95 % bootstrap interval over rows."""
        from personarium.stats import bootstrap_mean

        return {metric: bootstrap_mean(self.values(metric, view), "row", seed=self.seed) for metric in self.metrics}

    def table(self, view: View = "worst") -> dict[str, str]:
        """The published cells: mean, plus-minus, population standard deviation, each to 2 digits."""
        found = {}
        for metric in self.metrics:
            values = [value for value in self.values(metric, view) if value is not None]
            found[metric] = f"{fmean(values):.2f} ± {pstdev(values):.2f}" if values else ""
        return found

    def spread(self, metric: str, view: View = "worst") -> float | None:
        """Population standard deviation of a metric over rows."""
        values = [value for value in self.values(metric, view) if value is not None]
        return pstdev(values) if values else None

    def failure_estimate(self) -> Estimate:
        """The share of malformed replies with a Wilson interval."""
        from personarium.stats import wilson

        came = sum(row.reply is not None or row.malformed for row in self.rows)
        return wilson(self.malformed, came, "reply")

    def response_time(self) -> Estimate:
        """Mean seconds of a reply, where they are known."""
        from personarium.stats import bootstrap_mean

        return bootstrap_mean([row.response_seconds for row in self.rows], "row", seed=self.seed)

    def ranking_input(self) -> RankingInput | None:
        """What the ranking takes, with failures as worst; None where one of the four metrics was not measured."""
        from personarium.benchmarks.persobench.ranking import RankingInput

        wanted = ("UE score", "Persona distance", "UniEval groundedness", "C score")
        columns = [[v for v in self.values(metric) if v is not None] for metric in wanted]
        if not set(wanted) <= set(self.metrics) or self.failure_ratio is None:
            return None
        coherence, coverage, groundedness, consistency = (100 * fmean(column) for column in columns)
        return RankingInput(coherence, coverage, groundedness, consistency, self.failure_ratio)

    def as_rows(self) -> list[dict[str, Any]]:
        """JSON-ready rows."""
        return [row.as_row() for row in self.rows]


def compare_results(
    a: PersoBenchResult, b: PersoBenchResult, metric: str, view: View = "worst"
) -> dict[str, Comparison]:
    """Paired t and Wilcoxon signed-rank test of one metric, rows paired by id.

    Args:
        a: First model.
        b: Second model, on the same rows in any order.
        metric: Which.
        view: Of failed replies.

    Returns:
        ``paired t`` and ``Wilcoxon``, whose statistic W is the smaller rank sum.

    Raises:
        UsageError: They have no row in common.
    """
    second = dict(zip((row.id for row in b.rows), b.values(metric, view), strict=True))
    pairs = [
        (value, second[row.id]) for row, value in zip(a.rows, a.values(metric, view), strict=True) if row.id in second
    ]
    if not pairs:
        raise UsageError("the two results have no row in common")
    return paired_tests([x for x, _ in pairs], [y for _, y in pairs])


def paired_tests(a: Sequence[float | None], b: Sequence[float | None]) -> dict[str, Comparison]:
    """Both tests on values that are paired already; zero differences are dropped by Wilcoxon's."""
    from dataclasses import replace

    from personarium.stats import paired_t, wilcoxon_signed_rank

    ranked = wilcoxon_signed_rank(a, b, "row")
    if ranked.statistic is not None:
        moved = sum(x is not None and y is not None and x != y for x, y in zip(a, b, strict=True))
        whole = moved * (moved + 1) / 2
        ranked = replace(ranked, statistic=min(ranked.statistic, whole - ranked.statistic))
    return {"paired t": paired_t(a, b, "row"), "Wilcoxon": ranked}
