"""The published memory bank: one JSON file of users, days and exchanges, read and written without loss.

Source: MemoryBank repository (zhongwanjun/MemoryBank-SiliconFriend), memorybank page, "Data formats". An exchange is an object
``{query, response, ...}`` or, in older files, a list of two texts; both are read, and written as they came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from personarium.core.errors import InvalidInput, StorageError
from personarium.core.files import existing, iter_json_lines, parse_json, read_text, replacing

MAX_BANK_BYTES = 256 * 2**20
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the user said and what was answered.

    Args:
        date: Day, as ``YYYY-MM-DD``.
        query: What the user said; empty when the other side spoke first.
        response: What was answered; empty when nothing was.
        strength: Memory strength, 1 when new.
        last_recall: Day of the last recall; empty means the day it was said.
        id: Name inside the user's bank.
        ids: Observations that it was made of; empty for one that was read from a file.
        at: When it began, in seconds since 1970.
        pair: Whether its file has it as a list of two texts.
        extra: Further fields of the file.
    """

    date: str
    query: str
    response: str
    strength: int = 1
    last_recall: str = ""
    id: str = ""
    ids: tuple[str, ...] = ()
    at: float = 0.0
    pair: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def since(self) -> str:
        """The day from which its age is counted."""
        return self.last_recall or self.date

    @property
    def words(self) -> str:
        """What was said by both sides, without names or dates."""
        return f"{self.query} {self.response}".strip()


@dataclass(frozen=True, slots=True)
class BankUser:
    """One user of a bank.

    Args:
        name: As the file has it, blanks included.
        history: Day -> exchanges; a day may be empty.
        fields: Everything else that the file has of the user (``summary``, ``personality``, ``meta_information``, ...).
    """

    name: str
    history: Mapping[str, tuple[Exchange, ...]]
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All exchanges, in the file's order."""
        return tuple(one for day in self.history.values() for one in day)

    def texts(self, name: str) -> dict[str, str]:
        """Day -> text of ``summary`` or ``personality``, whether the file has texts or ``{content: text}``."""
        found = {day: _content(value) for day, value in dict(self.fields.get(name) or {}).items()}
        return {day: text for day, text in found.items() if text}


def read_bank(path: str | Path) -> dict[str, BankUser]:
    """Read a bank file: name (as written there) -> user.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file, user, day and field.
    """
    path = existing(path)
    return bank_from_dict(parse_json(read_text(path, "a memory bank", MAX_BANK_BYTES), str(path)), str(path))


def bank_from_dict(data: object, where: str = "memory bank") -> dict[str, BankUser]:
    """Read a bank from its JSON value; raises InvalidInput as :func:`read_bank`."""
    if not isinstance(data, dict):
        raise InvalidInput(where, "an object: user name -> memory", data)
    return {name: _user(name, entry, f"{where}: user {name!r}") for name, entry in data.items()}


def bank_to_dict(bank: Mapping[str, BankUser]) -> dict[str, Any]:
    """The JSON value of a bank; what was read comes back as it was."""
    return {name: _written(user) for name, user in bank.items()}


def write_bank(bank: Mapping[str, BankUser], path: str | Path) -> Path:
    """Write a bank file, whole or not at all; raises StorageError when the disk refuses."""
    path = Path(path)
    text = json.dumps(bank_to_dict(bank), ensure_ascii=False, indent=2, allow_nan=False)
    with replacing(path) as scratch:
        try:
            scratch.write_text(text + "\n", encoding="utf-8")
        except UnicodeEncodeError as error:
            raise StorageError(f"{path}: cannot be written as UTF-8 ({error.reason})") from error
    return path


def read_questions(path: str | Path) -> dict[str, tuple[str, ...]]:
    """Read probing questions: name without outer blanks -> questions.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file and line.
    """
    found: dict[str, tuple[str, ...]] = {}
    for where, data in iter_json_lines(path, "object"):
        if not isinstance(data, dict):
            raise InvalidInput(where, "an object: user name -> questions", data)
        for name, questions in data.items():
            if not isinstance(questions, list) or not all(isinstance(one, str) for one in questions):
                raise InvalidInput(where, "a list of questions", questions, name)
            found[name.strip()] = (*found.get(name.strip(), ()), *questions)
    return found


