"""Schemathesis over the whole OpenAPI description: whatever is sent, the answer is one that is documented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from serving_place import people

from personarium.apps.server.application import create_app
from personarium.apps.server.keys import EVERYBODY, add_key
from personarium.apps.server.native import native_routers
from personarium.apps.server.settings import ServerSettings

schemathesis = pytest.importorskip("schemathesis")
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

EXAMPLES = 12  # of each operation, right and wrong
# Any other name of a model is 404 before anything else is looked at.
KNOWN = {"/v1/chat/completions": "robin", "/v1/embeddings": "static"}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The description of everything that is served, with the key of somebody who may do everything."""
    folder: Path = tmp_path_factory.mktemp("described")
    token = add_key(folder / "keys.yaml", "tester", ["admin"], EVERYBODY)
    with people(folder) as place:
        limits = {
            "keys": folder / "keys.yaml",
            "requests_per_minute": None,
            "hosts": ("testserver",),
            "memory": "shared",
        }
        app = create_app(place, ServerSettings(**limits), routers=native_routers())
        config = schemathesis.Config.from_dict({"auth": {"openapi": {"HTTPBearer": {"bearer": token}}}})
        yield schemathesis.openapi.from_asgi("/openapi.json", app, config=config)


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_every_answer_is_a_documented_one(described: Any, mode: str, subtests: pytest.Subtests) -> None:
    """``positive``: what the description allows; ``negative``: what it does not."""
    for found in described.get_all_operations():
        with subtests.test(found.ok().label):
            try:
                _ask(found.ok(), mode)
            except Unsatisfiable:
                assert mode == "negative"  # it has nothing that could be wrong


def _ask(operation: Any, mode: str) -> None:
    # What a native record must be beyond its form (a schema has fields, an id is the one in the address) stands in the room's
    # own checks; such a refusal is a documented 400, and no fault.
    apart = [positive_data_acceptance] if operation.path.startswith("/api/") else []

    @settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
    def answered(case: Any) -> None:
        if mode == "positive" and isinstance(case.body, dict) and case.path in KNOWN:
            case.body["model"] = KNOWN[case.path]
        case.call_and_validate(excluded_checks=apart)

    answered()
