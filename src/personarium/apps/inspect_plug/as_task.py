"""From a benchmark in units to an Inspect task: dataset, solver, scorer, metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    Model,
    ModelOutput,
    get_model,
    model_roles,
)
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from personarium.apps.inspect_plug.item_benchmark import (
    InEpoch,
    ItemBenchmark,
    Part,
    Seats,
    mean_over_epochs,
    reason_of,
    said_of,
    with_gaps,
)
from personarium.core.results import count_failures
from personarium.models.inspect_models import InspectModel
from personarium.report.inspect_samples import said_in

PART = "personarium"
ROLES = ("grader", "user")


def as_task(benchmark: ItemBenchmark[Any], roles: Mapping[str, str | None], **settings: Any) -> Task:
    """The task.

    Args:
        benchmark: What is measured.
        roles: Role -> model, for those that were named as task arguments; ``--model-role`` replaces them.
        settings: Facts for the log.
    """
    named: dict[str, str | Model] = {role: model for role, model in roles.items() if model is not None}
    samples = [
        Sample(id=unit.id, input=unit.shown, target=unit.target, metadata=dict(unit.metadata))
        for unit in benchmark.units
    ]
    return Task(
        dataset=MemoryDataset(samples, name=benchmark.name),
        solver=_solver_of(benchmark),
        scorer=_scorer_of(benchmark),
        model_roles=named or None,
        metadata=settings,
    )


# --- the solver: the benchmark's engine with Inspect's models ---


def _solver_of(benchmark: ItemBenchmark[Any]) -> Solver:
    @solver(name=benchmark.name)
    def ask() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            seats = _seats(state.epoch)
            state.store.set(PART, await benchmark.measure(str(state.sample_id), seats))
            _show(state, seats.player)
            return state

        return solve

    return ask()


def _seats(epoch: int) -> Seats:
    def seat(role: str | None) -> InEpoch:
        return InEpoch(InspectModel(get_model(role=role), own_retries=True), epoch)

    return Seats(seat(None), seat("grader"), seat("user"), frozenset(model_roles()))


def _show(state: TaskState, player: Any) -> None:
    """What the evaluated model was asked and said, as the sample's messages."""
    state.messages = conversation(player.calls)
    if player.calls:
        reply = player.calls[-1][1]
        state.output = ModelOutput.from_content(reply.model or str(state.model), reply.text)


def conversation(calls: Sequence[tuple[Sequence[Any], Any]]) -> list[ChatMessage]:
    """Calls one after the other; a call that goes on where the one before ended adds only what is new."""
    kinds: Mapping[str, type[ChatMessage]] = {
        "system": ChatMessageSystem,
        "user": ChatMessageUser,
        "assistant": ChatMessageAssistant,
        "tool": ChatMessageTool,
    }
    return [kinds[role](content=text) for role, text in said_in((m, reply.text) for m, reply in calls)]


# --- the scorer: the values of one sample ---


def _scorer_of(benchmark: ItemBenchmark[Any]) -> Scorer:
    @scorer(name=benchmark.name, metrics=[_estimates_of(benchmark), _failed_of(benchmark)])
    def score() -> Scorer:
        async def values(state: TaskState, target: Target) -> Score:
            part: Part = state.store.get(PART)
            return score_of(benchmark, str(state.sample_id), part, state.epoch)

        return values

    return score()


def score_of(benchmark: ItemBenchmark[Any], id: str, part: Part, epoch: int) -> Score:
    """One sample's score: its values by name, what is missing as NaN with the reason, and the rows for the metrics."""
    result = benchmark.join({id: part})
    failures = benchmark.failures(result)
    return Score(
        value=with_gaps(benchmark.values(result)),
        explanation=said_of(failures) or None,
        reason=reason_of(failures, benchmark.unread),
        metadata={"failures": count_failures(failures), "epoch": epoch, PART: dict(part)},
    )


# --- the metrics: the benchmark's own result over all samples ---


def _estimates_of(benchmark: ItemBenchmark[Any]) -> Metric:
    @metric(name="estimates", scores="unreduced")
    def estimates() -> Metric:
        def compute(scores: list[SampleScore]) -> Value:
            return dict(mean_over_epochs([benchmark.estimates(result) for result in _results(benchmark, scores)]))

        return compute

    return estimates()


def _failed_of(benchmark: ItemBenchmark[Any]) -> Metric:
    @metric(name="failed", scores="unreduced")
    def failed() -> Metric:
        def compute(scores: list[SampleScore]) -> Value:
            found = [failure for result in _results(benchmark, scores) for failure in benchmark.failures(result)]
            return {"failed": len(found), **{f"failed, {kind}": n for kind, n in count_failures(found).items()}}

        return compute

    return failed()


def _results(benchmark: ItemBenchmark[Any], scores: Sequence[SampleScore]) -> list[Any]:
    """The benchmark's result of each epoch."""
    epochs: dict[int, dict[str, Part]] = {}
    for one in scores:
        kept = one.score.metadata or {}
        epochs.setdefault(int(kept["epoch"]), {})[str(one.sample_id)] = kept[PART]
    return [benchmark.join(benchmark.in_order(parts)) for _, parts in sorted(epochs.items())]
