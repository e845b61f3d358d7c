"""The decorators of a lorebook entry: lines such as ``@@depth 4`` at the beginning of its content.

Source: Character Card V3 specification, Decorators. What is said there to be ignored where the context is a chat is
ignored here (and noted): every ``instruct`` decorator and ``@@reverse_depth``. ``@@constant`` is ours, and the same as the
field ``constant``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from personarium.core.chat import Role

ROLES = ("assistant", "system", "user")
PLACES = ("after_desc", "before_desc", "personality", "scenario")
UI_PROMPTS = ("post_history_instructions", "system_prompt")
NOT_IN_CHAT = frozenset({"instruct_depth", "reverse_depth", "reverse_instruct_depth", "instruct_scan_depth"})
MAX_NOTES = 20  # of one entry
_LINE = re.compile(r"(@@@?)([A-Za-z_][A-Za-z0-9_]*)(?:[ \t]+(.*))?")
_LARGEST = 10**9


@dataclass(frozen=True, slots=True)
class Decorators:
    """What the decorators of one entry say; None or False where there is none of that name.

    Every field is the decorator of its name. ``additional_keys`` holds one tuple for each time the decorator is used.
    """

    activate_only_after: int | None = None
    activate_only_every: int | None = None
    keep_activate_after_match: bool = False
    dont_activate_after_match: bool = False
    depth: int | None = None
    role: Role | None = None
    scan_depth: int | None = None
    is_greeting: int | None = None
    position: str | None = None
    ignore_on_max_context: bool = False
    additional_keys: tuple[tuple[str, ...], ...] = ()
    exclude_keys: tuple[str, ...] = ()
    is_user_icon: str | None = None
    activate: bool = False
    dont_activate: bool = False
    disable_ui_prompt: str | None = None
    constant: bool = False


def read_decorators(content: str) -> tuple[Decorators, str, tuple[str, ...]]:
    """The decorators at the beginning of an entry's content, the content without them, and what was ignored.

    Of each decorator and its fallbacks (``@@@``) the first that is known and valid counts; of several of one name the
    first, but for ``@@additional_keys``. A line that does not have the form of a decorator begins the content.
    """
    head, rest = _split(content)
    if not head:
        return _NONE, content, ()
    found: dict[str, Any] = {}
    notes: list[str] = []
    settled = True  # a fallback that follows no decorator is ignored
    for mark, name, value in head:
        if mark == "@@@" and settled:
            continue
        why = _take(found, name, value)
        settled = not why
        if why:
            notes.append(f"@@{name[:40]}: {why}, ignored")
    return Decorators(**found), rest, tuple(notes[:MAX_NOTES])


_NONE = Decorators()


def _split(content: str) -> tuple[list[tuple[str, str, str]], str]:
    """The decorator lines, and the content with the line breaks around them gone."""
    head: list[tuple[str, str, str]] = []
    at = 0
    while at < len(content):
        end = content.find("\n", at)
        end = len(content) if end < 0 else end
        line = content[at:end].strip() if content.startswith(("@@", " ", "\t", "\r", "\n"), at) else ""
        found = _LINE.fullmatch(line)
        if line and not found:
            break
        if not line and content[at:end].strip():
            break
        if found:
            head.append((found[1], found[2], (found[3] or "").strip()))
        at = end + 1
    return (head, content[at:].lstrip("\r\n")) if head else ([], content)


def _take(found: dict[str, Any], name: str, value: str) -> str:
    """Add one decorator to what was found; what is wrong with it when it is ignored."""
    if name in NOT_IN_CHAT:
        return "not for chats"
    read = _READERS.get(name)
    if read is None:
        return "not known"
    if name in found and name != "additional_keys":
        return "given twice"
    taken = read(value)
    if taken is None:
        return f"{value[:40]!r} is no value for it"
    found[name] = (*found.get(name, ()), taken) if name == "additional_keys" else taken
    return ""


def _whole(least: int) -> Callable[[str], int | None]:
    def read(value: str) -> int | None:
        try:
            number = float(value)
        except ValueError:
            return None
        whole = number.is_integer() and least <= number <= _LARGEST
        return int(number) if whole else None

    return read


def _one_of(names: tuple[str, ...]) -> Callable[[str], str | None]:
    return lambda value: value if value in names else None


def _flag(value: str) -> bool | None:
    """A decorator without a value is on; some programs write one all the same."""
    return {"": True, "true": True}.get(value.lower())


def _keys(value: str) -> tuple[str, ...] | None:
    return tuple(key for key in (part.strip() for part in value.split(",")) if key) or None


def _some_text(value: str) -> str | None:
    return value or None


_READERS: dict[str, Callable[[str], Any]] = {
    "activate_only_after": _whole(0),
    "activate_only_every": _whole(1),
    "depth": _whole(-_LARGEST),
    "role": _one_of(ROLES),
    "scan_depth": _whole(0),
    "is_greeting": _whole(0),
    "position": _one_of(PLACES),
    "additional_keys": _keys,
    "exclude_keys": _keys,
    "is_user_icon": _some_text,
    "disable_ui_prompt": _one_of(UI_PROMPTS),
    **{field.name: _flag for field in fields(Decorators) if field.type == "bool"},
}
