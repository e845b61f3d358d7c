"""How one user's log is written to: decided on the state as it is, and decided anew when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personarium.remember.edits import check_edits, filled
from personarium.remember.events import Draft
from personarium.remember.readable import CONFLICTS
from personarium.remember.records import Fact, Operation, to_dict
from personarium.remember.replay import Batch, State, fact_id
from personarium.remember.store import Conflict

if TYPE_CHECKING:
    from personarium.remember.memory import Memory


@dataclass(frozen=True, slots=True)
class Edits:
    """A batch that is to be written; fields as in :class:`personarium.remember.replay.Batch`."""

    operations: Sequence[Operation]
    through: str = ""
    strategy: str = ""
    run: str = ""


Decide = Callable[[State], Edits | None]


class Writer:
    """Writes batches to one user's log.

    Args:
        memory: Whose part it is.
        user: The user.
    """

    def __init__(self, memory: Memory, user: str) -> None:
        self._memory, self._user = memory, user

    def commit(self, decide: Decide, *, by_owner: bool = False) -> int:
        """Write what is decided.

        Args:
            decide: Gives what to write; None writes nothing.
            by_owner: Whether read-only blocks may be changed.

        Returns:
            The number of the batch; 0 when nothing was written.

        Raises:
            InvalidInput: When the batch cannot be made as a whole.
            Conflict: When others write all the time.
        """
        for _ in range(CONFLICTS):
            with self._memory.states.writing(self._user) as state:
                edits = decide(state)
                if edits is None:
                    return 0
                check_edits(state, edits.operations, edits.through, by_owner=by_owner)
                try:
                    return self._append(state, edits)
                except Conflict:
                    continue
        raise self.busy()

    def undo(self, batches: int) -> list[Batch]:
        """Take the latest batches back, in one step."""
        for _ in range(CONFLICTS):
            with self._memory.states.writing(self._user) as state:
                taken = [state.batches[seq] for seq in state.undoable(batches)]
                now = self._memory.clock()
                drafts = [Draft("undo", now, {"of": batch.seq}) for batch in taken]
                try:
                    self._memory.store.append(self._user, drafts, expected=state.seq)
                except Conflict:
                    continue
            return taken
        raise self.busy()

    def made(self, seq: int, count: int) -> tuple[Fact, ...]:
        """The facts that a batch of so many edits has made."""
        with self._memory.states.writing(self._user) as state:
            return tuple(state.facts[id] for n in range(count) if (id := fact_id(seq, n)) in state.facts)

    def busy(self) -> Conflict:
        """What is said when others write all the time."""
        return Conflict(f"the memory of {self._user!r} is being written to all the time; try again")

    def _append(self, state: State, edits: Edits) -> int:
        now = self._memory.clock()
        body: dict[str, Any] = {"operations": [to_dict(one) for one in filled(state, edits.operations, now)]}
        names = ("strategy", "through", "run")
        body |= {name: value for name in names if (value := getattr(edits, name))}
        return self._memory.store.append(self._user, [Draft("operations", now, body)], expected=state.seq)
