"""The stub endpoint: faults where they are planned, its own process, a hard load."""

from __future__ import annotations

import asyncio
import json

import pytest

from personarium.core.chat import Reply, Sampling, user
from personarium.core.errors import RemoteError, UsageError
from personarium.models import OpenAICompatible, Retrying, ScriptedModel, open_model
from personarium.testing.stub import FIXED_REPLY, KINDS, MIXED, Faults, StubServer, main, stub_process

ASK = [user("hello")]


def test_faults_hit_the_planned_share_and_the_same_requests_every_time() -> None:
    faults = Faults.mixed(0.3, seed=1)
    kinds = [faults.kind(n) for n in range(10_000)]
    assert kinds == [Faults.mixed(0.3, seed=1).kind(n) for n in range(10_000)]
    assert kinds != [Faults.mixed(0.3, seed=2).kind(n) for n in range(10_000)]
    for kind in MIXED:
        assert kinds.count(kind) == pytest.approx(500, abs=100)
    assert kinds.count("none") == pytest.approx(7000, abs=200)


def test_a_schedule_goes_before_the_shares_and_can_exempt() -> None:
    faults = Faults({"server_error": 1.0}, {0: "none", 1: "hang"})
    assert [faults.kind(n) for n in range(3)] == ["none", "hang", "server_error"]


def test_unknown_faults_and_impossible_shares_are_refused() -> None:
    with pytest.raises(UsageError, match="no fault is called 'flood'; known: unauthorized"):
        Faults({"flood": 0.1})
    with pytest.raises(UsageError, match="together at most 1"):
        Faults({"drop": 0.7, "empty": 0.7})


async def test_without_a_model_every_question_gets_the_fixed_reply() -> None:
    async with StubServer() as stub:
        model = open_model("openai/m", base_url=stub.base_url)
        replies = await asyncio.gather(*(model.generate(ASK) for _ in range(50)))
        pieces = [piece async for piece in model.stream(ASK)]  # type: ignore[attr-defined]
        await model.aclose()  # type: ignore[attr-defined]
    assert {reply.text for reply in replies} == {FIXED_REPLY}
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == FIXED_REPLY
    assert (stub.requests, dict(stub.served)) == (51, {"none": 51})


async def test_every_kind_of_fault_ends_in_an_error_or_an_empty_reply() -> None:
    async with StubServer(faults=Faults(schedule=dict(enumerate(KINDS)))) as stub:
        model = OpenAICompatible("m", stub.base_url, timeout_s=0.5)
        ends = []
        for _ in KINDS:
            try:
                ends.append((await model.generate(ASK)).text)
            except RemoteError as error:
                ends.append(error.kind)
        await model.aclose()
    assert ends == ["auth", "rate_limit", "server", "timeout", "protocol", "protocol", "", "protocol", "protocol"]


async def test_a_third_of_faulty_replies_is_survived_by_retries() -> None:
    async def at_once(seconds: float) -> None:
        await asyncio.sleep(0)

    async with StubServer(faults=Faults.mixed(0.3, seed=4)) as stub:
        inner = OpenAICompatible("m", stub.base_url)
        model = Retrying(inner, sleep=at_once)
        replies = await asyncio.gather(*(model.generate(ASK) for _ in range(200)), return_exceptions=True)
        await inner.aclose()
    answered = [reply for reply in replies if isinstance(reply, Reply)]
    failed = [reply for reply in replies if isinstance(reply, RemoteError)]
    assert len(answered) + len(failed) == 200
    assert len(answered) >= 195
    assert {reply.text for reply in answered} == {FIXED_REPLY, ""}
    assert stub.requests == 200 + sum(model.retries.values())


async def test_the_simulated_subject_answers_the_same_behind_it() -> None:
    sampling = Sampling(0.7, seed=5, sample=2, max_tokens=200)
    direct = await open_model("simulated:seed=3").generate(ASK, sampling)
    async with StubServer("simulated:seed=3") as stub:
        model = open_model("openai/simulated", base_url=stub.base_url)
        remote = await model.generate(ASK, sampling)
        await model.aclose()  # type: ignore[attr-defined]
    assert remote.text == direct.text


async def test_a_request_that_is_not_of_the_protocol_gets_400() -> None:
    import aiohttp

    async with StubServer(ScriptedModel(["ok"])) as stub, aiohttp.ClientSession() as session:
        for body in (b"{", b"[]", b'{"messages": [1]}', b"{}"):
            async with session.post(stub.base_url + "/chat/completions", data=body) as response:
                assert response.status == 400
                assert "not of the protocol" in (await response.json())["error"]["message"]
        async with session.get(stub.base_url + "/nowhere") as response:
            assert response.status == 404


async def test_requests_cut_anywhere_and_sent_back_to_back_are_answered_in_order() -> None:
    async with StubServer() as stub:
        port = int(stub.base_url.rsplit(":", 1)[1].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps({"messages": ASK}).encode()
        request = b"POST /v1/chat/completions HTTP/1.1\r\ncontent-LENGTH: %d\r\n\r\n%s" % (len(body), body)
        for piece in (request[:10], request[10:60], request[60:] + request):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            assert FIXED_REPLY.encode() in await reader.readexactly(length)
        writer.close()
        await writer.wait_closed()


async def test_embeddings_are_those_of_the_static_embedder() -> None:
    from personarium.text.embed import load_embedder

    texts = ["the old sea", "a young dog"]
    async with StubServer() as stub:
        model = OpenAICompatible("static", stub.base_url)
        vectors = await model.embed(texts)
        await model.aclose()
    assert vectors == load_embedder("static").embed(texts).tolist()


async def test_it_runs_in_its_own_process_and_says_where() -> None:
    with stub_process("--latency-ms", "1", "--model", "simulated", "--fault", "empty=1") as url:
        assert url.startswith("http://127.0.0.1:")
        model = open_model("openai/m", base_url=url)
        assert (await model.generate(ASK)).text == ""
        assert await model.models() == [open_model("simulated").name]  # type: ignore[attr-defined]
        await model.aclose()  # type: ignore[attr-defined]


def test_wrong_arguments_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--fault", "empty=lots"]) == 2
    assert main(["--model", "simulat"]) == 2
    said = capsys.readouterr().err.strip().split("\n")
    assert len(said) == 2
    assert "did you mean simulated" in said[1]
