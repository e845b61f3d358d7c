"""On which line of a YAML text something stands, for messages to people who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from personarium.core.errors import InvalidInput

_STEP = re.compile(r"\[([0-9]{1,9})\]|([^.\[\]]+)")  # of a field such as ``sections[0].questions[2].type``
Steps = tuple[str | int, ...]


def with_line(error: InvalidInput, text: str) -> InvalidInput:
    """The same refusal with the line, where the text has what it is about.

    Args:
        error: Of what was read from the text; its ``field`` says where: a path of keys and places, a key of ``fields``, or a
            list and the number or name of one of its items (``rules: 2``, ``targets: grade x gender``).
        text: YAML that :func:`personarium.core.files.parse_yaml` has read.
    """
    root = _composed(text)
    for steps in _ways(error, root):
        line = _line(root, steps)
        if line is not None:
            return InvalidInput(f"{error.where}: line {line}", error.expected, error.found, error.field)
    return error


def line_at(text: str, steps: Sequence[str | int]) -> int | None:
    """The line, from 1, of the value at a path of keys and places (from 0); None where the path leads nowhere."""
    return _line(_composed(text), tuple(steps))


def _ways(error: InvalidInput, root: Any) -> Iterator[Steps]:
    """Where the thing may stand, the likeliest first; the more of a way is left out, the less exact the line."""
    field = error.field or ""
    head, colon, rest = field.partition(": ")
    yield ("fields", field)
    yield (field,)
    if colon:
        yield from ((head, place) for place in _places(root, head, rest))
        yield (head, *rest.split(": "))
        yield (head,)
    steps: Steps = tuple(int(place) if place else key for place, key in _STEP.findall(field))
    yield from (steps[:end] for end in range(len(steps), 0, -1))
    yield (str(error.found),)  # a key that is not known


def _places(root: Any, head: str, wanted: str) -> Iterator[int]:
    """The item of a list by its number, its name, or the fields that it is about."""
    items = _child(root, head)
    if wanted.isdecimal():
        yield int(wanted) - 1
    for place, item in enumerate(_values(items)):
        names = [getattr(one, "value", "") for one in _values(_child(item, "fields"))]
        if wanted in (getattr(_child(item, "name"), "value", None), " x ".join(map(str, names))):
            yield place


def _composed(text: str) -> Any:
    import yaml

    try:
        return yaml.compose(text, yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _line(node: Any, steps: Steps) -> int | None:
    mark = None
    for step in steps:
        key, node = _found(node, step)
        if node is None:
            return None
        mark = (key or node).start_mark
    return None if mark is None else int(mark.line) + 1


def _found(node: Any, step: str | int) -> tuple[Any, Any]:
    """The key and the value behind one step; None for both where there is none."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return None, node.value[step]
    return None, None


def _child(node: Any, key: str) -> Any:
    return _found(node, key)[1]


def _values(node: Any) -> list[Any]:
    import yaml

    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
