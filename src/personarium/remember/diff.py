"""What a consolidation proposes, before anything is changed: to be looked at, applied or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from personarium.core.results import Failure
from personarium.remember.records import Fact, Operation, to_dict

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
