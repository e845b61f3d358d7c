"""The update loop, free of any store: a tree and a chunk of dialogue in, edits and a new tree out.

Chunks of one user go strictly in order, each on the tree that the one before it left; users are independent.

Source: personatree page, steps 3, 4, 6 and 7.
Differs: a failed call changes nothing and is counted, and the loop goes on with the next chunk; ``until`` cuts the history where a
question is asked, so that its tree has not seen the future (``future-context``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.errata import Published
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.models.step import Answer
from personarium.remember.personatree.errata import faults
from personarium.remember.personatree.grammar import Edit, Parsed, Refused
from personarium.remember.personatree.rules import Unplaced, edits_by_rules
from personarium.remember.personatree.schema import load_schema
from personarium.remember.personatree.segmentation import MAX_LENGTH, Chunk, Turn, segment
from personarium.remember.personatree.steps import (
    DESCRIBE,
    EDIT,
    PLACE,
    POLICY_RULES,
    dialogue_lines,
    read_edit_lines,
)
from personarium.remember.personatree.tree import (
    LONGEST_VALUE,
    POLICIES,
    Change,
    Policy,
    Tree,
    apply_edits,
    copy_tree,
    prune,
    tree_json,
)

_NOTHING = ("", "none", "nothing", "no new facts")


@dataclass(frozen=True)
class TreeConfig:
    """The constants of the method.

    Args:
        schema: ``en``, ``zh``, or a JSON file of empty leaves.
        policy: Which paths an edit may make: none (``closed``), leaves below known branches (``branches``), any (``open``).
        max_pairs: Pairs of a chunk: 3 (code, main pipeline).
        two_step: First a paragraph of facts, then edits: for weak models.
        two_step_pairs: Pairs of a chunk in that variant: 10 (code).
        max_len: Characters of a chunk's pairs: 8000 (code).
        system_facts: Whether facts that only system messages state are taken. None is as published: yes in one step; in two
            steps only from a system message that is a chunk by itself.
        attempts: Times that a reply is asked for which cannot be read: 1 (code).
        longest_value: Characters of a leaf; ours, the page states none.
        confidence: Of what a model wrote; ours, the reference stores none.
        as_published: Erratum ids, see :data:`~personarium.remember.personatree.errata.ERRATA`.

    Raises:
        UsageError: On values out of range.
    """

    schema: str = "en"
    policy: Policy = "closed"
    max_pairs: int = 3
    two_step: bool = False
    two_step_pairs: int = 10
    max_len: int = MAX_LENGTH
    system_facts: bool | None = None
    attempts: int = 1
    longest_value: int = LONGEST_VALUE
    confidence: float = 0.8
    as_published: Published = False

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise UsageError(f"policy must be one of {', '.join(POLICIES)}, found '{self.policy}'")
        if min(self.max_pairs, self.two_step_pairs, self.max_len, self.attempts, self.longest_value) < 1:
            raise UsageError("max_pairs, two_step_pairs, max_len, attempts and longest_value must be at least 1")
        if not 0 <= self.confidence <= 1:
            raise UsageError("confidence must be from 0 to 1")
        faults(self.as_published)

    @property
    def pairs(self) -> int:
        """Pairs of a chunk in the chosen variant."""
        return self.two_step_pairs if self.two_step else self.max_pairs


PAPER = TreeConfig()


@dataclass(frozen=True, slots=True)
class Sourced:
    """An edit with the ids of the messages it comes from and how sure it is."""

    edit: Edit
    sources: tuple[str, ...]
    confidence: float


@dataclass(frozen=True)
class Update:
    """What one chunk did to the tree.

    Args:
        chunk: The messages.
        before: The tree before.
        tree: The tree after; equal to ``before`` after a failure.
        edits: Every edit that was written, in order; ``changes`` names those that were applied.
        changes: The edits that were applied.
        refused: Lines and edits that were not, each with its reason.
        unplaced: What the rules read and found no leaf for.
        failure: Why there are no edits.
        paragraph: What the first of two steps wrote.
        calls: Model calls.
    """

    chunk: Chunk
    before: Tree
    tree: Tree
    edits: tuple[Sourced, ...] = ()
    changes: tuple[Change, ...] = ()
    refused: tuple[Refused, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    failure: Failure | None = None
    paragraph: str = ""
    calls: int = 0

    @property
    def applied(self) -> tuple[Edit, ...]:
        """The edits that were applied: the log of this chunk."""
        return tuple(change.edit for change in self.changes)


@dataclass(frozen=True)
class Built:
    """A tree and how it came about; ``log`` replayed on the empty schema gives the tree again."""

    tree: Tree
    updates: tuple[Update, ...] = ()

    @property
    def log(self) -> tuple[Edit, ...]:
        """Every edit that was applied, in order."""
        return tuple(edit for update in self.updates for edit in update.applied)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The chunks that gave nothing usable."""
        return tuple(update.failure for update in self.updates if update.failure is not None)


