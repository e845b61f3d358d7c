"""Consolidations that were proposed and not yet decided on, until they are applied, refused or too old."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict

from fastapi import Request

from personarium.core.errors import NotFound
from personarium.remember.diff import Diff

MOST = 1000  # proposals that wait; the oldest are forgotten


class Proposals:
    """Proposals by name. A name is drawn from 128 bits and good for the memory that it was made for only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, Diff] = OrderedDict()

    def keep(self, diff: Diff) -> str:
        """Keep a proposal and give it a name."""
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._waiting[name] = diff
            if len(self._waiting) > MOST:
                self._waiting.popitem(last=False)
        return name

    def take(self, name: str, user: str) -> Diff:
        """The proposal of this name for this memory, which is then decided on; raises NotFound when there is none."""
        with self._lock:
            found = self._waiting.get(name)
            if found is None or found.user != user:
                raise NotFound("there is no such proposal for this memory; consolidate again")
            return self._waiting.pop(name)


async def proposals_of(request: Request) -> Proposals:
    """The proposals of the application. Async, so that two requests cannot both make them."""
    state = request.app.state
    if not hasattr(state, "proposals"):
        state.proposals = Proposals()
    found: Proposals = state.proposals
    return found
