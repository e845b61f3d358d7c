"""``/v1/models`` and ``/v1/embeddings``."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from serving_place import client_of, people

from personarium.core.persona import Persona
from personarium.text.embed import load_embedder


def test_every_persona_is_a_model_with_its_first_line(tmp_path: Path) -> None:
    with people(tmp_path) as place, client_of(place) as client:
        found = client.get("/v1/models").json()
        one = client.get("/v1/models/robin").json()
    assert found["object"] == "list"
    assert [row["id"] for row in found["data"]] == ["robin", "torill"]
    assert one == found["data"][0]
    assert one["object"] == "model"
    assert "Robin" in one["description"]


def test_an_id_may_be_any_text_and_is_never_a_path(tmp_path: Path) -> None:
    with people(tmp_path) as place:
        place.personas.put(Persona.from_text("I am odd.", id="a/../b ü"))
        with client_of(place) as client:
            assert client.get("/v1/models/a%2F..%2Fb%20%C3%BC").json()["id"] == "a/../b ü"
            body = {"model": "a/../b ü", "messages": [{"role": "user", "content": "Who are you?"}]}
            assert client.post("/v1/chat/completions", json=body).json()["model"] == "a/../b ü"


def test_a_persona_may_be_called_like_a_role(tmp_path: Path) -> None:
    with people(tmp_path) as place:
        for id in ("user", "system", "person", "persona"):
            place.personas.put(Persona.from_text("I am a lighthouse keeper.", id=id))
        with client_of(place, memory="shared") as client:
            for id in ("user", "system", "person", "persona"):
                body = {"model": id, "user": "ana", "messages": [{"role": "user", "content": f"Who are you, {id}?"}]}
                assert client.post("/v1/chat/completions", json=body).status_code == 200


def test_embeddings_are_those_of_the_static_embedder(tmp_path: Path) -> None:
    expected = load_embedder().embed(["rye bread", "the cold sea"])
    with people(tmp_path) as place, client_of(place) as client:
        body = {"model": "static", "input": ["rye bread", "the cold sea"]}
        plain = client.post("/v1/embeddings", json=body).json()
        packed = client.post("/v1/embeddings", json={**body, "encoding_format": "base64"}).json()
    assert [row["index"] for row in plain["data"]] == [0, 1]
    assert np.allclose([row["embedding"] for row in plain["data"]], expected)
    bytes_of = [np.frombuffer(base64.b64decode(row["embedding"]), "<f4") for row in packed["data"]]
    assert np.array_equal(bytes_of, expected.astype("<f4"))
    assert plain["usage"]["prompt_tokens"] > 0


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"model": "text-embedding-3-small"}, 404),
        ({"input": []}, 400),
        ({"input": ""}, 400),
        ({"input": [1, 2]}, 400),
        ({"dimensions": 5}, 400),
        ({"encoding_format": "hex"}, 400),
        ({"base_url": "http://127.0.0.1:1"}, 400),
    ],
)
def test_other_embeddings_are_refused(tmp_path: Path, more: dict[str, object], status: int) -> None:
    with people(tmp_path) as place, client_of(place) as client:
        reply = client.post("/v1/embeddings", json={"model": "static", "input": "a", **more})
    assert reply.status_code == status
    assert reply.json()["error"]["message"]
