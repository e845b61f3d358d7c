"""The OpenAI-compatible client against a real server on this machine: the protocol, and every way it can go wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from personarium.core.chat import Message, Reply, Sampling, TokenLogprob, Usage, system, user
from personarium.core.errors import RemoteError, UsageError
from personarium.models import Dialect, OpenAICompatible, ScriptedModel, open_model
from personarium.models.openai_compatible import clean_url
from personarium.models.wire import chat_body
from personarium.testing.stub import Faults, StubServer

KEY = "sk-proj-Abcd1234/efgh5678"
ASK = [system("You are Ada."), user("Who are you?")]


def client(stub: StubServer, **options: object) -> OpenAICompatible:
    model = open_model("openai/tiny", base_url=stub.base_url, **options)
    assert isinstance(model, OpenAICompatible)
    return model


async def failure(stub: StubServer, **options: object) -> RemoteError:
    model = client(stub, **options)
    with pytest.raises(RemoteError) as caught:
        await model.generate(ASK)
    await model.aclose()
    return caught.value


# -- the protocol


async def test_a_request_carries_messages_and_sampling_as_the_protocol_names_them() -> None:
    async with StubServer(ScriptedModel(["I am Ada."]), record=True) as stub:
        model = client(stub)
        sampling = Sampling(0.5, 0.9, 20, ("\n",), seed=7, top_logprobs=3, extra={"repetition_penalty": 1.1})
        reply = await model.generate(ASK, sampling)
        await model.aclose()
    assert reply == Reply("I am Ada.", usage=Usage(6, 3, 1), model="scripted")
    assert stub.bodies == [
        {
            "model": "tiny",
            "messages": ASK,
            "temperature": 0.5,
            "top_p": 0.9,
            "max_tokens": 20,
            "stop": ["\n"],
            "seed": 7,
            "logprobs": True,
            "top_logprobs": 3,
            "repetition_penalty": 1.1,
        }
    ]


def test_sample_repeat_and_attempt_change_the_seed_that_is_sent() -> None:
    seeds = {
        json.loads(chat_body("m", ASK, Sampling(seed=7, sample=s, repeat=r, attempt=a)))["seed"]
        for s, r, a in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))
    }
    assert len(seeds) == 4
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_the_openai_dialect_leaves_defaults_out_and_names_the_limit_as_openai_does() -> None:
    dialect = Dialect("max_completion_tokens", send_defaults=False)
    body = json.loads(chat_body("gpt-4o", ASK, Sampling(max_tokens=5), dialect))
    assert set(body) == {"model", "messages", "max_completion_tokens"}


def test_a_schema_is_strict_only_when_every_field_is_required_and_no_other_allowed() -> None:
    closed = {
        "title": "A B",
        "type": "object",
        "properties": {"x": {}},
        "required": ["x"],
        "additionalProperties": False,
    }
    for schema, strict in ((closed, True), ({**closed, "required": []}, False)):
        wanted = json.loads(chat_body("m", ASK, Sampling(schema=schema)))["response_format"]["json_schema"]
        assert (wanted["name"], wanted["strict"], wanted["schema"]) == ("A_B", strict, schema)


async def test_log_probabilities_tool_calls_and_cost_come_back() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    probs = (TokenLogprob("Yes", -0.1, (("Yes", -0.1), ("No", -2.4))),)
    answer = Reply("Yes", "tool_calls", Usage(9, 1, 1, 0.002), probs, (call,), "m")
    async with StubServer(ScriptedModel([answer] * 3)) as stub:
        model = client(stub)
        assert await model.generate(ASK, Sampling(top_logprobs=2)) == answer
        assert (await model.generate(ASK)).logprobs is None
        *pieces, whole = [piece async for piece in model.stream(ASK, Sampling(top_logprobs=2))]
        await model.aclose()
    assert pieces == ["Yes"]
    assert isinstance(whole, Reply)
    assert (whole.logprobs, whole.usage, whole.finish_reason) == (probs, answer.usage, "tool_calls")
    assert whole.tool_calls[0]["function"] == call["function"]


async def test_a_stream_gives_pieces_and_last_the_whole_with_usage() -> None:
    text = "Grüße — \U0001f600 one two\nthree"
    async with StubServer(ScriptedModel([text])) as stub:
        model = client(stub)
        *pieces, whole = [piece async for piece in model.stream(ASK)]
        await model.aclose()
    assert len(pieces) == 6
    assert "".join(str(piece) for piece in pieces) == text
    assert isinstance(whole, Reply)
    assert (whole.text, whole.usage.completion_tokens) == (text, 6)


async def test_embeddings_keep_their_order_and_models_are_listed() -> None:
    async with StubServer() as stub:
        model = client(stub)
        texts = [f"text number {i}" for i in range(5)]
        together = await model.embed(texts, batch=2)
        alone = [(await model.embed([text]))[0] for text in texts]
        assert together == alone
        assert await model.models() == ["stub"]
        await model.aclose()


async def test_an_empty_reply_is_a_reply() -> None:
    async with StubServer(faults=Faults(schedule={0: "empty"})) as stub:
        model = client(stub)
        assert (await model.generate(ASK)).text == ""
        await model.aclose()


async def test_half_a_surrogate_pair_and_a_million_characters_pass() -> None:
    async with StubServer(ScriptedModel(["fine", "fine"])) as stub:
        model = client(stub)
        assert (await model.generate([user("a" * 1_000_000)])).text == "fine"
        assert (await model.generate([user("broken \ud800 text")])).text == "fine"
        await model.aclose()


# -- what goes wrong


async def test_401_is_not_worth_a_retry_and_does_not_show_the_key_that_the_endpoint_echoes() -> None:
    async with StubServer(key="another") as stub:
        error = await failure(stub, api_key=KEY)
    assert (error.kind, error.status, error.retryable) == ("auth", 401, False)
    assert "does not accept the key (HTTP 401): Incorrect API key provided: [key]" in str(error)


async def test_429_carries_how_long_to_wait() -> None:
    async with StubServer(faults=Faults(schedule={0: "rate_limit"}, retry_after_s=7)) as stub:
        error = await failure(stub)
    assert (error.kind, error.status, error.retry_after_s, error.retryable) == ("rate_limit", 429, 7.0, True)


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("server_error", "server", "failed (HTTP 500): The server had an error"),
        ("truncate", "protocol", "truncated JSON"),
        ("garbage", "protocol", "sent no JSON"),
        ("drop", "protocol", "broke off"),
    ],
)
async def test_a_broken_answer_is_one_sentence_and_worth_a_retry(fault: str, kind: str, said: str) -> None:
    async with StubServer(faults=Faults(schedule={0: fault})) as stub:
        error = await failure(stub)
    assert (error.kind, error.retryable) == (kind, True)
    assert said in str(error)
    assert "\n" not in str(error)


async def test_a_reply_over_the_limit_is_not_read_to_its_end() -> None:
    async with StubServer(faults=Faults(schedule={0: "huge", 1: "huge"}, huge_bytes=10_000_000)) as stub:
        error = await failure(stub)
        assert (error.kind, str(error).split(" ", 1)[1]) == (
            "protocol",
            "sent a reply of more than 8 MB; the rest was not read",
        )
        small = await failure(stub, max_reply_bytes=1 << 20)
    assert "more than 1 MB" in str(small)


async def test_a_stream_over_the_limit_ends_too() -> None:
    async with StubServer(ScriptedModel(["word " * 2000])) as stub:
        model = client(stub, max_reply_bytes=50_000)
        with pytest.raises(RemoteError, match="sent a reply of more than"):
            async for _ in model.stream(ASK):
                pass
        await model.aclose()


async def test_a_silent_endpoint_times_out() -> None:
    async with StubServer(faults=Faults(schedule={0: "hang"})) as stub:
        error = await failure(stub, timeout_s=0.05)
        assert (error.kind, error.retryable) == ("timeout", True)
        assert "did not finish its reply within 0.05 s" in str(error)


async def test_a_stream_that_falls_silent_times_out() -> None:
    async with StubServer(faults=Faults(schedule={0: "hang"})) as stub:
        model = client(stub, idle_s=0.05)
        with pytest.raises(RemoteError, match=r"sent nothing for 0\.05 s"):
            async for _ in model.stream(ASK):
                pass
        await model.aclose()


async def test_a_dropped_stream_says_how_far_it_came() -> None:
    async with StubServer(ScriptedModel(["one two"]), faults=Faults(schedule={0: "drop"})) as stub:
        model = client(stub)
        pieces = []
        with pytest.raises(RemoteError, match="broke off") as caught:
            async for piece in model.stream(ASK):
                pieces.append(piece)
        await model.aclose()
    assert pieces == ["one"]
    assert caught.value.kind == "protocol"


async def test_nothing_answers_at_the_address() -> None:
    async with StubServer() as stub:
        url = stub.base_url
    model = OpenAICompatible("tiny", url)
    with pytest.raises(RemoteError, match="connection refused; is the server running") as caught:
        await model.generate(ASK)
    await model.aclose()
    assert caught.value.kind == "connection"


async def test_a_name_that_does_not_resolve() -> None:
    model = OpenAICompatible("tiny", "http://no-such-host.invalid/v1")
    with pytest.raises(RemoteError, match=r"no-such-host\.invalid cannot be resolved") as caught:
        await model.generate(ASK)
    await model.aclose()
    assert caught.value.kind == "connection"


async def test_400_and_404_carry_the_endpoint_s_words_shortened() -> None:
    def refuse(messages: Sequence[Message], sampling: Sampling) -> Exception:
        return RemoteError("context length exceeded " + "x" * 5000, status=400)

    async with StubServer(ScriptedModel(refuse)) as stub:
        error = await failure(stub)
        lost = OpenAICompatible("tiny", stub.base_url + "/nowhere")
        with pytest.raises(RemoteError, match=r"no such model or address \(HTTP 404\)"):
            await lost.generate(ASK)
        await lost.aclose()
    assert (error.kind, error.status, error.retryable) == ("bad_request", 400, False)
    assert "context length exceeded" in str(error)
    assert len(str(error)) < 320


# -- keys


async def test_a_key_that_the_endpoint_echoes_reaches_no_reply_error_or_repr() -> None:
    async with StubServer(ScriptedModel([f"Your key is {KEY}!"] * 2 + [RemoteError(KEY, status=500)] * 2)) as stub:
        model = client(stub, api_key=KEY)
        reply = await model.generate(ASK)
        pieces = [piece async for piece in model.stream(ASK)]
        with pytest.raises(RemoteError) as caught:
            await model.generate(ASK)
        with pytest.raises(RemoteError) as streamed:
            async for _ in model.stream(ASK):
                pass
        await model.aclose()
    assert reply.text == "Your key is [key]!"
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == "Your key is [key]!"
    shown = repr([reply, pieces, caught.value, streamed.value, model, model.name])
    assert KEY not in shown
    assert "Abcd1234" not in shown


async def test_a_key_that_arrives_in_pieces_is_held_back() -> None:
    halves = ["It is ", KEY[:9], KEY[9:], " indeed"]

    class InPieces:
        name = "pieces"

        async def generate(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
            return Reply("".join(halves))

        async def stream(self, messages: Sequence[Message], sampling: Sampling = Sampling()):  # type: ignore[no-untyped-def]
            for half in halves:
                yield half
            yield Reply("".join(halves))

    async with StubServer(InPieces()) as stub:
        model = client(stub, api_key=KEY)
        *pieces, whole = [piece async for piece in model.stream(ASK)]
        await model.aclose()
    assert "".join(str(piece) for piece in pieces) == "It is [key] indeed"
    assert isinstance(whole, Reply)
    assert whole.text == "It is [key] indeed"


@pytest.mark.parametrize("key", ["two words", "line\nend", "schlüssel"])
def test_what_cannot_be_a_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(UsageError, match="the API key holds blanks") as caught:
        OpenAICompatible("tiny", "http://127.0.0.1:1/v1", key)
    assert key not in str(caught.value)


def test_base_urls_are_cleaned_and_passwords_in_them_refused() -> None:
    assert clean_url(" http://127.0.0.1:8000/v1/ ") == "http://127.0.0.1:8000/v1"
    assert clean_url("https://host/v1/chat/completions") == "https://host/v1"
    for wrong in ("localhost:8000", "ftp://x", "", "http://", "http://host:port/v1"):
        with pytest.raises(UsageError, match="base URL: expected http"):
            clean_url(wrong)
    with pytest.raises(UsageError, match="would end in logs") as caught:
        clean_url("http://me:secret@host/v1")
    assert "secret" not in str(caught.value)
