"""Which step and item a model call belongs to: set around the call, read by whoever records it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Label(NamedTuple):
    """Where a call belongs: the system's step and the item that is worked on (slash-separated ids)."""

    step: str = ""
    item: str = ""


_NONE = Label()
_current: ContextVar[Label] = ContextVar("personarium_label", default=_NONE)


def current_label() -> Label:
    """The label of the running task."""
    return _current.get()


@contextmanager
def labelled(step: str | None = None, item: str | None = None) -> Iterator[Label]:
    """Label every call made inside; what is left out keeps its outer value."""
    outer = _current.get()
    label = Label(outer.step if step is None else step, outer.item if item is None else item)
    token = _current.set(label)
    try:
        yield label
    finally:
        _current.reset(token)
