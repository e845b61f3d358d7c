"""Edits before they are stored: whether their targets exist, what they take from them, and what a log has left to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.remember.records import Fact, Observation, Operation
from personarium.remember.replay import State, target_id

BLOCK = "block"  # kind of the facts that always stand in the prompt


def pending(state: State, strategy: str) -> list[Observation]:
    """What a strategy has not dealt with: what came after its last time, and what an erasure made it read again."""
    said = list(state.observations.values())
    last = state.through.get(strategy)
    start = 0
    if last is not None:
        number = int(last[1:])
        start = next((i for i, one in enumerate(said) if int(one.id[1:]) > number), len(said))
    again = state.reread.get(strategy, frozenset())
    return [one for one in said[:start] if one.id in again] + said[start:]


def check_target(state: State, operation: Operation, number: int) -> None:
    """Refuse an edit of what is not there, holds no more, or is a read-only block."""
    target, where = operation.target, f"operation {number}"
    if not target or (operation.action == "mark" and target in state.observations):
        return
    if target.startswith("+"):
        if not target[1:].isdigit() or int(target[1:]) >= number:
            raise InvalidInput(where, f"an operation before it (+0 to +{number - 1})", target, "target")
        return
    fact = state.facts.get(target)
    if fact is None:
        raise InvalidInput(where, "the id of a fact of this user", target, "target")
    if operation.action != "mark" and not fact.current:
        raise InvalidInput(where, "a fact that still holds", target, "target")
    if fact.kind == BLOCK and fact.attributes.get("read_only"):
        raise InvalidInput(where, f"another target: block {fact.key!r} is read only", target, "target")


def filled(state: State, operations: Sequence[Operation], now: float) -> Iterator[Operation]:
    """Edits that stand on their own: what they take from their target is written into them."""
    done: list[Operation] = []
    for operation in operations:
        filled = operation if operation.at is not None or operation.action == "mark" else replace(operation, at=now)
        if operation.action in ("add", "update", "correct"):
            old: Any = done[int(operation.target[1:])] if operation.target.startswith("+") else None
            old = old or state.facts.get(target_id(0, operation.target) if operation.target else "")
            filled = replace(
                filled,
                kind=operation.kind or (old.kind if old else "fact"),
                key=operation.key or (old.key if old else ""),
                holder=operation.holder or (old.holder if old else "user"),
            )
        done.append(filled)
        yield filled


def versions(facts: Mapping[str, Fact], id: str) -> list[Fact]:
    """The chain of versions that a fact is part of."""
    later = {fact.replaces: fact.id for fact in facts.values() if fact.replaces}
    first = id
    while facts[first].replaces in facts:
        first = facts[first].replaces
    chain = [facts[first]]
    while chain[-1].id in later:
        chain.append(facts[later[chain[-1].id]])
    return chain


def roots(state: State, id: str) -> set[str]:
    """Every observation that a fact rests on, through other facts too."""
    found: set[str] = set()
    left = list(state.facts[id].evidence)
    while left:
        one = left.pop()
        if one in found:
            continue
        found.add(one)
        if one in state.facts:
            left += state.facts[one].evidence
    return found
