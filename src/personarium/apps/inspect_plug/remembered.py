"""Benchmarks of what is remembered of a user, as units: PersonaMem by question, PersonaMem-v2 by query, PERMA by user."""

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
    is_gold,
)
from personarium.benchmarks.perma import PermaConfig, PermaResult, TaskResult, User, open_memory, run_perma
from personarium.benchmarks.personamem import (
    Contexts,
    PersonaMemConfig,
    PersonaMemItem,
    PersonaMemResult,
    run_personamem,
)
from personarium.benchmarks.personamem.method import ERRATA as PERSONAMEM_ERRATA
from personarium.benchmarks.personamem_v2 import Histories, V2Item, V2Result, run_personamem_v2
from personarium.core.errata import Published, published_faults
from personarium.core.results import Estimate, Failure
from personarium.measure.choice_items import ChoiceAnswer, ChoiceItem, ChoiceReport
from personarium.measure.memory_at_cut import MemoryFactory, Shown

RIGHT = "right"


def _choice_unit(item: ChoiceItem, id: str, **metadata: str) -> Unit:
    return Unit(id, item.question, item.options[item.gold], {**item.groups, **metadata})


def _shown_row(shown: Mapping[str, Shown], id: str) -> dict[str, Any] | None:
    one = shown.get(id)
    return None if one is None else {"text": one.text, "read": one.read, "failures": failure_rows(one.failures)}


def _shown_of(parts: Mapping[str, Part]) -> dict[str, Shown]:
    rows = {id: part["shown"] for id, part in parts.items() if part["shown"] is not None}
    return {id: Shown(row["text"], row["read"], failures_of(row["failures"])) for id, row in rows.items()}


def _answers(parts: Mapping[str, Part], name: str) -> tuple[ChoiceAnswer, ...]:
    return tuple(ChoiceAnswer.from_row(part[name]) for part in parts.values() if part[name] is not None)


class PersonaMem(ItemBenchmark[PersonaMemResult]):
    """A question to a user who changes, with the history in the form that is tried, and once more without any.

    A memory is made anew for every question (``rebuild``), because a sample must not depend on another one.

    Args:
        items: The questions.
        contexts: Their contexts.
        memory: ``full``, ``none``, or what makes a memory.
        memory_name: What it is called.
        config: Persona and system messages.
        seed: Of the replies.
        as_published: Erratum ids.
    """

    name = "personamem"

    def __init__(
        self,
        items: Sequence[PersonaMemItem],
        contexts: Contexts,
        memory: str | MemoryFactory,
        memory_name: str,
        config: PersonaMemConfig,
        seed: int = 0,
        as_published: Published = False,
    ) -> None:
        self._items = {item.id: item for item in items}
        self._contexts, self._memory, self._seed = contexts, memory, seed
        self._memory_name = memory if isinstance(memory, str) else memory_name
        self._config = replace(config, rebuild=True)
        self._faults = published_faults(as_published, PERSONAMEM_ERRATA)
        self.units = [_choice_unit(item.item, item.id, label=item.label) for item in items]

    async def measure(self, id: str, seats: Seats) -> Part:
        """One question."""
        result = await run_personamem(
            seats.player,
            [self._items[id]],
            self._contexts,
            self._memory,
            memory_name=self._memory_name,
            config=self._config,
            as_published=self._faults,
            seed=self._seed,
        )
        return {
            "model": result.model,
            "answer": result.report.answers[0].as_row(),
            "bare": None if result.no_context is None else result.no_context.answers[0].as_row(),
            "shown": _shown_row(result.shown, id),
            "lost": failure_rows(result.failures),
        }

    def join(self, parts: Mapping[str, Part]) -> PersonaMemResult:
        """All questions."""
        items = tuple(self._items[id] for id in parts)
        choices, bare = tuple(item.item for item in items), _answers(parts, "bare")
        return PersonaMemResult(
            next(iter(parts.values()))["model"],
            self._memory_name,
            items,
            ChoiceReport(choices, _answers(parts, "answer")),
            ChoiceReport(choices, bare) if bare else None,
            _shown_of(parts),
            self._config.persona,
            tuple(failure for part in parts.values() for failure in failures_of(part["lost"])),
            self._faults,
        )

    def values(self, result: PersonaMemResult) -> dict[str, float | None]:
        """Whether the right reply was chosen."""
        return {RIGHT: is_gold(result.report.answers[0], result.items[0].item.gold)}

    def estimates(self, result: PersonaMemResult) -> Mapping[str, Estimate]:
        """Accuracy, then what it must beat."""
        return result.estimates()

    def failures(self, result: PersonaMemResult) -> Sequence[Failure]:
        """Answers that are missing, and what failed while memories were built."""
        return (*result.report.failures, *result.failures)


