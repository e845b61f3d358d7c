"""Benchmarks that a grader or a user rates, as units: PersonaGym by persona, ESC-Eval by card, LikeBench by user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from personarium.apps.inspect_plug.item_benchmark import (
    ItemBenchmark,
    Part,
    Seats,
    Unit,
    failure_rows,
    failures_of,
)
from personarium.benchmarks.esc_eval import DIMENSIONS, EscEvalConfig, EscEvalResult, RoleCard, run_esc_eval
from personarium.benchmarks.esc_eval.results import Rated
from personarium.benchmarks.likebench import LikeBenchConfig, LikeBenchResult, Profile, rule_user, run_likebench
from personarium.benchmarks.likebench.results import Talks
from personarium.benchmarks.likebench.table import LIKABILITY
from personarium.benchmarks.personagym import PersonaGymConfig, PersonaGymResult, QuestionResult, run_personagym
from personarium.benchmarks.personagym.results import PERSONA_SCORE
from personarium.core.errata import Published
from personarium.core.persona import Persona
from personarium.core.results import Estimate, Failure
from personarium.models.registry import is_simulated


class PersonaGym(ItemBenchmark[PersonaGymResult]):
    """A persona with all its questions; the grader also writes the score examples.

    Args:
        personas: Whom to play.
        questions: As for :func:`run_personagym`.
        config: Tasks, batches, missing verdicts.
        seed: Of every draw.
        as_published: Erratum ids.
    """

    name, unread = "personagym", "grader_failed"

    def __init__(
        self,
        personas: Sequence[Persona],
        questions: Any,
        config: PersonaGymConfig,
        seed: int = 0,
        as_published: Published = False,
    ) -> None:
        self._personas = {person.id: person for person in personas}
        self._questions, self._config, self._seed, self._faults = questions, config, seed, as_published
        self.units = [Unit(p.id, p.view("card").text, metadata={"tasks": list(config.tasks)}) for p in personas]

    async def measure(self, id: str, seats: Seats) -> Part:
        """All questions of one persona."""
        result = await run_personagym(
            seats.player,
            [seats.grader],
            personas=[self._personas[id]],
            questions=self._questions,
            config=self._config,
            seed=self._seed,
            as_published=self._faults,
        )
        about = {"judges": list(result.judges), "player": result.player, "missing": result.missing}
        return {
            **about,
            "questions": result.rows(),
            "setup": failure_rows(result.setup_failures),
            "reasks": result.reasks,
        }

    def join(self, parts: Mapping[str, Part]) -> PersonaGymResult:
        """All personas."""
        first = next(iter(parts.values()))
        return PersonaGymResult(
            tuple(QuestionResult.from_row(row) for part in parts.values() for row in part["questions"]),
            tuple(first["judges"]),
            first["player"],
            first["missing"],
            tuple(failure for part in parts.values() for failure in failures_of(part["setup"])),
            self._seed,
            sum(part["reasks"] for part in parts.values()),
        )

    def values(self, result: PersonaGymResult) -> dict[str, float | None]:
        """PersonaScore and the five tasks."""
        id = result.personas[0] if result.personas else ""
        tasks = {task: result.task_score(id, task).value for task in self._config.tasks}
        return {PERSONA_SCORE: result.persona_score(id) if id else None, **tasks}

    def estimates(self, result: PersonaGymResult) -> Mapping[str, Estimate]:
        """PersonaScore and the five tasks, over personas."""
        return result.estimates()

    def failures(self, result: PersonaGymResult) -> Sequence[Failure]:
        """Answers and verdicts that are missing."""
        return result.failures


class EscEval(ItemBenchmark[EscEvalResult]):
    """A card: its dialogue, rated by the grader on seven dimensions. The role ``user`` plays the person.

    Args:
        cards: Who is played.
        config: Rounds, sampling.
        seed: Of all replies.
        as_published: Erratum ids.
    """

    name, unread = "esc_eval", "grader_failed"

    def __init__(
        self,
        cards: Sequence[RoleCard],
        config: EscEvalConfig,
        seed: int = 0,
        as_published: Published = False,
    ) -> None:
        self._cards = {card.name: card for card in cards}
        self._config, self._seed, self._faults = config, seed, as_published
        self.units = [Unit(c.name, c.text, metadata={"language": c.language, "topic": c.topic}) for c in cards]

    async def measure(self, id: str, seats: Seats) -> Part:
        """One dialogue and its ratings; a simulated grader is shown the card, for it finds nothing to read otherwise."""
        config = replace(self._config, rater_sees_card=self._config.rater_sees_card or is_simulated(seats.grader.name))
        result = await run_esc_eval(
            seats.player,
            seats.user,
            [seats.grader],
            [self._cards[id]],
            config=config,
            as_published=self._faults,
            seed=self._seed,
        )
        about = {"model": result.model, "player": result.player, "raters": list(result.raters)}
        return {**about, "version": dict(result.player_version), "rows": result.rows()}

    def join(self, parts: Mapping[str, Part]) -> EscEvalResult:
        """All dialogues."""
        first = next(iter(parts.values()))
        return EscEvalResult(
            first["model"],
            first["player"],
            tuple(first["raters"]),
            tuple(Rated.from_row(row) for part in parts.values() for row in part["rows"]),
            {language: version for part in parts.values() for language, version in sorted(part["version"].items())},
        )

    def values(self, result: EscEvalResult) -> dict[str, float | None]:
        """The seven dimensions, one by one."""
        scores = result.dialogues[0].scores.get(result.raters[0], {})
        return {name: scores.get(name) for name in DIMENSIONS}

    def estimates(self, result: EscEvalResult) -> Mapping[str, Estimate]:
        """The seven means and the checks."""
        return result.estimates()

    def failures(self, result: EscEvalResult) -> Sequence[Failure]:
        """Turns that were not held and scores that are missing."""
        return result.failures


class LikeBench(ItemBenchmark[LikeBenchResult]):
    """A user with all sessions. The role ``user`` plays and rates; without one, users by rules do.

    Args:
        profiles: Who the users are.
        config: The protocol, its seed included.
    """

    name, unread = "likebench", "grader_failed"

    def __init__(self, profiles: Sequence[Profile], config: LikeBenchConfig) -> None:
        self._profiles = {profile.id: profile for profile in profiles}
        self._config = config
        self.units = [Unit(p.id, p.text, metadata={"social": p.social, "predictable": p.predictable}) for p in profiles]

    async def measure(self, id: str, seats: Seats) -> Part:
        """All sessions with one user."""
        played = "user" in seats.named
        result = await run_likebench(
            seats.player,
            seats.user if played else rule_user,
            [self._profiles[id]],
            judge=seats.grader if played and "grader" in seats.named else None,
            config=self._config,
        )
        return {"model": result.model, "user": result.user, "rows": result.rows()}

    def join(self, parts: Mapping[str, Part]) -> LikeBenchResult:
        """All users."""
        first = next(iter(parts.values()))
        talks = tuple(Talks.from_row(row) for part in parts.values() for row in part["rows"])
        return LikeBenchResult(first["model"], first["user"], self._config, talks)

    def values(self, result: LikeBenchResult) -> dict[str, float | None]:
        """Likability."""
        return {LIKABILITY: result.table.estimate().value}

    def estimates(self, result: LikeBenchResult) -> Mapping[str, Estimate]:
        """Likability, its course, the metrics."""
        return result.estimates()

    def failures(self, result: LikeBenchResult) -> Sequence[Failure]:
        """Turns and ratings that are missing."""
        return result.all_failures
