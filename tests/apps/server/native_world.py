"""A small workspace behind the native API, with keys of several kinds; for the tests of that API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from personarium.apps.server.application import create_app
from personarium.apps.server.keys import add_key
from personarium.apps.server.native import native_routers
from personarium.apps.server.settings import ServerSettings
from personarium.apps.workspace import Workspace
from personarium.core import Facet, Persona

TORILL = Persona.from_text("I keep bees in Bergen. I have a dog called Moll.", id="torill", name="Torill")
NURSE = Persona(
    id="nurse",
    name="Ana",
    facets=(
        Facet("", "social.occupation", "Nurse"),
        Facet("", "secret", "she is afraid of bees", visibility="never_disclose"),
    ),
)
SCOPES = {
    "reader": (["personas:read"], ()),
    "writer": (["personas:read", "personas:write"], ()),
    "ana": (["memory:read", "memory:write"], ["ana"]),
    "ana-reads": (["memory:read"], ["ana"]),
    "runner": (["runs"], ()),
    "admin": (["admin"], "*"),
}


class World:
    """A client for each key."""

    def __init__(self, client: TestClient, tokens: dict[str, str], place: Workspace) -> None:
        self.client, self.tokens, self.place = client, tokens, place

    def ask(self, who: str | None, method: str, address: str, **given: object) -> object:
        headers = {} if who is None else {"Authorization": f"Bearer {self.tokens[who]}"}
        return self.client.request(method, address, headers=headers, **given)  # type: ignore[arg-type]


@contextmanager
def served(folder: Path, **settings: object) -> Iterator[World]:
    """The API over a workspace of two personas."""
    keys = folder / "keys.yaml"
    tokens = {name: add_key(keys, name, scopes, users) for name, (scopes, users) in SCOPES.items()}
    with Workspace(folder / "work") as place:
        place.personas.put(TORILL)
        place.personas.put(NURSE)
        chosen = ServerSettings(keys=keys, **settings)  # type: ignore[arg-type]
        app = create_app(place, chosen, routers=native_routers())
        with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
            yield World(client, tokens, place)
