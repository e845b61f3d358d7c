"""Edits without a model: plain statements are read by rules and put on the leaf that is meant for them.

A leaf that takes several kinds of statements keeps them apart by labels: ``food: dumplings; drink: tea``.

Source: ours; the page names a rule-based writer in "Works when" 5 only.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

from personarium.remember.keeping import same_words
from personarium.remember.personatree.grammar import Action, Edit
from personarium.remember.personatree.segmentation import Turn
from personarium.remember.personatree.tree import leaves
from personarium.remember.reading import Claim, read_claims
from personarium.remember.records import Observation
from personarium.text.similarity import content_stems

_BETWEEN = "; "
_LABELLED = re.compile(r"[\w' ]{1,60}: ")


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A statement for which the schema has no leaf: its key, the words, and the message it stands in."""

    key: str
    quote: str
    source: str


@dataclass
class Ruled:
    """What the rules made of a chunk: edits with source and confidence, and what they could not place."""

    edits: list[tuple[Edit, str, float]] = field(default_factory=list)
    unplaced: tuple[Unplaced, ...] = ()


@dataclass(frozen=True)
class _Table:
    leaves: Mapping[str, str]
    plain: frozenset[str]  # keys whose values need no label
    labels: frozenset[str]
    family: str
    anybody: str
    relatives: frozenset[str]


def edits_by_rules(tree: Mapping[str, Any], chunk: Sequence[Turn], schema: str = "en") -> Ruled:
    """The edits that the user's plain statements in a chunk call for.

    Args:
        tree: The tree as it stands; not changed.
        chunk: The messages; only those of the user are read.
        schema: Name of the schema, for the table of leaves; other schemas than ``en`` go by shared words.
    """
    said = [
        Observation(str(turn["content"]), id=str(turn.get("id") or f"message {number}"))
        for number, turn in enumerate(chunk)
        if turn["role"] == "user"
    ]
    ruled = Ruled()
    texts = dict(leaves(tree))
    unplaced: list[Unplaced] = []
    for claim in read_claims(said):
        path, new = _edited(claim, texts, schema)
        if not path:
            unplaced.append(Unplaced(claim.key or claim.value, claim.sentence, claim.source))
        elif new is not None:
            action: Action = "DELETE" if not new else "UPDATE" if texts[path] else "ADD"
            ruled.edits.append((Edit(action, path, new), claim.source, claim.confidence))
            texts[path] = new
    ruled.unplaced = tuple(unplaced)
    return ruled


def _edited(claim: Claim, texts: Mapping[str, str], schema: str) -> tuple[str, str | None]:
    """The leaf that a claim is about ("" for none) and its new text ("" empties it, None leaves it as it is)."""
    wanted = claim.instead_of or ("" if claim.key else claim.value)
    held = _holding(wanted, texts) if wanted and claim.holder == "user" else None
    if held is not None:
        path, number = held
        parts = texts[path].split(_BETWEEN)
        label = parts[number][: len(parts[number]) - len(_value_of(parts[number]))]
        parts[number : number + 1] = [] if claim.change == "ends" else [label + _plain(claim.value)]
        return path, _BETWEEN.join(parts)
    if not claim.key:
        # What was never recorded cannot end; a value without a matter has no place.
        return (next(iter(texts), ""), None) if claim.change == "ends" else ("", None)
    path, label = _place(claim, texts, schema)
    return (path, _merged(texts[path], label, claim)) if path else ("", None)


def _holding(value: str, texts: Mapping[str, str]) -> tuple[str, int] | None:
    """The leaf, and the place in it, that holds a value of the user; the last one where several do."""
    wanted = same_words(value)
    for path in reversed([path for path, text in texts.items() if text]):
        for number, part in enumerate(texts[path].split(_BETWEEN)):
            of_user = "'s " not in part[: len(part) - len(_value_of(part))]
            if of_user and same_words(_value_of(part)) == wanted:
                return path, number
    return None


def _place(claim: Claim, texts: Mapping[str, str], schema: str) -> tuple[str, str]:
    """The leaf for a claim ("" for none), and the label under which its value stands there ("" for a leaf of its own)."""
    name = _label(claim.key)
    table = _table() if schema == "en" else None
    if claim.holder != "user":
        if table is None:
            return "", ""
        kin = not table.relatives.isdisjoint(claim.holder.lower().split())
        path = table.family if kin else table.anybody
        return (path if path in texts else ""), f"{claim.holder}'s {name}"
    path = table.leaves.get(claim.key, "") if table else ""
    if path in texts:
        return path, "" if table and claim.key in table.plain else name
    return _by_words(name, tuple(texts)), name


@lru_cache(maxsize=1024)
def _by_words(name: str, paths: tuple[str, ...]) -> str:
    """The one leaf whose own name shares most words with the claim's; "" when none does, or several do alike."""
    wanted = frozenset(content_stems(name))
    shared = {path: len(wanted & _end_stems(path)) for path in paths}
    most = max(shared.values(), default=0)
    best = [path for path, number in shared.items() if number == most and most]
    return best[0] if len(best) == 1 else ""


@lru_cache(maxsize=4096)
def _end_stems(path: str) -> frozenset[str]:
    return frozenset(content_stems(path.rpartition(".")[2].replace("_", " ")))


def _merged(text: str, label: str, claim: Claim) -> str | None:
    """The leaf's text after a claim about its matter; None when there is nothing to end."""
    part = f"{label}: {_plain(claim.value)}" if label else _plain(claim.value)
    parts = text.split(_BETWEEN) if text else []
    own = [number for number, one in enumerate(parts) if _is_of(one, label)]
    same = [number for number in own if same_words(parts[number]) == same_words(part)]
    if claim.change == "ends":
        return _BETWEEN.join(p for n, p in enumerate(parts) if n not in same) if same else None
    if same:
        return text
    gone = own if claim.single else own[-1:] if claim.change == "changes" else []
    return _BETWEEN.join([*(p for n, p in enumerate(parts) if n not in gone), part])


def without_labels(text: str) -> str:
    """A leaf's values without the labels of the rules, which say nothing about a person; names in a label stay."""
    labels = _table().labels
    return _BETWEEN.join(
        _value_of(part) if part.partition(": ")[0] in labels else part for part in text.split(_BETWEEN)
    )


def _plain(value: str) -> str:
    return " ".join(value.replace(";", ",").split())


def _value_of(part: str) -> str:
    label = _LABELLED.match(part)
    return part[label.end() :] if label else part


def _is_of(part: str, label: str) -> bool:
    return part.startswith(f"{label}: ") if label else not _LABELLED.match(part)


@lru_cache(maxsize=1)
def _table() -> _Table:
    data = tomllib.loads((files(__package__) / "data" / "claim_leaves.toml").read_text(encoding="utf-8"))
    others, leaf_of = data["others"], data["leaves"]
    return _Table(
        leaf_of,
        frozenset(data["plain"]),
        frozenset(_label(key) for key in leaf_of),
        others["family"],
        others["anybody"],
        frozenset(others["relatives"].split()),
    )


def _label(key: str) -> str:
    return key.rpartition(".")[2].replace("_", " ")
