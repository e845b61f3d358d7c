"""Keys and scopes: who is let in, and to what."""

from __future__ import annotations

from pathlib import Path

import pytest
from serving_place import asking, bearer, client_of, people

from personarium.apps.server.application import create_app
from personarium.apps.server.errors import ApiError
from personarium.apps.server.keys import KeyRing, add_key, read_keys, remove_key
from personarium.apps.server.settings import ServerSettings
from personarium.core.errors import InvalidInput, NotFound, UsageError

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("header", [{}, bearer("psn-wrong"), bearer(""), {"Authorization": "Basic eDp5"}])
def test_a_wrong_or_missing_key_is_401(tmp_path: Path, header: dict[str, str]) -> None:
    add_key(tmp_path / "keys.yaml", "ana", ["chat"], ["ana"])
    with people(tmp_path) as place, client_of(place, keys=tmp_path / "keys.yaml") as client:
        for reply in (client.get("/v1/models", headers=header), client.post(CHAT, json={}, headers=header)):
            assert reply.status_code == 401
            assert reply.json()["error"]["code"] == "invalid_api_key"


def test_the_right_key_is_let_in_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    keys = tmp_path / "keys.yaml"
    token = add_key(keys, "ana", ["chat"], ["ana"])
    assert token not in keys.read_text()
    assert keys.stat().st_mode & 0o077 == 0
    with people(tmp_path) as place, client_of(place, keys=keys) as client:
        assert client.get("/v1/models", headers=bearer(token)).status_code == 200


def test_a_key_without_the_scope_is_403(tmp_path: Path) -> None:
    keys = tmp_path / "keys.yaml"
    chats, embeds = add_key(keys, "chats", ["chat"]), add_key(keys, "embeds", ["embeddings"])
    with people(tmp_path) as place, client_of(place, keys=keys) as client:
        body = {"model": "static", "input": "a"}
        assert client.post("/v1/embeddings", json=body, headers=bearer(embeds)).status_code == 200
        for reply in (
            client.post("/v1/embeddings", json=body, headers=bearer(chats)),
            client.post(CHAT, json=asking("robin", "Hi"), headers=bearer(embeds)),
            client.get("/v1/models", headers=bearer(embeds)),
        ):
            assert reply.status_code == 403
            assert reply.json()["error"]["code"] == "missing_scope"


def test_a_key_that_is_taken_away_is_let_in_no_more(tmp_path: Path) -> None:
    keys, now = tmp_path / "keys.yaml", [0.0]
    token, _ = add_key(keys, "ana", ["chat"]), add_key(keys, "bo", ["chat"])
    ring = KeyRing(keys, clock=lambda: now[0])
    assert ring.find(token) is not None
    remove_key(keys, "ana")
    now[0] = 1.0
    assert ring.find(token) is None


def test_a_keys_file_that_becomes_unreadable_lets_nobody_in(tmp_path: Path) -> None:
    keys, now = tmp_path / "keys.yaml", [0.0]
    token = add_key(keys, "ana", ["chat"])
    ring = KeyRing(keys, clock=lambda: now[0])
    for damage in (lambda: keys.write_text("not: [keys"), keys.unlink):
        damage()
        now[0] += 1.0
        with pytest.raises(ApiError) as refused:
            ring.find(token)
        assert refused.value.status == 503


def test_a_server_that_others_can_reach_needs_keys(tmp_path: Path) -> None:
    with people(tmp_path) as place:
        with pytest.raises(UsageError, match="needs keys"):
            create_app(place, ServerSettings(host="0.0.0.0"))
        add_key(tmp_path / "keys.yaml", "ana", ["chat"])
        create_app(place, ServerSettings(host="0.0.0.0", keys=tmp_path / "keys.yaml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "a name for each key"),
        ("ana: {hash: abc, scopes: [chat]}", "ana.hash"),
        (f"ana: {{hash: 'sha256:{'0' * 64}', scopes: [everything]}}", "ana.scopes"),
        (f"ana: {{hash: 'sha256:{'0' * 64}', scopes: [chat], token: x}}", "field 'ana'"),
        (f"'a b': {{hash: 'sha256:{'0' * 64}', scopes: [chat]}}", "a key's name"),
    ],
)
def test_a_faulty_keys_file_is_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "keys.yaml").write_text(text)
    with pytest.raises(InvalidInput, match=message):
        read_keys(tmp_path / "keys.yaml")
    with pytest.raises(NotFound):
        read_keys(tmp_path / "none.yaml")
