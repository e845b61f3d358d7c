"""What ratings come to: likability, its course, coverage, the unpleasant tail, correlations; intervals resample profiles.

Source: likebench page, steps 6 and 7, "Works when" 7 and 8, Traps. A table can be made from a file of ratings alone, whoever made
them. Units: one profile; turns of one profile are not independent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

from personarium.benchmarks.likebench.aggregation import (
    Course,
    Order,
    check_order,
    course,
    likability,
    mean,
    turn_score,
)
from personarium.benchmarks.likebench.metrics import metric_names, metric_table
from personarium.benchmarks.likebench.ratings import Rating
from personarium.core.errors import InvalidInput
from personarium.core.results import Estimate

if TYPE_CHECKING:
    from personarium.stats import Comparison

LIKABILITY, SLOPE, FIT, TENTH = (
    "Likability",
    "Improvement a session",
    "Steadiness of the improvement, R²",
    "10th percentile of turns",
)
APPLIES = frozenset({"rated", "na", "overruled"})  # every other status is a rating that is missing
CORRELATION_DRAWS = 500  # of each of the 21 pairs


@dataclass(frozen=True, slots=True)
class TurnValue:
    """The score of one turn, None where nothing applied."""

    profile: str
    session: int
    turn: int
    value: float | None


@dataclass(frozen=True)
class RatingTable:
    """The ratings of one model.

    Args:
        ratings: In any order; one model.
        order: How turns, sessions and profiles are averaged.
        seed: Of the bootstrap.

    Raises:
        UsageError: On an unknown order.
        InvalidInput: Ratings of several models.
    """

    ratings: tuple[Rating, ...]
    order: Order = "sessions"
    seed: int = 0

    def __post_init__(self) -> None:
        check_order(self.order)
        models = sorted({rating.model for rating in self.ratings})
        if len(models) > 1:
            raise InvalidInput("ratings", "the ratings of one model", ", ".join(models), "model")

    @cached_property
    def _turns(self) -> dict[tuple[str, int, int], dict[str, Rating]]:
        found: dict[tuple[str, int, int], dict[str, Rating]] = {}
        for rating in self.ratings:
            found.setdefault((rating.profile_id, rating.session, rating.turn), {})[rating.metric] = rating
        return dict(sorted(found.items()))

    @cached_property
    def profiles(self) -> tuple[str, ...]:
        """Whose ratings these are."""
        return tuple(sorted({rating.profile_id for rating in self.ratings}))

    @cached_property
    def sessions(self) -> int:
        """The highest number of a session."""
        return max((rating.session for rating in self.ratings), default=0)

    def scores(self, profile: str) -> dict[int, dict[int, dict[str, int | None]]]:
        """scores[session][turn][metric] of one profile; None is NA or missing."""
        out: dict[int, dict[int, dict[str, int | None]]] = {}
        for (who, session, turn), rated in self._turns.items():
            if who == profile:
                out.setdefault(session, {})[turn] = {name: rating.score for name, rating in rated.items()}
        return out

    def turn_values(self, metric: str | None = None) -> list[TurnValue]:
        """The score of every turn, of one metric or over all that apply."""
        names = metric_names() if metric is None else (metric,)
        return [
            TurnValue(*key, turn_score(rated[name].score for name in names if name in rated))
            for key, rated in self._turns.items()
        ]

    def session_values(self, metric: str | None = None) -> dict[str, list[list[float | None]]]:
        """Profile -> turn scores of each session, the first session first; a session that was not held is empty."""
        out: dict[str, list[list[float | None]]] = {p: [[] for _ in range(self.sessions)] for p in self.profiles}
        for turn in self.turn_values(metric):
            out[turn.profile][turn.session - 1].append(turn.value)
        return out

    def profile_values(self, metric: str | None = None) -> dict[str, float | None]:
        """Likability of each profile's talks."""
        return {p: likability(sessions, self.order) for p, sessions in self.session_values(metric).items()}

    def session_means(self, metric: str | None = None) -> list[float | None]:
        """The mean over profiles of each session's mean."""
        by_profile = [[mean(s) for s in sessions] for sessions in self.session_values(metric).values()]
        return [mean(column) for column in zip(*by_profile, strict=True)]

    def session_estimates(self, metric: str | None = None) -> list[Estimate]:
        """The session means with their intervals over profiles."""
        from personarium.stats import bootstrap_mean

        by_profile = [[mean(s) for s in sessions] for sessions in self.session_values(metric).values()]
        columns = zip(*by_profile, strict=True)
        return [bootstrap_mean([v for v in c if v is not None], "profile", seed=self.seed) for c in columns]

    def course(self, metric: str | None = None) -> Course:
        """The straight line through the session means."""
        return course(self.session_means(metric))

    # --- estimates ---

    def estimate(self, metric: str | None = None) -> Estimate:
        """Likability, of one metric or over all, with an interval over profiles."""
        from personarium.stats import bootstrap_mean

        if self.order == "pooled":
            turns = [turn for turn in self.turn_values(metric) if turn.value is not None]
            found = bootstrap_mean([t.value for t in turns], "profile", [t.profile for t in turns], seed=self.seed)
        else:
            values = [value for value in self.profile_values(metric).values() if value is not None]
            found = bootstrap_mean(values, "profile", seed=self.seed)
        how = "turns averaged within a session first" if self.order == "sessions" else "all turns alike"
        return replace(found, method=f"{found.method}, {how}", failures=self.missing(metric))

    def course_estimates(self, metric: str | None = None) -> tuple[Estimate, Estimate]:
        """Improvement rate and its fit, with intervals over profiles."""
        import numpy as np

        from personarium.stats import bootstrap

        rows = [[mean(s) for s in sessions] for sessions in self.session_values(metric).values()]
        matrix = np.array(rows, dtype=np.float64).reshape(len(rows), self.sessions)
        return tuple(  # type: ignore[return-value]
            bootstrap(
                matrix,
                lambda table, part=part: getattr(_course_of(table), part),
                "profile",
                seed=self.seed,
                name=f"{name} of a line through the session means",
                failures=self.missing(metric),
            )
            for part, name in (("slope", "slope"), ("r_squared", "R²"))
        )

    def tenth_percentile(self) -> Estimate:
        """The turn score below which a tenth of the turns lies (linear interpolation): what a mean hides."""
        import numpy as np

        from personarium.stats import bootstrap

        turns = [turn for turn in self.turn_values() if turn.value is not None]
        return bootstrap(
            np.array([turn.value for turn in turns], dtype=np.float64),
            lambda values: float(np.quantile(values, 0.1)) if values.size else None,
            "profile",
            [turn.profile for turn in turns],
            seed=self.seed,
            name="10th percentile of turn scores",
            failures=self.missing(),
        )

    def estimates(self) -> dict[str, Estimate]:
        """Likability, the seven metrics, the course, the 10th percentile."""
        slope, fit = self.course_estimates()
        by_metric = {metric.title: self.estimate(name) for name, metric in metric_table().items()}
        return {LIKABILITY: self.estimate(), SLOPE: slope, FIT: fit, TENTH: self.tenth_percentile(), **by_metric}

    def coverage(self) -> dict[str, Estimate]:
        """Share of a metric's ratings that are not NA, among those that could be read; interval over profiles."""
        from personarium.stats import bootstrap_mean

        found = {}
        for name in metric_names():
            read = [r for r in self.ratings if r.metric == name and r.status in APPLIES]
            share = bootstrap_mean(
                [float(r.status == "rated") for r in read], "profile", [r.profile_id for r in read], seed=self.seed
            )
            found[name] = replace(share, failures=self.missing(name))
        return found

    def counts(self) -> dict[str, dict[str, int]]:
        """Metric -> how many ratings of each status: rated, na, overruled, and why others are missing."""
        by_metric: dict[str, Counter[str]] = {name: Counter() for name in metric_names()}
        for rating in self.ratings:
            by_metric[rating.metric][rating.status] += 1
        return {name: dict(sorted(counter.items())) for name, counter in by_metric.items()}

    @property
    def overruled(self) -> int:
        """Ratings of callback in a first session, which the protocol turns into NA."""
        return sum(rating.status == "overruled" for rating in self.ratings)

    def missing(self, metric: str | None = None) -> dict[str, int]:
        """Ratings that are missing, by kind."""
        kinds = (r.status for r in self.ratings if metric in (None, r.metric) and r.status not in APPLIES)
        return dict(sorted(Counter(kinds).items()))

    def correlations(self, draws: int = CORRELATION_DRAWS) -> dict[tuple[str, str], Estimate]:
        """Pearson's r of every two metrics over the turns in which both were rated, intervals over profiles.

        High throughout, they point at a halo: one good mood that lifts all seven.
        """
        import numpy as np

        from personarium.stats import bootstrap, pearson

        found = {}
        for pair in combinations(metric_names(), 2):
            rows = [
                (key[0], *(float(rated[name].score or 0) for name in pair))
                for key, rated in self._turns.items()
                if all(name in rated and rated[name].score is not None for name in pair)
            ]
            columns = tuple(np.array([row[k] for row in rows], dtype=np.float64) for k in (1, 2))
            found[pair] = bootstrap(
                columns,
                lambda x, y: pearson(x, y).value,
                "profile",
                [row[0] for row in rows],
                draws=draws,
                seed=self.seed,
                name=f"Pearson r over {len(rows)} turns",
            )
        return found

    def by_rater(self) -> dict[str, Estimate]:
        """Likability of the turns that each rater rated: two raters that differ much are no two readings of one thing."""
        raters = sorted({rating.rater for rating in self.ratings})
        return {
            name: replace(self, ratings=tuple(r for r in self.ratings if r.rater == name)).estimate() for name in raters
        }

    def of_profiles(self, wanted: Iterable[str]) -> RatingTable:
        """The ratings of some profiles alone."""
        chosen = set(wanted)
        return replace(self, ratings=tuple(r for r in self.ratings if r.profile_id in chosen))


