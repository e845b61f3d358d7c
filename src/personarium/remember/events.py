"""The events of a memory's log: the only truth of the store; everything else is made from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from personarium.core.errors import StorageError

EventKind = Literal["observe", "operations", "undo", "erase", "erased"]
EVENT_KINDS: tuple[str, ...] = get_args(EventKind)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is not stored yet.

    Args:
        kind: ``observe`` (an observation), ``operations`` (one batch of edits, all or none), ``undo`` (of one batch),
            ``erase`` (a receipt). ``erased`` is the tombstone that takes the place of an erased event.
        at: When it is recorded, in seconds since 1970.
        body: JSON-ready; see :mod:`personarium.remember.replay` for the fields of each kind.
    """

    kind: EventKind
    at: float
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A stored event; ``seq`` counts 1, 2, 3, … inside one user's log, without gaps."""

    seq: int
    kind: EventKind
    at: float
    body: Mapping[str, Any]


def encode(body: Mapping[str, Any]) -> str:
    """A body as the log keeps it: compact JSON, letters as they are (so that an erasure can be searched for)."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def decode(text: str, where: str) -> dict[str, Any]:
    """Read what :func:`encode` wrote.

    Raises:
        StorageError: When the text is no JSON object: the log is damaged there.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise StorageError(f"{where} is damaged: {error}") from error
    if not isinstance(body, dict):
        raise StorageError(f"{where} is damaged: its body is no JSON object")
    return body
