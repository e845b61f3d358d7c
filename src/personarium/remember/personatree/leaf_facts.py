"""The tree in a store: each filled leaf is one current fact of kind ``leaf`` whose key is the leaf's full path.

So times, sources, versions, undo and erasure of a leaf are those of a fact.

Source: personatree page, steps 5 and 6; "Traps" (evidence and times, which the reference system does not keep).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from personarium.remember.personatree.grammar import Edit
from personarium.remember.personatree.rules import without_labels
from personarium.remember.personatree.schema import load_schema
from personarium.remember.personatree.tree import Change, Tree, tree_of_leaves
from personarium.remember.personatree.updating import Update
from personarium.remember.records import Fact, Operation
from personarium.remember.strategy import UserView
from personarium.text.similarity import content_stems, letters_and_digits

KIND = "leaf"
NAME = "personatree"
_RUN = 6  # letters and digits in a row that two texts share by more than chance


@dataclass(frozen=True, slots=True)
class ShownLeaf:
    """One leaf as a person may see it.

    Args:
        path: Its full path.
        text: What is believed.
        sources: Ids of the observations it comes from.
        first_seen: When the user first spoke of it (seconds since 1970).
        last_seen: When they last did.
        confidence: In [0, 1].
        fact: Id of the fact, for its history or to correct it.
    """

    path: str
    text: str
    sources: tuple[str, ...]
    first_seen: float | None
    last_seen: float | None
    confidence: float
    fact: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The path's keys, from the root to the leaf."""
        return tuple(self.path.split("."))


def show_tree(view: UserView, schema: str = "en") -> tuple[ShownLeaf, ...]:
    """The filled leaves of a user's tree in the order of the schema, with sources and times; leaves that grew come last."""
    held = leaf_facts(view)
    order = {path: number for number, path in enumerate(load_schema(schema).leaves)}
    listed = sorted(held, key=lambda path: (order.get(path, len(order)), path))
    return tuple(_shown(held[path]) for path in listed)


def tree_in(view: UserView, schema: str = "en") -> Tree:
    """A user's whole tree: the schema with what is believed in its leaves."""
    texts = {path: fact.text for path, fact in leaf_facts(view).items()}
    return tree_of_leaves(load_schema(schema).skeleton, texts)


def leaf_facts(view: UserView) -> dict[str, Fact]:
    """The current fact of every filled leaf, by path; leaves that a person edited by hand included."""
    return {fact.key: fact for fact in view.facts(KIND) if fact.strategy in ("", NAME)}


def outdated_sources(view: UserView) -> frozenset[str]:
    """Observations behind leaves that hold no more and behind none that holds: what they say has been overtaken."""
    held = {source for fact in leaf_facts(view).values() for source in fact.evidence}
    ended = (fact for fact in view.facts(KIND, ended=True) if not fact.current)
    return frozenset(source for fact in ended for source in fact.evidence) - held


def operations_of(update: Update, held: dict[str, Fact], times: Mapping[str, float], first: int) -> list[Operation]:
    """The operations on facts that one update of the tree comes down to.

    Setting an empty leaf adds a fact, setting a filled one updates its fact, emptying one deletes it; setting a leaf to
    what it says already gives the fact another source.

    Args:
        update: What a chunk did to the tree.
        held: Path -> current fact; kept up to date here, so that the next update sees it.
        times: Id of an observation -> when it was said.
        first: Number of operations that stand before these in the batch.
    """
    out: list[Operation] = []
    for change in update.changes:
        sourced = update.edits[change.number]
        at = max((times[source] for source in sourced.sources if source in times), default=None)
        made = _operation(change, held.get(change.edit.path), sourced.sources, sourced.confidence, at)
        if made is None:
            continue
        _hold(held, change.edit, made, first + len(out))
        out.append(made)
    return out


def _operation(
    change: Change, old: Fact | None, sources: Sequence[str], confidence: float, at: float | None
) -> Operation | None:
    edit = change.edit
    if edit.action == "DELETE":
        return None if old is None else Operation("delete", old.id, at=at, evidence=tuple(sources))
    seen: dict[str, Any] = {} if at is None else {"first_seen": at, "last_seen": at}
    if old is None:
        return Operation(
            "add", "", KIND, edit.path, edit.value, "user", at, tuple(sources), confidence, attributes=seen
        )
    if "first_seen" in old.attributes:
        seen["first_seen"] = old.attributes["first_seen"]
    if old.text == edit.value:
        new = [source for source in sources if source not in old.evidence]
        return Operation("mark", old.id, evidence=tuple(new), attributes=seen) if new else None
    kept = old.evidence if keeps_part(old.text, edit.value) else ()
    evidence = tuple(dict.fromkeys((*kept, *sources)))
    return Operation(
        "update", old.id, KIND, edit.path, edit.value, old.holder, at, evidence, confidence, attributes=seen
    )


def _hold(held: dict[str, Fact], edit: Edit, made: Operation, number: int) -> None:
    old = held.get(edit.path)
    if made.action == "delete":
        held.pop(edit.path, None)
    elif made.action == "mark" and old is not None:
        attributes = {**old.attributes, **made.attributes}
        held[edit.path] = replace(old, evidence=(*old.evidence, *made.evidence), attributes=attributes)
    else:
        held[edit.path] = Fact(
            f"+{number}", KIND, edit.path, edit.value, evidence=made.evidence, attributes=made.attributes
        )


def keeps_part(old: str, new: str) -> bool:
    """Whether a new text may hold something of the old one: a shared content word, or a shared run of letters.

    Rather too often than too seldom: what an erasure of the old source must take is found by this.
    """
    old, new = without_labels(old), without_labels(new)
    if not set(content_stems(old)).isdisjoint(content_stems(new)):
        return True
    left, right = letters_and_digits(old), letters_and_digits(new)
    # A word of a script without blanks is a letter or two.
    size = _RUN if left.isascii() else 2
    runs = {left[k : k + size] for k in range(len(left) - size + 1)}
    return any(right[k : k + size] in runs for k in range(len(right) - size + 1))


def _shown(fact: Fact) -> ShownLeaf:
    seen = fact.attributes
    first = seen.get("first_seen", fact.valid_from)
    return ShownLeaf(
        fact.key, fact.text, fact.evidence, first, seen.get("last_seen", fact.valid_from), fact.confidence, fact.id
    )