def _course_of(table: Any) -> Course:
    """The line through the column means of profiles x sessions, NaN left out."""
    import numpy as np

    there = ~np.isnan(table)
    sums, counts = np.where(there, table, 0.0).sum(axis=0), there.sum(axis=0)
    return course([float(s / n) if n else None for s, n in zip(sums, counts, strict=True)])


def compare(first: RatingTable, second: RatingTable, metric: str | None = None, seed: int = 0) -> Comparison:
    """Likability of one model minus that of another, paired by profile, with a bootstrap interval over profiles.

    Args:
        first: Ratings of one model.
        second: Ratings of the other, over the same profiles; a profile that only one of them has is missing.
        metric: One metric, or all.
        seed: Of the bootstrap.
    """
    from personarium.stats import paired_bootstrap

    one, other = first.profile_values(metric), second.profile_values(metric)
    ids = sorted(one.keys() | other.keys())
    return paired_bootstrap([one.get(id) for id in ids], [other.get(id) for id in ids], "profile", seed=seed)


def rater_agreement(raters: Sequence[Sequence[Rating]], seed: int = 0) -> Estimate:
    """Krippendorff's alpha (ordinal) of several raters on the same turns, for checking simulated ratings against people.

    Args:
        raters: The ratings of each; matched by profile, session, turn and metric. NA is no rating.
        seed: Of the bootstrap over ratings.
    """
    from personarium.stats import krippendorff_alpha

    tables: list[Mapping[Any, int | None]] = [
        {(r.profile_id, r.session, r.turn, r.metric): r.score for r in ratings} for ratings in raters
    ]
    keys = sorted(set().union(*tables))
    rows = [[table.get(key) for key in keys] for table in tables]
    return krippendorff_alpha(rows, "ordinal", unit="rating", seed=seed)
