"""What a server is told once, when it starts; nothing of it can be set by a request."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from personarium.core.errors import UsageError

MemoryMode = Literal["per-persona", "shared"]
MEMORY_MODES: tuple[str, ...] = get_args(MemoryMode)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the server listens, whom it lets in, and its limits.

    Args:
        host: Address to listen on; anything but a loopback address needs a keys file.
        port: 0 takes a free one.
        keys: The keys file (see :mod:`keys`); None, on a loopback address only, lets everybody on this machine in.
        hosts: Names under which the server is reached, beside its own address; a request with any other ``Host`` is refused.
            Empty on an address that is not loopback: any name.
        cors_origins: Web pages of these origins (``https://chat.example``) may use the server; none by default.
        memory: ``per-persona``: each persona has its own memory of each (key, user); ``shared``: all personas share one.
        max_body_bytes: Longest request body.
        max_upload_bytes: Longest card file that is imported.
        max_head_bytes: Longest request line and headers.
        requests_per_minute: Of one key, in a token bucket that holds a minute's worth; None for no limit.
        max_concurrent: Requests in flight of all keys together.
        head_timeout_s: Most seconds for a request's headers to arrive.
        body_timeout_s: Most seconds for its body.
        stall_timeout_s: Most seconds that a client may leave a reply unread.
        upstream_timeout_s: Most seconds for a whole reply of the model.
        upstream_idle_s: Most seconds without any new text from it.
        keep_alive_s: How long an idle connection is kept.
        log_content: Whether the log holds what was said.

    Raises:
        UsageError: On a value out of range.
    """

    host: str = "127.0.0.1"
    port: int = 8600
    keys: Path | None = None
    hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    memory: MemoryMode = "per-persona"
    max_body_bytes: int = 4 << 20
    max_upload_bytes: int = 64 << 20
    max_head_bytes: int = 64 << 10
    requests_per_minute: float | None = 600.0
    max_concurrent: int = 512
    head_timeout_s: float = 10.0
    body_timeout_s: float = 30.0
    stall_timeout_s: float = 30.0
    upstream_timeout_s: float = 600.0
    upstream_idle_s: float = 120.0
    keep_alive_s: float = 75.0
    log_content: bool = False

    def __post_init__(self) -> None:
        if self.memory not in MEMORY_MODES:
            raise UsageError(f"memory must be {' or '.join(MEMORY_MODES)}, found '{self.memory}'")
        if not 0 <= self.port <= 65535:
            raise UsageError(f"a port is a number from 0 to 65535, found {self.port}")
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"{name} must be more than 0, found {value}")
        for origin in self.cors_origins:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise UsageError(f"an origin is http(s)://HOST[:PORT] without a path, found '{origin}'")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        return is_loopback(self.host)


_POSITIVE = (
    *(
        "max_body_bytes",
        "max_upload_bytes",
        "max_head_bytes",
        "requests_per_minute",
        "max_concurrent",
        "head_timeout_s",
        "body_timeout_s",
    ),
    *("stall_timeout_s", "upstream_timeout_s", "upstream_idle_s", "keep_alive_s"),
)


def is_loopback(host: str) -> bool:
    """Whether an address or name stands for this machine only."""
    if host.strip("[]") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
