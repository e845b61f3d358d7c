"""``personarium serve`` and ``personarium keys`` as people type them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from serving_place import PERSONARIUM, people

from personarium.apps.cli.application import application
from personarium.apps.server.keys import KeyRing


class Typed:
    """What came of a command line: exit code, standard output, standard error."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = application(list(words))
        shown = self._capsys.readouterr()
        return code, shown.out, shown.err

    def data(self, *words: str) -> dict[str, Any]:
        code, out, err = self(*words, "--json")
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)["data"]
        return found


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(capsys)


def test_a_key_is_made_shown_and_taken_away(tmp_path: Path, typed: Typed) -> None:
    where = ("--folder", str(tmp_path))
    made = typed.data("keys", "add", "ana-phone", "--scope", "chat", "--scope", "memory:read", "--user", "ana", *where)
    found = KeyRing(tmp_path / "keys.yaml").find(made["token"])
    assert found is not None
    assert (found.name, found.scopes, found.users) == ("ana-phone", {"chat", "memory:read"}, {"ana"})
    assert made["token"] not in (tmp_path / "keys.yaml").read_text()
    shown = typed.data("keys", "show", *where)["keys"]
    assert shown == [{"name": "ana-phone", "scopes": ["chat", "memory:read"], "users": ["ana"], "memory": "ana-phone"}]
    assert typed("keys", "show", *where)[1].startswith("key")
    typed.data("keys", "remove", "ana-phone", *where)
    assert KeyRing(tmp_path / "keys.yaml").find(made["token"]) is None
    assert typed("keys", "remove", "ana-phone", *where)[0] == 3


def test_mistakes_with_keys_are_one_sentence(tmp_path: Path, typed: Typed) -> None:
    where = ("--folder", str(tmp_path))
    assert typed("keys", "add", "ana", "--user", "*", *where)[0] == 0
    for words, code, said in (
        (("add", "ana"), 2, "there is a key 'ana' already"),
        (("add", "bo", "--scope", "everything"), 5, "one of chat, embeddings"),
        (("add", "b o"), 5, "a key's name"),
        (("add", "bo", "--user", "*", "--user", "ana"), 2, "--user is * or names"),
    ):
        found = typed("keys", *words, *where)
        assert found[0] == code
        assert said in found[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "needs keys"),
        (("--model", "nonsense/x"), "no model is called"),
        (("--memory", "everywhere"), "memory must be per-persona or shared"),
        (("--cors", "chat.example"), "an origin is http(s)://HOST"),
        (("--host", "192.0.2.1", "--keys", "keys.yaml"), "cannot listen on 192.0.2.1"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    tmp_path: Path, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch, typed: Typed
) -> None:
    monkeypatch.chdir(tmp_path)
    if "--keys" in words:
        typed.data("keys", "add", "ana")
    code, _, err = typed("serve", ".", *words)
    assert code == 2
    assert said in err


def test_without_the_extra_it_says_what_to_install() -> None:
    code = f"import sys; sys.modules['fastapi'] = None; {PERSONARIUM}"
    done = subprocess.run([sys.executable, "-c", code, "serve"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert 'pip install "personarium[server]"' in done.stderr


def test_it_says_where_it_listens_whom_it_serves_and_that_there_are_no_keys(tmp_path: Path) -> None:
    people(tmp_path).close()
    command = [sys.executable, "-c", PERSONARIUM, "serve", str(tmp_path), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        found = json.loads(process.stdout.readline())
        process.terminate()
        assert process.wait(20) in (0, -15)
    assert found["data"]["personas"] == 2
    assert found["data"]["keys"] is False
    assert found["data"]["url"].endswith("/v1")
    assert "no keys" in found["warnings"][0]
