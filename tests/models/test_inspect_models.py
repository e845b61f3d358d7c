"""Models of Inspect AI as our chat models: what is sent, what comes back, what goes wrong, and the way round through our provider."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="the extra 'inspect' is not installed")

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelOutput,
    ModelUsage,
    StopReason,
    TopLogprob,
    get_model,
)
from inspect_ai.tool import ToolCall, ToolInfo

from personarium.core.chat import Reply, Sampling, assistant, system, user
from personarium.core.errors import RemoteError, UsageError
from personarium.models import Step, open_model, stream_reply
from personarium.models.inspect_models import InspectModel
from personarium.models.registry import is_in_process, is_simulated
from personarium.models.structured import ask_structured

# Inspect calls a library's old argument at every request.
pytestmark = pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")

Seen = list[tuple[list[ChatMessage], list[ToolInfo], GenerateConfig]]
TALK = [system("You are Ada."), user("Hello."), assistant("Good day."), user("How old are you?")]


def output(text: str, stop: StopReason = "stop", **more: Any) -> ModelOutput:
    message = ChatMessageAssistant(content=text, tool_calls=more.pop("tool_calls", None))
    choice = ChatCompletionChoice(message=message, stop_reason=stop, logprobs=more.pop("logprobs", None))
    usage = ModelUsage(input_tokens=7, output_tokens=3, total_tokens=12, input_tokens_cache_read=2, total_cost=0.5)
    return ModelOutput(model="mock-1", choices=[choice], usage=usage, **more)


def mock(answer: Callable[..., ModelOutput] | ModelOutput, seen: Seen | None = None, **options: Any) -> InspectModel:
    """A model of Inspect's mockllm that answers by a function, or always the same."""

    def reply(messages: Any, tools: Any, choice: Any, config: Any) -> ModelOutput:
        if seen is not None:
            seen.append((messages, tools, config))
        return answer(messages) if callable(answer) else answer

    return InspectModel(get_model("mockllm/model", custom_outputs=reply), **options)


def raising(error: BaseException) -> InspectModel:
    def fail(messages: object) -> ModelOutput:
        raise error

    return mock(fail)


# --- what is sent ---


async def test_messages_and_sampling_reach_the_model_as_they_are() -> None:
    seen: Seen = []
    sampling = Sampling(temperature=0.3, top_p=0.9, max_tokens=50, stop=("END",), seed=4, extra={"min_p": 0.1})
    await mock(output("57."), seen).generate(TALK, sampling)
    messages, tools, config = seen[0]
    assert [(m.role, m.text) for m in messages] == [(m["role"], m["content"]) for m in TALK]
    assert tools == []
    assert (config.temperature, config.top_p, config.max_tokens, config.stop_seqs) == (0.3, 0.9, 50, ["END"])
    assert (config.seed, config.extra_body, config.max_retries) == (4, {"min_p": 0.1}, 0)
    assert (config.logprobs, config.response_schema) == (None, None)


async def test_a_repeat_is_another_seed_on_the_wire() -> None:
    seen: Seen = []
    model = mock(output("57."), seen)
    for sampling in (Sampling(seed=4), Sampling(seed=4, repeat=1), Sampling()):
        await model.generate(TALK, sampling)
    assert [config.seed for *_, config in seen] == [4, Sampling(seed=4, repeat=1).sent_seed, None]


async def test_a_schema_that_inspect_can_state_is_sent_and_another_one_is_asked_for_in_the_prompt() -> None:
    from pydantic import BaseModel

    class Plain(BaseModel):
        age: int

    class Nested(BaseModel):
        inner: Plain

    seen: Seen = []
    answers = {"Plain": '{"age": 57}', "Nested": '{"inner": {"age": 57}}'}
    flat = await ask_structured(mock(output(answers["Plain"]), seen), [user("Age?")], Plain)
    deep = await ask_structured(mock(output(answers["Nested"]), seen), [user("Age?")], Nested)
    assert (flat.mode, flat.value) == ("native", Plain(age=57))
    assert seen[0][2].response_schema is not None
    wanted = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}  # without titles
    assert seen[0][2].response_schema.json_schema.model_dump(exclude_unset=True) == wanted
    assert (deep.mode, deep.fell_back, deep.value) == ("prompted", True, Nested(inner=Plain(age=57)))
    assert seen[1][2].response_schema is None
    assert "$defs" in seen[1][0][-1].text