@dataclass
class _Written:
    edits: list[Sourced] = field(default_factory=list)
    refused: tuple[Refused, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    failure: Failure | None = None
    paragraph: str = ""
    calls: int = 0


async def build_tree(
    messages: Sequence[Turn],
    model: ChatModel | None = None,
    *,
    config: TreeConfig = PAPER,
    tree: Mapping[str, Any] | None = None,
    until: int | None = None,
    item: str = "",
    seed: int | None = None,
) -> Built:
    """The tree of a whole history.

    Args:
        messages: ``{role, content}`` in order; an ``id`` is kept as source.
        model: Who writes the edits; None lets plain rules do it.
        config: The constants.
        tree: Where to begin; the empty schema by default.
        until: Only the first so many messages are read: where in a shared history a question is asked.
        item: Label of the calls in the records.
        seed: The run's seed.
    """
    cut = None if "future-context" in faults(config.as_published) else until
    chunks = segment(messages[:cut], config.pairs, config.max_len, faults(config.as_published))
    return await build_from_chunks(chunks, model, config=config, tree=tree, item=item, seed=seed)


async def build_from_chunks(
    chunks: Sequence[Chunk],
    model: ChatModel | None = None,
    *,
    config: TreeConfig = PAPER,
    tree: Mapping[str, Any] | None = None,
    item: str = "",
    seed: int | None = None,
) -> Built:
    """As :func:`build_tree` for a history that is cut already."""
    now = load_schema(config.schema).empty() if tree is None else copy_tree(tree)
    updates: list[Update] = []
    for number, chunk in enumerate(chunks):
        update = await update_tree(now, chunk, model, config=config, item=f"{item or 'tree'}/{number}", seed=seed)
        updates.append(update)
        now = update.tree
    return Built(now, tuple(updates))


async def update_tree(
    tree: Mapping[str, Any],
    chunk: Chunk,
    model: ChatModel | None = None,
    *,
    config: TreeConfig = PAPER,
    item: str = "",
    seed: int | None = None,
) -> Update:
    """One round of the loop: the edits that a chunk calls for, applied to a copy of the tree."""
    before = copy_tree(tree)
    if model is None:
        ruled = edits_by_rules(before, chunk, config.schema)
        edits = [Sourced(edit, (source,), sure) for edit, source, sure in ruled.edits]
        written = _Written(edits, unplaced=ruled.unplaced)
    else:
        written = await _ask(before, chunk, model, config, item, seed)
    applied = apply_edits(
        before,
        [one.edit for one in written.edits],
        policy=config.policy,
        longest=config.longest_value,
        as_published=config.as_published,
    )
    return Update(
        chunk,
        before,
        applied.tree,
        tuple(written.edits),
        applied.changes,
        (*written.refused, *applied.refused),
        written.unplaced,
        written.failure,
        written.paragraph,
        written.calls,
    )


async def _ask(tree: Tree, chunk: Chunk, model: ChatModel, config: TreeConfig, item: str, seed: int | None) -> _Written:
    system_only = all(turn["role"] == "system" for turn in chunk)
    if system_only and config.system_facts is False:
        return _Written()
    allowed = config.system_facts if config.system_facts is not None else system_only or not config.two_step
    if config.two_step:
        return await _two_steps(tree, chunk, model, config, allowed, item, seed)
    inputs = {
        "memory": tree_json(tree),
        "dialogue": dialogue_lines(chunk),
        "system_facts": allowed,
        "policy": POLICY_RULES[config.policy],
    }
    found = await EDIT.ask(model, inputs, item=item or None, asks=config.attempts, read=_reader(config), seed=seed)
    return _written(found, chunk, config)


async def _two_steps(
    tree: Tree, chunk: Chunk, model: ChatModel, config: TreeConfig, allowed: bool, item: str, seed: int | None
) -> _Written:
    inputs = {"memory": tree_json(prune(tree)), "dialogue": dialogue_lines(chunk), "system_facts": allowed}
    described = await DESCRIBE.ask(model, inputs, item=item or None, asks=config.attempts, seed=seed)
    if described.failure is not None:
        return _Written(failure=described.failure, calls=described.asks)
    paragraph = str(described["facts"])
    if paragraph.strip(" .").casefold() in _NOTHING:
        return _Written(paragraph=paragraph, calls=described.asks)
    placing = {"memory": tree_json(tree), "paragraph": paragraph, "policy": POLICY_RULES[config.policy]}
    found = await PLACE.ask(model, placing, item=item or None, asks=config.attempts, read=_reader(config), seed=seed)
    written = _written(found, chunk, config)
    written.paragraph, written.calls = paragraph, written.calls + described.asks
    return written


def _written(found: Answer, chunk: Chunk, config: TreeConfig) -> _Written:
    if found.failure is not None:
        return _Written(failure=found.failure, calls=found.asks)
    parsed: Parsed = found["parsed"]
    ids = tuple(str(turn["id"]) for turn in chunk if turn.get("id"))
    edits = [Sourced(edit, ids, config.confidence) for edit in parsed.edits]
    return _Written(edits, parsed.refused, calls=found.asks)


def _reader(config: TreeConfig) -> Any:
    on = faults(config.as_published)
    return lambda reply: read_edit_lines(reply, on)
