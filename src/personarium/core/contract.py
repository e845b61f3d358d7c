"""What every system offers, so that one set of checks can try them all alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from personarium.core.chat import ChatModel, Message

Row = Mapping[str, Any]


class Renderable(Protocol):
    """A step whose messages can be seen without asking anybody."""

    @property
    def name(self) -> str: ...

    def render(self, **inputs: Any) -> list[Message]: ...


@dataclass(frozen=True)
class Contract:
    """A system's hand-hold for ``personarium.testing.check_system``; each system module has one named ``CONTRACT``.

    Args:
        example: Runs the whole system on a small bundled input with the given model and seed. Returns rows that are
            JSON-ready; each has an ``id``, and a ``failures`` mapping (kind -> count) if anything can fail in it.
            Times are left out or stand under the key ``seconds``.
        steps: Every prompted step of the system; empty for a system that calls no model.
        first: Name and inputs of the step that is asked first in ``example``; it must render without any call.
        load: Rebuilds the system's result from a row; ``save(load(row)) == row``. None where a row is the result.
        save: The inverse of ``load``.
        unheard: Blocks of the prompts whose loss the simulated subject cannot notice, as ``step/block`` -> why not; every
            other block, when it is emptied, must change what the subject understood.
    """

    example: Callable[[ChatModel, int], Awaitable[Sequence[Row]]]
    steps: tuple[Renderable, ...] = ()
    first: tuple[str, Mapping[str, Any]] | None = None
    load: Callable[[Row], Any] | None = None
    save: Callable[[Any], Row] | None = None
    unheard: Mapping[str, str] = field(default_factory=dict)
