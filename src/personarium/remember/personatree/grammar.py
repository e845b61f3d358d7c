"""The textual grammar of tree edits, and its JSON form.

One edit a line: ``ADD(<path>, "<value>")``, ``UPDATE(<path>, "<value>")``, ``DELETE(<path>, None)``, ``NO_OP()``. A path is the keys
from root to leaf joined by dots. Inside the quotes ``\\"``, ``\\\\`` and ``\\n`` stand for a quote, a backslash and a line break;
a value may also hold a real line break.

Source: personatree page, step 5 and "Works when" 7.
Differs: the published expression is line based, takes a value up to the last quote of its line and keeps the backslashes
(``line-regex``). A ``DELETE`` may leave its second argument out, as in the published store.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from personarium.core.errata import Published
from personarium.core.errors import InvalidInput
from personarium.remember.personatree.errata import faults
from personarium.text.json_reading import quote

Action = Literal["ADD", "UPDATE", "DELETE"]
ACTIONS: tuple[str, ...] = get_args(Action)
LONGEST_PATH = 512  # characters
DEEPEST = 12  # keys of a path; the shipped schemas have 3 or 4
_HEAD = re.compile(r'(ADD|UPDATE|DELETE)\(([^,()"\n]{1,600}+)(,|(?=\)))')
_VALUE = re.compile(r'[ \t]*+"((?:[^"\\]|\\.)*+)"[ \t]*+\)[ \t\r]*+(?=\n|\Z)', re.DOTALL)
_NO_VALUE = re.compile(r"[ \t]*+(?:None|null)?[ \t]*+\)[ \t\r]*+(?=\n|\Z)")
_LOOSE_VALUE = re.compile(r'[ \t]*+"(.*)"[ \t]*+\)[ \t\r]*+')
_NO_OP = re.compile(r"NO_OP(?:\([^\n]*\))?[ \t\r]*(?=\n|\Z)")
_FENCE = re.compile(r"```\w{0,20}[ \t\r]*(?=\n|\Z)")
_OPERATION_LINE = re.compile(r"\n[ \t]*(?:ADD|UPDATE|DELETE|NO_OP)\(")
_ESCAPED = re.compile(r'\\(["\\n])')
_PUBLISHED = re.compile(r'(ADD|UPDATE)\(([^,]+),\s*"(.*)"\)|(DELETE)\(([^,]+),\s*None\)|(NO_OP)\(\)')


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of a tree.

    Args:
        action: ``ADD`` and ``UPDATE`` set a leaf, ``DELETE`` empties it.
        path: Keys from root to leaf, joined by dots.
        value: The leaf's new text; empty for ``DELETE``.
    """

    action: Action
    path: str
    value: str = ""

    def __str__(self) -> str:
        value = "None" if self.action == "DELETE" else quote(self.value)
        return f"{self.action}({self.path}, {value})"


