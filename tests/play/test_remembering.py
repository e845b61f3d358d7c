"""An agent with a memory: what it is sent, what it keeps, and what an interview leaves untouched."""

from __future__ import annotations

import asyncio

from personarium.core import Dialogue, Persona
from personarium.core.errors import RemoteError
from personarium.models import ScriptedModel
from personarium.play import Agent
from personarium.play.remembering import RememberingAgent
from personarium.remember import Memory


def _agent(replies: list[object]) -> RememberingAgent:
    model = ScriptedModel(replies)
    inner = Agent(Persona.from_text("I am Robin, a baker."), model, id="robin")
    memory = Memory.open(None, clock=lambda: 1000.0).user("ana")
    return RememberingAgent(inner, memory)


def test_the_memory_stands_at_the_end_of_the_system_message() -> None:
    agent = _agent(["Tea it is."])
    agent.memory.remember("My favourite drink is tea")
    dialogue = Dialogue("d1")
    dialogue.say("you", "What drink would I like?")
    messages = agent.render(dialogue)
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[0]["content"].startswith(agent.inner.system)
    assert messages[0]["content"].endswith("<memory>\n- 1970-01-01: My favourite drink is tea\n</memory>")
    assert messages[1:] == agent.inner.render(dialogue)[1:]


def test_without_anything_to_remember_the_messages_are_those_of_the_agent() -> None:
    agent = _agent(["Hello."])
    dialogue = Dialogue("d1")
    dialogue.say("you", "Hello!")
    assert agent.render(dialogue) == agent.inner.render(dialogue)


def test_a_turn_is_kept_once_and_goes_on_after_a_restart() -> None:
    agent = _agent(["Nice.", "And you?"])
    dialogue = Dialogue("d1")
    dialogue.say("you", "I am allergic to nuts.")
    dialogue.say("robin", asyncio.run(agent.reply(dialogue)).text)
    again = RememberingAgent(agent.inner, agent.memory)
    dialogue.say("you", "How are you?")
    asyncio.run(again.reply(dialogue))
    kept = [(one.speaker, one.text, one.session) for one in agent.memory.observations()]
    assert kept == [
        ("user", "I am allergic to nuts.", "d1"),
        ("assistant", "Nice.", "d1"),
        ("user", "How are you?", "d1"),
        ("assistant", "And you?", "d1"),
    ]


def test_a_turn_that_fails_is_not_kept() -> None:
    agent = _agent([RemoteError("down"), ""])
    dialogue = Dialogue("d1")
    dialogue.say("you", "Hello!")
    assert asyncio.run(agent.reply(dialogue)).failure is not None
    assert asyncio.run(agent.reply(dialogue)).failure is not None
    assert agent.memory.observations() == []


def test_an_interview_reads_and_writes_nothing() -> None:
    agent = _agent(["Tea."])
    agent.memory.remember("My favourite drink is tea")
    before = agent.memory.memory.store.last("ana")
    assert "favourite drink is tea" in agent.render_question("What do I drink?")[0]["content"]
    assert asyncio.run(agent.answer("What do I drink?")).text == "Tea."
    assert agent.memory.memory.store.last("ana") == before


def test_streaming_keeps_the_turn_too() -> None:
    agent = _agent(["Well said."])
    dialogue = Dialogue("d1")
    dialogue.say("you", "Hello!")

    async def talk() -> None:
        async for _ in agent.stream(dialogue):
            pass

    asyncio.run(talk())
    assert [one.text for one in agent.memory.observations()] == ["Hello!", "Well said."]
