"""``/v1/chat/completions``: what the model is told, what the client gets, and what is remembered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from serving_place import asking, client_of, events, people, stubbed, upstream

from personarium.core.chat import Reply, TokenLogprob
from personarium.models import ScriptedModel
from personarium.testing import Faults, StubServer

SAID = "I am allergic to nuts."


def _system(stub: StubServer) -> str:
    return str(stub.bodies[-1]["messages"][0]["content"])


def _kept(workspace: Any, name: str) -> list[tuple[str, str]]:
    return [(one.speaker, one.text) for one in workspace.memory.user(name).observations()]


def test_the_model_is_told_the_persona_then_the_scene_then_what_was_said(tmp_path: Path) -> None:
    with stubbed(tmp_path, record=True) as (stub, place):
        with client_of(place) as client:
            scene = {"role": "system", "content": "It rains in the harbour."}
            late = {"role": "developer", "content": "A bell rings."}
            said = asking("robin", "Hello!", "Good morning.", "How are you?")["messages"]
            reply = client.post("/v1/chat/completions", json={"model": "robin", "messages": [scene, *said, late]})
        assert reply.status_code == 200
        sent = stub.bodies[0]["messages"]
    assert [one["role"] for one in sent] == ["system", "user", "assistant", "user"]
    told = sent[0]["content"]
    assert told.index("baker") < told.index("It rains in the harbour.") < told.index("A bell rings.")
    assert [one["content"] for one in sent[1:]] == ["Hello!", "Good morning.", "How are you?"]


def test_a_whole_reply_has_openais_form_and_the_models_own_count_of_tokens(tmp_path: Path) -> None:
    with stubbed(tmp_path, reply="Rye, of course.") as (_stub, place), client_of(place) as client:
        found = client.post("/v1/chat/completions", json=asking("robin", "What do you bake?")).json()
    assert found["object"] == "chat.completion"
    assert found["model"] == "robin"
    assert found["usage"] == {"prompt_tokens": 64, "completion_tokens": 3, "total_tokens": 67}
    assert found["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Rye, of course.", "refusal": None},
            "finish_reason": "stop",
            "logprobs": None,
        }
    ]


def test_a_stream_gives_the_pieces_the_reason_it_ended_the_usage_and_done(tmp_path: Path) -> None:
    body = asking("robin", "What do you bake?", stream=True, stream_options={"include_usage": True})
    with stubbed(tmp_path, reply="Rye, of course.") as (_stub, place), client_of(place) as client:
        reply = client.post("/v1/chat/completions", json=body)
    assert reply.headers["content-type"].startswith("text/event-stream")
    found = events(reply.text)
    assert found[-1] == "[DONE]"
    assert found[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in found[:-2]) == "Rye, of course."
    assert found[-3]["choices"][0]["finish_reason"] == "stop"
    assert found[-2]["choices"] == []
    assert found[-2]["usage"]["completion_tokens"] == 3


def test_wishes_go_to_the_model_behind_the_persona(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"bread": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "order", "schema": schema, "strict": False}}
    wishes = {"temperature": 0.2, "top_p": 0.9, "max_tokens": 7, "stop": ["END"], "seed": 5, "response_format": form}
    wishes |= {"logprobs": True, "top_logprobs": 3, "frequency_penalty": 0.5, "top_k": 20}
    with stubbed(tmp_path, record=True) as (stub, place):
        with client_of(place) as client:
            assert client.post("/v1/chat/completions", json=asking("robin", "Hi", **wishes)).status_code == 200
        sent = stub.bodies[0]
    assert {name: sent.get(name) for name in wishes} == wishes
    assert sent["model"] == "m"


def test_several_replies_are_several_samples(tmp_path: Path) -> None:
    with stubbed(tmp_path, record=True) as (stub, place):
        with client_of(place) as client:
            found = client.post("/v1/chat/completions", json=asking("robin", "Hi", n=3, seed=5)).json()
            text = client.post("/v1/chat/completions", json=asking("robin", "Hi", n=2, stream=True)).text
        seeds = [body["seed"] for body in stub.bodies[:3]]
    assert [one["index"] for one in found["choices"]] == [0, 1, 2]
    assert found["usage"]["prompt_tokens"] == 3 * 64
    assert 5 in seeds
    assert len(set(seeds)) == 3
    assert {one["choices"][0]["index"] for one in events(text)[:-1]} == {0, 1}


def test_log_probabilities_are_passed_on(tmp_path: Path) -> None:
    body = asking("robin", "Hi", logprobs=True, top_logprobs=1)
    told = Reply("Rye.", logprobs=(TokenLogprob("Rye", -0.5, (("Oat", -1.0),)), TokenLogprob(".", float("-inf"))))
    with stubbed(tmp_path, model=ScriptedModel([told, told])) as (_, place), client_of(place) as client:
        whole = client.post("/v1/chat/completions", json=body).json()["choices"][0]
        last = events(client.post("/v1/chat/completions", json={**body, "stream": True}).text)[-2]
    rye = {"token": "Rye", "logprob": -0.5, "bytes": [82, 121, 101]}
    top = [{"token": "Oat", "logprob": -1.0, "bytes": [79, 97, 116]}]
    stop = {"token": ".", "logprob": -9999.0, "bytes": [46], "top_logprobs": []}
    assert whole["logprobs"]["content"] == [{**rye, "top_logprobs": top}, stop]
    assert last["choices"][0]["logprobs"] == whole["logprobs"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"base_url": "http://127.0.0.1:1/v1"}, "base_url"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"temperature": 9}, "temperature"),
        ({"n": 0}, "n"),
        ({"max_tokens": "7"}, "max_tokens"),
        ({"messages": []}, "messages"),
    ],
)
def test_what_a_persona_cannot_follow_is_refused_by_name(tmp_path: Path, more: dict[str, Any], field: str) -> None:
    with people(tmp_path) as place, client_of(place) as client:
        reply = client.post("/v1/chat/completions", json={**asking("robin", "Hi"), **more})
    assert reply.status_code == 400
    assert reply.json()["error"]["type"] == "invalid_request_error"
    assert reply.json()["error"]["param"].startswith(field)


def test_a_picture_is_refused_and_never_fetched(tmp_path: Path) -> None:
    picture = {"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/x.png"}}
    body = {"model": "robin", "messages": [{"role": "user", "content": [{"type": "text", "text": "See"}, picture]}]}
    with people(tmp_path) as place, client_of(place) as client:
        reply = client.post("/v1/chat/completions", json=body)
    assert reply.status_code == 400
    assert "messages.0.content" in reply.json()["error"]["param"]


def test_openais_fields_without_a_meaning_here_are_taken(tmp_path: Path) -> None:
    more = {"store": False, "service_tier": "auto", "parallel_tool_calls": True, "tool_choice": "none", "user": None}
    with people(tmp_path) as place, client_of(place) as client:
        assert client.post("/v1/chat/completions", json=asking("robin", "Hi", **more)).status_code == 200


# --- memory ---


def test_without_a_user_nothing_is_remembered(tmp_path: Path) -> None:
    with people(tmp_path) as place, client_of(place) as client:
        assert client.post("/v1/chat/completions", json=asking("robin", SAID)).status_code == 200
        assert place.memory.users() == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_persona_remembers_what_a_user_told_it_and_others_do_not(tmp_path: Path, stream: bool) -> None:
    with stubbed(tmp_path, record=True) as (stub, place), client_of(place) as client:

        def ask(model: str, user: str) -> str:
            body = asking(model, "What am I allergic to?", user=user, stream=stream)
            assert client.post("/v1/chat/completions", json=body).status_code == 200
            return _system(stub)

        client.post("/v1/chat/completions", json=asking("robin", SAID, user="ana", stream=stream))
        assert "nuts" in ask("robin", "ana")
        assert "nuts" not in ask("torill", "ana")
        assert "nuts" not in ask("robin", "bo")


def test_personas_may_share_what_they_know_of_a_user(tmp_path: Path) -> None:
    with stubbed(tmp_path, record=True) as (stub, place), client_of(place, memory="shared") as client:
        client.post("/v1/chat/completions", json=asking("robin", SAID, user="ana"))
        client.post("/v1/chat/completions", json=asking("torill", "What am I allergic to?", user="ana"))
        assert "nuts" in _system(stub)
        assert [speaker for speaker, _ in _kept(place, "local/ana")] == ["user", "robin", "user", "torill"]


def test_the_user_may_stand_in_a_header(tmp_path: Path) -> None:
    with people(tmp_path) as place, client_of(place) as client:
        header = {"X-Personarium-User": "ana"}
        assert client.post("/v1/chat/completions", json=asking("robin", SAID), headers=header).status_code == 200
        both = client.post("/v1/chat/completions", json=asking("robin", SAID, user="bo"), headers=header)
        assert both.status_code == 409
        assert place.memory.users() == ["local/ana/robin"]


def test_a_reply_that_is_asked_for_again_is_not_remembered_twice_even_after_a_restart(tmp_path: Path) -> None:
    with upstream(reply="Noted.") as stub:
        for _ in range(2):  # the second time with everything opened anew
            with people(tmp_path, model="m", base_url=stub.base_url) as place, client_of(place) as client:
                for stream in (False, True):
                    body = asking("robin", SAID, user="ana", stream=stream)
                    assert client.post("/v1/chat/completions", json=body).status_code == 200
                kept = _kept(place, "local/ana/robin")
                assert kept == [("user", SAID), ("assistant", "Noted.")]


def test_every_further_turn_of_a_talk_is_remembered_once(tmp_path: Path) -> None:
    with stubbed(tmp_path, reply="Noted.") as (_stub, place), client_of(place) as client:
        for said in ([SAID], [SAID, "Noted. ", "I live in Lund."], [SAID, "Noted.", "I live in Lund."]):
            client.post("/v1/chat/completions", json=asking("robin", *said, user="ana"))
        kept = _kept(place, "local/ana/robin")
        assert [text for _, text in kept] == [SAID, "Noted.", "I live in Lund.", "Noted."]
        sessions = {one.session for one in place.memory.user("local/ana/robin").observations()}
        assert len(sessions) == 1


def test_a_named_conversation_is_one_of_its_own(tmp_path: Path) -> None:
    with people(tmp_path) as place, client_of(place) as client:
        for name in ("monday", "tuesday", "tuesday"):
            body = asking("robin", "I slept badly.", user="ana", metadata={"conversation": name})
            assert client.post("/v1/chat/completions", json=body).status_code == 200
        said = [text for speaker, text in _kept(place, "local/ana/robin") if speaker == "user"]
        assert said == ["I slept badly.", "I slept badly."]


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_that_is_empty_is_given_and_not_remembered(tmp_path: Path, stream: bool) -> None:
    empty = {"reply": ""} if stream else {"faults": Faults({"empty": 1.0})}
    with stubbed(tmp_path, **empty) as (_, place), client_of(place) as client:
        reply = client.post("/v1/chat/completions", json=asking("robin", SAID, user="ana", stream=stream))
        assert reply.status_code == 200
        assert place.memory.users() == []


def test_half_a_surrogate_pair_from_the_model_breaks_nothing(tmp_path: Path) -> None:
    with stubbed(tmp_path, reply="odd \ud83d end") as (_stub, place), client_of(place) as client:
        whole = client.post("/v1/chat/completions", json=asking("robin", "Hi")).json()
        text = client.post("/v1/chat/completions", json=asking("robin", "Hi", stream=True)).text
    assert whole["choices"][0]["message"]["content"].startswith("odd ")
    assert events(text)[-1] == "[DONE]"
