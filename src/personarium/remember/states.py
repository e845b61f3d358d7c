"""The replayed states of the users who were active last, kept so that only the new end of a log is read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from personarium.remember.replay import State, replay
from personarium.remember.store import EventStore

MOST_EVENTS = 200_000  # events of all kept states together: about 200 MB


@dataclass(slots=True)
class _Held:
    """One user's state, and whether somebody may still be looking at it, so that it must not go on."""

    state: State = field(default_factory=State)
    given: bool = False
    counted: int = 0  # events, as far as they are in the sum
    lock: threading.RLock = field(default_factory=threading.RLock)


class StateCache:
    """Least recently used states; the one of a user is always brought up to date before it is given.

    Args:
        store: Where the logs are.
        most: Events that all kept states may have together.
    """

    def __init__(self, store: EventStore, most: int = MOST_EVENTS) -> None:
        self._store, self._most = store, most
        self._users: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()
        self._sum = 0  # of the events of all states, and one for each user

    def get(self, user: str) -> State:
        """A user's state after the last event, as it is at this moment: later events go into a copy. Not to be changed."""
        held = self._of(user)
        with held.lock:
            state = self._advanced(user, held)
            held.given = True
        self._trim(user, held)
        return state

    def warm(self, user: str) -> State | None:
        """As :meth:`get` for a user whose state is in memory; None for any other."""
        with self._lock:
            held = self._users.get(user)
        return self.get(user) if held is not None and held.state.seq else None

    @contextmanager
    def writing(self, user: str) -> Iterator[State]:
        """A user's state for as long as it takes to append what is decided on it; no other thread decides meanwhile.

        It is not to be looked at afterwards. Other processes may write at any time: append what comes out with ``expected``.
        """
        held = self._of(user)
        with held.lock:
            yield self._advanced(user, held)
        self._trim(user, held)

    @contextmanager
    def alone(self, user: str) -> Iterator[None]:
        """Keep the other threads of this process from deciding on a user's state meanwhile."""
        with self._of(user).lock:
            yield

    def drop(self, user: str) -> None:
        """Forget a user's state."""
        with self._lock:
            gone = self._users.pop(user, None)
            self._sum -= gone.counted if gone is not None else 0

    def _of(self, user: str) -> _Held:
        with self._lock:
            held = self._users.setdefault(user, _Held())
            self._users.move_to_end(user)
            return held

    def _advanced(self, user: str, held: _Held) -> State:
        """Take the new end of the log; after an erasure, which rewrites what was read before, the whole log."""
        new = list(self._store.read(user, held.state.seq))
        if any(event.kind == "erase" for event in new):
            held.state, held.given = replay(self._store.read(user)), False
        elif new:
            state = held.state.copy() if held.given else held.state
            held.state, held.given = State(), False  # should the log be damaged, nothing half-read is kept
            for event in new:
                state.apply(event)
            held.state = state
        return held.state

    def _trim(self, user: str, held: _Held) -> None:
        """Count a user's events, and let those go who were active longest ago."""
        with self._lock:
            if self._users.get(user) is held:
                self._sum += held.state.seq + 1 - held.counted
                held.counted = held.state.seq + 1
            while self._sum > self._most and len(self._users) > 1:
                _, gone = self._users.popitem(last=False)
                self._sum -= gone.counted
