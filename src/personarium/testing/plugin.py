"""The pytest plugin: fixtures for people who test their own agents, personas and systems."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from personarium.models import ScriptedModel
    from personarium.testing.stub import StubServer


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
