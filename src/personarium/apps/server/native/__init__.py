"""The native API under ``/api``: personas, populations, memories, runs and reports, one file a resource.

What it says is written down in :mod:`personarium.apps.wire`; who may do what is :mod:`personarium.apps.server.keys`.
"""

from __future__ import annotations

from fastapi import APIRouter


def native_routers() -> tuple[APIRouter, ...]:
    """The routers, for :func:`personarium.apps.server.application.create_app`."""
    from personarium.apps.server.native import memories, memory_edits, personas, populations, runs

    return (personas.router, populations.router, memories.router, memory_edits.router, runs.router)
