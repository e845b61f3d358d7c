"""A process that writes to a memory until it is killed: ``python endless_writer.py FILE SEED``; a line for each finished call.

What was said holds a word that stands nowhere else; an erasure takes one of them. Each line tells what the log must hold, so that
whoever kills this process knows what may not be lost.
"""

from __future__ import annotations

import random
import sys

from personarium.remember.events import Draft
from personarium.remember.sqlite_store import SqliteStore


def word(rng: random.Random) -> str:
    """A word that nobody has said before."""
    return "Q" + "".join(rng.choices("bcdfghjklmnpqrstvwxz", k=20))


def step(store: SqliteStore, rng: random.Random) -> str:
    """One call of a random kind."""
    user = rng.choice(["ana", "ben"])
    events = list(store.read(user))
    said = [event for event in events if event.kind == "observe"]
    batches = [event.seq for event in events if event.kind == "operations"]
    kind = rng.choice(["observe", "several", "operations", "undo", "erase", "erase"])
    if kind == "erase" and said:
        gone = rng.sample(said, min(2, len(said)))
        changed = {event.seq: Draft("erased", event.at, {"receipt": len(events) + 1}) for event in gone}
        receipt = Draft("erase", 2.0, {"observations": [f"o{event.seq}" for event in gone]})
        seq = store.rewrite(user, changed, receipt, expected=len(events))
        return f"erase {user} {seq} {' '.join(event.body['text'].split()[-1] for event in gone)}"
    if kind == "undo" and batches:
        return f"undo {user} {store.append(user, [Draft('undo', 1.0, {'of': rng.choice(batches)})])}"
    if kind == "operations":
        edits = [{"action": "add", "text": f"fact {i}", "kind": "fact"} for i in range(5)]
        return f"operations {user} {store.append(user, [Draft('operations', 1.0, {'operations': edits})])}"
    drafts = [Draft("observe", 1.0, {"text": f"{'filler ' * rng.randrange(150)}{word(rng)}"}) for _ in range(3)]
    return f"several {user} {store.append(user, drafts) + 2}"


def tell(line: str) -> None:
    """Say that a call is finished."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Write on and on."""
    rng = random.Random(int(sys.argv[2]))
    store = SqliteStore(sys.argv[1])
    tell("ready")
    while True:
        tell(step(store, rng))


if __name__ == "__main__":
    main()
