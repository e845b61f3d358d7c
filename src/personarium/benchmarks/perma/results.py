"""What PERMA gives: one row for each memory, task and moment, and what the tables show.

Source: perma page, step 13: headline figures are means over the Type 3 tasks of all users; depth is over the tasks that
have all three types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

from personarium.benchmarks.perma.options import LETTERS
from personarium.benchmarks.perma.published import MEASURES
from personarium.benchmarks.perma.records import TYPES, TaskType
from personarium.benchmarks.perma.talk import End, Talk, TurnStatistics, turn_statistics
from personarium.benchmarks.perma.watching import Leak
from personarium.core.results import Estimate, Failure, count_failures

DEAD_USER, DROPPED = "dead-user", "dropped-judgements"  # the errata that change how rows are counted


@dataclass(frozen=True)
class TaskResult:
    """What one memory gave for one task at one moment.

    Args:
        memory: Name of the memory.
        user: The user.
        task: The task.
        type: 1, 2 or 3.
        gold: The gold letter.
        longest: The letter of the longest option.
        tracked: Whether the task was asked at all three moments.
        standalone: Whether the whole history, or nothing, stood in the prompt, so that there was nothing to fetch.
        letter: The letter read from the reply, or None.
        hit: Whether it is gold; None when that is missing.
        triple: (T, P, I) of the option taken, where it is known.
        context_tokens: Of the fetched text, by the rule of four characters a token (the paper: cl100k_base).
        bert_f1: See :mod:`personarium.benchmarks.perma.scores`.
        memory_score: 1 to 4.
        turns: Assistant turns of the live talk; None without one.
        end: How it ended.
        user_tokens: Of what the user said in it.
        completed: Whether the judge says that the goal was reached.
        leaks: Sessions of the future that the memory had or told of.
        failures: What went wrong, one for each missing value.
        seconds: Of the search.
    """

    memory: str
    user: str
    task: str
    type: TaskType
    gold: str
    longest: str
    tracked: bool
    standalone: bool = False
    letter: str | None = None
    hit: bool | None = None
    triple: tuple[int, ...] | None = None
    context_tokens: int = 0
    bert_f1: float | None = None
    memory_score: int | None = None
    turns: int | None = None
    end: End | None = None
    user_tokens: int | None = None
    completed: bool | None = None
    leaks: tuple[Leak, ...] = ()
    failures: tuple[Failure, ...] = ()
    seconds: float = 0.0

    @property
    def id(self) -> str:
        """``memory/user/task_type``."""
        return f"{self.memory}/{self.user}/{self.task}_{self.type}"

    def as_row(self) -> dict[str, Any]:
        """JSON-ready form with failures counted by kind and listed under ``failed``; :meth:`from_row` reads it."""
        plain = {**asdict(self), "id": self.id}
        plain.update(
            triple=None if self.triple is None else list(self.triple),
            leaks=[asdict(leak) for leak in self.leaks],
            failures=count_failures(self.failures),
            failed=[{**asdict(one), "raw": list(one.raw)} for one in self.failures],
        )
        return plain

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> TaskResult:
        """Read what :meth:`as_row` wrote."""
        known = {name: value for name, value in row.items() if name not in ("id", "failed")}
        known.update(
            triple=None if row["triple"] is None else tuple(row["triple"]),
            leaks=tuple(Leak(**leak) for leak in row["leaks"]),
            failures=tuple(Failure(**{**one, "raw": tuple(one["raw"])}) for one in row["failed"]),
        )
        return cls(**known)


_VALUES: Mapping[str, Callable[[TaskResult], float | None]] = {
    "accuracy": lambda row: None if row.hit is None else float(row.hit),
    "BERT-F1": lambda row: row.bert_f1,
    "memory score": lambda row: row.memory_score,
    "context tokens": lambda row: row.context_tokens,
    "search ms": lambda row: None if row.standalone else 1000 * row.seconds,
    "completion": lambda row: None if row.completed is None else float(row.completed),
    "user tokens": lambda row: row.user_tokens,
}
_JUDGED = ("memory score", "completion")


@dataclass(frozen=True)
class PermaResult:
    """All rows, and the figures made of them.

    Args:
        rows: One for each memory, task and moment.
        reader: Who answered.
        faults: Errata that were switched on.
        judged: Whether a judge was there, so that a missing memory score counts as missing.
        failures: What went wrong in building memories, by memory.
        seed: Of the intervals.
    """

    rows: tuple[TaskResult, ...]
    reader: str
    faults: frozenset[str] = frozenset()
    judged: bool = False
    failures: Mapping[str, tuple[Failure, ...]] = field(default_factory=dict)
    seed: int = 0

    @property
    def memories(self) -> tuple[str, ...]:
        """The memories in the order in which they were tested."""
        return tuple(dict.fromkeys(row.memory for row in self.rows))

    @property
    def leaks(self) -> list[tuple[str, Leak]]:
        """Every leak, with its memory."""
        return [(row.memory, leak) for row in self.rows for leak in row.leaks]

    @property
    def failed(self) -> list[Failure]:
        """Everything that is missing, whatever it is."""
        built = [failure for found in self.failures.values() for failure in found]
        return [*built, *(failure for row in self.rows for failure in row.failures)]

    def of(self, memory: str, type: TaskType = 3) -> list[TaskResult]:
        """The rows of one memory and type."""
        return [row for row in self.rows if row.memory == memory and row.type == type]

    def accuracy(self, memory: str, type: TaskType = 3) -> Estimate:
        """Share of gold answers; an unread reply is missing, unless ``exact-letter`` makes it wrong."""
        return self._estimate(self.of(memory, type), "accuracy")

    def measures(self, memory: str) -> dict[str, Estimate]:
        """The columns of the published table, over the Type 3 tasks; what was not measured has no value."""
        from personarium.stats import wilson

        rows = self.of(memory)
        found = {name: self._estimate(rows, name) for name in _VALUES}
        turns = self.turns(memory)
        for name, k in (("turn = 1", 1), ("turn <= 2", 2)):
            found[name] = wilson(round(turns.within[k] * turns.n), turns.n, "talk", missing=turns.failed)
        return {name: found[name] for name in MEASURES}

    def turns(self, memory: str) -> TurnStatistics:
        """After how many turns the Type 3 talks ended."""
        talks = [Talk(row.turns, row.end) for row in self.of(memory) if row.turns is not None and row.end is not None]
        return turn_statistics(talks, as_published=DEAD_USER in self.faults)

    def depth(self, memory: str) -> dict[int, Estimate]:
        """Accuracy at the three moments, over the tasks that were asked at all three."""
        return {
            type: self._estimate([row for row in self.of(memory, type) if row.tracked], "accuracy") for type in TYPES
        }

    def estimates(self) -> dict[str, Estimate]:
        """Type 3 accuracy of every memory, and what guessers by letter and by length score on the same items."""
        found = {memory: self.accuracy(memory) for memory in self.memories}
        if self.memories:
            rows = self.of(self.memories[0])
            letters = {letter: [float(row.gold == letter) for row in rows] for letter in LETTERS}
            best = max(letters, key=lambda letter: (sum(letters[letter]), letter))
            found[f"always {best} (best constant letter)"] = self._mean(letters[best], rows)
            found["longest option"] = self._mean([float(row.gold == row.longest) for row in rows], rows)
        return found

    def _estimate(self, rows: Sequence[TaskResult], measure: str) -> Estimate:
        values = [_VALUES[measure](row) for row in rows]
        known = [k for k, value in enumerate(values) if value is not None]
        expected = measure == "accuracy" or (measure in _JUDGED and self.judged)
        estimate = self._mean([values[k] for k in known], [rows[k] for k in known])
        gone = len(rows) - len(known)
        if not gone or not expected or DROPPED in self.faults:
            return replace(estimate, failures={})
        return replace(estimate, failures={"missing": gone})

    def _mean(self, values: Sequence[float | None], rows: Sequence[TaskResult]) -> Estimate:
        from personarium.stats import bootstrap_mean

        users = [row.user for row in rows]
        if len(set(users)) > 1:
            return bootstrap_mean(cast("list[float]", list(values)), "user", users, seed=self.seed)
        return bootstrap_mean(cast("list[float]", list(values)), "task", seed=self.seed)
