"""What a comparison of memory strategies gives: one row a question, one a walk, and estimates with intervals over users."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from personarium.core.results import Estimate
from personarium.measure.choice_items import baselines as choice_baselines
from personarium.measure.memory.questions import Question
from personarium.stats.intervals import bootstrap_mean

ACCURACY = "accuracy"
MEASURES: Mapping[str, str] = {
    ACCURACY: "share of questions answered rightly; no answer is wrong",
    "stale": "share of `changed` questions that were answered with a value that held before",
    "stale_retracted": "share of `retracted` questions that were answered with a value that holds no more",
    "contradiction": "share of questions about a matter with several values told where two of them are shown as holding",
    "precision": "share of recalled entries that rest on a message the answer rests on, over questions with any recall",
    "evidence": "share of questions for which profile or recall rest on a message the answer rests on",
    "tokens": "in the prompt for one question: profile and recall, four characters a token",
    "recall_ms": "milliseconds of profile and recall for one question",
    "observe_ms": "milliseconds to keep one message",
    "consolidate_ms": "milliseconds to consolidate one session and record the edits",
    "bytes": "of the log (or the store's files) of one user",
    "calls": "model calls of the strategy for one user's year",
}
TIMES = ("recall_ms", "observe_ms", "consolidate_ms")  # they differ from run to run; everything else does not
CEILING = "right sources"
UNIT = "user"


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One question under one strategy.

    Args:
        strategy: Its name.
        user: Whose question.
        id: The question's.
        type: Of the question.
        place: The option chosen; None without an answer.
        right: Whether it is the right one.
        role: What the chosen option is (``stale``, ``other``, ...); empty without an answer or where it is not known.
        failure: Kind of failure; empty when there is none.
        tokens: In the prompt.
        entries: Recalled.
        hits: Recalled entries that rest on a gold message; None where no gold messages are known.
        evidence: Whether anything shown rests on a gold message; None as before.
        contradiction: Whether two values are shown as holding; None where not two were told.
        recall_ms: Milliseconds.
    """

    strategy: str
    user: str
    id: str
    type: str
    place: int | None
    right: bool
    role: str
    failure: str
    tokens: int
    entries: int
    hits: int | None
    evidence: bool | None
    contradiction: bool | None
    recall_ms: float


@dataclass(frozen=True, slots=True)
class WalkRow:
    """One strategy's way through one user's talk.

    Args:
        strategy: Its name.
        user: The user.
        observe_ms: A message.
        consolidate_ms: A session.
        bytes: Of the log or files.
        calls: Model calls of the strategy.
        reader_calls: Model calls of the reader.
        cost_usd: Of both; None when a price is not known.
        failures: Failures of consolidation by kind.
        checked: How many questions the guard asked again.
        findings: What the guard found, in words.
        looks_ahead: Whether what it found is held against the strategy.
    """

    strategy: str
    user: str
    observe_ms: float
    consolidate_ms: float
    bytes: int
    calls: int = 0
    reader_calls: int = 0
    cost_usd: float | None = None
    failures: Mapping[str, int] = field(default_factory=dict)
    checked: int = 0
    findings: tuple[str, ...] = ()
    looks_ahead: bool = False


@dataclass(frozen=True)
class StrategyScores:
    """What one strategy reached.

    Args:
        strategy: Its name.
        measures: Name of :data:`MEASURES` -> estimate over users.
        by_type: Question type -> accuracy.
        failures: Kind -> how often, of reader and consolidation.
        cost_usd: All users together; None when not known or nothing was paid.
        findings: What the guard found.
        looks_ahead: Whether it is marked for them.
    """

    strategy: str
    measures: Mapping[str, Estimate]
    by_type: Mapping[str, Estimate]
    failures: Mapping[str, int]
    cost_usd: float | None
    findings: tuple[str, ...]
    looks_ahead: bool


