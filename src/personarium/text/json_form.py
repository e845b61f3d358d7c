"""Reply forms laid out as JSON: a tree of keys, lists and holes; filling it, and checking a value against it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.text.holes import Hole, Unparsed, parse_hole

HOLE = re.compile(r"<([^<>\n]{1,4000})>")
_COUNTED = re.compile(r"\[[ \t]*(\d{1,4}|n) x ")
_ANY_MORE = re.compile(r",\s*\.\.\.\s*\]")
_MARK = "\x00"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A hole; ``index`` is its place in the form's holes."""

    index: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A JSON value that stands in the form as it is; read tolerantly it may be missing, and it is not returned."""

    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """An object with fixed keys."""

    fields: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A list with a fixed place for each node."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Many:
    """A list of like nodes; ``count`` 0 means any number."""

    node: Node
    count: int


Node = Leaf | Constant | Record | Row | Many


def parse_tree(pattern: str) -> tuple[Node, tuple[Hole, ...]] | None:
    """The tree of a JSON pattern and its holes (not yet named apart), or None if it is not JSON with holes."""
    holes: list[Hole] = []

    def mark(match: re.Match[str]) -> str:
        hole = parse_hole(match[2] if match[2] is not None else match[3])
        holes.append(hole)
        return f'"{_MARK}{len(holes) - 1}"'

    marked = re.sub(rf'("{HOLE.pattern}")|{HOLE.pattern}', mark, pattern)
    marked = _COUNTED.sub(lambda match: f'["{_MARK}{match[1]} x", ', marked)
    marked = _ANY_MORE.sub(f', "{_MARK}..."]', marked)
    try:
        value = json.loads(marked, strict=False)
    except (ValueError, RecursionError):
        return None
    return _node(value, holes, "", None), tuple(holes)


def _node(value: Any, holes: list[Hole], path: str, many: int | None) -> Node:
    if isinstance(value, str) and value.startswith(_MARK):
        index = int(value[1:])
        hole = holes[index]
        holes[index] = replace(hole, name=hole.name or path, many=many)
        return Leaf(index)
    if isinstance(value, str) and _MARK in value:
        raise InvalidInput("reply form", "a hole as the whole value of a key", value.replace(_MARK, "<…>"), path)
    if isinstance(value, dict):
        if any(_MARK in key for key in value):
            raise InvalidInput("reply form", "fixed keys", "a hole as a key", path or None)
        fields = ((key, _node(item, holes, f"{path}.{key}" if path else key, many)) for key, item in value.items())
        return Record(tuple(fields))
    if isinstance(value, list):
        return _list_node(value, holes, path, many)
    return Constant(json.dumps(value, ensure_ascii=False))


def _list_node(items: list[Any], holes: list[Hole], path: str, many: int | None) -> Node:
    first, last = (items[0], items[-1]) if items else (None, None)
    if isinstance(first, str) and first.startswith(_MARK) and first.endswith(" x"):
        count = first[1:-2]
        return Many(_node(items[1], holes, path, 0 if count == "n" else int(count)), 0 if count == "n" else int(count))
    if isinstance(last, str) and last == _MARK + "...":
        return Many(_node(items[0], holes, path, 0), 0)
    return Row(tuple(_node(item, holes, f"{path}.{k}" if path else str(k), many) for k, item in enumerate(items, 1)))


def check(node: Node, value: Any, holes: Sequence[Hole], strict: bool) -> Any:
    """The values of ``value`` at the places of ``node`` (objects as dicts, lists as lists), or :class:`Unparsed`."""
    if isinstance(node, Leaf):
        return holes[node.index].accept(value, strict)
    if isinstance(node, Constant):
        return None if not strict or value == json.loads(node.text) else Unparsed(f"{node.text} is missing", str(value))
    if isinstance(node, Record):
        return _check_record(node, value, holes, strict)
    nodes: Sequence[Node] = node.nodes if isinstance(node, Row) else [node.node] * (node.count or _length(value))
    if not isinstance(value, list):
        return Unparsed("a list is wanted", str(value))
    if len(value) != len(nodes):
        return Unparsed(f"{len(nodes)} entries are wanted, found {len(value)}", str(value))
    out = []
    for part, item in zip(nodes, value, strict=True):
        read = check(part, item, holes, strict)
        if isinstance(read, Unparsed):
            return read
        out.append(read)
    return out


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


def _check_record(node: Record, value: Any, holes: Sequence[Hole], strict: bool) -> Any:
    if not isinstance(value, dict):
        return Unparsed("an object is wanted", str(value))
    if strict and list(value) != [key for key, _ in node.fields]:
        return Unparsed("the keys are not exactly " + ", ".join(key for key, _ in node.fields), str(value))
    folded = {_fold_key(key): item for key, item in value.items()}
    out: dict[str, Any] = {}
    for key, part in node.fields:
        if key not in value and _fold_key(key) not in folded and not isinstance(part, Constant):
            return Unparsed(f"the key '{key}' is missing", str(value))
        read = check(part, value.get(key, folded.get(_fold_key(key))), holes, strict)
        if isinstance(read, Unparsed):
            return read
        if not isinstance(part, Constant):
            out[key] = read
    return out


def _fold_key(key: str) -> str:
    return "".join(char for char in key.casefold() if char.isalnum())


def fill(node: Node, value: Any, holes: Sequence[Hole]) -> Any:
    """The JSON value with ``value`` (as :func:`check` returns it) written into the holes; wrong values are refused."""
    if isinstance(node, Constant):
        return json.loads(node.text)
    if isinstance(node, Leaf):
        hole = holes[node.index]
        text = hole.write(value)
        return hole.accept(value) if hole.kind == "number" else text
    if isinstance(node, Record):
        return {key: fill(part, _pick(value, key, part), holes) for key, part in node.fields}
    nodes: Sequence[Node] = node.nodes if isinstance(node, Row) else [node.node] * (node.count or _length(value))
    if not isinstance(value, list) or len(value) != len(nodes):
        raise InvalidInput("reply form", f"a list of {len(nodes) or 'some'} values", value)
    return [fill(part, item, holes) for part, item in zip(nodes, value, strict=True)]


def _pick(value: Any, key: str, part: Node) -> Any:
    """The part of ``value`` for a key; the parts of a nested object may also be given under dotted hole names."""
    if isinstance(part, Constant):
        return None
    if isinstance(value, Mapping):
        if key in value:
            return value[key]
        dotted = {name[len(key) + 1 :]: item for name, item in value.items() if name.startswith(key + ".")}
        if dotted and isinstance(part, Record):
            return dotted
    raise InvalidInput("reply form", f"a value for '{key}'", value, key)


def compose(node: Node, holes: Sequence[Hole], make: Callable[[Hole, int], Any], length: int, k: int = 0) -> Any:
    """Values for :func:`fill`, each made by ``make(hole, k)``; ``k`` counts the entries of a list from 0."""
    if isinstance(node, Leaf):
        return make(holes[node.index], k)
    if isinstance(node, Record):
        parts = ((key, part) for key, part in node.fields if not isinstance(part, Constant))
        return {key: compose(part, holes, make, length, k) for key, part in parts}
    if isinstance(node, Row):
        return [compose(part, holes, make, length, k) for part in node.nodes]
    if isinstance(node, Many):
        return [compose(node.node, holes, make, length, i) for i in range(node.count or length)]
    return None


def leaves(node: Node) -> Iterator[int]:
    """Indices of the holes in the order of the tree."""
    if isinstance(node, Leaf):
        yield node.index
    elif isinstance(node, Many):
        yield from leaves(node.node)
    elif isinstance(node, Record):
        for _, part in node.fields:
            yield from leaves(part)
    elif isinstance(node, Row):
        for part in node.nodes:
            yield from leaves(part)
