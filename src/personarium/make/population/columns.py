"""Expressions over columns: the kinds of value are checked first, then the tree becomes one Polars expression."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from personarium.core.errors import InvalidInput
from personarium.make.population.expressions import Call, Choice, Constant, Name, Node, Operation, Within, parts_of

if TYPE_CHECKING:
    import polars as pl

Kind: TypeAlias = Literal["number", "text", "truth"]

_COMPARE = ("==", "!=", "<", "<=", ">", ">=")
_TAKES: dict[str, tuple[Kind, ...]] = {
    "length": ("text",),
    "lower": ("text",),
    "contains": ("text", "text"),
    "starts_with": ("text", "text"),
    "abs": ("number",),
    "round": ("number",),
    "floor": ("number",),
}
_GIVES: dict[str, Kind] = {"lower": "text", "text": "text", "contains": "truth", "starts_with": "truth"}


def nearest(name: str, known: Collection[str]) -> str:
    """``; the nearest is 'x'`` for a name that nobody knows, or nothing where none is near."""
    near = difflib.get_close_matches(name[:100], [str(one) for one in known], 1, 0.6)
    return f"; the nearest is '{near[0]}'" if near else ""


def kind_of_value(value: object) -> Kind:
    """The kind of a plain value."""
    return "truth" if isinstance(value, bool) else "number" if isinstance(value, (int, float)) else "text"


def kind_of(
    node: Node, kinds: Mapping[str, Kind], values: Mapping[str, Collection[Any]], where: str = "expression"
) -> Kind:
    """What an expression gives; names and kinds are checked on the way.

    Args:
        node: The expression.
        kinds: Field -> kind of its values.
        values: Field -> all its values, where they are listed: a text that is compared must be one of them.
        where: File and rule.

    Raises:
        InvalidInput: An unknown field or value (with the nearest), or kinds that do not go together.
    """
    return _Checker(kinds, values, where).kind(node)


class _Checker:
    def __init__(self, kinds: Mapping[str, Kind], values: Mapping[str, Collection[Any]], where: str) -> None:
        self.kinds, self.values, self.where = kinds, values, where

    def kind(self, node: Node) -> Kind:
        if isinstance(node, Constant):
            return kind_of_value(node.value)
        if isinstance(node, Name):
            return self._name(node.path)
        if isinstance(node, Within):
            return self._within(node)
        if isinstance(node, Choice):
            self._need(node.condition, "truth")
            return self._alike(node.yes, node.no)
        if isinstance(node, Call):
            return self._call(node)
        return self._operation(node)

    def _name(self, path: str) -> Kind:
        if path not in self.kinds:
            raise InvalidInput(self.where, f"a field of the schema{nearest(path, self.kinds)}", path)
        return self.kinds[path]

    def _within(self, node: Within) -> Kind:
        for option in node.ends or node.options:
            self._alike(node.value, option)
        return "truth"

    def _operation(self, node: Operation) -> Kind:
        if node.sign in _COMPARE:
            kind = self._alike(*node.parts)
            if kind == "truth" and node.sign not in ("==", "!="):
                raise InvalidInput(self.where, f"numbers or texts beside '{node.sign}'", "true or false")
            return "truth"
        if node.sign in ("and", "or", "not"):
            for part in node.parts:
                self._need(part, "truth")
            return "truth"
        if node.sign == "+" and self.kind(node.parts[0]) == "text":
            self._need(node.parts[1], "text")
            return "text"
        for part in node.parts:
            self._need(part, "number")
        return "number"

    def _call(self, node: Call) -> Kind:
        for part, wanted in zip(node.parts, _TAKES.get(node.name, ())):
            self._need(part, wanted)
        if node.name in ("min", "max"):
            for part in node.parts:
                self._need(part, "number")
        if node.name == "text":
            self.kind(node.parts[0])
        return _GIVES.get(node.name, "number")

    def _need(self, node: Node, wanted: Kind) -> None:
        found = self.kind(node)
        if found != wanted:
            raise InvalidInput(self.where, f"a {wanted} value", f"{show(node)}, a {found} value")

    def _alike(self, left: Node, right: Node) -> Kind:
        one, other = self.kind(left), self.kind(right)
        if one != other:
            raise InvalidInput(
                self.where, "two values of one kind", f"{show(left)} ({one}) beside {show(right)} ({other})"
            )
        for name, constant in ((left, right), (right, left)):
            if isinstance(name, Name) and isinstance(constant, Constant):
                self._listed(name.path, constant.value)
        return one

    def _listed(self, path: str, value: object) -> None:
        listed = self.values.get(path)
        if listed is not None and isinstance(value, str) and value not in listed:
            known = ", ".join(str(one) for one in list(listed)[:12])
            raise InvalidInput(self.where, f"a value of '{path}' ({known}){nearest(value, listed)}", value)


def show(node: Node) -> str:
    """A node as a user would write it, for messages."""
    if isinstance(node, Constant):
        return repr(node.value)
    if isinstance(node, Name):
        return node.path
    if isinstance(node, Operation) and len(node.parts) > 1:
        return f" {node.sign} ".join(show(part) for part in parts_of(node))
    word = node.name if isinstance(node, Call) else node.sign if isinstance(node, Operation) else "expression"
    return f"{word}({', '.join(show(part) for part in parts_of(node))})"


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "or": lambda a, b: a | b,
    "and": lambda a, b: a & b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


def to_polars(node: Node) -> pl.Expr:
    """The Polars expression of a tree that :func:`kind_of` has accepted; missing values stay missing."""
    import polars as pl

    if isinstance(node, Constant):
        return pl.lit(node.value)
    if isinstance(node, Name):
        return pl.col(node.path)
    if isinstance(node, Choice):
        return pl.when(to_polars(node.condition)).then(to_polars(node.yes)).otherwise(to_polars(node.no))
    if isinstance(node, Within):
        return _within(node)
    parts = [to_polars(part) for part in node.parts]
    if isinstance(node, Call):
        return _call(node.name, parts)
    if node.sign in ("not", "neg"):
        return ~parts[0] if node.sign == "not" else -parts[0]
    return reduce(_OPERATIONS[node.sign], parts)


def _within(node: Within) -> pl.Expr:
    value = to_polars(node.value)
    if node.ends is not None:
        return value.is_between(to_polars(node.ends[0]), to_polars(node.ends[1]))
    if all(isinstance(option, Constant) for option in node.options):
        return value.is_in([option.value for option in node.options if isinstance(option, Constant)])
    return reduce(lambda a, b: a | b, [value == to_polars(option) for option in node.options])


def _call(name: str, parts: list[pl.Expr]) -> pl.Expr:
    import polars as pl

    first = parts[0]
    if name in ("min", "max"):
        return pl.min_horizontal(parts) if name == "min" else pl.max_horizontal(parts)
    if name == "contains":
        return first.str.contains(parts[1], literal=True)
    if name == "starts_with":
        return first.str.starts_with(parts[1])
    plain: dict[str, Callable[[pl.Expr], pl.Expr]] = {
        "length": lambda e: e.str.len_chars().cast(pl.Int64),
        "lower": lambda e: e.str.to_lowercase(),
        "abs": lambda e: e.abs(),
        "round": lambda e: e.cast(pl.Float64).round(0).cast(pl.Int64),
        "floor": lambda e: e.cast(pl.Float64).floor().cast(pl.Int64),
        "text": lambda e: e.cast(pl.String),
    }
    return plain[name](first)
