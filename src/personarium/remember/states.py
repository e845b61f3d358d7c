"""The replayed states of the users who were active last, kept so that only the new end of a log is read."""

from __future__ import annotations

import threading
from collections import OrderedDict

from personarium.remember.replay import State, replay
from personarium.remember.store import EventStore

MOST_EVENTS = 200_000  # events of all kept states together: about 200 MB


class StateCache:
    """Least recently used states; the one of a user is always brought up to date before it is given.

    Args:
        store: Where the logs are.
        most: Events that all kept states may have together.
    """

    def __init__(self, store: EventStore, most: int = MOST_EVENTS) -> None:
        self._store, self._most = store, most
        self._states: OrderedDict[str, State] = OrderedDict()
        self._receipts: dict[str, int] = {}
        self._lock = threading.RLock()

    def get(self, user: str) -> State:
        """A user's state after the last event. It must not be changed; it goes on when the log does."""
        with self._lock:
            state = self._states.pop(user, None)
            if state is None:
                state = replay(self._store.read(user))
            else:
                for event in self._store.read(user, state.seq):
                    if event.kind == "erase":  # an erasure has rewritten what was read before
                        state = replay(self._store.read(user))
                        break
                    state.apply(event)
            self._states[user] = state
            self._trim()
            return state

    def drop(self, user: str) -> None:
        """Forget a user's state."""
        with self._lock:
            self._states.pop(user, None)

    def _trim(self) -> None:
        total = sum(state.seq for state in self._states.values())
        while total > self._most and len(self._states) > 1:
            _, gone = self._states.popitem(last=False)
            total -= gone.seq