@dataclass(frozen=True)
class ComparisonResult:
    """A comparison.

    Args:
        strategies: Names, in the order shown.
        questions: What was asked.
        answers: One a strategy and question.
        walks: One a strategy and user.
        reader: Who answered.
        settings: How it was asked (k, budget, model, ...), JSON-ready.
        seed: Of the bootstrap.
        lost: Walks that failed as a whole, in words.
    """

    strategies: tuple[str, ...]
    questions: tuple[Question, ...]
    answers: tuple[AnswerRow, ...]
    walks: tuple[WalkRow, ...]
    reader: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    lost: tuple[str, ...] = ()

    @property
    def users(self) -> tuple[str, ...]:
        """Whose questions were asked, in order."""
        return tuple(dict.fromkeys(question.user for question in self.questions))

    @property
    def types(self) -> tuple[str, ...]:
        """The types of questions, in the order in which they come."""
        return tuple(dict.fromkeys(question.type for question in self.questions))

    def scores(self, strategy: str) -> StrategyScores:
        """What one strategy reached."""
        answers = [row for row in self.answers if row.strategy == strategy]
        walks = [row for row in self.walks if row.strategy == strategy]
        measures = {name: self._estimate(name, answers, walks) for name in MEASURES}
        types = {kind: self._mean([a for a in answers if a.type == kind], lambda a: a.right) for kind in self.types}
        failures = Counter(row.failure for row in answers if row.failure)
        for walk in walks:
            failures.update(walk.failures)
        costs = [walk.cost_usd for walk in walks if walk.cost_usd is not None]
        findings = tuple(finding for walk in walks for finding in walk.findings)
        marked = any(walk.looks_ahead for walk in walks)
        total = sum(costs) if costs else None
        return StrategyScores(strategy, measures, types, dict(sorted(failures.items())), total, findings, marked)

    def mistakes(self, strategy: str) -> dict[str, float]:
        """What the answers that are not right are, as shares of all questions: ``stale``, ``other``, ..., ``no answer``."""
        rows = [row for row in self.answers if row.strategy == strategy]
        found = Counter(row.role or ("no answer" if row.place is None else "wrong") for row in rows if not row.right)
        return {role: found[role] / len(rows) for role in sorted(found)}

    def baselines(self) -> dict[str, Estimate]:
        """What answers give that read no memory and no question: each constant letter, the longest option, a guess."""
        found = choice_baselines([question.item for question in self.questions])
        return {name: one for name, one in found.items() if not name.startswith("Always")}

    def table(self) -> list[dict[str, Any]]:
        """One row a strategy, for a table: values and intervals, JSON-ready. The first is the strategy's name."""
        return [self._table_row(self.scores(name)) for name in self.strategies]

    def rows(self, times: bool = True) -> list[dict[str, Any]]:
        """One row a strategy and question, JSON-ready; without ``times`` the same every time."""
        return [_without(asdict(row), () if times else TIMES) for row in self.answers]

    def walk_rows(self, times: bool = True) -> list[dict[str, Any]]:
        """One row a strategy and user, JSON-ready."""
        return [_without(asdict(row) | {"failures": dict(row.failures)}, () if times else TIMES) for row in self.walks]

    def summary(self) -> dict[str, Any]:
        """The headline, JSON-ready."""
        return {
            "reader": self.reader,
            "users": len(self.users),
            "questions": len(self.questions),
            "settings": dict(self.settings),
            "strategies": self.table(),
            "baselines": {name: one.as_dict() for name, one in self.baselines().items()},
            "lost": list(self.lost),
        }

    def as_dict(self, times: bool = True) -> dict[str, Any]:
        """JSON-ready form; :meth:`from_dict` reads it."""
        return {
            "strategies": list(self.strategies),
            "questions": [asdict(question) for question in self.questions],
            "answers": self.rows(times),
            "walks": self.walk_rows(times),
            "reader": self.reader,
            "settings": dict(self.settings),
            "seed": self.seed,
            "lost": list(self.lost),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ComparisonResult:
        """The inverse of :meth:`as_dict`; times that were left out come back as 0."""
        zero = dict.fromkeys(TIMES, 0.0)
        return cls(
            tuple(data["strategies"]),
            tuple(_made(Question, one) for one in data["questions"]),
            tuple(_made(AnswerRow, zero | one) for one in data["answers"]),
            tuple(_made(WalkRow, zero | one) for one in data["walks"]),
            data["reader"],
            dict(data["settings"]),
            data["seed"],
            tuple(data["lost"]),
        )

    def _table_row(self, scores: StrategyScores) -> dict[str, Any]:
        row: dict[str, Any] = {"strategy": scores.strategy, "looks_ahead": scores.looks_ahead}
        row |= {name: one.as_dict() for name, one in scores.measures.items()}
        row["by_type"] = {kind: one.as_dict() for kind, one in scores.by_type.items()}
        row |= {"failures": dict(scores.failures), "cost_usd": scores.cost_usd, "findings": list(scores.findings)}
        return row

    def _estimate(self, name: str, answers: Sequence[AnswerRow], walks: Sequence[WalkRow]) -> Estimate:
        if name in _OF_ANSWERS:
            wanted, value = _OF_ANSWERS[name]
            return self._mean([row for row in answers if wanted(row)], value)
        return bootstrap_mean([float(getattr(row, name)) for row in walks], UNIT, seed=self.seed)

    def _mean(self, rows: Sequence[AnswerRow], value: Callable[[AnswerRow], float]) -> Estimate:
        values = [float(value(row)) for row in rows]
        return bootstrap_mean(values, UNIT, groups=[row.user for row in rows], seed=self.seed)


_OF_ANSWERS: Mapping[str, tuple[Callable[[AnswerRow], bool], Callable[[AnswerRow], float]]] = {
    ACCURACY: (lambda row: True, lambda row: row.right),
    "stale": (lambda row: row.type == "changed", lambda row: row.role == "stale"),
    "stale_retracted": (lambda row: row.type == "retracted", lambda row: row.role == "stale"),
    "contradiction": (lambda row: row.contradiction is not None, lambda row: bool(row.contradiction)),
    "precision": (lambda row: row.hits is not None and row.entries > 0, lambda row: (row.hits or 0) / row.entries),
    "evidence": (lambda row: row.evidence is not None, lambda row: bool(row.evidence)),
    "tokens": (lambda row: True, lambda row: row.tokens),
    "recall_ms": (lambda row: True, lambda row: row.recall_ms),
}


def joined(results: Iterable[ComparisonResult]) -> ComparisonResult:
    """Parts of one comparison (some users, or some strategies, each) as one; for work that is spread over processes."""
    parts = list(results)
    first = parts[0]
    return ComparisonResult(
        tuple(dict.fromkeys(name for part in parts for name in part.strategies)),
        tuple({question.id: question for part in parts for question in part.questions}.values()),
        tuple({(row.strategy, row.id): row for part in parts for row in part.answers}.values()),
        tuple({(row.strategy, row.user): row for part in parts for row in part.walks}.values()),
        first.reader,
        first.settings,
        first.seed,
        tuple(one for part in parts for one in part.lost),
    )


def _made(cls: type[Any], data: Mapping[str, Any]) -> Any:
    known = {one.name for one in fields(cls)}
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known})


def _without(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in row.items() if key not in names}
