"""From what a model wrote to its reply: the published cleaning, and a better parser that says what it rescued.

Source: page persobench, step 3 and "Works when" 2 (arXiv 2410.03198; the repository's post-processing).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

from personarium.core.errors import UsageError

Parser = Literal["published", "nested"]
FIELD = "response"
MAX_OBJECTS = 32  # objects that one text is searched for, so that hostile text costs linear time
MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What came of one text.

    Args:
        reply: The reply; None where the text has none.
        rescued: The better parser found it where the published one does not.
        reason: Why there is none.
    """

    reply: str | None
    rescued: bool = False
    reason: str = ""


def clean_reply(text: str, parser: Parser = "published") -> Cleaned:
    """The reply in a model's text.

    Args:
        text: What the model wrote.
        parser: ``published``: brace groups that hold no brace, in order; the first that is JSON with "response" counts, even if
            its response is null. ``nested``: the same, and where it finds nothing, JSON objects inside objects and with braces
            in their texts.

    Raises:
        UsageError: On another parser.
    """
    if parser not in get_args(Parser):
        raise UsageError(f"parser must be {' or '.join(get_args(Parser))}, found '{parser}'")
    found = _first_flat(text)
    if found.reply is not None or parser == "published":
        return found
    nested = _first_nested(text)
    return found if nested is None else Cleaned(nested, rescued=True)


def _first_flat(text: str) -> Cleaned:
    start = text.find("{")
    while start >= 0:
        end = text.find("}", start)
        if end < 0:
            break
        value = _json(text[start : end + 1])
        if isinstance(value, dict) and FIELD in value:
            reply = _said(value[FIELD])
            return Cleaned(reply, reason="" if reply else f'"{FIELD}" holds no text')
        start = text.find("{", end)
    return Cleaned(None, reason=f'no JSON object with "{FIELD}" was found')


def _first_nested(text: str) -> str | None:
    decoder, start = json.JSONDecoder(), text.find("{")
    for _ in range(MAX_OBJECTS):
        if start < 0:
            return None
        end = start + 1
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            value = None
        reply = _inside(value, MAX_DEPTH)
        if reply is not None:
            return reply
        start = text.find("{", end)
    return None


def _inside(value: Any, depth: int) -> str | None:
    """The text under "response", in the object itself or the first object inside it that has one."""
    if not isinstance(value, dict) or not depth:
        return None
    reply = _said(value.get(FIELD))
    return reply or next((found for part in value.values() if (found := _inside(part, depth - 1)) is not None), None)


def _said(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
