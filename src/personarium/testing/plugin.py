"""The pytest plugin: fixtures for people who test their own agents, personas and systems."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from personarium.models import ScriptedModel
    from personarium.testing.in_character import CharacterCheck
    from personarium.testing.stub import StubServer


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the character checks."""
    group = parser.getgroup("personarium")
    group.addoption("--in-character-fresh", action="store_true", help="ask agents anew, whatever earlier runs kept")
    parser.addini("in_character_judge", "model that judges character checks (default: a simulated subject)", default="")
    parser.addini("in_character_folder", "where character checks keep what they asked", default="")


@pytest.fixture
def scripted_model() -> Callable[..., ScriptedModel]:
    """Makes a model that answers what a script says: ``scripted_model(["Hello."])``."""
    from personarium.models import ScriptedModel

    return ScriptedModel


@pytest.fixture
def simulated_model() -> Callable[[str], Any]:
    """Makes a simulated subject by its parameters: ``simulated_model("fidelity=0.5,seed=3")``."""
    from personarium.models import open_model

    def make(parameters: str = "") -> Any:
        return open_model(f"simulated:{parameters}" if parameters else "simulated")

    return make


@pytest.fixture
async def stub_server() -> AsyncIterator[StubServer]:
    """A local OpenAI-compatible endpoint with a simulated subject behind it; ``stub_server.base_url`` is its address."""
    from personarium.testing.stub import StubServer

    async with StubServer(model="simulated") as server:
        yield server


@pytest.fixture
def assert_in_character(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Fails the test when an agent falls out of character: ``assert_in_character(agent, persona, at_least=4.0)``.

    In an async test it is awaited. It takes the arguments of ``personarium.testing.check_in_character``; judge and folder come
    from the pytest configuration (``in_character_judge``, ``in_character_folder``) where they are not given. What was asked is
    kept under ``.personarium`` in the project's root.
    """
    from personarium.testing import in_character

    number = 0
    unawaited: list[Any] = []

    def options(given: dict[str, Any]) -> dict[str, Any]:
        nonlocal number
        number += 1
        root = Path(request.config.getini("in_character_folder") or in_character.FOLDER)
        chosen = {
            "judge": request.config.getini("in_character_judge") or in_character.JUDGE,
            "folder": request.config.rootpath / root,
            "fresh": bool(request.config.getoption("--in-character-fresh")),
            "name": f"{request.node.nodeid} #{number}",
        }
        return {**chosen, **given}

    def sync(agent: Any, persona: Any, **given: Any) -> CharacterCheck:
        __tracebackhide__ = True
        return in_character.assert_in_character(agent, persona, **options(given))

    def awaited(agent: Any, persona: Any, **given: Any) -> Any:
        work = in_character.assert_in_character_async(agent, persona, **options(given))
        unawaited.append(work)
        return work

    yield awaited if inspect.iscoroutinefunction(request.function) else sync
    forgotten = [work for work in unawaited if inspect.getcoroutinestate(work) == inspect.CORO_CREATED]
    for work in forgotten:
        work.close()
    if forgotten:
        pytest.fail("assert_in_character was not awaited in an async test, so nothing was checked", pytrace=False)
