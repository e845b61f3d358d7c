"""Own agents: they get what was said and nothing that was told; what they raise is a failure with its reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from e2e.foreign_agent import ForeignAgent, serving

from personarium.core import Dialogue, NotFound, Persona, RemoteError, Sampling, UsageError, labelled, system, user
from personarium.core.chat import Message, assistant
from personarium.models import AgentEndpoint, AgentFunction, Sessions, agent_name, load_function, open_agent
from personarium.play import Agent
from personarium.runs import Run

TALK: list[Message] = [user("Hi"), assistant("Hello."), user("Who are you?")]
ADA = "My name is Ada. I live in Rome."


# -- functions


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_function_gets_the_messages_of_the_conversation(asynchronous: bool) -> None:
    got: list[Any] = []

    def sync(messages: list[Message]) -> str:
        got.append(messages)
        return "I am Ada."

    async def waits(messages: list[Message]) -> str:
        return sync(messages)

    agent = AgentFunction(waits if asynchronous else sync, "agent/bot:reply")
    assert (await agent.generate(TALK, Sampling(temperature=0.3))).text == "I am Ada."
    assert got == [TALK]


async def test_a_function_that_names_a_dialogue_gets_one() -> None:
    got: list[Dialogue] = []

    def reply(dialogue: Any) -> str:
        got.append(dialogue)
        return "Ada."

    def typed(talk: Dialogue) -> str:
        return reply(talk)

    for function in (reply, typed):
        await AgentFunction(function, "agent/bot").generate(TALK)
    assert [[(u.speaker, u.text) for u in d] for d in got] == [
        [("partner", "Hi"), ("agent", "Hello."), ("partner", "Who are you?")]
    ] * 2


async def test_a_callable_object_and_a_sync_function_that_returns_an_awaitable_work() -> None:
    class Bot:
        async def __call__(self, messages: list[Message]) -> str:
            return "object"

    async def inner() -> str:
        return "awaited"

    def returns(messages: list[Message]) -> Any:
        return inner()

    assert (await AgentFunction(Bot(), "agent/a").generate(TALK)).text == "object"
    assert (await AgentFunction(returns, "agent/b").generate(TALK)).text == "awaited"


async def test_a_stateful_function_gets_what_is_new_and_the_session() -> None:
    got: list[tuple[list[Message], str]] = []

    def reply(messages: list[Message], session_id: str) -> str:
        got.append((messages, session_id))
        return "yes"

    agent = AgentFunction(reply, "agent/bot", stateful=True, sessions=Sessions("run-1"))
    assert agent.name == "agent/bot;stateful"
    for item in ("talk-1", "talk-2"):
        with labelled(item=item):
            await agent.generate(TALK)
    assert [messages for messages, _ in got] == [[user("Who are you?")]] * 2
    first, second = (session for _, session in got)
    assert first != second
    agent.sessions.nonce = "run-2"
    with labelled(item="talk-1"):
        await agent.generate(TALK)
    assert got[-1][1] not in (first, second)


@pytest.mark.parametrize("value", [None, 3, {"text": "x"}])
async def test_what_is_no_text_is_an_error_of_the_agent(value: Any) -> None:
    def reply(messages: list[Message]) -> Any:
        return value

    with pytest.raises(RemoteError, match="expected its turn as text") as caught:
        await AgentFunction(reply, "agent/bot").generate(TALK)
    assert caught.value.kind == "agent"
    assert not caught.value.retryable


async def test_what_a_function_raises_is_a_failure_of_the_speaker_with_its_reason() -> None:
    def reply(messages: list[Message]) -> str:
        raise KeyError("mood")

    speaker = Agent(None, AgentFunction(reply, "agent/bot:reply"), id="bot")
    spoken = await speaker.reply(Dialogue("d", [("me", "Hi")]))  # type: ignore[list-item]
    assert spoken.failure is not None
    assert spoken.failure.kind == "error"
    assert "agent/bot:reply raised KeyError" in spoken.failure.reason


async def test_a_system_message_never_reaches_an_own_agent() -> None:
    def reply(messages: list[Message]) -> str:
        raise AssertionError("was asked")

    with pytest.raises(UsageError, match="an own agent gets only what was said"):
        await AgentFunction(reply, "agent/bot").generate([system("You are Ada."), *TALK])


async def test_an_agent_without_style_is_told_nothing_and_keeps_its_persona_for_the_judge() -> None:
    got: list[Any] = []

    def reply(messages: list[Message]) -> str:
        got.append(messages)
        return "yes"

    speaker = Agent(Persona.from_text(ADA), AgentFunction(reply, "agent/bot"), style=None, id="bot")
    await speaker.answer("Where do you live?")
    assert got == [[user("Where do you live?")]]
    assert speaker.persona is not None
    assert "Rome" in speaker.persona.view().text


# -- finding the function


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    monkeypatch.chdir(tmp_path)

    def write(code: str) -> Path:
        path = tmp_path / "my_bot.py"
        path.write_text(code, encoding="utf-8")
        return path

    return write


async def test_a_function_is_found_in_a_file_and_inside_an_object(module: Callable[[str], Path]) -> None:
    path = module("class Bot:\n    def reply(self, messages):\n        return 'file'\nbot = Bot()\n")
    agent = open_agent(f"{path}:bot.reply")
    assert (await agent.generate(TALK)).text == "file"
    assert agent.name == f"agent/{path}:bot.reply"


@pytest.mark.parametrize(
    ("code", "target", "error", "said"),
    [
        ("", "my_bot.py:reply", NotFound, "has no 'reply'"),
        ("", "other.py:reply", NotFound, "no module other.py"),
        ("", "no_such_module_of_anybody:reply", NotFound, "no module no_such_module_of_anybody"),
        ("import no_such_module_of_anybody", "my_bot.py:reply", NotFound, "no module no_such_module_of_anybody"),
        ("1 / 0", "my_bot.py:reply", NotFound, "failed with ZeroDivisionError"),
        ("def", "my_bot.py:reply", NotFound, "failed with SyntaxError"),
        ("reply = 3", "my_bot.py:reply", UsageError, "expected a function"),
        ("def reply(a, b): return a", "my_bot.py:reply", UsageError, "must take one conversation"),
        ("def reply(): return 1", "my_bot.py:reply", UsageError, "must take one conversation"),
        ("", "my_bot.py", UsageError, "module:function"),
        ("", "ftp://x/y", UsageError, "module:function"),
        ("", "my_bot.py:a b", UsageError, "module:function"),
    ],
)
def test_what_is_no_agent_is_one_clear_error(
    module: Callable[[str], Path], code: str, target: str, error: type[Exception], said: str
) -> None:
    module(code)
    with pytest.raises(error, match=said):
        open_agent(target)


def test_an_agent_model_belongs_to_an_endpoint() -> None:
    with pytest.raises(UsageError, match="names a model at an endpoint"):
        open_agent("os.path:basename", model="gpt")


def test_load_function_gives_the_function_itself() -> None:
    assert load_function("os.path:basename")("a/b") == "b"


# -- endpoints


@pytest.mark.parametrize(
    ("target", "model", "stateful", "name"),
    [
        ("http://h:1/v1/", None, False, "agent/http://h:1/v1"),
        ("http://h:1/v1/chat/completions", "bot", False, "agent/bot@http://h:1/v1"),
        ("http://h:1/v1", None, True, "agent/http://h:1/v1;stateful"),
        ("bot:reply", None, True, "agent/bot:reply;stateful"),
    ],
)
def test_names_say_what_changes_the_replies(target: str, model: str | None, stateful: bool, name: str) -> None:
    assert agent_name(target, model, stateful) == name


async def test_a_stateless_endpoint_gets_the_whole_talk_its_own_model_and_no_parameters() -> None:
    with serving(ForeignAgent(ADA)) as foreign:
        agent = AgentEndpoint(foreign.base_url)
        reply = await agent.generate(TALK, Sampling(temperature=0.2, max_tokens=9, seed=4))
        await agent.aclose()
    assert reply.text
    assert foreign.requests == [{"model": "bot-1", "messages": TALK, "session": ""}]


async def test_a_stateful_endpoint_gets_one_new_message_and_the_session_of_the_conversation() -> None:
    with serving(ForeignAgent(ADA, stateful=True)) as foreign:
        agent = AgentEndpoint(foreign.base_url, "mine", stateful=True, sessions=Sessions("r"))
        for item in ("a", "b"):
            with labelled(item=item):
                first = await agent.generate([user("Hello, where do you live?")])
                await agent.generate([user("Hello, where do you live?"), assistant(first.text), user("And your name?")])
        await agent.aclose()
    assert [r["model"] for r in foreign.requests] == ["mine"] * 4
    sessions = [r["session"] for r in foreign.requests]
    assert sessions[0] == sessions[1] != sessions[2] == sessions[3]
    assert [len(said) for said in foreign.heard.values()] == [4, 4]


async def test_a_stream_of_an_endpoint_that_cannot_stream_is_the_whole_reply() -> None:
    with serving(ForeignAgent(ADA)) as foreign:
        agent = AgentEndpoint(foreign.base_url)
        pieces = [piece async for piece in agent.stream(TALK)]
        await agent.aclose()
    assert foreign.requests[0]["stream"] is True
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == pieces[-1].text  # type: ignore[union-attr]


async def test_model_keys_are_not_sent_to_an_agent_and_its_own_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from personarium.testing.stub import StubServer

    monkeypatch.setenv("OPENAI_API_KEY", "sk-model-key-000000")
    monkeypatch.setenv("PERSONARIUM_API_KEY", "sk-other-key-000000")
    async with StubServer(key="the-agent-key-11") as stub:
        without = AgentEndpoint(stub.base_url, "m")
        with pytest.raises(RemoteError) as caught:
            await without.generate(TALK)
        assert caught.value.kind == "auth"
        assert "sk-" not in str(caught.value)
        monkeypatch.setenv("PERSONARIUM_AGENT_API_KEY", "the-agent-key-11")
        own = AgentEndpoint(stub.base_url, "m")
        assert (await own.generate(TALK)).text
        await without.aclose()
        await own.aclose()


async def test_a_run_counts_the_errors_of_an_agent_and_asks_a_stateful_one_once(tmp_path: Path) -> None:
    with serving(ForeignAgent(ADA, stateful=True, fails_from=0)) as foreign, Run.open(tmp_path / "run", {}) as run:
        sessions = Sessions(run.id)
        agent = AgentEndpoint(foreign.base_url, "m", stateful=True, sessions=sessions)
        model = run.model(agent, role="player", tries=1)
        outcomes = await run.map("talk", ["a"], lambda item: model.generate([user("Hi")]), key=str)
        await agent.aclose()
        assert run.id and sessions.nonce == run.id
    assert outcomes[0].failure is not None
    assert "out of order" in outcomes[0].failure.reason
    assert len(foreign.requests) == 1
