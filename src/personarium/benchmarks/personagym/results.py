"""What a PersonaGym run gives: a row per question, scores per persona, estimates per task; saved and loaded as plain rows.

Source: PersonaGym (arXiv 2407.18416), "Takes and gives". Differs: rows keep every judge's verdict and reason, and the
count of what could not be read; the published files keep task means only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from personarium.benchmarks.personagym.aggregation import Missing, TaskScore, persona_score, task_score
from personarium.benchmarks.personagym.tasks import BY_NAME, TASKS
from personarium.core.results import Estimate, Failure, count_failures

PERSONA_SCORE = "PersonaScore"


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """One question with its answer and verdicts.

    Args:
        id: ``persona/task/index``.
        persona_id: Who was played.
        persona: The persona in words.
        task: Task name.
        index: Place of the question in its task, from 0.
        batch: Grading batch, from 0.
        question: As asked.
        answer: As given; None when no answer could be had.
        scores: Verdict 1..5 of each judge; None for one that could not be read.
        reasons: Each judge's text.
        failures: One entry for every missing answer or verdict, as ``kind: reason``.
    """

    id: str
    persona_id: str
    persona: str
    task: str
    index: int
    batch: int
    question: str
    answer: str | None
    scores: Mapping[str, int | None]
    reasons: Mapping[str, str]
    failures: tuple[Failure, ...] = ()

    @property
    def score(self) -> float | None:
        """Mean of the verdicts that could be read."""
        read = [s for s in self.scores.values() if s]
        return sum(read) / len(read) if read else None

    def as_row(self) -> dict[str, Any]:
        """JSON-ready row; ``failures`` counts by kind, ``problems`` tells them."""
        row = asdict(self)
        row["scores"], row["reasons"] = dict(self.scores), dict(self.reasons)
        row["problems"] = [asdict(f) | {"raw": list(f.raw)} for f in self.failures]
        row["failures"] = count_failures(self.failures)
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> QuestionResult:
        """The inverse of :meth:`as_row`."""
        known = {name: row[name] for name in cls.__dataclass_fields__ if name != "failures"}
        problems = tuple(Failure(**{**p, "raw": tuple(p["raw"])}) for p in row["problems"])
        return cls(**known, failures=problems)


@dataclass(frozen=True)
class PersonaGymResult:
    """The result of a run.

    Args:
        questions: One entry for every question, ordered by persona, task and index.
        judges: Judge names in order.
        player: The player's name.
        missing: How missing verdicts were aggregated.
        setup_failures: What failed before there were questions or examples.
        seed: The run's seed, also of the bootstrap.
        reasks: How often a step was asked again because its reply could not be read.
    """

    questions: tuple[QuestionResult, ...]
    judges: tuple[str, ...]
    player: str
    missing: Missing = "drop"
    setup_failures: tuple[Failure, ...] = ()
    seed: int = 0
    reasks: int = 0
    _tasks: dict[tuple[str, str], TaskScore] = field(default_factory=dict, repr=False, compare=False)

    @property
    def personas(self) -> list[str]:
        """Persona ids in order."""
        return list(dict.fromkeys(q.persona_id for q in self.questions))

    @property
    def tasks(self) -> list[str]:
        """The tasks that were run, in the benchmark's order."""
        present = {q.task for q in self.questions}
        return [task.name for task in TASKS if task.name in present]

    def task_score(self, persona_id: str, task: str) -> TaskScore:
        """One persona's score in one task."""
        key = (persona_id, task)
        if key not in self._tasks:
            self._tasks[key] = task_score(self._batches(persona_id, task), self.missing)
        return self._tasks[key]

    def persona_score(self, persona_id: str) -> float | None:
        """One persona's PersonaScore."""
        return persona_score({task: self.task_score(persona_id, task).value for task in self.tasks})

    def estimates(self) -> dict[str, Estimate]:
        """PersonaScore and every task: mean over personas with a 95 % bootstrap interval over personas.

        With a single persona the interval of a task is over its questions, and the unit says so.
        """
        found = {PERSONA_SCORE: self._estimate([self.persona_score(p) for p in self.personas], PERSONA_SCORE)}
        for task in self.tasks:
            found[task] = self._estimate([self.task_score(p, task).value for p in self.personas], task)
        return found

    def judge_means(self) -> dict[str, Estimate]:
        """Each judge's mean verdict, interval clustered by persona."""
        from personarium.stats import bootstrap_mean

        groups = [q.persona_id for q in self.questions]
        return {
            judge: bootstrap_mean([q.scores.get(judge) for q in self.questions], "persona", groups, seed=self.seed)
            for judge in self.judges
        }

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that failed."""
        return self.setup_failures + tuple(f for q in self.questions for f in q.failures)

    @property
    def unparsed(self) -> int:
        """Verdicts that could not be read, over all judges; a question without an answer was never judged."""
        return sum(not v for q in self.questions if q.answer is not None for v in q.scores.values())

    def scores_file(self, as_published: bool = False) -> dict[str, Any]:
        """Task means under the labels of the published score files, per persona id.

        With ``as_published`` only the last persona's scores are left, which is what the published writer stores
        (erratum ``last-persona-only``).
        """
        per_persona: dict[str, Any] = {}
        for persona in self.personas:
            tasks = {BY_NAME[t].published_name: self.task_score(persona, t).value for t in self.tasks}
            per_persona[persona] = {**tasks, PERSONA_SCORE: self.persona_score(persona)}
        return per_persona[self.personas[-1]] if as_published and per_persona else per_persona

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each question."""
        return [q.as_row() for q in self.questions]

    def _batches(self, persona_id: str, task: str) -> list[dict[str, list[int | None]]]:
        batches: dict[int, dict[str, list[int | None]]] = {}
        for q in self.questions:
            if q.persona_id == persona_id and q.task == task:
                batch = batches.setdefault(q.batch, {judge: [] for judge in self.judges})
                for judge in self.judges:
                    batch[judge].append(q.scores.get(judge))
        return [batches[k] for k in sorted(batches)]

    def _estimate(self, values: Sequence[float | None], name: str) -> Estimate:
        from personarium.stats import bootstrap_mean

        if len(values) == 1 and name != PERSONA_SCORE:
            scores = [q.score for q in self.questions if q.task == name]
            over_questions = bootstrap_mean(scores, "question", seed=self.seed)
            return replace(over_questions, value=values[0])
        return bootstrap_mean(values, "persona", seed=self.seed)