@dataclass(frozen=True, slots=True)
class Refused:
    """A line or edit that could not be used, and why."""

    line: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a reply says.

    Args:
        edits: In order.
        refused: Lines that are no edit.
        no_op: Whether the reply says that nothing changes.
    """

    edits: tuple[Edit, ...]
    refused: tuple[Refused, ...] = ()
    no_op: bool = False


def parse_edits(text: str, as_published: Published = False) -> Parsed:
    """Read edits from text; what is no edit is reported and skipped. Never raises on any text; linear time.

    Args:
        text: Lines of edits. Blank lines and the marks of a code fence are passed over in silence.
        as_published: ``line-regex`` reads with the published expression.
    """
    if "line-regex" in faults(as_published):
        return _parse_published(text)
    edits: list[Edit] = []
    refused: list[Refused] = []
    no_op = False
    at = 0
    while at < len(text):
        end = _line_end(text, at)
        start = at + len(text[at:end]) - len(text[at:end].lstrip())
        if start >= end or _FENCE.match(text, start):
            at = end + 1
        elif done := _NO_OP.match(text, start):
            no_op, at = True, done.end() + 1
        else:
            found, stop = _edit_at(text, start, end)
            at = stop + 1
            if isinstance(found, Edit):
                edits.append(found)
            else:
                refused.append(Refused(text[start:end].strip(), found))
    return Parsed(tuple(edits), tuple(refused), no_op)


def write_edits(edits: Iterable[Edit]) -> str:
    """The textual grammar, one edit a line; ``NO_OP()`` for none. :func:`parse_edits` reads it back without loss."""
    return "\n".join(str(edit) for edit in edits) or "NO_OP()"


def edits_to_json(edits: Iterable[Edit]) -> str:
    """The JSON form: a list of ``{"op", "path", "value"}``; ``DELETE`` has no value."""
    return json.dumps([edit_to_dict(edit) for edit in edits], ensure_ascii=False)


def edit_to_dict(edit: Edit) -> dict[str, str]:
    """One edit in the JSON form."""
    value = {} if edit.action == "DELETE" else {"value": edit.value}
    return {"op": edit.action, "path": edit.path, **value}


def edits_from_json(text: str, where: str = "edits") -> tuple[Edit, ...]:
    """Read what :func:`edits_to_json` wrote.

    Raises:
        InvalidInput: Naming the entry and the field that is not what it should be.
    """
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(where, f"a JSON list of edits ({error})") from error
    if not isinstance(rows, list):
        raise InvalidInput(where, "a JSON list of edits", rows)
    return tuple(edit_from_dict(row, f"{where}, entry {number}") for number, row in enumerate(rows, 1))


def edit_from_dict(row: Any, where: str) -> Edit:
    """One edit from the JSON form; raises InvalidInput as :func:`edits_from_json` does."""
    if not isinstance(row, Mapping):
        raise InvalidInput(where, "an object with op, path and value", row)
    action, path, value = row.get("op"), row.get("path"), row.get("value", "")
    if action not in ACTIONS:
        raise InvalidInput(where, f"one of {', '.join(ACTIONS)}", action, "op")
    problem = path_problem(path) if isinstance(path, str) else "it is no text"
    if problem:
        raise InvalidInput(where, f"a path of keys joined by dots ({problem})", path, "path")
    if not isinstance(value, str):
        raise InvalidInput(where, "a text", value, "value")
    return Edit(action, str(path), "" if action == "DELETE" else value)


def path_problem(path: str) -> str:
    """Why a text is no path; empty when it is one."""
    keys = path.split(".")
    if len(path) > LONGEST_PATH:
        return f"the path has more than {LONGEST_PATH} characters"
    if len(keys) > DEEPEST:
        return f"the path has more than {DEEPEST} keys"
    return next((reason for key in keys if (reason := key_problem(key))), "")


def key_problem(key: str) -> str:
    """Why a text cannot be a key of a tree; empty when it can."""
    if not key or key != key.strip():
        return "a key is empty or has blanks at its edge"
    if any(char in ',()".' or ord(char) < 32 or ord(char) == 127 for char in key):
        return "a key holds a comma, bracket, quote, dot or control character"
    return ""


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _edit_at(text: str, start: int, line_end: int) -> tuple[Edit | str, int]:
    """The edit that begins at ``start``, or why there is none; and where reading goes on."""
    head = _HEAD.match(text, start)
    if head is None:
        return 'the line is no ADD(path, "value"), UPDATE(path, "value"), DELETE(path, None) or NO_OP()', line_end
    action, path = head[1], head[2].strip()
    problem = path_problem(path)
    if problem:
        return problem, line_end
    if action == "DELETE" and (bare := _NO_VALUE.match(text, head.end())):
        return Edit("DELETE", path), bare.end()
    quoted = _VALUE.match(text, head.end()) if head[3] else None
    if quoted is not None and not _OPERATION_LINE.search(quoted[1]):
        return _made(action, path, quoted[1]), quoted.end()
    loose = _LOOSE_VALUE.fullmatch(text, head.end(), line_end) if head[3] else None
    if loose is not None and '")' not in loose[1]:
        return _made(action, path, loose[1]), line_end
    return "the value is not one text in double quotes with the closing bracket behind it at the line's end", line_end


def _made(action: str, path: str, value: str) -> Edit:
    if action == "DELETE":
        return Edit("DELETE", path)
    text = _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], value)
    return Edit("ADD" if action == "ADD" else "UPDATE", path, text)


def _parse_published(text: str) -> Parsed:
    edits: list[Edit] = []
    refused: list[Refused] = []
    no_op = False
    for line in filter(None, (line.strip() for line in text.split("\n"))):
        match = _PUBLISHED.fullmatch(line)
        if match is None:
            refused.append(Refused(line, "the line does not match the published expression"))
        elif match[6]:
            no_op = True
        elif match[4]:
            edits.append(Edit("DELETE", match[5].strip()))
        else:
            edits.append(Edit("ADD" if match[1] == "ADD" else "UPDATE", match[2].strip(), match[3]))
    return Parsed(tuple(edits), tuple(refused), no_op)
