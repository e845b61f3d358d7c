"""One PersonaGym task as an instrument, so that it can be calibrated like any other.

Source: PersonaGym (arXiv 2407.18416). Differs: the questions may be the caller's own, because stored questions tie a
calibration to the benchmark's personas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from personarium.benchmarks.personagym.method import PersonaGymConfig, run_personagym
from personarium.core.chat import ChatModel
from personarium.core.persona import Persona
from personarium.core.results import Scale, Score

POINTS = Scale(1.0, 5.0, True, "points")


@dataclass(frozen=True)
class PersonaGymTask:
    """A task's score for each persona, on 1 to 5 points.

    Args:
        judge: Who grades; chosen apart from the subject.
        task: Task name.
        questions: Persona id -> questions; the stored ones of the benchmark when left out.
        config: Constants; the task list is overridden.
    """

    judge: ChatModel
    task: str = "Persona Consistency"
    questions: Mapping[str, Sequence[str]] | None = None
    config: PersonaGymConfig = PersonaGymConfig()

    @property
    def name(self) -> str:
        """``personagym: task``."""
        return f"personagym: {self.task}"

    @property
    def scale(self) -> Scale:
        """1 to 5 points, higher is better."""
        return POINTS

    async def measure(self, subject: ChatModel, personas: Sequence[Persona], seed: int = 0) -> list[Score]:
        """One score a persona, in the order given."""
        own = None if self.questions is None else {p.id: {self.task: self.questions[p.id]} for p in personas}
        result = await run_personagym(
            subject,
            [self.judge],
            personas=personas,
            questions=own or "stored",
            config=replace(self.config, tasks=(self.task,)),
            seed=seed,
        )
        return [
            Score(
                result.task_score(p.id, self.task).value,
                POINTS,
                parts={q.id: q.score for q in result.questions if q.persona_id == p.id},
                failures=tuple(f for q in result.questions if q.persona_id == p.id for f in q.failures),
                id=p.id,
            )
            for p in personas
        ]
