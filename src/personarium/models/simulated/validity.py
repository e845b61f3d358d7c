"""Checks a slot or a draft against plainly written rules: ``key = value``, ``key < number``, ``not (a and b)``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_LINE = re.compile(r"^[ \t]*(?:[-*•][ \t]+|\d+[.)][ \t]+)?(.*?)[ \t.;]*$", re.MULTILINE)
_ASSIGNED = re.compile(r"^([A-Za-z_][\w .\-/]{0,60}?)\s*(?:=|:)\s*(.+)$")
_COMPARED = re.compile(r"^([A-Za-z_][\w .\-/]{0,60}?)\s*(<=|>=|!=|==|=|<|>|≤|≥|≠)\s*(.+?)$")
_NOT_BOTH = re.compile(r"^not\s*\(\s*(.+?)\s+and\s+(.+?)\s*\)$", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: rules that are broken, and rules that could not be read (they pass)."""

    broken: tuple[str, ...]
    unread: tuple[str, ...]


@lru_cache(maxsize=2048)
def keyed(text: str) -> Mapping[str, str]:
    """The ``key = value`` and ``key: value`` lines of a text, or the fields of a JSON object, keys folded."""
    stripped = text.strip()
    if stripped.startswith("{"):
        try:
            data = json.loads(stripped)
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict):
            return {_fold(k): v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in data.items()}
    pairs = (_ASSIGNED.match(line) for line in _LINE.findall(text))
    return {_fold(m[1]): m[2].strip().strip("\"'") for m in pairs if m}


def _fold(text: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.lower()).split())


@lru_cache(maxsize=2048)
def check(rules: str, text: str) -> Checked:
    """Check a text against every line of rules."""
    values = keyed(text)
    broken, unread = [], []
    for line in filter(None, _LINE.findall(rules)):
        passed = holds(line, values, text)
        if passed is None:
            unread.append(line)
        elif not passed:
            broken.append(line)
    return Checked(tuple(broken), tuple(unread))


def holds(rule: str, values: Mapping[str, str], text: str) -> bool | None:
    """Whether one rule holds; None when it is of no plain form or speaks of a key that is not there."""
    both = _NOT_BOTH.match(rule)
    if both:
        sides = [_side(side, values, text) for side in (both[1], both[2])]
        return not all(sides)
    compared = _COMPARED.match(rule)
    if not compared or _fold(compared[1]) not in values:
        return None
    return _compare(values[_fold(compared[1])], compared[2], compared[3].strip("\"'"))


def _side(side: str, values: Mapping[str, str], text: str) -> bool:
    found = holds(side, values, text)
    return _fold(side) in _fold(text) if found is None else found


def _compare(value: str, sign: str, wanted: str) -> bool | None:
    if sign in ("=", "==", "!=", "≠"):
        equal = _fold(value) == _fold(wanted) or _equal_numbers(value, wanted)
        return equal if sign in ("=", "==") else not equal
    a, b = _NUMBER.search(value), _NUMBER.search(wanted)
    if not a or not b:
        return None
    x, y = float(a[0].replace(",", ".")), float(b[0].replace(",", "."))
    return {"<": x < y, ">": x > y, "<=": x <= y, "≤": x <= y, ">=": x >= y, "≥": x >= y}[sign]


def _equal_numbers(a: str, b: str) -> bool:
    return bool(_NUMBER.fullmatch(a) and _NUMBER.fullmatch(b)) and float(a.replace(",", ".")) == float(
        b.replace(",", ".")
    )
