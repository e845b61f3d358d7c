"""The official clients, Python and JavaScript, against a server in a process of its own: two personas, whole replies and
streams, memories that stay apart and survive a restart.

The model is the simulated subject at temperature 0, which says of a person what stands in its prompt, and nothing else.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from serving_place import people, server_process

openai = pytest.importorskip("openai")
JAVASCRIPT = Path(__file__).parent / "javascript"
SAID, ASKED = "I am allergic to nuts.", "What am I allergic to?"


def _client(url: str, key: str = "any") -> openai.OpenAI:
    return openai.OpenAI(base_url=url, api_key=key, max_retries=0)


def _whole(client: openai.OpenAI, model: str, said: str, user: str) -> str:
    turn = [{"role": "user", "content": said}]
    found = client.chat.completions.create(model=model, messages=turn, user=user, temperature=0)
    return str(found.choices[0].message.content)


def _stream(client: openai.OpenAI, model: str, said: str, user: str) -> tuple[str, int]:
    turn = [{"role": "user", "content": said}]
    pieces = [
        event.choices[0].delta.content or ""
        for event in client.chat.completions.create(model=model, messages=turn, user=user, temperature=0, stream=True)
    ]
    return "".join(pieces), len(pieces)


def test_python_client_two_personas_with_memories_of_their_own_that_survive_a_restart(tmp_path: Path) -> None:
    people(tmp_path).close()
    with server_process(tmp_path) as url, _client(url) as client:
        assert [model.id for model in client.models.list()] == ["robin", "torill"]
        assert client.models.retrieve("torill").id == "torill"
        assert _whole(client, "robin", SAID, "ana")
        assert _stream(client, "torill", "My favourite drink is cocoa.", "ana")[0]
    with server_process(tmp_path) as url, _client(url) as client:
        text, pieces = _stream(client, "robin", ASKED, "ana")
        assert "nuts" in text
        assert pieces > 5
        assert "cocoa" in _whole(client, "torill", "What is my favourite drink?", "ana")
        assert "nuts" not in _whole(client, "torill", ASKED, "ana")
        assert "nuts" not in _whole(client, "robin", ASKED, "bo")
        assert "cocoa" not in _whole(client, "robin", "What is my favourite drink?", "ana")
    with people(tmp_path) as place:
        kept = {name: [o.text for o in place.memory.user(name).observations()] for name in place.memory.users()}
    assert kept["local/ana/robin"].count(SAID) == 1
    assert kept["local/ana/torill"][0] == "My favourite drink is cocoa."
    assert set(kept) == {"local/ana/robin", "local/ana/torill", "local/bo/robin"}


def test_python_client_embeddings_as_it_asks_by_default_and_as_numbers(tmp_path: Path) -> None:
    people(tmp_path).close()
    with server_process(tmp_path) as url, _client(url) as client:
        texts = ["rye bread", "the cold sea"]
        packed = [row.embedding for row in client.embeddings.create(model="static", input=texts).data]
        plain = client.embeddings.create(model="static", input=texts, encoding_format="float").data
    assert np.allclose(packed, [row.embedding for row in plain], atol=1e-6)
    assert len(packed[0]) == 128


def test_python_client_gets_the_errors_it_knows(tmp_path: Path) -> None:
    from personarium.apps.server.keys import add_key

    people(tmp_path).close()
    token = add_key(tmp_path / "keys.yaml", "ana", ["chat"], ["ana"])
    with server_process(tmp_path) as url, _client(url, token) as client, _client(url, "psn-wrong") as stranger:
        with pytest.raises(openai.AuthenticationError):
            stranger.models.list()
        with pytest.raises(openai.PermissionDeniedError):
            _whole(client, "robin", "Hi", "bo")
        with pytest.raises(openai.NotFoundError) as missing:
            _whole(client, "nobody", "Hi", "ana")
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="robin", messages=[], temperature=0)
        assert missing.value.code == "model_not_found"
        assert _whole(client, "robin", "Hi", "ana")


@pytest.fixture(scope="module")
def javascript() -> Path:
    """A folder with the client and its official library, installed once for each lock file."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are needed for the JavaScript client")
    lock = (JAVASCRIPT / "package-lock.json").read_bytes()
    folder = Path(tempfile.gettempdir()) / f"personarium-javascript-{blake2b(lock, digest_size=6).hexdigest()}"
    if not (folder / "node_modules" / "openai" / "package.json").is_file():
        folder.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(JAVASCRIPT / name, folder / name)
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            pytest.skip(f"the JavaScript client cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    shutil.copy(JAVASCRIPT / "chat.mjs", folder / "chat.mjs")
    return folder


def test_javascript_client_two_personas_whole_and_streamed(tmp_path: Path, javascript: Path) -> None:
    people(tmp_path).close()
    with server_process(tmp_path) as url:
        done = subprocess.run(
            ["node", "chat.mjs", url], cwd=javascript, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["models"] == ["robin", "torill"]
    assert found["whole"]
    assert "nuts" in found["text"]
    assert found["pieces"] > 5
    assert found["usage"]["total_tokens"] > 0
    assert "nuts" not in found["other"]
    assert found["dimensions"] == [128, 128]
    assert found["refused"] == {"status": 404, "code": "model_not_found"}
