"""The tree itself: a nested dict of texts; its leaves by full path, its pruned form, guarded application of edits, undo.

Source: personatree page, steps 1, 6 and 8, "Works when" 2, 5 and 6.
Differs: an edit that would overwrite an inner node, hang a branch below a leaf or (by policy) add a path is refused and
reported; the published code does all of these in silence (errata ``inner-node-overwritten``, ``leaf-becomes-branch``,
``sixth-root``, ``delete-grows-tree``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from personarium.core.errata import Published
from personarium.core.errors import InvalidInput, UsageError
from personarium.remember.personatree.errata import faults
from personarium.remember.personatree.grammar import DEEPEST, Edit, Refused, key_problem, path_problem

Tree: TypeAlias = dict[str, Any]  # key -> Tree, or the text of a leaf ("" or None: nothing is known)
Policy = Literal["closed", "branches", "open"]
POLICIES: tuple[str, ...] = get_args(Policy)
LONGEST_VALUE = 2000  # characters of a leaf: it holds a short text, and the whole tree goes into prompts
MOST_LEAVES = 20_000
_FIXED_DEPTH = 2  # root and branch: what the policy "branches" keeps closed
_NOWHERE: Any = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One edit that was applied.

    Args:
        number: Its place among the edits that were given.
        edit: The edit.
        before: What stood at the path; None when the path was not there or held None.
        created: Whether the path was made by this edit.
    """

    number: int
    edit: Edit
    before: Any
    created: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a list of edits: the new tree, the edits that were applied, and those that were not."""

    tree: Tree
    changes: tuple[Change, ...]
    refused: tuple[Refused, ...]


def leaves(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every leaf as (full path, text), in the order of the tree; an empty leaf has the text ""."""
    for keys, value in _walk(tree, ()):
        yield ".".join(keys), value or ""


def filled(tree: Mapping[str, Any]) -> dict[str, str]:
    """The leaves that say something, by full path."""
    return {path: text for path, text in leaves(tree) if text}


def prune(tree: Mapping[str, Any]) -> Tree:
    """The tree without empty leaves and without branches that hold nothing else."""
    kept: Tree = {}
    for key, node in tree.items():
        part = prune(node) if isinstance(node, Mapping) else node
        if part:
            kept[key] = part
    return kept


def tree_json(tree: Mapping[str, Any]) -> str:
    """The tree as indented JSON, letters of any script as they are: what prompts show and files hold."""
    return json.dumps(tree, ensure_ascii=False, indent=2)


def copy_tree(tree: Mapping[str, Any]) -> Tree:
    """A tree that shares nothing with the given one."""
    return {key: copy_tree(node) if isinstance(node, Mapping) else node for key, node in tree.items()}


def tree_of_leaves(skeleton: Mapping[str, Any], texts: Mapping[str, str]) -> Tree:
    """The skeleton with these texts in its leaves; a path that it does not have grows, unless a leaf or branch is in its way."""
    out = copy_tree(skeleton)
    for path, text in texts.items():
        _put(out, path.split("."), text, force=False)
    return out


