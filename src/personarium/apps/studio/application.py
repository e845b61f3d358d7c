"""The studio as one web application with the server: pages for people under ``/``, interfaces for programs under ``/v1`` and ``/api``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from personarium.apps.server.application import create_app
from personarium.apps.server.native import native_routers
from personarium.apps.server.settings import ServerSettings
from personarium.apps.studio.studio import Studio

if TYPE_CHECKING:
    from fastapi import FastAPI

    from personarium.apps.workspace import Workspace

MAX_UPLOAD = 64 << 20  # bytes of one request: a card with a large picture, a table
# Scripts are made in the page itself (Vue compiles its templates there); nothing may be fetched from elsewhere, or shown elsewhere.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; frame-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
Message = MutableMapping[str, Any]


def studio_settings(port: int) -> ServerSettings:
    """The server's settings below a studio: this machine only, no keys, and no rate, for a page is many requests."""
    return ServerSettings(port=port, requests_per_minute=None, max_body_bytes=MAX_UPLOAD)


def create_studio(workspace: Workspace, settings: ServerSettings, *, user: str = "me") -> FastAPI:
    """The application, ready to be served; one a process, for its pages belong to the process.

    Args:
        workspace: What it shows.
        settings: Of the server below it, as :func:`studio_settings` makes them.
        user: Whose memory the stage writes to.
    """
    from nicegui import ui
    from starlette.middleware import Middleware

    from personarium.apps.studio import pictures
    from personarium.apps.studio.rooms import cast, measures, memory, populations, stage

    app = create_app(workspace, settings, routers=(*native_routers(), pictures.router(workspace)))
    studio = Studio(workspace, user)
    for room in (cast, stage, memory, populations, measures):
        room.register(studio)
    ui.run_with(
        app,
        title="Personarium",
        favicon=pictures.FAVICON,
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
    )
    app.user_middleware.append(Middleware(_Pages))  # inside the guards, which keep what is set already
    return app


class _Pages:
    """Gives the pages of the studio their policy; what programs read keeps the server's."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"].startswith(("/v1", "/api")):
            await self.app(scope, receive, send)
            return

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if not any(name.lower() == b"content-security-policy" for name, _ in headers):
                    headers.append((b"content-security-policy", POLICY.encode()))
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, with_policy)
