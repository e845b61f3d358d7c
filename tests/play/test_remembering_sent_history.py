"""An agent that remembers dialogues which somebody else keeps: each turn once, however often its reply is asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from personarium.core import Dialogue
from personarium.core.errors import UsageError
from personarium.models import ScriptedModel
from personarium.play import Agent, RememberingAgent
from personarium.play.sent_history import PERSONA, read_history
from personarium.remember import Memory
from personarium.remember.user_memory import UserMemory


def _dialogue(*texts: str) -> Dialogue:
    return read_history(
        [{"role": "assistant" if i % 2 else "user", "content": text} for i, text in enumerate(texts)]
    ).dialogue


def _agent(memory: UserMemory, *replies: object, remembered_as: str = "assistant") -> RememberingAgent:
    inner = Agent("I am Robin, a baker.", ScriptedModel(list(replies)), id=PERSONA)
    return RememberingAgent(inner, memory, by_prefix=True, remembered_as=remembered_as)


def _ask(agent: RememberingAgent, *texts: str) -> str:
    return asyncio.run(agent.reply(_dialogue(*texts))).text


def _kept(memory: UserMemory) -> list[tuple[str, str]]:
    return [(one.speaker, one.text) for one in memory.observations()]


def test_a_reply_asked_for_again_after_a_restart_is_not_kept_twice(tmp_path: Path) -> None:
    for reply in ("Noted.", "I see."):
        with Memory.open(tmp_path / "people.db") as memory:
            assert _ask(_agent(memory.user("ana"), reply), "I bake.") == reply
            assert _kept(memory.user("ana")) == [("user", "I bake."), ("assistant", "Noted.")]


def test_only_what_was_said_since_the_personas_last_turn_is_kept() -> None:
    ana = Memory.open(None).user("ana")
    _ask(_agent(ana, "Good."), "From another program.", "Its own reply.", "I bake.")
    assert _kept(ana) == [("user", "I bake."), ("assistant", "Good.")]


def test_a_turn_that_a_client_took_back_and_wrote_anew_is_another_turn() -> None:
    ana = Memory.open(None).user("ana")
    _ask(_agent(ana, "Good."), "I bake.")
    _ask(_agent(ana, "Fine."), "I bake rye.")
    assert [text for _, text in _kept(ana)] == ["I bake.", "Good.", "I bake rye.", "Fine."]


def test_a_further_message_before_a_reply_is_kept_and_the_first_not_again() -> None:
    ana = Memory.open(None).user("ana")
    _ask(_agent(ana, "Good."), "I bake.")
    twice = _dialogue("I bake.")
    twice.say("person", "Every day.")
    asyncio.run(_agent(ana, "Every day!").reply(twice))
    assert [text for _, text in _kept(ana)] == ["I bake.", "Good.", "Every day.", "Every day!"]


def test_a_failed_reply_keeps_nothing_and_the_next_try_does() -> None:
    ana = Memory.open(None).user("ana")
    _ask(_agent(ana, ""), "I bake.")
    assert _kept(ana) == []
    _ask(_agent(ana, "Good."), "I bake.")
    assert len(_kept(ana)) == 2


def test_an_archived_turn_is_not_taken_in_again() -> None:
    ana = Memory.open(None).user("ana")
    _ask(_agent(ana, "Good."), "I bake.")
    ana.forget([one.id for one in ana.observations()])
    _ask(_agent(ana, "Good."), "I bake.")
    assert _kept(ana) == []


def test_several_who_share_a_memory_are_kept_by_name() -> None:
    ana = Memory.open(None).user("ana")
    _ask(_agent(ana, "Good.", remembered_as="robin"), "I bake.")
    assert _kept(ana) == [("user", "I bake."), ("robin", "Good.")]
    with pytest.raises(UsageError, match="cannot be remembered as the user"):
        _agent(ana, "Good.", remembered_as="user")


def test_a_stream_that_is_left_keeps_nothing_and_closes_the_model() -> None:
    closed: list[bool] = []

    class Endless:
        name = "endless"

        async def stream(self, messages: object, sampling: object) -> object:
            try:
                while True:
                    yield "word "
            finally:
                closed.append(True)

    async def left() -> None:
        pieces = RememberingAgent(Agent("I am Robin.", Endless(), id=PERSONA), ana, by_prefix=True).stream(
            _dialogue("I bake.")
        )
        assert await anext(pieces) == "word "
        await pieces.aclose()

    ana = Memory.open(None).user("ana")
    asyncio.run(left())
    assert closed == [True]
    assert _kept(ana) == []
