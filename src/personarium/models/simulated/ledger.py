"""What a simulated subject read, drew and decided for one request: the truth that calibrations compare with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from personarium.models.simulated.reading import Fact


@dataclass(slots=True)
class Ledger:
    """The truth about one reply; only :meth:`SimulatedModel.explain` gives it, no reply holds a trace of it.

    Args:
        role: Which of the eight roles answered (``player``, ``judge``, ...).
        rule: How that role was recognised.
        form: The reply form as shown, or None.
        facts: What was read of the persona.
        relevant: Ids of the facts that the request is about, most relevant first.
        acts: (fact id or "", act): ``carry``, ``copy``, ``contradict``, ``evade``, ``invent``, ``neutral``, ...
        latents: Named hidden numbers (quality, score, theta).
        draws: (stream, u, threshold) of every decision by chance.
        fault: The fault that was put into the reply, "" for none.
        unread: What was not understood.
    """

    role: str = ""
    rule: str = ""
    form: str | None = None
    facts: list[Fact] = field(default_factory=list)
    relevant: list[str] = field(default_factory=list)
    acts: list[tuple[str, str]] = field(default_factory=list)
    latents: list[tuple[str, float]] = field(default_factory=list)
    draws: list[tuple[str, float, float]] = field(default_factory=list)
    fault: str = ""
    unread: list[str] = field(default_factory=list)
