"""Structured output: native schemas, falling back, bounded re-asks, counted failures."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from personarium.core.chat import Message, Sampling, user
from personarium.core.errors import RemoteError
from personarium.models import ScriptedModel, ask_structured


class Grade(BaseModel):
    """A grade."""

    score: int = Field(ge=1, le=5)
    reason: str


class WithoutSchemas(ScriptedModel):
    """A model that says it has no native schemas."""

    supports_schema: bool | None = False


class Unknowing(ScriptedModel):
    """A model that does not know whether it has them."""

    supports_schema: bool | None = None


GOOD = '{"score": 4, "reason": "kept the persona"}'
ASK = [user("Grade this.")]


async def test_the_endpoint_gets_the_schema_where_it_takes_one() -> None:
    model = ScriptedModel([GOOD])
    result = await ask_structured(model, ASK, Grade, sampling=Sampling(seed=1))
    assert result.value == Grade(score=4, reason="kept the persona")
    assert (result.failure, result.asks, result.mode, result.fell_back) == (None, 1, "native", False)
    assert model.calls[0].sampling.schema == Grade.model_json_schema()
    assert list(model.calls[0].messages) == ASK


async def test_an_endpoint_that_refuses_schemas_is_asked_in_words_from_then_on() -> None:
    def answer(messages: Sequence[Message], sampling: Sampling) -> str | Exception:
        return RemoteError("no response_format", "bad_request", 400) if sampling.schema else f"```json\n{GOOD}\n```"

    model = Unknowing(answer)
    first = await ask_structured(model, ASK, Grade)
    second = await ask_structured(model, ASK, Grade)
    assert [r.value.score for r in (first, second) if r.value] == [4, 4]
    assert (first.mode, first.fell_back, first.asks) == ("prompted", True, 1)
    assert (second.mode, second.fell_back, len(model.calls)) == ("prompted", False, 3)
    assert '"maximum":5' in model.calls[-1].messages[-1]["content"]


async def test_a_bad_object_is_shown_again_with_its_errors_as_a_new_question() -> None:
    model = WithoutSchemas(['{"score": 9, "reason": "x"}', "no idea", GOOD])
    result = await ask_structured(model, ASK, Grade, asks=3)
    assert result.value is not None
    assert (result.asks, len(result.replies)) == (3, 3)
    assert [call.sampling.attempt for call in model.calls] == [0, 1, 2]
    second = model.calls[1].messages
    assert second[1] == {"role": "assistant", "content": '{"score": 9, "reason": "x"}'}
    assert "score: Input should be less than or equal to 5" in second[2]["content"]


async def test_failures_are_counted_and_name_their_kind() -> None:
    texts = {"unparsed": "a four, I think", "empty": " ", "refused": "I'm sorry, but I can't help with that."}
    for kind, text in texts.items():
        result = await ask_structured(WithoutSchemas([text] * 2), ASK, Grade, asks=2, where="p1")
        assert result.value is None
        assert result.failure is not None
        assert (result.failure.kind, result.failure.where, result.asks) == (kind, "p1", 2)
        assert result.failure.raw == (text, text)


async def test_a_failed_endpoint_is_a_failure_and_not_an_exception() -> None:
    result = await ask_structured(ScriptedModel([RemoteError("down", "connection")]), ASK, Grade)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.reason, result.asks) == ("error", "down", 1)
