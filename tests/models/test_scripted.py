"""The scripted model: exact replies, programmed faults, and a record of every call."""

from __future__ import annotations

import pytest

from personarium.core.chat import Reply, Sampling, StreamingModel, user
from personarium.core.errors import RemoteError, UsageError
from personarium.core.label import labelled
from personarium.models import ScriptedModel


async def test_a_list_is_given_out_in_order_and_running_out_is_said() -> None:
    model = ScriptedModel(["one", Reply("two", finish_reason="length")])
    assert (await model.generate([user("a")])).text == "one"
    assert (await model.generate([user("b")])).finish_reason == "length"
    with pytest.raises(UsageError, match="has 2 replies and was asked once more"):
        await model.generate([user("c")])


async def test_a_mapping_answers_by_substring_or_pattern_of_the_last_message() -> None:
    model = ScriptedModel({"score (1-5": "5", r"colou?r": "blue", "": "anything"})
    assert (await model.generate([user("give a score (1-5)")])).text == "5"
    assert (await model.generate([user("which color?")])).text == "blue"
    assert (await model.generate([user("hello")])).text == "anything"
    with pytest.raises(UsageError, match="no pattern"):
        await ScriptedModel({"x": "y"}).generate([user("hello")])


async def test_functions_may_be_async_and_may_answer_with_an_exception() -> None:
    async def answer(messages: object, sampling: Sampling) -> str | Exception:
        return RemoteError("down", "connection") if sampling.sample else "up"

    model = ScriptedModel(answer)
    assert (await model.generate([user("a")])).text == "up"
    with pytest.raises(RemoteError, match="down"):
        await model.generate([user("a")], Sampling(sample=1))


async def test_a_fault_at_call_k_leaves_the_script_where_it_was() -> None:
    model = ScriptedModel(["one", "two"], faults={1: RemoteError("503", "server", 503)})
    assert (await model.generate([user("a")])).text == "one"
    with pytest.raises(RemoteError):
        await model.generate([user("b")])
    assert (await model.generate([user("b")])).text == "two"


async def test_every_call_is_recorded_as_it_was_with_its_label() -> None:
    model = ScriptedModel(lambda messages, sampling: "ok")
    messages = [user("first")]
    with labelled(step="judge.grade", item="p1/q2"):
        await model.generate(messages, Sampling(seed=3))
    messages[0]["content"] = "changed later"
    (call,) = model.calls
    assert call.messages == (user("first"),)
    assert call.sampling.seed == 3
    assert call.label == ("judge.grade", "p1/q2")


async def test_it_streams_and_counts_words() -> None:
    model = ScriptedModel(["Well then.\n"])
    assert isinstance(model, StreamingModel)
    pieces = [piece async for piece in model.stream([user("say two words")])]
    assert pieces[:-1] == ["Well", " then.", "\n"]
    assert isinstance(pieces[-1], Reply)
    assert pieces[-1].text == "Well then.\n"
    assert (pieces[-1].usage.prompt_tokens, pieces[-1].usage.completion_tokens) == (3, 2)


def test_a_bare_text_is_refused() -> None:
    with pytest.raises(UsageError, match="put one reply in a list"):
        ScriptedModel("hello")
