"""Reading data out of what a model wrote: JSON objects and lists, Python literals, bulleted and numbered lines."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

from personarium.text.holes import Unparsed

MAX_LITERAL = 100_000  # characters; a Python literal longer than this is not evaluated
MAX_ATTEMPTS = 16  # places at which one reply is tried, so that hostile input costs linear time

# A string runs to its closing quote or to the end, so that no later quote is tried again.
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|,(?=\s*+[}\]])', re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[{}\[\]]', re.DOTALL)
_BULLET = re.compile(r"^[ \t]*(?:[-*•·–]|\(?\d{1,4}[.):])[ \t]+(\S.*)$", re.MULTILINE)
_MARGIN_BULLET = re.compile(r"^- (.*)$", re.MULTILINE)
_FENCE = "```"
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*+)(?:"|$|\Z)|“([^”\n]*+)(?:”|$)', re.MULTILINE)
_PAIRS = (('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("`", "`"))


def read_json(text: str) -> dict[str, Any] | Unparsed:
    """The last JSON object in a reply: alone, in a code fence or behind a preamble; trailing commas are forgiven.

    Python spelling (single quotes, ``True``, ``None``) is read as a literal up to ``MAX_LITERAL`` characters; nothing
    is ever evaluated. ``NaN`` and infinities are refused.
    """
    for value in json_values(text):
        if isinstance(value, dict):
            return value
    return Unparsed("no JSON object found", text)


def read_list(text: str) -> list[Any] | Unparsed:
    """The list that a reply states: a JSON or Python list (fenced, with preamble), else bulleted or numbered lines.

    Strings are stripped of blanks; the last list counts. An object with nothing but one list is taken as that list.
    """
    for value in json_values(text):
        if isinstance(value, dict) and len(value) == 1:
            value = next(iter(value.values()))
        if isinstance(value, list):
            return [item.strip() if isinstance(item, str) else item for item in value]
    items = bullet_lines(text)
    return items if items else Unparsed("no list found", text)


def read_list_strict(text: str) -> list[Any] | Unparsed:
    """As published for PersonaGym's settings and questions: remove code fences, then one literal list, nothing else."""
    value = literal(text.replace(_FENCE + "python", "").replace(_FENCE + "json", "").replace(_FENCE, "").strip())
    return value if isinstance(value, list) else Unparsed("the reply is not one literal list", text)


def bullet_lines(text: str) -> list[str]:
    """The lines that begin with a bullet or number (``- a``, ``* a``, ``1. a``, ``(2) a``), without it and quotes."""
    return [item for item in (unquote(match[1].strip()) for match in _BULLET.finditer(text)) if item]


def statement_lines(text: str, as_published: bool = False) -> list[str]:
    """The statements of a list reply, one for each line that begins with ``- ``.

    Args:
        text: The reply.
        as_published: Only lines with the dash at the margin; otherwise indented bullets count as well.

    Source: APC (arXiv 2405.07726), step 1 and "Works when" 8.
    Differs: the published reader drops indented lines although the worked example of its prompt indents them.
    """
    if as_published:
        return [match[1].strip() for match in _MARGIN_BULLET.finditer(text) if match[1].strip()]
    return [match[1].strip() for match in _BULLET.finditer(text)]


def quoted_strings(text: str) -> list[str]:
    """The texts in double quotes (straight or curly), in order; a quotation ends with its line. Source: APC, step 2."""
    found = (unescape(match[1] if match[1] is not None else match[2]).strip() for match in _QUOTED.finditer(text))
    return [item for item in found if item]


def unquote(text: str) -> str:
    """Take one pair of quotes off a text that is wholly quoted (a comma behind it is forgiven)."""
    bare = text.rstrip(",")
    for left, right in _PAIRS:
        if len(bare) >= 2 and bare.startswith(left) and bare.endswith(right) and left not in bare[1:-1]:
            return bare[1:-1].strip()
    return text


def unescape(text: str) -> str:
    r"""Undo ``\"``, ``\\`` and ``\n`` in a quoted text."""
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], text, flags=re.DOTALL)


def quote(text: str) -> str:
    r"""Put a text in double quotes on one line (``\"``, ``\\`` and ``\n`` escaped)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def json_values(text: str) -> Iterator[Any]:
    """Objects and lists in a reply, most probable first: the whole, fenced parts, balanced spans from the end."""
    seen: set[str] = set()
    for candidate in _candidates(text):
        if candidate in seen:
            continue
        seen.add(candidate)
        value = literal(candidate)
        if isinstance(value, (dict, list)):
            yield value


def _candidates(text: str) -> Iterator[str]:
    stripped = text.strip()
    if stripped[:1] in ("{", "["):
        yield stripped
    for part in reversed(text.split(_FENCE)[1::2][-MAX_ATTEMPTS:]):
        body = part.strip()
        start = min((at for at in (body.find("{"), body.find("[")) if at >= 0), default=-1)
        if 0 <= start <= 20:  # behind at most the name of a language
            yield body[start:]
    spans = _balanced_spans(text)
    yield from (text[start:end] for start, end in reversed(spans[-MAX_ATTEMPTS:]))
    for left, right in ("{}", "[]"):
        start, end = text.find(left), text.rfind(right)
        if 0 <= start < end:
            yield text[start : end + 1]


def _balanced_spans(text: str) -> list[tuple[int, int]]:
    """Outermost bracketed spans; double-quoted strings inside them are skipped (one pass)."""
    spans: list[tuple[int, int]] = []
    depth = start = position = 0
    while match := (_STRING_OR_BRACKET if depth else _OPENING).search(text, position):
        position = match.end()
        if match[0] in ("{", "["):
            start = start if depth else match.start()
            depth += 1
        elif match[0] in ("}", "]"):
            depth -= 1
            if depth == 0:
                spans.append((start, position))
    return spans


def literal(text: str) -> Any | None:
    """The value of one JSON text or Python literal, or None; never evaluates, never raises."""
    for candidate in (text, _STRING_OR_COMMA.sub(lambda match: "" if match[0] == "," else match[0], text)):
        try:
            return json.loads(candidate, strict=False, parse_constant=_refuse)
        except (ValueError, RecursionError):
            continue
    return python_literal(text)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def python_literal(text: str) -> Any | None:
    """The value of a Python literal of at most ``MAX_LITERAL`` characters and 50 brackets deep, or None."""
    if len(text) > MAX_LITERAL or _depth(text) > 50:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in a model's string is no concern of the user
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None


def _depth(text: str) -> int:
    """Most brackets and signs that can stand open at one place (an upper bound that is cheap to have)."""
    depth = deepest = 0
    for match in re.finditer(r"[\[{(]|[\]})]|[-+~]{2,}", text):
        mark = match[0]
        depth += 1 if mark in "[{(" else -1 if mark in "]})" else 0
        deepest = max(deepest, depth, len(mark) if len(mark) > 1 else 0)
    return deepest
