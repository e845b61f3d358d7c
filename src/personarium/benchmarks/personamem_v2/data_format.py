"""The files: questions as CSV, chat histories as JSON beside them.

Source: personamem-v2 page, step E and "Data formats". A history's link is a relative path inside the data folder; any other one is
refused. Extension: a column ``end_index_in_chat_history`` puts a question in the middle of its history.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from personarium.benchmarks.personamem_v2.boxed_letter import LETTERS
from personarium.core.chat import Message
from personarium.core.errors import InvalidInput
from personarium.core.files import check_text, existing, parse_json, read_bytes
from personarium.core.tables import csv_rows
from personarium.measure.choice_items import ChoiceItem
from personarium.text.json_reading import literal

SHUFFLE_SEED = 42  # plus the index of the row
MAX_HISTORY = 64 * 2**20
SIZES = ("32k", "128k")
END = "end_index_in_chat_history"
NEEDED = ("persona_id", "user_query", "correct_answer", "incorrect_answers")
_ROLES = ("system", "user", "assistant")
_YES, _NO = ("true", "1", "yes"), ("false", "0", "no", "")


@dataclass(frozen=True, slots=True)
class V2Item:
    """One query.

    Args:
        index: Of its row, from 0; it seeds the order of the options.
        item: Question and options in the order shown, grouped by ``pref_type``, ``who``, ``updated`` and the topics; None
            for an open row.
        query: What the user says.
        history: The link of its chat history.
        end_index: How many messages of the history come before it; None for all.
        fields: The whole row.
    """

    index: int
    item: ChoiceItem | None
    query: str
    history: str
    end_index: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        """``row 12``."""
        return f"row {self.index}"

    @property
    def gold(self) -> str:
        """The recorded gold answer, ``(x) text``; empty for an open row."""
        return "" if self.item is None else f"({LETTERS[self.item.gold]}) {self.item.options[self.item.gold]}"


class Histories:
    """The chat histories of a data folder, each read when it is asked for.

    Args:
        root: The folder that the links of the questions are relative to.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def path(self, link: str) -> Path:
        """Where a link leads.

        Raises:
            InvalidInput: It leads out of the data folder.
            NotFound: There is no such file.
        """
        parts = PurePosixPath(link.replace("\\", "/"))
        if not link or parts.is_absolute() or ".." in parts.parts or ":" in link or "\0" in link:
            raise InvalidInput("chat history", "a relative path inside the data folder", link, "link")
        path = existing(self.root / parts)
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise InvalidInput("chat history", "a file inside the data folder", link, "link")
        return path

    def load(self, link: str) -> list[Message]:
        """The messages of a history: a bare list, or the list ``chat_history`` of an object.

        A message without role or content is kept with empty ones, for the numbering counts it.

        Raises:
            InvalidInput: It is no history.
        """
        path = self.path(link)
        expected = "a chat history in JSON"
        value = parse_json(check_text(read_bytes(path, expected, MAX_HISTORY), str(path), expected), str(path))
        listed = value.get("chat_history") if isinstance(value, dict) else value
        if not isinstance(listed, list):
            raise InvalidInput(str(path), "a list of messages, or an object with one in chat_history")
        return [_message(one, str(path), k) for k, one in enumerate(listed)]


def _message(data: object, where: str, k: int) -> Message:
    if not isinstance(data, dict):
        raise InvalidInput(where, "a message with role and content", data, f"chat_history[{k}]")
    role, content = data.get("role") or "", data.get("content") or ""
    if role not in (*_ROLES, "") or not isinstance(content, str):
        raise InvalidInput(where, f"a role of {', '.join(_ROLES)} and a text", data, f"chat_history[{k}]")
    return {"role": role, "content": content}  # type: ignore[typeddict-item]


def read_items(questions: str | Path, size: str = "32k") -> list[V2Item]:
    """Read a file of queries.

    Args:
        questions: CSV; ``persona_id``, ``user_query``, ``correct_answer``, ``incorrect_answers`` must be there.
        size: Which history: ``32k`` or ``128k``.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming the row and the field.
    """
    if size not in SIZES:
        raise InvalidInput("size", f"one of {', '.join(SIZES)}", size)
    path = existing(questions)
    items = [_item(fields, f"{path}: row {row}", row - 1, size) for row, fields in csv_rows(path, NEEDED)]
    if not items:
        raise InvalidInput(str(path), "at least one query", "none")
    return items


def _item(fields: dict[str, str], where: str, index: int, size: str) -> V2Item:
    query = query_text(fields["user_query"])
    wrong = _incorrect(fields["incorrect_answers"], where)
    options, gold = shuffled_options(fields["correct_answer"].strip(), wrong, index)
    groups = {
        "pref_type": fields.get("pref_type", "").strip(),
        "who": fields.get("who", "").strip(),
        "updated": "yes" if _flag(fields.get("updated", ""), where) else "no",
        "topic": fields.get("topic_query", "").strip(),
    }
    item = ChoiceItem(f"row {index}", query, options, gold, groups) if options else None
    end = fields.get(END, "").strip()
    if end and (not end.isdecimal() or len(end) > 9):
        raise InvalidInput(where, "a whole number of 0 or more", end, END)
    link = fields.get(f"chat_history_{size}_link", "").strip()
    return V2Item(index, item, query, link, int(end) if end else None, fields)


def shuffled_options(correct: str, incorrect: Sequence[str], index: int) -> tuple[tuple[str, ...], int]:
    """Step E: correct and the first three incorrect answers, shuffled by Python's ``random`` seeded with 42 + row index.

    Returns:
        The options in the order shown and the place of the right one; no options where there are fewer than four answers.
    """
    if not correct or len(incorrect) < 3:
        return (), 0
    order = list(range(4))
    random.Random(SHUFFLE_SEED + index).shuffle(order)
    listed = [correct, *incorrect[:3]]
    return tuple(listed[k] for k in order), order.index(0)


def query_text(text: str) -> str:
    """What the user says: the content of a ``{'role': ..., 'content': ...}`` text, else the text itself."""
    bare = text.strip()
    value = literal(bare) if bare.startswith("{") else None
    content = value.get("content") if isinstance(value, dict) else None
    return content if isinstance(content, str) else bare


def _incorrect(text: str, where: str) -> list[str]:
    value: Any = literal(text.strip()) if text.strip() else []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidInput(where, "a list of texts", text, "incorrect_answers")
    return [one.strip() for one in value]


def _flag(text: str, where: str) -> bool:
    bare = text.strip().casefold()
    if bare not in (*_YES, *_NO):
        raise InvalidInput(where, "True or False", text, "updated")
    return bare in _YES
