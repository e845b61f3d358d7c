"""The gate: it stops as soon as it is sure, failures are never scores, a budget ends it, and a longer run goes on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from personarium.core.chat import Sampling
from personarium.core.errors import BudgetExceeded, InvalidInput, RemoteError, UsageError
from personarium.core.results import Failure, Scale
from personarium.measure.gate import Verdict, run_gate
from personarium.models import ScriptedModel
from personarium.runs import Run, read_run

POINTS = Scale(1, 5)
Scorer = Callable[[int], Awaitable[float | Failure]]


def scorer(values: Sequence[float | Failure], asked: list[int] | None = None) -> Scorer:
    """Scores by place; writes down who was asked."""

    async def score(item: int) -> float | Failure:
        if asked is not None:
            asked.append(item)
        return values[item]

    return score


def gate(values: Sequence[float | Failure], at_least: float = 4.2, **options: Any) -> Verdict:
    return asyncio.run(
        run_gate(
            range(len(values)),
            scorer(values),
            at_least=at_least,
            scale=POINTS,
            **options,
        )
    )


def failure(kind: str = "error") -> Failure:
    return Failure(kind, f"it did not answer: {kind}")  # type: ignore[arg-type]


def test_a_good_subject_passes_and_nothing_more_is_asked() -> None:
    asked: list[int] = []
    values = [5.0, 5.0, 4.0, 5.0, 5.0] * 12
    found = asyncio.run(run_gate(range(60), scorer(values, asked), at_least=4.2, scale=POINTS, unit="question"))
    assert (found.result, found.exit_code, found.stopped) == ("pass", 0, "decided")
    assert found.asked == len(asked) == 30
    assert found.estimate.value == pytest.approx(4.8)
    assert found.estimate.lo is not None and found.estimate.lo >= 4.2
    assert (found.estimate.n, found.estimate.unit) == (30, "question")
    assert found.reasons == (
        f"with 95 % confidence the mean is at least {found.estimate.lo:.2f}, and 4.2 was asked for",
    )
    assert found.more_items is None


def test_a_bad_subject_fails_with_the_interval() -> None:
    found = gate([1.0, 3.0, 2.0, 1.0, 5.0] * 12)
    assert (found.result, found.exit_code, found.asked) == ("fail", 1, 5)
    assert found.estimate.hi is not None and found.estimate.hi <= 4.2


def test_a_subject_in_between_is_undecided_and_the_further_items_decide() -> None:
    rng = np.random.default_rng(3)
    values = rng.choice([3.0, 4.0, 5.0], 400, p=[0.1, 0.3, 0.6]).tolist()
    first = gate(values, max_items=20)
    assert (first.result, first.exit_code, first.stopped, first.asked) == ("undecided", 4, "limit", 20)
    assert first.estimate.lo is not None and first.estimate.hi is not None
    assert first.estimate.lo < 4.2 < first.estimate.hi
    assert first.more_items is not None and 10 < first.more_items < 380
    assert gate(values, max_items=20 + first.more_items).result == "pass"


def test_at_the_threshold_no_number_is_promised() -> None:
    found = gate([4.0, 4.4] * 20)
    assert (found.result, found.more_items, found.stopped) == ("undecided", None, "items")


def test_a_longer_gate_begins_with_the_shorter_one() -> None:
    rng = np.random.default_rng(8)
    values = rng.choice([1.0, 4.0, 5.0], 60, p=[0.1, 0.2, 0.7]).tolist()
    short, long = gate(values, max_items=15), gate(values, max_items=40)
    assert long.scores[:15] == short.scores


def test_failures_are_counted_and_are_no_scores() -> None:
    values: list[float | Failure] = [5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, failure("refused"), 5.0] * 6
    found = gate(values)
    assert found.result == "pass"
    assert set(found.scores) == {5.0}
    assert found.asked == len(found.scores) + len(found.failures)
    assert found.estimate.failures == {"refused": len(found.failures)}
    assert found.as_dict()["failures"] == {"refused": len(found.failures)}


def test_with_too_many_failures_nothing_is_decided_whatever_the_scores_say() -> None:
    values: list[float | Failure] = [5.0, 5.0, failure(), 5.0, failure("unparsed")] * 12
    found = gate(values)
    assert (found.result, found.exit_code, found.stopped, found.more_items) == ("undecided", 4, "failures", None)
    assert len(found.failures) == 14  # more than a fifth of 60: no good answers can make up for them
    assert found.asked == 35
    assert found.reasons[0].startswith("14 of 35 items failed, more than 20 %")
    assert gate(values, most_failed=0.5).result == "pass"


def test_failures_at_the_beginning_can_be_made_up_for() -> None:
    found = gate([failure(), failure(), *[5.0] * 58])
    assert (found.result, found.asked) == ("pass", 25)  # 2 of 10, 15, 20 are not too many; the scores decide later


def test_when_everything_fails_there_is_no_score() -> None:
    found = gate([failure()] * 60)
    assert (found.result, found.estimate.value, found.asked) == ("undecided", None, 15)
    assert found.reasons[-1] == "no item has a score"


def test_an_endpoint_that_fails_for_one_item_is_a_failure_of_that_item() -> None:
    async def score(item: int) -> float:
        if item % 10 == 3:
            raise RemoteError("the server said 500", "server", 500)
        return 5.0

    found = asyncio.run(run_gate(range(60), score, at_least=4.0, scale=POINTS))
    assert found.result == "pass"
    assert {f.reason for f in found.failures} == {"the server said 500"}
    assert {f.where for f in found.failures} == {"3", "13"}


def test_items_may_come_from_a_source_and_no_more_are_made_than_are_wanted() -> None:
    made: list[int] = []

    async def source() -> AsyncIterator[int]:
        for k in range(1000):
            made.append(k)
            yield k

    found = asyncio.run(run_gate(source(), scorer([5.0] * 1000), at_least=4.2, scale=POINTS))
    assert found.result == "pass"
    assert len(made) == found.asked == 25


def test_a_budget_ends_the_gate_and_what_was_answered_in_order_counts() -> None:
    async def score(item: int) -> float:
        if item == 7:
            raise BudgetExceeded("the next call could pass the cost limit of $1")
        return 4.0 + item % 2

    found = asyncio.run(run_gate(range(60), score, at_least=4.2, scale=POINTS))
    assert (found.result, found.exit_code, found.stopped) == ("undecided", 4, "budget")
    assert found.scores == (4.0, 5.0, 4.0, 5.0, 4.0, 5.0, 4.0)  # 8 and 9 of the same round do not jump the queue
    assert found.reasons[0] == "the cost limit stopped it: the next call could pass the cost limit of $1"
    assert found.more_items is not None


def test_in_a_run_every_call_is_kept_and_the_same_gate_asks_for_nothing_again(tmp_path: Path) -> None:
    model = ScriptedModel(lambda messages, sampling: "5" if "1" in messages[-1]["content"] else "4", name="scripted")

    async def gated(run: Run, max_items: int) -> Verdict:
        asked = run.model(model, role="judge")

        async def score(item: int) -> float | Failure:
            reply = await asked.generate([{"role": "user", "content": f"item {item}"}], Sampling(seed=1))
            return failure("refused") if item == 2 else float(reply.text)

        return await run_gate(range(60), score, at_least=4.35, scale=POINTS, max_items=max_items, run=run)

    with Run.open(tmp_path / "run", {"kind": "gate"}) as run:
        first = asyncio.run(gated(run, 10))
    assert first.result == "undecided"
    assert len(model.calls) == 10
    assert [f["reason"] for f in read_run(tmp_path / "run").failures()] == ["it did not answer: refused"]
    with Run.open(tmp_path / "run", {"kind": "gate"}) as run:
        second = asyncio.run(gated(run, 20))
    assert second.scores[:9] == first.scores
    assert len(model.calls) == 20


@pytest.mark.parametrize(
    ("at_least", "options"),
    [(5.0, {}), (1.0, {}), (4.2, {"confidence": 0.5}), (4.2, {"rounds_of": 0}), (4.2, {"most_failed": 1.0})],
)
def test_a_gate_that_makes_no_sense_is_a_usage_error(at_least: float, options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        gate([5.0], at_least, **options)


def test_a_score_outside_the_scale_is_named() -> None:
    with pytest.raises(InvalidInput, match="a score from 1 to 5, found 6"):
        gate([5.0, 6.0])
    with pytest.raises(InvalidInput, match="found nan"):
        gate([float("nan")])


def results(offset: float, agents: int) -> Counter[str]:
    """Gates on subjects whose scores are 1 (15 %), 4 (10 %) and 5 (75 %), mean 4.3; ``offset`` is added to it as the goal."""
    counts: Counter[str] = Counter()
    for seed in range(agents):
        values = np.random.default_rng(seed).choice([1.0, 4.0, 5.0], 60, p=[0.15, 0.1, 0.75]).tolist()
        counts[gate(values, 4.3 + offset).result] += 1
    return counts


def test_error_rates_on_scores_of_known_mean() -> None:
    at = results(0.0, 40)
    assert at["pass"] <= 6 and at["fail"] <= 6  # 5 % of 40 and three standard errors are 6.1
    assert results(-1.0, 30)["pass"] >= 27
    assert results(0.6, 30)["fail"] >= 28
