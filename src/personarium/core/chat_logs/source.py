"""A log as a file or as text: bounded, checked, taken apart into JSON values or left as plain text."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from personarium.core.errors import InvalidInput
from personarium.core.files import MAX_FILE_BYTES, check_text, parse_json

MAX_DOCUMENT_BYTES = 64 * 2**20  # one JSON document or one chat; lines of JSON Lines are bounded singly
MAX_SCRIPT_BYTES = 16 * 2**20
# What JSON logs begin with; a script may begin with [a stage direction] or {{char}}: and is not taken for one.
_JSON = re.compile(rb'\{\s*["}]|\[\s*[\[{\]]')
_BLANK = b" \t\r\n\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON value of a file and where it stands."""

    value: Any
    where: str


@dataclass(frozen=True, slots=True)
class Source:
    """An open log.

    Args:
        file: Its bytes; can be read again from the start.
        where: For messages.
        name: What dialogues without an id are called.
    """

    file: BinaryIO
    where: str
    name: str

    @classmethod
    def of_text(cls, text: str, where: str = "text") -> Source:
        """A log that is at hand as text."""
        try:
            return cls(io.BytesIO(text.encode()), where, "log")
        except UnicodeEncodeError:
            raise InvalidInput(where, "text without lone surrogates") from None

    @classmethod
    def of_file(cls, file: BinaryIO, path: Path) -> Source:
        """A log in a file."""
        return cls(file, str(path), path.stem)

    @property
    def is_json(self) -> bool:
        """Whether it begins as JSON does."""
        self.file.seek(0)
        head = self.file.read(2**16).lstrip(_BLANK)
        return _JSON.match(head) is not None

    def text(self, expected: str, most: int = MAX_DOCUMENT_BYTES) -> str:
        """All of it."""
        self.check_size(expected, most)
        self.file.seek(0)
        return check_text(self.file.read(), self.where, expected)

    def check_size(self, expected: str, most: int = MAX_DOCUMENT_BYTES) -> None:
        """Refuse what would have to be held in memory as a whole and is too large for that."""
        here = self.file.tell()
        size = self.file.seek(0, io.SEEK_END)
        self.file.seek(here)
        if size > most:
            raise InvalidInput(self.where, f"{expected} of at most {most:,} bytes", f"{size:,} bytes")

    def records(self) -> Iterator[Record]:
        """Its JSON values, one at a time: those of its lines when the first line is a value, else the whole."""
        if self._has_lines():
            yield from self._lines()
        else:
            text = self.text("one JSON document")
            yield Record(parse_json(text, self.where), self.where)

    def _has_lines(self) -> bool:
        self.file.seek(0)
        line = b""
        while not line.strip(_BLANK):
            line = self.file.readline(MAX_FILE_BYTES + 1)
            if not line:
                return False
        if len(line) > MAX_FILE_BYTES:
            return False  # one long document, or refused as such
        try:  # not parse_json: a line that only this house refuses (a repeated key) is a line, and named when read
            json.loads(line.strip(_BLANK))
        except (ValueError, RecursionError):
            return False
        return True

    def _lines(self) -> Iterator[Record]:
        self.file.seek(0)
        number = 0
        while line := self.file.readline(MAX_FILE_BYTES + 1):
            number += 1
            where = f"{self.where}:{number}"
            if len(line) > MAX_FILE_BYTES:
                raise InvalidInput(where, f"a line of at most {MAX_FILE_BYTES:,} bytes", "a longer one")
            if line.strip(_BLANK):
                text = check_text(line, where, "one JSON value on the line")
                yield Record(parse_json(text, where), where)


# -- which format ------------------------------------------------------------------------------------------------------

# Keys that hold the messages, and the format of an empty list under them.
CONTAINERS = {"messages": "openai", "conversations": "sharegpt", "conversation": "sharegpt", "items": "sharegpt"}
_HEADER = ("chat_metadata", "user_name", "character_name")


def formats_of(value: Any) -> set[str]:
    """The JSON formats that a value may be of: none, one, or several when it is ambiguous."""
    if isinstance(value, list):
        return formats_of(value[0]) if value else set()
    if not isinstance(value, Mapping):
        return set()
    if "schema_version" in value and "utterances" in value:
        return {"personarium"}
    if "mes" in value:
        return {"sillytavern"}
    found = message_format(value)
    for key, usual in CONTAINERS.items():
        held = value.get(key)
        if isinstance(held, list):
            found |= (
                message_format(held[0]) if held and isinstance(held[0], Mapping) else {usual} if not held else set()
            )
    return found | ({"sillytavern"} if is_header(value) else set())


def message_format(value: Mapping[str, Any]) -> set[str]:
    """``openai`` for a message of role and content, ``sharegpt`` for one of from and value; both when it has both."""
    found = {"openai"} if isinstance(value.get("role"), str) else set()
    if isinstance(value.get("from"), str) and ("value" in value or "text" in value):
        found.add("sharegpt")
    return found


def is_header(value: object) -> bool:
    """Whether a line is the header of a chat JSONL."""
    return isinstance(value, Mapping) and "mes" not in value and any(key in value for key in _HEADER)
