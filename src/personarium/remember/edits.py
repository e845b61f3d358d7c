"""Edits before they are stored: whether their targets exist, what they take from them, and what a log has left to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.remember.keeping import same_words
from personarium.remember.records import LONGEST_TEXT, Action, Fact, Observation, Operation
from personarium.remember.replay import ARCHIVED, State, target_id

BLOCK = "block"  # kind of the facts that always stand in the prompt
BLOCK_LIMIT = 2000  # characters
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


def check_edits(state: State, operations: Sequence[Operation], through: str = "", *, by_owner: bool = False) -> None:
    """Refuse a batch that could not be made as a whole.

    Args:
        state: What the edits are made to.
        operations: The batch.
        through: The last observation that is dealt with.
        by_owner: Whether read-only blocks may be changed.

    Raises:
        InvalidInput: When a target is not there, holds no more (after the edits before it in the batch, too) or is a
            read-only block, when a block has no label or is too long, when a fact rests on what is not in this memory, or
            ``through`` is no observation of it.
    """
    ended: set[str] = set()
    for number, operation in enumerate(operations):
        where = f"operation {number}"
        fact = _checked_target(state, operations, number)
        if fact is not None and fact.kind == BLOCK and fact.attributes.get("read_only") and not by_owner:
            raise InvalidInput(where, f"another target: block {fact.key!r} is read only", operation.target, "target")
        if operation.target and operation.action != "mark":
            if operation.target in ended:
                raise InvalidInput(where, "a fact that still holds", operation.target, "target")
            ended.add(operation.target)
        if operation.makes and (operation.kind or (fact.kind if fact is not None else "")) == BLOCK:
            _check_block(operation, fact, where)
            if operation.action == "add" and any(one.key == operation.key for one in _blocks(state)):
                raise InvalidInput(where, f"an update: there is a block {operation.key!r}", operation.action, "action")
        for id in operation.evidence:
            if id not in state.observations and id not in state.facts:
                raise InvalidInput(where, "an utterance or fact of this user", id, "evidence")
    if through and not (_SAID.fullmatch(through) and int(through[1:]) <= state.seq):
        raise InvalidInput("edits", "an observation of this user", through, "through")


def _checked_target(state: State, operations: Sequence[Operation], number: int) -> Fact | None:
    """The fact that an edit is about; None for a new one, for an utterance, and for one that the same batch makes."""
    operation, where = operations[number], f"operation {number}"
    target = operation.target
    if not target or (operation.action == "mark" and target in state.observations):
        return None
    if target.startswith("+"):
        if not (_PLACE.fullmatch(target) and int(target[1:]) < number and operations[int(target[1:])].makes):
            raise InvalidInput(where, "the place of an edit before it that makes a fact (+0, +1, …)", target, "target")
        return None
    fact = state.facts.get(target)
    if fact is None:
        raise InvalidInput(where, "the id of a fact of this user", target, "target")
    if operation.action != "mark" and not fact.current:
        raise InvalidInput(where, "a fact that still holds", target, "target")
    return fact


def _check_block(operation: Operation, old: Fact | None, where: str) -> None:
    label = operation.key or (old.key if old is not None else "")
    if not label.strip():
        raise InvalidInput(where, "a label for the block", label, "key")
    most = {**_block_fields(old), **operation.attributes}["limit"]
    if isinstance(most, bool) or not isinstance(most, int) or not 0 < most <= LONGEST_TEXT:
        raise InvalidInput(f"block {label!r}", f"a number of characters from 1 to {LONGEST_TEXT:,}", most, "limit")
    if len(operation.text) > most:
        found = f"{len(operation.text)} characters"
        raise InvalidInput(f"block {label!r}", f"at most {most} characters", found, "text")


def _block_fields(old: Fact | None) -> dict[str, Any]:
    """The limit of a block and whether it is read only."""
    fields: dict[str, Any] = {"limit": BLOCK_LIMIT, "read_only": False}
    return fields if old is None else fields | {name: old.attributes.get(name, fields[name]) for name in fields}


def _blocks(state: State) -> list[Fact]:
    return [fact for fact in state.facts.values() if fact.kind == BLOCK and shown(fact)]


def block_edit(state: State, label: str, text: str, limit: int | None, read_only: bool | None) -> Operation:
    """The edit that writes a block; what is None stays as it was."""
    old = next((fact for fact in _blocks(state) if fact.key == label), None)
    fields = _block_fields(old)
    fields["limit"] = fields["limit"] if limit is None else limit
    fields["read_only"] = fields["read_only"] if read_only is None else read_only
    action: Action = "add" if old is None else "update"
    return Operation(action, "" if old is None else old.id, BLOCK, label, text, attributes=fields)


def stated(state: State, wanted: Operation, replaces: bool) -> tuple[str, list[Operation]]:
    """The edits that keep a fact: none when its words are known, with all its evidence.

    Args:
        state: What is known.
        wanted: The fact, as an ``add``.
        replaces: Whether it takes the place of everything that its key held.

    Returns:
        The id of the fact with the same words, empty when the first edit makes a new one; and the edits.
    """
    about = (wanted.kind, wanted.key, wanted.holder)
    matter = [one for one in state.facts.values() if (one.kind, one.key, one.holder) == about and shown(one)]
    same = next((one for one in matter if same_words(one.text) == same_words(wanted.text)), None)
    over = [one.id for one in matter if one is not same] if replaces else []
    if same is not None:
        known = set(wanted.evidence) <= set(same.evidence)
        edits = [] if known else [Operation("mark", same.id, evidence=wanted.evidence)]
    else:
        target = over.pop() if over else ""
        edits = [replace(wanted, action="update", target=target) if target else wanted]
    return same.id if same is not None else "", edits + [Operation("delete", id, at=wanted.at) for id in over]


def unknown(state: State, wanted: Sequence[Operation]) -> list[Operation]:
    """The edits that keep facts and blocks, without what is known and what is told twice."""
    shown_facts = [fact for fact in state.facts.values() if shown(fact)]
    known = {(fact.kind, fact.key, fact.holder, same_words(fact.text)) for fact in shown_facts}
    blocks = {fact.key: fact.text for fact in shown_facts if fact.kind == BLOCK}
    written = {one.key: one for one in wanted if one.kind == BLOCK}
    edits = [
        block_edit(state, one.key, one.text, None, None) for one in written.values() if blocks.get(one.key) != one.text
    ]
    for one in wanted:
        told = (one.kind, one.key, one.holder or "user", same_words(one.text))
        if one.kind != BLOCK and told not in known:
            known.add(told)
            edits.append(one)
    return edits


def shown(fact: Fact) -> bool:
    """Whether a fact holds and is not archived."""
    return fact.current and ARCHIVED not in fact.attributes


def filled(state: State, operations: Sequence[Operation], now: float) -> Iterator[Operation]:
    """Edits that stand on their own: what they take from their target is written into them."""
    done: list[Operation] = []
    for operation in operations:
        filled = replace(operation, evidence=tuple(dict.fromkeys(operation.evidence)))
        if operation.at is None and operation.action != "mark":
            filled = replace(filled, at=now)
        if operation.action in ("add", "update", "correct"):
            old: Any = done[int(operation.target[1:])] if operation.target.startswith("+") else None
            old = old or state.facts.get(target_id(0, operation.target) if operation.target else "")
            filled = replace(
                filled,
                kind=operation.kind or (old.kind if old else "fact"),
                key=operation.key or (old.key if old else ""),
                holder=operation.holder or (old.holder if old else "user"),
            )
            if filled.kind == BLOCK:
                known = _block_fields(old if isinstance(old, Fact) else None)
                filled = replace(filled, attributes={**known, **operation.attributes})
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
