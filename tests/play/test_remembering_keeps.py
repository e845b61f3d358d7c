"""An agent that only reads a memory, and a turn that was had elsewhere and is kept afterwards."""

from __future__ import annotations

from personarium.core import Dialogue
from personarium.models import ScriptedModel
from personarium.play import Agent
from personarium.play.agents import Spoken
from personarium.play.remembering import RememberingAgent
from personarium.remember import Memory
from personarium.runs import run_sync


def test_an_agent_that_keeps_nothing_reads_the_memory_and_leaves_it_as_it_is() -> None:
    memory = Memory.open(None, clock=lambda: 1000.0).user("ana")
    memory.observe("My sister is called Ida.")
    agent = RememberingAgent(Agent("You are Orla.", ScriptedModel(["Ida."]), id="orla"), memory, keeps=False)
    asked = Dialogue("d", [("you", "What is my sister called?")], cast=("you", "orla"))  # type: ignore[list-item]
    assert "My sister is called Ida." in agent.render(asked)[0]["content"]
    assert run_sync(agent.reply(asked)).text == "Ida."
    assert [one.text for one in memory.observations()] == ["My sister is called Ida."]


def test_a_turn_that_was_had_elsewhere_is_kept_once() -> None:
    memory = Memory.open(None, clock=lambda: 1000.0).user("ana")
    inner = Agent("You are Orla.", ScriptedModel([]), id="orla")
    agent = RememberingAgent(inner, memory, by_prefix=True, remembered_as="orla")
    asked = Dialogue("d", [("you", "I like tea.")], cast=("you", "orla"))  # type: ignore[list-item]
    agent.keep(asked, Spoken("So do I."))
    agent.keep(asked, Spoken("So do I."))
    assert [(one.speaker, one.text) for one in memory.observations()] == [("user", "I like tea."), ("orla", "So do I.")]
