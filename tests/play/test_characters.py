"""A card as an agent: its greetings, its lore in every turn, interviews, streaming, dialogues; plain personas as before."""

from __future__ import annotations

from typing import Any

import pytest

from personarium.core.cards.persona import persona_from_card
from personarium.core.cards.record import Card
from personarium.core.chat import Reply
from personarium.core.dialogue import Dialogue
from personarium.core.errors import RemoteError, UsageError
from personarium.core.persona import Persona
from personarium.measure.drift import dialogue_drift
from personarium.models import ScriptedModel
from personarium.models.simulated import SimulatedModel
from personarium.play.agents import Agent, CallableAgent, Speaker, Spoken
from personarium.play.characters import CardAgent, agent_for, opened
from personarium.play.dialogues import Casting, play_dialogues


def mira(**fields: Any) -> Card:
    data = {
        "name": "Mira",
        "description": "{{char}} keeps the lighthouse on Gull Rock. {{char}} is 61 years old.",
        "first_mes": "*opens the door* Come in, {{user}}.",
        "alternate_greetings": ["The lamp is out, {{user}}!"],
        "group_only_greetings": ["So many of you, and {{user}} too."],
        "post_history_instructions": "Keep it short.",
        "character_book": {"entries": [{"keys": ["lamp"], "content": "The lamp burns whale oil."}]},
    }
    return Card.from_object({"spec": "chara_card_v3", "spec_version": "3.0", "data": {**data, **fields}})


def talk(agent: Agent) -> Dialogue:
    return Dialogue("d", [("tom", "Hello!"), (agent.id, "Hello."), ("tom", "What is that lamp?")])  # type: ignore[list-item]


async def test_render_is_exactly_what_is_sent_and_trace_says_why() -> None:
    model = ScriptedModel(["An old one."])
    agent = CardAgent(mira(), model, user="Tom", instructions="In English.")
    shown = agent.render(talk(agent))
    assert await agent.reply(talk(agent), seed=3) == Spoken("An old one.")
    assert list(model.calls[0].messages) == shown
    assert model.calls[0].label.step == "play.turn"
    assert [m["role"] for m in shown] == ["system", "user", "assistant", "user", "system"]
    assert "The lamp burns whale oil." in shown[0]["content"]
    assert shown[0]["content"].endswith("In English.")
    traced = agent.trace(talk(agent))
    assert traced.messages == shown
    assert (traced.lore.entries[0].key, traced.lore.entries[0].message) == ("lamp", 2)
    assert traced.turns[0].content.of("card.lorebook.1").strip() == "The lamp burns whale oil."


async def test_the_history_is_read_and_never_written() -> None:
    agent = CardAgent(mira(), ScriptedModel(["Yes."]))
    dialogue = talk(agent)
    before = dialogue.to_dict()
    await agent.reply(dialogue)
    assert dialogue.to_dict() == before


async def test_an_interview_is_the_card_and_the_question_and_leaves_nothing_behind() -> None:
    model = ScriptedModel(["Whale oil."])
    agent = CardAgent(mira(), model)
    before = agent.render(talk(agent))
    assert (await agent.answer("What burns in the lamp, {{char}}?")).text == "Whale oil."
    asked = list(model.calls[0].messages)
    assert asked == agent.render_question("What burns in the lamp, {{char}}?")
    assert [m["role"] for m in asked] == ["system", "user", "system"]
    assert asked[1]["content"] == "What burns in the lamp, {{char}}?"
    assert "The lamp burns whale oil." in asked[0]["content"]
    assert model.calls[0].label.step == "play.interview"
    assert agent.render(talk(agent)) == before


async def test_it_streams_and_a_failure_is_no_utterance() -> None:
    agent = CardAgent(mira(), ScriptedModel(["Come in."]))
    pieces = [piece async for piece in agent.stream(talk(agent))]
    assert pieces[-1] == Spoken("Come in.") and "".join(p for p in pieces if isinstance(p, str)) == "Come in."
    for broken, kind in ((Reply(""), "empty"), (RemoteError("down", "connection"), "error")):
        spoken = await CardAgent(mira(), ScriptedModel([broken])).reply(talk(agent))
        assert spoken.failure is not None and (spoken.text, spoken.failure.kind) == ("", kind)


def test_greetings() -> None:
    agent = CardAgent(mira(), ScriptedModel(["x"]), user="Tom")
    assert agent.greet() == "*opens the door* Come in, Tom."
    assert agent.greet(1) == "The lamp is out, Tom!"
    assert agent.greet(2, group=True) == "So many of you, and Tom too."
    with pytest.raises(UsageError, match="'Mira' has greetings 0 to 1 for two, found 2"):
        agent.greet(2)
    with pytest.raises(UsageError, match="0 to 2 for groups, found 3"):
        CardAgent(mira(), ScriptedModel(["x"]), greeting=3)