def join_questions(
    bank: Mapping[str, BankUser], questions: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """User (as the bank names them) -> their questions; names are compared without outer blanks."""
    stripped = {name.strip(): asked for name, asked in questions.items()}
    return {name: stripped[name.strip()] for name in bank if name.strip() in stripped}


def checked_day(text: object, where: str, name: str = "date") -> str:
    """A day as ``YYYY-MM-DD``; raises InvalidInput for anything else."""
    if isinstance(text, str) and _DATE.fullmatch(text):
        try:
            date.fromisoformat(text)
            return text
        except ValueError:
            pass  # such as a 31st of February: said below like any other day that is none
    raise InvalidInput(where, "a day as YYYY-MM-DD", text, name)


def _user(name: str, entry: object, where: str) -> BankUser:
    if not isinstance(entry, dict):
        raise InvalidInput(where, "an object with a history", entry)
    history = entry.get("history", {})
    if not isinstance(history, dict):
        raise InvalidInput(where, "an object: day -> exchanges", history, "history")
    for part in ("summary", "personality"):
        if not isinstance(entry.get(part, {}), dict):
            raise InvalidInput(where, "an object: day -> text", entry[part], part)
    days = {checked_day(day, where, "history"): tuple(_day(name, day, rows, where)) for day, rows in history.items()}
    return BankUser(name, days, {key: value for key, value in entry.items() if key != "history"})


def _day(name: str, day: str, rows: object, where: str) -> Iterator[Exchange]:
    if not isinstance(rows, list):
        raise InvalidInput(where, "a list of exchanges", rows, f"history.{day}")
    for number, row in enumerate(rows):
        at = f"history.{day}[{number}]"
        id = f"{name}_{day}_{number}"
        if isinstance(row, list) and len(row) == 2 and all(isinstance(text, str) for text in row):
            yield Exchange(day, row[0], row[1], id=id, pair=True)
        elif isinstance(row, dict) and all(isinstance(row.get(part), str) for part in ("query", "response")):
            yield _from_object(row, day, id, where, at)
        else:
            raise InvalidInput(where, "{query, response} or a list of two texts", row, at)


def _from_object(row: Mapping[str, Any], day: str, id: str, where: str, at: str) -> Exchange:
    strength = row.get("memory_strength", 1)
    if isinstance(strength, bool) or not isinstance(strength, int) or strength < 1:
        raise InvalidInput(where, "a whole number from 1", strength, f"{at}.memory_strength")
    recalled = row.get("last_recall_date", "")
    if recalled:
        checked_day(recalled, where, f"{at}.last_recall_date")
    extra = {key: value for key, value in row.items() if key not in ("query", "response")}
    named = row["memory_id"] if isinstance(row.get("memory_id"), str) else id
    return Exchange(day, row["query"], row["response"], strength, recalled, named, extra=extra)


def _written(user: BankUser) -> dict[str, Any]:
    out = dict(user.fields)
    out["history"] = {day: [_as_row(one) for one in rows] for day, rows in user.history.items()}
    order = [key for key in ("name", "summary", "personality", "overall_history", "history") if key in out]
    return {key: out[key] for key in dict.fromkeys((*order, *out))}


def _as_row(one: Exchange) -> Any:
    if one.pair and one.strength == 1 and not one.last_recall:  # a list of two has no place for more
        return [one.query, one.response]
    row = {"query": one.query, "response": one.response, **one.extra}
    if one.strength != 1 or "memory_strength" in row:
        row["memory_strength"] = one.strength
    if one.last_recall:
        row["last_recall_date"] = one.last_recall
    return row


def _content(value: object) -> str:
    if isinstance(value, Mapping):
        value = value.get("content", "")
    return value if isinstance(value, str) else ""


def strengthened(one: Exchange, today: str) -> Exchange:
    """The exchange after a recall: strength + 1, its age counted from today. Source: memorybank page, step 6."""
    return replace(one, strength=one.strength + 1, last_recall=today)
