"""Whose memory a request is about: only one of the key's users, and by default one persona's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Query, Request

from personarium.apps.server.errors import ApiError
from personarium.apps.server.keys import Key, check_user, require
from personarium.apps.server.memories import memory_name
from personarium.apps.server.native.asking import LONGEST_ID, workspace_of
from personarium.remember.user_memory import UserMemory

User = Annotated[
    str, Query(min_length=1, max_length=256, description="Whose memory; one of the key's users.", examples=["ana"])
]
PersonaOf = Annotated[
    str,
    Query(
        max_length=LONGEST_ID,
        description="Which persona's; needed unless the server's personas share one memory.",
        examples=["torill"],
    ),
]


def memory_with(*scopes: str) -> Callable[..., Awaitable[UserMemory]]:
    """A FastAPI dependency: the memory that a request names, when the key has the scopes and the user.

    Raises (when called):
        ApiError: 401 and 403 as for keys; 400 without a persona where each has its own memory.
    """
    checked = Depends(require(*scopes))

    # The key is a default and no annotation: those are read as text, where a local name means nothing.
    async def opened(request: Request, user: User, persona: PersonaOf = "", key: Key = checked) -> UserMemory:
        mode = request.app.state.settings.memory
        known = check_user(key, user)
        if mode == "per-persona" and not persona:
            raise ApiError(400, "each persona has a memory of its own here: name one", code="missing", param="persona")
        return workspace_of(request).memory.user(memory_name(key, known, persona, mode))

    return opened


Readable = Annotated[UserMemory, Depends(memory_with("memory:read"))]
Writable = Annotated[UserMemory, Depends(memory_with("memory:write"))]
Both = Annotated[UserMemory, Depends(memory_with("memory:read", "memory:write"))]
