"""What a log says: the state of one user's memory after its events. Pure; the same events give the same state.

Bodies of events: ``observe`` has the fields of :class:`Observation`. ``operations`` has ``strategy``, ``operations`` (each with
the fields of :class:`Operation`, or ``{"erased": n}``), ``through`` (the last observation that the strategy has dealt with) and
``run`` (the folder of the model calls behind it). ``undo`` has ``of``, the number of the batch that is taken back. ``erase`` is a
receipt; its ``reread`` names observations that a strategy has to read again. ``erased`` has ``receipt``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from personarium.core.errors import StorageError
from personarium.remember.events import Event
from personarium.remember.records import Fact, Observation, Operation, from_dict

ARCHIVED = "archived"  # the attribute of an entry that is kept and no longer recalled


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of edits as it was applied.

    Args:
        seq: The event's number.
        at: When it was recorded.
        strategy: Whose edits; empty for edits by hand.
        operations: The edits, each with the number of its place in the batch (an erased one is missing).
        through: The last observation that was dealt with.
        run: Folder of the model calls behind it; empty when there were none.
    """

    seq: int
    at: float
    strategy: str
    operations: tuple[tuple[int, Operation], ...]
    through: str = ""
    run: str = ""

    @property
    def changes(self) -> bool:
        """Whether it does more than to mark entries."""
        return bool(self.through) or any(operation.action != "mark" for _, operation in self.operations)


@dataclass(frozen=True, slots=True)
class _Before:
    """What a batch changed, as it was before; None is an entry that was not there."""

    facts: Mapping[str, Fact | None]
    observations: Mapping[str, Observation]
    through: str | None
    reread: frozenset[str]


@dataclass(slots=True)
class State:
    """One user's memory after some events; :meth:`apply` takes the next one.

    Attributes:
        seq: Number of the last event.
        observations: Id -> observation, oldest first.
        facts: Id -> fact, in the order of recording; those that hold no more included.
        batches: Number -> batch, those that were undone left out.
        undone: Numbers of the batches that were taken back.
        through: Strategy -> id of the last observation that it has dealt with.
        reread: Strategy -> observations that it has to read again, because an erasure took what it had made of them.
        receipts: Number -> receipt of an erasure.
        runs: Folders that hold model calls about this user.
    """

    seq: int = 0
    observations: dict[str, Observation] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    batches: dict[int, Batch] = field(default_factory=dict)
    undone: set[int] = field(default_factory=set)
    through: dict[str, str] = field(default_factory=dict)
    reread: dict[str, frozenset[str]] = field(default_factory=dict)
    receipts: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    runs: set[str] = field(default_factory=set)
    _before: dict[int, _Before] = field(default_factory=dict)

    def apply(self, event: Event) -> None:
        """Take the next event.

        Raises:
            StorageError: When a number is missing before it, or the body is not what its kind wants: the log is damaged.
        """
        if event.seq != self.seq + 1:
            raise StorageError(f"the log is damaged: event {self.seq + 1} is missing before event {event.seq}")
        if event.kind == "observe":
            said = observation_in(event)
            self.observations[said.id] = said
        elif event.kind == "operations":
            self._take(batch_in(event))
        elif event.kind == "undo":
            self._undo(int(event.body["of"]))
        elif event.kind == "erase":
            self.receipts[event.seq] = event.body
            for strategy, ids in event.body.get("reread", {}).items():
                self.reread[strategy] = self.reread.get(strategy, frozenset()) | frozenset(ids)
        self.seq = event.seq

    def undoable(self) -> list[int]:
        """Numbers of the batches that can be taken back, the latest first; a batch that only marks entries is none."""
        return [seq for seq in sorted(self.batches, reverse=True) if self.batches[seq].changes]

    def _take(self, batch: Batch) -> None:
        before = _Before({}, {}, self.through.get(batch.strategy), self.reread.get(batch.strategy, frozenset()))
        facts, said = dict(before.facts), dict(before.observations)
        for number, operation in batch.operations:
            self._edit(batch, number, operation, facts, said)
        if batch.through:
            self._dealt_with(batch.strategy, batch.through)
        if batch.run:
            self.runs.add(batch.run)
        self.batches[batch.seq] = batch
        self._before[batch.seq] = replace(before, facts=facts, observations=said)

    def _dealt_with(self, strategy: str, through: str) -> None:
        """Note how far a strategy has come; what it reads again comes before what is new to it."""
        last, number = self.through.get(strategy), int(through[1:])
        left: frozenset[str] = frozenset()
        if last is None or number >= int(last[1:]):
            self.through[strategy] = through
        else:
            left = frozenset(id for id in self.reread.get(strategy, ()) if int(id[1:]) > number)
        _put(self.reread, strategy, left or None)

    def _edit(
        self,
        batch: Batch,
        number: int,
        operation: Operation,
        facts: dict[str, Fact | None],
        said: dict[str, Observation],
    ) -> None:
        target = target_id(batch.seq, operation.target)
        old = self.facts.get(target)
        if operation.action == "mark" and target in self.observations:
            was = self.observations[target]
            said.setdefault(target, was)
            self.observations[target] = replace(was, meta=_merged(was.meta, operation.attributes))
            return
        if old is not None:
            facts.setdefault(target, old)
            self.facts[target] = _after(old, operation, batch.at)
        if operation.action in ("add", "update", "correct"):
            fact = _made(batch, number, operation, old)
            facts.setdefault(fact.id, None)
            self.facts[fact.id] = fact

    def _undo(self, seq: int) -> None:
        before = self._before.pop(seq, None)
        if before is None:  # it was erased as a whole, or somebody else was faster
            return
        batch = self.batches.pop(seq)
        self.undone.add(seq)
        for id, fact in before.facts.items():
            if fact is None:
                self.facts.pop(id, None)
            else:
                self.facts[id] = fact
        self.observations.update(before.observations)
        if batch.through:
            _put(self.through, batch.strategy, before.through)
            _put(self.reread, batch.strategy, before.reread or None)


