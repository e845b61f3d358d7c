"""The application: the OpenAI-compatible routes, and any others, over one workspace, inside the guards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware

import personarium
from personarium.apps.server.chat import router as chat
from personarium.apps.server.embeddings import router as embeddings
from personarium.apps.server.errors import COMMON, documented, install_errors
from personarium.apps.server.guards import Guards
from personarium.apps.server.keys import open_ring
from personarium.apps.server.models import router as models
from personarium.apps.server.settings import ServerSettings

if TYPE_CHECKING:
    from personarium.apps.workspace import Workspace


def create_app(workspace: Workspace, settings: ServerSettings, *, routers: Iterable[APIRouter] = ()) -> FastAPI:
    """Put a server together.

    Routes find what they need on ``request.app.state``: ``workspace``, ``settings``, ``keys``, ``model``.

    Args:
        workspace: What is served.
        settings: How.
        routers: Further routes beside the OpenAI-compatible ones.

    Raises:
        UsageError: When it would let the whole network in without keys, or the workspace's model is not known.
    """
    app = FastAPI(
        title="Personarium",
        version=personarium.__version__,
        summary="Personas as models, and everything behind them.",
        docs_url=None,  # its page would fetch scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
        responses=documented(*COMMON),
    )
    app.state.workspace, app.state.settings = workspace, settings
    app.state.keys = open_ring(settings.keys, settings.loopback)
    app.state.model = workspace.open_model()
    for router in (models, chat, embeddings, *routers):
        app.include_router(router)
    install_errors(app)
    _own_description(app)
    app.add_middleware(Guards, settings=settings, keys=app.state.keys)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["Retry-After"],
            max_age=600,
        )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    from personarium.models.wrapper import close

    yield
    await close(app.state.model)


def _own_description(app: FastAPI) -> None:
    """Invalid requests are 400 here, as at OpenAI, and not FastAPI's 422; errors are JSON also where a route gives something
    else."""
    made = app.openapi

    def described() -> dict[str, Any]:
        known = app.openapi_schema is not None
        schema = made()
        if not known:
            for path in schema["paths"].values():
                for operation in path.values():
                    _correct(operation.get("responses", {}))
            for name in ("HTTPValidationError", "ValidationError"):
                schema.get("components", {}).get("schemas", {}).pop(name, None)
        return schema

    app.openapi = described  # type: ignore[method-assign]


def _correct(responses: dict[str, Any]) -> None:
    responses.pop("422", None)
    for status, response in responses.items():
        if status >= "400" and (content := response.get("content")):
            response["content"] = {"application/json": next(iter(content.values()))}