def read_tree(data: Any, where: str) -> Tree:
    """Check a tree that came from outside.

    Raises:
        InvalidInput: When it is no nested object of texts, is over a limit, or has a key that a path cannot name.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput(where, "a tree: an object of objects and texts", data)
    tree = _checked(data, where, ())
    if sum(1 for _ in leaves(tree)) > MOST_LEAVES:
        raise InvalidInput(where, f"a tree of at most {MOST_LEAVES:,} leaves")
    return tree


def apply_edits(
    tree: Mapping[str, Any],
    edits: Iterable[Edit],
    *,
    policy: Policy = "closed",
    emptied: str | None = "",
    longest: int = LONGEST_VALUE,
    as_published: Published = False,
) -> Applied:
    """Apply edits in order to a copy of a tree; what may not be done is reported and leaves the tree as it is.

    Args:
        tree: The tree before; not changed.
        edits: ADD and UPDATE both set a leaf, DELETE empties it.
        policy: Which paths an ADD or UPDATE may make: none (``closed``), leaves below the known roots and branches
            (``branches``), any (``open``). No policy lets an edit overwrite an inner node or hang a branch below a leaf.
        emptied: What a deleted leaf holds: "" or None.
        longest: Characters that a leaf may hold.
        as_published: Brings the unguarded application back, see ``Differs`` of this module.

    Raises:
        UsageError: On an unknown policy or erratum.
    """
    if policy not in POLICIES:
        raise UsageError(f"policy must be one of {', '.join(POLICIES)}, found '{policy}'")
    on = faults(as_published)
    out = copy_tree(tree)
    changes: list[Change] = []
    refused: list[Refused] = []
    for number, edit in enumerate(edits):
        reason = path_problem(edit.path) or _value_problem(edit, longest) or _refusal(out, edit, policy, on)
        if reason:
            refused.append(Refused(str(edit), reason))
            continue
        keys = edit.path.split(".")
        before = _get(out, keys)
        _put(out, keys, emptied if edit.action == "DELETE" else edit.value, force=True)
        there = before is not _NOWHERE
        changes.append(Change(number, edit, before if there else None, not there))
    return Applied(out, tuple(changes), tuple(refused))


def undo_edits(tree: Mapping[str, Any], changes: Sequence[Change]) -> Tree:
    """The tree as it was before these changes, which must be the last ones that were applied to it."""
    out = copy_tree(tree)
    for change in reversed(changes):
        keys = change.edit.path.split(".")
        if change.created:
            _remove(out, keys)
        else:
            before = copy_tree(change.before) if isinstance(change.before, Mapping) else change.before
            _put(out, keys, before, force=True)
    return out


def _walk(tree: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str | None]]:
    for key, node in tree.items():
        if isinstance(node, Mapping):
            yield from _walk(node, (*above, key))
        else:
            yield (*above, key), node


def _get(tree: Mapping[str, Any], keys: Sequence[str]) -> Any:
    node: Any = tree
    for key in keys:
        if not isinstance(node, Mapping) or key not in node:
            return _NOWHERE
        node = node[key]
    return node


def _put(tree: Tree, keys: Sequence[str], value: Any, force: bool) -> None:
    """Set a leaf and make its parents; without ``force`` only where neither a leaf nor a branch is in the way."""
    node = tree
    for key in keys[:-1]:
        below = node.get(key)
        if not isinstance(below, dict):
            if below is not None and not force:
                return
            below = node[key] = {}
        node = below
    if force or not isinstance(node.get(keys[-1]), dict):
        node[keys[-1]] = value


def _remove(tree: Tree, keys: Sequence[str]) -> None:
    """Take a leaf away, and the branches that held nothing else."""
    nodes = [tree]
    for key in keys[:-1]:
        nodes.append(nodes[-1][key])
    for node, key in zip(reversed(nodes), reversed(keys)):
        if key != keys[-1] and node[key]:
            break
        del node[key]


def _value_problem(edit: Edit, longest: int) -> str:
    if edit.action == "DELETE":
        return ""
    if len(edit.value) > longest:
        return f"the value has {len(edit.value):,} characters, and a leaf holds at most {longest:,}"
    return "" if edit.value.strip() else "the value is empty; DELETE empties a leaf"


def _refusal(tree: Tree, edit: Edit, policy: Policy, on: frozenset[str]) -> str:
    """Why an edit may not be applied to this tree; empty when it may."""
    keys = edit.path.split(".")
    node = _get(tree, keys)
    if isinstance(node, dict):
        kept = "inner-node-overwritten" not in on
        return f"{edit.path} is a branch with leaves of its own, not a leaf" if kept else ""
    if node is not _NOWHERE:
        return ""
    if edit.action == "DELETE":
        return f"there is no leaf {edit.path}" if "delete-grows-tree" not in on else ""
    if any(_is_leaf(tree, keys[:depth]) for depth in range(1, len(keys))):
        return f"{edit.path} lies below a leaf" if "leaf-becomes-branch" not in on else ""
    if policy == "open" or "sixth-root" in on:
        return ""
    if policy == "closed":
        return f"the schema has no leaf {edit.path}"
    known = isinstance(_get(tree, keys[:_FIXED_DEPTH]), dict)
    return "" if known else f"the schema has no branch {'.'.join(keys[:_FIXED_DEPTH])}"


def _is_leaf(tree: Tree, keys: Sequence[str]) -> bool:
    node = _get(tree, keys)
    return node is not _NOWHERE and not isinstance(node, dict)


def _checked(data: Mapping[Any, Any], where: str, above: tuple[str, ...]) -> Tree:
    if len(above) >= DEEPEST:
        raise InvalidInput(where, f"a tree of at most {DEEPEST} levels", ".".join(above))
    out: Tree = {}
    for key, node in data.items():
        here = ".".join((*above, str(key)))
        problem = key_problem(key) if isinstance(key, str) else "a key is no text"
        if problem:
            raise InvalidInput(where, f"keys that a path can name ({problem})", here)
        if isinstance(node, Mapping):
            out[key] = _checked(node, where, (*above, key))
        elif node is None or isinstance(node, str):
            out[key] = node
        else:
            raise InvalidInput(where, "a text or an object", node, here)
    return out
