"""Values of facets as people write them: a kind of value, and its text in a field."""

from __future__ import annotations

import json
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.facets import Value, thaw
from personarium.core.files import parse_json

TEXT, NUMBER, TRUTH, LIST, JSON = "text", "number", "yes or no", "list, one a line", "JSON"
KINDS = (TEXT, NUMBER, TRUTH, LIST, JSON)
_TRUTHS = {"yes": True, "true": True, "no": False, "false": False}


def as_field(value: Value) -> tuple[str, str]:
    """The kind of a value, and what stands in the field for it."""
    if value is None:
        return TEXT, ""
    if isinstance(value, bool):
        return TRUTH, "yes" if value else "no"
    if isinstance(value, (int, float)):
        return NUMBER, json.dumps(value)
    if isinstance(value, str):
        return TEXT, value
    if isinstance(value, tuple) and all(isinstance(item, str) and _one_line(item) for item in value):
        return LIST, "\n".join(value)
    return JSON, json.dumps(thaw(value), ensure_ascii=False, indent=2)


def from_field(kind: str, written: str) -> Any:
    """The value that somebody wrote.

    Raises:
        InvalidInput: When the text is none of that kind.
    """
    if kind == TEXT:
        return written
    said = written.strip()
    if kind == LIST:
        return [line.strip() for line in written.splitlines() if line.strip()]
    if kind == TRUTH:
        if said.casefold() not in _TRUTHS:
            raise InvalidInput("value", "yes or no", said)
        return _TRUTHS[said.casefold()]
    value = parse_json(said, "value")
    if kind == NUMBER and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise InvalidInput("value", "a number", said)
    return value


def year_or_date(written: str) -> str | int | None:
    """A date or a year of a facet's validity; None where nothing stands."""
    said = written.strip()
    if not said:
        return None
    number = said.removeprefix("-")
    return int(said) if number.isascii() and number.isdigit() and len(number) <= 6 else said


def _one_line(item: str) -> bool:
    return bool(item) and item == item.strip() and len(item.splitlines()) == 1
