"""Keys stay out of everything that is stored: an endpoint that echoes one in an error does not get it written down."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

_NAME = re.compile(r"(API_?KEY|ACCESS_?KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
# Shorter values are not keys of any endpoint, and taking them out would damage ordinary text.
SHORTEST = 8
MARK = "[key removed]"


def keys_in_environment() -> tuple[bytes, ...]:
    """The values of environment variables that are named like keys, longest first."""
    found = {value for name, value in os.environ.items() if _NAME.search(name) and len(value) >= SHORTEST}
    return tuple(sorted((value.encode("utf-8", "surrogateescape") for value in found), key=len, reverse=True))


def without_keys(data: bytes, keys: Sequence[bytes]) -> bytes:
    """The same bytes with every key replaced by a mark."""
    for key in keys:
        if key in data:
            data = data.replace(key, MARK.encode())
    return data


def hide_keys(text: str, keys: Sequence[bytes]) -> str:
    """The same for a text."""
    return without_keys(text.encode("utf-8", "surrogatepass"), keys).decode("utf-8", "surrogatepass")


def hide_named_keys(config: Any) -> Any:
    """A configuration whose fields named like keys (``api_key``, ``token``) show a mark in place of their text."""
    if isinstance(config, Mapping):
        return {
            name: MARK if isinstance(value, str) and value and _NAME.search(str(name)) else hide_named_keys(value)
            for name, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return [hide_named_keys(value) for value in config]
    return config
