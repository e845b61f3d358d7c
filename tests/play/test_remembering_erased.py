"""An agent whose memory was erased does not take the erased words in again from the dialogue that still holds them."""

from __future__ import annotations

import asyncio

from personarium.core import Dialogue, Persona
from personarium.models import ScriptedModel
from personarium.play import Agent
from personarium.play.remembering import RememberingAgent
from personarium.remember import Memory


def _agent() -> RememberingAgent:
    inner = Agent(
        Persona.from_text("I am Robin, a baker."), ScriptedModel(lambda messages, sampling: "Nice."), id="robin"
    )
    return RememberingAgent(inner, Memory.open(None, clock=lambda: 1000.0).user("ana"))


def _say(agent: RememberingAgent, dialogue: Dialogue, text: str) -> None:
    dialogue.say("you", text)
    dialogue.say("robin", asyncio.run(agent.reply(dialogue)).text)


def _texts(agent: RememberingAgent) -> list[str]:
    return [one.text for one in agent.memory.observations()]


def test_what_was_erased_is_not_taken_in_again() -> None:
    agent, dialogue = _agent(), Dialogue("d1")
    _say(agent, dialogue, "I love tea.")
    _say(agent, dialogue, "My ex is called Zyxqwvia.")
    agent.memory.forget(session="d1", mode="erase")
    _say(agent.with_projection(agent.projection), dialogue, "How are you?")
    assert _texts(agent) == ["How are you?", "Nice."]


def test_what_was_archived_is_not_taken_in_again() -> None:
    agent, dialogue = _agent(), Dialogue("d1")
    _say(agent, dialogue, "I love tea.")
    agent.memory.forget(["o1", "o2"])
    _say(agent, dialogue, "How are you?")
    assert _texts(agent) == ["How are you?", "Nice."]


def test_what_was_struck_out_of_the_dialogue_is_no_utterance() -> None:
    agent, dialogue = _agent(), Dialogue("d1")
    dialogue.say("you", "I love the [erased].")
    dialogue.say("robin", "Nice.")
    _say(agent, dialogue, "How are you?")
    assert _texts(agent) == ["Nice.", "How are you?", "Nice."]


def test_an_exchange_that_was_taken_back_makes_room_for_another() -> None:
    agent, dialogue = _agent(), Dialogue("d1")
    _say(agent, dialogue, "One.")
    _say(agent, dialogue, "Two.")
    del dialogue.utterances[-2:]
    agent.memory.forget(["o3", "o4"])
    _say(agent, dialogue, "Three.")
    assert _texts(agent) == ["One.", "Nice.", "Three.", "Nice."]


def test_a_talk_that_began_without_a_memory_is_taken_in_whole() -> None:
    agent, dialogue = _agent(), Dialogue("d1")
    dialogue.say("you", "I live in Oslo.")
    dialogue.say("robin", "I see.")
    _say(agent, dialogue, "How are you?")
    assert _texts(agent) == ["I live in Oslo.", "I see.", "How are you?", "Nice."]
