"""An agent: what it would send is what it sends; what goes wrong is a failure and never an utterance."""

from __future__ import annotations

import pytest

from personarium.core import Dialogue, Persona, Reply
from personarium.core.errors import RemoteError, UsageError
from personarium.models import ScriptedModel
from personarium.play import Agent, CallableAgent, Speaker, Spoken

MAYA = Persona.from_text("You are Maya, a baker in Bath.", id="maya")


def talk() -> Dialogue:
    return Dialogue("d", [("guest", "Hello!"), ("maya", "Good morning."), ("guest", "What do you do?")])


async def test_render_is_exactly_what_is_sent() -> None:
    model = ScriptedModel(["I bake."])
    maya = Agent(MAYA, model, instructions="Speak briefly.")
    shown = maya.render(talk())
    assert await maya.reply(talk()) == Spoken("I bake.")
    assert list(model.calls[0].messages) == shown
    assert [m["role"] for m in shown] == ["system", "user", "assistant", "user"]
    assert "a baker in Bath" in shown[0]["content"]
    assert shown[0]["content"].endswith("Speak briefly.")


async def test_history_is_read_and_never_written() -> None:
    dialogue = talk()
    before = dialogue.to_dict()
    await Agent(MAYA, ScriptedModel(["I bake."])).reply(dialogue)
    assert dialogue.to_dict() == before


async def test_seed_sample_repeat_and_attempt_reach_the_model() -> None:
    model = ScriptedModel(["a"])
    await Agent(MAYA, model).reply(talk(), seed=7, sample=2, repeat=3, attempt=1)
    sampling = model.calls[0].sampling
    assert (sampling.seed, sampling.sample, sampling.repeat, sampling.attempt) == (7, 2, 3, 1)
    assert sampling.temperature == 0.7
    assert model.calls[0].label.step == "play.turn"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("I'm sorry, but I can't help with that.", "refused"),
        (Reply("half a", finish_reason="content_filter"), "refused"),
        (RemoteError("down", "connection"), "error"),
    ],
)
async def test_what_is_no_utterance_is_a_failure(reply: str | Reply | Exception, kind: str) -> None:
    for ask in ("reply", "answer"):
        maya = Agent(MAYA, ScriptedModel([reply]))
        spoken = await (maya.reply(talk()) if ask == "reply" else maya.answer("Who are you?"))
        assert spoken.text == ""
        assert spoken.failure is not None
        assert (spoken.failure.kind, spoken.failure.where) == (kind, "maya")


async def test_interview_has_no_history() -> None:
    model = ScriptedModel(["I am Maya."])
    maya = Agent(MAYA, model)
    assert (await maya.answer("Who are you?")).text == "I am Maya."
    assert list(model.calls[0].messages) == maya.render_question("Who are you?")
    assert [m["role"] for m in model.calls[0].messages] == ["system", "user"]


async def test_stream_gives_pieces_and_last_the_whole() -> None:
    pieces = [piece async for piece in Agent(MAYA, ScriptedModel(["I bake bread."])).stream(talk())]
    assert "".join(p for p in pieces if isinstance(p, str)) == "I bake bread."
    assert pieces[-1] == Spoken("I bake bread.")
    failed = [piece async for piece in Agent(MAYA, ScriptedModel([RemoteError("down")])).stream(talk())]
    assert isinstance(failed[-1], Spoken)
    assert failed[-1].failure is not None


def test_concat_is_one_shared_transcript() -> None:
    maya = Agent(MAYA, ScriptedModel([]), projection="concat")
    shown = maya.render(talk())
    assert [m["role"] for m in shown] == ["system", "user"]
    assert "guest: Hello!\nmaya: Good morning.\nguest: What do you do?" in shown[1]["content"]


def test_a_role_is_no_name() -> None:
    with pytest.raises(UsageError, match="role"):
        Agent(MAYA, ScriptedModel([]), id="assistant")
    with pytest.raises(UsageError):
        CallableAgent("user", lambda messages: "x")
    with pytest.raises(UsageError, match="concat"):
        Agent(MAYA, ScriptedModel([]), projection="other")  # type: ignore[arg-type]


async def test_a_callable_is_a_speaker() -> None:
    async def later(messages: list[object]) -> str:
        return f"{len(messages)} heard"

    seen = CallableAgent("maya", lambda messages: messages[-1]["content"].upper())
    assert isinstance(seen, Speaker)
    assert (await seen.reply(talk())).text == "WHAT DO YOU DO?"
    assert (await CallableAgent("maya", later).reply(talk())).text == "3 heard"  # type: ignore[arg-type]
    failure = (await CallableAgent("maya", lambda messages: "").reply(talk())).failure
    assert failure is not None
    assert failure.kind == "empty"


def test_nobody_is_a_plain_assistant() -> None:
    assert Agent(None, ScriptedModel([]), id="helper").render() == [
        {"role": "user", "content": "(The conversation begins. You speak first.)"}
    ]
