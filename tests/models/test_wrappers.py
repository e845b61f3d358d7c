"""Limits, retries and accounts around a scripted model; time is injected, nothing waits."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from personarium.core.chat import Reply, Sampling, Usage, user
from personarium.core.errors import BudgetExceeded, InvalidInput, NotFound, RemoteError, UsageError
from personarium.models import (
    Accounted,
    Limited,
    Retrying,
    ScriptedModel,
    UsageLedger,
    equip,
    innermost,
    load_prices,
    price_of,
    stream_reply,
)

ASK = [user("hello there")]


class Clock:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


# -- limits


async def test_no_more_calls_in_flight_than_allowed() -> None:
    flying = most = 0

    async def answer(messages: object, sampling: Sampling) -> str:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0)
        flying -= 1
        return "ok"

    model = Limited(ScriptedModel(answer), concurrency=3)
    await asyncio.gather(*(model.generate(ASK) for _ in range(20)))
    assert most == 3


async def test_requests_are_spaced_evenly_under_the_rate() -> None:
    clock = Clock()
    model = Limited(ScriptedModel(["ok"] * 4), requests_per_minute=30, clock=clock, sleep=clock.sleep)
    for _ in range(4):
        await model.generate(ASK)
    assert clock.slept == [2.0, 2.0, 2.0]


async def test_tokens_are_reserved_and_then_corrected_by_what_was_used() -> None:
    clock = Clock()
    replies = [Reply("ok", usage=Usage(40, 20, 1)), Reply("ok")]
    model = Limited(ScriptedModel(replies), tokens_per_minute=60, clock=clock, sleep=clock.sleep)
    await model.generate(ASK, Sampling(max_tokens=1000))  # reserves 1,006 tokens and uses 60: one minute
    await model.generate(ASK, Sampling(max_tokens=1000))
    assert clock.slept == [pytest.approx(60.0)]


async def test_a_429_with_retry_after_holds_the_others_too() -> None:
    clock = Clock()
    script = ScriptedModel(["ok"], faults={0: RemoteError("slow down", "rate_limit", 429, 5.0)})
    model = Limited(script, clock=clock, sleep=clock.sleep)
    with pytest.raises(RemoteError):
        await model.generate(ASK)
    await model.generate(ASK)
    assert clock.slept == [5.0]


def test_limits_that_limit_everything_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 1, found 0"):
        Limited(ScriptedModel([]), concurrency=0)
    with pytest.raises(UsageError, match="requests_per_minute: expected more than 0"):
        Limited(ScriptedModel([]), requests_per_minute=0)


def test_one_wrapper_serves_one_event_loop_after_the_other() -> None:
    model = Limited(ScriptedModel(lambda messages, sampling: "ok"), concurrency=1)

    async def many() -> None:
        await asyncio.gather(*(model.generate(ASK) for _ in range(3)))

    asyncio.run(many())
    asyncio.run(many())


# -- retries


async def test_a_passing_failure_is_asked_again_with_doubling_jittered_waits() -> None:
    clock = Clock()
    faults = {k: RemoteError("503", "server", 503) for k in range(4)}
    model = Retrying(ScriptedModel(["ok"], faults=faults), base_s=1.0, max_s=4.0, sleep=clock.sleep)
    assert (await model.generate(ASK)).text == "ok"
    assert [lo <= s <= hi for s, (lo, hi) in zip(clock.slept, [(0.5, 1), (1, 2), (2, 4), (2, 4)], strict=True)] == [
        True
    ] * 4
    assert model.retries == {"server": 4}


async def test_the_jitter_follows_the_seed() -> None:
    async def waits(seed: int) -> list[float]:
        clock = Clock()
        faults = {k: RemoteError("503", "server") for k in range(3)}
        await Retrying(ScriptedModel(["ok"], faults=faults), seed=seed, sleep=clock.sleep).generate(ASK)
        return clock.slept

    assert await waits(1) == await waits(1) != await waits(2)


async def test_retry_after_is_waited_for_in_full_unless_it_is_too_long() -> None:
    clock = Clock()
    faults = {0: RemoteError("429", "rate_limit", 429, 40.0), 1: RemoteError("429", "rate_limit", 429, 4000.0)}
    model = Retrying(ScriptedModel(["ok"], faults=faults), sleep=clock.sleep)
    with pytest.raises(RemoteError, match="asked to wait 4000 s, which is too long"):
        await model.generate(ASK)
    assert clock.slept == [40.0]


async def test_the_last_error_comes_out_when_every_try_failed() -> None:
    clock = Clock()
    script = ScriptedModel(lambda messages, sampling: RemoteError("host is down", "connection"))
    with pytest.raises(RemoteError, match=r"host is down \(after 6 tries\)") as caught:
        await Retrying(script, sleep=clock.sleep).generate(ASK)
    assert (len(script.calls), len(clock.slept), caught.value.kind) == (6, 5, "connection")


@pytest.mark.parametrize("kind", ["auth", "bad_request", "refused"])
async def test_what_will_not_pass_is_not_asked_again(kind: str) -> None:
    script = ScriptedModel([RemoteError("no", kind)])
    with pytest.raises(RemoteError, match=r"^no$"):
        await Retrying(script).generate(ASK)
    assert len(script.calls) == 1


async def test_a_stream_is_repeated_only_while_nothing_was_passed_on() -> None:
    clock = Clock()
    model = Retrying(ScriptedModel(["a b"], faults={0: RemoteError("503", "server")}), sleep=clock.sleep)
    assert [piece async for piece in model.stream(ASK)][:2] == ["a", " b"]

    class Breaks:
        name = "breaks"
        begun = 0

        async def generate(self, messages: object, sampling: object = None) -> Reply:
            raise AssertionError("not asked")

        async def stream(self, messages: object, sampling: object = None):  # type: ignore[no-untyped-def]
            self.begun += 1
            yield "a"
            raise RemoteError("cut", "protocol")

    broken = Breaks()
    with pytest.raises(RemoteError, match=r"^cut$"):
        async for _ in Retrying(broken, sleep=clock.sleep).stream(ASK):
            pass
    assert broken.begun == 1


# -- accounts


async def test_tokens_and_dollars_are_booked_by_model() -> None:
    ledger = UsageLedger()
    replies = [Reply("a", usage=Usage(1_000_000, 500_000, 1)), Reply("b", usage=Usage(10, 5, 1, 0.25))]
    model = Accounted(ScriptedModel(replies, name="openai/m"), ledger, {"m": (2.0, 4.0)})
    assert (await model.generate(ASK)).usage.cost_usd == 4.0
    assert (await model.generate(ASK)).usage.cost_usd == 0.25  # the endpoint's own figure goes before
    assert ledger.total == Usage(1_000_010, 500_005, 2, 4.25)
    assert ledger.as_dict()["by_model"]["openai/m"]["cost_usd"] == 4.25


async def test_an_unknown_price_is_not_zero() -> None:
    ledger = UsageLedger()
    reply = await Accounted(ScriptedModel(["a"], name="openai/m"), ledger).generate(ASK)
    assert reply.usage.cost_usd is None
    assert (ledger.total.cost_usd, ledger.unpriced) == (None, 1)


async def test_the_limit_stops_before_the_call_that_could_pass_it() -> None:
    ledger = UsageLedger(max_cost=0.0035)
    script = ScriptedModel([Reply("x", usage=Usage(0, 1000, 1))] * 5, name="m")
    model = Accounted(script, ledger, {"m": (0.0, 1.0)})
    for _ in range(3):
        await model.generate(ASK, Sampling(max_tokens=1000))
    with pytest.raises(BudgetExceeded, match=r"could pass the cost limit of \$0\.0035.*higher --max-cost"):
        await model.generate(ASK, Sampling(max_tokens=1000))
    assert len(script.calls) == 3
    assert ledger.reserved == 0.0


async def test_calls_in_flight_count_towards_the_limit() -> None:
    async def answer(messages: object, sampling: Sampling) -> Reply:
        await asyncio.sleep(0)
        return Reply("x", usage=Usage(0, 1000, 1))

    script = ScriptedModel(answer, name="m")
    model = Accounted(script, UsageLedger(max_cost=0.0025), {"m": (0.0, 1.0)})
    asked = (model.generate(ASK, Sampling(max_tokens=1000)) for _ in range(5))
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["Reply"] * 2 + ["BudgetExceeded"] * 3
    assert len(script.calls) == 2


def test_a_limit_without_a_price_says_how_to_give_one() -> None:
    with pytest.raises(UsageError, match=r"price of openai/m is not known.*--prices FILE.*'m: \[0\.15, 0\.60\]'"):
        Accounted(ScriptedModel([], name="openai/m"), UsageLedger(max_cost=1))


def test_prices_go_by_name_and_in_process_models_cost_nothing() -> None:
    prices = {"openai/a": (1.0, 2.0), "b/c": (3.0, 4.0)}
    assert price_of("openai/a@http://127.0.0.1:1/v1", prices) == (1.0, 2.0)
    assert price_of("openrouter/b/c", prices) == (3.0, 4.0)
    assert price_of("simulated:seed=3", prices) == (0.0, 0.0)
    assert price_of("openai/other", prices) is None


def test_a_price_file_is_read_or_refused_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("gpt-4o: [2.5, 10]\n")
    assert load_prices(file) == {"gpt-4o": (2.5, 10.0)}
    for text in ("gpt-4o: 3", "gpt-4o: [1, -2]", "gpt-4o: [1, true]", "- a", "a: [1"):
        file.write_text(text)
        with pytest.raises(InvalidInput, match=r"prices\.yaml"):
            load_prices(file)
    with pytest.raises(NotFound):
        load_prices(tmp_path / "none.yaml")


# -- together


async def test_wrappers_keep_the_name_stream_through_and_close_what_is_inside() -> None:
    closed = []

    class Closing(ScriptedModel):
        async def aclose(self) -> None:
            closed.append(self.name)

    inner = Closing(["one two"], name="m")
    model = equip(inner, ledger=UsageLedger())
    assert (model.name, innermost(model)) == ("m", inner)
    pieces = [piece async for piece in stream_reply(model, ASK)]
    assert pieces[:2] == ["one", " two"]
    await model.aclose()  # type: ignore[attr-defined]
    assert closed == ["m"]
