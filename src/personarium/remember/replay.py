"""What a log says: the state of one user's memory after its events. Pure; the same events give the same state.

Bodies of events: ``observe`` has the fields of :class:`Observation`. ``operations`` has ``strategy``, ``operations`` (each with
the fields of :class:`Operation`, or ``{"erased": n}``), ``through`` (the last observation that the strategy has dealt with) and
``run`` (the folder of the model calls behind it). ``undo`` has ``of``, the number of the batch that is taken back. ``erase`` is a
receipt; its ``reread`` names observations that a strategy has to read again. ``erased`` has ``receipt``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from personarium.core.errors import InvalidInput, StorageError
from personarium.remember.events import Event
from personarium.remember.records import Fact, Observation, Operation, from_dict

MANY = 64  # sources of a fact that are looked through one by one
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


class _Edit(NamedTuple):
    """One step in the life of an entry, with the one before it; the first one has the entry itself and no operation."""

    before: _Edit | None
    seq: int  # of the batch; 0 where nothing can take it back
    at: float
    operation: Operation | None
    entry: Fact | Observation | None = None


class _Step(NamedTuple):
    """One step of a strategy through what was said (or what an erasure put before it again), and how far it then was."""

    before: _Step | None
    seq: int
    through: str  # empty for an erasure
    again: frozenset[str]  # only of an erasure
    far: str | None
    left: frozenset[str]


@dataclass(slots=True)
class State:
    """One user's memory after some events; :meth:`apply` takes the next one.

    What a batch does is kept as steps in the life of each entry, so that a batch that is taken back leaves everything as if
    it had never been, what came after it included.

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
    _lives: dict[str, _Edit] = field(default_factory=dict, repr=False, compare=False)  # of facts
    _told: dict[str, _Edit] = field(default_factory=dict, repr=False, compare=False)  # of observations
    _steps: dict[str, _Step] = field(default_factory=dict, repr=False, compare=False)
    _changing: list[int] = field(default_factory=list, repr=False, compare=False)
    _sources: dict[str, tuple[tuple[str, ...], set[str]]] = field(default_factory=dict, repr=False, compare=False)

    def copy(self) -> State:
        """The same state, to go on from without changing this one."""
        made = {name.name: copy(getattr(self, name.name)) for name in fields(self)}
        return replace(self, **{**made, "_sources": {}})  # its sets go on with this state

    def apply(self, event: Event) -> None:
        """Take the next event.

        Raises:
            StorageError: When a number is missing before it, or the body is not what its kind wants: the log is damaged.
        """
        if event.seq != self.seq + 1:
            raise StorageError(f"the log is damaged: event {self.seq + 1} is missing before event {event.seq}")
        try:
            self._apply(event)
        except (InvalidInput, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise StorageError(f"the log is damaged: event {event.seq} cannot be read ({error})") from error
        self.seq = event.seq

    def _apply(self, event: Event) -> None:
        if event.kind == "observe":
            said = observation_in(event)
            self.observations[said.id] = said
            self._told.pop(said.id, None)
        elif event.kind == "operations":
            self._take(batch_in(event))
        elif event.kind == "undo":
            self._undo(int(event.body["of"]))
        elif event.kind == "erase":
            self.receipts[event.seq] = event.body
            for strategy, ids in event.body.get("reread", {}).items():
                self._go(strategy, event.seq, "", frozenset(ids))

    def undoable(self, most: int | None = None) -> list[int]:
        """Numbers of the batches that can be taken back, the latest first; a batch that only marks entries is none."""
        return self._changing[::-1] if most is None else self._changing[: -most - 1 : -1]

    def _take(self, batch: Batch) -> None:
        for number, operation in batch.operations:
            self._edit(batch, number, operation)
        if batch.through:
            self._go(batch.strategy, batch.seq, batch.through)
        if batch.run:
            self.runs.add(batch.run)
        self.batches[batch.seq] = batch
        if batch.changes:
            self._changing.append(batch.seq)

    def _edit(self, batch: Batch, number: int, operation: Operation) -> None:
        target = target_id(batch.seq, operation.target)
        if operation.action == "mark" and target in self.observations:
            was = self.observations[target]
            life = self._told.get(target) or _Edit(None, 0, 0.0, None, was)
            self._told[target] = _Edit(life, batch.seq, batch.at, operation)
            self.observations[target] = _marked(was, operation)
            return
        old = self.facts.get(target)
        if old is not None:
            life = self._lives.get(target) or _Edit(None, 0, 0.0, None, old)
            self._lives[target] = _Edit(life, batch.seq, batch.at, operation)
            self.facts[target] = self._changed(old, operation, batch.at)
        if operation.makes:
            fact = _made(batch, number, operation, old)
            self._lives[fact.id] = _Edit(None, batch.seq, batch.at, None, fact)
            self.facts[fact.id] = fact

    def _changed(self, old: Fact, operation: Operation, at: float) -> Fact:
        """What an edit leaves of its target. What is said every day has thousands of sources: they are kept as a set, too."""
        if operation.action != "mark" or len(old.evidence) < MANY:
            return _after(old, operation, at)
        evidence, known = self._sources.get(old.id, ((), set()))
        if evidence is not old.evidence:
            known = set(old.evidence)
        new = tuple(id for id in dict.fromkeys(operation.evidence) if id not in known)
        fact = replace(old, attributes=_merged(old.attributes, operation.attributes), evidence=old.evidence + new)
        known.update(new)
        self._sources[old.id] = (fact.evidence, known)
        return fact

    def _undo(self, seq: int) -> None:
        batch = self.batches.pop(seq, None)
        if batch is None:  # it was erased as a whole, or somebody else was faster
            return
        self.undone.add(seq)
        if batch.changes:
            del self._changing[bisect_left(self._changing, seq)]
        for number, operation in batch.operations:
            target = target_id(seq, operation.target)
            if operation.action == "mark" and target in self._told:
                self._live_again(self._told, self.observations, target)
            else:
                self._live_again(self._lives, self.facts, target)
            if operation.makes:
                self._live_again(self._lives, self.facts, fact_id(seq, number))
        if batch.through:
            self._step_back(batch.strategy, seq)

    def _live_again(self, lives: dict[str, _Edit], entries: dict[str, Any], id: str) -> None:
        """Go through the life of an entry again, without the batches that were taken back."""
        steps = []
        life = lives.pop(id, None)
        if life is None:
            return
        while life is not None:
            if not life.seq or life.seq in self.batches:
                steps.append(life)
            life = life.before
        if not steps or steps[-1].entry is None:  # what made it was taken back
            entries.pop(id, None)
            return
        entry: Any = steps[-1].entry
        life = steps.pop()
        for step in reversed(steps):
            assert step.operation is not None
            marks = isinstance(entry, Observation)
            entry = _marked(entry, step.operation) if marks else self._changed(entry, step.operation, step.at)
            life = step._replace(before=life)
        entries[id], lives[id] = entry, life

    def _go(self, strategy: str, seq: int, through: str, again: frozenset[str] = frozenset()) -> None:
        """Note how far a strategy has come, or what it has to read again."""
        before = self._steps.get(strategy)
        far, left = self.through.get(strategy), self.reread.get(strategy, frozenset())
        far, left = _dealt_with(far, left, through) if through else (far, left | again)
        self._steps[strategy] = _Step(before, seq, through, again, far, left)
        _put(self.through, strategy, far)
        _put(self.reread, strategy, left or None)

    def _step_back(self, strategy: str, seq: int) -> None:
        """Take one step out, and go those that came after it again."""
        later: list[_Step] = []
        step = self._steps.get(strategy)
        while step is not None and step.seq != seq:
            later.append(step)
            step = step.before
        before = None if step is None else step.before
        _put(self._steps, strategy, before)
        _put(self.through, strategy, None if before is None else before.far)
        _put(self.reread, strategy, None if before is None else before.left or None)
        for one in reversed(later):
            self._go(strategy, one.seq, one.through, one.again)


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


def _dealt_with(far: str | None, left: frozenset[str], through: str) -> tuple[str, frozenset[str]]:
    """How far a strategy is after a step; what it reads again comes before what is new to it."""
    number = int(through[1:])
    if far is None or number >= int(far[1:]):
        return through, frozenset()
    return far, frozenset(id for id in left if int(id[1:]) > number)


def _marked(said: Observation, operation: Operation) -> Observation:
    return replace(said, meta=_merged(said.meta, operation.attributes))


def _after(old: Fact, operation: Operation, recorded: float) -> Fact:
    """What an edit leaves of its target."""
    if operation.action == "mark":
        new = tuple(id for id in dict.fromkeys(operation.evidence) if id not in old.evidence)
        return replace(old, attributes=_merged(old.attributes, operation.attributes), evidence=old.evidence + new)
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
