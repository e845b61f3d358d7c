"""Edits before they are stored: whether their targets exist, what they take from them, and what a log has left to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.remember.records import Fact, Observation, Operation
from personarium.remember.replay import ARCHIVED, State, target_id

BLOCK = "block"  # kind of the facts that always stand in the prompt
_PLACE, _SAID = re.compile(r"\+[0-9]{1,9}"), re.compile(r"o[0-9]{1,18}")


def pending(state: State, strategy: str) -> list[Observation]:
    """What a strategy has not dealt with: what came after its last time, and what an erasure made it read again. What is
    archived is not read."""
    said = list(state.observations.values())
    last = state.through.get(strategy)
    start = 0
    if last is not None:
        number = int(last[1:])
        start = next((i for i, one in enumerate(said) if int(one.id[1:]) > number), len(said))
    again = state.reread.get(strategy, frozenset())
    waiting = [one for one in said[:start] if one.id in again] + said[start:]
    return [one for one in waiting if ARCHIVED not in one.meta]


def check_edits(state: State, operations: Sequence[Operation], through: str = "") -> None:
    """Refuse a batch that could not be made as a whole.

    Args:
        state: What the edits are made to.
        operations: The batch.
        through: The last observation that is dealt with.

    Raises:
        InvalidInput: When a target is not there, holds no more (after the edits before it in the batch, too) or is a
            read-only block, when a fact rests on what is not in this memory, or ``through`` is no observation of it.
    """
    ended: set[str] = set()
    for number, operation in enumerate(operations):
        _check_target(state, operations, number)
        if operation.target in ended and operation.action != "mark":
            raise InvalidInput(f"operation {number}", "a fact that still holds", operation.target, "target")
        if operation.action != "mark":
            ended.add(operation.target or "none")
        for id in operation.evidence:
            if id not in state.observations and id not in state.facts:
                raise InvalidInput(f"operation {number}", "an utterance or fact of this user", id, "evidence")
    if through and not (_SAID.fullmatch(through) and int(through[1:]) <= state.seq):
        raise InvalidInput("edits", "an observation of this user", through, "through")


def _check_target(state: State, operations: Sequence[Operation], number: int) -> None:
    operation, where = operations[number], f"operation {number}"
    target = operation.target
    if not target or (operation.action == "mark" and target in state.observations):
        return
    if target.startswith("+"):
        if not (_PLACE.fullmatch(target) and int(target[1:]) < number and operations[int(target[1:])].makes):
            raise InvalidInput(where, "the place of an edit before it that makes a fact (+0, +1, …)", target, "target")
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