def replay(events: Iterable[Event], as_of: float | None = None) -> State:
    """The state after events.

    Args:
        events: From the first one, in order.
        as_of: Only what was recorded until then; None takes everything. What was erased is gone in the past too.
    """
    state = State()
    for event in events:
        if as_of is not None and event.at > as_of:
            state.seq = event.seq
            continue
        state.apply(event)
    return state


def observation_in(event: Event) -> Observation:
    """The observation of an ``observe`` event; without an id of its own it is called ``o`` and the event's number."""
    said = from_dict(Observation, event.body, f"event {event.seq}")
    return said if said.id else replace(said, id=f"o{event.seq}")


def batch_in(event: Event) -> Batch:
    """The batch of an ``operations`` event."""
    body, where = event.body, f"event {event.seq}"
    made = tuple(
        (number, from_dict(Operation, one, where))
        for number, one in enumerate(body.get("operations", ()))
        if "erased" not in one
    )
    return Batch(event.seq, event.at, body.get("strategy", ""), made, body.get("through", ""), body.get("run", ""))


def fact_id(seq: int, number: int) -> str:
    """What the fact is called that operation ``number`` of batch ``seq`` makes."""
    return f"f{seq}_{number}"


def target_id(seq: int, target: str) -> str:
    """A target's id; ``+2`` is the fact that operation 2 of the same batch makes."""
    return fact_id(seq, int(target[1:])) if target.startswith("+") else target


def _made(batch: Batch, number: int, operation: Operation, old: Fact | None) -> Fact:
    """The fact that an edit makes; one made by hand out of a strategy's fact stays that strategy's."""
    return Fact(
        fact_id(batch.seq, number),
        operation.kind,
        operation.key,
        operation.text,
        operation.holder or "user",
        batch.at if operation.at is None else operation.at,
        None,
        batch.at,
        operation.evidence,
        operation.confidence,
        operation.importance,
        batch.strategy or (old.strategy if old is not None else ""),
        old.id if old is not None else "",
        operation.attributes,
    )


def _after(old: Fact, operation: Operation, recorded: float) -> Fact:
    """What an edit leaves of its target."""
    if operation.action == "mark":
        evidence = tuple(dict.fromkeys((*old.evidence, *operation.evidence)))
        return replace(old, attributes=_merged(old.attributes, operation.attributes), evidence=evidence)
    if not old.current:
        return old
    begun = old.valid_from if old.valid_from is not None else float("-inf")
    if operation.action == "correct":
        end = old.valid_from if old.valid_from is not None else recorded
        return replace(old, valid_from=end, valid_to=end)
    return replace(old, valid_to=max(begun, recorded if operation.at is None else operation.at))


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in {**old, **new}.items() if value is not None}


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value
