"""What a run of LikeBench gives: every talk with its ratings, and the estimates over all profiles.

Source: likebench page, "Takes and gives". Units: one profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from personarium.benchmarks.likebench.aggregation import ORDERS, Order
from personarium.benchmarks.likebench.memory import StoredFact, memory_accuracy
from personarium.benchmarks.likebench.priors import Prior
from personarium.benchmarks.likebench.ratings import Rating
from personarium.benchmarks.likebench.table import LIKABILITY, RatingTable
from personarium.benchmarks.likebench.talk import HISTORIES, Exchange, History
from personarium.core.errors import UsageError
from personarium.core.results import Estimate, Failure, count_failures

TRUTHFUL = "Truthful replies"


@dataclass(frozen=True, slots=True)
class LikeBenchConfig:
    """The protocol. None of the numbers is stated in what was read of the paper.

    Args:
        sessions: Of each profile.
        turns: Of each session.
        history: What the tested model sees: ``all`` sessions so far, or this ``session`` only (what came before is then
            the business of its memory).
        priors: Situations are ``drawn`` from the profile's interests, or written by a ``model``.
        observe: A memory hears each ``turn``, or each ``session`` when it is over.
        order: How turns, sessions and profiles are averaged.
        check_truth: Also have every reply checked for truthfulness, since likable can mean flattering.
        temperature: Of the tested model.
        seed: Of every draw.

    Raises:
        UsageError: On a value that does not exist, or a number below 1.
    """

    sessions: int = 5
    turns: int = 4
    history: History = "all"
    priors: str = "drawn"
    observe: str = "turn"
    order: Order = "sessions"
    check_truth: bool = False
    temperature: float = 0.7
    seed: int = 0

    def __post_init__(self) -> None:
        known = {"history": HISTORIES, "priors": ("drawn", "model"), "observe": ("turn", "session"), "order": ORDERS}
        for name, choices in known.items():
            if getattr(self, name) not in choices:
                raise UsageError(f"{name} must be {' or '.join(choices)}, found '{getattr(self, name)}'")
        if self.sessions < 1 or self.turns < 1:
            raise UsageError(f"sessions and turns must be at least 1, found {self.sessions} and {self.turns}")


@dataclass(frozen=True, slots=True)
class Truthful:
    """The verdict on one reply; None when it could not be read."""

    session: int
    turn: int
    truthful: bool | None


@dataclass(frozen=True)
class Talks:
    """One profile's sessions with the tested model.

    Args:
        profile_id: Which user.
        social: Its kind.
        predictable: Its kind.
        priors: The situations.
        sessions: What was said.
        ratings: Seven of each turn that has a reply.
        truth: Verdicts of truthfulness, where they were asked for.
        memory: The text of the tested model's memory at the end, None without a memory.
        facts: What the memory held.
        failures: Everything that went wrong.
    """

    profile_id: str
    social: bool
    predictable: bool
    priors: tuple[Prior, ...] = ()
    sessions: tuple[tuple[Exchange, ...], ...] = ()
    ratings: tuple[Rating, ...] = ()
    truth: tuple[Truthful, ...] = ()
    memory: str | None = None
    facts: tuple[StoredFact, ...] = ()
    failures: tuple[Failure, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """JSON-ready; ``failures`` counts by kind, ``problems`` tells them."""
        row = asdict(self)
        for name in ("priors", "ratings", "truth", "facts"):
            row[name] = list(row[name])
        row["sessions"] = [list(session) for session in row["sessions"]]
        row["problems"] = [asdict(f) | {"raw": list(f.raw)} for f in self.failures]
        return {"id": self.profile_id, **row, "failures": count_failures(self.failures)}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Talks:
        """The inverse of :meth:`as_row`."""
        plain = {name: row[name] for name in ("profile_id", "social", "predictable", "memory")}
        return cls(
            **plain,
            priors=tuple(Prior(**p) for p in row["priors"]),
            sessions=tuple(tuple(Exchange(**e) for e in session) for session in row["sessions"]),
            ratings=tuple(Rating.from_dict(r) for r in row["ratings"]),
            truth=tuple(Truthful(**t) for t in row["truth"]),
            facts=tuple(StoredFact(**f) for f in row["facts"]),
            failures=tuple(Failure(**{**p, "raw": tuple(p["raw"])}) for p in row["problems"]),
        )


@dataclass(frozen=True)
class LikeBenchResult:
    """The result of one tested model.

    Args:
        model: Its name.
        user: Who spoke and rated.
        config: The protocol.
        talks: One entry for each profile.
        failures: What failed beyond single talks (profiles that could not be written).
    """

    model: str
    user: str
    config: LikeBenchConfig
    talks: tuple[Talks, ...]
    failures: tuple[Failure, ...] = field(default=())

    @cached_property
    def table(self) -> RatingTable:
        """All ratings."""
        ratings = tuple(rating for talk in self.talks for rating in talk.ratings)
        return RatingTable(ratings, self.config.order, self.config.seed)

    @property
    def turns_not_held(self) -> int:
        """Planned turns that did not come about, because a side had failed to speak before."""
        planned = len(self.talks) * self.config.sessions * self.config.turns
        return planned - sum(len(session) for talk in self.talks for session in talk.sessions)

    @property
    def has_memory(self) -> bool:
        """Whether the tested model had a memory."""
        return any(talk.memory is not None for talk in self.talks)

    def estimates(self) -> dict[str, Estimate]:
        """Likability, its course, the metrics; memory accuracy and truthfulness where they were measured.

        The failures of likability are ratings that are missing, by kind, and turns that were ``not_held``.
        """
        found = self.table.estimates()
        if self.turns_not_held:
            likable = found[LIKABILITY]
            found[LIKABILITY] = replace(likable, failures={**likable.failures, "not_held": self.turns_not_held})
        if self.has_memory:
            stored = [talk.facts for talk in self.talks if talk.memory is not None]
            found |= memory_accuracy(stored, self.config.seed)
        if self.config.check_truth:
            found[TRUTHFUL] = self._truthful()
        return found

    def _truthful(self) -> Estimate:
        from personarium.stats import bootstrap_mean

        rows = [(talk.profile_id, verdict.truthful) for talk in self.talks for verdict in talk.truth]
        values = [None if truthful is None else float(truthful) for _, truthful in rows]
        return bootstrap_mean(values, "profile", [id for id, _ in rows], seed=self.config.seed)

    def by_kind(self) -> dict[str, Estimate]:
        """Likability of social, antisocial, predictable and unpredictable users."""
        kinds = {
            "social": [t.profile_id for t in self.talks if t.social],
            "antisocial": [t.profile_id for t in self.talks if not t.social],
            "predictable": [t.profile_id for t in self.talks if t.predictable],
            "unpredictable": [t.profile_id for t in self.talks if not t.predictable],
        }
        return {name: self.table.of_profiles(ids).estimate() for name, ids in kinds.items()}

    @property
    def all_failures(self) -> tuple[Failure, ...]:
        """Of all talks and beyond."""
        return (*self.failures, *(failure for talk in self.talks for failure in talk.failures))

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each profile."""
        return [talk.as_row() for talk in self.talks]