class PersonaMemV2(ItemBenchmark[V2Result]):
    """A query of a user whose preferences show between the lines; beside it without memory and with the whole history.

    Args:
        items: The queries; open rows are left out.
        histories: The data folder.
        memory: ``full``, ``none``, or what makes a memory.
        memory_name: What it is called.
        full_history: Whether the baseline with the whole history is asked too.
        seed: Of the replies.
    """

    name = "personamem_v2"

    def __init__(
        self,
        items: Sequence[V2Item],
        histories: Histories,
        memory: str | MemoryFactory = "full",
        memory_name: str = "memory",
        full_history: bool = True,
        seed: int = 0,
    ) -> None:
        closed = {item.id: item.item for item in items if item.item is not None}
        self._items = {item.id: item for item in items if item.id in closed}
        self._choices, self._open = closed, len(items) - len(closed)
        self._histories, self._memory, self._seed = histories, memory, seed
        self._memory_name = memory if isinstance(memory, str) else memory_name
        self._full_history = full_history
        self.units = [_choice_unit(choice, id) for id, choice in closed.items()]

    async def measure(self, id: str, seats: Seats) -> Part:
        """One query."""
        result = await run_personamem_v2(
            seats.player,
            [self._items[id]],
            self._histories,
            self._memory,
            memory_name=self._memory_name,
            full_history=self._full_history,
            seed=self._seed,
        )
        reports = {"answer": result.report, "no_memory": result.no_memory, "full_history": result.full_history}
        return {
            "model": result.model,
            **{name: None if one is None else one.answers[0].as_row() for name, one in reports.items()},
            "tokens": result.tokens[0],
            "others_tokens": {name: tokens[0] for name, tokens in result.others_tokens.items()},
            "shown": _shown_row(result.shown, id),
            "lost": failure_rows(result.failures),
        }

    def join(self, parts: Mapping[str, Part]) -> V2Result:
        """All queries."""
        first = next(iter(parts.values()))
        choices = tuple(self._choices[id] for id in parts)

        def report(name: str) -> ChoiceReport | None:
            answers = _answers(parts, name)
            return ChoiceReport(choices, answers, "query") if answers else None

        return V2Result(
            first["model"],
            self._memory_name,
            tuple(self._items[id] for id in parts),
            ChoiceReport(choices, _answers(parts, "answer"), "query"),
            tuple(part["tokens"] for part in parts.values()),
            report("no_memory"),
            report("full_history"),
            {name: tuple(part["others_tokens"][name] for part in parts.values()) for name in first["others_tokens"]},
            _shown_of(parts),
            self._open,
            tuple(failure for part in parts.values() for failure in failures_of(part["lost"])),
        )

    def values(self, result: V2Result) -> dict[str, float | None]:
        """Whether the right reply was chosen."""
        return {RIGHT: is_gold(result.report.answers[0], result.report.items[0].gold)}

    def estimates(self, result: V2Result) -> Mapping[str, Estimate]:
        """Accuracy, by kind, then what it must beat; tokens read."""
        tokens = {f"tokens read, {name}": estimate for name, estimate in result.tokens_read().items()}
        return {**result.estimates(), **tokens}

    def failures(self, result: V2Result) -> Sequence[Failure]:
        """Answers that are missing, and what failed while memories were built."""
        return (*result.report.failures, *result.failures)


class Perma(ItemBenchmark[PermaResult]):
    """A user: every memory and baseline on all tasks. A named ``grader`` scores what was fetched, a named ``user`` talks.

    Args:
        users: Whose time lines and tasks.
        memories: Names of :func:`open_memory`; a strategy consolidates by its plain rules.
        config: Constants.
        seed: Of every draw.
        as_published: Erratum ids.
    """

    name = "perma"

    def __init__(
        self,
        users: Sequence[User],
        memories: Sequence[str],
        config: PermaConfig,
        seed: int = 0,
        as_published: Published = False,
    ) -> None:
        self._users = {user.id: user for user in users}
        self._memories, self._config, self._seed = tuple(memories), config, seed
        self._as_published = as_published
        self.units = [
            Unit(user.id, "\n".join(task.question for task in user.tasks), metadata={"tasks": len(user.tasks)})
            for user in users
        ]

    async def measure(self, id: str, seats: Seats) -> Part:
        """All tasks of one user."""
        result = await run_perma(
            [self._users[id]],
            {name: open_memory(name) for name in self._memories},
            seats.player,
            user_model=seats.user if "user" in seats.named else None,
            judge=seats.grader if "grader" in seats.named else None,
            config=self._config,
            as_published=self._as_published,
            seed=self._seed,
        )
        return {
            "reader": result.reader,
            "judged": result.judged,
            "faults": sorted(result.faults),
            "rows": [row.as_row() for row in result.rows],
            "built": {name: failure_rows(found) for name, found in result.failures.items()},
        }

    def join(self, parts: Mapping[str, Part]) -> PermaResult:
        """All users."""
        first = next(iter(parts.values()))
        rows = [TaskResult.from_row(row) for part in parts.values() for row in part["rows"]]
        built = {
            name: tuple(failure for part in parts.values() for failure in failures_of(part["built"][name]))
            for name in first["built"]
        }
        return PermaResult(tuple(rows), first["reader"], frozenset(first["faults"]), first["judged"], built, self._seed)

    def values(self, result: PermaResult) -> dict[str, float | None]:
        """Each memory's and baseline's accuracy over the user's Type 3 tasks."""
        return {name: result.accuracy(name).value for name in (*self._memories, *self._config.baselines)}

    def estimates(self, result: PermaResult) -> Mapping[str, Estimate]:
        """Each memory's accuracy, and guessers'."""
        return result.estimates()

    def failures(self, result: PermaResult) -> Sequence[Failure]:
        """Everything that is missing."""
        return result.failed
