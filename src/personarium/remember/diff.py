"""What a consolidation proposes, before anything is changed: to be looked at, applied or refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from personarium.core.results import Failure
from personarium.remember.events import Event
from personarium.remember.records import Fact, Operation, to_dict
from personarium.remember.store import Conflict

_SIGNS = {"add": "+", "update": "~", "correct": "!", "delete": "-", "mark": "*"}


@dataclass(frozen=True, slots=True)
class Diff:
    """Edits that are proposed and not yet made.

    Args:
        user: Whose memory.
        strategy: Who proposes them; empty for edits by hand.
        operations: The edits, in order.
        before: Id -> the fact that an edit is about, as it is now.
        seq: The last event that the proposal has seen.
        quarantined: What a model wrote and could not be used, each with its reason.
        failures: Calls that gave nothing usable.
        through: The last observation that is dealt with.
        calls: Model calls made.
        run: Folder of these calls.
    """

    user: str
    strategy: str
    operations: tuple[Operation, ...]
    before: Mapping[str, Fact] = field(default_factory=dict)
    seq: int = 0
    quarantined: tuple[Failure, ...] = ()
    failures: tuple[Failure, ...] = ()
    through: str = ""
    calls: int = 0
    run: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to apply: no edit, and nothing to note as dealt with."""
        return not self.operations and not self.through

    def lines(self) -> list[str]:
        """One line an edit: ``+`` new, ``~`` changed, ``!`` corrected, ``-`` ended, ``*`` marked.

        Of a text of several lines only those that differ are shown, each with ``+`` or ``-``.
        """
        return [line for operation in self.operations for line in _shown(operation, self.before.get(operation.target))]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "user": self.user,
            "strategy": self.strategy,
            "operations": [to_dict(operation) for operation in self.operations],
            "before": {id: to_dict(fact) for id, fact in self.before.items()},
            "quarantined": [{"kind": f.kind, "reason": f.reason, "item": f.where} for f in self.quarantined],
            "failures": [{"kind": f.kind, "reason": f.reason, "item": f.where} for f in self.failures],
            "through": self.through,
            "calls": self.calls,
        }


def _shown(operation: Operation, old: Fact | None) -> list[str]:
    before = old.text if old is not None else ""
    if operation.action in ("delete", "mark") or "\n" not in f"{before}{operation.text}":
        return [_line(operation, old)]
    was, now = before.splitlines(), operation.text.splitlines()
    gone = [f"- {line}" for line in was if line not in now]
    return [*gone, *(f"+ {line}" for line in now if line not in was)]


def check_unchanged(diff: Diff, since: Iterable[Event]) -> None:
    """Refuse a proposal that is no longer up to date.

    Args:
        diff: The proposal.
        since: The events after the last one that it has seen.

    Raises:
        Conflict: When something that it changes has changed, when what it read was dealt with by another proposal, or when
            edits were taken back or erased.
    """
    targets = {one.target for one in diff.operations}
    for event in since:
        stale = event.kind in ("undo", "erase")
        if event.kind == "operations":
            edits = [one for one in event.body.get("operations", ()) if one.get("action") not in ("add", "mark")]
            dealt_with = bool(event.body.get("through")) and event.body.get("strategy", "") == diff.strategy
            stale = dealt_with or any(one.get("target") in targets for one in edits)
        if stale:
            raise Conflict(f"the memory of {diff.user!r} has changed since the proposal was made; consolidate again")


def _line(operation: Operation, old: Fact | None) -> str:
    sign = _SIGNS[operation.action]
    about = operation.key or (old.key if old else "")
    head = f"{sign} {about}: " if about else f"{sign} "
    if operation.action == "delete":
        return f"{head}{old.text if old else operation.target}"
    if operation.action == "mark":
        return f"{head}{', '.join(f'{name} = {value}' for name, value in operation.attributes.items())}"
    was = f" (was: {old.text})" if old is not None else ""
    return f"{head}{operation.text}{was}"
