"""A dry run: calls, tokens and cost expected, and the exact first prompts, without asking anybody."""

from __future__ import annotations

from personarium.core.chat import Sampling, system, user
from personarium.core.errors import RemoteError
from personarium.core.label import labelled
from personarium.core.results import Failure
from personarium.core.tokens import estimate_tokens
from personarium.models import ScriptedModel
from personarium.runs import Plan, Run, failures


def test_a_token_is_four_characters() -> None:
    assert [estimate_tokens("x" * n) for n in (0, 1, 4, 5, 400)] == [0, 1, 1, 2, 100]


async def test_a_dry_run_counts_and_shows_but_does_not_ask() -> None:
    model = ScriptedModel([], name="openai/x")
    run = Run.dry({"personas": 3})
    asked = run.model(model, role="player", prices={"openai/x": (1.0, 10.0)}, concurrency=5)

    async def work(item: int) -> str:
        messages = [system("You are Ada."), user("x" * 40 + str(item))]
        await asked.generate(messages, Sampling(max_tokens=100))
        reply = await asked.generate(messages, Sampling(max_tokens=100, attempt=1))  # re-asks are not planned
        with labelled(step="grade"):
            await asked.generate([user("y" * 8)])
        return reply.text

    with run:
        outcomes = await run.map("ask", range(3), work, key=str)
    assert [outcome.value for outcome in outcomes] == ["", "", ""]
    assert model.calls == []
    plan = run.plan
    assert (plan.calls, plan.prompt_tokens) == (6, 3 * (3 + 11) + 3 * 2)
    assert plan.completion_tokens == (6 * 16, 3 * 100 + 3 * 512)
    assert plan.cost_usd == ((48 + 96 * 10) / 1e6, (48 + 1836 * 10) / 1e6)
    assert plan.samples["ask"] == [system("You are Ada."), user("x" * 40 + "0")]
    text = plan.text()
    assert "ask with openai/x: 3 calls, 42 prompt tokens, 48 to 300 in replies" in text
    assert "in all: 6 calls, 48 prompt tokens, 96 to 1,836 in replies" in text
    assert "cost: $0.00 to $0.02" in text
    assert "[system]\nYou are Ada." in text
    assert plan.as_dict()["steps"][0]["sample"] == plan.samples["ask"]


def test_a_system_says_what_replies_would_lead_to() -> None:
    plan = Plan()
    plan.expect("rubric", "m", 10, prompt_tokens=200, max_tokens=50)
    plan.expect("rubric", "m", 5, prompt_tokens=100, max_tokens=8)
    assert (plan.calls, plan.prompt_tokens, plan.completion_tokens) == (15, 2500, (200, 540))
    assert plan.cost_usd is None
    assert "cost: not known" in plan.text()
    assert plan.samples == {}


async def test_a_dry_run_lists_failures_like_a_run() -> None:
    async def work(item: int) -> int | Failure:
        if item:
            raise RemoteError("no")
        return Failure("empty", "nothing came", "0")

    outcomes = await Run.dry().map("s", [0, 1], work, key=str)
    assert failures(outcomes) == [Failure("empty", "nothing came", "0"), Failure("error", "no", "1")]