def test_a_dialogue_opens_with_the_greeting_of_the_card() -> None:
    agent = CardAgent(mira(), ScriptedModel(["x"]), user="Tom", greeting=1, id="mira")
    empty = Dialogue("d")
    begun = opened(empty, agent)
    assert [(u.speaker, u.text, u.meta) for u in begun] == [("mira", "The lamp is out, Tom!", {"greeting": 1})]
    assert len(empty) == 0
    assert opened(begun, agent) is begun
    assert opened(empty, CallableAgent("x", lambda _: "y")) is empty
    assert opened(empty, CardAgent(mira(first_mes=""), ScriptedModel(["x"]))) is empty
    crowd = Dialogue("d", cast=("mira", "tom", "ann"))
    grouped = CardAgent(mira(), ScriptedModel(["x"]), greeting=2, id="mira")
    assert opened(crowd, grouped)[0].text == "So many of you, and User too."
    with pytest.raises(UsageError):
        opened(empty, grouped)


def test_agent_for_plays_a_card_as_a_card_and_others_in_a_view() -> None:
    model = ScriptedModel(["x"])
    persona = persona_from_card(mira())
    card = agent_for(persona, model, user="Tom", greeting=1, instructions="Briefly.")
    assert isinstance(card, CardAgent) and isinstance(card, Speaker)
    assert (card.id, card.persona, card.greeting, card.user) == (persona.id, persona, 1, "Tom")
    assert card.card == mira()
    assert card.system.endswith("Briefly.") and card.system == card.render()[0]["content"]
    plain = agent_for(Persona.from_text("You are Ada, a baker.", id="ada"), model, instructions="Briefly.")
    assert type(plain) is Agent and plain.system.endswith("Briefly.")
    assert type(agent_for(persona, model, style="biography")) is Agent


def test_a_changed_persona_is_played_as_changed() -> None:
    persona = persona_from_card(mira())
    facet = next(f for f in persona.facets if "lighthouse" in str(f.value))
    changed = persona.with_value(facet.id, "Mira keeps bees.")
    agent = agent_for(changed, ScriptedModel(["x"]))
    assert "Mira keeps bees." in agent.render()[0]["content"]
    assert "lighthouse on Gull Rock" not in agent.render()[0]["content"]


def test_names_and_projections_that_are_none() -> None:
    with pytest.raises(UsageError, match="role"):
        CardAgent(mira(), ScriptedModel(["x"]), id="user")
    agent = CardAgent(mira(), ScriptedModel(["x"]))
    assert agent.with_projection("egocentric") is agent
    with pytest.raises(UsageError, match="egocentric"):
        agent.with_projection("concat")
    assert repr(agent).startswith("CardAgent('card-")


async def test_a_dialogue_with_a_card_begins_with_its_greeting_and_goes_on() -> None:
    agent = CardAgent(mira(), ScriptedModel(["Mind the step.", "Good night."]), user="tom", id="mira")
    guest = CallableAgent("tom", lambda messages: f"I heard {len(messages)} of you.")
    casting = Casting("d", (agent, guest), max_turns=3, opening=opened(Dialogue(), agent))
    (played,) = await play_dialogues([casting])
    assert [(u.speaker, u.text) for u in played.dialogue] == [
        ("mira", "*opens the door* Come in, tom."),
        ("tom", "I heard 1 of you."),
        ("mira", "Mind the step."),
        ("tom", "I heard 3 of you."),
        ("mira", "Good night."),
        ("tom", "I heard 5 of you."),
    ]


async def test_the_simulated_subject_reads_the_card_and_drift_can_be_measured() -> None:
    subject = SimulatedModel("simulated:fidelity=1,contradict=0,seed=4")
    agent = CardAgent(mira(), subject, user="tom", id="mira")
    said = await agent.answer("How old are you?")
    assert "61" in said.text
    guest = CallableAgent("tom", lambda _: "And where do you live?")
    (played,) = await play_dialogues([Casting("d", (agent, guest), max_turns=4, opening=opened(Dialogue(), agent))])
    assert not played.failed
    assert agent.persona is not None
    score = dialogue_drift(played.dialogue, "mira", agent.persona.view("system").text)
    assert score.value is not None


async def test_less_room_leaves_out_history_and_the_trace_says_so() -> None:
    agent = CardAgent(mira(), ScriptedModel(["x"]), max_tokens=90)
    long = Dialogue("d", [("tom", "word " * 40), (agent.id, "Yes."), ("tom", "So?")])  # type: ignore[list-item]
    assert agent.trace(long).left_out == ("dialogue.0",)
    assert "word" not in " ".join(m["content"] for m in agent.render(long)[1:])
