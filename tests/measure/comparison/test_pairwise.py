"""Judging pairs: both orders, no call twice, prefixes first, failures counted, judges that cannot be trusted refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from personarium.core.chat import Message, Sampling
from personarium.core.errors import UsageError
from personarium.core.rubric import Rubric
from personarium.judges import Judge
from personarium.measure.comparison import (
    ComparisonConfig,
    Item,
    Replies,
    compare_agents,
    grade_replies,
    judge_pairs,
    plan_pairs,
    report_sections,
    shuffled_replies,
)
from personarium.models.scripted import ScriptedModel
from personarium.models.simulated import SimulatedModel
from personarium.runs import Run

QUICK = ComparisonConfig(copies=100)
FACTS = "I live in Norwich. I work as a potter. I have two cats."
CARRIES = "I live in Norwich, I work as a potter and I have two cats."
EVADES = "That is hard to say, it depends on many things."
CRITERION = "Does the reply show who this person is?"


def replies(**texts: Sequence[str | None]) -> Replies:
    n = len(next(iter(texts.values())))
    asked = tuple(Item(f"q{k}", prompt=f"Where do you live, and with whom? ({k})", persona=FACTS) for k in range(n))
    return Replies(asked, {name: tuple(column) for name, column in texts.items()})


def by_length(messages: Sequence[Message], sampling: Sampling) -> str:
    """Prefers the longer of the two."""
    text = messages[-1]["content"]
    first = text.split("<response_a>")[1].split("</response_a>")[0]
    second = text.split("<response_b>")[1].split("</response_b>")[0]
    return f"Feedback: the longer one. [RESULT] {'A' if len(first) > len(second) else 'B'}"


def test_every_pair_is_asked_once_in_each_order_and_the_naive_way_asks_twice_as_often() -> None:
    model = ScriptedModel(by_length)
    said = replies(a=["one one"] * 3, b=["two"] * 3, c=["three three three"] * 3)
    table = asyncio.run(judge_pairs(said, Judge(model), CRITERION, prices={"scripted": (1.0, 2.0)}))
    assert len(model.calls) == 3 * 3 * 2
    assert table.savings is not None
    assert (table.savings.calls, table.savings.naive_calls) == (18, 36)
    assert table.savings.naive_prompt_tokens == 2 * table.savings.prompt_tokens
    assert 0 < table.savings.shared_tokens < table.savings.prompt_tokens
    assert table.savings.dollars is not None and table.savings.naive_dollars is not None
    assert table.savings.naive_dollars == pytest.approx(2 * table.savings.dollars)
    assert [p.winner for p in table.verdicts["a", "b"] if p is not None] == ["A"] * 3
    assert [p.winner for p in table.verdicts["a", "c"] if p is not None] == ["B"] * 3
    (cost,) = [s for s in report_sections(compare_agents(table, QUICK)) if s["title"] == "What the judge was asked"]
    assert cost["rows"][0] == ["calls", 18, 36]


def test_equal_wordings_are_a_tie_without_a_question_and_a_pair_of_wordings_is_asked_once() -> None:
    model = ScriptedModel(by_length)
    said = replies(a=["same"], b=[" same "], c=["something else"])
    table = asyncio.run(judge_pairs(said, Judge(model), CRITERION))
    assert len(model.calls) == 2  # a against c is b against c
    assert table.savings is not None
    assert (table.savings.calls, table.savings.naive_calls) == (2, 12)
    (tie,) = table.verdicts["a", "b"]
    assert tie is not None
    assert (tie.winner, tie.orders) == ("tie", ())
    assert [v[0].winner for v in (table.verdicts["a", "c"], table.verdicts["b", "c"]) if v[0]] == ["B", "B"]


def test_calls_that_begin_alike_follow_each_other_and_the_first_goes_ahead() -> None:
    running, together = 0, []

    async def slow(messages: Sequence[Message], sampling: Sampling) -> str:
        nonlocal running
        running += 1
        together.append(running)
        await asyncio.sleep(0)
        running -= 1
        return by_length(messages, sampling)

    model = ScriptedModel(slow)
    said = replies(a=["a a a"], b=["b b"], c=["c"], d=["d d d d"])
    asyncio.run(judge_pairs(said, Judge(model), CRITERION))
    assert together[0] == 1  # nobody else asks while the item's beginning is read
    assert max(together) > 1
    (plan,) = plan_pairs(said)
    assert [[s.first for s in group] for group in plan.groups] == [
        ["a a a"] * 3,
        ["b b"] * 3,
        ["c"] * 3,
        ["d d d d"] * 3,
    ]


def test_items_of_one_persona_are_judged_one_after_the_other() -> None:
    mixed = Replies(
        (Item("1", persona="P"), Item("2", persona="Q"), Item("3", persona="P")),
        {"a": ("x", "x", "x"), "b": ("y", "y", "y")},
    )
    assert [plan.item.id for plan in plan_pairs(mixed)] == ["1", "3", "2"]


def test_a_missing_reply_is_no_loss() -> None:
    model = ScriptedModel(by_length)
    said = replies(a=["long long", None], b=["short", "short"])
    table = asyncio.run(judge_pairs(said, Judge(model), CRITERION))
    assert table.verdicts["a", "b"][1] is None
    assert table.pair("a", "b") == ([1.0, None], [0.0, None])
    assert len(model.calls) == 2
    with pytest.raises(UsageError, match="no item that two contestants have a reply to"):
        asyncio.run(judge_pairs(replies(a=[None], b=["x"]), Judge(model), CRITERION))


@pytest.mark.parametrize(
    ("judge", "refusal"),
    [
        ("simulated/first", "contradicts itself when the order is turned: only 0% of the pairs agree"),
        ("simulated/unparsable", "gave no verdict that could be read, of 40 that were wanted"),
    ],
)
def test_a_useless_judge_names_no_winner(judge: str, refusal: str) -> None:
    said = replies(a=[CARRIES] * 20, b=[EVADES] * 20)
    table = asyncio.run(judge_pairs(said, Judge(SimulatedModel(judge), asks=1), CRITERION))
    found = compare_agents(table, QUICK)
    assert found.best is None
    assert refusal in found.refusals[0]


def test_a_judge_that_always_answers_tie_is_refused_and_one_that_breaks_down_is_counted() -> None:
    said = replies(a=[CARRIES] * 12, b=[EVADES] * 12)
    ties = ScriptedModel(lambda m, s: "Feedback: alike. [RESULT] tie")
    found = compare_agents(asyncio.run(judge_pairs(said, Judge(ties, ties=True), CRITERION)), QUICK)
    assert "gave ties only, 12 of them" in found.refusals[0]
    broken = ScriptedModel(lambda m, s: "I would rather not grade this")
    table = asyncio.run(judge_pairs(said, Judge(broken, asks=1), CRITERION))
    assert all(p is not None and len(p.failures) == 2 for p in table.verdicts["a", "b"])


def test_a_good_judge_finds_the_one_that_carries_the_persona() -> None:
    said = shuffled_replies(replies(a=[CARRIES] * 16 + [EVADES] * 2, b=[EVADES] * 18))
    table = asyncio.run(judge_pairs(said, Judge(SimulatedModel("simulated:seed=5")), CRITERION))
    found = compare_agents(table, QUICK)
    assert found.best == "a"
    assert found.standings[-1].name == "shuffled replies"
    assert ("a", "b") in table.verdicts and ("a", "shuffled replies") in table.verdicts
    assert any("a is not better than the baseline shuffled replies" in text for text in found.warnings)


def test_a_killed_run_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    said = replies(a=["one one"] * 4, b=["two"] * 4)
    first, second = ScriptedModel(by_length), ScriptedModel(by_length)

    async def judged(model: ScriptedModel) -> object:
        with Run.open(tmp_path / "run", {"kind": "compare"}) as run:
            table = await judge_pairs(said, Judge(run.model(model, role="judge")), CRITERION, run=run)
            return compare_agents(table, QUICK).as_dict()

    one, two = asyncio.run(judged(first)), asyncio.run(judged(second))
    assert (len(first.calls), len(second.calls)) == (8, 0)
    assert one == two


def test_replies_of_one_wording_are_graded_once() -> None:
    model = ScriptedModel({"good": "Feedback: yes. [RESULT] 5", "": "Feedback: no. [RESULT] 2"})
    rubric = Rubric(CRITERION, ("1", "2", "3", "4", "5"))
    said = replies(a=["good", "poor"], b=["good", "good"], c=["poor", None])
    table = asyncio.run(grade_replies(said, Judge(model), rubric))
    assert table.values == {"a": (5.0, 2.0), "b": (5.0, 5.0), "c": (2.0, None)}
    assert len(model.calls) == 4
    assert table.savings is not None
    assert (table.savings.calls, table.savings.naive_calls) == (4, 5)
    assert table.judge.startswith("judge/scripted")
