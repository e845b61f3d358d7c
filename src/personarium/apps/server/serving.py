"""Runs an application with uvicorn, with the limits on slow clients that uvicorn itself does not have."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import uvicorn

from personarium.apps.server.settings import ServerSettings
from personarium.core.errors import UsageError

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE_S = 10  # for replies that are running when the server is stopped
BACKLOG = 2048


def run(
    app: FastAPI,
    settings: ServerSettings,
    *,
    ready: Callable[[str], None] = lambda url: None,
    websockets: bool = False,
) -> None:
    """Serve until the process is told to stop.

    Args:
        app: What :func:`application.create_app` made.
        settings: The same as there.
        ready: Called with the server's address as soon as clients can connect.
        websockets: Whether the application speaks over them.

    Raises:
        UsageError: When the address cannot be listened on.
    """
    listening = listen(settings)
    write_logs()
    try:
        gc.collect()
        gc.freeze()  # what was there at the start stays, and need not be looked through for garbage again
        ready(address(listening))
        make_server(app, settings, websockets=websockets).run(sockets=[listening])
    finally:
        listening.close()


def make_server(app: FastAPI, settings: ServerSettings, *, websockets: bool = False) -> uvicorn.Server:
    """A uvicorn server that is ready to run, in this thread or another."""
    config = uvicorn.Config(
        app,
        http=patient_protocol(settings),
        ws="auto" if websockets else "none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # a client could give itself any address
        timeout_keep_alive=round(settings.keep_alive_s),
        timeout_graceful_shutdown=GRACE_S,
        backlog=BACKLOG,
    )
    return uvicorn.Server(config)


def listen(settings: ServerSettings) -> socket.socket:
    """A socket on the server's address; clients that come before the server runs wait in it.

    Raises:
        UsageError: When it is taken, or not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((settings.host.strip("[]"), settings.port))
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        where = f"{settings.host}:{settings.port}"
        raise UsageError(f"cannot listen on {where} ({error.strerror or error}); choose another --port") from error
    made.setblocking(False)
    return made


def address(listening: socket.socket) -> str:
    """Where clients find it."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def write_logs() -> None:
    """The server's log goes to standard error, one JSON document a line."""
    logger = logging.getLogger("personarium.server")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False


def patient_protocol(settings: ServerSettings) -> type[asyncio.Protocol]:
    """uvicorn's HTTP protocol, with an end to its patience: a client has a time to send its headers in and a length to keep
    to, and one that stops reading its reply is cut off."""
    inner: Any
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as inner
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol as inner

    class Patient(inner):  # type: ignore[misc]
        """One connection."""

        head_timer: asyncio.TimerHandle | None = None
        stall_timer: asyncio.TimerHandle | None = None
        head_bytes = 0
        upgraded = False  # to a websocket: from then on it is another protocol's connection

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self.head_timer = self.loop.call_later(settings.head_timeout_s, transport.abort)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop("head_timer")
            self._stop("stall_timer")
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.upgraded:
                return
            if self.cycle is not None and not self.cycle.response_complete:
                self.head_bytes = 0
                self._stop("head_timer")
                return
            self.head_bytes += len(data)
            if self.head_bytes > settings.max_head_bytes:
                self.transport.abort()
            elif self.head_timer is None:
                self.head_timer = self.loop.call_later(settings.head_timeout_s, self.transport.abort)

        def handle_websocket_upgrade(self, *event: Any) -> None:
            self.upgraded = True
            self._stop("head_timer")
            super().handle_websocket_upgrade(*event)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._stop("stall_timer")
            self.stall_timer = self.loop.call_later(settings.stall_timeout_s, self.transport.abort)

        def resume_writing(self) -> None:
            self._stop("stall_timer")
            super().resume_writing()

        def _stop(self, name: str) -> None:
            timer: asyncio.TimerHandle | None = getattr(self, name)
            if timer is not None:
                timer.cancel()
                setattr(self, name, None)

    return Patient
