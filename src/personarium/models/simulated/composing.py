"""Values for a form whose open lists differ in length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from personarium.text.form import Form
from personarium.text.holes import Hole
from personarium.text.json_form import Leaf, Many, Node, Record, Row, leaves
from personarium.text.line_form import Line

Make = Callable[[Hole, int], Any]


def compose(form: Form, make: Make, length: Callable[[Hole], int]) -> dict[str, Any]:
    """Values for ``form.fill``, as :meth:`Form.compose` makes them, with a length for each open list.

    Args:
        form: The form.
        make: Gives the value for a hole and the place in its list.
        length: Gives the number of entries of an open list by its first hole.
    """
    if isinstance(form.layout, Line):
        if form.kind != "list":
            return form.compose(make)
        return form.compose(make, length(form.holes[0]))
    made = _compose(form.layout, form.holes, make, length, 0)
    return {"items": made} if form.kind == "list" else made


def _compose(node: Node, holes: Sequence[Hole], make: Make, length: Callable[[Hole], int], k: int) -> Any:
    if isinstance(node, Leaf):
        return make(holes[node.index], k)
    if isinstance(node, Record):
        return {key: _compose(part, holes, make, length, k) for key, part in node.fields if _has(part)}
    if isinstance(node, Row):
        return [_compose(part, holes, make, length, k) for part in node.nodes]
    if isinstance(node, Many):
        first = holes[next(iter(leaves(node.node)))]
        return [_compose(node.node, holes, make, length, i) for i in range(node.count or length(first))]
    return None


def _has(node: Node) -> bool:
    return next(iter(leaves(node)), None) is not None
