"""JSON by schema and tool calls: every field by its name, type and bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from personarium.models.simulated.asked import Answered
from personarium.models.simulated.words import stems
from personarium.models.simulated.writing import (
    LONGEST_LIST,
    USUAL_LENGTH,
    Desk,
    asked_length,
    choice,
    fixed_value,
    fold,
    number,
    sentence,
    text_for,
    value,
)
from personarium.text.holes import Hole

_DEEPEST = 12  # a schema may refer to itself


def by_schema(desk: Desk) -> str:
    """The JSON text that the request's schema wants."""
    schema = desk.request.sampling.schema or {}
    return json.dumps(from_schema(desk, _unwrapped(schema), schema, "reply", 0), ensure_ascii=False)


def _unwrapped(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, also when it is wrapped as an endpoint's response format."""
    inner = schema.get("json_schema", schema)
    inner = inner.get("schema", inner) if isinstance(inner, Mapping) else schema
    return inner if isinstance(inner, Mapping) else {}


def from_schema(desk: Desk, schema: Any, root: Mapping[str, Any], name: str, depth: int, k: int = 0) -> Any:
    """A value that satisfies a JSON schema: by type, bounds, enumeration and field name."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    if "$ref" in schema:
        return from_schema(desk, _referred(schema["$ref"], root), root, name, depth + 1, k)
    for several in ("anyOf", "oneOf", "allOf"):
        if schema.get(several):
            found = [s for s in schema[several] if not (isinstance(s, Mapping) and s.get("type") == "null")]
            return from_schema(desk, (found or schema[several])[0], root, name, depth + 1, k)
    if "const" in schema:
        return schema["const"]
    key = f"{desk.request.occasion}|{name}|{k}"
    if schema.get("enum"):
        return _enumerated(desk, list(schema["enum"]), name, key)
    kind = schema.get("type")
    kind = next((t for t in kind if t != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object" or (kind is None and "properties" in schema):
        fields = schema.get("properties", {})
        return {f: from_schema(desk, s, root, f, depth + 1, k) for f, s in fields.items()}
    if kind == "array":
        return _array(desk, schema, root, name, depth)
    if kind in ("integer", "number"):
        return _schema_number(desk, schema, name, key, kind == "integer")
    if kind == "boolean":
        return value(desk, Hole("yesno", name, choices=("yes", "no")), k)
    return None if kind == "null" else _schema_text(desk, schema, name, k, key)


def _referred(ref: Any, root: Mapping[str, Any]) -> Any:
    node: Any = _unwrapped(root)
    for step in str(ref).lstrip("#/").split("/"):
        node = node.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(node, Mapping) else {}
    return node


def _enumerated(desk: Desk, values: list[Any], name: str, key: str) -> Any:
    texts = tuple(str(v) for v in values)
    if len(set(texts)) < 2:
        return values[0]
    chosen = choice(desk, Hole("choice", name, choices=texts), fold(name), fixed_value(desk, fold(name)), key)
    return values[texts.index(str(chosen))]


def _array(desk: Desk, schema: Mapping[str, Any], root: Mapping[str, Any], name: str, depth: int) -> list[Any]:
    wanted = max(
        int(schema.get("minItems", 0)),
        min(asked_length(desk.request) or USUAL_LENGTH, int(schema.get("maxItems", LONGEST_LIST))),
    )
    item = schema.get("items", {"type": "string"})
    made: list[Any] = []
    for k in range(min(wanted, LONGEST_LIST)):
        one = from_schema(desk, item, root, name, depth + 1, k)
        made.append(f"{one} ({k + 1})" if isinstance(one, str) and one in made and "enum" not in str(item) else one)
    return made


def _schema_number(desk: Desk, schema: Mapping[str, Any], name: str, key: str, whole: bool) -> float | int:
    step = 1 if whole else 0.01
    lo = float(schema.get("minimum", schema.get("exclusiveMinimum", 0) + step if "exclusiveMinimum" in schema else 0))
    hi = float(
        schema.get(
            "maximum", schema.get("exclusiveMaximum", 0) - step if "exclusiveMaximum" in schema else max(lo + 1, 100)
        )
    )
    return number(
        desk, Hole("number", name, lo=lo, hi=hi, integer=whole), fold(name), fixed_value(desk, fold(name)), key
    )


def _schema_text(desk: Desk, schema: Mapping[str, Any], name: str, k: int, key: str) -> str:
    text = text_for(desk, fold(name), fixed_value(desk, fold(name)), k, key)
    while len(text) < min(int(schema.get("minLength", 0)), 10_000):
        text = f"{text} {sentence(desk, len(text), key)}"
    return text[: int(schema["maxLength"])] if "maxLength" in schema else text


def tool_call(desk: Desk) -> Answered:
    """A call of the first tool, or of the one whose name or description shares most stems with what was last said."""
    request = desk.request
    asked = stems(request.last)
    tools = [t.get("function", t) for t in request.sampling.tools]
    scored = [
        (len(asked & stems(f"{t.get('name', '')} {t.get('description', '')}".replace("_", " "))), -i)
        for i, t in enumerate(tools)
    ]
    tool = tools[-max(scored)[1]]
    schema = tool.get("parameters") or {}
    arguments = from_schema(desk, schema, schema, "arguments", 0) or {}
    call = {
        "id": f"call_{request.occasion[:12]}",
        "type": "function",
        "function": {"name": tool.get("name", ""), "arguments": json.dumps(arguments, ensure_ascii=False)},
    }
    return Answered("", tool_calls=(call,))
