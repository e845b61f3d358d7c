"""What every request passes before and after the application, as one pure ASGI layer: addresses, keys, limits, log.

Nothing in here reads a body or holds back a reply: a stream passes piece by piece.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from personarium.apps.server.errors import ApiError
from personarium.apps.server.keys import Key, KeyRing, bearer_token
from personarium.apps.server.rates import Buckets
from personarium.apps.server.settings import ServerSettings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("personarium.server")
UPLOADS = "/api/cards"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Added where the application has not set them itself.
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Guards:
    """The layer around an application.

    Args:
        app: The application.
        settings: Its limits.
        keys: Who may use it.
        clock: Tells the time in seconds.
    """

    def __init__(
        self, app: Application, *, settings: ServerSettings, keys: KeyRing, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.app, self.settings, self.keys, self.clock = app, settings, keys, clock
        self._buckets = Buckets(settings.requests_per_minute)
        self._running = 0
        self._hosts = _allowed_hosts(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._check_address(scope, _headers(scope), safe=False)
        except ApiError:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = _Exchange(scope, receive, send, self.settings, self.clock)
        self._running += 1
        try:
            self._admit(scope)
            await self.app(scope, exchange.receive, exchange.send)
            if exchange.refused is not None:
                await exchange.refuse(exchange.refused)
        except ApiError as error:
            await exchange.refuse(error)
        except Exception:
            log.exception("a request failed")
            await exchange.refuse(ApiError(500, "the server failed", code="internal_error"))
        finally:
            self._running -= 1
            exchange.note()

    def _admit(self, scope: Scope) -> None:
        """Let a request in, or raise what refuses it; the cheapest checks first."""
        headers = _headers(scope)
        self._check_address(scope, headers, safe=scope["method"] in SAFE_METHODS)
        if self._running > self.settings.max_concurrent:
            raise ApiError(503, "the server is busy", code="overloaded", headers={"Retry-After": "1"})
        key = self.keys.find(bearer_token(scope["headers"]))
        scope["personarium.key"] = key
        wait = self._buckets.take(_who(scope, key), self.clock())
        if wait:
            after = {"Retry-After": str(math.ceil(wait))}
            raise ApiError(429, "too many requests; wait a little", code="rate_limit_exceeded", headers=after)
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > longest_body(scope, self.settings):
            raise too_long(scope, self.settings)

    def _check_address(self, scope: Scope, headers: dict[bytes, bytes], safe: bool) -> None:
        """Refuse a request under another name than the server's (a page whose name was bound to this machine), and one that
        another site's page makes in the name of whoever looks at it."""
        host = headers.get(b"host", b"").decode("latin-1")
        if self._hosts is not None and _name_of(host) not in self._hosts:
            raise ApiError(403, "this server is not reached under that name", code="host_not_allowed")
        if safe:
            return
        origin = headers.get(b"origin")
        if origin is None:
            if headers.get(b"sec-fetch-site") in (b"cross-site", b"same-site"):
                raise cross_site()
            return
        said = origin.decode("latin-1")
        if said not in self.settings.cors_origins and said not in (f"http://{host}", f"https://{host}"):
            raise cross_site()


class _Exchange:
    """One request and its reply."""

    __slots__ = (
        *("_bytes_in", "_bytes_out", "_clock", "_deadline", "_receive", "_send"),
        *("begun", "refused", "scope", "settings", "status", "whole"),
    )

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, settings: ServerSettings, clock: Callable[[], float]
    ) -> None:
        self.scope, self.settings = scope, settings
        self._receive, self._send, self._clock = receive, send, clock
        self._bytes_in = self._bytes_out = self.status = 0
        self._deadline = 0.0
        self.whole = False
        self.refused: ApiError | None = None
        self.begun = clock()

    async def receive(self) -> Message:
        """The next part of the body, within the limits of length and time."""
        if self.whole:
            return await self._receive()
        loop = asyncio.get_running_loop()
        self._deadline = self._deadline or loop.time() + self.settings.body_timeout_s
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise self._break_off(ApiError(408, "the body came too slowly", code="request_timeout")) from None
        self._bytes_in += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        if self._bytes_in > longest_body(self.scope, self.settings):
            raise self._break_off(too_long(self.scope, self.settings))
        return message

    def _break_off(self, error: ApiError) -> ApiError:
        """The rest of the body is not read; whatever the application makes of it, this is the answer."""
        self.refused, self.whole = error, True
        return error

    async def send(self, message: Message) -> None:
        """Pass a part of the reply on; none of it once the request was broken off, which has an answer of its own."""
        if self.refused is not None and not self.status:
            return
        if message["type"] == "http.response.body":
            self._bytes_out += len(message.get("body", b""))
        elif message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = with_security(list(message.get("headers", ())))
        await self._send(message)

    async def refuse(self, error: ApiError) -> None:
        """Answer with an error, when nothing has been answered yet; the connection ends with a body half read."""
        error = self.refused or error
        if self.status:
            return
        self.status, body = error.status, error.json()
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in error.headers.items()]
        headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        if self.refused is not None or not self.whole:
            headers.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": error.status, "headers": with_security(headers)})
        self._bytes_out += len(body)
        await self._send({"type": "http.response.body", "body": body})

    def note(self) -> None:
        """Write the request's line into the log: nothing that was said, and no path that was not ours."""
        route, key = self.scope.get("route"), self.scope.get("personarium.key")
        line = {
            "method": self.scope["method"],
            "route": getattr(route, "path", None),
            "status": self.status or 499,  # the client left before it was answered
            "ms": round((self._clock() - self.begun) * 1000, 1),
            "key": key.name if key is not None else None,
            "bytes_in": self._bytes_in,
            "bytes_out": self._bytes_out,
            **self.scope.get("personarium.log", {}),
        }
        log.info(json.dumps(line, ensure_ascii=False))


def longest_body(scope: Scope, settings: ServerSettings) -> int:
    """The most bytes of a request's body: a card with its pictures may be larger than what is said."""
    return settings.max_upload_bytes if scope["path"] == UPLOADS else settings.max_body_bytes


def too_long(scope: Scope, settings: ServerSettings) -> ApiError:
    """The refusal of a body over its limit."""
    most = longest_body(scope, settings)
    return ApiError(413, f"a request may have {most:,} bytes at most", code="request_too_large")


def cross_site() -> ApiError:
    """The refusal of another site's request."""
    return ApiError(403, "requests from other sites are not taken", code="cross_site")


def with_security(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a reply, and the security headers that it lacks."""
    present = {name.lower() for name, _ in headers}
    headers.extend(pair for pair in SECURITY_HEADERS if pair[0] not in present)
    return headers


def _headers(scope: Scope) -> dict[bytes, bytes]:
    return dict(scope["headers"])


def _who(scope: Scope, key: Key | None) -> str:
    """Whose bucket: a key's; without one, that of the address it comes from, so that keys cannot be guessed at speed."""
    if key is not None:
        return f"key {key.name}"
    client = scope.get("client")
    return f"address {client[0] if client else ''}"


def _allowed_hosts(settings: ServerSettings) -> frozenset[str] | None:
    """Names in ``Host`` that are ours; None: any, because everybody needs a key and a page of another site has none."""
    if not settings.loopback and not settings.hosts:
        return None
    own = _LOCAL_NAMES if settings.loopback else frozenset()
    return own | {_name_of(name) for name in (settings.host, *settings.hosts)}


def _name_of(host: str) -> str:
    """The name in a ``Host`` header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""
