"""User memory: an append-only event log, what is derived from it, and strategies behind one protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.remember.diff import Diff as Diff
    from personarium.remember.erasing import Receipt as Receipt
    from personarium.remember.memory import Memory as Memory
    from personarium.remember.recollection import Recollection as Recollection
    from personarium.remember.records import Fact as Fact
    from personarium.remember.records import Observation as Observation
    from personarium.remember.records import Operation as Operation
    from personarium.remember.store import Conflict as Conflict
    from personarium.remember.store import EventStore as EventStore
    from personarium.remember.strategies import STRATEGIES as STRATEGIES
    from personarium.remember.strategies import open_strategy as open_strategy
    from personarium.remember.strategy import Strategy as Strategy
    from personarium.remember.strategy import UserView as UserView
    from personarium.remember.strategy import Weights as Weights
    from personarium.remember.transfer import export_memory as export_memory
    from personarium.remember.transfer import import_memory as import_memory
    from personarium.remember.user_memory import UserMemory as UserMemory

_NAMES = {
    "diff": "Diff",
    "erasing": "Receipt",
    "memory": "Memory",
    "recollection": "Recollection",
    "records": "Fact Observation Operation",
    "store": "Conflict EventStore",
    "strategies": "STRATEGIES open_strategy",
    "strategy": "Strategy UserView Weights",
    "transfer": "export_memory import_memory",
    "user_memory": "UserMemory",
}
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names.split()}
)