async def test_tools_are_sent_and_calls_come_back_in_the_endpoint_s_form() -> None:
    seen: Seen = []
    call = ToolCall(id="c1", function="look", arguments={"where": "naïve"})
    model = mock(output("", "tool_calls", tool_calls=[call]), seen)
    parameters = {"type": "object", "properties": {"where": {"type": "string"}}, "required": ["where"]}
    tool = {"type": "function", "function": {"name": "look", "description": "Look.", "parameters": parameters}}
    reply = await model.generate(TALK, Sampling(tools=(tool,)))
    assert [(t.name, t.description, list(t.parameters.properties)) for t in seen[0][1]] == [
        ("look", "Look.", ["where"])
    ]
    assert reply.finish_reason == "tool_calls"
    assert reply.tool_calls == (
        {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"where": "naïve"}'}},
    )
    with pytest.raises(RemoteError, match="a tool's name is not as Inspect needs it") as refused:
        await model.generate(TALK, Sampling(tools=({"type": "function", "function": {"description": "x"}},)))
    assert refused.value.kind == "bad_request"


# --- what comes back ---


async def test_a_reply_has_text_usage_cost_and_the_model_s_own_name() -> None:
    reply = await mock(output("57.")).generate(TALK)
    assert (reply.text, reply.finish_reason, reply.model) == ("57.", "stop", "mock-1")
    usage = reply.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.requests, usage.cost_usd) == (9, 3, 1, 0.5)


@pytest.mark.parametrize(
    ("stop", "finish"),
    [("max_tokens", "length"), ("model_length", "length"), ("content_filter", "content_filter"), ("unknown", "stop")],
)
async def test_why_a_reply_ended(stop: StopReason, finish: str) -> None:
    assert (await mock(output("57", stop)).generate(TALK)).finish_reason == finish


async def test_logprobs_are_asked_for_and_read() -> None:
    seen: Seen = []
    given = Logprobs(content=[Logprob(token="B", logprob=-0.1, top_logprobs=[TopLogprob(token="A", logprob=-2.5)])])
    reply = await mock(output("B", logprobs=given), seen).generate(TALK, Sampling(top_logprobs=5))
    assert (seen[0][2].logprobs, seen[0][2].top_logprobs) == (True, 5)
    assert reply.logprobs is not None
    assert [(t.token, t.logprob, t.top) for t in reply.logprobs] == [("B", -0.1, (("A", -2.5),))]


async def test_a_stream_falls_back_to_one_piece() -> None:
    pieces = [piece async for piece in stream_reply(mock(output("57.")), TALK)]
    assert pieces[0] == "57."
    assert isinstance(pieces[1], Reply) and pieces[1].text == "57."


async def test_a_step_counts_a_refusal_and_an_empty_reply() -> None:
    step = Step("test.ask", "personarium.measure", "choose")
    inputs = {"question": "?", "options": "A. a", "letters": "A", "memory": ""}
    empty = await step.ask(mock(output("  ")), inputs)
    assert empty.failure is not None and empty.failure.kind == "empty"


# --- what goes wrong ---


class StatusError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status_code = status


class ConnectTimeout(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        (StatusError(401), "auth", False),
        (StatusError(429), "rate_limit", True),
        (StatusError(503), "server", True),
        (StatusError(404), "bad_request", False),
        (TimeoutError("slow"), "timeout", True),
        (ConnectTimeout("slow"), "timeout", True),
        (ConnectionResetError("gone"), "connection", True),
        (ValueError("what is this"), "bad_request", False),
    ],
)
async def test_what_a_provider_raises_becomes_an_error_of_its_kind(
    error: Exception, kind: str, retryable: bool
) -> None:
    with pytest.raises(RemoteError) as raised:
        await raising(error).generate(TALK)
    assert (raised.value.kind, raised.value.retryable) == (kind, retryable)
    assert str(raised.value).startswith(f"inspect/mockllm/model: {type(error).__name__}: ")


async def test_our_own_error_passes_as_it_is() -> None:
    with pytest.raises(RemoteError) as raised:
        await raising(RemoteError("no route", "connection")).generate(TALK)
    assert (str(raised.value), raised.value.kind) == ("no route", "connection")


