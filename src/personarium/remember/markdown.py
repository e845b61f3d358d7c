"""What is believed of a user as Markdown: for people to read, to edit, and to be read back.

An entry is one line: ``- tastes.drink: rum _(since 2026-03-03; of sister Lena)_``. Its key stands before the first colon and
blank; a blank or backslash in a key, and the colon of a first word that is no key, have a backslash before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from personarium.core.errors import InvalidInput
from personarium.remember.recollection import day
from personarium.remember.records import Fact
from personarium.remember.replay import ARCHIVED

OVER = "no longer"  # the heading of what holds no more
_WORD_END = re.compile(r"(\\*)(:(?=\s|\Z)|\s)")  # a colon before a blank, or a blank; with the backslashes before it
_NOTES = re.compile(
    r"(?:since (?P<since>\d{4}-\d\d-\d\d))?(?:(?:\A|; )until (?P<until>\d{4}-\d\d-\d\d))?(?:(?:\A|; )of (?P<holder>.+))?"
)
_HALF_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Told:
    """One entry as it was read.

    Args:
        where: File and line.
        kind: The heading above it.
        key: Before the colon; empty when there is none.
        text: Its words.
        holder: Whom it is about.
        since: Since when it holds; None when that is not told.
    """

    where: str
    kind: str
    key: str
    text: str
    holder: str
    since: float | None


def as_markdown(user: str, facts: Sequence[Fact]) -> str:
    """What is believed of a user, to read: blocks, then facts by kind and key, with dates; what is over stands last."""
    held = [fact for fact in facts if fact.current and ARCHIVED not in fact.attributes]
    over = [fact for fact in facts if not fact.current]
    parts = [f"# Memory of {user}\n"]
    for kind in dict.fromkeys(fact.kind for fact in held):
        heading = f"{kind}\\" if kind.rstrip("\\") == OVER else kind  # a kind of that name is none that is over
        parts.append(f"\n## {heading}\n\n" + "".join(_line(fact) for fact in held if fact.kind == kind))
    if over:
        parts.append(f"\n## {OVER}\n\n" + "".join(_line(fact) for fact in over))
    return _HALF_PAIR.sub("\ufffd", "".join(parts))  # half a character cannot stand in a text file


def read_markdown(text: str, path: str) -> Iterator[Told]:
    """The entries that hold.

    Raises:
        InvalidInput: On an entry above the first heading or with a date that is none, with the line.
    """
    kind = ""
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{path}:{number}"
        if line.startswith("## "):
            kind = line[3:].strip()
        elif line.startswith("- ") and line[2:].strip():
            if not kind:
                raise InvalidInput(where, "a heading '## kind' above the first entry", line)
            if kind != OVER:
                yield _entry(line[2:].strip(), kind.removesuffix("\\") if kind.rstrip("\\") == OVER else kind, where)


def _line(fact: Fact) -> str:
    notes = [f"since {day(fact.valid_from)}"] if fact.valid_from is not None else []
    notes += [f"until {day(fact.valid_to)}"] if fact.valid_to is not None else []
    notes += ["of " + re.sub(r"[\\_]", r"\\\g<0>", fact.holder)] if fact.holder != "user" else []
    text = " ".join(fact.text.split())
    told = f"{_escaped(fact.key)}: {text}" if fact.key else _without_key(text)
    return f"- {told} _({'; '.join(notes)})_\n" if notes or told.endswith(")_") else f"- {told}\n"


def _entry(line: str, kind: str, where: str) -> Told:
    notes = None
    if line.endswith(")_") and " _(" in line:
        text, _, told = line.rpartition(" _(")
        notes = _NOTES.fullmatch(told[:-2])
        line = text if notes is not None else line  # else it is the writer's own remark, and belongs to the text
    key, value = _parted(line)
    holder = re.sub(r"\\(.)", r"\1", notes["holder"]) if notes is not None and notes["holder"] else "user"
    return Told(where, kind, key, value, holder, _since(notes["since"], where) if notes is not None else None)


def _since(date: str | None, where: str) -> float | None:
    if date is None:
        return None
    try:
        return datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise InvalidInput(where, "a date such as 2026-05-01", date, "since") from None


def _escaped(key: str) -> str:
    return re.sub(r"[\s\\]", r"\\\g<0>", key)


def _first_colon(text: str) -> tuple[int, int] | None:
    """Where the first word ends in a colon: the places of the backslashes before it, and of the colon. A blank with a
    backslash before it is a part of the word."""
    for found in _WORD_END.finditer(text):
        if found[2] == ":":
            return found.start(1), found.start(2)
        if len(found[1]) % 2 == 0:
            return None
    return None


def _without_key(text: str) -> str:
    """A text without a key as it is written: the colon of its first word gets a backslash, and those before it are doubled."""
    colon = _first_colon(text)
    if colon is None:
        return text
    slashes = colon[1] - colon[0]
    return text[: colon[0]] + "\\" * (2 * slashes + 1) + text[colon[1] :]


def _parted(line: str) -> tuple[str, str]:
    """Key and text of an entry."""
    colon = _first_colon(line)
    if colon is None:
        return "", line
    slashes, rest = colon[1] - colon[0], line[colon[1] + 1 :].strip()
    if slashes % 2:
        return "", line[: colon[0]] + "\\" * ((slashes - 1) // 2) + line[colon[1] :]
    return (re.sub(r"\\(.)", r"\1", line[: colon[1]]), rest) if rest and colon[1] else ("", line)
