"""Models by name: what opens, what is refused, and with which words."""

from __future__ import annotations

import subprocess
import sys

import pytest

from personarium.core.chat import ChatModel, Sampling
from personarium.core.errors import UsageError
from personarium.models import OpenAICompatible, open_model

KEYS = ("OPENAI_API_KEY", "PERSONARIUM_API_KEY", "OPENROUTER_API_KEY", "VLLM_API_KEY", "OLLAMA_API_KEY")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


def remote(name: str, **options: object) -> OpenAICompatible:
    model = open_model(name, **options)
    assert isinstance(model, OpenAICompatible)
    return model


def test_presets_know_their_address_and_their_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert remote("ollama/llama3.2").base_url == "http://127.0.0.1:11434/v1"
    assert remote("vllm/meta-llama/Llama-3.1-8B").model == "meta-llama/Llama-3.1-8B"
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-12345678")
    model = remote("openrouter/openai/gpt-4o-mini")
    assert (model.base_url, model.model, model.reports_cost) == (
        "https://openrouter.ai/api/v1",
        "openai/gpt-4o-mini",
        True,
    )
    assert model._headers["Authorization"] == "Bearer sk-or-12345678"


@pytest.mark.parametrize(
    ("name", "variable"), [("openai/gpt-4o", "OPENAI_API_KEY"), ("openrouter/x/y", "OPENROUTER_API_KEY")]
)
def test_a_missing_key_is_said_before_any_request(name: str, variable: str) -> None:
    with pytest.raises(UsageError, match=f"needs a key: set the environment variable {variable}"):
        open_model(name)


def test_no_provider_gets_another_one_s_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai-1234")
    monkeypatch.setenv("PERSONARIUM_API_KEY", "own-key-1234")
    assert "Authorization" not in remote("ollama/m")._headers
    assert "Authorization" not in remote("vllm/m")._headers
    assert remote("openai/m")._headers["Authorization"] == "Bearer sk-openai-1234"
    assert remote("m", base_url="http://127.0.0.1:9/v1")._headers["Authorization"] == "Bearer own-key-1234"


def test_a_name_says_where_the_replies_come_from_and_opens_the_same_model_again() -> None:
    model = remote("vllm/tiny", base_url="http://127.0.0.1:9999/v1/")
    assert model.name == "vllm/tiny@http://127.0.0.1:9999/v1"
    again = remote(model.name)
    assert (again.name, again.base_url, again.model) == (model.name, model.base_url, "tiny")
    assert remote("vllm/tiny").name == "vllm/tiny"
    assert remote("some/id", base_url="http://h/v1").name == "openai-compatible/some/id@http://h/v1"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("opanai/gpt-4o", "did you mean openai/gpt-4o"),
        ("simulate", "did you mean simulated"),
        ("gpt-4o", "any id works with --base-url"),
        ("openai", "the part behind the slash is missing"),
        ("openai/", "the part behind the slash is missing"),
        ("", "expected PROVIDER/MODEL"),
        ("a\nb", "expected PROVIDER/MODEL"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_model(name)


def test_an_unknown_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no option 'timeout'; did you mean timeout_s"):
        open_model("vllm/m", timeout=3)
    assert isinstance(open_model("vllm/m", base_url=None, api_key=None), ChatModel)


def test_an_address_that_needs_to_be_given() -> None:
    with pytest.raises(UsageError, match="needs an address: give base_url="):
        open_model("openai-compatible/m")


async def test_the_simulated_subject_opens_by_name_only() -> None:
    model = open_model("simulated:seed=3")
    assert model.name.startswith("simulated")
    reply = await model.generate([{"role": "user", "content": "Hello!"}], Sampling(seed=1))
    assert reply.text
    with pytest.raises(UsageError, match="takes its parameters in its name"):
        open_model("simulated", base_url="http://h/v1")


def test_importing_the_room_loads_nothing_heavy() -> None:
    code = (
        "import sys, personarium.models as m; m.open_model, m.ResponseCache, m.ScriptedModel; "
        "heavy = {'torch', 'transformers', 'scipy', 'sklearn', 'polars', 'aiohttp', 'numpy'} & set(sys.modules); "
        "sys.stdout.write(', '.join(sorted(heavy)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_an_address_of_the_environment_takes_the_providers_place_and_an_option_goes_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://127.0.0.1:5001/v1/")
    assert open_model("ollama/tiny").name == "ollama/tiny@http://127.0.0.1:5001/v1"
    assert open_model("ollama/tiny", base_url="http://127.0.0.1:5002/v1").name == "ollama/tiny@http://127.0.0.1:5002/v1"
    assert open_model("vllm/tiny").name == "vllm/tiny"