async def test_no_choices_are_an_empty_reply() -> None:
    with pytest.raises(RemoteError, match="gave no reply: 'filtered'") as raised:
        await mock(ModelOutput(model="m", error="filtered", usage=ModelUsage())).generate(TALK)
    assert raised.value.kind == "empty"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("inspect/gpt-4o", "should be in the format of <api_name>/<model_name>"),
        ("inspect/nosuch/model", "Model API nosuch of model 'nosuch/model' not recognized"),
        (
            "inspect/openai/gpt-4o",
            "Inspect cannot open it: ERROR: Unable to initialise OpenAI client No OPENAI_API_KEY",
        ),
        ("inspect/personarium/nonsense", "no model is called 'nonsense'"),
        ("inspect/personarium/inspect/mockllm/model", "name it mockllm/model"),
        ("inspect/", "write inspect/PROVIDER/MODEL"),
    ],
)
def test_a_model_that_cannot_be_opened_is_said_before_any_request(name: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_model(name)
    assert said in str(refused.value)


def test_an_address_stands_in_the_name_and_opens_the_same_model_again() -> None:
    model = open_model("inspect/mockllm/model", base_url="http://127.0.0.1:9/v1/")
    assert model.name == "inspect/mockllm/model@http://127.0.0.1:9/v1"
    assert open_model(model.name).name == model.name
    with pytest.raises(UsageError, match="has no option 'device'"):
        open_model("inspect/mockllm/model", device="cpu")


async def test_calls_leave_nothing_in_the_running_context() -> None:
    from inspect_ai.log import transcript

    model = mock(output("57."))
    before = len(transcript().events)
    await asyncio.gather(*(model.generate(TALK) for _ in range(20)))
    await model.generate(TALK)
    assert len(transcript().events) == before


# --- the way round: our provider, as our model ---

QUESTIONS = (
    [system("You are Ada. Your hometown is Vesterby. You keep bees."), user("What do you do on Sundays?")],
    [user("Answer with a letter.\nA. tea\nB. coffee\n<reply>\n<A|B>\n</reply>")],
    [user("<persona>\nAda keeps bees.\n</persona>\n<reply>\nTherefore, the final score is <1-5>\n</reply>")],
    [system("You are Ada."), user("Hello."), assistant("Good day."), user("And you?")],
)
SAMPLINGS = (
    Sampling(),
    Sampling(temperature=0.9, top_p=0.9, seed=3, max_tokens=20),
    Sampling(seed=3, sample=1, repeat=2, attempt=1),
    Sampling(temperature=0.0, top_logprobs=5),
    Sampling(seed=1, stop=("e",)),
    Sampling(seed=1, schema={"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}),
)


@pytest.mark.parametrize("name", ["simulated", "simulated:drift=0.5,fidelity=0.4,seed=2", "simulated/refuser"])
async def test_the_round_trip_changes_no_byte(name: str) -> None:
    direct, around = open_model(name), open_model(f"inspect/personarium/{name}")
    assert around.name == f"inspect/personarium/{name}"
    for messages in QUESTIONS:
        for sampling in SAMPLINGS:
            theirs, ours = await around.generate(messages, sampling), await direct.generate(messages, sampling)
            assert _bytes(theirs) == _bytes(ours)


def _bytes(reply: Reply) -> bytes:
    usage = [reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.requests, reply.usage.cost_usd]
    tokens = None if reply.logprobs is None else [[t.token, t.logprob, t.top] for t in reply.logprobs]
    return json.dumps([reply.text, reply.finish_reason, usage, tokens, reply.model, reply.tool_calls]).encode()


async def test_the_model_asked_in_two_loops_and_closed_leaves_nothing_open() -> None:
    def once() -> str:
        async def ask() -> str:
            model = open_model("inspect/personarium/simulated")
            try:
                return (await model.generate(QUESTIONS[0])).text
            finally:
                await model.aclose()  # type: ignore[attr-defined]

        return asyncio.run(ask())

    first, second = await asyncio.to_thread(once), await asyncio.to_thread(once)
    gc.collect()
    assert first == second != ""


@pytest.mark.parametrize(
    ("name", "simulated"),
    [
        ("simulated", True),
        ("simulated:fidelity=0.5", True),
        ("inspect/personarium/simulated:seed=1", True),
        ("inspect/mockllm/model", False),
        ("ollama/simulated-annealing", False),
    ],
)
def test_what_is_made_with_the_simulated_subject_says_so_also_behind_inspect(name: str, simulated: bool) -> None:
    assert is_simulated(name) is simulated
    assert is_in_process(name) is simulated
    assert is_in_process("hf/tiny")
